//! One edit, as the journal keeps it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use vouch_core::UnixTime;
use vouch_core::config::{Profile, Registration};

use super::digest::{Hashed, digest};
use super::patch::{self, Hunk, RemainingText};
use crate::text::redact::Dialect;

/// What became of a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Registration>,
    pub after: Registration,
    /// The profile of the one before, where the setup changed that or took it away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<FormerProfile>,
    /// What another version wrote.
    #[serde(flatten)]
    pub other: Map<String, Value>,
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
    /// What another version wrote.
    #[serde(flatten)]
    pub(super) other: Map<String, Value>,
}

/// An undo that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    /// The digest of the file once it is out.
    pub(super) after: String,
    pub(super) later: Vec<Entry>,
    /// Those that go with nothing after them in the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) gone: Vec<u64>,
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
        fn registry(entry: &Entry) -> Option<(&str, &Option<String>)> {
            entry.registration.as_ref().map(|Registered { after, .. }| (after.endpoint.as_str(), &after.name))
        }
        let same =
            registry(self).is_some_and(|ours| registry(later) == Some(ours)) && self.file == later.file;
        same && later.is_live() && later.id > self.id && later.client != self.client && !self.hunks.is_empty()
    }

    /// The text before, if this is exactly the text after, with a remark for each value that is no longer there.
    pub(super) fn reversed(&self, now: &mut Hashed) -> Option<RemainingText> {
        now.has(self.dialect, &self.after)
            .then(|| patch::reverse(&self.hunks, now.text(), self.open))
            .flatten()
    }

    /// The same with no undo of it under way.
    pub(super) fn at_rest(self) -> Self {
        Self { pending: None, ..self }
    }

    /// Whether there was a file before.
    pub(super) fn had_file(&self) -> bool {
        self.before.is_some()
    }

    /// Whether a text is the one behind the edit, or the one before it.
    pub(super) fn is_beside(&self, text: &mut Hashed) -> bool {
        text.has(self.dialect, &self.after) || self.found(text)
    }

    /// Whether a text is the one that the edit found.
    pub(super) fn found(&self, text: &mut Hashed) -> bool {
        self.before.as_ref().is_some_and(|before| text.has(self.dialect, before))
    }

    /// Whether a text is that of before.
    pub(super) fn is_before(&self, text: &str) -> bool {
        match &self.before {
            Some(before) => digest(self.dialect, text) == *before,
            None => text.is_empty(),
        }
    }

    /// The same edit once it is out of the file: as if it had found this text, or no file, and left it alone.
    pub(super) fn emptied(&self, existed: bool, text: &mut Hashed) -> Self {
        let after = text.digest(self.dialect);
        Self {
            before: existed.then(|| after.clone()),
            after,
            open: patch::is_open(text.text()),
            hunks: Vec::new(),
            pending: None,
            ..self.clone()
        }
    }

    /// The same edit with what another one says of the file.
    pub(super) fn in_the_text_of(&self, other: &Self) -> Self {
        let Self { before, after, open, hunks, made_folders, .. } = other.clone();
        Self { before, after, open, hunks, made_folders, ..self.clone() }
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
