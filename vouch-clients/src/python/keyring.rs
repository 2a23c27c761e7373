//! `keyring` on PATH, which pip, uv and pdm start: ours where there is no other.

use std::env;
use std::env::consts::EXE_SUFFIX;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use vouch_core::Failure;
use vouch_core::home::Home;

use super::folders;
use super::wheel::Environment;
use crate::cargo;
use crate::journal::Link;
use crate::program;

/// Our program, and where it may be linked.
#[derive(Debug, Clone)]
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
        let other = match self.found() {
            Found::Other(other, _) => Some(other),
            Found::Ours | Found::None => None,
        };
        match (self.place(), other) {
            (Place::Behind, Some(other)) => Err(Failure::configuration(
                format!("no folder of yours is on PATH before that of `{}`", other.display()),
                self.first_on_path(),
            )),
            (Place::Stays, Some(other)) => Ok(self.advice(&other).into_iter().collect()),
            (Place::LinkOffPath(folder), _) => Ok(vec![format!(
                "`{0}` is not on PATH: put it there, such as with `export PATH=\"{0}:$PATH\"` in `~/.profile`",
                folder.display(),
            )]),
            _ => Ok(Vec::new()),
        }
    }

    /// What to do about another one that stays in front, if it does not answer for Vouch by itself.
    fn advice(&self, other: &Path) -> Option<String> {
        let environment = Environment::of(other);
        if environment.as_ref().is_some_and(Environment::has_backend) {
            return None;
        }
        let how = environment.map(|found| format!(" ({})", found.install("keyring"))).unwrap_or_default();
        Some(format!(
            "`{}` is the `keyring` that is started: install the wheel of `pip-keyring-vouch` beside it{how}, or add \
             `--chain` to put Vouch's in front of it",
            other.display()
        ))
    }

    /// How ours comes before another one; `setup` is the sentence with the command that does it where there is room.
    pub(super) fn way_past(&self, other: &Path, setup: &str) -> String {
        let chained = Self { chain: true, ..self.clone() };
        let room = match chained.place() {
            Place::Behind => format!("{} ", self.first_on_path()),
            _ => String::new(),
        };
        let wheel = Environment::of(other)
            .map(|found| format!(" Or install the wheel beside it: {}.", found.install("keyring")));
        format!(
            "{room}{setup} That puts Vouch's in front, which hands other requests on.{}",
            wheel.unwrap_or_default()
        )
    }

    /// Where a `keyring` of the person's own would come before all others.
    fn first_on_path(&self) -> String {
        let folder = self.fallback().display();
        format!(
            "Put `{folder}` first on PATH, such as with `export PATH=\"{folder}:$PATH\"` in `~/.profile`, then run the command again."
        )
    }

    /// All others that stand behind the one that is started.
    pub(super) fn behind(&self) -> Vec<PathBuf> {
        let path = env::join_paths(&self.path).unwrap_or_default();
        program::all_in(OsStr::new("keyring"), &path).skip(1).collect()
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
        let (folder, off_path) = match self.place() {
            Place::Stays | Place::Behind => return Ok(Vec::new()),
            Place::Link(folder) => (folder, false),
            Place::LinkOffPath(folder) => (folder, true),
        };
        let found = self.found();
        let link = link_in(&folder);
        if is_same(&link, &self.program) {
            return Ok(Vec::new());
        }
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
        let link = link.display();
        Ok(vec![match found {
            Found::Other(other, _) => {
                format!("`{link}` is Vouch's, and hands other requests on to `{}`", other.display())
            }
            _ if off_path => format!("made `{link}`, which clients start once its folder is on PATH"),
            _ => format!("`{link}` is the `keyring` that clients start"),
        }])
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
        let note = keyring.notes().unwrap();
        assert!(note.len() == 1 && note[0].contains(".local/bin` is not on PATH"), "{note:?}");
        let done = link(&keyring, dir.path()).unwrap();
        assert!(done.len() == 1 && done[0].contains("once its folder is on PATH"), "{done:?}");
        assert!(is_same(&dir.path().join(".local/bin/keyring"), &keyring.program));
        // A second time it is said again: it still does not work.
        assert_eq!(keyring.notes().unwrap(), note);
        assert_eq!(link(&keyring, dir.path()).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn another_one_stays_unless_the_person_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let other = dir.path().join("system/keyring");
        executable(&other);
        let stays = keyring(dir.path(), &[".cargo/bin", "system"], false);
        assert!(stays.notes().unwrap()[0].contains("--chain"));
        assert_eq!(link(&stays, dir.path()).unwrap(), Vec::<String>::new());
        let way = |keyring: &Keyring| keyring.way_past(&other, "Run `setup --chain`.");
        assert!(way(&stays).starts_with("Run `setup --chain`."), "{}", way(&stays));
        let behind = keyring(dir.path(), &["system", ".cargo/bin"], true);
        assert!(behind.notes().is_err());
        let first = format!("Put `{}` first on PATH", dir.path().join(".local/bin").display());
        assert!(way(&behind).starts_with(&first), "{}", way(&behind));
        let chained = keyring(dir.path(), &[".cargo/bin", "system"], true);
        assert_eq!(chained.notes().unwrap(), Vec::<String>::new());
        assert!(link(&chained, dir.path()).unwrap()[0].contains("hands other requests on"));
        assert_eq!(chained.found(), Found::Ours);
    }

    #[test]
    fn another_one_with_the_wheel_beside_it_is_as_good_and_all_of_them_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (dir.path().join("venv/bin/keyring"), dir.path().join("system/keyring"));
        executable(&first);
        executable(&second);
        fs::write(&first, format!("#!{}\n", dir.path().join("venv/bin/python").display())).unwrap();
        fs::write(dir.path().join("venv/pyvenv.cfg"), "").unwrap();
        let keyring = keyring(dir.path(), &["venv/bin", "system"], false);
        assert_eq!(keyring.behind(), [second]);
        assert!(keyring.notes().unwrap()[0].contains("pip install"));
        fs::create_dir_all(dir.path().join("venv/lib/python3.13/site-packages/keyring_vouch")).unwrap();
        assert_eq!(keyring.notes().unwrap(), Vec::<String>::new());
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
