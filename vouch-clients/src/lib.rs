//! The package managers that Vouch sets up: their files, what stands in them, and what setup did to them.
//!
//! Each brings its own part as a [`client::Client`]. Nothing here prints; what is said is the caller's to say.

pub mod all;
pub mod aws_config;
pub mod caches;
pub mod cargo;
pub mod client;
pub mod edited_file;
pub mod file_lock;
pub mod finding;
pub mod git;
pub mod home_argument;
pub mod inspect;
pub mod installed;
pub mod joins;
pub mod journal;
pub mod jvm;
pub mod ledger;
mod lockfile;
pub mod manual;
mod memo;
pub mod node;
pub mod options;
pub mod program;
pub mod project;
pub mod python;
mod real_path;
mod record_file;
pub mod text;
pub mod tool;
pub mod undo;
pub mod variable;
