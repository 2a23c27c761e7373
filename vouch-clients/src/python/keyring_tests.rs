use std::os::unix::fs::PermissionsExt;

use super::*;

/// A home with `.cargo/bin` for ours, and a system folder.
fn keyring(dir: &Path, path: &[&str], chain: bool) -> Keyring {
    let folders = [".cargo/bin", ".local/bin"].map(|folder| dir.join(folder));
    fs::create_dir_all(&folders[0]).unwrap();
    let program = folders[0].join("pip-keyring-vouch");
    executable(&program);
    let path = path.iter().map(|folder| dir.join(folder)).collect();
    let home = Home::at(dir.join("vouch")).unwrap();
    Keyring { home, program, folders: folders.into(), path, chain }
}

fn link(keyring: &Keyring) -> Result<Vec<String>, Failure> {
    keyring.link("pip")
}

fn executable(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn it_is_linked_once_where_there_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let keyring = keyring(dir.path(), &["system", ".cargo/bin"], false);
    assert_eq!((keyring.found(), keyring.notes().unwrap()), (Found::None, vec![]));
    let would = keyring.would_link();
    assert!(would.len() == 2 && would[1].contains(".cargo/bin/keyring` would be made"), "{would:?}");
    assert_eq!(keyring.found(), Found::None);
    assert_eq!(link(&keyring).unwrap().len(), 1);
    assert_eq!(
        (keyring.found(), keyring.would_link()),
        (Found::Ours(dir.path().join(".cargo/bin/keyring")), vec![])
    );
    assert_eq!(link(&keyring).unwrap(), Vec::<String>::new());
}

/// The same for another home, with something set up in it.
fn of_home(keyring: &Keyring, name: &str, path: &[&str]) -> Keyring {
    let dir = keyring.home.path().parent().unwrap();
    let home = Home::at(dir.join(name)).unwrap();
    home.create().unwrap();
    fs::write(home.config_file(), "{}").unwrap();
    let path = path.iter().map(|folder| dir.join(folder)).collect();
    let (program, folders) = (keyring.program.clone(), keyring.folders.clone());
    Keyring { home, program, folders, path, chain: false }
}

#[test]
fn the_link_of_another_home_is_not_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let first = of_home(&keyring(dir.path(), &[], false), "a home", &[".cargo/bin"]);
    link(&first).unwrap();
    let shared = dir.path().join(".cargo/bin/keyring");
    assert_eq!(served_by(&shared).as_deref(), Some(first.home.path()));
    let second = of_home(&first, "other", &[".cargo/bin"]);
    let refused = second.notes().unwrap_err();
    assert!(refused.message.contains("a home`"), "{refused:?}");
    assert!(refused.hint.unwrap().contains(&format!("PATH='{}':", second.home.bin().display())));
    assert_eq!(link(&second).unwrap(), Vec::<String>::new());
    // With its own folder first, each is found by its own people.
    let second = of_home(&first, "other", &["other/bin", ".cargo/bin"]);
    assert_eq!(second.notes().unwrap(), Vec::<String>::new());
    assert_eq!(second.would_link().len(), 1);
    link(&second).unwrap();
    let own = dir.path().join("other/bin/keyring");
    assert_eq!((second.found(), second.standing(&own)), (Found::Ours(own), Standing::Named));
    assert_eq!(served_by(&shared).as_deref(), Some(first.home.path()));
    // Behind the other one it is of no use.
    let behind = of_home(&first, "other", &[".cargo/bin", "other/bin"]);
    assert!(behind.notes().is_err() && behind.has_own());
    // Nor does it take over what nobody finds on this PATH.
    fs::create_dir_all(dir.path().join(".local/bin")).unwrap();
    std::os::unix::fs::symlink(first.home.bin().join("keyring"), dir.path().join(".local/bin/keyring"))
        .unwrap();
    assert!(of_home(&first, "other", &["system"]).notes().is_err());
    // Once that home is gone, its link is anybody's.
    fs::remove_file(first.home.config_file()).unwrap();
    let heir = of_home(&first, "other", &[".cargo/bin"]);
    assert_eq!(heir.notes().unwrap(), Vec::<String>::new());
    link(&heir).unwrap();
    assert_eq!(served_by(&shared).as_deref(), Some(heir.home.path()));
}

#[test]
fn a_link_of_before_comes_to_name_its_home() {
    let dir = tempfile::tempdir().unwrap();
    let keyring = of_home(&keyring(dir.path(), &[], false), "home", &[".cargo/bin"]);
    let shared = dir.path().join(".cargo/bin/keyring");
    std::os::unix::fs::symlink(&keyring.program, &shared).unwrap();
    // Nobody knows who made it: it is the usual home's, if there is one.
    assert!(matches!(keyring.standing(&shared), Standing::Unnamed | Standing::Of(_)));
    Link::new("pip", &shared, &keyring.program).record(&keyring.home).unwrap();
    assert_eq!(keyring.standing(&shared), Standing::Former);
    link(&keyring).unwrap();
    assert_eq!((keyring.standing(&shared), keyring.would_link()), (Standing::Named, vec![]));
    for made in journal::links(&keyring.home).unwrap() {
        made.revert(&keyring.home).unwrap();
    }
    assert!(!shared.is_symlink() && !keyring.home.bin().exists());
}

#[test]
fn a_folder_that_is_not_on_path_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let keyring = keyring(dir.path(), &["system"], false);
    let note = keyring.notes().unwrap();
    assert!(note.len() == 1 && note[0].contains(".local/bin` is not on PATH"), "{note:?}");
    let done = link(&keyring).unwrap();
    assert!(done.len() == 1 && done[0].contains("once its folder is on PATH"), "{done:?}");
    assert!(is_same(&dir.path().join(".local/bin/keyring"), &keyring.program));
    // A second time it is said again: it still does not work.
    assert_eq!(keyring.notes().unwrap(), note);
    assert_eq!(link(&keyring).unwrap(), Vec::<String>::new());
}

#[test]
fn another_one_stays_unless_the_person_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let other = dir.path().join("system/keyring");
    executable(&other);
    let stays = keyring(dir.path(), &[".cargo/bin", "system"], false);
    assert!(stays.notes().unwrap()[0].contains("--chain"));
    assert_eq!(link(&stays).unwrap(), Vec::<String>::new());
    let way = |keyring: &Keyring| keyring.way_past(&other, "Run `setup --chain`.");
    assert!(way(&stays).starts_with("Run `setup --chain`."), "{}", way(&stays));
    let behind = keyring(dir.path(), &["system", ".cargo/bin"], true);
    assert!(behind.notes().is_err());
    let first = format!("Put `{}` first on PATH", dir.path().join(".local/bin").display());
    assert!(way(&behind).starts_with(&first), "{}", way(&behind));
    let chained = keyring(dir.path(), &[".cargo/bin", "system"], true);
    assert_eq!(chained.notes().unwrap(), Vec::<String>::new());
    assert!(link(&chained).unwrap()[0].contains("hands other requests on"));
    assert!(matches!(chained.found(), Found::Ours(_)));
}

#[test]
fn another_one_with_the_wheel_beside_it_is_as_good_and_all_of_them_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (dir.path().join("venv/bin/keyring"), dir.path().join("system/keyring"));
    executable(&first);
    executable(&second);
    fs::write(&first, format!("#!{}\n", dir.path().join("venv/bin/python").display())).unwrap();
    fs::write(dir.path().join("venv/pyvenv.cfg"), "").unwrap();
    let keyring = keyring(dir.path(), &["venv/bin", "system"], false);
    assert_eq!(keyring.behind(), [second]);
    assert!(keyring.notes().unwrap()[0].contains("pip install"));
    fs::create_dir_all(dir.path().join("venv/lib/python3.13/site-packages/keyring_vouch")).unwrap();
    assert_eq!(keyring.notes().unwrap(), Vec::<String>::new());
}

#[test]
fn what_is_in_the_way_is_not_removed() {
    let dir = tempfile::tempdir().unwrap();
    let keyring = keyring(dir.path(), &[".cargo/bin"], false);
    let place = dir.path().join(".cargo/bin/keyring");
    fs::write(&place, "mine").unwrap();
    assert!(link(&keyring).is_err());
    assert_eq!(fs::read_to_string(&place).unwrap(), "mine");
    assert!(!dir.path().join("vouch/journal.json").exists());
    fs::remove_file(&place).unwrap();
    std::os::unix::fs::symlink("/nonexistent", &place).unwrap();
    link(&keyring).unwrap();
    assert!(matches!(keyring.found(), Found::Ours(_)));
}
