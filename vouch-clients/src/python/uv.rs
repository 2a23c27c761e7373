//! uv, for the configuration file of its user.

use std::path::{Path, PathBuf};

use toml_edit::{Item, Table, Value};
use vouch_core::Failure;
use vouch_core::config::Registration;
use vouch_core::env;
use vouch_core::home::Home;

use super::keyring::Keyring;
use super::toml::{self, TomlError, quoted};
use super::uv_exception::{self, Obstacle};
use super::uv_project::{PROVIDER, Project};
use super::{folders, name, occupied, overrides, url};
use crate::client::{Client, Edit, Edits, SetupRequest};
use crate::options::Options;
use crate::text::redact::Dialect;
use crate::text::toml::{SpliceError, Splices};
use crate::tool::Tool;

const PROVIDER_VARIABLE: &str = "UV_KEYRING_PROVIDER";

/// uv, for one configuration file.
#[derive(Debug)]
pub struct Uv {
    file: PathBuf,
    extra: bool,
    keyring: Keyring,
    /// Of what is written already, the entry alone is judged: whether there can be an exception may have changed since setup.
    is_written: bool,
}

impl Uv {
    /// Finds the file that uv reads, and our `keyring`.
    pub fn new(home: &Home, options: &Options, is_written: bool) -> Result<Self, Failure> {
        let file = match folders::named("UV_CONFIG_FILE")? {
            Some(file) => file,
            None => folders::uv_toml()?,
        };
        Ok(Self { file, extra: options.extra, keyring: Keyring::new(home, options.chain)?, is_written })
    }

    fn edited(
        &self,
        text: &str,
        wanted: &SetupRequest<'_>,
        notes: &mut Vec<String>,
    ) -> Result<String, Failure> {
        let name = name(wanted.registration)?;
        toml::edit(&self.file, text, |root, splices| {
            let mut added = Vec::new();
            match root.get(PROVIDER) {
                None => added.push((PROVIDER, quoted("subprocess"))),
                Some(item) if item.as_str() == Some("subprocess") => {}
                Some(Item::Value(value)) => splices.replace(PROVIDER, value, &quoted("subprocess"))?,
                Some(_) => return Err(SpliceError::Form { key: PROVIDER.into() }.into()),
            }
            if !self.is_written && !uv_exception::is_made(root, wanted.registration) {
                match uv_exception::obstacle(root) {
                    None => added.extend(uv_exception::make(root, splices, wanted.registration)?),
                    Some(Obstacle::OldUv(version)) => notes.push(uv_exception::too_old(&version)),
                    Some(Obstacle::NoUv | Obstacle::OwnProxy(_)) => {}
                }
            }
            if !added.is_empty() {
                splices.add_root(root, &added)?;
            }
            self.index(root, splices, name, wanted, notes)
        })
    }

    fn index(
        &self,
        root: &Table,
        splices: &mut Splices<'_>,
        name: &str,
        wanted: &SetupRequest<'_>,
        notes: &mut Vec<String>,
    ) -> Result<(), TomlError> {
        let index = url::index(wanted.registration);
        let fixed =
            [("publish-url", quoted(&wanted.registration.endpoint)), ("authenticate", quoted("always"))];
        let indexes = match root.get("index") {
            None => None,
            Some(Item::ArrayOfTables(indexes)) => Some(indexes),
            Some(_) => return Err(SpliceError::Form { key: "index".into() }.into()),
        };
        let tables = || indexes.into_iter().flat_map(|indexes| indexes.iter());
        let text = |table: &Table, key: &str| table.get(key).and_then(Item::as_str).map(str::to_owned);
        if let Some(table) = tables().find(|table| text(table, "name").as_deref() == Some(name)) {
            let there = text(table, "url").unwrap_or_default();
            if !url::same(&there, &index) && !url::gives_way(&there, wanted) {
                let hint = "Give this one another name with `--registry NAME`, or remove that index first";
                return Err(occupied(&format!("index `{name}`"), &self.file, &there, hint).into());
            }
            let mut missing = Vec::new();
            for (key, value) in std::iter::once(("url", quoted(&index))).chain(fixed) {
                match table.get(key) {
                    Some(item) if item.as_str().map(quoted).as_ref() == Some(&value) => {}
                    Some(Item::Value(old)) => {
                        if key == "url" && !url::same(&there, &index) {
                            notes.push(format!("index `{name}` was {}", url::shown(&there)));
                        }
                        splices.replace(key, old, &value)?;
                    }
                    Some(_) => return Err(SpliceError::Form { key: format!("index.{key}") }.into()),
                    None => missing.push((key, value)),
                }
            }
            return Ok(splices.add_to("index", table, &missing)?);
        }
        if let Some(table) =
            tables().find(|table| text(table, "url").is_some_and(|url| url::same(&url, &index)))
        {
            let other = text(table, "name").unwrap_or_default();
            notes.push(format!("index `{other}` has the same URL: uv asks it as well"));
        }
        let is_default = |table: &Table| table.get("default").and_then(Item::as_bool) == Some(true);
        let other_default = tables().any(is_default) || root.contains_key("index-url");
        let mut pairs = vec![("name", quoted(name)), ("url", quoted(&index))];
        pairs.extend(fixed);
        if other_default && !self.extra {
            notes.push(
                "another index is uv's default and stays so; packages that both have come from this one"
                    .into(),
            );
        }
        if !other_default && !self.extra {
            pairs.push(("default", Value::from(true).to_string()));
        }
        splices.append_to_array("index", &pairs);
        Ok(())
    }
}

/// What else uv would take before what is written here.
fn overrides(registration: &Registration) -> Vec<String> {
    let upper = overrides::upper(registration.name.as_deref().unwrap_or_default());
    let index = ["USERNAME", "PASSWORD"].map(|what| format!("UV_INDEX_{upper}_{what}"));
    let fixed = ["UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_NO_CONFIG"];
    let publish = ["UV_PUBLISH_URL", "UV_PUBLISH_TOKEN", "UV_PUBLISH_PASSWORD"];
    let mut notes =
        overrides::variables(fixed.into_iter().chain(publish).chain(index.iter().map(String::as_str)));
    if env::var(PROVIDER_VARIABLE).is_some_and(|provider| provider != "subprocess") {
        notes.extend(overrides::variables([PROVIDER_VARIABLE]));
    }
    // Where a file is named, uv looks for no other.
    let here = std::env::current_dir().ok().filter(|_| env::var("UV_CONFIG_FILE").is_none());
    if let Some(project) = here.and_then(|here| Project::of(&here)) {
        notes.extend(project.provider());
        notes.extend(project.asked_nobody(registration));
    }
    notes
}

impl Client for Uv {
    fn tool(&self) -> Tool {
        Tool::Uv
    }

    fn file(&self) -> &Path {
        &self.file
    }

    fn plan(&self, wanted: &SetupRequest<'_>) -> Result<Edits, Failure> {
        let mut notes = self.keyring.notes()?;
        let file = wanted.read(&self.file)?;
        let after = self.edited(file.text(), wanted, &mut notes)?;
        notes.extend(overrides(wanted.registration));
        notes.extend(overrides::netrc(wanted.registration));
        Ok(Edits { files: vec![Edit { file, after }], notes })
    }

    fn snippet(&self, wanted: &SetupRequest<'_>) -> Result<String, Failure> {
        self.edited("", wanted, &mut Vec::new())
    }

    fn dialect(&self, _file: &Path) -> Dialect {
        Dialect::Toml
    }

    fn done(&self, wanted: &SetupRequest<'_>) -> Vec<String> {
        let registration = wanted.registration;
        let name = registration.name.as_deref().unwrap_or_default();
        vec![format!("index `{name}`: {}, in `{}`", url::index(registration), self.file.display())]
    }

    fn would_make(&self) -> Vec<String> {
        self.keyring.would_link()
    }

    fn finish(&self, _home: &Home, _registration: &Registration) -> Result<Vec<String>, Failure> {
        self.keyring.link(self.tool().name())
    }

    fn next(&self, wanted: &SetupRequest<'_>) -> String {
        let name = wanted.registration.name.as_deref().unwrap_or_default();
        format!("`uv sync`, `uv publish --index {name} --username aws`")
    }
}
