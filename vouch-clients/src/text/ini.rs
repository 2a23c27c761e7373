//! Sets values in an INI text as Python's configparser reads it, and leaves every other byte as it is.
//!
//! The rules are those of `RawConfigParser()`: keys in any case before the first `=` or `:`, comments on lines of their
//! own, values that go on in lines indented deeper than their key.

use std::ops::Range;

use super::piece::Piece;

/// Why a text cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub(crate) struct IniError {
    pub(crate) line: usize,
    pub(crate) reason: &'static str,
}

/// A parsed text.
#[derive(Debug)]
pub(crate) struct Ini<'a> {
    text: &'a str,
    newline: &'static str,
    sections: Vec<Section>,
    fold: fn(&str) -> String,
}

#[derive(Debug)]
struct Section {
    name: String,
    options: Vec<Entry>,
    /// After the last line that belongs to an option, or after the header.
    end: usize,
    /// What a line at the end is indented by: deeper, it would go on with the one before; less deep, the one after with it.
    indent: String,
}

#[derive(Debug)]
struct Entry {
    key: String,
    indent: String,
    /// From the end of the delimiter to the end of the last line of the value, without its line break.
    value: Range<usize>,
}

/// Keys as configparser folds them.
pub(crate) fn lower_case(key: &str) -> String {
    key.to_lowercase()
}

/// What Python's `str.strip` takes away: to Unicode, the four separators of ASCII are no space.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// Lines with their ends, which are `\n`, `\r\n` or `\r`, as Python opens texts.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let length = match rest.find(['\n', '\r']) {
            Some(at) if rest[at..].starts_with("\r\n") => at + 2,
            Some(at) => at + 1,
            None if rest.is_empty() => return None,
            None => rest.len(),
        };
        let (line, after) = rest.split_at(length);
        rest = after;
        Some(line)
    })
}

fn indent_of(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches(is_space).len()]
}

/// The values and comments of a text, line by line. It is cut where [`Ini::parse`] refuses it, too: the AWS tools read
/// more than configparser does.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let (mut path, mut depth, mut in_option) = (Vec::new(), 0, false);
    let mut at = 0;
    for line in lines(text) {
        let start = at;
        at += line.len();
        let content = line.trim_matches(is_space);
        let indent = indent_of(line);
        let (first, end) = (start + indent.len(), start + indent.len() + content.len());
        let deep = indent.chars().count();
        if content.is_empty() {
            continue;
        }
        if content.starts_with(['#', ';']) {
            pieces.push(Piece::comment(first + 1..end));
            continue;
        }
        if in_option && deep > depth {
            pieces.push(
                nested(content, &path, first).unwrap_or_else(|| Piece::value(path.clone(), first..end)),
            );
            continue;
        }
        depth = deep;
        if let Some(name) = content.strip_prefix('[').and_then(|rest| Some(&rest[..rest.rfind(']')?])) {
            path = vec![name.to_owned()];
            pieces.push(Piece::comment(first + name.len() + 2..end));
            in_option = false;
            continue;
        }
        let Some(delimiter) = content.find(['=', ':']) else {
            pieces.push(Piece::unclear(Vec::new(), first..end));
            continue;
        };
        path.truncate(1);
        path.push(content[..delimiter].trim_matches(is_space).to_owned());
        let value = &content[delimiter + 1..];
        // To configparser it is no comment, to whoever wrote it it is.
        let comment = [" #", " ;", "\t#", "\t;"].iter().filter_map(|sign| value.find(sign)).min();
        let middle = end - value.len() + comment.unwrap_or(value.len());
        pieces.push(Piece::value(path.clone(), first + delimiter + 1..middle));
        pieces.push(Piece::comment(middle..end));
        in_option = true;
    }
    pieces
}

/// A setting below another, as in the AWS tools' files: its value by both keys.
fn nested(content: &str, path: &[String], start: usize) -> Option<Piece> {
    let (key, value) = content.split_once('=')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let key = Some(key.trim_matches(is_space)).filter(|key| !key.is_empty() && key.chars().all(plain))?;
    let path = path.iter().cloned().chain([key.to_owned()]).collect();
    let end = start + content.len();
    Some(Piece::value(path, end - value.len()..end))
}

impl<'a> Ini<'a> {
    /// Reads a text, with the rule by which the client takes two keys for one.
    pub(crate) fn parse(text: &'a str, fold: fn(&str) -> String) -> Result<Self, IniError> {
        let first = lines(text).next().unwrap_or_default();
        let newline = ["\r\n", "\r"].into_iter().find(|end| first.ends_with(end)).unwrap_or("\n");
        let mut ini = Self { text, newline, sections: Vec::new(), fold };
        let (mut at, mut depth, mut in_option) = (0, 0, false);
        for (number, line) in lines(text).enumerate() {
            let start = at;
            at += line.len();
            let content = line.trim_matches(is_space);
            if content.is_empty() || content.starts_with(['#', ';']) {
                continue;
            }
            let indent = indent_of(line);
            let deep = indent.chars().count();
            let end = start + line.trim_end_matches(is_space).len();
            let wrong = |reason| IniError { line: number + 1, reason };
            if in_option && deep > depth {
                let section = ini.sections.last_mut();
                if let Some(section) = section {
                    section.end = at;
                    if let Some(option) = section.options.last_mut() {
                        option.value.end = end;
                    }
                }
                continue;
            }
            depth = deep;
            if let Some(name) = content
                .strip_prefix('[')
                .and_then(|rest| Some(&rest[..rest.rfind(']')?]))
                .filter(|name| !name.is_empty())
            {
                if ini.sections.iter().any(|known| known.name == name) {
                    return Err(wrong("this section is there twice"));
                }
                if let Some(before) = ini.sections.last_mut().filter(|before| before.options.is_empty()) {
                    before.indent = indent.to_owned();
                }
                let (name, indent) = (name.to_owned(), indent.to_owned());
                ini.sections.push(Section { name, options: Vec::new(), end: at, indent });
                in_option = false;
                continue;
            }
            let section = ini.sections.last_mut().ok_or_else(|| wrong("this is in no section"))?;
            let delimiter = line.find(['=', ':']).ok_or_else(|| wrong("this is no setting"))?;
            let key = fold(line.get(..delimiter).unwrap_or_default().trim_matches(is_space));
            if key.is_empty() {
                return Err(wrong("this setting has no name"));
            }
            if section.options.iter().any(|known| known.key == key) {
                return Err(wrong("this setting is there twice"));
            }
            let value = start + delimiter + 1..end;
            section.options.push(Entry { key, indent: indent.to_owned(), value });
            section.indent = indent.to_owned();
            section.end = at;
            in_option = true;
        }
        Ok(ini)
    }

    /// The names of the sections, in their order.
    pub(crate) fn sections(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().map(|section| section.name.as_str())
    }

    /// A value, its lines without their indent and without comments between them.
    pub(crate) fn value(&self, section: &str, key: &str) -> Option<String> {
        let written = self.text.get(self.entry(section, key)?.value.clone())?;
        let lines = lines(written).map(|line| line.trim_matches(is_space)).enumerate();
        let lines = lines.filter(|(at, line)| *at == 0 || !(line.is_empty() || line.starts_with(['#', ';'])));
        Some(lines.map(|(_, line)| line).collect::<Vec<_>>().join("\n"))
    }

    /// The line where a value begins, counted from one.
    pub(crate) fn line(&self, section: &str, key: &str) -> Option<usize> {
        let before = self.text.get(..self.entry(section, key)?.value.start)?;
        Some(lines(before).count().max(1))
    }

    /// The text with a value set. A line break in it begins a new line, which is indented.
    pub(crate) fn set(&self, section: &str, key: &str, value: &str) -> String {
        let newline = self.newline;
        let written = |indent: &str| {
            let space = if value.starts_with('\n') { "" } else { " " };
            format!("{space}{}", value.replace('\n', &format!("{newline}{indent}    ")))
        };
        if let Some(entry) = self.entry(section, key) {
            return self.spliced(entry.value.clone(), &written(&entry.indent));
        }
        if let Some(Section { end, indent, .. }) = self.sections.iter().find(|known| known.name == section) {
            let line = format!("{indent}{key} ={}", written(indent));
            let complete = self.text.get(..*end).is_some_and(|before| before.ends_with(['\n', '\r']));
            return match complete {
                true => self.spliced(*end..*end, &format!("{line}{newline}")),
                false => self.spliced(*end..*end, &format!("{newline}{line}")),
            };
        }
        let before = match self.text {
            "" => "",
            text if text.ends_with(['\n', '\r']) => newline,
            _ => &newline.repeat(2),
        };
        let added = format!("{before}[{section}]{newline}{key} ={}{newline}", written(""));
        self.spliced(self.text.len()..self.text.len(), &added)
    }

    /// The text with one more line in a value that is a list: what stands there stays as it is, comments of whatever kind
    /// among it.
    pub(crate) fn append(&self, section: &str, key: &str, item: &str) -> String {
        let Some(Entry { indent, value, .. }) = self.entry(section, key) else {
            return self.set(section, key, &format!("\n{item}"));
        };
        let written = self.text.get(value.clone()).unwrap_or_default();
        let last = lines(written).skip(1).filter(|line| !line.trim_matches(is_space).is_empty()).last();
        let indent = last.map_or_else(|| format!("{indent}    "), |line| indent_of(line).to_owned());
        self.spliced(value.end..value.end, &format!("{}{indent}{item}", self.newline))
    }

    fn entry(&self, section: &str, key: &str) -> Option<&Entry> {
        let section = self.sections.iter().find(|known| known.name == section)?;
        section.options.iter().find(|option| option.key == (self.fold)(key))
    }

    fn spliced(&self, range: Range<usize>, new: &str) -> String {
        let mut text = self.text.to_owned();
        text.replace_range(range, new);
        text
    }
}

#[cfg(test)]
#[path = "ini_tests.rs"]
mod tests;
