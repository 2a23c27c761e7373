//! Somebody's file that setup edits: read, judged, replaced as a whole, and put back if something later fails.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use vouch_core::files;

use crate::report::Failed;

/// A file as it was when it was read.
#[derive(Debug, Clone)]
pub(crate) struct EditedFile {
    path: PathBuf,
    before: Option<String>,
}

/// A file that has been replaced.
#[derive(Debug)]
#[must_use]
pub(crate) struct Written {
    file: EditedFile,
    made_folder: bool,
}

impl EditedFile {
    /// Reads a file; one that is not there is as good as an empty one.
    pub(crate) fn read(path: PathBuf) -> Result<Self, Failed> {
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self { path, before: Some(text) }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self { path, before: None }),
            Err(error) => Err(Failed::configuration(
                format!("cannot read `{}`", path.display()),
                "Make it a readable UTF-8 text file; nothing was changed.",
            )
            .because(&error)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it.
    pub(crate) fn text(&self) -> &str {
        self.before.as_deref().unwrap_or_default()
    }

    /// Puts another text in its place; mode and symbolic link stay.
    pub(crate) fn write(self, text: &str) -> Result<Written, Failed> {
        let failed = |error: &io::Error| {
            let folder = self.path.parent().unwrap_or(&self.path).display();
            Failed::configuration(
                format!("cannot write `{}`; it is as it was", self.path.display()),
                format!(
                    "Make room on the disk, and the file and `{folder}` writable; then run the command again."
                ),
            )
            .because(error)
        };
        if self.path.metadata().is_ok_and(|metadata| metadata.permissions().readonly()) {
            // Its owner could replace it all the same, but somebody does not want that.
            return Err(failed(&io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only")));
        }
        let folder = self.path.parent().filter(|folder| !folder.is_dir());
        if let Some(folder) = folder {
            fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        let made_folder = folder.is_some();
        if let Err(error) = files::replace(&self.path, text.as_bytes(), 0o644) {
            if let Some(folder) = folder {
                let _ = fs::remove_dir(folder);
            }
            return Err(failed(&error));
        }
        Ok(Written { file: self, made_folder })
    }
}

impl Written {
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Puts the file back as it was. That even this fails is for the person to know.
    pub(crate) fn take_back(self) -> io::Result<()> {
        let EditedFile { path, before } = self.file;
        if let Some(before) = before {
            return files::replace(&path, before.as_bytes(), 0o644);
        }
        fs::remove_file(&path)?;
        match path.parent() {
            Some(folder) if self.made_folder => fs::remove_dir(folder),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn mode_and_link_stay_and_all_is_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
        symlink("real", &link).unwrap();
        let written = EditedFile::read(link.clone()).unwrap().write("new").unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        written.take_back().unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "old");
        assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(link.symlink_metadata().unwrap().is_symlink());
    }

    #[test]
    fn what_was_not_there_is_not_there_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("folder/file");
        EditedFile::read(path.clone()).unwrap().write("new").unwrap().take_back().unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_read_only_file_and_one_that_is_no_text_stay() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        let failed = EditedFile::read(path.clone()).unwrap().write("new").unwrap_err();
        assert!(failed.failure().causes[0].contains("read-only"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        fs::write(dir.path().join("binary"), [0xff, 0xfe]).unwrap();
        assert!(EditedFile::read(dir.path().join("binary")).is_err());
        assert!(EditedFile::read(dir.path().to_owned()).is_err());
    }
}
