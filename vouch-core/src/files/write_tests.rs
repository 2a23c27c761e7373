use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::super::refused::{self, Refused};
use super::*;

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A file of another user, where this one may make one.
fn of_another(path: &Path, text: &str) -> bool {
    fs::write(path, text).unwrap();
    chown(path, Some(12345), None).is_ok()
}

#[test]
fn a_new_file_has_the_given_mode_and_an_old_one_keeps_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    write_atomic(&path, b"one", 0o600).unwrap();
    assert_eq!(mode(&path), 0o600);
    set_mode(&path, 0o664);
    write_atomic(&path, b"two", 0o600).unwrap();
    assert_eq!((mode(&path), fs::read(&path).unwrap()), (0o664, b"two".to_vec()));
    assert_eq!(replace_or_overwrite_private(&path, b"three", "w").unwrap(), WriteMethod::Replaced);
    assert_eq!((mode(&path), fs::read(&path).unwrap()), (0o600, b"three".to_vec()));
    replace_or_overwrite_private(&dir.path().join("new"), b"x", "w").unwrap();
    assert_eq!(mode(&dir.path().join("new")), 0o600);
}

#[test]
fn a_link_stays_a_link_even_to_a_file_that_is_not_there_yet() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("dotfiles")).unwrap();
    let link = dir.path().join("link");
    symlink("dotfiles/real", &link).unwrap();
    write_atomic(&link, b"x", 0o600).unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(fs::read(dir.path().join("dotfiles/real")).unwrap(), b"x");
}

#[test]
fn several_files_change_together_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    fs::create_dir(path("old")).unwrap();
    fs::write(path("old/one"), "before").unwrap();
    fs::create_dir_all(path("folder/there")).unwrap();
    let files = [(path("old/one"), &b"after"[..]), (path("new/two"), b"x"), (path("folder/there"), b"y")];
    let (failed, _) = write_all_atomic(&files, 0o644).unwrap_err();
    assert_eq!(failed, path("folder/there"));
    let names = |folder: &str| fs::read_dir(path(folder)).unwrap().count();
    assert_eq!(
        (fs::read_to_string(path("old/one")).unwrap().as_str(), names("old"), names("new")),
        ("before", 1, 0)
    );
    write_all_atomic(&files[..2], 0o644).unwrap();
    assert_eq!(
        (fs::read_to_string(path("old/one")).unwrap().as_str(), names("old"), names("new")),
        ("after", 1, 1)
    );
    assert_eq!(mode(&path("new/two")), 0o644);
}

#[test]
fn more_files_than_may_be_open_change_together() {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..1100).map(|number| dir.path().join(format!("f{number}"))).collect();
    let files: Vec<_> = paths.iter().map(|path| (path.clone(), &b"x"[..])).collect();
    write_all_atomic(&files, 0o644).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1100);
}

#[test]
fn a_leftover_of_a_killed_writer_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let names =
        || -> Vec<_> { fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect() };
    fs::write(dir.path().join(".file.vouch-new"), b"half").unwrap();
    write_atomic(&dir.path().join("file"), b"whole", 0o600).unwrap();
    assert_eq!(names(), ["file"]);
    for path in leftovers(&dir.path().join("file"), "w").unwrap() {
        fs::write(path, b"half").unwrap();
    }
    assert_eq!(names().len(), 3);
    clear_leftovers(&dir.path().join("file"), "w").unwrap();
    assert_eq!(names(), ["file"]);
    // One that cannot be deleted is told, and the other one is gone.
    fs::create_dir(dir.path().join(".file.vouch-w")).unwrap();
    fs::write(dir.path().join(".file.vouch-new"), b"half").unwrap();
    assert!(clear_leftovers(&dir.path().join("file"), "w").is_err());
    assert!(!dir.path().join(".file.vouch-new").exists());
    clear_leftovers(&dir.path().join("no/folder/file"), "w").unwrap();
}

#[test]
fn a_link_at_the_temporary_name_is_replaced_and_its_target_untouched() {
    let dir = tempfile::tempdir().unwrap();
    let (path, target) = (dir.path().join("file"), dir.path().join("target"));
    fs::write(&target, "mine").unwrap();
    set_mode(&target, 0o644);
    symlink(&target, dir.path().join(".file.vouch-w")).unwrap();
    replace_or_overwrite_private(&path, b"secret", "w").unwrap();
    assert_eq!((fs::read(&target).unwrap(), mode(&target)), (b"mine".to_vec(), 0o644));
    assert_eq!(fs::read(&path).unwrap(), b"secret");
    assert!(!path.symlink_metadata().unwrap().is_symlink());
}

#[test]
fn a_failed_write_leaves_the_old_file_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("inside"), b"x").unwrap();
    let error = write_atomic(&path, b"y", 0o600).unwrap_err();
    assert_eq!(refused::of(&error), Some(&Refused::NotAFile("a directory")));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn only_what_cannot_be_replaced_is_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, "old").unwrap();
    // Such as on a full disk: a failure of another kind leaves the file as it is.
    fs::create_dir(dir.path().join(".file.vouch-w")).unwrap();
    assert!(replace_or_overwrite(&path, b"new", 0o600, "w").is_err());
    assert_eq!(fs::read(&path).unwrap(), b"old");
    for (errno, expected) in [
        (rustix::io::Errno::BUSY, true),
        (rustix::io::Errno::ROFS, true),
        (rustix::io::Errno::ACCESS, true),
        (rustix::io::Errno::NOSPC, false),
        (rustix::io::Errno::DQUOT, false),
        (rustix::io::Errno::IO, false),
    ] {
        assert_eq!(needs_place(&errno.into()), expected, "{errno}");
    }
}

#[test]
fn overwriting_leaves_nothing_of_a_longer_file_and_narrows_the_mode_first() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, "a long one\n").unwrap();
    set_mode(&path, 0o644);
    let inode = path.metadata().unwrap().ino();
    let (mut file, old) = DirectoryEntry::of(&path).unwrap().open(|mode| mode & 0o700).unwrap();
    assert_eq!(mode(&path), 0o600);
    in_place::overwrite(&mut file, &path, &old, b"short").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "short");
    assert_eq!(path.metadata().unwrap().ino(), inode);
}

#[test]
fn devices_are_neither_replaced_nor_overwritten() {
    let null = Path::new("/dev/null");
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("link");
    symlink(null, &link).unwrap();
    for path in [null, &link] {
        let error = replace_or_overwrite(path, b"x", 0o644, "w").unwrap_err();
        assert_eq!(refused::of(&error), Some(&Refused::NotAFile("a device")));
    }
    assert!(!null.metadata().unwrap().is_file());
}

#[test]
fn a_file_of_another_user_stays_theirs() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    if !of_another(&path, "theirs") {
        return;
    }
    for failed in
        [replace_or_overwrite(&path, b"mine", 0o644, "w"), replace_or_overwrite_private(&path, b"mine", "w")]
    {
        let error = failed.unwrap_err();
        let hint = refused::hint(&error).unwrap();
        assert!(hint.contains("sudo -H -u '#12345'") && hint.contains("sudo chown"), "{hint}");
    }
    assert!(DirectoryEntry::of(&path).unwrap().open(|mode| mode).is_err());
    assert_eq!((fs::read(&path).unwrap(), path.metadata().unwrap().uid()), (b"theirs".to_vec(), 12345));
}

/// Others swap the file for one of theirs, back and forth, while it is written: nothing of it may reach theirs, neither
/// by replacing nor by overwriting.
#[test]
fn a_swapped_file_of_another_user_never_gets_the_contents() {
    let dir = tempfile::tempdir().unwrap();
    let (path, other) = (dir.path().join("file"), dir.path().join("other"));
    fs::write(&path, "mine").unwrap();
    if !of_another(&other, "theirs") {
        return;
    }
    set_mode(&other, 0o666);
    let theirs = File::open(&other).unwrap();
    let (kept, again) = (dir.path().join("kept"), dir.path().join("again"));
    fs::hard_link(&other, &kept).unwrap();
    let over = AtomicBool::new(false);
    let mut met = (0_u32, 0_u32);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let _ = renameat_with(CWD, &path, CWD, &other, RenameFlags::EXCHANGE);
            }
        });
        let deadline = Instant::now() + Duration::from_secs(2);
        while Instant::now() < deadline {
            let write = || -> io::Result<()> {
                if (met.0 + met.1).is_multiple_of(2) {
                    let (mut file, old) = DirectoryEntry::of(&path)?.open(|mode| mode & 0o700)?;
                    in_place::overwrite(&mut file, &path, &old, b"secret")
                } else {
                    replace_or_overwrite_private(&path, b"secret", "w").map(drop)
                }
            };
            match write() {
                Ok(()) => met.0 += 1,
                Err(error) => {
                    assert!(matches!(refused::of(&error), Some(Refused::Foreign { .. })), "{error}");
                    met.1 += 1;
                }
            }
            let mut text = String::new();
            io::Read::read_to_string(&mut &theirs, &mut text).unwrap();
            io::Seek::rewind(&mut &theirs).unwrap();
            let metadata = theirs.metadata().unwrap();
            assert_eq!((text.as_str(), metadata.uid(), metadata.mode() & 0o777), ("theirs", 12345, 0o666));
            // A replacement took its place in the directory: it comes back.
            if metadata.nlink() == 1 {
                fs::hard_link(&kept, &again).unwrap();
                fs::rename(&again, &other).unwrap();
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(met.0 > 0 && met.1 > 0, "written and refused: {met:?}");
    for entry in fs::read_dir(dir.path()).unwrap().flatten() {
        if fs::read(entry.path()).unwrap() == b"secret" {
            let metadata = entry.metadata().unwrap();
            assert_eq!((metadata.uid(), metadata.mode() & 0o077), (rustix::process::geteuid().as_raw(), 0));
        }
    }
}
