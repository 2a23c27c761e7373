//! Runs tests inside the sandbox: real clients, a virtual YubiKey behind the real pcscd, AWS on loopback.
//!
//! A test calls [`in_sandbox`]; its program starts itself again as the command of `vouch-sandbox run`, so that the body
//! of the test runs in the sandbox's network, with its home and its programs.

mod bed;
pub mod card;
mod command;
pub mod doctor;
pub mod helper;
pub mod maven;
pub mod node;
pub mod pages;
pub mod python;
mod secrets;
mod terminal;

pub use bed::{Bed, MY_DOMAIN, in_sandbox};
pub use command::{Done, Run, Running};
pub use secrets::secrets_of_the_session;
pub use terminal::Terminal;
