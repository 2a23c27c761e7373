//! Somebody's file that setup edits: read, judged, replaced as a whole where it can be, put back if something later fails.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use vouch_core::Failure;
use vouch_core::files;

use crate::journal::{self, Author, Recorded};

/// A file as it was when it was read.
#[derive(Debug, Clone)]
pub struct EditedFile {
    path: PathBuf,
    before: Option<String>,
}

/// A file that has been replaced.
#[derive(Debug)]
#[must_use]
pub struct Written {
    file: EditedFile,
    made_folders: Vec<PathBuf>,
    recorded: Recorded,
}

impl EditedFile {
    /// Reads a file; one that is not there is as good as an empty one.
    pub fn read(path: PathBuf) -> Result<Self, Failure> {
        match files::read_text(&path) {
            Ok(text) => Ok(Self { path, before: Some(text) }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self { path, before: None }),
            Err(error) => Err(Failure::configuration(
                format!("cannot read `{}`", path.display()),
                files::hint(&error)
                    .unwrap_or_else(|| "Make it a readable UTF-8 text file; nothing was changed.".into()),
            )
            .because(&error)),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it.
    pub fn text(&self) -> &str {
        self.before.as_deref().unwrap_or_default()
    }

    /// What is in it, if it is there.
    pub fn existing_text(&self) -> Option<&str> {
        self.before.as_deref()
    }

    /// Puts another text in its place and writes that into the journal; mode and symbolic link stay.
    pub fn write(self, text: &str, author: &Author<'_>) -> Result<Written, Failure> {
        self.check_writable()?;
        let made_folders = self.missing_folders();
        // First, so that an edit that is cut short can be taken back, too.
        let edit = (self.before.as_deref(), text);
        let recorded = journal::record(author, &self.path, &made_folders, edit)?;
        // What another client's setup wrote already serves this one, too: there is only something to record.
        let same = self.before.as_deref() == Some(text);
        if let Err(error) = if same { Ok(()) } else { self.put(text, &made_folders) } {
            // A damaged file may have some of the new lines: the journal still knows what stood there.
            if !files::is_damaged(&error) {
                // The error at hand matters more.
                let _ = recorded.forget();
            }
            return Err(self.failed(&error));
        }
        Ok(Written { file: self, made_folders, recorded })
    }

    /// Puts the text of an earlier time in its place: what the journal knows already.
    pub fn restore(&self, text: &str) -> Result<(), Failure> {
        self.check_writable()?;
        self.put(text, &[]).map_err(|error| self.failed(&error))
    }

    /// Removes the file, and of the folders that were made for it those that are empty. A link to it stays.
    pub fn remove(&self, made_folders: &[PathBuf]) -> Result<(), Failure> {
        self.check_writable()?;
        remove(&self.path, made_folders).map_err(|error| self.failed(&error))
    }

    fn check_writable(&self) -> Result<(), Failure> {
        if self.path.metadata().is_ok_and(|metadata| metadata.permissions().readonly()) {
            // Its owner could replace it all the same, but somebody does not want that.
            return Err(
                self.failed(&io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"))
            );
        }
        Ok(())
    }

    /// Folders that a new file needs, the innermost first.
    fn missing_folders(&self) -> Vec<PathBuf> {
        let folders = self.path.ancestors().skip(1);
        folders.take_while(|folder| !folder.exists()).map(Path::to_owned).collect()
    }

    fn put(&self, text: &str, made_folders: &[PathBuf]) -> io::Result<()> {
        let made = made_folders.first().map_or(Ok(()), fs::create_dir_all);
        let put = || files::replace_or_overwrite(&self.path, text.as_bytes(), 0o644).map(drop);
        made.and_then(|()| put()).inspect_err(|_| remove_folders(made_folders))
    }

    fn failed(&self, error: &io::Error) -> Failure {
        let hint = files::hint(error).unwrap_or_default();
        if files::is_damaged(error) {
            let path = self.path.display();
            return Failure::configuration(format!("cannot write `{path}`, and it is not as it was"), hint)
                .because(error);
        }
        if !hint.is_empty() {
            let path = self.path.display();
            return Failure::configuration(format!("cannot write `{path}`; it is as it was"), hint)
                .because(error);
        }
        let folder = self.path.parent().unwrap_or(&self.path).display();
        Failure::configuration(
            format!("cannot write `{}`; it is as it was", self.path.display()),
            format!(
                "Make room on the disk, and the file and `{folder}` writable; then run the command again."
            ),
        )
        .because(error)
    }
}

impl Written {
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Puts the file back as it was. That even this fails is for the person to know.
    pub fn take_back(self) -> io::Result<()> {
        let Self { file: EditedFile { path, before }, made_folders, recorded } = self;
        match before {
            Some(before) => drop(files::replace_or_overwrite(&path, before.as_bytes(), 0o644)?),
            None => remove(&path, &made_folders)?,
        }
        // With an entry too many, `vouch undo` finds nothing left to do.
        let _ = recorded.forget();
        Ok(())
    }
}

fn remove(path: &Path, made_folders: &[PathBuf]) -> io::Result<()> {
    // What a link leads to was made, not the link.
    fs::remove_file(path.canonicalize()?)?;
    remove_folders(made_folders);
    Ok(())
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

    use vouch_core::home::Home;

    use super::*;
    use crate::text::redact::Dialect;

    fn write(dir: &tempfile::TempDir, path: &Path, text: &str) -> Result<Written, Failure> {
        let home = Home::at(dir.path().join("vouch")).unwrap();
        let author = Author { home: &home, client: "cargo", dialect: Dialect::Toml, registration: None };
        let written = EditedFile::read(path.to_owned()).unwrap().write(text, &author);
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
        written.take_back().unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "old");
        assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(link.symlink_metadata().unwrap().is_symlink());
    }

    #[test]
    fn what_was_not_there_is_not_there_again() {
        let dir = tempfile::tempdir().unwrap();
        write(&dir, &dir.path().join("some/folder/file"), "new").unwrap().take_back().unwrap();
        assert!(!dir.path().join("some").exists());
        assert!(!dir.path().join("vouch/journal.json").exists());
    }

    #[test]
    fn a_read_only_file_and_one_that_is_no_text_stay() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        let failed = write(&dir, &path, "new").unwrap_err();
        assert!(failed.causes[0].contains("read-only"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        fs::write(dir.path().join("binary"), [0xff, 0xfe]).unwrap();
        assert!(EditedFile::read(dir.path().join("binary")).is_err());
        assert!(EditedFile::read(dir.path().to_owned()).is_err());
    }
}
