//! Why there is no library.

use std::error::Error;
use std::path::PathBuf;

/// Why there is no library of PC/SC.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// None of the system's folders has it.
    #[error("the smart card library libpcsclite is not installed")]
    Missing,
    /// Somebody else than root owns the file, or a folder above it, and so can change it.
    #[error("refusing to load `{}`: `{}` belongs to user {owner}", .library.display(), .place.display())]
    Foreign { library: PathBuf, place: PathBuf, owner: u32 },
    /// Users other than its owner may write the file, or a folder above it.
    #[error("refusing to load `{}`: `{}` has mode {mode:04o}", .library.display(), .place.display())]
    Writable { library: PathBuf, place: PathBuf, mode: u32 },
    /// It does not load, such as one for another processor.
    #[error("cannot load the smart card library `{}`", .library.display())]
    Unusable { library: PathBuf, source: Box<dyn Error + Send + Sync> },
}
