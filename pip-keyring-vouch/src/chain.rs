//! The next `keyring` on PATH, for what is none of our business.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use vouch_helper::{home, program};

/// The name under which requests are handed on.
const NAME: &str = "keyring";

/// Who has handed this request on, as in PATH: whoever finds itself in it is asked in a circle. One program is several where
/// it serves several homes.
const PASSED: &str = "VOUCH_KEYRING_PASSED";

/// Lets the next `keyring` answer in our place; `None` where there is none or we were not called by that name.
pub(crate) fn hand_on(words: &[OsString]) -> Option<ExitCode> {
    let called = env::args_os().next()?;
    if Path::new(&called).file_stem()? != NAME {
        return None;
    }
    let path = vouch_core::env::var_os("PATH")?;
    let passed = vouch_core::env::var_os(PASSED).unwrap_or_default();
    let here = match home::called_for() {
        Some(home) => link_of(&home),
        None => env::current_exe().ok()?.canonicalize().ok()?,
    };
    let (next, passed) = next(&path, &passed, &here)?;
    let mut command = Command::new(&next);
    command.args(words).env(PASSED, passed);
    tracing::debug!(next = %next.display(), "handed on");
    run(command)
}

/// The program to hand on to, and the new list of those who have.
fn next(path: &OsStr, passed: &OsStr, here: &Path) -> Option<(PathBuf, OsString)> {
    let mut passed: Vec<PathBuf> =
        env::split_paths(passed).filter(|path| !path.as_os_str().is_empty()).collect();
    if passed.iter().any(|path| path == here) {
        return None;
    }
    passed.push(here.to_owned());
    let next = program::all_in(OsStr::new(NAME), path)
        .find(|program| identity(program).is_some_and(|other| !passed.contains(&other)))?;
    Some((next, env::join_paths(&passed).ok()?))
}

/// What tells one `keyring` from another: the home that it serves, else where it really is.
fn identity(program: &Path) -> Option<PathBuf> {
    match home::served_by(program) {
        Some(home) => Some(link_of(&home)),
        None => program.canonicalize().ok(),
    }
}

/// The link of a home, whichever way leads there.
fn link_of(home: &Path) -> PathBuf {
    home.canonicalize().unwrap_or_else(|_| home.to_owned()).join("bin").join(NAME)
}

/// On Unix the other program takes the place of this one, with its stdin and its terminal.
#[cfg(unix)]
fn run(mut command: Command) -> Option<ExitCode> {
    use std::os::unix::process::CommandExt;

    let error = command.exec();
    tracing::warn!(error = &error as &dyn std::error::Error, "the next keyring does not start");
    None
}

#[cfg(not(unix))]
fn run(mut command: Command) -> Option<ExitCode> {
    let status = command.status().ok()?;
    Some(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn program(folder: &Path, mode: u32) -> PathBuf {
        fs::create_dir_all(folder).unwrap();
        let path = folder.join(NAME);
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn the_next_one_is_neither_ourselves_nor_unfit() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let here = program(&root.join("ours"), 0o755);
        let (linked, unfit, folder, good) =
            (root.join("linked"), root.join("unfit"), root.join("folder"), root.join("good"));
        fs::create_dir_all(&linked).unwrap();
        symlink(&here, linked.join(NAME)).unwrap();
        program(&unfit, 0o644);
        fs::create_dir_all(folder.join(NAME)).unwrap();
        let wanted = program(&good, 0o755);
        let path = env::join_paths([
            Path::new("."),
            Path::new("relative"),
            &linked,
            &root.join("none"),
            &unfit,
            &folder,
            &good,
        ])
        .unwrap();
        let found = next(&path, OsStr::new(""), &here).unwrap();
        assert_eq!(found, (wanted, here.clone().into_os_string()));
        let path = env::join_paths([&linked, &unfit]).unwrap();
        assert_eq!(next(&path, OsStr::new(""), &here), None);
    }

    #[test]
    fn one_home_hands_on_to_the_next_and_never_in_a_circle() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let ours = program(&root.join("opt"), 0o755);
        for home in ["alice", "bob"] {
            fs::create_dir_all(root.join(home).join("vault")).unwrap();
            fs::create_dir_all(root.join(home).join("bin")).unwrap();
            symlink(&ours, root.join(home).join("bin").join(NAME)).unwrap();
        }
        fs::create_dir(root.join("local")).unwrap();
        let (alice, bob) = (root.join("alice/bin").join(NAME), root.join("bob/bin").join(NAME));
        let link = root.join("local").join(NAME);
        symlink(&alice, &link).unwrap();
        let path = env::join_paths(["bob/bin", "local", "opt"].map(|folder| root.join(folder))).unwrap();
        let (to, passed) = next(&path, OsStr::new(""), &bob).unwrap();
        assert_eq!(to, link);
        // The one that is left serves no home of its own.
        let (to, passed) = next(&path, &passed, &alice).unwrap();
        assert_eq!(to, ours);
        assert_eq!(next(&path, &passed, &ours), None);
        let path = env::join_paths(["bob/bin", "local"].map(|folder| root.join(folder))).unwrap();
        let (_, passed) = next(&path, OsStr::new(""), &bob).unwrap();
        assert_eq!(next(&path, &passed, &alice), None);
    }

    #[test]
    fn copies_of_ours_hand_on_but_never_in_a_circle() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let [first, second, third] = ["1", "2", "3"].map(|name| program(&root.join(name), 0o755));
        let path = env::join_paths(["1", "2", "3"].map(|name| root.join(name))).unwrap();
        let (to, passed) = next(&path, OsStr::new(""), &first).unwrap();
        assert_eq!(to, second);
        let (to, passed) = next(&path, &passed, &second).unwrap();
        assert_eq!(to, third);
        // The third calls `keyring` again.
        assert_eq!(next(&path, &passed, &first), None);
    }
}
