//! `keyring` on PATH, which pip, uv and pdm start: ours where there is no other.

use std::env;
use std::env::consts::EXE_SUFFIX;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use vouch_core::Failure;
use vouch_core::config::ConfigLock;
use vouch_core::home::Home;

use super::folders;
use crate::cargo;
use crate::journal::Link;
use crate::program;

/// Our program, and where it may be linked.
#[derive(Debug)]
pub(super) struct Keyring {
    program: PathBuf,
    /// Folders of the person's own, the best first.
    folders: Vec<PathBuf>,
    path: Vec<PathBuf>,
    chain: bool,
}

/// What clients find by the name `keyring`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Ours,
    /// Another one, and its place on PATH.
    Other(PathBuf, usize),
    None,
}

/// Where ours is to be.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// Nowhere: it is there, or another one is.
    Stays,
    Link(PathBuf),
    /// In a folder that clients do not look into yet.
    LinkOffPath(PathBuf),
    /// No folder comes before that of the other one.
    Behind,
}

impl Keyring {
    /// Finds our program and looks at PATH.
    pub(super) fn new(chain: bool) -> Result<Self, Failure> {
        let program = cargo::find_program("pip-keyring-vouch").ok_or_else(|| {
            Failure::configuration(
                "`pip-keyring-vouch` is missing: it is neither beside `vouch` nor on PATH",
                "Install `pip-keyring-vouch` into the folder of `vouch`.",
            )
        })?;
        let own = program.parent().map(Path::to_owned).filter(|folder| is_writable(folder));
        let folders = own.into_iter().chain([folders::home()?.join(".local/bin")]).collect();
        let path = vouch_core::env::var_os("PATH").unwrap_or_default();
        Ok(Self { program, folders, path: split(&path), chain })
    }

    /// What the person should know before anything is done.
    pub(super) fn notes(&self) -> Result<Vec<String>, Failure> {
        let Found::Other(other, _) = self.found() else { return Ok(Vec::new()) };
        let other = other.display();
        match self.place() {
            Place::Behind => Err(Failure::configuration(
                format!("no folder of yours is on PATH before that of `{other}`"),
                format!("Put `{}` first on PATH, then run the command again.", self.fallback().display()),
            )),
            Place::Stays => Ok(vec![format!(
                "`{other}` is the `keyring` that is started: install the wheel of `pip-keyring-vouch` beside it, or add \
                 `--chain` to put Vouch's in front of it"
            )]),
            Place::Link(_) | Place::LinkOffPath(_) => Ok(Vec::new()),
        }
    }

    /// What clients find by the name `keyring`.
    pub(super) fn found(&self) -> Found {
        let path = env::join_paths(&self.path).unwrap_or_default();
        let Some(program) = program::all_in(OsStr::new("keyring"), &path).next() else { return Found::None };
        if is_same(&program, &self.program) {
            return Found::Ours;
        }
        let at = self.path.iter().position(|folder| program.parent() == Some(folder.as_path()));
        Found::Other(program, at.unwrap_or_default())
    }

    /// The link that [`Self::link`] would make.
    pub(super) fn would_link(&self) -> Vec<String> {
        let (Place::Link(folder) | Place::LinkOffPath(folder)) = self.place() else { return Vec::new() };
        let link = link_in(&folder);
        if is_same(&link, &self.program) {
            return Vec::new();
        }
        vec![format!("`{}` would be made, a link to `{}`", link.display(), self.program.display())]
    }

    /// Links our program as `keyring`, where that is called for, writes that into the journal, and says so.
    pub(super) fn link(&self, home: &Home, client: &str) -> Result<Vec<String>, Failure> {
        // Of two setups at once, one makes it and the other one finds it.
        let _lock = ConfigLock::acquire(home)?;
        let (folder, off_path) = match self.place() {
            Place::Stays | Place::Behind => return Ok(Vec::new()),
            Place::Link(folder) => (folder, false),
            Place::LinkOffPath(folder) => (folder, true),
        };
        let found = self.found();
        let link = link_in(&folder);
        if !is_same(&link, &self.program) {
            let recorded = Link::new(client, &link, &self.program);
            recorded.record(home)?;
            if let Err(error) = make(&self.program, &link) {
                // The error at hand matters more.
                let _ = recorded.forget(home);
                return Err(Failure::configuration(
                    format!("cannot make `{}`, which clients are to start", link.display()),
                    "Make that folder writable or the file go away, then run the command again.",
                )
                .because(&error));
            }
        }
        let mut done = vec![match found {
            Found::Other(other, _) => {
                format!(
                    "`{}` is Vouch's, and hands other requests on to `{}`",
                    link.display(),
                    other.display()
                )
            }
            _ => format!("`{}` is the `keyring` that clients start", link.display()),
        }];
        if off_path {
            done.push(format!(
                "`{}` is not on PATH: put it there, such as with `export PATH=\"{}:$PATH\"` in `~/.profile`",
                folder.display(),
                folder.display()
            ));
        }
        Ok(done)
    }

    fn place(&self) -> Place {
        let before = match self.found() {
            Found::Ours => return Place::Stays,
            Found::Other(..) if !self.chain => return Place::Stays,
            Found::Other(_, at) => at,
            Found::None => self.path.len(),
        };
        let ahead = self.path.get(..before).unwrap_or_default();
        match self.folders.iter().find(|folder| ahead.contains(folder)) {
            Some(folder) => Place::Link(folder.clone()),
            None if before < self.path.len() => Place::Behind,
            None => Place::LinkOffPath(self.fallback().to_owned()),
        }
    }

    /// The person's usual folder for programs.
    fn fallback(&self) -> &Path {
        self.folders.last().map_or(Path::new(""), PathBuf::as_path)
    }
}

fn link_in(folder: &Path) -> PathBuf {
    folder.join(format!("keyring{EXE_SUFFIX}"))
}

fn split(path: &OsStr) -> Vec<PathBuf> {
    // Without a slash at the end, so that folders can be compared.
    let plain = |folder: PathBuf| folder.components().collect();
    env::split_paths(path).filter(|folder| folder.is_absolute()).map(plain).collect()
}

fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(one).is_some_and(|one| real(other) == Some(one))
}

fn make(program: &Path, link: &Path) -> io::Result<()> {
    if let Some(folder) = link.parent() {
        fs::create_dir_all(folder)?;
    }
    // A link that leads nowhere is one of ours from before; anything else is somebody's.
    if link.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) && !link.exists() {
        fs::remove_file(link)?;
    }
    #[cfg(unix)]
    return std::os::unix::fs::symlink(program, link);
    // Links need a right there that few have.
    #[cfg(not(unix))]
    return match link.exists() {
        true => Err(io::ErrorKind::AlreadyExists.into()),
        false => fs::copy(program, link).map(drop),
    };
}

/// Whether the folder is the person's own, not the system's.
#[cfg(unix)]
fn is_writable(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let uid = rustix::process::geteuid().as_raw();
    let home = vouch_core::env::home_dir().unwrap_or_default();
    folder.starts_with(home) && folder.metadata().is_ok_and(|metadata| metadata.uid() == uid)
}

#[cfg(not(unix))]
fn is_writable(folder: &Path) -> bool {
    folder.starts_with(vouch_core::env::home_dir().unwrap_or_default())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A home with `.cargo/bin` for ours, and a system folder.
    fn keyring(dir: &Path, path: &[&str], chain: bool) -> Keyring {
        let folders = [".cargo/bin", ".local/bin"].map(|folder| dir.join(folder));
        fs::create_dir_all(&folders[0]).unwrap();
        let program = folders[0].join("pip-keyring-vouch");
        executable(&program);
        let path = path.iter().map(|folder| dir.join(folder)).collect();
        Keyring { program, folders: folders.into(), path, chain }
    }

    fn link(keyring: &Keyring, dir: &Path) -> Result<Vec<String>, Failure> {
        keyring.link(&Home::at(dir.join("vouch")).unwrap(), "pip")
    }

    fn executable(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn it_is_linked_once_where_there_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let keyring = keyring(dir.path(), &["system", ".cargo/bin"], false);
        assert_eq!((keyring.found(), keyring.notes().unwrap()), (Found::None, vec![]));
        assert!(keyring.would_link()[0].contains(".cargo/bin/keyring` would be made"));
        assert_eq!(keyring.found(), Found::None);
        assert_eq!(link(&keyring, dir.path()).unwrap().len(), 1);
        assert_eq!((keyring.found(), keyring.would_link()), (Found::Ours, vec![]));
        assert_eq!(link(&keyring, dir.path()).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_folder_that_is_not_on_path_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let keyring = keyring(dir.path(), &["system"], false);
        let done = link(&keyring, dir.path()).unwrap();
        assert!(done[1].contains(".local/bin` is not on PATH"), "{done:?}");
        assert!(is_same(&dir.path().join(".local/bin/keyring"), &keyring.program));
        // A second time it is said again: it still does not work.
        assert_eq!(link(&keyring, dir.path()).unwrap(), done);
    }

    #[test]
    fn another_one_stays_unless_the_person_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let other = dir.path().join("system/keyring");
        executable(&other);
        let stays = keyring(dir.path(), &[".cargo/bin", "system"], false);
        assert!(stays.notes().unwrap()[0].contains("--chain"));
        assert_eq!(link(&stays, dir.path()).unwrap(), Vec::<String>::new());
        let behind = keyring(dir.path(), &["system", ".cargo/bin"], true);
        assert!(behind.notes().is_err());
        let chained = keyring(dir.path(), &[".cargo/bin", "system"], true);
        assert_eq!(chained.notes().unwrap(), Vec::<String>::new());
        assert!(link(&chained, dir.path()).unwrap()[0].contains("hands other requests on"));
        assert_eq!(chained.found(), Found::Ours);
    }

    #[test]
    fn what_is_in_the_way_is_not_removed() {
        let dir = tempfile::tempdir().unwrap();
        let keyring = keyring(dir.path(), &[".cargo/bin"], false);
        let place = dir.path().join(".cargo/bin/keyring");
        fs::write(&place, "mine").unwrap();
        assert!(link(&keyring, dir.path()).is_err());
        assert_eq!(fs::read_to_string(&place).unwrap(), "mine");
        assert!(!dir.path().join("vouch/journal.json").exists());
        fs::remove_file(&place).unwrap();
        std::os::unix::fs::symlink("/nonexistent", &place).unwrap();
        link(&keyring, dir.path()).unwrap();
        assert_eq!(keyring.found(), Found::Ours);
    }
}
