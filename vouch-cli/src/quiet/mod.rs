//! A terminal that does not echo while a command waits, and secrets that are typed on it.
//!
//! What a user types meanwhile is meant for the next command or by mistake: it is not shown, and it is not taken for the
//! PIN. However the command ends or is stopped, the terminal is as it was.

#[cfg(unix)]
mod unix;
#[cfg(not(unix))]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{Quiet, paused, read};
#[cfg(not(unix))]
pub(crate) use windows::{Quiet, paused, read};
