//! pdm, for the configuration file of its user.

use std::path::{Path, PathBuf};

use toml_edit::{Item, Table};
use vouch_core::Failure;
use vouch_core::config::Registration;
use vouch_core::endpoint::USER;
use vouch_core::home::Home;

use super::keyring::Keyring;
use super::toml::{self, TomlError, quoted};
use super::wheel::{self, Environment};
use super::{folders, name, occupied, overrides, url};
use crate::client::{Client, Edit, Edits, SetupRequest};
use crate::edited_file::EditedFile;
use crate::options::Options;
use crate::text::document;
use crate::text::redact::{Dialect, shown_value};
use crate::text::toml::{SpliceError, Splices, table_at};
use crate::tool::Tool;

const VARIABLES: [&str; 6] = [
    "PDM_PYPI_URL",
    "PDM_PYPI_USERNAME",
    "PDM_PYPI_PASSWORD",
    "PDM_PUBLISH_REPO",
    "PDM_PUBLISH_USERNAME",
    "PDM_PUBLISH_PASSWORD",
];

/// pdm, for one configuration file.
#[derive(Debug)]
pub struct Pdm {
    file: PathBuf,
    extra: bool,
    keyring: Keyring,
}

impl Pdm {
    /// Finds the file that pdm reads (its source, `project/core.py`), and our `keyring`.
    pub fn new(home: &Home, options: &Options) -> Result<Self, Failure> {
        let file = match folders::named("PDM_CONFIG_FILE")? {
            Some(file) => file,
            None => folders::platform("pdm", |name| {
                Ok(folders::windows("LOCALAPPDATA", r"AppData\Local")?.join(name).join(name))
            })?
            .join("config.toml"),
        };
        Ok(Self { file, extra: options.extra, keyring: Keyring::new(home, options.chain)? })
    }

    /// Passwords in the file, which pdm takes instead of asking.
    fn passwords(&self, file: &EditedFile, wanted: &SetupRequest<'_>) -> Result<Vec<String>, Failure> {
        let name = name(wanted.registration)?;
        let index = if self.extra { format!("pypi.{name}") } else { "pypi".into() };
        let mut notes = Vec::new();
        for place in [index, format!("repository.{name}")] {
            let path: Vec<&str> = place.split('.').chain(["password"]).collect();
            if overrides::value_in(file.path(), &path).is_some() {
                notes.push(format!(
                    "pdm takes `{place}.password` of this file instead of asking Vouch: remove that line"
                ));
            }
        }
        Ok(notes)
    }

    fn edited(
        &self,
        text: &str,
        wanted: &SetupRequest<'_>,
        notes: &mut Vec<String>,
    ) -> Result<String, Failure> {
        let registration = wanted.registration;
        let name = name(registration)?;
        let publish = &registration.endpoint;
        let index = url::index(registration);
        toml::edit(&self.file, text, |root, splices| {
            if self.extra {
                let table = UrlTable { root, outer: "pypi", inner: Some(name), file: &self.file };
                table.put(&index, &[], splices, wanted, notes)?;
            } else {
                UrlTable { root, outer: "pypi", inner: None, file: &self.file }.put(
                    &index,
                    &[],
                    splices,
                    wanted,
                    notes,
                )?;
            }
            let table = UrlTable { root, outer: "repository", inner: Some(name), file: &self.file };
            table.put(publish, &[("username", USER)], splices, wanted, notes)
        })
    }
}

/// The environment of a pdm that imports the package `keyring`: it then starts no program (measured with 2.29).
pub(super) fn importing() -> Option<Environment> {
    Environment::of_client("pdm").filter(Environment::imports_keyring)
}

/// Whether pdm was set up beside PyPI, for a registration that does not record it: its file then has the index under the
/// registration's name.
pub(crate) fn is_extra(registration: &Registration) -> bool {
    let read = || {
        let document = document::in_file(registration.file.as_deref()?)?;
        let name = registration.name.as_deref().unwrap_or_default();
        document.get("pypi")?.get(name).map(Item::is_table_like)
    };
    read().unwrap_or_default()
}

/// A table with a URL in it.
struct UrlTable<'a> {
    root: &'a Table,
    outer: &'a str,
    inner: Option<&'a str>,
    file: &'a Path,
}

impl UrlTable<'_> {
    /// Puts a URL there, and what goes with it, where nothing else is.
    fn put(
        &self,
        url: &str,
        more: &[(&str, &str)],
        splices: &mut Splices<'_>,
        wanted: &SetupRequest<'_>,
        notes: &mut Vec<String>,
    ) -> Result<(), TomlError> {
        let (root, outer) = (self.root, self.outer);
        let table = match self.inner {
            Some(inner) => table_at(root, outer, inner)?,
            None => root.get(outer),
        };
        let shown = self.inner.map_or_else(|| outer.to_owned(), |inner| format!("{outer}.{inner}"));
        let mut missing = Vec::new();
        for (key, value) in std::iter::once(("url", url)).chain(more.iter().copied()) {
            match table.and_then(|table| table.get(key)) {
                None => missing.push((key, quoted(value))),
                Some(item) if item.as_str() == Some(value) => {}
                Some(Item::Value(old)) => {
                    let there = old.as_str().unwrap_or_default();
                    if key == "url" && !url::gives_way(there, wanted) {
                        let hint = match self.inner {
                            Some(_) => {
                                "Give this one another name with `--registry NAME`, or remove that part first"
                            }
                            None => "Add `--extra` to have both, or remove that line first",
                        };
                        return Err(occupied(&format!("`{shown}`"), self.file, there, hint).into());
                    }
                    notes.push(format!("`{shown}.{key}` was {}", shown_value(key, there)));
                    splices.replace(key, old, &quoted(value))?;
                }
                Some(_) => return Err(SpliceError::Form { key: format!("{shown}.{key}") }.into()),
            }
        }
        match self.inner {
            Some(inner) => splices.add(root, (outer, inner), &missing)?,
            None => splices.add_table(root, outer, &missing)?,
        }
        Ok(())
    }
}

impl Client for Pdm {
    fn tool(&self) -> Tool {
        Tool::Pdm
    }

    fn file(&self) -> &Path {
        &self.file
    }

    fn check(&self) -> Result<Vec<String>, Failure> {
        let note = importing().and_then(|_| wheel::missing(self.tool().name()));
        Ok(note.into_iter().collect())
    }

    fn plan(&self, wanted: &SetupRequest<'_>) -> Result<Edits, Failure> {
        let mut notes = match importing() {
            Some(_) => Vec::new(),
            None => self.keyring.notes()?,
        };
        let file = wanted.read(&self.file)?;
        let after = self.edited(file.text(), wanted, &mut notes)?;
        notes.extend(overrides::variables(VARIABLES));
        notes.extend(self.passwords(&file, wanted)?);
        Ok(Edits { files: vec![Edit { file, after }], notes })
    }

    fn snippet(&self, wanted: &SetupRequest<'_>) -> Result<String, Failure> {
        self.edited("", wanted, &mut Vec::new())
    }

    fn dialect(&self, _file: &Path) -> Dialect {
        Dialect::Toml
    }

    fn done(&self, wanted: &SetupRequest<'_>) -> Vec<String> {
        let how = if self.extra { "also from" } else { "from" };
        vec![format!("packages come {how} {}, in `{}`", url::index(wanted.registration), self.file.display())]
    }

    fn would_make(&self) -> Vec<String> {
        if importing().is_some() { Vec::new() } else { self.keyring.would_link() }
    }

    fn finish(&self, _home: &Home, _registration: &Registration) -> Result<Vec<String>, Failure> {
        if importing().is_some() {
            return Ok(wheel::found(self.tool().name()).into_iter().collect());
        }
        self.keyring.link(self.tool().name())
    }

    fn next(&self, wanted: &SetupRequest<'_>) -> String {
        format!("`pdm install`, `pdm publish -r {}`", wanted.registration.name.as_deref().unwrap_or_default())
    }
}
