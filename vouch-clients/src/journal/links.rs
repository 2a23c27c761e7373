//! Programs that setup made available under another name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use vouch_core::home::{Home, hex};
use vouch_core::{Failure, UnixTime};

use super::{load, update};
use crate::program::{contents, is_same};

/// A link to a program; a copy of it where links need a right that few have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub at: UnixTime,
    /// The client that was set up when it was made. Others may use it by now.
    pub client: String,
    pub path: PathBuf,
    pub program: PathBuf,
    /// Folders that were made for it, the innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    made_folders: Vec<PathBuf>,
    /// The SHA-256 of a copy: by the time that it is looked at, the program may be a newer one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    copied: Option<String>,
    /// What another version wrote.
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// What became of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    Removed,
    /// It was gone already.
    Before,
    /// Something else is there by now, which stays.
    Replaced,
}

impl Link {
    pub fn new(client: &str, path: &Path, program: &Path) -> Self {
        let folders = path.ancestors().skip(1).take_while(|folder| !folder.exists());
        let made_folders = folders.map(Path::to_owned).collect();
        let copied = if cfg!(unix) { None } else { digest(program) };
        let (path, program) = (path.to_owned(), program.to_owned());
        Self {
            at: UnixTime::now(),
            client: client.to_owned(),
            path,
            program,
            made_folders,
            copied,
            other: Map::new(),
        }
    }

    /// Writes it down, before it is made.
    pub fn record(&self, home: &Home) -> Result<(), Failure> {
        update(home, |journal| {
            journal.links.retain(|known| known.path != self.path);
            journal.links.push(self.clone());
        })
    }

    /// Strikes it out again.
    pub fn forget(&self, home: &Home) -> Result<(), Failure> {
        update(home, |journal| journal.links.retain(|known| known.path != self.path))
    }

    /// Strikes out what could not be made, and removes folders that were made for it.
    pub fn abandon(&self, home: &Home) -> Result<(), Failure> {
        self.remove_folders();
        self.forget(home)
    }

    /// Removes it, if it is still what was made, with the folders that are empty then.
    pub fn revert(&self, home: &Home) -> Result<Gone, Failure> {
        let gone = self.remove().map_err(|error| {
            let hint = format!("Remove `{}` yourself.", self.path.display());
            Failure::configuration(format!("cannot remove `{}`", self.path.display()), hint).because(&error)
        })?;
        self.forget(home)?;
        Ok(gone)
    }

    fn remove(&self) -> io::Result<Gone> {
        if !self.path.is_symlink() && !self.path.exists() {
            return Ok(Gone::Before);
        }
        if !self.is_as_made() {
            return Ok(Gone::Replaced);
        }
        fs::remove_file(&self.path)?;
        self.remove_folders();
        Ok(Gone::Removed)
    }

    fn remove_folders(&self) {
        for folder in &self.made_folders {
            // One with something else in it stays.
            let _ = fs::remove_dir(folder);
        }
    }

    /// Whether it is still what was made.
    pub fn is_as_made(&self) -> bool {
        if let Ok(target) = fs::read_link(&self.path) {
            return target == self.program;
        }
        let is_copy = || self.copied.is_some() && digest(&self.path) == self.copied;
        cfg!(not(unix)) && (is_copy() || is_same(&self.path, &self.program))
    }
}

fn digest(program: &Path) -> Option<String> {
    Some(hex(&Sha256::digest(contents(program)?), 32))
}

/// All links that setup made, the oldest first.
pub fn links(home: &Home) -> Result<Vec<Link>, Failure> {
    Ok(load(home)?.links)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_what_was_made_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        let (program, path) = (dir.path().join("program"), dir.path().join("a/b/keyring"));
        fs::write(&program, "").unwrap();
        let made = || {
            let link = Link::new("pip", &path, &program);
            link.record(&home).unwrap();
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            symlink(&program, &path).unwrap();
            link
        };
        assert_eq!(made().revert(&home).unwrap(), Gone::Removed);
        assert!(!dir.path().join("a").exists() && links(&home).unwrap().is_empty());
        // A program that is gone does not keep its link.
        let link = made();
        fs::remove_file(&program).unwrap();
        assert_eq!(link.revert(&home).unwrap(), Gone::Removed);
        assert_eq!(link.revert(&home).unwrap(), Gone::Before);
        let link = made();
        for other in ["file", "link"] {
            fs::remove_file(&path).unwrap();
            match other {
                "file" => fs::write(&path, "").unwrap(),
                _ => symlink("/bin/true", &path).unwrap(),
            }
            assert_eq!(link.revert(&home).unwrap(), Gone::Replaced, "{other}");
            assert!(path.is_symlink() || path.exists());
        }
        assert!(!home.path().join("journal.json").exists());
    }
}
