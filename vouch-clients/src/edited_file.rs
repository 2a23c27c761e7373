//! Somebody's file that setup edits: read, judged, replaced as a whole where it can be, put back if something later fails.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use vouch_core::Failure;
use vouch_core::files;
use vouch_core::hint::UNDO;
use vouch_core::home::Home;

use crate::file_lock::{FileError, FileLock, Readers};
use crate::journal::{self, Author, Recorded};
use crate::ledger::{HeldToken, Ledger};
use crate::text::npmrc::Npmrc;

/// A file as it was when it was read: what planning needs. To be written it takes the file's lock.
#[derive(Debug, Clone)]
pub struct EditedFile {
    path: PathBuf,
    before: Option<String>,
    /// What an edit starts from, where that is another text.
    base: Option<String>,
}

/// A file that nobody else writes meanwhile.
#[derive(Debug)]
pub struct LockedFile {
    lock: FileLock,
    before: Option<String>,
    /// Vouch's own tokens in it: wherever one is written again, the ledger is told again.
    tokens: Vec<HeldToken>,
}

/// A file that has been replaced; still locked, so that it can be put back.
#[derive(Debug)]
#[must_use]
pub struct Written {
    file: LockedFile,
    after: String,
    made_folders: Vec<PathBuf>,
    recorded: Recorded,
}

/// A file that has been replaced and that others may edit by now; it can be put back until they do.
#[derive(Debug)]
#[must_use]
pub struct Released {
    home: Home,
    path: PathBuf,
    before: Option<String>,
    after: String,
    tokens: Vec<HeldToken>,
    made_folders: Vec<PathBuf>,
    recorded: Recorded,
}

impl EditedFile {
    /// Reads a file; one that is not there is as good as an empty one.
    ///
    /// # Errors
    /// When it is not a readable text.
    pub fn read(path: PathBuf) -> Result<Self, Failure> {
        let before = read_text(&path)?;
        Ok(Self { path, base: before.clone(), before })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same file for an edit that starts from another text than it holds, such as without what an earlier setup wrote.
    #[must_use]
    pub fn starting_from(self, base: Option<String>) -> Self {
        Self { base, ..self }
    }

    /// What an edit starts from: what is in it, unless something else was given.
    pub fn text(&self) -> &str {
        self.base.as_deref().unwrap_or_default()
    }

    /// What is in it.
    pub fn present_text(&self) -> &str {
        self.before.as_deref().unwrap_or_default()
    }

    /// What is in it, if it is there.
    pub fn existing_text(&self) -> Option<&str> {
        self.before.as_deref()
    }

    /// The same file, to be written under its lock.
    ///
    /// # Errors
    /// When it is not as it was read, or the lock is another file's: whoever decided has to decide again.
    pub fn locked(self, lock: FileLock) -> Result<LockedFile, Failure> {
        let file = LockedFile::read(lock)?;
        if file.lock.path() != self.path || file.before != self.before {
            return Err(Failure::configuration(
                format!("another program changed `{}` meanwhile; nothing was written", self.path.display()),
                "Run the command again.",
            ));
        }
        Ok(file)
    }
}

impl LockedFile {
    /// Locks a file, then reads it.
    ///
    /// # Errors
    /// When another process does not let go of it, or it is not a readable text.
    pub fn open(home: &Home, path: &Path) -> Result<Self, Failure> {
        Self::read(FileLock::acquire(home, path)?)
    }

    /// Reads a file whose lock is had.
    pub(crate) fn read(lock: FileLock) -> Result<Self, Failure> {
        let before = read_text(lock.path())?;
        let ledger = Ledger::load(lock.home())?;
        let tokens = ledger.held(lock.real(), before.as_deref().unwrap_or_default());
        Ok(Self { lock, before, tokens })
    }

    pub fn path(&self) -> &Path {
        self.lock.path()
    }

    /// Where it really is, as the ledger names it.
    pub fn real(&self) -> &Path {
        self.lock.real()
    }

    /// What is in it, if it is there.
    pub fn existing_text(&self) -> Option<&str> {
        self.before.as_deref()
    }

    /// Puts another text in its place and writes that into the journal; mode and symbolic link stay.
    ///
    /// # Errors
    /// When the file or the journal cannot be written; the file is then as it was, unless the failure says otherwise.
    pub fn write(self, text: &str, author: &Author<'_>) -> Result<Written, Failure> {
        let made_folders = missing_folders(self.path());
        let recorded = self.record(text, &made_folders, author)?;
        // What another client's setup wrote already serves this one, too: there is only something to record.
        let same = self.before.as_deref() == Some(text);
        if let Err(error) = if same { Ok(()) } else { self.put(text, &made_folders) } {
            // A damaged file may have some of the new lines: the journal still knows what stood there.
            if !matches!(error, FileError::Damaged { .. }) {
                // The error at hand matters more.
                let _ = recorded.forget();
            }
            return Err(error.into());
        }
        Ok(Written { file: self, after: text.to_owned(), made_folders, recorded })
    }

    /// Writes an edit down, before it is made, so that one that is cut short can be taken back, too. Tokens come and go
    /// without setup: the journal is about the rest of the text.
    fn record(&self, text: &str, made_folders: &[PathBuf], author: &Author<'_>) -> Result<Recorded, Failure> {
        let ledger = Ledger::load(self.lock.home())?;
        let lasting = |text: &str| ledger.without_tokens(self.real(), text);
        let before = self.before.as_deref().map(lasting);
        journal::record(author, self.path(), made_folders, (before.as_deref(), &lasting(text)))
    }

    /// Puts the text of an earlier time in its place: what the journal knows already.
    ///
    /// # Errors
    /// When the file cannot be written; it is then as it was, unless the failure says otherwise.
    pub fn restore(&self, text: &str) -> Result<(), Failure> {
        if self.before.as_deref() == Some(text) {
            return Ok(());
        }
        Ok(self.put(text, &[])?)
    }

    /// Puts the text back that was there when the file was locked.
    ///
    /// # Errors
    /// As [`Self::restore`].
    pub fn put_back(&self, text: &str) -> Result<(), Failure> {
        Ok(self.put(text, &missing_folders(self.path()))?)
    }

    /// Removes the file, and of the folders that were made for it those that are empty. A link to it stays.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, made_folders: &[PathBuf]) -> Result<(), Failure> {
        Ok(self.delete(made_folders)?)
    }

    fn put(&self, text: &str, made_folders: &[PathBuf]) -> Result<(), FileError> {
        let failed = |source| FileError::Write { path: self.path().to_owned(), source };
        let made = made_folders.first().map_or(Ok(()), fs::create_dir_all).map_err(failed);
        let tokens = self.tokens.iter().map(HeldToken::as_new).filter(|token| text.contains(token.value));
        let tokens: Vec<_> = tokens.collect();
        made.and_then(|()| self.lock.write(text.as_bytes(), Readers::AsBefore(0o644), &tokens))
            .map(drop)
            .inspect_err(|_| remove_folders(made_folders))
    }

    fn delete(&self, made_folders: &[PathBuf]) -> Result<(), FileError> {
        self.lock.delete()?;
        remove_folders(made_folders);
        Ok(())
    }
}

impl Written {
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Lets others at the file.
    pub fn release(self) -> Released {
        let Self { file: LockedFile { lock, before, tokens }, after, made_folders, recorded } = self;
        let (home, path) = (lock.home().clone(), lock.path().to_owned());
        Released { home, path, before, after, tokens, made_folders, recorded }
    }

    /// Puts the file back as it was.
    ///
    /// # Errors
    /// When even this fails, which is for the person to know.
    pub fn revert(self) -> Result<(), FileError> {
        let Self { file, made_folders, recorded, .. } = self;
        match &file.before {
            Some(before) => file.put(before, &[])?,
            None => file.delete(&made_folders)?,
        }
        // With an entry too many, `vouch undo` finds nothing left to do.
        let _ = recorded.forget();
        Ok(())
    }
}

impl Released {
    /// The journal's number of the edit.
    pub fn id(&self) -> u64 {
        self.recorded.id()
    }

    /// Whether the journal has an entry for this edit alone.
    pub fn is_new(&self) -> bool {
        self.recorded.is_new()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts the file back as it was, unless it was edited since or an edit below this one was taken back. Tokens may have come
    /// and gone.
    ///
    /// # Errors
    /// When somebody edited it, or it cannot be written.
    pub fn revert(self) -> Result<(), Failure> {
        let Self { home, path, before, after, tokens, made_folders, recorded } = self;
        let mut file = LockedFile::open(&home, &path)?;
        let ledger = Ledger::load(&home)?;
        // The ledger has forgotten those that went meanwhile.
        let is_token = |value: &str| {
            ledger.is_ours(file.real(), value) || tokens.iter().any(|token| token.as_new().value == value)
        };
        let lasting = |text: &str| {
            let mut npmrc = Npmrc::parse(text.as_bytes());
            if npmrc.remove_lines(|_, value| is_token(value)).is_empty() {
                return text.to_owned();
            }
            String::from_utf8_lossy(&npmrc.to_bytes()).into_owned()
        };
        let is_same_text = file.existing_text().map(lasting) == Some(lasting(&after));
        if !is_same_text || !recorded.is_as_written()? {
            return Err(Failure::configuration(
                "another program changed it meanwhile",
                format!("Run {UNDO}: it takes out what setup wrote."),
            ));
        }
        // A token that comes back is Vouch's, as it was.
        file.tokens.extend(tokens);
        match &before {
            Some(before) => file.put(before, &[])?,
            None => file.delete(&made_folders)?,
        }
        recorded.forget()
    }
}

fn read_text(path: &Path) -> Result<Option<String>, Failure> {
    match files::read_text(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::configuration(
            format!("cannot read `{}`", path.display()),
            files::hint(&error)
                .unwrap_or_else(|| "Make it a readable UTF-8 text file; nothing was changed.".into()),
        )
        .because(&error)),
    }
}

/// Folders that a new file needs, the innermost first.
fn missing_folders(path: &Path) -> Vec<PathBuf> {
    path.ancestors().skip(1).take_while(|folder| !folder.exists()).map(Path::to_owned).collect()
}

fn remove_folders(folders: &[PathBuf]) {
    for folder in folders {
        // One with something else in it stays.
        let _ = fs::remove_dir(folder);
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::text::redact::Dialect;

    fn home(dir: &tempfile::TempDir) -> Home {
        Home::at(dir.path().join("vouch")).unwrap()
    }

    fn write(dir: &tempfile::TempDir, path: &Path, text: &str) -> Result<Written, Failure> {
        let home = home(dir);
        let author = Author { home: &home, client: "cargo", dialect: Dialect::Toml, registration: None };
        let written = LockedFile::open(&home, path).unwrap().write(text, &author);
        assert_eq!(journal::entries(&home).unwrap().len(), usize::from(written.is_ok()));
        written
    }

    #[test]
    fn mode_and_link_stay_and_all_is_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
        symlink("real", &link).unwrap();
        let written = write(&dir, &link, "new").unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        written.revert().unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "old");
        assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(link.symlink_metadata().unwrap().is_symlink());
    }

    #[test]
    fn what_was_not_there_is_not_there_again() {
        let dir = tempfile::tempdir().unwrap();
        write(&dir, &dir.path().join("some/folder/file"), "new").unwrap().revert().unwrap();
        assert!(!dir.path().join("some").exists());
        assert!(!dir.path().join("vouch/journal.json").exists());
        assert!(!dir.path().join("vouch/ledger.json").exists());
    }

    #[test]
    fn a_read_only_file_and_one_that_is_no_text_stay() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        let failed = write(&dir, &path, "new").unwrap_err();
        assert!(failed.message.contains("read-only"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        fs::write(dir.path().join("binary"), [0xff, 0xfe]).unwrap();
        assert!(EditedFile::read(dir.path().join("binary")).is_err());
        assert!(EditedFile::read(dir.path().to_owned()).is_err());
    }

    #[test]
    fn a_text_whose_own_base_was_taken_back_does_not_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let (home, path) = (home(&dir), dir.path().join("file"));
        fs::write(&path, "x = 1\n").unwrap();
        let edit = |client, text: &str| {
            let author = Author { home: &home, client, dialect: Dialect::Toml, registration: None };
            LockedFile::open(&home, &path).unwrap().write(text, &author).unwrap().release()
        };
        let text = || fs::read_to_string(&path).unwrap();
        edit("cargo", "x = 1\na = 1\n").revert().unwrap();
        assert_eq!(text(), "x = 1\n");
        assert_eq!(journal::entries(&home).unwrap(), []);

        // Two setups at once: the second one writes over what the first one wrote, and both fail.
        let (first, second) = (edit("cargo", "x = 1\na = 1\n"), edit("uv", "x = 1\na = 2\n"));
        let ids = [first.id(), second.id()];
        assert!(first.revert().is_err());
        crate::undo::Undo::begin(&home).unwrap().entry(ids[0]).unwrap();
        assert_eq!(text(), "x = 1\na = 2\n");
        assert!(second.revert().is_err());
        crate::undo::Undo::begin(&home).unwrap().entry(ids[1]).unwrap();
        assert_eq!(text(), "x = 1\n");
    }

    #[test]
    fn what_was_decided_on_another_text_is_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("file"), dir.path().join("other"));
        fs::write(&path, "old").unwrap();
        let planned = EditedFile::read(path.clone()).unwrap();
        fs::write(&path, "by hand").unwrap();
        let lock = FileLock::acquire(&home(&dir), &path).unwrap();
        let refused = planned.locked(lock).unwrap_err();
        assert!(refused.message.contains("meanwhile"), "{refused}");
        // Nor with the lock of another file.
        let planned = EditedFile::read(path.clone()).unwrap();
        assert!(planned.clone().locked(FileLock::acquire(&home(&dir), &other).unwrap()).is_err());
        assert!(planned.locked(FileLock::acquire(&home(&dir), &path).unwrap()).is_ok());
    }
}
