//! One edit, as the journal keeps it.

use std::borrow::Cow;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use vouch_core::UnixTime;
use vouch_core::config::{Profile, Registration};

use super::patch::{self, Hunk, RemainingText};
use crate::text::redact::{self, Dialect};

/// What became of a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Registration>,
    pub after: Registration,
    /// The profile of the one before, where the setup changed that or took it away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<FormerProfile>,
}

/// A profile as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerProfile {
    pub name: String,
    pub profile: Profile,
    /// Whether it was the default one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_default: bool,
}

/// One edit of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub id: u64,
    /// The command that made the edit: what it did to several files is one thing.
    pub run: String,
    pub at: UnixTime,
    pub client: String,
    pub file: PathBuf,
    /// Folders that were made for the file, the innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made_folders: Vec<PathBuf>,
    /// How the file is written; version 1 did not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) dialect: Option<Dialect>,
    /// The digest of the file before; none where there was no file.
    pub(super) before: Option<String>,
    pub(super) after: String,
    /// Whether the file before ended within a line.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) open: bool,
    pub(super) hunks: Vec<Hunk>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<Registered>,
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "taken_back_at")]
    pub reverted_at: Option<UnixTime>,
    /// What becomes of later edits, should this one be out of the file already: whoever takes it back may be killed before
    /// that is written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pending: Option<Pending>,
}

/// An undo that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    /// The digest of the file once it is out.
    pub(super) after: String,
    pub(super) later: Vec<Entry>,
}

impl Entry {
    /// Whether it was not taken back yet.
    pub fn is_live(&self) -> bool {
        self.reverted_at.is_none()
    }

    /// How the file is written, if the version that made the edit recorded it.
    pub fn dialect(&self) -> Option<Dialect> {
        self.dialect
    }

    /// Whether a later edit of the same file is by another client for the same registry: its lines, or some of them, are
    /// those of this edit.
    pub fn serves(&self, later: &Self) -> bool {
        let registry = |entry: &Self| {
            let Registered { after, .. } = entry.registration.as_ref()?;
            Some((after.endpoint.clone(), after.name.clone()))
        };
        let same = self.file == later.file && registry(self).is_some() && registry(self) == registry(later);
        same && later.is_live() && later.id > self.id && later.client != self.client && !self.hunks.is_empty()
    }

    /// The text before, if this is exactly the text after.
    pub(super) fn original(&self, now: &str) -> Option<String> {
        let original = self.reversed(now).filter(|back| back.remarks.is_empty())?.text;
        match &self.before {
            Some(before) => (digest(self.dialect, &original) == *before).then_some(original),
            None => original.is_empty().then_some(original),
        }
    }

    /// The same where values are no longer there, with a remark for each.
    pub(super) fn reversed(&self, now: &str) -> Option<RemainingText> {
        let is_after = self.after == digest(self.dialect, now);
        is_after.then(|| patch::reverse(&self.hunks, now, self.open)).flatten()
    }

    /// Whether an edit only brings this one up to date, such as with a new token.
    pub(super) fn is_refreshed_by(
        &self,
        client: &str,
        before: &str,
        registration: Option<&Registered>,
    ) -> bool {
        let refreshed = self
            .registration
            .as_ref()
            .zip(registration)
            .is_some_and(|(old, new)| new.before.as_ref() == Some(&new.after) && old.after == new.after);
        refreshed && self.client == client && self.after == digest(self.dialect, before)
    }
}

/// Of what may be kept of a text.
pub(super) fn digest(dialect: Option<Dialect>, text: &str) -> String {
    let text = match dialect {
        Some(dialect) => Cow::Owned(redact::kept_text(dialect, text)),
        None => Cow::Borrowed(text),
    };
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
