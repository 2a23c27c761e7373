//! Files that are replaced as a whole or not at all, and the locks round them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long a waiter sleeps between two tries; short beside an exchange, long beside a system call.
const POLL: Duration = Duration::from_millis(5);

/// Replaces `path` with `contents`: a reader sees the old file or the new one, never a mixture.
///
/// A symbolic link is followed, so that it stays one. An existing file keeps its mode; a new one gets `mode`. The
/// temporary file beside it has a fixed name: one that a killed process left is taken over by the next writer, so
/// callers hold a [`Lock`].
///
/// # Errors
/// Whatever the system says, such as a full disk or a read-only folder. The old file is then as before.
pub fn write_atomic(path: &Path, contents: &[u8], mode: u32) -> io::Result<()> {
    let target = follow(path)?;
    let mode = existing_mode(&target).unwrap_or(mode);
    let temporary = beside(&target, "vouch-new");
    let written = write_new(&temporary, contents, mode).and_then(|()| fs::rename(&temporary, &target));
    if written.is_err() {
        // The error at hand matters more than one of cleaning up after it.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// How a file got its new contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMethod {
    /// As [`write_atomic`] does it.
    Replaced,
    /// The file was overwritten where it is: a crash in the middle can leave a mixture.
    InPlace,
}

/// Replaces somebody's file as [`write_atomic`] does, or overwrites it where it cannot be replaced: a mount point (as in a
/// container that has the one file of a home), a folder that takes no new file, or a file that belongs to somebody else,
/// whom a new one would lock out.
///
/// # Errors
/// As [`write_atomic`].
pub fn replace_or_overwrite(path: &Path, contents: &[u8], mode: u32) -> io::Result<WriteMethod> {
    if is_anothers(path) {
        return overwrite(path, contents).map(|()| WriteMethod::InPlace);
    }
    match write_atomic(path, contents, mode) {
        Ok(()) => Ok(WriteMethod::Replaced),
        Err(error) if needs_place(&error) && path.is_file() => {
            overwrite(path, contents).map(|()| WriteMethod::InPlace)
        }
        Err(error) => Err(error),
    }
}

/// Deletes what a killed [`write_atomic`] left beside `path`. For callers that may find nothing to write; they hold its lock.
pub fn clear_leftover(path: &Path) {
    if let Ok(target) = follow(path) {
        let _ = fs::remove_file(beside(&target, "vouch-new"));
    }
}

/// `path` with `.suffix` added to its file name and a dot before it.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

/// Where a chain of symbolic links ends, even if nothing is there yet.
pub fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..40 {
        match fs::read_link(&path) {
            Ok(link) => path = path.parent().unwrap_or(Path::new("")).join(link),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

#[cfg(unix)]
fn existing_mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;

    Some(path.metadata().ok()?.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn existing_mode(_path: &Path) -> Option<u32> {
    None
}

#[cfg(unix)]
fn is_anothers(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    path.metadata().is_ok_and(|metadata| metadata.uid() != rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn is_anothers(_path: &Path) -> bool {
    false
}

fn needs_place(error: &io::Error) -> bool {
    use io::ErrorKind::{CrossesDevices, PermissionDenied, ReadOnlyFilesystem, ResourceBusy};

    matches!(error.kind(), ResourceBusy | ReadOnlyFilesystem | PermissionDenied | CrossesDevices)
}

fn overwrite(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(contents)?;
    file.set_len(u64::try_from(contents.len()).unwrap_or(u64::MAX))?;
    file.sync_all()
}

fn write_new(path: &Path, contents: &[u8], mode: u32) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let mut file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The umask may have taken bits that the old file had.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    #[cfg(not(unix))]
    let _ = mode;
    file.write_all(contents)?;
    file.sync_all()
}

/// An exclusive lock between processes; it ends with the value, or with the process that holds it.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held for its lock alone")] File);

/// Why a lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("another process held `{0}` for too long")]
    TimedOut(PathBuf),
    #[error("cannot lock `{path}`")]
    Io { path: PathBuf, source: io::Error },
}

impl Lock {
    /// Waits for the lock until `deadline`, calling `between` after every vain try; when that returns a value the
    /// wait is over and the value is the answer.
    ///
    /// The lock file is made if it is missing and never deleted: two processes must not lock two files of one name.
    ///
    /// # Errors
    /// When the deadline passes, or the file cannot be opened or locked.
    pub fn acquire_unless<T>(
        path: &Path,
        deadline: Instant,
        mut between: impl FnMut() -> Option<T>,
    ) -> Result<Result<Self, T>, LockError> {
        let wrong = |source| LockError::Io { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(wrong)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Ok(Self(file))),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(wrong(source)),
            }
            if let Some(answer) = between() {
                return Ok(Err(answer));
            }
            if Instant::now() >= deadline {
                return Err(LockError::TimedOut(path.to_owned()));
            }
            thread::sleep(POLL);
        }
    }

    /// Waits for the lock until `deadline`.
    ///
    /// # Errors
    /// As [`Lock::acquire_unless`].
    pub fn acquire(path: &Path, deadline: Instant) -> Result<Self, LockError> {
        match Self::acquire_unless(path, deadline, || None::<std::convert::Infallible>)? {
            Ok(lock) => Ok(lock),
            Err(never) => match never {},
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_file_has_the_given_mode_and_an_old_one_keeps_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        write_atomic(&path, b"one", 0o600).unwrap();
        assert_eq!(mode(&path), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
        write_atomic(&path, b"two", 0o600).unwrap();
        assert_eq!((mode(&path), fs::read(&path).unwrap()), (0o664, b"two".to_vec()));
    }

    #[test]
    fn a_link_stays_a_link_even_to_a_file_that_is_not_there_yet() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("dotfiles")).unwrap();
        let link = dir.path().join("link");
        symlink("dotfiles/real", &link).unwrap();
        write_atomic(&link, b"x", 0o600).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read(dir.path().join("dotfiles/real")).unwrap(), b"x");
    }

    #[test]
    fn a_leftover_of_a_killed_writer_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".file.vouch-new"), b"half").unwrap();
        write_atomic(&dir.path().join("file"), b"whole", 0o600).unwrap();
        let names: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["file"]);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), b"x").unwrap();
        assert!(write_atomic(&path, b"y", 0o600).is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn overwriting_leaves_nothing_of_a_longer_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "a long one\n").unwrap();
        overwrite(&path, b"short").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "short");
        assert_eq!(replace_or_overwrite(&path, b"x", 0o600).unwrap(), WriteMethod::Replaced);
        assert!(replace_or_overwrite(dir.path(), b"x", 0o600).is_err());
    }

    #[test]
    fn one_holder_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = Lock::acquire(&path, Instant::now()).unwrap();
        assert!(matches!(Lock::acquire(&path, Instant::now()), Err(LockError::TimedOut(_))));
        let answered =
            Lock::acquire_unless(&path, Instant::now() + Duration::from_secs(5), || Some(7)).unwrap();
        assert!(matches!(answered, Err(7)));
        drop(held);
        Lock::acquire(&path, Instant::now()).unwrap();
    }
}
