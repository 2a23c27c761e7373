//! Hardware-backed, short-lived AWS CodeArtifact credentials.
//!
//! A YubiKey signs an OpenID Connect ID token at login ([`session`]); AWS STS exchanges it for role credentials and
//! CodeArtifact these for a token ([`exchange`]). Everything a session leaves on disk is sealed ([`vault`]) under a key
//! that only the operating system's keystore holds ([`keystore`]). Package managers' helpers know their protocol and
//! the [`broker`], nothing else.
//!
//! The library prints nothing, parses no arguments and never ends the process.

pub mod broker;
pub mod config;
pub mod context;
pub mod endpoint;
pub mod env;
pub mod es256;
pub mod exchange;
pub mod failure;
pub mod files;
pub mod hint;
pub mod home;
pub mod http;
pub mod identity;
pub mod keystore;
pub mod numbers;
pub mod partition;
pub mod piv;
pub mod process;
pub mod profile;
pub mod secret;
pub mod session;
pub mod time;
pub mod vault;
pub mod verdict;

pub use broker::Error;
pub use context::Context;
pub use failure::{Diagnostic, ErrorKind, Failure};
pub use secret::Secret;
pub use time::UnixTime;
pub use verdict::Verdict;
