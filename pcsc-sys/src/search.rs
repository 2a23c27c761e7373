//! Where the library may be, and whose it must be.
//!
//! The linker is never asked for it by name alone: it would look into `LD_LIBRARY_PATH` first.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::LoadError;

/// Since pcsc-lite 2.3 the second is a wrapper that loads the first, or whatever `LIBPCSCLITE_DELEGATE` names, by way of
/// `LD_LIBRARY_PATH`. So the first is loaded where it is there.
const NAMES: [&str; 2] = ["libpcsclite_real.so.1", "libpcsclite.so.1"];

/// The usual folders, those of the distribution before those of the administrator.
const FOLDERS: [&str; 6] = ["/usr/lib64", "/lib64", "/usr/lib", "/lib", "/usr/local/lib64", "/usr/local/lib"];

/// Where NixOS and Guix have what the administrator installed.
const PROFILES: [&str; 2] = ["/run/current-system/sw/lib", "/run/current-system/profile/lib"];

/// What the linker reads to find a library by its name: glibc's, and musl's with one folder or more.
const LINKER: [&str; 2] = ["/etc/ld.so.conf", "/etc/ld-musl-*.path"];

/// A file of the linker may include others, and they in turn.
const DEPTH: usize = 4;

/// Every library there is, the one to take first.
pub(crate) fn libraries() -> impl Iterator<Item = PathBuf> {
    let debian = debian_folder();
    let local = Path::new("/usr/local").join(debian.strip_prefix("/usr").unwrap_or(&debian));
    let usual = [debian, local].into_iter().chain(FOLDERS.iter().chain(&PROFILES).map(PathBuf::from));
    let of_linker = LINKER.iter().flat_map(|pattern| folders_in(Path::new(pattern), DEPTH));
    in_folders(usual.chain(of_linker))
}

fn in_folders(folders: impl Iterator<Item = PathBuf>) -> impl Iterator<Item = PathBuf> {
    // What cannot be looked at is no reason to take another one: it is judged like the rest.
    let is_there = |path: &PathBuf| match path.symlink_metadata() {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
    };
    folders.flat_map(move |folder| NAMES.iter().map(move |name| folder.join(name)).find(is_there))
}

/// Debian and its relatives have a folder for each kind of processor.
fn debian_folder() -> PathBuf {
    let triplet = match std::env::consts::ARCH {
        "x86" => "i386-linux-gnu",
        "arm" => "arm-linux-gnueabihf",
        "powerpc64" => "powerpc64le-linux-gnu",
        other => return PathBuf::from(format!("/usr/lib/{other}-linux-gnu")),
    };
    Path::new("/usr/lib").join(triplet)
}

/// The folders that a file of the linker names, ld.so.conf(5); with `*` in its path, several files.
fn folders_in(pattern: &Path, depth: usize) -> Vec<PathBuf> {
    let files = glob::glob(&pattern.to_string_lossy()).into_iter().flatten().flatten();
    let mut folders = Vec::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
            match line.strip_prefix("include").filter(|rest| rest.starts_with(char::is_whitespace)) {
                Some(included) if depth > 0 => {
                    for pattern in included.split_whitespace() {
                        let beside = file.parent().unwrap_or(Path::new("/")).join(pattern);
                        folders.extend(folders_in(&beside, depth - 1));
                    }
                }
                Some(_) => {}
                None => {
                    let named = line.split([':', ',', ' ', '\t']).map(Path::new);
                    folders.extend(named.filter(|path| path.is_absolute()).map(Path::to_owned));
                }
            }
        }
    }
    folders
}

/// Where the file really is; refused where others than root could have written it.
pub(crate) fn judge(library: PathBuf) -> Result<PathBuf, LoadError> {
    let unusable =
        |source: io::Error| LoadError::Unusable { library: library.clone(), source: source.into() };
    let real = library.canonicalize().map_err(unusable)?;
    for place in real.ancestors() {
        let metadata = place.metadata().map_err(unusable)?;
        let (library, owner) = (library.clone(), metadata.uid());
        if owner != 0 && !is_outside_of_namespace(owner) {
            return Err(LoadError::Foreign { library, place: place.to_owned(), owner });
        }
        if is_open(&metadata) {
            let mode = metadata.mode() & 0o7777;
            return Err(LoadError::Writable { library, place: place.to_owned(), mode });
        }
    }
    Ok(real)
}

/// Whether users other than the owner can change it. A group may share a folder, such as Debian's `staff` does with
/// `/usr/local/lib`; in a folder with the sticky bit everybody's files are their own.
fn is_open(metadata: &Metadata) -> bool {
    const STICKY: u32 = 0o1000;

    let mode = metadata.mode();
    if metadata.is_dir() { mode & 0o002 != 0 && mode & STICKY == 0 } else { mode & 0o022 != 0 }
}

/// Whether a uid stands for all those that a user namespace does not know, the real root's among them.
fn is_outside_of_namespace(uid: u32) -> bool {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let knows_all = || read("/proc/self/uid_map").split_whitespace().eq(["0", "0", "4294967295"]);
    read("/proc/sys/kernel/overflowuid").trim().parse() == Ok(uid) && !knows_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_the_linker_are_read_as_it_reads_them() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        fs::create_dir(dir.path().join("conf.d")).unwrap();
        write("conf.d/a.conf", "# of a package\n/opt/a/lib\n\n  /opt/b/lib # and why\n");
        write("conf.d/b.conf", "/opt/c/lib:/opt/d/lib,/opt/e/lib\trelative\n");
        write("conf.d/not-one", "/opt/never\n");
        // A file that includes itself, too.
        write("main.conf", "include conf.d/*.conf main.conf missing.conf\nhwcap 0 nosegneg\n/opt/f/lib\n");
        let mut found = folders_in(&dir.path().join("main.conf"), 1);
        found.dedup();
        let wanted = ["a", "b", "c", "d", "e", "f"].map(|name| PathBuf::from(format!("/opt/{name}/lib")));
        assert_eq!(found, wanted);
        assert!(folders_in(&dir.path().join("main.conf"), DEPTH).len() > wanted.len());
    }

    #[test]
    fn what_the_wrapper_would_load_is_taken_in_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (dir.path().join("first"), dir.path().join("second"));
        for (folder, name) in [(&first, NAMES[1]), (&second, NAMES[1]), (&second, NAMES[0])] {
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join(name), "").unwrap();
        }
        let folders = [dir.path().join("missing"), first.clone(), second.clone()];
        let found: Vec<_> = in_folders(folders.into_iter()).collect();
        assert_eq!(found, [first.join(NAMES[1]), second.join(NAMES[0])]);
    }

    #[test]
    fn who_may_write_decides() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(NAMES[1]);
        fs::write(&file, "").unwrap();
        let is_open_at = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            is_open(&path.metadata().unwrap())
        };
        for (mode, open) in [(0o644, false), (0o755, false), (0o664, true), (0o646, true)] {
            assert_eq!(is_open_at(&file, mode), open, "{mode:o}");
        }
        for (mode, open) in [(0o755, false), (0o2775, false), (0o1777, false), (0o757, true)] {
            assert_eq!(is_open_at(dir.path(), mode), open, "{mode:o}");
        }
    }
}
