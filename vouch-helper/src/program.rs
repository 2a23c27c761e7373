//! Programs on PATH.

use std::env::{join_paths, split_paths};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Where a program is that would be started by its name.
pub fn on_path(name: &str) -> Option<PathBuf> {
    all_in(OsStr::new(name), &vouch_core::env::var_os("PATH").unwrap_or_default()).next()
}

/// All programs of that name in the folders of a PATH, first the one that would be started. Folders that are not absolute
/// do not count: whoever owns the current folder would choose the program.
pub fn all_in(name: &OsStr, path: &OsStr) -> impl Iterator<Item = PathBuf> + use<> {
    let folders = split_paths(path).filter(|folder| folder.is_absolute());
    // A name with a slash in it would be looked for in the current folder.
    let found = (Path::new(name).components().count() == 1)
        .then(|| join_paths(folders).ok())
        .flatten()
        .and_then(|path| which::which_in_all(name, Some(path), "/").ok());
    found.into_iter().flatten().filter(|program| program.is_absolute()).collect::<Vec<_>>().into_iter()
}

/// Whether it is a file that may be started.
pub fn is_executable(path: &Path) -> bool {
    path.is_absolute() && which::which_in(path, None::<&OsStr>, "/").is_ok()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn program(folder: &Path, mode: u32) -> PathBuf {
        let path = folder.join("tool");
        fs::create_dir_all(folder).unwrap();
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn only_programs_in_absolute_folders_are_found_in_their_order() {
        let dir = tempfile::tempdir().unwrap();
        let folder = |name: &str| dir.path().join(name);
        let [first, second] = ["1", "2"].map(|name| program(&folder(name), 0o755));
        let plain = program(&folder("plain"), 0o644);
        fs::create_dir_all(folder("folder/tool")).unwrap();
        let folders = ["plain", "folder", "none", "1", "2"].map(folder);
        let path = join_paths(&folders).unwrap();
        assert_eq!(all_in(OsStr::new("tool"), &path).collect::<Vec<_>>(), [first.clone(), second]);
        assert!(is_executable(&first) && !is_executable(&plain) && !is_executable(&folder("folder/tool")));
    }

    #[test]
    fn the_current_folder_is_not_searched() {
        // Tests run in the folder of their crate.
        let here = std::env::current_dir().unwrap();
        let dir = tempfile::tempdir_in(&here).unwrap();
        program(dir.path(), 0o755);
        let relative = dir.path().strip_prefix(&here).unwrap();
        for path in [relative.as_os_str(), OsStr::new(""), OsStr::new("."), OsStr::new(":")] {
            assert_eq!(all_in(OsStr::new("tool"), path).next(), None, "{path:?}");
        }
        assert_eq!(all_in(relative.join("tool").as_os_str(), dir.path().as_os_str()).next(), None);
        assert!(!is_executable(&relative.join("tool")));
    }
}
