//! An `.npmrc` on disk: edited under a lock, replaced as a whole, link, owner and the rest of it as they were.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::error::NpmError;
use crate::git;
use crate::text::npmrc::Npmrc;
use vouch_core::files::{self, Holder, Lock, LockError, WriteMethod};
use vouch_core::home::{self, Home};

/// How long to wait for another edit of the same file.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// What an edit did to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was so already; nothing was written.
    None,
    /// The file was replaced: readers see the old one or the new one.
    Replaced,
    /// The file was overwritten where it is, as a mount, a folder that takes no new file or an owner demanded.
    InPlace,
}

/// Edits a file under its lock and answers what `edit` answered and what that did to the file. A file that is not there
/// is as good as an empty one; one that comes out empty and was not there is not made.
///
/// With `private`, for a token: a file that is written becomes readable for its owner alone, and one that git tracks, or
/// may track, is not written. Otherwise it keeps its mode, and a new
/// one gets 0600.
///
/// # Errors
/// When the file cannot be read or written (it is then as it was), or what `edit` says.
pub fn edit<T, E: From<NpmError>>(
    home: &Home,
    path: &Path,
    private: bool,
    edit: impl FnOnce(&mut Npmrc) -> Result<T, E>,
) -> Result<(T, Change), E> {
    let busy = || {
        let holder = Holder::of(&beside_vault(home, path, "edit.lock"));
        NpmError::Busy { path: path.to_owned(), holder }
    };
    let _lock = lock(home, path, "edit", LOCK_WAIT)?.ok_or_else(busy)?;
    // One that a killed writer left may have a token in it.
    files::clear_leftover(path);
    let before = read(path)?;
    let mut npmrc = Npmrc::parse(before.as_deref().unwrap_or_default());
    let answer = edit(&mut npmrc)?;
    let after = npmrc.to_bytes();
    if after == before.unwrap_or_default() {
        return Ok((answer, Change::None));
    }
    let change = write(path, &after, private)?;
    Ok((answer, change))
}

/// Reads a file; an empty one where there is none.
///
/// # Errors
/// When it cannot be read, or is UTF-16.
pub fn load(path: &Path) -> Result<Npmrc, NpmError> {
    Ok(Npmrc::parse(&read(path)?.unwrap_or_default()))
}

/// The lock of a file for one purpose, if it can be had in time. Two names of one file have one lock.
///
/// # Errors
/// When the home folder of Vouch cannot be written.
pub fn lock(home: &Home, path: &Path, purpose: &str, wait: Duration) -> Result<Option<Lock>, NpmError> {
    let write = |path: PathBuf, source| NpmError::Write { path, source };
    home.create().map_err(|error| write(home.path().to_owned(), io::Error::other(error)))?;
    let lock = beside_vault(home, path, &format!("{purpose}.lock"));
    match Lock::acquire(&lock, Instant::now() + wait) {
        Ok(lock) => Ok(Some(lock)),
        Err(LockError::TimedOut { .. }) => Ok(None),
        Err(LockError::Io { path, source }) => Err(write(path, source)),
    }
}

/// A file of Vouch's about another file: `npm-HASH.SUFFIX` in the home folder of Vouch.
pub(super) fn beside_vault(home: &Home, path: &Path, suffix: &str) -> PathBuf {
    let absolute = files::follow(path).and_then(std::path::absolute).unwrap_or_else(|_| path.to_owned());
    // The file need not be there, its folder mostly is.
    let folder = absolute.parent().and_then(|folder| folder.canonicalize().ok());
    let canonical = match (folder, absolute.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => absolute,
    };
    let hash = home::hex(&Sha256::digest(canonical.as_os_str().as_encoded_bytes()), 8);
    home.path().join(format!("npm-{hash}.{suffix}"))
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, NpmError> {
    match files::read(path) {
        Ok(bytes) if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) => {
            Err(NpmError::Utf16(path.to_owned()))
        }
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(NpmError::Read { path: path.to_owned(), source }),
    }
}

fn write(path: &Path, bytes: &[u8], private: bool) -> Result<Change, NpmError> {
    let failed = |source| NpmError::Write { path: path.to_owned(), source };
    let metadata = path.metadata().ok();
    if metadata.as_ref().is_some_and(|metadata| metadata.permissions().readonly()) {
        // Its owner could replace it all the same, but somebody does not want that.
        return Err(NpmError::ReadOnly(path.to_owned()));
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let written = if private {
        // It may have been staged since the last time.
        git::check(path)?;
        files::replace_or_overwrite_private(path, bytes)
    } else {
        files::replace_or_overwrite(path, bytes, 0o600)
    };
    match written {
        Ok(WriteMethod::Replaced) => Ok(Change::Replaced),
        Ok(WriteMethod::InPlace) => Ok(Change::InPlace),
        Err(source) if files::is_damaged(&source) => Err(NpmError::Damaged { path: path.to_owned(), source }),
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::git::GitError;
    use crate::text::npmrc::BareValue;

    const KEY: &str = "//h/:_authToken";

    fn bed() -> (tempfile::TempDir, Home, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        let file = dir.path().join("home/.npmrc");
        fs::create_dir(dir.path().join("home")).unwrap();
        (dir, home, file)
    }

    fn set(home: &Home, path: &Path, private: bool) -> Result<Change, NpmError> {
        let value = BareValue::new("NEW").unwrap();
        let ((), change) = edit(home, path, private, |npmrc| {
            npmrc.set(KEY, value);
            Ok::<_, NpmError>(())
        })?;
        Ok(change)
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_file_is_private_and_an_old_one_becomes_so_for_a_secret_alone() {
        let (_dir, home, file) = bed();
        assert_eq!(set(&home, &file, false).unwrap(), Change::Replaced);
        assert_eq!((mode(&file), fs::read_to_string(&file).unwrap()), (0o600, format!("{KEY}=NEW\n")));
        assert_eq!(set(&home, &file, false).unwrap(), Change::None);
        for (private, after) in [(false, 0o644), (true, 0o600)] {
            fs::write(&file, "a=1\n").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
            set(&home, &file, private).unwrap();
            assert_eq!(mode(&file), after);
        }
    }

    #[test]
    fn a_link_stays_and_has_the_lock_of_its_file() {
        let (dir, home, file) = bed();
        let real = dir.path().join("npmrc");
        fs::write(&real, "a=1").unwrap();
        symlink("../npmrc", &file).unwrap();
        set(&home, &file, true).unwrap();
        assert!(file.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), format!("a=1\n{KEY}=NEW"));
        let _held = lock(&home, &file, "edit", Duration::ZERO).unwrap().unwrap();
        assert!(lock(&home, &real, "edit", Duration::ZERO).unwrap().is_none());
        assert!(lock(&home, &real, "watch", Duration::ZERO).unwrap().is_some());
    }

    #[test]
    fn what_a_killed_writer_left_is_gone_even_if_nothing_changes() {
        let (dir, home, file) = bed();
        set(&home, &file, true).unwrap();
        fs::write(dir.path().join("home/..npmrc.vouch-new"), "half").unwrap();
        assert_eq!(set(&home, &file, true).unwrap(), Change::None);
        assert_eq!(fs::read_dir(dir.path().join("home")).unwrap().count(), 1);
    }

    #[test]
    fn a_token_goes_into_no_file_that_was_staged_meanwhile() {
        let (dir, home, file) = bed();
        let git = |args: &[&str]| {
            let git = std::process::Command::new("git").args(args).current_dir(dir.path()).status();
            assert!(git.unwrap().success());
        };
        git(&["init", "-q", "."]);
        fs::write(&file, "a=1\n").unwrap();
        set(&home, &file, true).unwrap();
        fs::write(&file, "a=1\n").unwrap();
        git(&["add", "home/.npmrc"]);
        let refused = set(&home, &file, true);
        assert!(matches!(refused, Err(NpmError::Git(GitError::Tracked(_)))), "{refused:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "a=1\n");
        // What holds no secret may be written.
        set(&home, &file, false).unwrap();
    }

    #[test]
    fn what_cannot_be_edited_stays() {
        let (_dir, home, file) = bed();
        fs::write(&file, "a=1\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
        assert!(matches!(set(&home, &file, true), Err(NpmError::ReadOnly(_))));
        assert_eq!((mode(&file), fs::read_to_string(&file).unwrap().as_str()), (0o444, "a=1\n"));
        fs::remove_file(&file).unwrap();
        fs::write(&file, [0xff, 0xfe, b'a', 0]).unwrap();
        assert!(matches!(set(&home, &file, true), Err(NpmError::Utf16(_))));
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        assert!(matches!(set(&home, &file, true), Err(NpmError::Read { .. })));
    }
}
