//! What lies in Vouch's own home: somebody may have edited it, or a disk.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use vouch_clients::journal::{self, undo_file};
use vouch_clients::ledger::Ledger;
use vouch_core::config::{Config, ConfigError};
use vouch_core::home::Home;
use vouch_core::keystore::SessionKey;
use vouch_core::numbers;
use vouch_core::time::UnixTime;
use vouch_core::vault::{EntryName, Vault};

/// A home in memory, where the system has such a directory, with a file in it.
fn home_with(name: &str, data: &[u8]) -> (tempfile::TempDir, Home) {
    let memory = std::path::Path::new("/dev/shm");
    let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let dir = dir.expect("there is room for a directory");
    let home = Home::at(dir.path().join("vouch")).expect("a path");
    home.create().expect("it can be made");
    let file = home.path().join(name);
    fs::write(&file, data).expect("it can be written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
    (dir, home)
}

/// What can be read is written without a loss, and read again as the same.
pub fn config(data: &[u8]) {
    let hidden = numbers::hide(data).into_owned();
    if let Ok(value) = serde_json::from_slice::<serde_json::Value>(&hidden) {
        let written = numbers::show(serde_json::to_string(&value).expect("JSON"));
        let again: serde_json::Value =
            serde_json::from_slice(&numbers::hide(written.as_bytes())).expect("what was written can be read");
        assert_eq!(again, value);
    }
    let (_dir, home) = home_with("config.json", data);
    let Ok(before) = Config::load(&home) else { return };
    Config::update(&home, |config| {
        config.aws.default = Some("other".into());
        Ok::<_, ConfigError>(())
    })
    .expect("what can be read can be written");
    let mut after = Config::load(&home).expect("what was written can be read");
    after.aws.default.clone_from(&before.aws.default);
    assert_eq!(after, before);
    for registration in &before.codeartifact.registrations {
        let _ = before.target_of_url(&registration.endpoint, vouch_core::endpoint::Asker::default());
    }
}

/// The journal, and behind a zero what a file holds by now: an undo of all its edits ends.
pub fn journal(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let (record, text) = (parts.next().unwrap_or_default(), parts.next());
    let (_dir, home) = home_with("journal.json", record);
    if let Ok(entries) = journal::entries(&home) {
        let now = text.map(|text| String::from_utf8_lossy(text).into_owned());
        let all: BTreeSet<u64> = entries.iter().map(|entry| entry.id).collect();
        let live: Vec<_> = entries.into_iter().filter(journal::Entry::is_live).collect();
        let _ = undo_file(&live, &all, now.as_deref());
        if let Some(first) = live.first() {
            let _ = undo_file(&live, &BTreeSet::from([first.id]), now.as_deref());
        }
    }
    let _ = journal::links(&home);
    let (_dir, home) = home_with("ledger.json", record);
    let _ = Ledger::load(&home);
}

/// Nobody without the key makes an entry that opens.
pub fn vault(data: &[u8]) {
    let name = EntryName::new("token", &["fuzz"]);
    let (_dir, home) = home_with("vault.file", data);
    let vault = Vault::new(&home, SessionKey::generate().expect("randomness"));
    let path = home.vault().join(format!("{name}.sealed"));
    vault.write(&name, &"TOKEN", UnixTime(i64::MAX)).expect("it can be written");
    let mut sealed = fs::read(&path).expect("it is there");
    // The data as it is, and laid over what is sealed.
    fs::write(&path, data).expect("it can be written");
    assert_eq!(vault.read::<String>(&name), None);
    let before = sealed.clone();
    for (byte, new) in sealed.iter_mut().zip(data) {
        *byte ^= new;
    }
    fs::write(&path, &sealed).expect("it can be written");
    assert_eq!(vault.read::<String>(&name).is_some(), sealed == before);
}
