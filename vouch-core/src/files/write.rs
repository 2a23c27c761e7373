//! Replacing a file as a whole, or overwriting it where that cannot be.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use super::in_place;
use super::links::follow;
use super::place::DirectoryEntry;

/// How a file got its new contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMethod {
    /// As [`write_atomic`] does it.
    Replaced,
    /// The file was overwritten where it is: a crash in the middle can leave a mixture.
    InPlace,
}

/// Who may read a file afterwards.
#[derive(Debug, Clone, Copy)]
enum Access {
    /// Those who could before; a new file has this mode.
    Kept(u32),
    /// Its owner alone.
    Private,
}

impl Access {
    fn mode(self, before: Option<u32>) -> u32 {
        match (self, before) {
            (Self::Kept(_), Some(before)) => before,
            (Self::Kept(new), None) => new,
            (Self::Private, before) => before.map_or(0o600, |before| before & 0o700),
        }
    }
}

/// Replaces `path` with `contents`: a reader sees the old file or the new one, never a mixture.
///
/// A symbolic link is followed, so that it stays one. An existing file keeps its mode; a new one gets `mode`. The
/// temporary file beside it has a fixed name: one that a killed process left is taken over by the next writer, so
/// callers hold a [`super::Lock`].
///
/// # Errors
/// Whatever the system says, such as a full disk or a read-only folder. The old file is then as before.
pub fn write_atomic(path: &Path, contents: &[u8], mode: u32) -> io::Result<()> {
    tracing::debug!(path = %path.display(), "write");
    let place = DirectoryEntry::of(&follow(path)?)?;
    let mode = Access::Kept(mode).mode(place.existing()?.map(|existing| existing.mode));
    place.replace(&temporary(place.name(), "new"), contents, mode)
}

/// Replaces several files as [`write_atomic`] does, in the order given, none of them before all are written beside their
/// places. Directories that are missing are made.
///
/// # Errors
/// The path that could not be written, and whatever the system says. Up to the moment at which all are written, every file
/// is as before.
pub fn write_all_atomic(files: &[(PathBuf, &[u8])], mode: u32) -> Result<(), (PathBuf, io::Error)> {
    let mut prepared = Prepared { files: VecDeque::new() };
    for (path, contents) in files {
        prepared.add(path, contents, mode).map_err(|error| (path.clone(), error))?;
    }
    while let Some(path) = prepared.files.pop_front() {
        put_prepared(&path).map_err(|error| (path, error))?;
    }
    Ok(())
}

/// Files that are written beside their places; those that are not put there go again.
struct Prepared {
    /// Not their open directories: there may be more than a process may have open.
    files: VecDeque<PathBuf>,
}

impl Prepared {
    fn add(&mut self, path: &Path, contents: &[u8], mode: u32) -> io::Result<()> {
        tracing::debug!(path = %path.display(), "write");
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let place = DirectoryEntry::of(&follow(path)?)?;
        let mode = Access::Kept(mode).mode(place.existing()?.map(|existing| existing.mode));
        place.prepare(&temporary(place.name(), "new"), contents, mode)?;
        self.files.push_back(path.to_owned());
        Ok(())
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        for path in &self.files {
            // What stays is taken over by the next write.
            let _ = clear_leftovers(path, "new");
        }
    }
}

fn put_prepared(path: &Path) -> io::Result<()> {
    let place = DirectoryEntry::of(&follow(path)?)?;
    place.put(&temporary(place.name(), "new"))
}

/// Replaces a user's file as [`write_atomic`] does, or overwrites it where it cannot be replaced: a mount point (as in a
/// container that has the one file of a home), or a folder that takes no new file.
///
/// `writer` is part of the temporary file's name, see [`leftovers`]: two homes of Vouch may write one file, and the lock of
/// the one is not that of the other.
///
/// # Errors
/// As [`write_atomic`]; also when the file belongs to another user. The file is then as before, unless
/// [`super::is_damaged`] says otherwise.
pub fn replace_or_overwrite(
    path: &Path,
    contents: &[u8],
    mode: u32,
    writer: &str,
) -> io::Result<WriteMethod> {
    put(path, contents, Access::Kept(mode), writer)
}

/// As [`replace_or_overwrite`], for contents with a secret: no moment at which others can read it, whatever they do to
/// the directory meanwhile.
///
/// # Errors
/// As [`replace_or_overwrite`].
pub fn replace_or_overwrite_private(path: &Path, contents: &[u8], writer: &str) -> io::Result<WriteMethod> {
    put(path, contents, Access::Private, writer)
}

fn put(path: &Path, contents: &[u8], access: Access, writer: &str) -> io::Result<WriteMethod> {
    tracing::debug!(path = %path.display(), "write");
    let place = DirectoryEntry::of(&follow(path)?)?;
    let existing = place.existing()?;
    if let Some(existing) = existing {
        place.unless_foreign(existing)?;
    }
    let mode = access.mode(existing.map(|existing| existing.mode));
    match place.replace(&temporary(place.name(), writer), contents, mode) {
        Ok(()) => Ok(WriteMethod::Replaced),
        Err(error) if existing.is_some() && needs_place(&error) => {
            let (mut file, old) = place.open(|mode| access.mode(Some(mode)))?;
            in_place::overwrite(&mut file, path, &old, contents)?;
            Ok(WriteMethod::InPlace)
        }
        Err(error) => Err(error),
    }
}

/// The temporary files that a killed write of `path` by `writer` may have left, whether they are there or not: the name
/// of today, and the one that all writers had before.
///
/// # Errors
/// When `path` has no name, or a link in it leads nowhere.
pub fn leftovers(path: &Path, writer: &str) -> io::Result<[PathBuf; 2]> {
    let path = follow(path)?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Ok([writer, "new"].map(|writer| path.with_file_name(temporary(name, writer))))
}

/// Deletes the [`leftovers`] beside `path`. For callers that hold its lock.
///
/// # Errors
/// When one is there and cannot be deleted; the other one is gone all the same.
pub fn clear_leftovers(path: &Path, writer: &str) -> io::Result<()> {
    let place = match DirectoryEntry::of(&follow(path)?) {
        // A directory that is not there holds no leftover either.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(());
        }
        place => place?,
    };
    let cleared = [writer, "new"].map(|writer| place.remove(&temporary(place.name(), writer)));
    cleared.into_iter().collect()
}

/// The name of the temporary file beside one.
fn temporary(name: &OsStr, writer: &str) -> OsString {
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(".vouch-");
    temporary.push(writer);
    temporary
}

fn needs_place(error: &io::Error) -> bool {
    use io::ErrorKind::{CrossesDevices, PermissionDenied, ReadOnlyFilesystem, ResourceBusy};

    matches!(error.kind(), ResourceBusy | ReadOnlyFilesystem | PermissionDenied | CrossesDevices)
}

#[cfg(test)]
#[cfg(unix)]
#[path = "write_tests.rs"]
mod tests;
