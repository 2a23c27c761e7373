//! The digest of a text: of what may be kept of it, so that no secret can be guessed by it.

use sha2::{Digest, Sha256};

use super::patch::split;
use crate::text::redact::{self, Dialect};

pub(super) fn digest(dialect: Option<Dialect>, text: &str) -> String {
    match dialect {
        Some(dialect) => of_lines(&kept_lines(dialect, text)),
        None => of_lines(&[text]),
    }
}

/// A text whose digest is taken once.
#[derive(Debug)]
pub(super) struct Hashed {
    text: String,
    digest: Option<(Option<Dialect>, String)>,
    /// What may be kept of each of its lines.
    kept: Option<(Dialect, Vec<String>)>,
    /// Whether that was read out of this very text.
    is_read: bool,
}

impl From<String> for Hashed {
    fn from(text: String) -> Self {
        Self { text, digest: None, kept: None, is_read: true }
    }
}

impl Hashed {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// The digest of what may be kept of it.
    pub(super) fn digest(&mut self, dialect: Option<Dialect>) -> String {
        if !self.is_read {
            *self = Self::from(std::mem::take(&mut self.text));
        }
        self.known_digest(dialect)
    }

    /// Whether it has this digest.
    pub(super) fn has(&mut self, dialect: Option<Dialect>, wanted: &str) -> bool {
        // What was handed down says no, but never yes.
        self.known_digest(dialect) == wanted && (self.is_read || self.digest(dialect) == wanted)
    }

    /// A text in its place. Where only lines go, what is kept of the others is known: the text is not read again for it.
    #[must_use]
    pub(super) fn replaced_by(self, text: String) -> Self {
        let mut new = Self::from(text);
        let Some((dialect, mut kept)) = self.kept else { return new };
        let (before, after) = (split(&self.text), split(&new.text));
        let same = before.iter().zip(&after).take_while(|(before, after)| before == after).count();
        let rest = before.iter().rev().zip(after.iter().rev()).take(after.len() - same);
        let behind = rest.take_while(|(before, after)| before == after).count();
        if same + behind == after.len() && kept.len() == before.len() && same + behind <= before.len() {
            kept.drain(same..before.len() - behind);
            new.kept = Some((dialect, kept));
            new.is_read = false;
        }
        new
    }

    fn known_digest(&mut self, dialect: Option<Dialect>) -> String {
        if let Some((known, digest)) = &self.digest
            && *known == dialect
        {
            return digest.clone();
        }
        let digest = match (dialect, &self.kept) {
            (Some(dialect), Some((known, lines))) if *known == dialect => of_lines(lines),
            (Some(dialect), _) => {
                let lines = kept_lines(dialect, &self.text);
                let digest = of_lines(&lines);
                self.kept = Some((dialect, lines));
                self.is_read = true;
                digest
            }
            (None, _) => of_lines(&[&self.text]),
        };
        self.digest = Some((dialect, digest.clone()));
        digest
    }
}

fn of_lines(lines: &[impl AsRef<str>]) -> String {
    let mut digest = Sha256::new();
    for line in lines {
        digest.update(line.as_ref());
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn kept_lines(dialect: Dialect, text: &str) -> Vec<String> {
    #[cfg(test)]
    READ.set(READ.get() + 1);
    redact::kept_lines(dialect, text)
}

#[cfg(test)]
thread_local! {
    /// How many whole texts were taken apart.
    pub(super) static READ: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}
