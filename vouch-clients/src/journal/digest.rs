//! The digest of a text: of what may be kept of it, so that no secret can be guessed by it.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::text::redact::{self, Dialect};

pub(super) fn digest(dialect: Option<Dialect>, text: &str) -> String {
    let text = match dialect {
        Some(dialect) => Cow::Owned(redact::kept_text(dialect, text)),
        None => Cow::Borrowed(text),
    };
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A text whose digest is taken once.
#[derive(Debug)]
pub(super) struct Hashed {
    text: String,
    digest: Option<(Option<Dialect>, String)>,
}

impl From<String> for Hashed {
    fn from(text: String) -> Self {
        Self { text, digest: None }
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
        match &self.digest {
            Some((known, digest)) if *known == dialect => digest.clone(),
            _ => {
                let taken = digest(dialect, &self.text);
                self.digest = Some((dialect, taken.clone()));
                taken
            }
        }
    }
}
