//! Settings as the dialects have them, each with its place.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, TableLike, Value};

use super::urls::{LineEnds, unescaped};
use crate::text::npmrc::Npmrc;
use crate::text::piece::{Kind, Piece};
use crate::text::yaml_pieces;

/// A value and where it stands. It may be a token: nothing prints it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) file: PathBuf,
    /// Counted from one.
    pub(super) line: usize,
    /// The keys that lead to it, the outermost first; the place in a list is a number.
    pub(super) path: Vec<String>,
    pub(super) value: String,
    /// As the file has it, where another file's name stands for it here.
    pub(super) own_path: Option<Vec<String>>,
}

impl Setting {
    pub(super) fn new(file: &Path, line: usize, key: &str, value: impl Into<String>) -> Self {
        Self::at(file, line, vec![key.to_owned()], value.into())
    }

    pub(super) fn at(file: &Path, line: usize, path: Vec<String>, value: String) -> Self {
        Self { file: file.to_owned(), line, path, value, own_path: None }
    }

    /// The same under the name that another file has for it.
    pub(super) fn known_as(self, key: impl Into<String>) -> Self {
        Self { own_path: Some(self.path), path: vec![key.into()], ..self }
    }

    /// The names to show.
    pub(super) fn shown_path(&self) -> Vec<String> {
        without_places(self.own_path.as_ref().unwrap_or(&self.path)).map(str::to_owned).collect()
    }

    /// The keys above a list's places.
    pub(super) fn keys(&self) -> Vec<&str> {
        without_places(&self.path).collect()
    }

    /// The innermost key.
    pub(super) fn key(&self) -> &str {
        self.keys().last().copied().unwrap_or_default()
    }

    /// Whether the keys are these.
    pub(super) fn is(&self, keys: &[&str]) -> bool {
        self.keys() == keys
    }

    /// The keys that lead to its table or list.
    fn above(&self) -> Option<&[String]> {
        self.path.split_last().map(|(_, above)| above)
    }

    /// Its value with variables of the environment filled in.
    pub(super) fn expanded(&self) -> String {
        expanded(&self.value)
    }

    /// The file that its value names, from the folder of its own file on.
    pub(super) fn named_file(&self) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(&self.value)
    }
}

/// The settings of one key, to be found from others of the same table or list.
pub(super) struct Beside<'s> {
    known: HashMap<(&'s Path, Option<&'s [String]>), &'s Setting>,
    /// Whether a table of one file is that of another.
    is_merged: bool,
}

impl<'s> Beside<'s> {
    /// The first of each table.
    pub(super) fn of(settings: impl IntoIterator<Item = &'s Setting>, key: &str) -> Self {
        Self::built(settings, key, false)
    }

    /// The same where the client makes one table of those of all files.
    pub(super) fn in_all(settings: impl IntoIterator<Item = &'s Setting>, key: &str) -> Self {
        Self::built(settings, key, true)
    }

    fn built(settings: impl IntoIterator<Item = &'s Setting>, key: &str, is_merged: bool) -> Self {
        let mut beside = Self { known: HashMap::new(), is_merged };
        for setting in settings.into_iter().filter(|setting| setting.key() == key) {
            let place = beside.place(setting);
            beside.known.entry(place).or_insert(setting);
        }
        beside
    }

    pub(super) fn find(&self, setting: &Setting) -> Option<&'s Setting> {
        self.known.get(&self.place(setting)).copied()
    }

    fn place<'p>(&self, setting: &'p Setting) -> (&'p Path, Option<&'p [String]>) {
        (if self.is_merged { Path::new("") } else { &setting.file }, setting.above())
    }
}

fn without_places(path: &[String]) -> impl Iterator<Item = &str> {
    path.iter().map(String::as_str).filter(|key| !key.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Of an `.npmrc`, those in force, as they are written.
pub(super) fn of_npmrc(file: &Path, text: &str) -> Vec<Setting> {
    let npmrc = Npmrc::parse(text.as_bytes());
    let all: Vec<_> = npmrc.numbered().collect();
    // One that is no item of a list takes the place of all before it.
    let mut replaced = HashSet::new();
    let mut found = Vec::new();
    for (line, key, value, is_item) in all.into_iter().rev() {
        if replaced.contains(&key) {
            continue;
        }
        found.push(Setting::new(file, line, &key, value));
        if !is_item {
            replaced.insert(key);
        }
    }
    found.reverse();
    found
}

/// Of a TOML text; none of one that does not parse, since its client reads none either.
pub(super) fn of_toml(file: &Path, text: &str) -> Vec<Setting> {
    let mut found = Vec::new();
    if let Ok(document) = Document::parse(text) {
        let lines = LineEnds::of(text);
        let mut add = |path: &[String], value: String, start: Option<usize>| {
            let line = lines.line(start.unwrap_or_default());
            found.push(Setting::at(file, line, path.to_vec(), value));
        };
        of_table(document.as_table(), &mut Vec::new(), &mut add);
    }
    found
}

/// Of a YAML text that is written in lines. A value in another form is there as it is written.
pub(super) fn of_yaml(file: &Path, text: &str) -> Vec<Setting> {
    let pieces = yaml_pieces::pieces(text).into_iter().filter(|piece| piece.kind != Kind::Comment);
    let lines = LineEnds::of(text);
    let setting = |piece: Piece| {
        let line = lines.line(piece.span.start);
        let value = unescaped(text.get(piece.span).unwrap_or_default()).into_owned();
        Setting::at(file, line, piece.path, value)
    };
    pieces.map(setting).collect()
}

/// Of a `.yarnrc`, which is written as a `yarn.lock` is: key, blank, value, both perhaps in quotes.
pub(super) fn of_yarnrc(file: &Path, text: &str) -> Vec<Setting> {
    let word = |text: &str| serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned());
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with(['#', ' ', '\t']) {
            continue;
        }
        let end = match line.strip_prefix('"').and_then(|rest| rest.find('"')) {
            Some(close) => close + 2,
            None => line.find([' ', ':']).unwrap_or(line.len()),
        };
        let (key, value) = line.split_at(end);
        let value = value.trim_start_matches([':', ' ', '\t']);
        found.push(Setting::new(file, number + 1, &word(key), word(value)));
    }
    found
}

/// Of a `.env`.
pub(super) fn of_dotenv(file: &Path, text: &str) -> Vec<Setting> {
    let setting = |(number, line): (usize, &str)| {
        let line = line.trim().strip_prefix("export ").unwrap_or(line.trim());
        let (key, value) = line.split_once('=').filter(|(key, _)| !key.starts_with('#'))?;
        let value = value.trim();
        let quote = value.chars().next().filter(|sign| "\"'`".contains(*sign));
        let value = match quote {
            Some(quote) => value.get(1..)?.split(quote).next()?,
            None => value.split(" #").next()?.trim(),
        };
        Some(Setting::new(file, number + 1, key.trim(), value))
    };
    text.lines().enumerate().filter_map(setting).collect()
}

/// A text with variables of the environment in it: `${NAME}`, `${NAME?}`, `${NAME-DEFAULT}`. What is not set stays as it is.
pub(super) fn expanded(text: &str) -> String {
    let mut parts = text.split("${");
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let Some((inner, after)) = part.split_once('}') else {
            result.push_str("${");
            result.push_str(part);
            continue;
        };
        let end = inner.find(['?', '-', ':']).unwrap_or(inner.len());
        let (name, rest) = inner.split_at(end);
        match (vouch_core::env::var(name), rest) {
            (Some(value), _) => result.push_str(&value),
            (None, "?") => {}
            (None, rest) if rest.starts_with(['-', ':']) => {
                result.push_str(rest.trim_start_matches(':').trim_start_matches('-'));
            }
            _ => result.push_str(&format!("${{{inner}}}")),
        }
        result.push_str(after);
    }
    result
}

/// Takes a value with its keys, and where it begins.
type Add<'a> = dyn FnMut(&[String], String, Option<usize>) + 'a;

fn of_table(table: &dyn TableLike, path: &mut Vec<String>, add: &mut Add<'_>) {
    for (key, item) in table.iter() {
        path.push(key.to_owned());
        match item {
            Item::Value(value) => of_value(value, path, add),
            Item::Table(table) => of_table(table, path, add),
            Item::ArrayOfTables(tables) => {
                for (place, table) in tables.iter().enumerate() {
                    path.push(place.to_string());
                    of_table(table, path, add);
                    path.pop();
                }
            }
            Item::None => {}
        }
        path.pop();
    }
}

fn of_value(value: &Value, path: &mut Vec<String>, add: &mut Add<'_>) {
    let start = value.span().map(|span| span.start);
    match value {
        Value::InlineTable(table) => of_table(table, path, add),
        Value::Array(values) => {
            for (place, value) in values.iter().enumerate() {
                path.push(place.to_string());
                of_value(value, path, add);
                path.pop();
            }
        }
        Value::String(text) => add(path, text.value().clone(), start),
        Value::Boolean(value) => add(path, value.value().to_string(), start),
        Value::Integer(value) => add(path, value.value().to_string(), start),
        Value::Float(_) | Value::Datetime(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(settings: Vec<Setting>) -> Vec<(usize, String, String)> {
        settings.into_iter().map(|it| (it.line, it.path.join("."), it.value)).collect()
    }

    fn one(line: usize, path: &str, value: &str) -> (usize, String, String) {
        (line, path.into(), value.into())
    }

    #[test]
    fn settings_have_their_lines() {
        let file = Path::new("/p/file");
        assert_eq!(
            seen(of_npmrc(file, "a=1\r\n; c=3\nb=2 ; x\na = 3\nca[]=x\nca[]=y\n")),
            [one(3, "b", "2"), one(4, "a", "3"), one(5, "ca", "x"), one(6, "ca", "y")]
        );
        assert_eq!(
            seen(of_toml(file, "a.b = false\n[[c]]\nd = [\n  'x',\n]\n[[c]]\nd = {e = \"\\u0061\"}\n")),
            [one(1, "a.b", "false"), one(4, "c.0.d.0", "x"), one(7, "c.1.d.e", "a")]
        );
        assert_eq!(seen(of_toml(file, "= nonsense")), []);
        assert_eq!(
            seen(of_yaml(file, "# x\na: \"\\x62\" # y\nc:\n  d: e\n  - f\n")),
            [one(2, "a", "b"), one(4, "c.d", "e"), one(5, "c.d", "f")]
        );
        assert_eq!(
            seen(of_yarnrc(
                file,
                "# x\nregistry \"https://h/\"\n\"@a:registry\" https://i/\nstrict-ssl false\nenv:\n  a b\n"
            )),
            [
                one(2, "registry", "https://h/"),
                one(3, "@a:registry", "https://i/"),
                one(4, "strict-ssl", "false"),
                one(5, "env", "")
            ]
        );
        assert_eq!(
            seen(of_dotenv(file, "# A=0\nA=1 # x\nexport B=\"2 # y\" # z\nC\n")),
            [one(2, "A", "1"), one(3, "B", "2 # y")]
        );
    }

    #[test]
    fn variables_of_the_environment_are_filled_in() {
        assert_eq!(
            expanded("http://${VOUCH_NOT_SET?}h/${VOUCH_NOT_SET:-x}${VOUCH_NOT_SET-y}"),
            "http://h/xy"
        );
        assert_eq!(expanded("${VOUCH_NOT_SET}a${"), "${VOUCH_NOT_SET}a${");
        assert_eq!(expanded("${PATH}"), vouch_core::env::var("PATH").unwrap());
    }
}
