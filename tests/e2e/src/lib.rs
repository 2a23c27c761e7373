//! Runs tests inside the sandbox: real clients, a virtual YubiKey behind the real pcscd, AWS on loopback.
//!
//! A test calls [`in_sandbox`]; its program starts itself again as the command of `vouch-sandbox run`, so that the body
//! of the test runs in the sandbox's network, with its home and its programs.

pub mod card;
pub mod chance;
mod command;
pub mod doc_blocks;
pub mod doc_tables;
pub mod doctor;
pub mod files;
pub mod helper;
pub mod hints;
pub mod hostile;
pub mod job;
pub mod job_agent;
pub mod job_role;
pub mod join;
pub mod killed;
pub mod marks;
pub mod maven;
pub mod node;
pub mod project;
pub mod python;
mod sandbox;
mod secrets;
pub mod sources;
pub mod ssh;
mod terminal;
pub mod windows;

pub use command::{CommandOutput, Run, Running};
pub use sandbox::{MY_DOMAIN, Sandbox, in_sandbox, programs};
pub use secrets::secrets_of_the_session;
pub use terminal::Terminal;
