//! poetry, for the configuration file of its user: the repository to publish to. What a project installs from is in its
//! `pyproject.toml`, and that is the project's.

use std::path::{Path, PathBuf};

use toml_edit::Item;
use vouch_core::Failure;
use vouch_core::env;
use vouch_core::home::Home;

use super::toml::{self, quoted};
use super::{folders, name, occupied, overrides, url, wheel};
use crate::client::{Client, Edit, Edits, SetupRequest};
use crate::text::redact::Dialect;
use crate::text::toml::{SpliceError, table_at};
use crate::tool::Tool;

/// poetry, for its user's file.
#[derive(Debug)]
pub struct Poetry {
    file: PathBuf,
    home: Option<String>,
}

impl Poetry {
    /// Finds the file that poetry reads (its source, `locations.py`).
    pub fn new(home: &Home) -> Result<Self, Failure> {
        let folder = match env::var("POETRY_CONFIG_DIR") {
            Some(folder) => PathBuf::from(folder),
            None => folders::platform("pypoetry", |name| {
                Ok(folders::windows("APPDATA", r"AppData\Roaming")?.join(name))
            })?,
        };
        Ok(Self { file: folder.join("config.toml"), home: wheel::home(home) })
    }

    fn edited(
        &self,
        text: &str,
        wanted: &SetupRequest<'_>,
        notes: &mut Vec<String>,
    ) -> Result<String, Failure> {
        let name = name(wanted.registration)?;
        let url = quoted(&wanted.registration.endpoint);
        toml::edit(&self.file, text, |root, splices| {
            let there = table_at(root, "repositories", name)?.and_then(|table| table.get("url"));
            match there {
                None => splices.add(root, ("repositories", name), &[("url", url)])?,
                Some(Item::Value(value)) => {
                    let known = value.as_str().unwrap_or_default();
                    if !url::same(known, &wanted.registration.endpoint) && !url::gives_way(known, wanted) {
                        let hint = "Give this one another name with `--registry NAME`, or remove that repository first";
                        return Err(
                            occupied(&format!("`repositories.{name}`"), &self.file, known, hint).into()
                        );
                    }
                    if known != wanted.registration.endpoint {
                        notes.push(format!("repository `{name}` was {}", url::shown(known)));
                        splices.replace("url", value, &url)?;
                    }
                }
                Some(_) => return Err(SpliceError::Form { key: format!("repositories.{name}.url") }.into()),
            }
            let enabled = root.get("keyring").and_then(|table| table.get("enabled")).and_then(Item::as_bool);
            if enabled == Some(false) {
                notes.push("`keyring.enabled` is false: poetry will not ask Vouch".into());
            }
            Ok(())
        })
    }

    /// What poetry takes before this file, or before it asks Vouch.
    fn overrides(&self, name: &str) -> Vec<String> {
        let upper = overrides::upper(name);
        let mut notes = overrides::variables(
            [
                format!("POETRY_REPOSITORIES_{upper}_URL"),
                format!("POETRY_HTTP_BASIC_{upper}_USERNAME"),
                format!("POETRY_HTTP_BASIC_{upper}_PASSWORD"),
                format!("POETRY_PYPI_TOKEN_{upper}"),
            ]
            .iter()
            .map(String::as_str),
        );
        if env::var("POETRY_KEYRING_ENABLED").is_some_and(|value| value != "true" && value != "1") {
            notes.push("POETRY_KEYRING_ENABLED is set: poetry will not ask Vouch".into());
        }
        // Where `poetry config` puts secrets.
        let file = self.file.with_file_name("auth.toml");
        for (table, key) in [("http-basic", Some("password")), ("pypi-token", None)] {
            let path: Vec<&str> = [table, name].into_iter().chain(key).collect();
            if overrides::value_in(&file, &path).is_none() {
                continue;
            }
            notes.push(format!(
                "`{}` has a secret for `{name}`, which poetry takes instead of asking Vouch: \
                 `poetry config --unset {table}.{name}`",
                file.display()
            ));
        }
        notes
    }
}

impl Client for Poetry {
    fn tool(&self) -> Tool {
        Tool::Poetry
    }

    fn file(&self) -> &Path {
        &self.file
    }

    fn check(&self) -> Result<Vec<String>, Failure> {
        Ok(wheel::missing(self.tool().name()).into_iter().collect())
    }

    fn plan(&self, wanted: &SetupRequest<'_>) -> Result<Edits, Failure> {
        let mut notes = Vec::new();
        let file = wanted.read(&self.file)?;
        let after = self.edited(file.text(), wanted, &mut notes)?;
        notes.extend(self.overrides(name(wanted.registration)?));
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
        let file = self.file.display();
        let mut done = vec![format!("repository `{name}`: {}, in `{file}`", registration.endpoint)];
        done.extend(wheel::found(self.tool().name()));
        done
    }

    fn next(&self, wanted: &SetupRequest<'_>) -> String {
        let name = wanted.registration.name.as_deref().unwrap_or_default();
        format!(
            "in a project: `poetry source add --priority primary {name} {}`, `{}poetry publish -r {name}`",
            url::index(wanted.registration),
            self.home.as_deref().unwrap_or_default()
        )
    }
}
