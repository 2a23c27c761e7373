//! A line as the journal keeps it: whole, or without the secrets in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::text::redact::{self, BLANK, Part};

/// A line with its end. Of one with a secret in it, only the rest is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Line {
    Whole(String),
    Parts {
        parts: Vec<Part>,
    },
    /// As version 1 of the journal has it: nothing is kept of what follows the mark.
    Blanked {
        blanked: String,
    },
}

/// Secrets that are still in a text, by their numbers.
pub(super) type Found = BTreeMap<usize, String>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// A line of the edit that was not taken out.
    Stays(String),
    /// A line from before the edit that was not put back.
    Lost(String),
    /// A key whose line was put back without its value, which the journal does not keep.
    Blanked(String),
}

impl Line {
    /// All of it, if nothing of it is blanked.
    pub(super) fn whole(&self) -> Option<&str> {
        match self {
            Self::Whole(text) => Some(text),
            Self::Parts { .. } | Self::Blanked { .. } => None,
        }
    }

    pub(super) fn new(mut parts: Vec<Part>) -> Self {
        match parts.as_mut_slice() {
            [] => Self::Whole(String::new()),
            [Part::Text(text)] => Self::Whole(std::mem::take(text)),
            _ => Self::Parts { parts },
        }
    }

    /// The line with the secrets that were found, and the mark in place of others.
    pub(super) fn back(&self, found: &Found, remarks: &mut Vec<Remark>) -> Option<String> {
        let parts = match self {
            Self::Whole(text) => return Some(text.clone()),
            Self::Parts { parts } => parts,
            Self::Blanked { .. } => return None,
        };
        let mut line = String::new();
        for part in parts {
            match part {
                Part::Text(text) => line.push_str(text),
                Part::Secret { secret, key } => match found.get(secret) {
                    Some(text) => line.push_str(text),
                    None => {
                        remarks.push(Remark::Blanked(key.clone()));
                        line.push_str(BLANK);
                    }
                },
            }
        }
        Some(line)
    }

    /// Without its end, as a person may see it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Whole(text) | Self::Blanked { blanked: text } => without_end(text).to_owned(),
            Self::Parts { parts } => without_end(&redact::joined(parts)).to_owned(),
        }
    }

    pub(super) fn secrets(&self) -> Vec<usize> {
        match self {
            Self::Parts { parts } => parts.iter().filter_map(Part::secret).collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn shares_secret(&self, other: &Self) -> bool {
        let others = other.secrets();
        self.secrets().iter().any(|secret| others.contains(secret))
    }

    /// The same line with its secrets counted from a number on.
    pub(super) fn renumbered(mut self, from: usize) -> Self {
        if let Self::Parts { parts } = &mut self {
            for part in parts {
                if let Part::Secret { secret, .. } = part {
                    *secret += from;
                }
            }
        }
        self
    }

    /// Whether two lines say the same, or what is kept of them does.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.shown() == other.shown()
    }

    pub(super) fn is(&self, line: &str) -> bool {
        match self {
            Self::Whole(text) => without_end(text) == without_end(line),
            // A line of which nothing was kept could be any.
            Self::Parts { parts } => {
                let is_text = |part: &Part| matches!(part, Part::Text(text) if !text.trim().is_empty());
                parts.iter().any(is_text) && secrets_in(parts, line).is_some()
            }
            Self::Blanked { blanked } => {
                let line = without_end(line);
                let parts = without_end(blanked).split_once(BLANK);
                parts.is_some_and(|(head, _)| !head.is_empty() && line.starts_with(head))
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.shown().trim().is_empty()
    }

    /// Whether the line is part of something that spans lines, such as an element of XML.
    pub(super) fn is_nested(&self) -> bool {
        self.shown().starts_with([' ', '\t', '<', '{', '}'])
    }
}

pub(super) fn without_end(line: &str) -> &str {
    line.trim_end_matches(['\r', '\n'])
}

/// The secrets of a block of lines that are those of an edit; none where they are not.
pub(super) fn captured(ours: &[Line], block: &[impl AsRef<str>]) -> Option<Found> {
    let mut found = Found::new();
    for (line, text) in ours.iter().zip(block) {
        if let Line::Parts { parts } = line {
            found.extend(secrets_in(parts, text.as_ref())?);
        }
    }
    Some(found)
}

/// What stands in a line where a kept one has secrets; none where the rest of it differs.
fn secrets_in(parts: &[Part], line: &str) -> Option<Found> {
    let mut found = Found::new();
    let mut rest = without_end(line);
    let mut parts = parts.iter().peekable();
    while let Some(part) = parts.next() {
        match part {
            Part::Text(text) => rest = rest.strip_prefix(without_end(text))?,
            Part::Secret { secret, .. } => {
                let next = parts.peek().and_then(|part| match part {
                    Part::Text(text) => Some(without_end(text)),
                    Part::Secret { .. } => None,
                });
                let is_last = parts.len() <= 1;
                let length = match next {
                    Some(text) if is_last => rest.strip_suffix(text)?.len(),
                    Some(text) => rest.find(text)?,
                    None => rest.len(),
                };
                let (hidden, after) = rest.split_at(length);
                found.insert(*secret, hidden.to_owned());
                rest = after;
            }
        }
    }
    rest.is_empty().then_some(found)
}
