//! Every static token that Vouch wrote into a user's file, and every temporary file that one may be in: written down
//! before the write, whether or not a registration is left by then.
//!
//! A token is known by file, key and a fingerprint, so that only Vouch's own are ever removed. Of a value that is not
//! Vouch's nothing is kept: even its hash or its length would let a password be guessed.

mod former;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use vouch_core::UnixTime;
use vouch_core::files;
use vouch_core::home::{self, Home};

use crate::memo::Memo;
pub use crate::record_file::RecordError;
use crate::record_file::{self, Record};
use crate::text::npmrc::Npmrc;
use former::FormerToken;

/// The schema that this version writes.
const VERSION: u64 = 1;

/// What Vouch wrote.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Ledger {
    #[serde(default)]
    version: u64,
    #[serde(default)]
    files: Vec<FileRecord>,
    /// What another version wrote.
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// What it wrote into one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct FileRecord {
    /// Where the file really is, with no link in its path.
    file: PathBuf,
    /// What a write that is under way, or was killed, makes beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    temporary: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tokens: Vec<TokenLine>,
    /// What another version wrote.
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// A line with a token. One key has several while it is not known which of them a killed write left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct TokenLine {
    key: String,
    /// 16 hexadecimal digits of the token's SHA-256.
    fingerprint: String,
    expires_at: UnixTime,
}

/// A token that is about to be written.
#[derive(Clone, Copy)]
pub struct NewToken<'a> {
    pub key: &'a str,
    pub value: &'a str,
    pub expires_at: UnixTime,
}

/// A token of Vouch's that stands in a text.
pub(crate) struct HeldToken {
    key: String,
    value: String,
    expires_at: UnixTime,
}

impl HeldToken {
    /// The same to be written again.
    pub(crate) fn as_new(&self) -> NewToken<'_> {
        NewToken { key: &self.key, value: &self.value, expires_at: self.expires_at }
    }
}

/// Without the value.
impl std::fmt::Debug for HeldToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_new().fmt(f)
    }
}

/// Without the value.
impl std::fmt::Debug for NewToken<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewToken").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Record for Ledger {
    const NAME: &'static str = "ledger";
    const TITLE: &'static str = "the ledger of the tokens that Vouch wrote";
    const VERSION: u64 = VERSION;

    fn without() -> String {
        "tokens that stand in files by now are then yours to take out".into()
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

impl Ledger {
    /// What is written down, by an earlier version, too.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn load(home: &Home) -> Result<Self, RecordError> {
        let mut ledger: Self = record_file::load(home)?;
        ledger.add_former(home);
        Ok(ledger)
    }

    /// Lets somebody look at what is written down, who looks at it often while nothing is written: it is read again, and
    /// taken apart again if it is another text.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub(crate) fn look<T>(home: &Home, look: impl FnOnce(&Self) -> T) -> Result<T, RecordError> {
        thread_local! {
            static LAST: Memo<Option<Ledger>> = const { Memo::new() };
        }
        let text =
            files::read_text(&record_file::path::<Self>(home)).ok().filter(|_| !former::is_there(home));
        let last = text.map(|text| LAST.with(|last| last.of(&text, |_| Self::load(home).ok())));
        match last.as_deref() {
            Some(Some(known)) => Ok(look(known)),
            _ => Ok(look(&Self::load(home)?)),
        }
    }

    /// The files that may have a token of Vouch's in them or beside them.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|record| record.file.as_path())
    }

    /// Whether a value in a file is a token that Vouch wrote there, under whatever key it stands by now.
    pub fn is_ours(&self, file: &Path, value: &str) -> bool {
        let fingerprint = fingerprint(value);
        self.tokens(file).any(|token| token.fingerprint == fingerprint)
    }

    /// When the token of a key expires, if it is one that Vouch wrote.
    pub fn expiry(&self, file: &Path, key: &str, value: &str) -> Option<UnixTime> {
        let fingerprint = fingerprint(value);
        let mut tokens = self.tokens(file);
        tokens
            .find(|token| token.key == key && token.fingerprint == fingerprint)
            .map(|token| token.expires_at)
    }

    /// A file's text without the tokens that Vouch wrote into it: as setup writes it and as undo compares it.
    pub fn without_tokens(&self, file: &Path, text: &str) -> String {
        self.split(file, text).0
    }

    /// The same, and the lines with those tokens: keys and values.
    pub(crate) fn split(&self, file: &Path, text: &str) -> (String, Vec<(String, String)>) {
        let known: HashSet<&str> = self.tokens(file).map(|token| token.fingerprint.as_str()).collect();
        if known.is_empty() {
            return (text.to_owned(), Vec::new());
        }
        let mut npmrc = Npmrc::parse(text.as_bytes());
        let tokens = npmrc.remove_lines(|_, value| known.contains(fingerprint(value).as_str()));
        // Only whole lines are gone: what is left of text is text.
        (String::from_utf8_lossy(&npmrc.to_bytes()).into_owned(), tokens)
    }

    /// The tokens that Vouch wrote into a file, of those that stand in a text of it.
    pub(crate) fn held(&self, file: &Path, text: &str) -> Vec<HeldToken> {
        let Some(record) = self.files.iter().find(|record| record.file == file) else { return Vec::new() };
        let known: HashMap<&str, &TokenLine> =
            record.tokens.iter().rev().map(|token| (token.fingerprint.as_str(), token)).collect();
        let held = |value: String| {
            let token = known.get(fingerprint(&value).as_str())?;
            Some(HeldToken { key: token.key.clone(), value, expires_at: token.expires_at })
        };
        Npmrc::parse(text.as_bytes()).values().filter_map(held).collect()
    }

    fn tokens(&self, file: &Path) -> impl Iterator<Item = &TokenLine> {
        self.files.iter().filter(move |record| record.file == file).flat_map(|record| &record.tokens)
    }

    fn add_former(&mut self, home: &Home) {
        for former in former::read(home) {
            self.change(&former.file, |record| {
                for (key, FormerToken { fingerprint, expires_at }) in former.tokens {
                    record.add(TokenLine { key, fingerprint, expires_at });
                }
            });
        }
    }

    fn change(&mut self, file: &Path, change: impl FnOnce(&mut FileRecord)) {
        if let Some(record) = self.files.iter_mut().find(|record| record.file == file) {
            return change(record);
        }
        let mut record = FileRecord { file: file.to_owned(), ..FileRecord::default() };
        change(&mut record);
        self.files.push(record);
    }
}

impl FileRecord {
    fn add(&mut self, line: TokenLine) {
        self.tokens.retain(|known| (&known.key, &known.fingerprint) != (&line.key, &line.fingerprint));
        self.tokens.push(line);
    }
}

/// Writes down that a file is about to be written, with which tokens; the caller holds the file's lock.
pub(crate) fn begin_write(
    home: &Home,
    file: &Path,
    temporary: &Path,
    tokens: &[NewToken<'_>],
) -> Result<(), RecordError> {
    update(home, |ledger| {
        ledger.change(file, |record| {
            record.temporary = Some(temporary.to_owned());
            for token in tokens {
                let (key, fingerprint) = (token.key.to_owned(), fingerprint(token.value));
                let expires_at = token.expires_at;
                record.add(TokenLine { key, fingerprint, expires_at });
            }
        });
    })
}

/// Writes down what a file holds by now: tokens that are not in it any more are forgotten, and the temporary file is gone.
pub(crate) fn settle(home: &Home, file: &Path, contents: &[u8]) -> Result<(), RecordError> {
    let npmrc = Npmrc::parse(contents);
    let held: HashSet<String> = npmrc.values().map(|value| fingerprint(&value)).collect();
    update(home, |ledger| {
        for record in ledger.files.iter_mut().filter(|record| record.file == file) {
            record.temporary = None;
            record.tokens.retain(|token| held.contains(&token.fingerprint));
        }
        ledger.files.retain(|record| record.temporary.is_some() || !record.tokens.is_empty());
    })
}

fn update(home: &Home, change: impl FnOnce(&mut Ledger)) -> Result<(), RecordError> {
    record_file::update(home, |ledger: &mut Ledger| {
        ledger.add_former(home);
        ledger.version = VERSION;
        change(ledger);
        Ok(())
    })?;
    former::remove(home);
    Ok(())
}

fn fingerprint(token: &str) -> String {
    home::hex(&Sha256::digest(token), 8)
}

#[cfg(test)]
mod tests;
