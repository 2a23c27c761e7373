//! The registry in Cargo's configuration: `[registries.NAME]` and, if wanted, `[source.crates-io]`.

use serde_json::Value as Json;
use toml_edit::{Item, Table, Value};

use super::registries::{BOM, EditError, File, INDEX, PROVIDER, Registry, parse, read, same_index, words};
use crate::home_argument::named_in;
use crate::text::redact::{shown_program, shown_url};
use crate::text::toml::{self as splice, SpliceError, Splices};

/// What a configuration file is to say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RegistryLines<'a> {
    /// The registry's name.
    pub name: &'a str,
    /// `sparse+https://…/`.
    pub index: &'a str,
    /// The credential provider: the absolute path of the program, then its arguments.
    pub provider: &'a [&'a str],
    /// Whether crates.io is to be reached through the registry.
    pub replace_crates_io: bool,
    /// An index that an earlier setup wrote under this name, and that the person now corrects.
    pub corrects: Option<&'a str>,
}

/// A text after the edit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Edited {
    pub text: String,
    /// What was there before and is no more, for the person.
    pub notes: Vec<String>,
}

const REPLACE: &str = "replace-with";

/// Edits a configuration file's text. What is as wanted already stays as it is.
pub(crate) fn edit(text: &str, wanted: &RegistryLines<'_>) -> Result<Edited, EditError> {
    let body = text.strip_prefix(BOM).unwrap_or(text);
    let file = read(body)?;
    let root = file.document.as_table();
    index_is_free(&file, wanted)?;
    let mut splices = Splices::new(body);
    let mut notes = Vec::new();
    registry(root, wanted, &mut splices, &mut notes)?;
    if wanted.replace_crates_io {
        replacement(root, wanted, &mut splices)?;
    }
    if splices.is_empty() {
        return Ok(Edited { text: text.to_owned(), notes });
    }
    let edited = splices.apply();
    if !only_changes(body, &edited, wanted) {
        let key = format!("registries.{}", wanted.name);
        return Err(SpliceError::Form { key }.into());
    }
    let bom = if body.len() < text.len() { BOM } else { "" };
    Ok(Edited { text: format!("{bom}{edited}"), notes })
}

/// What crates.io is replaced with.
pub(crate) fn replacement_of_crates_io(text: &str) -> Option<String> {
    let file = read(text.strip_prefix(BOM).unwrap_or(text)).ok()?;
    let source = file.document.as_table().get("source")?.get("crates-io")?;
    source.get(REPLACE)?.as_str().map(str::to_owned)
}

/// The lines that [`edit`] would write into an empty file.
pub(crate) fn snippet(wanted: &RegistryLines<'_>) -> String {
    let mut splices = Splices::new("");
    let empty = Table::new();
    let pairs = [(INDEX, quoted(wanted.index)), (PROVIDER, array(wanted.provider))];
    // Nothing is there that could be in the way.
    let _ = splices.add(&empty, ("registries", wanted.name), &pairs);
    if wanted.replace_crates_io {
        let _ = splices.add(&empty, ("source", "crates-io"), &[(REPLACE, quoted(wanted.name))]);
    }
    splices.apply()
}

/// Two names for one index are an error in every Cargo command.
fn index_is_free(file: &File, wanted: &RegistryLines<'_>) -> Result<(), EditError> {
    match file.under_another_name(wanted.index, wanted.name) {
        Some(Registry { name, index, .. }) => Err(EditError::IndexTaken {
            name: name.clone(),
            index: shown_url(index.as_deref().unwrap_or_default()),
        }),
        None => Ok(()),
    }
}

fn registry(
    root: &Table,
    wanted: &RegistryLines<'_>,
    splices: &mut Splices<'_>,
    notes: &mut Vec<String>,
) -> Result<(), EditError> {
    let path = ("registries", wanted.name);
    let table = splice::table_at(root, path.0, path.1)?.and_then(Item::as_table_like);
    let existing = |key: &str| table.and_then(|table| table.get(key));
    let key = |key: &str| format!("registries.{}.{key}", wanted.name);
    let mut missing = Vec::new();
    match existing(INDEX) {
        None => missing.push((INDEX, quoted(wanted.index))),
        Some(Item::Value(value @ Value::String(text))) => {
            let text = text.value();
            let corrects = wanted.corrects.is_some_and(|index| same_index(text, index));
            if !same_index(text, wanted.index) && !corrects {
                let (name, index) = (wanted.name.to_owned(), shown_url(text));
                return Err(EditError::NameTaken { name, index });
            }
            if text != wanted.index {
                splices.replace(&key(INDEX), value, &quoted(wanted.index))?;
                notes.push(format!("the index of `{}` was `{}`", wanted.name, shown_url(text)));
            }
        }
        Some(other) => return Err(wrong_type(key(INDEX), other, "a string")),
    }
    match existing(PROVIDER) {
        None => missing.push((PROVIDER, array(wanted.provider))),
        Some(Item::Value(value @ (Value::String(_) | Value::Array(_)))) => {
            if !is_just(value, wanted.provider) {
                splices.replace(&key(PROVIDER), value, &array(wanted.provider))?;
                notes.extend(replaced(value, wanted));
            }
        }
        Some(other) => return Err(wrong_type(key(PROVIDER), other, "an array")),
    }
    if existing("token").is_some() {
        notes.push(format!("Cargo no longer uses the token of `{}` in this file: remove it", wanted.name));
    }
    Ok(splices.add(root, path, &missing)?)
}

fn replacement(root: &Table, wanted: &RegistryLines<'_>, splices: &mut Splices<'_>) -> Result<(), EditError> {
    let path = ("source", "crates-io");
    let table = splice::table_at(root, path.0, path.1)?.and_then(Item::as_table_like);
    match table.and_then(|table| table.get(REPLACE)) {
        None => Ok(splices.add(root, path, &[(REPLACE, quoted(wanted.name))])?),
        Some(Item::Value(Value::String(with))) if with.value() == wanted.name => Ok(()),
        Some(Item::Value(Value::String(with))) => Err(EditError::Replaced { with: with.value().clone() }),
        Some(other) => Err(wrong_type("source.crates-io.replace-with".into(), other, "a string")),
    }
}

fn wrong_type(key: String, found: &Item, wanted: &'static str) -> EditError {
    EditError::Type { key, found: splice::type_name(found), wanted }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string().trim().to_owned()
}

/// An array, since Cargo splits a string at its spaces.
fn array(words: &[&str]) -> String {
    format!("[{}]", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", "))
}

fn is_just(value: &Value, wanted: &[&str]) -> bool {
    value.is_array() && words(value) == wanted
}

/// What the person should know of a provider that is replaced: its program, or the home that it served. Its other arguments
/// are nobody's business.
fn replaced(before: &Value, wanted: &RegistryLines<'_>) -> Option<String> {
    let before = words(before);
    let program = before.first().map(String::as_str).unwrap_or_default();
    if wanted.provider.first() != Some(&program) {
        return Some(format!(
            "the credential provider of `{}` was `{}`",
            wanted.name,
            shown_program(program)
        ));
    }
    let served = named_in(&before).filter(|served| named_in(wanted.provider).as_ref() != Some(served))?;
    Some(format!(
        "`{}` was asked of the home `{}` of Vouch",
        wanted.name,
        shown_program(&served.display().to_string())
    ))
}

/// Whether the edited text says what is wanted and, besides, exactly what the text before said.
fn only_changes(before: &str, after: &str, wanted: &RegistryLines<'_>) -> bool {
    let (Ok(before), Ok(after)) = (parse(before), parse(after)) else { return false };
    let (mut before, mut after) = (json(before.as_item()), json(after.as_item()));
    let says = |path: [&str; 3], value: Json| {
        path.iter().try_fold(&after, |table, key| table.get(key)).is_some_and(|found| *found == value)
    };
    let as_wanted = says(["registries", wanted.name, INDEX], wanted.index.into())
        && says(["registries", wanted.name, PROVIDER], wanted.provider.iter().copied().collect())
        && (!wanted.replace_crates_io || says(["source", "crates-io", REPLACE], wanted.name.into()));
    for value in [&mut before, &mut after] {
        remove(value, ["registries", wanted.name], &[INDEX, PROVIDER]);
        if wanted.replace_crates_io {
            remove(value, ["source", "crates-io"], &[REPLACE]);
        }
    }
    as_wanted && before == after
}

/// Removes keys of a table two levels down, and the tables if that leaves them empty.
fn remove(value: &mut Json, path: [&str; 2], keys: &[&str]) {
    let [outer, inner] = path;
    let Some(tables) = value.get_mut(outer).and_then(Json::as_object_mut) else { return };
    if let Some(table) = tables.get_mut(inner).and_then(Json::as_object_mut) {
        table.retain(|key, _| !keys.contains(&key.as_str()));
        if table.is_empty() {
            tables.remove(inner);
        }
    }
    if tables.is_empty()
        && let Some(root) = value.as_object_mut()
    {
        root.remove(outer);
    }
}

fn json(item: &Item) -> Json {
    fn of_value(value: &Value) -> Json {
        match value {
            Value::String(text) => text.value().as_str().into(),
            Value::Integer(number) => (*number.value()).into(),
            Value::Float(number) => (*number.value()).to_string().into(),
            Value::Boolean(yes) => (*yes.value()).into(),
            Value::Datetime(at) => at.value().to_string().into(),
            Value::Array(values) => values.iter().map(of_value).collect(),
            Value::InlineTable(table) => {
                table.iter().map(|(key, value)| (key.to_owned(), of_value(value))).collect()
            }
        }
    }
    fn of_table(table: &Table) -> Json {
        table.iter().map(|(key, item)| (key.to_owned(), json(item))).collect()
    }
    match item {
        Item::None => Json::Null,
        Item::Value(value) => of_value(value),
        Item::Table(table) => of_table(table),
        Item::ArrayOfTables(tables) => tables.iter().map(of_table).collect(),
    }
}

#[cfg(test)]
#[path = "edit_tests.rs"]
mod tests;
