//! `keyring` on PATH, which pip, uv and pdm start: ours where there is no other.
//!
//! It has one name and takes no arguments of ours, so the link that clients start leads through the `bin` folder of the home
//! that made it: our program tells by it which home to ask.

use std::env;
use std::env::consts::EXE_SUFFIX;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use vouch_core::Failure;
use vouch_core::config::ConfigLock;
use vouch_core::files::shell_quoted;
use vouch_core::home::Home;
use vouch_helper::home::served_by;

use super::folders;
use super::wheel::Environment;
use crate::cargo;
use crate::home_argument::{HomeArgument, other_owner};
use crate::journal::{self, Link};
use crate::program::{self, is_same};

/// Our program, and where it may be linked.
#[derive(Debug, Clone)]
pub(super) struct Keyring {
    home: Home,
    program: PathBuf,
    /// Folders of the person's own, the best first.
    folders: Vec<PathBuf>,
    path: Vec<PathBuf>,
    chain: bool,
}

/// What clients find by the name `keyring`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Ours, by this link.
    Ours(PathBuf),
    /// Another one, and its place on PATH.
    Other(PathBuf, usize),
    None,
}

/// Whose a link to our program is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// This home's, as the link says.
    Named,
    /// It says nothing, and this home's setup made it.
    Former,
    /// It says nothing, and somebody else made it.
    Unnamed,
    /// Another home's.
    Of(PathBuf),
}

/// Where ours is to be.
#[derive(Debug, PartialEq, Eq)]
enum LinkPlan {
    /// Nowhere: it is there, or another one is.
    Stays,
    Link(PathBuf),
    /// In a folder that clients do not look into yet.
    LinkOffPath(PathBuf),
    /// No folder comes before that of the other one.
    Behind,
    /// The link is another home's.
    Taken(PathBuf, PathBuf),
}

impl Keyring {
    /// Finds our program and looks at PATH.
    pub(super) fn new(home: &Home, chain: bool) -> Result<Self, Failure> {
        HomeArgument::new(home)?;
        let program = cargo::find_program("pip-keyring-vouch").ok_or_else(|| {
            Failure::configuration(
                "`pip-keyring-vouch` is missing: it is neither beside `vouch` nor on PATH",
                "Install `pip-keyring-vouch` into the folder of `vouch`.",
            )
        })?;
        let own = program.parent().map(Path::to_owned).filter(|folder| is_writable(folder));
        let folders = match cfg!(unix) || home.is_usual() {
            true => own.into_iter().chain([folders::home()?.join(".local/bin")]).collect(),
            // A copy in another folder would say nothing.
            false => vec![home.bin()],
        };
        let path = vouch_core::env::var_os("PATH").unwrap_or_default();
        Ok(Self { home: home.clone(), program, folders, path: split(&path), chain })
    }

    /// What the person should know before anything is done.
    pub(super) fn notes(&self) -> Result<Vec<String>, Failure> {
        if let Some(taken) = self.taken() {
            return Err(taken);
        }
        let other = match self.found() {
            Found::Other(other, _) => Some(other),
            Found::Ours(_) | Found::None => None,
        };
        match (self.link_plan(), other) {
            (LinkPlan::Behind, Some(other)) => Err(Failure::configuration(
                format!("no folder of yours is on PATH before that of `{}`", other.display()),
                self.first_on_path(),
            )),
            (LinkPlan::Stays, Some(other)) => Ok(self.advice(&other).into_iter().collect()),
            (LinkPlan::LinkOffPath(folder), _) => Ok(vec![put_on_path(&folder)]),
            _ => Ok(Vec::new()),
        }
    }

    /// What to do where the link is there, and only its folder is missing from PATH.
    pub(super) fn off_path(&self) -> Option<String> {
        let LinkPlan::LinkOffPath(folder) = self.link_plan() else { return None };
        is_same(&link_in(&folder), &self.program).then(|| put_on_path(&folder))
    }

    /// That clients start the link of another home, if they do.
    pub(super) fn taken(&self) -> Option<Failure> {
        let LinkPlan::Taken(link, owner) = self.link_plan() else { return None };
        Some(Failure::configuration(
            format!(
                "`{}` is the `keyring` that clients start, and it asks another home of Vouch, `{}`",
                link.display(),
                owner.display()
            ),
            format!("{}, then run the command again.", self.put_first()),
        ))
    }

    /// How clients come to start the link in the home's own folder.
    pub(super) fn put_first(&self) -> String {
        format!(
            "Put this home's own folder first on PATH: `export PATH={}:\"$PATH\"`",
            shell_quoted(&self.home.bin())
        )
    }

    /// Whether the home's own folder has its link.
    pub(super) fn has_own(&self) -> bool {
        is_same(&self.own_link(), &self.program)
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
        let room = match chained.link_plan() {
            LinkPlan::Behind => format!("{} ", self.first_on_path()),
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
            return Found::Ours(program);
        }
        let at = self.place_on_path(&program);
        Found::Other(program, at)
    }

    /// Whose a link to our program is.
    pub(super) fn standing(&self, link: &Path) -> Standing {
        let served = served_by(link);
        if served.as_deref().is_some_and(|served| self.home.is_at(served)) {
            return Standing::Named;
        }
        let made =
            || journal::links(&self.home).is_ok_and(|links| links.iter().any(|known| known.path == link));
        if served.is_none() && made() {
            return Standing::Former;
        }
        match other_owner(&self.home, served.as_deref()) {
            Some(owner) => Standing::Of(owner),
            None if served.is_some() => Standing::Former,
            None => Standing::Unnamed,
        }
    }

    /// The links that [`Self::link`] would make.
    pub(super) fn would_link(&self) -> Vec<String> {
        let links = self.missing().into_iter();
        links
            .map(|(link, target)| {
                format!("`{}` would be made, a link to `{}`", link.display(), target.display())
            })
            .collect()
    }

    /// Links our program as `keyring`, where that is called for, writes that into the journal, and says so.
    pub(super) fn link(&self, client: &str) -> Result<Vec<String>, Failure> {
        // Of two setups at once, one makes it and the other one finds it.
        let _lock = ConfigLock::acquire(&self.home)?;
        let (folder, off_path) = match self.link_plan() {
            LinkPlan::Stays | LinkPlan::Behind | LinkPlan::Taken(..) => return Ok(Vec::new()),
            LinkPlan::Link(folder) => (folder, false),
            LinkPlan::LinkOffPath(folder) => (folder, true),
        };
        let found = self.found();
        let mut made: Vec<Link> = Vec::new();
        for (link, target) in self.missing() {
            let recorded = Link::new(client, &link, &target);
            let is_of_before = self.is_of_before(&link);
            recorded.record(&self.home)?;
            if let Err(error) = self.make(&target, &link, is_of_before) {
                // The error at hand matters more.
                let _ = recorded.abandon(&self.home);
                for before in made.into_iter().rev() {
                    let _ = before.revert(&self.home);
                }
                return Err(Failure::configuration(
                    format!("cannot make `{}`, which clients are to start", link.display()),
                    "Make that folder writable or the file go away, then run the command again.",
                )
                .because(&error));
            }
            made.push(recorded);
        }
        if made.is_empty() {
            return Ok(Vec::new());
        }
        let link = link_in(&folder);
        let link = link.display();
        Ok(vec![match found {
            Found::Other(other, _) => {
                format!("`{link}` is Vouch's, and hands other requests on to `{}`", other.display())
            }
            _ if off_path => format!("made `{link}`, which clients start once its folder is on PATH"),
            _ => format!("`{link}` is the `keyring` that clients start"),
        }])
    }

    fn link_plan(&self) -> LinkPlan {
        let (before, theirs) = match self.found() {
            Found::Ours(link) => match self.standing(&link) {
                Standing::Named | Standing::Unnamed => return LinkPlan::Stays,
                Standing::Former => {
                    return LinkPlan::Link(link.parent().map(Path::to_owned).unwrap_or_default());
                }
                Standing::Of(owner) => (self.place_on_path(&link), Some((link, owner))),
            },
            Found::Other(..) if !self.chain => return LinkPlan::Stays,
            Found::Other(_, at) => (at, None),
            Found::None => (self.path.len(), None),
        };
        let ahead = self.path.get(..before).unwrap_or_default();
        let own = self.home.bin();
        if let Some((link, owner)) = theirs {
            return if ahead.contains(&own) { LinkPlan::Link(own) } else { LinkPlan::Taken(link, owner) };
        }
        let folder = std::iter::once(&own).chain(&self.folders).find(|folder| ahead.contains(folder));
        let (folder, on_path) = match folder {
            Some(folder) => (folder.as_path(), true),
            None if before < self.path.len() => return LinkPlan::Behind,
            None => (self.fallback(), false),
        };
        let link = link_in(folder);
        match self.standing(&link) {
            // One that clients do not find, or cannot start.
            Standing::Of(owner) if is_same(&link, &self.program) => LinkPlan::Taken(link, owner),
            _ if on_path => LinkPlan::Link(folder.to_owned()),
            _ => LinkPlan::LinkOffPath(folder.to_owned()),
        }
    }

    fn place_on_path(&self, program: &Path) -> usize {
        self.path.iter().position(|folder| program.parent() == Some(folder.as_path())).unwrap_or_default()
    }

    /// The links that are not there yet, and where each is to lead: from where clients look into the home's own folder, and
    /// from there to our program.
    fn missing(&self) -> Vec<(PathBuf, PathBuf)> {
        let (LinkPlan::Link(folder) | LinkPlan::LinkOffPath(folder)) = self.link_plan() else {
            return Vec::new();
        };
        let (link, own) = (link_in(&folder), self.own_link());
        // One that says nothing and that somebody made stays as it is.
        let is_kept = || matches!(self.standing(&link), Standing::Named | Standing::Unnamed);
        if is_same(&link, &self.program) && is_kept() {
            return Vec::new();
        }
        let mut missing = Vec::new();
        if !self.has_own() {
            missing.push((own.clone(), self.program.clone()));
        }
        if link != own {
            missing.push((link, own));
        }
        missing
    }

    fn own_link(&self) -> PathBuf {
        link_in(&self.home.bin())
    }

    /// Whether what is at a place is one of ours from before: a link that leads nowhere or to our program, or a copy that setup
    /// made. Anything else is somebody's.
    fn is_of_before(&self, link: &Path) -> bool {
        let made = || {
            let links = journal::links(&self.home).unwrap_or_default();
            links.iter().any(|known| known.path == link && known.is_as_made())
        };
        match link.is_symlink() {
            true => !link.exists() || is_same(link, &self.program),
            false => cfg!(not(unix)) && (is_same(link, &self.program) || made()),
        }
    }

    fn make(&self, target: &Path, link: &Path, is_of_before: bool) -> io::Result<()> {
        if let Some(folder) = link.parent() {
            fs::create_dir_all(folder)?;
        }
        if is_of_before {
            fs::remove_file(link)?;
        }
        #[cfg(unix)]
        return std::os::unix::fs::symlink(target, link);
        // Links need a right there that few have.
        #[cfg(not(unix))]
        return match link.exists() {
            true => Err(io::ErrorKind::AlreadyExists.into()),
            false => fs::copy(target, link).map(drop),
        };
    }

    /// The person's usual folder for programs.
    fn fallback(&self) -> &Path {
        self.folders.last().map_or(Path::new(""), PathBuf::as_path)
    }
}

fn put_on_path(folder: &Path) -> String {
    format!(
        "`{0}` is not on PATH: put it there, such as with `export PATH=\"{0}:$PATH\"` in `~/.profile`",
        folder.display()
    )
}

fn link_in(folder: &Path) -> PathBuf {
    folder.join(format!("keyring{EXE_SUFFIX}"))
}

fn split(path: &OsStr) -> Vec<PathBuf> {
    // Without a slash at the end, so that folders can be compared.
    let plain = |folder: PathBuf| folder.components().collect();
    env::split_paths(path).filter(|folder| folder.is_absolute()).map(plain).collect()
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
#[path = "keyring_tests.rs"]
mod tests;
