//! A text on its way back through the edits that made it.

use super::digest::{Hashed, digest};
use super::entry::Entry;
use super::patch::Lines;
use crate::text::redact::Dialect;

/// The digest of each edit names the text that the one before it left, so a chain of them is followed by their words, and
/// only its ends are hashed: a file with many edits is read twice, not once for each of them.
#[derive(Debug)]
pub(super) struct WayBack {
    lines: Lines,
    dialect: Option<Dialect>,
    digest: String,
    /// Whether the digest is that of the text itself, not one that an edit names.
    is_proven: bool,
}

/// What an edit had done to the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Reversed,
    /// Nothing: it was written down and never made, or is taken back and that is not written down. Whoever does either may
    /// be killed.
    Absent,
}

impl WayBack {
    pub(super) fn from(text: &str, dialect: Option<Dialect>) -> Self {
        Self { lines: Lines::of(text), dialect, digest: digest(dialect, text), is_proven: true }
    }

    /// The same of a text whose digest is known.
    pub(super) fn from_hashed(text: &mut Hashed, dialect: Option<Dialect>) -> Self {
        let digest = text.digest(dialect);
        Self { lines: Lines::of(text.text()), dialect, digest, is_proven: true }
    }

    pub(super) fn text(&self) -> String {
        self.lines.text()
    }

    /// Whether the text already is what it was before an edit.
    pub(super) fn is_before(&mut self, entry: &Entry) -> bool {
        self.read_as(entry.dialect) && entry.before.as_ref() == Some(&self.digest)
    }

    /// Goes back behind an edit; nothing happens where the text is not exactly what it left.
    pub(super) fn before(&mut self, entry: &Entry) -> Option<Step> {
        if !self.read_as(entry.dialect) {
            return None;
        }
        if entry.after != self.digest {
            return (entry.before.as_ref() == Some(&self.digest)).then_some(Step::Absent);
        }
        let before = self.lines.before(&entry.hunks).filter(|before| before.remarks.is_empty())?;
        let Some(digest_before) = &entry.before else {
            // Where there was no file, nothing may be left.
            let mut lines = self.lines.clone();
            lines.put_back(&entry.hunks, before, entry.open);
            if !lines.is_empty() {
                return None;
            }
            *self = Self::from("", self.dialect);
            return Some(Step::Reversed);
        };
        self.lines.put_back(&entry.hunks, before, entry.open);
        self.digest.clone_from(digest_before);
        self.is_proven = false;
        Some(Step::Reversed)
    }

    /// Whether the text is the one that the last edit names.
    pub(super) fn is_as_recorded(&mut self) -> bool {
        self.is_proven = self.is_proven || digest(self.dialect, &self.lines.text()) == self.digest;
        self.is_proven
    }

    /// Sees to it that the digest is one of this dialect.
    fn read_as(&mut self, dialect: Option<Dialect>) -> bool {
        if dialect != self.dialect {
            if !self.is_as_recorded() {
                return false;
            }
            self.dialect = dialect;
            self.digest = digest(dialect, &self.lines.text());
        }
        true
    }
}

impl Entry {
    /// The text before, if this is exactly the text after.
    pub(super) fn original(&self, now: &str) -> Option<String> {
        let mut way = WayBack::from(now, self.dialect);
        let reversed = way.before(self)? == Step::Reversed && way.is_as_recorded();
        reversed.then(|| way.text())
    }
}
