//! What a dialect cuts a text into, so that [`super::redact`] can decide what of it may be seen.

use std::ops::Range;

/// A part of a text that may hold a secret. What no piece covers is structure: names of keys, brackets, quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The keys that lead to it, the outermost first; none for a comment.
    pub(crate) path: Vec<String>,
    /// Where it stands, in bytes, without quotes round it. It may go over several lines.
    pub(crate) span: Range<usize>,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Value,
    /// People comment tokens out.
    Comment,
    /// A form that the dialect does not take apart: there is no telling what it holds.
    Unclear,
}

impl Piece {
    pub(crate) fn value(path: Vec<String>, span: Range<usize>) -> Self {
        Self { path, span, kind: Kind::Value }
    }

    pub(crate) fn comment(span: Range<usize>) -> Self {
        Self { path: Vec::new(), span, kind: Kind::Comment }
    }

    pub(crate) fn unclear(path: Vec<String>, span: Range<usize>) -> Self {
        Self { path, span, kind: Kind::Unclear }
    }

    /// The whole text, of which nothing is understood.
    pub(crate) fn all(text: &str) -> Vec<Self> {
        vec![Self::unclear(Vec::new(), 0..text.len())]
    }

    /// Every line of a text.
    pub(crate) fn lines(text: &str) -> Vec<Self> {
        let mut start = 0;
        let line = |line: &str| {
            start += line.len();
            Self::value(Vec::new(), start - line.len()..start)
        };
        text.split_inclusive('\n').map(line).collect()
    }
}

/// A span without the quotes round it, where it has some.
pub(crate) fn unquoted(text: &str, span: Range<usize>) -> Range<usize> {
    let raw = text.get(span.clone()).unwrap_or_default();
    let quotes = ["\"\"\"", "'''", "\"", "'"];
    let quote = quotes
        .into_iter()
        .find(|quote| raw.len() >= 2 * quote.len() && raw.starts_with(quote) && raw.ends_with(quote));
    let width = quote.map_or(0, str::len);
    span.start + width..span.end - width
}
