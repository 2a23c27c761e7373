//! Which library is loaded, once.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::functions::{self, Functions};

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

#[derive(Debug)]
struct Loaded {
    path: PathBuf,
    functions: Functions,
}

static LIBRARY: OnceLock<Result<Loaded, LoadError>> = OnceLock::new();

/// Loads the library, unless that was done before; the answer stays the same for as long as the process runs.
///
/// # Errors
/// Why there is none.
pub fn load() -> Result<(), &'static LoadError> {
    loaded().map(|_| ())
}

/// The file of the library, which is loaded.
///
/// # Errors
/// As [`load`].
pub fn path() -> Result<&'static Path, &'static LoadError> {
    Ok(&loaded()?.path)
}

pub(crate) fn functions() -> Option<&'static Functions> {
    Some(&loaded().ok()?.functions)
}

fn loaded() -> Result<&'static Loaded, &'static LoadError> {
    LIBRARY.get_or_init(find_and_load).as_ref()
}

#[cfg(all(unix, not(target_os = "macos")))]
fn find_and_load() -> Result<Loaded, LoadError> {
    let mut unusable = None;
    for path in crate::search::libraries() {
        let path = crate::search::judge(path)?;
        match load_from(path) {
            // Where several kinds of processors are served, each has a library in some folder.
            Err(error) => unusable = unusable.or(Some(error)),
            loaded => return loaded,
        }
    }
    Err(unusable.unwrap_or(LoadError::Missing))
}

/// The system's own, which is not there as a file: it is part of the cache of shared libraries that the system verifies.
#[cfg(target_os = "macos")]
fn find_and_load() -> Result<Loaded, LoadError> {
    load_from("/System/Library/Frameworks/PCSC.framework/PCSC".into())
}

/// The system's own, from System32 alone.
#[cfg(windows)]
fn find_and_load() -> Result<Loaded, LoadError> {
    load_from("WinSCard.dll".into())
}

#[expect(unsafe_code, reason = "code of the library runs when it is loaded")]
fn load_from(path: PathBuf) -> Result<Loaded, LoadError> {
    // SAFETY: it has the name of the library of PC/SC and is the system's own: nobody else can have put it there.
    match unsafe { functions::load_from(&path) } {
        Ok(functions) => Ok(Loaded { path, functions }),
        Err(source) => Err(LoadError::Unusable { library: path, source: source.into() }),
    }
}
