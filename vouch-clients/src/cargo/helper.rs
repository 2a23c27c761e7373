//! Where `cargo-credential-vouch` is, by a path that stays good.
//!
//! Package managers keep programs in versioned folders and put links to them on PATH. The path of the link is the one to
//! write down: the versioned folder goes with the next update.

use std::env;
use std::env::consts::EXE_SUFFIX;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::CargoError;
use crate::program;

const NAME: &str = "cargo-credential-vouch";

/// The absolute path of the helper: beside `vouch` as it was called, else on PATH, else beside the real `vouch`.
pub(crate) fn find() -> Result<String, CargoError> {
    let found = find_program(NAME).ok_or(CargoError::NoHelper)?;
    found.into_os_string().into_string().map_err(|path| CargoError::NotUnicode(path.into()))
}

/// The same for another of Vouch's programs.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = vouch_core::env::var_os("PATH").unwrap_or_default();
    let real = env::current_exe().ok();
    let called = env::args_os().next().unwrap_or_default();
    let folder = env::current_dir().unwrap_or_default();
    find_with(name, &called, &folder, &path, real.as_deref())
}

fn find_with(
    name: &str,
    called: &OsStr,
    folder: &Path,
    path: &OsStr,
    real: Option<&Path>,
) -> Option<PathBuf> {
    let called_from = started(called, folder, path).filter(|program| is_same(program, real));
    let beside = |program: &Path| Some(program.parent()?.join(format!("{name}{EXE_SUFFIX}")));
    let candidates = called_from.as_deref().and_then(beside).into_iter();
    let candidates = candidates.chain(program::all_in(OsStr::new(name), path));
    candidates.chain(real.and_then(beside)).find(|path| program::is_executable(path))
}

/// The file that a shell has started for the first word of a command line.
fn started(called: &OsStr, folder: &Path, path: &OsStr) -> Option<PathBuf> {
    let called = Path::new(called);
    if called.components().count() > 1 {
        return Some(plain(&folder.join(called)));
    }
    program::all_in(called.as_os_str(), path).next()
}

/// Without `.` and, where no link can be meant, without `..`.
fn plain(path: &Path) -> PathBuf {
    let dots = path.components().any(|part| part == std::path::Component::ParentDir);
    if dots { path.canonicalize().unwrap_or_else(|_| path.to_owned()) } else { path.components().collect() }
}

/// The first word of a command line can be anything.
fn is_same(program: &Path, real: Option<&Path>) -> bool {
    let canonical = |path: &Path| path.canonicalize().ok();
    real.is_some_and(|real| canonical(program).is_some_and(|program| canonical(real) == Some(program)))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// A versioned folder with both programs and a `bin` with links to them.
    fn installed(link_helper: bool) -> (tempfile::TempDir, PathBuf, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let (version, bin) = (dir.path().join("Cellar/1.2.3/bin"), dir.path().join("bin"));
        fs::create_dir_all(&version).unwrap();
        fs::create_dir_all(&bin).unwrap();
        for name in ["vouch", NAME] {
            fs::write(version.join(name), "").unwrap();
            fs::set_permissions(version.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        symlink(version.join("vouch"), bin.join("vouch")).unwrap();
        if link_helper {
            symlink(version.join(NAME), bin.join(NAME)).unwrap();
        }
        (dir, version, bin)
    }

    #[test]
    fn the_link_is_written_down_not_the_versioned_folder() {
        let (dir, version, bin) = installed(true);
        let real = version.join("vouch");
        let find = |called: &str, path: &Path| {
            find_with(NAME, called.as_ref(), dir.path(), path.as_os_str(), Some(&real))
        };
        let wanted = Some(bin.join(NAME));
        assert_eq!(find("vouch", &bin), wanted);
        assert_eq!(find("bin/vouch", Path::new("/nonexistent")), wanted);
        assert_eq!(find("./bin/vouch", Path::new("")), wanted);
        assert_eq!(find(bin.join("vouch").to_str().unwrap(), Path::new("")), wanted);
        // A first word that is not this program does not count.
        assert_eq!(find("/bin/sh", Path::new("")), Some(version.join(NAME)));
    }

    #[test]
    fn the_real_folder_serves_where_only_vouch_is_linked() {
        let (dir, version, bin) = installed(false);
        let real = version.join("vouch");
        let found = find_with(NAME, "vouch".as_ref(), dir.path(), bin.as_os_str(), Some(&real));
        assert_eq!(found, Some(version.join(NAME)));
        fs::remove_file(version.join(NAME)).unwrap();
        assert_eq!(find_with(NAME, "vouch".as_ref(), dir.path(), bin.as_os_str(), Some(&real)), None);
    }
}
