//! What Vouch knows about the tokens that it wrote into a file: a fingerprint and an expiry, nothing secret.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::file::beside_vault;
use vouch_core::files;
use vouch_core::home::{self, Home};
use vouch_core::time::UnixTime;

/// The tokens of one file, by their keys.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    file: PathBuf,
    tokens: BTreeMap<String, Written>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Written {
    /// 16 hexadecimal digits of the token's SHA-256.
    fingerprint: String,
    expires_at: UnixTime,
}

impl Record {
    /// The record of a file; one that is missing or does not parse is as good as an empty one.
    pub(super) fn load(home: &Home, file: &Path) -> Self {
        let text = files::read(&beside_vault(home, file, "json")).unwrap_or_default();
        let record = serde_json::from_slice(&text).unwrap_or_default();
        Self { file: file.to_owned(), ..record }
    }

    /// Remembers tokens; the caller holds the file's lock. Only messages depend on it: that it fails is no failure.
    pub(super) fn save(home: &Home, file: &Path, tokens: &[(&str, &str, UnixTime)]) {
        let written = |(key, token, expires_at): &(&str, &str, UnixTime)| {
            ((*key).to_owned(), Written { fingerprint: fingerprint(token), expires_at: *expires_at })
        };
        let mut record = Self::load(home, file);
        record.tokens.extend(tokens.iter().map(written));
        if record == Self::load(home, file) {
            return;
        }
        let path = beside_vault(home, file, "json");
        let saved = serde_json::to_vec_pretty(&record)
            .map_err(std::io::Error::from)
            .and_then(|text| files::write_atomic(&path, &text, 0o600));
        if let Err(error) = saved {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the expiry of a static token is not kept"
            );
        }
    }

    /// When a token expires, if it is the one that was written.
    pub(super) fn expiry(&self, key: &str, token: &str) -> Option<UnixTime> {
        let written = self.tokens.get(key)?;
        (written.fingerprint == fingerprint(token)).then_some(written.expires_at)
    }
}

fn fingerprint(token: &str) -> String {
    home::hex(&Sha256::digest(token), 8)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_expiry_is_that_of_the_token_and_nothing_secret_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path()).unwrap();
        let file = dir.path().join(".npmrc");
        Record::save(&home, &file, &[("a", "hunter2", UnixTime(7))]);
        Record::save(&home, &file, &[("b", "other", UnixTime(8))]);
        let record = Record::load(&home, &file);
        assert_eq!(record.expiry("a", "hunter2"), Some(UnixTime(7)));
        assert_eq!(record.expiry("b", "other"), Some(UnixTime(8)));
        assert_eq!(record.expiry("a", "hunter3"), None);
        let text = fs::read_to_string(beside_vault(&home, &file, "json")).unwrap();
        assert!(!text.contains("hunter2"));
    }
}
