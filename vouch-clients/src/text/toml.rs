//! Sets keys in a TOML text and leaves every other byte as it is.
//!
//! The parser only tells where things stand; the text is never written out again from the parsed form, which would
//! reorder dotted keys and turn CRLF into LF.

use std::ops::Range;

use toml_edit::{Document, InlineTable, Item, Table, TableLike, Value};

use super::piece::{Piece, unquoted};

/// Why keys cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpliceError {
    #[error("`{key}` is {found}, not a table")]
    NotATable { key: String, found: &'static str },
    #[error("`{key}` is written in a form that cannot be edited without touching more of the file")]
    Form { key: String },
}

/// Pending changes of one text.
#[derive(Debug)]
pub struct Splices<'a> {
    text: &'a str,
    newline: &'static str,
    /// Replacements, in no order; none overlaps another.
    inside: Vec<(Range<usize>, String)>,
    appended: String,
}

impl<'a> Splices<'a> {
    pub fn new(text: &'a str) -> Self {
        let crlf = text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r'));
        Self { text, newline: if crlf { "\r\n" } else { "\n" }, inside: Vec::new(), appended: String::new() }
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.inside.is_empty() && self.appended.is_empty()
    }

    /// The text with all changes in it.
    pub fn apply(mut self) -> String {
        self.inside.sort_by_key(|(range, _)| range.start);
        let mut result = String::new();
        let mut done = 0;
        for (range, new) in &self.inside {
            result.push_str(self.text.get(done..range.start).unwrap_or_default());
            result.push_str(new);
            done = range.end;
        }
        result.push_str(self.text.get(done..).unwrap_or_default());
        if !self.appended.is_empty() {
            if !result.is_empty() && !result.ends_with('\n') {
                result.push_str(self.newline);
            }
            if !result.trim().is_empty() {
                result.push_str(self.newline);
            }
            result.push_str(self.appended.trim_end_matches(self.newline));
            result.push_str(self.newline);
        }
        result
    }

    /// Puts `new` in place of a value.
    pub fn replace(&mut self, key: &str, value: &Value, new: &str) -> Result<(), SpliceError> {
        let span = value.span().ok_or_else(|| SpliceError::Form { key: key.to_owned() })?;
        self.inside.push((span, new.to_owned()));
        Ok(())
    }

    /// Adds keys, with values as they are to be written, to the table `outer.inner`, which may be missing.
    pub fn add(
        &mut self,
        root: &Table,
        (outer, inner): (&str, &str),
        pairs: &[(&str, String)],
    ) -> Result<(), SpliceError> {
        if pairs.is_empty() {
            return Ok(());
        }
        let form = || SpliceError::Form { key: format!("{outer}.{inner}") };
        match (root.get(outer), table_at(root, outer, inner)?) {
            (Some(Item::Value(Value::InlineTable(parent))), None) => {
                let members: Vec<_> = pairs.iter().map(|(key, value)| format!("{key} = {value}")).collect();
                self.add_inline(parent, &format!("{inner} = {{ {} }}", members.join(", "))).ok_or_else(form)
            }
            (_, Some(Item::Value(Value::InlineTable(table)))) => {
                let prefix = if table.is_dotted() { format!("{inner}.") } else { String::new() };
                let members: Vec<_> =
                    pairs.iter().map(|(key, value)| format!("{prefix}{key} = {value}")).collect();
                self.add_inline(table, &members.join(", ")).ok_or_else(form)
            }
            (_, Some(Item::Table(table))) if !table.is_implicit() || table.is_dotted() => {
                self.add_lines(table, pairs).ok_or_else(form)
            }
            _ => {
                self.append_table(&format!("[{outer}.{inner}]"), pairs);
                Ok(())
            }
        }
    }

    /// Adds keys to the top level.
    pub fn add_root(&mut self, root: &Table, pairs: &[(&str, String)]) -> Result<(), SpliceError> {
        if last_leaf(root).is_some() {
            let form = || SpliceError::Form { key: "the top level".into() };
            return self.add_lines(root, pairs).ok_or_else(form);
        }
        // Before every table: below the first header nothing is on the top level any more.
        let newline = self.newline;
        let mut new: String = pairs.iter().map(|(key, value)| format!("{key} = {value}{newline}")).collect();
        if !self.text.is_empty() && !self.text.starts_with(['\r', '\n']) {
            new.push_str(newline);
        }
        self.inside.push((0..0, new));
        Ok(())
    }

    /// Adds keys to a table of the top level, which may be missing.
    pub fn add_table(
        &mut self,
        root: &Table,
        name: &str,
        pairs: &[(&str, String)],
    ) -> Result<(), SpliceError> {
        match root.get(name) {
            _ if pairs.is_empty() => Ok(()),
            Some(item) if !item.is_table() => {
                Err(SpliceError::NotATable { key: name.to_owned(), found: type_name(item) })
            }
            Some(Item::Table(table)) if !table.is_implicit() || table.is_dotted() => {
                self.add_to(name, table, pairs)
            }
            _ => {
                self.append_table(&format!("[{name}]"), pairs);
                Ok(())
            }
        }
    }

    /// Adds keys to a table that has a header, or is written with dotted keys.
    pub fn add_to(&mut self, name: &str, table: &Table, pairs: &[(&str, String)]) -> Result<(), SpliceError> {
        if pairs.is_empty() {
            return Ok(());
        }
        self.add_lines(table, pairs).ok_or_else(|| SpliceError::Form { key: name.to_owned() })
    }

    /// Adds one more table to an array of tables, `[[name]]`.
    pub fn append_to_array(&mut self, name: &str, pairs: &[(&str, String)]) {
        self.append_table(&format!("[[{name}]]"), pairs);
    }

    fn append_table(&mut self, header: &str, pairs: &[(&str, String)]) {
        let newline = self.newline;
        self.appended.push_str(&format!("{header}{newline}"));
        for (key, value) in pairs {
            self.appended.push_str(&format!("{key} = {value}{newline}"));
        }
        self.appended.push_str(newline);
    }

    /// After the last member, or between the braces of an empty table.
    fn add_inline(&mut self, table: &InlineTable, member: &str) -> Option<()> {
        let (at, new) = match last_leaf(table) {
            Some((_, end)) => (end, format!(", {member}")),
            None => (table.span()?.start + 1, format!(" {member} ")),
        };
        self.inside.push((at..at, new));
        Some(())
    }

    /// On lines of their own after the last key of the table, written as that one is: same indent, same dotted prefix.
    fn add_lines(&mut self, table: &Table, pairs: &[(&str, String)]) -> Option<()> {
        let (prefix, after) = match last_leaf(table) {
            Some((key, end)) => {
                let line = self.text.get(..key)?.rfind('\n').map_or(0, |at| at + 1);
                (self.text.get(line..key)?, end)
            }
            None if table.is_dotted() => return None,
            None => ("", table.span()?.start),
        };
        let at = self.text.get(after..)?.find('\n').map_or(self.text.len(), |at| after + at + 1);
        let newline = self.newline;
        let mut new: String =
            pairs.iter().map(|(key, value)| format!("{prefix}{key} = {value}{newline}")).collect();
        if at == self.text.len() && !self.text.ends_with('\n') {
            // The file's own last line had no end, and shall have none.
            new = format!("{newline}{}", new.trim_end_matches(newline));
        }
        self.inside.push((at..at, new));
        Some(())
    }
}

/// The item at `outer.inner`, if both are there.
pub fn table_at<'t>(root: &'t Table, outer: &str, inner: &str) -> Result<Option<&'t Item>, SpliceError> {
    let Some(parent) = root.get(outer) else { return Ok(None) };
    let wrong = |key: String, item: &Item| SpliceError::NotATable { key, found: type_name(item) };
    let tables = parent.as_table_like().ok_or_else(|| wrong(outer.to_owned(), parent))?;
    match tables.get(inner) {
        Some(item) if item.is_table_like() => Ok(Some(item)),
        Some(item) => Err(wrong(format!("{outer}.{inner}"), item)),
        None => Ok(None),
    }
}

/// The values and comments of a text, those in arrays and inline tables too; all of it in one where it does not parse.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let skipped = text.len() - body.len();
    let values = || {
        let document = Document::parse(body).ok()?;
        let mut pieces = Vec::new();
        of_table(document.as_table(), &[], &mut pieces)?;
        Some(pieces)
    };
    let Some(mut pieces) = values() else { return Piece::all(text) };
    pieces.sort_by_key(|piece| piece.span.start);
    let mut at = 0;
    let mut found = Vec::new();
    for span in pieces.iter().map(|piece| piece.span.clone()) {
        comments(body, at..span.start, &mut found);
        at = span.end;
    }
    comments(body, at..body.len(), &mut found);
    for piece in &mut pieces {
        piece.span = unquoted(body, piece.span.clone());
    }
    pieces.extend(found.into_iter().map(Piece::comment));
    for piece in &mut pieces {
        piece.span = piece.span.start + skipped..piece.span.end + skipped;
    }
    pieces
}

/// None where the parser does not tell where a value stands.
fn of_table(table: &dyn TableLike, path: &[String], pieces: &mut Vec<Piece>) -> Option<()> {
    for (key, item) in table.iter() {
        let path: Vec<String> = path.iter().cloned().chain([key.to_owned()]).collect();
        match item {
            Item::None => {}
            Item::Value(value) => of_value(value, &path, pieces)?,
            Item::Table(table) => of_table(table, &path, pieces)?,
            Item::ArrayOfTables(tables) => {
                tables.iter().try_for_each(|table| of_table(table, &path, pieces))?;
            }
        }
    }
    Some(())
}

fn of_value(value: &Value, path: &[String], pieces: &mut Vec<Piece>) -> Option<()> {
    match value {
        Value::InlineTable(table) => of_table(table, path, pieces),
        Value::Array(values) => {
            let mut before = None;
            for value in values {
                // What follows an option in a command is its value.
                let option = before.filter(|word: &&str| word.starts_with('-')).map(str::to_owned);
                let path: Vec<String> = path.iter().cloned().chain(option).collect();
                of_value(value, &path, pieces)?;
                before = value.as_str();
            }
            Some(())
        }
        value => {
            pieces.push(Piece::value(path.to_vec(), value.span()?));
            Some(())
        }
    }
}

/// Comments between two values: there, quotes are those of keys.
fn comments(text: &str, gap: Range<usize>, found: &mut Vec<Range<usize>>) {
    let mut at = gap.start;
    let mut quote = None;
    while let Some(c) = text.get(at..gap.end).and_then(|rest| rest.chars().next()) {
        match (quote, c) {
            (Some('"'), '\\') => at += 1,
            (Some(open), _) if open == c || c == '\n' => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '#') => {
                let rest = text.get(at..gap.end).unwrap_or_default();
                let end = at + rest.find('\n').unwrap_or(rest.len());
                found.push(at + 1..end);
                at = end;
                continue;
            }
            (None, _) => {}
        }
        at += c.len_utf8();
    }
}

/// What an item is, for a message.
pub fn type_name(item: &Item) -> &'static str {
    match item {
        Item::ArrayOfTables(_) => "an array of tables",
        Item::Value(Value::Array(_)) => "an array",
        Item::Value(Value::String(_)) => "a string",
        Item::Value(Value::Integer(_) | Value::Float(_)) => "a number",
        Item::Value(Value::Boolean(_)) => "true or false",
        Item::Value(Value::Datetime(_)) => "a date",
        Item::None | Item::Table(_) | Item::Value(Value::InlineTable(_)) => "a table",
    }
}

/// Where the last direct value of a table has its key and where it ends.
fn last_leaf(table: &dyn TableLike) -> Option<(usize, usize)> {
    let leaves = table.iter().filter_map(|(name, _)| {
        let (key, item) = table.get_key_value(name)?;
        let value = item.as_value()?;
        if value.as_inline_table().is_some_and(InlineTable::is_dotted) {
            let (_, end) = last_leaf(value.as_inline_table()?)?;
            return Some((key.span()?.start, end));
        }
        Some((key.span()?.start, value.span()?.end))
    });
    leaves.max_by_key(|(_, end)| *end)
}
