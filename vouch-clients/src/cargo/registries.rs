//! What Cargo's configuration says of registries, read once for all that is looked for in it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use toml_edit::{Document, Item, Value};
use url::Url;

use crate::memo::Memo;
use crate::text::document::{self, Malformed};
use crate::text::toml::SpliceError;

/// The mark that some editors put before a text.
pub(super) const BOM: &str = "\u{feff}";
pub(super) const INDEX: &str = "index";
pub(super) const PROVIDER: &str = "credential-provider";

/// Why a text was not edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EditError {
    #[error("line {line}: {reason}")]
    Parse { line: usize, reason: String },
    #[error(transparent)]
    Splice(#[from] SpliceError),
    #[error("`{key}` is {found}, not {wanted}")]
    Type { key: String, found: &'static str, wanted: &'static str },
    #[error("the registry `{name}` is there already, for {index}")]
    NameTaken { name: String, index: String },
    #[error("the registry `{name}` is there already, for the same {index}")]
    IndexTaken { name: String, index: String },
    #[error("crates.io is replaced with `{with}` already")]
    Replaced { with: String },
}

/// The registries of a text with their index, and those whose provider is a plain string.
pub(crate) fn of_text(text: &str) -> Result<Rc<File>, EditError> {
    read(text.strip_prefix(BOM).unwrap_or(text))
}

/// One of them.
pub(crate) fn registry_named(text: &str, name: &str) -> Option<Registry> {
    of_text(text).ok()?.named(name).cloned()
}

/// One registry of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registry {
    pub name: String,
    pub index: Option<String>,
    pub provider: Option<Provider>,
    /// What the provider starts, with its arguments.
    pub words: Vec<String>,
}

/// The form of a `credential-provider`; Cargo cannot merge one form with the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    String,
    Array,
}

/// Whether two spellings are one index: case of the host, a missing last slash, a missing `sparse+`.
pub(crate) fn same_index(one: &str, two: &str) -> bool {
    one == two || canonical(one) == canonical(two)
}

/// One spelling of an index; what is no URL has but its own.
pub(super) fn canonical(index: &str) -> Cow<'_, str> {
    match Url::parse(index.strip_prefix("sparse+").unwrap_or(index)) {
        Ok(url) => url.as_str().trim_end_matches('/').to_owned().into(),
        Err(_) => index.into(),
    }
}

/// A configuration file, and where its registries are.
pub(crate) struct File {
    pub(super) document: Rc<Document<String>>,
    registries: Vec<Registry>,
    by_name: HashMap<String, usize>,
    /// Those of each index, in the order of the file.
    by_index: HashMap<String, Vec<usize>>,
}

impl File {
    pub(super) fn named(&self, name: &str) -> Option<&Registry> {
        self.registries.get(*self.by_name.get(name)?)
    }

    /// The first that has an index under another name, in whatever spelling.
    pub(super) fn under_another_name(&self, index: &str, name: &str) -> Option<&Registry> {
        let same = self.by_index.get(&*canonical(index)).into_iter().flatten();
        same.filter_map(|at| self.registries.get(*at)).find(|registry| registry.name != name)
    }
}

/// Takes a text apart, which is without the mark before it.
pub(super) fn read(body: &str) -> Result<Rc<File>, EditError> {
    thread_local! {
        static LAST: Memo<Result<Rc<File>, EditError>> = const { Memo::new() };
    }
    LAST.with(|last| (*last.of(body, |body| read_anew(body).map(Rc::new))).clone())
}

fn read_anew(body: &str) -> Result<File, EditError> {
    let document = parse(body)?;
    let tables = document.as_table().get("registries").and_then(Item::as_table_like);
    let registry = |(name, item): (&str, &Item)| {
        let table = item.as_table_like()?;
        let provider = table.get(PROVIDER);
        Some(Registry {
            name: name.to_owned(),
            index: table.get(INDEX).and_then(Item::as_str).map(str::to_owned),
            provider: provider.map(|item| if item.is_str() { Provider::String } else { Provider::Array }),
            words: provider.and_then(Item::as_value).map(words).unwrap_or_default(),
        })
    };
    let registries: Vec<Registry> =
        tables.map(|tables| tables.iter().filter_map(registry).collect()).unwrap_or_default();
    let by_name = registries.iter().enumerate().map(|(at, registry)| (registry.name.clone(), at)).collect();
    let mut by_index: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, registry) in registries.iter().enumerate() {
        if let Some(index) = &registry.index {
            by_index.entry(canonical(index).into_owned()).or_default().push(at);
        }
    }
    Ok(File { document, registries, by_name, by_index })
}

/// The document of a text.
pub(super) fn parse(text: &str) -> Result<Rc<Document<String>>, EditError> {
    document::parsed(text).map_err(|Malformed { line, reason }| EditError::Parse { line, reason })
}

/// What a provider starts, and with which arguments.
pub(super) fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Array(array) => {
            array.iter().map(|word| word.as_str().unwrap_or_default().to_owned()).collect()
        }
        other => other.as_str().unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
    }
}
