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
use vouch_core::files::shell_quoted;
use vouch_core::home::Home;
use vouch_helper::home::served_by;

use super::folders;
use crate::cargo;
use crate::home_argument::{HomeArgument, other_owner};
use crate::journal::{self, Link};
use crate::program;

/// Our program, and where it may be linked.
#[derive(Debug)]
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
        let Found::Other(other, _) = self.found() else { return Ok(Vec::new()) };
        let other = other.display();
        match self.link_plan() {
            LinkPlan::Behind => Err(Failure::configuration(
                format!("no folder of yours is on PATH before that of `{other}`"),
                format!("Put `{}` first on PATH, then run the command again.", self.fallback().display()),
            )),
            LinkPlan::Stays => Ok(vec![format!(
                "`{other}` is the `keyring` that is started: install the wheel of `pip-keyring-vouch` beside it, or add \
                 `--chain` to put Vouch's in front of it"
            )]),
            LinkPlan::Link(_) | LinkPlan::LinkOffPath(_) | LinkPlan::Taken(..) => Ok(Vec::new()),
        }
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
        let (folder, off_path) = match self.link_plan() {
            LinkPlan::Stays | LinkPlan::Behind | LinkPlan::Taken(..) => return Ok(Vec::new()),
            LinkPlan::Link(folder) => (folder, false),
            LinkPlan::LinkOffPath(folder) => (folder, true),
        };
        let found = self.found();
        let link = link_in(&folder);
        let mut made: Vec<Link> = Vec::new();
        for (link, target) in self.missing() {
            let recorded = Link::new(client, &link, &target);
            recorded.record(&self.home)?;
            if let Err(error) = self.make(&target, &link) {
                // The error at hand matters more.
                let _ = recorded.forget(&self.home);
                for before in made {
                    let _ = before.take_back(&self.home);
                }
                return Err(Failure::configuration(
                    format!("cannot make `{}`, which clients are to start", link.display()),
                    "Make that folder writable or the file go away, then run the command again.",
                )
                .because(&error));
            }
            made.push(recorded);
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

    fn make(&self, target: &Path, link: &Path) -> io::Result<()> {
        if let Some(folder) = link.parent() {
            fs::create_dir_all(folder)?;
        }
        // A link that leads nowhere or to our program is one of ours from before; anything else is somebody's.
        let is_link = link.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
        if is_link && (!link.exists() || is_same(link, &self.program)) {
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
