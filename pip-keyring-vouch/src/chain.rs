//! The next `keyring` on PATH, for what is none of our business.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use vouch_helper::program;

/// The name under which requests are handed on.
const NAME: &str = "keyring";

/// The programs that have handed this request on, as in PATH: whoever finds itself in it is asked in a circle.
const PASSED: &str = "VOUCH_KEYRING_PASSED";

/// Lets the next `keyring` answer in our place; `None` where there is none or we were not called by that name.
pub(crate) fn hand_on(words: &[OsString]) -> Option<ExitCode> {
    let called = env::args_os().next()?;
    if Path::new(&called).file_stem()? != NAME {
        return None;
    }
    let path = vouch_core::env::var_os("PATH")?;
    let passed = vouch_core::env::var_os(PASSED).unwrap_or_default();
    let here = env::current_exe().ok()?.canonicalize().ok()?;
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
        .find(|program| program.canonicalize().is_ok_and(|real| !passed.contains(&real)))?;
    Some((next, env::join_paths(&passed).ok()?))
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
