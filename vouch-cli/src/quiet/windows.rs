//! A console echoes what is read, when it is read.

use std::io;

/// A console echoes what is read, when it is read.
#[derive(Debug)]
pub(crate) struct Quiet;

impl Quiet {
    pub(crate) fn start() -> Self {
        Self
    }
}

pub(crate) fn paused<T>(work: impl FnOnce() -> T) -> T {
    work()
}

pub(crate) fn read(prompt: &str) -> io::Result<String> {
    rpassword::prompt_password(prompt)
}
