//! A lossless `.npmrc`: parsed, edited and printed, every byte outside the edited lines as it was.
//!
//! What a line means is npm's own view: a value is cut at `;` or `#`, blanks round `=` do not count, quotes are taken
//! off, the last of several equal keys wins, and what stands below a `[section]` is no setting at all.

use std::collections::HashSet;
use std::fmt;

use super::npm_ini::{self, Entry, Meaning};

/// The contents of an `.npmrc`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Npmrc {
    lines: Vec<Line>,
}

#[derive(Clone, PartialEq, Eq)]
struct Line {
    text: Vec<u8>,
    end: &'static [u8],
}

impl Line {
    /// Whether it may set a key: most lines of a long file set others, and taking one apart costs more than this look.
    fn may_set(&self, key: &str) -> bool {
        let is_plain = |byte: &u8| byte.is_ascii() && !br#""'\"#.contains(byte);
        match std::str::from_utf8(&self.text) {
            Ok(text) => text.contains(key) || !self.text.iter().all(is_plain),
            Err(_) => true,
        }
    }
}

/// A value that npm reads as it stands: without quotes, escapes, comments or variables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BareValue<'a>(&'a str);

impl<'a> BareValue<'a> {
    /// Letters, digits and `-._~+/=:@%`, at least one: URLs, CodeArtifact tokens (base64url and dots).
    pub fn new(text: &'a str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=:@%".contains(&byte);
        let literal = matches!(text, "true" | "false" | "null");
        (!text.is_empty() && !literal && text.bytes().all(plain)).then_some(Self(text))
    }

    /// A variable of the environment as npm writes one, `${NAME}` with a plain name.
    pub fn variable(text: &'a str) -> Option<Self> {
        let name = text.strip_prefix("${")?.strip_suffix('}')?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        (!name.is_empty() && name.bytes().all(plain)).then_some(Self(text))
    }

    /// `true`.
    pub const TRUE: BareValue<'static> = BareValue("true");
}

/// It may be a token.
impl fmt::Debug for BareValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BareValue(..)")
    }
}

/// Without the contents: there may be tokens in them.
impl fmt::Debug for Npmrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Npmrc").field("lines", &self.lines.len()).finish()
    }
}

impl Npmrc {
    /// Takes a file apart. Anything is an `.npmrc`; what npm passes over is kept.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut lines = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
            let (text, after) = rest.split_at(length);
            let end: &'static [u8] = match after {
                [b'\r', b'\n', ..] => b"\r\n",
                [b'\r', ..] => b"\r",
                [b'\n', ..] => b"\n",
                _ => b"",
            };
            lines.push(Line { text: text.to_vec(), end });
            rest = after.get(end.len()..).unwrap_or_default();
        }
        Self { lines }
    }

    /// The file again.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|line| line.text.iter().chain(line.end)).copied().collect()
    }

    /// What npm takes a key to be, as text and before variables are replaced. A key without `=` is `true`.
    pub fn value(&self, key: &str) -> Option<String> {
        let last = self.places(key).last()?.1;
        Some(last.value.unwrap_or_else(|| "true".into()))
    }

    /// The keys and values at the top level, in order; a key may come more than once.
    pub fn settings(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let value = |entry: Entry| (entry.key, entry.value.unwrap_or_else(|| "true".into()));
        self.entries().map(move |(_, entry)| value(entry))
    }

    /// The same with their lines, counted from one, and whether it is an item of an array.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (usize, String, String, bool)> + '_ {
        self.entries().map(|(place, entry)| {
            (place + 1, entry.key, entry.value.unwrap_or_else(|| "true".into()), entry.array)
        })
    }

    /// The keys that have one value, each once, with the value in force.
    pub fn scalars(&self) -> Vec<(String, String)> {
        let all: Vec<Entry> = self.entries().map(|(_, entry)| entry).collect();
        let mut seen = HashSet::new();
        let mut found: Vec<(String, String)> = Vec::new();
        for entry in all.into_iter().rev() {
            if seen.insert(entry.key.clone()) && !entry.array {
                found.push((entry.key, entry.value.unwrap_or_else(|| "true".into())));
            }
        }
        found.reverse();
        found
    }

    /// Gives a key one value. The first line that sets it is rewritten, further ones are dropped; without any, a line
    /// is added before the first section. Indentation, blanks round `=` and a comment behind the value stay.
    pub fn set(&mut self, key: &str, value: BareValue<'_>) {
        let places: Vec<_> = self.places(key).collect();
        let Some((first, entry)) = places.first() else { return self.insert(key, value) };
        if places.len() > 1 || entry.array || entry.value.as_deref() != Some(value.0) {
            let text = self.lines.get(*first).map(|line| rewritten(&line.text, entry, key, value));
            if let (Some(line), Some(text)) = (self.lines.get_mut(*first), text) {
                line.text = text;
            }
        }
        for (place, _) in places.iter().skip(1).rev() {
            self.drop_line(*place);
        }
    }

    /// Takes every line that sets a key out. Says whether there was one.
    pub fn remove(&mut self, key: &str) -> bool {
        let places: Vec<_> = self.places(key).map(|(place, _)| place).collect();
        for place in places.iter().rev() {
            self.drop_line(*place);
        }
        !places.is_empty()
    }

    /// The values of all lines that set something or once did: below a section and in a comment, too.
    pub(crate) fn values(&self) -> impl Iterator<Item = String> + '_ {
        self.lines.iter().filter_map(|line| setting(line)?.value)
    }

    /// Takes those lines out, as [`Self::values`] knows them, whose key and value are meant. Answers what they said.
    pub(crate) fn remove_lines(
        &mut self,
        mut is_meant: impl FnMut(&str, &str) -> bool,
    ) -> Vec<(String, String)> {
        let mut removed = Vec::new();
        for place in (0..self.lines.len()).rev() {
            let entry = self.lines.get(place).and_then(setting);
            if let Some(Entry { key, value: Some(value), .. }) = entry
                && is_meant(&key, &value)
            {
                self.drop_line(place);
                removed.push((key, value));
            }
        }
        removed.reverse();
        removed
    }

    /// The entries at the top level and their lines.
    fn entries(&self) -> impl Iterator<Item = (usize, Entry)> + '_ {
        self.entries_of(|_| true)
    }

    /// Those of them that are meant, by their lines; what ends the top level is always looked at.
    fn entries_of<'a>(
        &'a self,
        is_meant: impl Fn(&Line) -> bool + 'a,
    ) -> impl Iterator<Item = (usize, Entry)> + 'a {
        let lines = self
            .lines
            .iter()
            .enumerate()
            .filter(move |(_, line)| line.text.contains(&b'[') || is_meant(line));
        let meanings = lines.map(|(place, line)| (place, Meaning::of(&String::from_utf8_lossy(&line.text))));
        let top = meanings.take_while(|(_, meaning)| *meaning != Meaning::Section);
        top.filter_map(|(place, meaning)| match meaning {
            Meaning::Entry(entry) => Some((place, entry)),
            _ => None,
        })
    }

    fn places<'a>(&'a self, key: &'a str) -> impl Iterator<Item = (usize, Entry)> + 'a {
        self.entries_of(move |line| line.may_set(key)).filter(move |(_, entry)| entry.key == key)
    }

    fn insert(&mut self, key: &str, value: BareValue<'_>) {
        let text = format!("{key}={}", value.0).into_bytes();
        let end = self.lines.iter().map(|line| line.end).find(|end| !end.is_empty()).unwrap_or(b"\n");
        let place = self.place_for_new();
        let end = match (place.checked_sub(1).and_then(|before| self.lines.get_mut(before)), place) {
            // A file without a final newline stays one.
            (Some(last), _) if last.end.is_empty() => std::mem::replace(&mut last.end, end),
            _ => end,
        };
        self.lines.insert(place, Line { text, end });
        self.keep_apart(place);
    }

    /// At the end; with sections, behind the last setting before them, or above the comments of the first.
    fn place_for_new(&self) -> usize {
        let meaning = |line: &Line| Meaning::of(&String::from_utf8_lossy(&line.text));
        let Some(section) = self.lines.iter().position(|line| meaning(line) == Meaning::Section) else {
            return self.lines.len();
        };
        if let Some((last, _)) = self.entries().last() {
            return last + 1;
        }
        let above = self.lines.iter().take(section).rev();
        section - above.take_while(|line| line.text.iter().any(|byte| !byte.is_ascii_whitespace())).count()
    }

    fn drop_line(&mut self, place: usize) {
        let dropped = self.lines.remove(place);
        // A file without a final newline stays one; an empty line is nothing but its newline.
        if let (true, Some(last)) = (dropped.end.is_empty(), self.lines.last_mut())
            && !last.text.is_empty()
        {
            last.end = b"";
        }
        if let Some(before) = place.checked_sub(1) {
            self.keep_apart(before);
        }
    }

    /// An end of `\r` would make one end with the `\n` of an empty line that came behind it by an edit.
    fn keep_apart(&mut self, place: usize) {
        let follows = self.lines.get(place + 1).is_some_and(|next| next.text.is_empty() && next.end == b"\n");
        if let (true, Some(line)) = (follows, self.lines.get_mut(place))
            && line.end == b"\r"
        {
            line.end = b"\n";
        }
    }
}

/// What a line sets, or would set without the mark of a comment before it.
fn setting(line: &Line) -> Option<Entry> {
    let text = String::from_utf8_lossy(&line.text);
    let text = npm_ini::trim_start(&text).trim_start_matches([';', '#']);
    match Meaning::of(text) {
        Meaning::Entry(entry) => Some(entry),
        _ => None,
    }
}

fn rewritten(line: &[u8], entry: &Entry, key: &str, value: BareValue<'_>) -> Vec<u8> {
    let text = String::from_utf8_lossy(line);
    match entry.place.filter(|_| !entry.array) {
        // A line with bytes that are no text would not come out as it was.
        Some((start, end)) if text.len() == line.len() => {
            let (before, after) =
                (line.get(..start).unwrap_or_default(), line.get(end..).unwrap_or_default());
            [before, value.0.as_bytes(), after].concat()
        }
        _ => {
            let indent = text.len() - npm_ini::trim_start(&text).len();
            [text.get(..indent).unwrap_or_default(), key, "=", value.0].concat().into_bytes()
        }
    }
}

#[cfg(test)]
#[path = "npmrc_tests.rs"]
mod tests;
