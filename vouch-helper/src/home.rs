//! Which home a program of ours serves: the one that its command line names, else the one that it was called by, and only
//! then that of `VOUCH_HOME` or the usual one. A file that two homes share is right in every environment.

use std::borrow::Cow;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use vouch_core::Context;
use vouch_core::config::Config;
use vouch_core::files::shell_quoted;
use vouch_core::hint::LOGIN;
use vouch_core::home::{Home, HomeError};

use crate::program;
use crate::text::printable;

/// What names a home on the command line of each of our programs, before its path.
pub const FLAG: &str = "--home";

/// Programs whose own name says nothing of a home.
const PROGRAMS: [&str; 3] = ["cargo-credential-vouch", "npm-token-vouch", "pip-keyring-vouch"];

/// The most links from a name to a program, as on Linux.
const LINKS: usize = 40;

/// The home that the words behind a program's name begin with, as `--home PATH` or `--home=PATH`, and how many words that
/// is. A flag without a path names the empty one, which is nobody's.
pub fn flag<W: AsRef<OsStr>>(words: &[W]) -> Option<(PathBuf, usize)> {
    let first = words.first()?.as_ref();
    if first == FLAG {
        let path = words.get(1).map(|word| word.as_ref().into()).unwrap_or_default();
        return Some((path, words.len().min(2)));
    }
    Some((first.to_str()?.strip_prefix(FLAG)?.strip_prefix('=')?.into(), 1))
}

/// The context of a run, with the home that was named by [`FLAG`], if one was.
///
/// # Errors
/// When the home cannot be used.
pub fn context(named: Option<&Path>) -> Result<Context, HomeError> {
    let home = match (named, called_for()) {
        (Some(named), _) => Home::named(named, FLAG)?,
        (None, Some(linked)) => Home::named(linked, "the link to this program")?,
        (None, None) => Home::from_env()?,
    };
    tell(&home);
    Ok(Context::new(home))
}

/// The home that this run is for, for [`commands`].
static TOLD: OnceLock<PathBuf> = OnceLock::new();

/// Says which home this run is for, so that [`commands`] name it.
pub fn tell(home: &Home) {
    // There is one in a run.
    let _ = TOLD.set(home.path().to_owned());
}

/// A text for the user in which the commands of ours are those of the home of this run: they name it where they would reach
/// another one without it in this environment, and log in as it is logged in to.
pub fn commands(text: &str) -> Cow<'_, str> {
    naming(text, || env_var_home().or_else(Home::usual))
}

/// The same for what is to be typed later: `VOUCH_HOME` may have been for this run alone.
pub fn later_commands(text: &str) -> Cow<'_, str> {
    naming(text, Home::usual)
}

fn env_var_home() -> Option<PathBuf> {
    vouch_core::env::var_os("VOUCH_HOME").map(PathBuf::from)
}

/// Names the home of this run unless it is the one that would be reached.
fn naming(text: &str, reached: impl FnOnce() -> Option<PathBuf>) -> Cow<'_, str> {
    let text = logging_in(text);
    let told = || Some((Home::at(TOLD.get()?).ok()?, reached()?));
    match text.contains('`').then(told).flatten() {
        Some((home, reached)) if !home.is_at(&reached) => with_home(&text, home.path()).into(),
        _ => text,
    }
}

/// In the home of a job, which has no YubiKey, a login is that of the job.
fn logging_in(text: &str) -> Cow<'_, str> {
    let login = LOGIN.to_string();
    let job = || {
        let config = Config::load(&Home::at(TOLD.get()?).ok()?).ok()?;
        Some(config.job()?.hint().to_string())
    };
    match text.contains(&login).then(job).flatten() {
        Some(job) => text.replace(&login, &printable(&job)).into(),
        None => text.into(),
    }
}

/// The same with a home that is given.
fn with_home(text: &str, home: &Path) -> String {
    let named = |(place, part): (usize, &str)| {
        let command = ["vouch", "npm-token-vouch"]
            .into_iter()
            .find_map(|program| Some((program, part.strip_prefix(program)?.strip_prefix(' ')?)));
        match command {
            // What is between two of them is a command.
            Some((program, rest)) if place % 2 == 1 && !rest.contains(FLAG) => {
                format!("{program} {FLAG} {} {rest}", printable(&shell_quoted(home)))
            }
            _ => part.to_owned(),
        }
    };
    text.split('`').enumerate().map(named).collect::<Vec<_>>().join("`")
}

/// The home that a program serves when it is started by this path: the one whose folder of programs the path is in, or a
/// link on the way from there.
pub fn served_by(path: &Path) -> Option<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        if let Some(home) = Home::of_program(&path) {
            return Some(home);
        }
        let link = fs::read_link(&path).ok()?;
        path = path.parent()?.join(link);
    }
    None
}

/// The home that the name says by which this program was called.
pub fn called_for() -> Option<PathBuf> {
    let called = env::args_os().next()?;
    let name = Path::new(&called).file_stem()?;
    if PROGRAMS.iter().any(|own| name == *own) {
        return None;
    }
    served_by(&started(&called)?)
}

/// The file that was started by the first word of a command line. The word alone can be anything.
fn started(called: &OsStr) -> Option<PathBuf> {
    let called = Path::new(called);
    if called.components().count() > 1 {
        return std::path::absolute(called).ok();
    }
    let found = program::on_path(called.to_str()?)?;
    let real = env::current_exe().ok()?.canonicalize().ok()?;
    (found.canonicalize().ok()? == real).then_some(found)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn the_flag_comes_first_or_is_none() {
        let read = |line: &[&str]| flag(line).map(|(path, words)| (path.display().to_string(), words));
        assert_eq!(read(&["--home", "/a b", "get"]), Some(("/a b".into(), 2)));
        assert_eq!(read(&["--home=/a", "get"]), Some(("/a".into(), 1)));
        assert_eq!(read(&["--home"]), Some((String::new(), 1)));
        assert_eq!(read(&["--home="]), Some((String::new(), 1)));
        for other in [&[][..], &["get", "--home", "/a"], &["--homes", "/a"], &["--hom=/a"]] {
            assert_eq!(read(other), None, "{other:?}");
        }
        assert!(context(Some(Path::new(""))).is_err());
        assert!(context(Some(Path::new("relative"))).is_err());
    }

    #[test]
    fn commands_name_the_home() {
        let home = Path::new("/home/bob/it's 2");
        for (text, expected) in [
            ("Run `vouch login`.", r"Run `vouch --home '/home/bob/it'\''s 2' login`."),
            ("`npm-token-vouch refresh`", r"`npm-token-vouch --home '/home/bob/it'\''s 2' refresh`"),
            (
                "`vouch login --home /x`, `vouch`, vouch login",
                "`vouch login --home /x`, `vouch`, vouch login",
            ),
            ("`/bin/vouch login` `pip show vouch x`", "`/bin/vouch login` `pip show vouch x`"),
            ("`a` vouch login `b`", "`a` vouch login `b`"),
        ] {
            assert_eq!(with_home(text, home), expected);
        }
    }

    #[test]
    fn a_link_serves_the_home_that_it_leads_through() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        for folder in ["alice/vault", "alice/bin", "bob/vault", "bob/bin", "local/bin", "opt/bin"] {
            fs::create_dir_all(path(folder)).unwrap();
        }
        fs::write(path("opt/bin/program"), "").unwrap();
        symlink(path("opt/bin/program"), path("alice/bin/keyring")).unwrap();
        symlink("../../opt/bin/program", path("bob/bin/keyring")).unwrap();
        symlink(path("bob/bin/keyring"), path("local/bin/keyring")).unwrap();
        symlink(path("local/bin/keyring"), path("alice/bin/other")).unwrap();
        symlink(path("opt/bin/program"), path("local/bin/plain")).unwrap();
        symlink(path("local/bin/circle"), path("local/bin/circle")).unwrap();
        for (name, home) in [
            ("alice/bin/keyring", Some("alice")),
            ("bob/bin/keyring", Some("bob")),
            ("local/bin/keyring", Some("bob")),
            // The nearest one counts.
            ("alice/bin/other", Some("alice")),
            ("local/bin/plain", None),
            ("local/bin/circle", None),
            ("opt/bin/program", None),
            ("opt/bin/none", None),
        ] {
            assert_eq!(served_by(&path(name)), home.map(path), "{name}");
        }
    }
}
