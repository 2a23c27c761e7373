//! An `.npmrc` on disk: edited under its lock, replaced as a whole, link, owner and the rest of it as they were.

use std::fs;
use std::io;
use std::path::Path;

use vouch_core::files::{self, WriteMethod};
use vouch_core::home::Home;

use super::error::NpmError;
use crate::file_lock::{FileError, FileLock, Readers};
use crate::git;
use crate::ledger::{Ledger, NewToken};
use crate::text::npmrc::Npmrc;

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

/// An `.npmrc` that nobody else writes meanwhile.
#[derive(Debug)]
pub struct LockedNpmrc {
    lock: FileLock,
    before: Option<Vec<u8>>,
    npmrc: Npmrc,
}

impl LockedNpmrc {
    /// Locks a file, then reads it. One that is not there is as good as an empty one.
    ///
    /// # Errors
    /// When another process does not let go of it, or it cannot be read.
    pub fn open(home: &Home, path: &Path) -> Result<Self, NpmError> {
        let lock = FileLock::acquire(home, path)?;
        let before = read(path)?;
        let npmrc = Npmrc::parse(before.as_deref().unwrap_or_default());
        Ok(Self { lock, before, npmrc })
    }

    /// Where the file really is, as the ledger names it.
    pub fn real(&self) -> &Path {
        self.lock.real()
    }

    pub fn npmrc(&self) -> &Npmrc {
        &self.npmrc
    }

    pub fn npmrc_mut(&mut self) -> &mut Npmrc {
        &mut self.npmrc
    }

    /// Deletes what a killed writer left beside the file.
    ///
    /// # Errors
    /// When something is left.
    pub fn clear_leftovers(&self) -> Result<(), NpmError> {
        Ok(self.lock.clear_leftovers()?)
    }

    /// Writes the file, if it is to be another one; the `tokens` are those that came into it. One that comes out empty
    /// and was not there is not made.
    ///
    /// With tokens, a file that is written becomes readable for its owner alone, and one that git tracks, or may track,
    /// is not written. Without, it keeps its mode, and a new one gets 0600.
    ///
    /// # Errors
    /// When it cannot be written; it is then as it was, unless the error says otherwise.
    pub fn save(&self, tokens: &[NewToken<'_>]) -> Result<Change, NpmError> {
        let after = self.npmrc.to_bytes();
        let before = self.before.as_deref().unwrap_or_default();
        if after == before && self.knows(tokens)? {
            self.lock.settle(before);
            return Ok(Change::None);
        }
        if after != before && !tokens.is_empty() {
            // It may have been staged since the last time.
            git::check(self.lock.path())?;
        }
        self.make_folder()?;
        let readers = if tokens.is_empty() { Readers::AsBefore(0o600) } else { Readers::Owner };
        Ok(match self.lock.write(&after, readers, tokens)? {
            _ if after == before => Change::None,
            WriteMethod::Replaced => Change::Replaced,
            WriteMethod::InPlace => Change::InPlace,
        })
    }

    /// Whether the ledger has all the tokens already.
    fn knows(&self, tokens: &[NewToken<'_>]) -> Result<bool, NpmError> {
        let ledger = Ledger::load(self.lock.home())?;
        let knows = |token: &NewToken<'_>| ledger.expiry(self.real(), token.key, token.value).is_some();
        Ok(tokens.iter().all(knows))
    }

    fn make_folder(&self) -> Result<(), NpmError> {
        let Some(folder) = self.real().parent().filter(|folder| !folder.is_dir()) else { return Ok(()) };
        fs::create_dir_all(folder)
            .map_err(|source| FileError::Write { path: self.lock.path().to_owned(), source }.into())
    }
}

/// Reads a file; an empty one where there is none.
///
/// # Errors
/// When it cannot be read, or is UTF-16.
pub fn load(path: &Path) -> Result<Npmrc, NpmError> {
    Ok(Npmrc::parse(&read(path)?.unwrap_or_default()))
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

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::PathBuf;

    use vouch_core::UnixTime;

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

    const TOKEN: NewToken<'_> = NewToken { key: KEY, value: "NEW", expires_at: UnixTime(7) };

    fn set(home: &Home, path: &Path, private: bool) -> Result<Change, NpmError> {
        let mut file = LockedNpmrc::open(home, path)?;
        file.npmrc_mut().set(KEY, BareValue::new("NEW").unwrap());
        file.save(if private { &[TOKEN] } else { &[] })
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
    fn a_link_stays_and_the_ledger_knows_its_file() {
        let (dir, home, file) = bed();
        let real = dir.path().join("npmrc");
        fs::write(&real, "a=1").unwrap();
        symlink("../npmrc", &file).unwrap();
        set(&home, &file, true).unwrap();
        assert!(file.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), format!("a=1\n{KEY}=NEW"));
        assert_eq!(
            Ledger::load(&home).unwrap().expiry(&real.canonicalize().unwrap(), KEY, "NEW"),
            Some(UnixTime(7))
        );
    }

    #[test]
    fn what_a_killed_writer_left_is_gone_even_if_nothing_changes() {
        let (dir, home, file) = bed();
        set(&home, &file, true).unwrap();
        for left in files::leftovers(&file, &home.id()).unwrap() {
            fs::write(left, "half").unwrap();
        }
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
        assert!(matches!(set(&home, &file, true), Err(NpmError::File(FileError::ReadOnly(_)))));
        assert_eq!((mode(&file), fs::read_to_string(&file).unwrap().as_str()), (0o444, "a=1\n"));
        fs::remove_file(&file).unwrap();
        fs::write(&file, [0xff, 0xfe, b'a', 0]).unwrap();
        assert!(matches!(set(&home, &file, true), Err(NpmError::Utf16(_))));
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        assert!(matches!(set(&home, &file, true), Err(NpmError::Read { .. })));
    }
}
