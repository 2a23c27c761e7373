//! npm's dialect of INI, line by line. Source: the package `ini` 4 to 7, which npm reads `.npmrc` with.

use serde_json::Value;

use super::piece::{Piece, unquoted};

/// The values and comments of a text. A line without a value is a key to npm, and may be a token that was pasted.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive(['\r', '\n']) {
        let content = line.trim_end_matches(['\r', '\n']);
        let at = |from: usize, to: usize| start + from..start + to;
        let first = content.len() - trim_start(content).len();
        match Meaning::of(content) {
            Meaning::Nothing if trim(content).is_empty() => {}
            Meaning::Nothing if trim(content).starts_with([';', '#']) => {
                pieces.push(Piece::comment(at(first + 1, content.len())));
            }
            Meaning::Section => {}
            Meaning::Entry(Entry { key, place: Some((from, to)), .. }) => {
                pieces.push(Piece::value(vec![key], unquoted(text, at(from, to))));
                pieces.push(Piece::comment(at(to, content.len())));
            }
            Meaning::Nothing | Meaning::Entry(_) => {
                pieces.push(Piece::unclear(Vec::new(), at(first, content.len())));
            }
        }
        start += line.len();
    }
    pieces
}

/// What a line is to npm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Blank, a comment, or something that npm passes over.
    Nothing,
    /// `[name]`: all that follows is nested below it, to the next one.
    Section,
    Entry(Entry),
}

/// A line that sets something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Decoded, and without the `[]` of an array.
    pub(crate) key: String,
    /// `key[]`: one more item of an array.
    pub(crate) array: bool,
    /// Decoded, as text; none where there is no `=`.
    pub(crate) value: Option<String>,
    /// Where the value stands in the line: after the `=` and its blanks, before blanks and a comment. In bytes.
    pub(crate) place: Option<(usize, usize)>,
}

impl Meaning {
    /// Reads one line, without its end.
    pub(crate) fn of(line: &str) -> Self {
        let trimmed = trim(line);
        if trimmed.is_empty() || trimmed.starts_with([';', '#']) {
            return Self::Nothing;
        }
        if is_section(line) {
            return Self::Section;
        }
        let (key, rest) = match line.split_once('=') {
            Some(("", _)) => return Self::Nothing,
            // The value is matched with `.`, which these two end for JavaScript.
            Some((_, value)) if value.contains(['\u{2028}', '\u{2029}']) => return Self::Nothing,
            Some((key, value)) => (key, Some(value)),
            None => (line, None),
        };
        let place = rest.map(|value| {
            let start = line.len() - value.len();
            let lead = value.len() - trim_start(value).len();
            (start + lead, start + lead + decoded_length(trim(value)))
        });
        let key = decode(key);
        let (key, array) = match key.strip_suffix("[]").filter(|name| !name.is_empty()) {
            Some(name) => (name.to_owned(), true),
            None => (key, false),
        };
        Self::Entry(Entry { key, array, value: rest.map(decode), place })
    }
}

/// `[`, no `]`, `]`, blanks; nothing before it.
fn is_section(line: &str) -> bool {
    let inner = line.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    inner.is_some_and(|(_, rest)| trim(rest).is_empty())
}

/// What quotes, escapes and comments make of a key or a value.
fn decode(text: &str) -> String {
    let text = trim(text);
    if is_quoted(text) {
        let inner = match text.strip_prefix('\'') {
            Some(rest) => rest.strip_suffix('\'').unwrap_or_default(),
            None => text,
        };
        return match serde_json::from_str::<Value>(inner) {
            Ok(Value::String(text)) => text,
            Ok(other) => other.to_string(),
            Err(_) => inner.to_owned(),
        };
    }
    let mut decoded = String::new();
    let mut escaped = false;
    for c in text.chars() {
        match (escaped, c) {
            (true, '\\' | ';' | '#') => decoded.push(c),
            (true, _) => decoded.extend(['\\', c]),
            (false, ';' | '#') => break,
            (false, '\\') => {}
            (false, _) => decoded.push(c),
        }
        escaped = !escaped && c == '\\';
    }
    if escaped {
        decoded.push('\\');
    }
    trim(&decoded).to_owned()
}

/// How much of a trimmed text is the value itself: all that is quoted, else what stands before a comment.
fn decoded_length(text: &str) -> usize {
    if is_quoted(text) {
        return text.len();
    }
    let mut escaped = false;
    let comment = text.char_indices().find(|(_, c)| {
        let starts = !escaped && matches!(c, ';' | '#');
        escaped = !escaped && *c == '\\';
        starts
    });
    let value = comment.map_or(text, |(at, _)| text.get(..at).unwrap_or_default());
    trim_end(value).len()
}

fn is_quoted(text: &str) -> bool {
    ['"', '\''].iter().any(|quote| text.starts_with(*quote) && text.ends_with(*quote))
}

/// JavaScript's `trim`, which takes the byte-order mark off and leaves U+0085.
fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

pub(crate) fn trim_start(text: &str) -> &str {
    text.trim_start_matches(is_blank)
}

fn trim_end(text: &str) -> &str {
    text.trim_end_matches(is_blank)
}

fn is_blank(c: char) -> bool {
    c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(line: &str) -> (String, Option<String>) {
        match Meaning::of(line) {
            Meaning::Entry(entry) => (entry.key, entry.value),
            other => panic!("{line:?}: {other:?}"),
        }
    }

    #[test]
    fn values_are_decoded_as_npm_does() {
        for (line, value) in [
            ("k=v", "v"),
            ("k = v ", "v"),
            ("\u{feff}k=v", "v"),
            ("k=a==", "a=="),
            ("k=v ; c", "v"),
            ("k=v#c", "v"),
            (r"k=a\;b\#c", "a;b#c"),
            (r"k=a\\", r"a\"),
            (r"k=a\", r"a\"),
            (r"k=a\nb", r"a\nb"),
            (r#"k="a;b""#, "a;b"),
            (r#"k="a\u0041""#, "aA"),
            ("k='a b'", "a b"),
            (r#"k="a" ; c"#, r#""a""#),
            ("k=\"", "\""),
            ("k=\"\"", ""),
            ("k='", ""),
        ] {
            assert_eq!(entry(line), ("k".into(), Some(value.into())), "{line:?}");
        }
        assert_eq!(entry("k"), ("k".into(), None));
        assert_eq!(entry("\"//h/:x\" = 1").0, "//h/:x");
        assert_eq!(entry("// no comment").0, "// no comment");
        assert_eq!(entry(" [s]").0, "[s]");
    }

    #[test]
    fn sections_and_nothing() {
        for line in ["[a]", "[]", "[a.b] "] {
            assert_eq!(Meaning::of(line), Meaning::Section, "{line:?}");
        }
        for line in ["", " \t", "; k=v", " # k=v", "=v", "\u{feff}", "k=a\u{2028}b"] {
            assert_eq!(Meaning::of(line), Meaning::Nothing, "{line:?}");
        }
    }

    #[test]
    fn the_place_of_a_value_leaves_blanks_and_comments_out() {
        for (line, value) in [
            ("k = v ; c", "v"),
            ("k=v#c", "v"),
            ("k=", ""),
            ("k = ", ""),
            (r#"k="a;b""#, r#""a;b""#),
            ("k= ; c", ""),
        ] {
            let Meaning::Entry(Entry { place: Some((start, end)), .. }) = Meaning::of(line) else {
                panic!("{line}")
            };
            assert_eq!(&line[start..end], value, "{line:?}");
        }
    }
}
