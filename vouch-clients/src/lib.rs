//! The package managers that Vouch sets up: their files, what stands in them, and what setup did to them.
//!
//! Each brings its own part as a [`client::Client`]. Nothing here prints; what is said is the caller's to say.

pub mod all;
pub mod aws_config;
pub mod cargo;
pub mod client;
pub mod edited_file;
pub mod finding;
pub mod git;
pub mod inspect;
pub mod journal;
pub mod jvm;
mod lockfile;
pub mod manual;
pub mod node;
pub mod options;
pub mod program;
pub mod python;
pub mod text;
pub mod tool;
pub mod variable;
