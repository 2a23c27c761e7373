use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use vouch_core::UnixTime;

use super::*;

fn bed() -> (tempfile::TempDir, Home) {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::at(dir.path().join("vouch")).unwrap();
    (dir, home)
}

#[test]
fn one_at_a_time_under_every_name_of_the_file() {
    let (dir, home) = bed();
    fs::create_dir(dir.path().join("real")).unwrap();
    symlink("real", dir.path().join("folder")).unwrap();
    symlink("real/file", dir.path().join("link")).unwrap();
    let names = ["real/file", "folder/file", "link"].map(|name| dir.path().join(name));
    let inside = AtomicUsize::new(0);
    thread::scope(|scope| {
        for number in 0..12 {
            let (home, name, inside) = (&home, &names[number % 3], &inside);
            scope.spawn(move || {
                let lock = FileLock::acquire(home, name).unwrap();
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                let before = lock.read().unwrap().unwrap_or_default();
                thread::sleep(Duration::from_millis(5));
                lock.write(&[before, vec![b'x']].concat(), Readers::AsBefore(0o600), &[]).unwrap();
                inside.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    assert_eq!(fs::read(dir.path().join("real/file")).unwrap(), [b'x'; 12]);
    assert!(names[2].symlink_metadata().unwrap().is_symlink());
}

#[test]
fn a_file_has_the_same_lock_before_and_after_its_folder_is_made() {
    let (dir, home) = bed();
    let path = dir.path().join("no/folder/yet");
    let before = FileLock::acquire(&home, &path).unwrap().real().to_owned();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    assert_eq!(FileLock::acquire(&home, &path).unwrap().real(), before);
}

#[test]
fn who_waits_in_vain_is_told_for_whom() {
    let (dir, home) = bed();
    let path = dir.path().join("file");
    let _held = claim_watch(&home, &path).unwrap();
    let busy = claim_watch(&home, &path).unwrap_err();
    assert!(matches!(busy, FileError::Busy { .. }));
    assert!(busy.to_string().contains(&std::process::id().to_string()), "{busy}");
    // Edits go on beside a watcher.
    FileLock::acquire(&home, &path).unwrap();
}

#[test]
fn several_files_are_locked_in_one_order_and_each_once() {
    let (dir, home) = bed();
    fs::write(dir.path().join("b"), "").unwrap();
    symlink("b", dir.path().join("a")).unwrap();
    let order = |names: [&str; 3]| -> Vec<PathBuf> {
        let locks = FileLock::acquire_all(&home, &names.map(|name| dir.path().join(name))).unwrap();
        locks.iter().map(|lock| lock.real().to_owned()).collect()
    };
    assert_eq!(order(["a", "b", "c"]), order(["c", "b", "a"]));
    assert_eq!(order(["a", "b", "c"]).len(), 2);
}

#[test]
fn a_path_that_is_not_utf8_is_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let (dir, home) = bed();
    let odd = dir.path().join(OsStr::from_bytes(b"\xff"));
    assert!(matches!(FileLock::acquire(&home, &odd), Err(FileError::NotUtf8(_))));
    // Nor one that a link leads to.
    symlink(&odd, dir.path().join("link")).unwrap();
    assert!(matches!(FileLock::acquire(&home, &dir.path().join("link")), Err(FileError::NotUtf8(_))));
}

#[test]
fn the_ledger_knows_of_a_token_before_it_is_written() {
    let (dir, home) = bed();
    let path = dir.path().join(".npmrc");
    let lock = FileLock::acquire(&home, &path).unwrap();
    let token = NewToken { key: "//h/:_authToken", value: "TOKEN", expires_at: UnixTime(7) };
    // What cannot be written down is not written.
    fs::create_dir(home.path().join(".ledger.json.vouch-new")).unwrap();
    let failed = lock.write(b"//h/:_authToken=TOKEN\n", Readers::Owner, &[token]);
    assert!(matches!(failed, Err(FileError::Record(_))), "{failed:?}");
    assert!(!path.exists());
    fs::remove_dir(home.path().join(".ledger.json.vouch-new")).unwrap();
    lock.write(b"//h/:_authToken=TOKEN\n", Readers::Owner, &[token]).unwrap();
    assert!(Ledger::load(&home).unwrap().is_ours(lock.real(), "TOKEN"));
    // To take it out again the ledger need not be written first.
    fs::create_dir(home.path().join(".ledger.json.vouch-new")).unwrap();
    lock.write(b"a=1\n", Readers::AsBefore(0o600), &[]).unwrap();
    fs::remove_dir(home.path().join(".ledger.json.vouch-new")).unwrap();
    lock.settle(b"a=1\n");
    assert_eq!(Ledger::load(&home).unwrap().files().count(), 0);
}

#[test]
fn a_write_that_fails_keeps_what_is_in_the_file_in_the_ledger() {
    let (dir, home) = bed();
    let path = dir.path().join(".npmrc");
    let lock = FileLock::acquire(&home, &path).unwrap();
    let token = |value| NewToken { key: "//h/:_authToken", value, expires_at: UnixTime(7) };
    lock.write(b"//h/:_authToken=OLD\n", Readers::Owner, &[token("OLD")]).unwrap();
    // No file comes where a folder is.
    fs::create_dir(files::leftovers(&path, &home.id()).unwrap()[0].clone()).unwrap();
    assert!(lock.write(b"//h/:_authToken=NEW\n", Readers::Owner, &[token("NEW")]).is_err());
    let ledger = Ledger::load(&home).unwrap();
    assert!(ledger.is_ours(lock.real(), "OLD") && !ledger.is_ours(lock.real(), "NEW"));
}

#[test]
fn what_a_killed_writer_left_is_gone_with_the_next_lock_and_what_stays_is_told() {
    let (dir, home) = bed();
    let path = dir.path().join(".npmrc");
    for left in files::leftovers(&path, &home.id()).unwrap() {
        fs::write(&left, "//h/:_authToken=TOKEN\n").unwrap();
        FileLock::acquire(&home, &path).unwrap();
        assert!(!left.exists());
        fs::create_dir(&left).unwrap();
        let lock = FileLock::acquire(&home, &path).unwrap();
        assert!(matches!(lock.clear_leftovers(), Err(FileError::Leftover { .. })));
        fs::remove_dir(&left).unwrap();
    }
}
