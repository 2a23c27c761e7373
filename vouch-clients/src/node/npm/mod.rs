//! npm's configuration files and the static tokens in them: npm, yarn 1 and bun have no credential helper and read a
//! token out of `.npmrc`.
//!
//! [`npmrc`] edits such a file without touching a byte that is not Vouch's, [`mod@file`] does so on disk, and [`tokens`]
//! keeps the tokens of the registrations up to date.

mod error;
pub mod file;
pub mod registration;
pub mod tokens;

pub use crate::text::npmrc::{BareValue, Npmrc};
pub use error::NpmError;
pub use registration::Mode;
