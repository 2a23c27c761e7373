//! The lock of a file that Vouch edits: without it none is written.
//!
//! Whoever takes several locks takes them in this order: the configuration's, those of edited files (of several, in the
//! order of [`FileLock::acquire_all`]), then those of ledger and journal, which nobody holds for longer than one write.
//! What was decided before a lock was had is decided again inside it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use vouch_core::failure::{Diagnostic, ErrorKind};
use vouch_core::files::{self, Holder, Lock, LockError, WriteMethod};
use vouch_core::home::{self, Home};

use crate::ledger::{self, Ledger, NewToken};
use crate::real_path::real;
use crate::record_file::RecordError;

/// How long to wait for another edit of the same file: those before it may have AWS to wait for.
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// The right to read, judge and write one file, which one process has at a time; it ends with the value. Two names of one
/// file have one lock.
#[derive(Debug)]
pub struct FileLock {
    home: Home,
    path: PathBuf,
    real: PathBuf,
    _lock: Lock,
}

/// Why a file is not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    #[error("the path of `{0}` is not UTF-8")]
    NotUtf8(PathBuf),
    #[error("{holder} has been changing `{path}` for too long")]
    Busy { path: PathBuf, holder: Holder },
    #[error("cannot write `{path}`; it is as it was")]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot write `{path}`, and it is not as it was")]
    Damaged { path: PathBuf, source: io::Error },
    #[error("`{0}` is read-only")]
    ReadOnly(PathBuf),
    #[error("cannot delete what is left of an edit beside `{path}`")]
    Leftover { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl Diagnostic for FileError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Busy { .. } => ErrorKind::Other,
            Self::Record(error) => error.kind(),
            _ => ErrorKind::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotUtf8(_) => {
                "Give it, and the directories above it, names in UTF-8; nothing was changed.".into()
            }
            Self::Busy { holder, .. } => holder.hint(),
            Self::Damaged { source, .. } => return files::hint(source),
            Self::Write { source, .. } if files::refusal(source).is_some() => return files::hint(source),
            Self::Write { path, .. } => {
                let folder = path.parent().unwrap_or(path).display();
                format!(
                    "Make room on the disk, and the file and `{folder}` writable; then run the command again."
                )
            }
            Self::ReadOnly(path) => {
                format!("Make it writable: `chmod u+w {}`.", files::shell_quoted(path))
            }
            Self::Leftover { path, .. } => {
                let folder = path.parent().unwrap_or(path).display();
                format!("Make `{folder}` writable, then run the command again.")
            }
            Self::Record(error) => return error.hint(),
        })
    }
}

/// Who may read a file after it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Those who could before; a new file has this mode.
    AsBefore(u32),
    /// Its owner alone.
    Owner,
}

impl FileLock {
    /// Waits for the lock, and removes what a killed writer left beside the file: a token may be in it.
    ///
    /// # Errors
    /// [`FileError::Busy`] with the process that has it; or the home folder of Vouch cannot be written; or as
    /// [`check_name`].
    pub fn acquire(home: &Home, path: &Path) -> Result<Self, FileError> {
        let failed = |source| FileError::Write { path: path.to_owned(), source };
        let real = real(path).map_err(failed)?;
        check_name(path)?;
        check_name(&real)?;
        home.create().map_err(RecordError::from)?;
        let lock = lock(home, path, &real, "edit", LOCK_WAIT)?;
        let lock = Self { home: home.clone(), path: path.to_owned(), real, _lock: lock };
        // One that cannot be removed keeps nobody from reading; who writes, or has to leave nothing behind, is told.
        let _ = lock.clear_leftovers();
        Ok(lock)
    }

    /// The locks of several files, in an order that is the same for everybody.
    ///
    /// # Errors
    /// As [`Self::acquire`].
    pub fn acquire_all(home: &Home, paths: &[PathBuf]) -> Result<Vec<Self>, FileError> {
        let mut files = Vec::new();
        for path in paths {
            let real = real(path).map_err(|source| FileError::Write { path: path.clone(), source })?;
            files.push((real, path));
        }
        files.sort();
        files.dedup_by(|one, other| one.0 == other.0);
        files.into_iter().map(|(_, path)| Self::acquire(home, path)).collect()
    }

    /// The file, as it was named.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where it really is.
    pub fn real(&self) -> &Path {
        &self.real
    }

    pub fn home(&self) -> &Home {
        &self.home
    }

    /// What is in the file; none where there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self) -> io::Result<Option<Vec<u8>>> {
        match files::read(&self.real) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the file, whole where that can be. The ledger knows of the tokens, and of the temporary file, before either
    /// is on the disk.
    ///
    /// # Errors
    /// When it is read-only or cannot be written, or the ledger cannot. The file is as it was, unless the error is
    /// [`FileError::Damaged`].
    pub fn write(
        &self,
        contents: &[u8],
        readers: Readers,
        tokens: &[NewToken<'_>],
    ) -> Result<WriteMethod, FileError> {
        let failed = |source| FileError::Write { path: self.path.clone(), source };
        self.check_writable()?;
        let writer = self.home.id();
        let [temporary, _] = files::leftovers(&self.real, &writer).map_err(failed)?;
        // Of a file that is known already, what is left beside it is known, too: on a full disk a token still goes.
        if !tokens.is_empty() || !Ledger::load(&self.home)?.files().any(|file| file == self.real) {
            ledger::begin_write(&self.home, &self.real, &temporary, tokens)?;
        }
        let written = match readers {
            Readers::AsBefore(new) => files::replace_or_overwrite(&self.real, contents, new, &writer),
            Readers::Owner => files::replace_or_overwrite_private(&self.real, contents, &writer),
        };
        match written {
            Ok(method) => {
                self.settle(contents);
                Ok(method)
            }
            // It may hold a part of either text.
            Err(source) if files::is_damaged(&source) => {
                Err(FileError::Damaged { path: self.path.clone(), source })
            }
            Err(source) => {
                if let Ok(contents) = self.read() {
                    self.settle(&contents.unwrap_or_default());
                }
                Err(failed(source))
            }
        }
    }

    /// Deletes the file. A link to it stays.
    ///
    /// # Errors
    /// When it is read-only or cannot be deleted.
    pub fn delete(&self) -> Result<(), FileError> {
        self.check_writable()?;
        match fs::remove_file(&self.real) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(FileError::Write { path: self.path.clone(), source });
            }
            _ => {}
        }
        self.settle(&[]);
        Ok(())
    }

    /// Deletes what a killed writer left beside the file.
    ///
    /// # Errors
    /// When something is left that cannot be deleted.
    pub fn clear_leftovers(&self) -> Result<(), FileError> {
        files::clear_leftovers(&self.real, &self.home.id())
            .map_err(|source| FileError::Leftover { path: self.path.clone(), source })
    }

    /// Tells the ledger what the file holds. Too much in there does no harm, and the next write tells it again.
    pub fn settle(&self, contents: &[u8]) {
        if let Err(error) = ledger::settle(&self.home, &self.real, contents) {
            tracing::warn!(error = &error as &dyn std::error::Error, "the ledger knows more than there is");
        }
    }

    fn check_writable(&self) -> Result<(), FileError> {
        // Its owner could replace it all the same, but somebody does not want that.
        let is_readonly = self.real.metadata().is_ok_and(|metadata| metadata.permissions().readonly());
        if is_readonly { Err(FileError::ReadOnly(self.path.clone())) } else { Ok(()) }
    }
}

/// Refuses a path that is not UTF-8: configuration, journal and ledger are JSON and could not name the file again.
///
/// # Errors
/// [`FileError::NotUtf8`].
pub fn check_name(path: &Path) -> Result<(), FileError> {
    if path.to_str().is_some() { Ok(()) } else { Err(FileError::NotUtf8(path.to_owned())) }
}

/// The right to be the one that watches a file, if nobody has it; edits go on beside it.
///
/// # Errors
/// [`FileError::Busy`] with the process that watches; or the home folder of Vouch cannot be written.
pub fn claim_watch(home: &Home, path: &Path) -> Result<Lock, FileError> {
    let real = real(path).map_err(|source| FileError::Write { path: path.to_owned(), source })?;
    home.create().map_err(RecordError::from)?;
    lock(home, path, &real, "watch", Duration::ZERO)
}

/// A lock file in the home folder of Vouch: nothing of ours stands beside somebody's file for longer than a write.
fn lock(home: &Home, path: &Path, real: &Path, purpose: &str, wait: Duration) -> Result<Lock, FileError> {
    let hash = home::hex(&Sha256::digest(real.as_os_str().as_encoded_bytes()), 8);
    let file = home.path().join(format!("{purpose}-{hash}.lock"));
    Lock::acquire(&file, Instant::now() + wait).map_err(|error| match error {
        LockError::TimedOut { holder, .. } => FileError::Busy { path: path.to_owned(), holder },
        LockError::Io { path, source } => FileError::Write { path, source },
    })
}

#[cfg(test)]
#[cfg(unix)]
#[path = "file_lock_tests.rs"]
mod tests;
