//! The records of an earlier version: `npm-HASH.json` in the home folder of Vouch, one for each `.npmrc`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;
use vouch_core::UnixTime;
use vouch_core::files;
use vouch_core::home::Home;

use crate::real_path::real;

/// The tokens of one file, by their keys.
#[derive(Debug, Deserialize)]
pub(super) struct FormerRecord {
    pub(super) file: PathBuf,
    pub(super) tokens: BTreeMap<String, FormerToken>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FormerToken {
    pub(super) fingerprint: String,
    pub(super) expires_at: UnixTime,
}

/// What they say, each with the place where its file really is. One that does not parse was as good as none then, too.
pub(super) fn read(home: &Home) -> impl Iterator<Item = FormerRecord> {
    records(home).into_iter().filter_map(|path| {
        let record: FormerRecord = serde_json::from_slice(&files::read(&path).ok()?).ok()?;
        Some(FormerRecord { file: real(&record.file).ok()?, ..record })
    })
}

/// Whether there is one.
pub(super) fn is_there(home: &Home) -> bool {
    !records(home).is_empty()
}

/// Removes them, once a ledger was saved that says the same.
pub(super) fn remove(home: &Home) {
    for path in records(home) {
        // One that stays is read again, which does no harm.
        let _ = fs::remove_file(path);
    }
}

fn records(home: &Home) -> Vec<PathBuf> {
    let is_record = |name: &str| {
        let hash = name.strip_prefix("npm-").and_then(|rest| rest.strip_suffix(".json"));
        hash.is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let entries = fs::read_dir(home.path()).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_record))
        .map(|entry| entry.path())
        .collect()
}
