//! What the three helpers and the `vouch` command share. Only [`output`], [`tty`], [`log`] and [`masking`] write, where a program says so.

mod closed;
pub mod guard;
pub mod home;
pub mod log;
pub mod masking;
pub mod output;
pub mod program;
pub mod text;
pub mod time;
pub mod token;
pub mod tty;
