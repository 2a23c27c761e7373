//! Files that are read within bounds, replaced as a whole or not at all, and the locks round them.
//!
//! Whoever else can write to a directory may swap a file between two system calls. So a file's directory is opened
//! once, everything is done relative to that descriptor, and what counts is what an open descriptor says.

mod in_place;
mod links;
mod lock;
#[cfg(unix)]
mod place;
#[cfg(not(unix))]
#[path = "place_portable.rs"]
mod place;
mod read;
mod refused;
mod shell;
mod write;

pub use links::follow;
pub use lock::{Holder, Lock, LockError};
pub(crate) use read::read_with_metadata;
pub use read::{READ_LIMIT, read, read_text};
pub use refused::{Refused, hint, is_damaged, of as refusal};
pub use shell::{shell_quoted, shell_word};
pub use write::{
    WriteMethod, clear_leftovers, leftovers, replace_or_overwrite, replace_or_overwrite_private,
    write_all_atomic, write_atomic,
};
