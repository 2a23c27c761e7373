//! What a project says to uv for itself.

use std::path::{Path, PathBuf};

use toml_edit::{Item, Table};
use vouch_core::config::Registration;

use super::url;
use crate::finding::Finding;
use crate::inspect;
use crate::text::document;

/// How uv asks for passwords.
pub(super) const PROVIDER: &str = "keyring-provider";

/// The settings of the nearest project: its `uv.toml`, or what `pyproject.toml` says in its place.
#[derive(Debug)]
pub(super) struct Project {
    file: PathBuf,
    table: Table,
}

impl Project {
    /// The one that a folder belongs to.
    pub(super) fn of(folder: &Path) -> Option<Self> {
        folder.ancestors().find_map(|folder| {
            let file = folder.join("uv.toml");
            if let Some(document) = document::in_file(&file) {
                return Some(Self { table: document.as_table().clone(), file });
            }
            let file = folder.join("pyproject.toml");
            let table = document::in_file(&file)?.as_table().get("tool")?.get("uv")?.as_table()?.clone();
            Some(Self { file, table })
        })
    }

    /// A note where it chooses how passwords are asked for, and otherwise than setup does.
    pub(super) fn provider(&self) -> Option<String> {
        let provider = self.table.get(PROVIDER)?;
        (provider.as_str() != Some("subprocess")).then(|| {
            format!("`{PROVIDER}` in `{}` goes before this file, in that project", self.file.display())
        })
    }

    /// Notes on indexes on the host of a registration that uv would ask nobody about (measured with 0.9 and 0.13): those
    /// that take the place of the user's, and those of another repository.
    pub(super) fn asked_nobody(&self, registration: &Registration) -> Vec<String> {
        let is_bare = |table: &&Table| {
            let text = |key: &str| table.get(key).and_then(Item::as_str);
            let location = text("url").unwrap_or_default();
            if text("authenticate") == Some("always") || !url::is_without_user(location, registration) {
                return false;
            }
            let is_named_alike = registration.name.is_some() && text("name") == registration.name.as_deref();
            is_named_alike
                || !url::same(location, &url::index(registration))
                || (is_default(table) && has_default_index(registration))
        };
        let note = |table: &Table| {
            let location = url::shown(table.get("url").and_then(Item::as_str).unwrap_or_default());
            format!("`{}` has an index {location} without `authenticate = \"always\"`", self.file.display())
        };
        self.indexes().filter(is_bare).map(note).collect()
    }

    /// What it says against the entry of a registration.
    pub(super) fn findings(&self, registration: &Registration) -> Vec<Finding> {
        let index = url::index(registration);
        let name = registration.name.as_deref();
        let overridden = |what: &str| {
            inspect::overridden(format!("`{}` sets {what}, which goes before your own", self.file.display()))
        };
        let mut findings = Vec::new();
        let other = self.table.get("index-url").and_then(Item::as_str);
        if let Some(other) = other.filter(|other| !url::same(other, &index)) {
            findings.push(overridden(&format!("`index-url` to {}", url::shown(other))));
        }
        for other in self.indexes() {
            let text = |key: &str| other.get(key).and_then(Item::as_str);
            let elsewhere = text("url").is_some_and(|url| !url::same(url, &index));
            if elsewhere && (is_default(other) || (name.is_some() && text("name") == name)) {
                let place = text("url").map(url::shown).unwrap_or_default();
                findings.push(overridden(&format!(
                    "the index `{}` to {place}",
                    text("name").unwrap_or("default")
                )));
            }
        }
        findings
    }

    fn indexes(&self) -> impl Iterator<Item = &Table> {
        self.table.get("index").and_then(Item::as_array_of_tables).into_iter().flatten()
    }
}

fn is_default(index: &Table) -> bool {
    index.get("default").and_then(Item::as_bool) == Some(true)
}

/// Whether the user's index of a registration is the default, which gives way to a project's.
fn has_default_index(registration: &Registration) -> bool {
    let read = || {
        let document = document::in_file(registration.file.as_deref()?)?;
        let indexes = document.get("index")?.as_array_of_tables()?;
        let ours = indexes
            .iter()
            .find(|table| table.get("name").and_then(Item::as_str) == registration.name.as_deref())?;
        Some(is_default(ours))
    };
    // Before the file is written: it will be.
    read().unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const OURS: &str =
        "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/pypi/my-repo/simple";

    fn registration() -> Registration {
        serde_json::from_value(serde_json::json!({
            "tool": "uv", "repository": "my-repo", "profile": "default", "name": "my-repo",
            "endpoint": OURS.replace("simple", ""),
        }))
        .unwrap()
    }

    fn project(files: &[(&str, &str)]) -> Option<Project> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        Project::of(dir.path())
    }

    fn seen(files: &[(&str, &str)]) -> Vec<&'static str> {
        let findings = project(files).map(|project| project.findings(&registration())).unwrap_or_default();
        findings.iter().map(Finding::check).collect()
    }

    #[test]
    fn a_project_of_uv_that_goes_elsewhere_is_named() {
        let ours = OURS.replace("://", "://aws@");
        let index =
            |url: &str, more: &str| format!("[[index]]\nname = \"my-repo\"\nurl = \"{url}\"\n{more}\n");
        for (text, wanted) in [
            (index(&ours, "default = true"), &[][..]),
            (index("https://else.example/simple", ""), &["overridden"]),
            ("[[index]]\nname = \"x\"\nurl = \"https://x.example\"\ndefault = true".into(), &["overridden"]),
            ("[[index]]\nname = \"x\"\nurl = \"https://x.example\"".into(), &[]),
            ("index-url = \"https://x.example\"".into(), &["overridden"]),
            (format!("index-url = \"{ours}\""), &[]),
            ("= nonsense".into(), &[]),
        ] {
            assert_eq!(seen(&[("uv.toml", &text)]), wanted, "{text}");
        }
        let project = "[tool.uv]\nindex-url = \"https://x.example\"\n";
        assert_eq!(seen(&[("pyproject.toml", project)]), ["overridden"]);
        assert_eq!(seen(&[("pyproject.toml", project), ("uv.toml", "")]), [] as [&str; 0]);
    }

    #[test]
    fn an_index_of_a_project_that_nobody_is_asked_about_is_named() {
        let other = OURS.replace("my-repo", "other");
        let with_user = OURS.replace("://", "://aws@");
        for (name, url, more, wanted) in [
            ("my-repo", OURS, "", 1),
            ("my-repo", OURS, "authenticate = \"auto\"", 1),
            ("my-repo", OURS, "authenticate = \"always\"", 0),
            ("my-repo", &with_user, "", 0),
            // The user's index stands beside it and says so.
            ("other", OURS, "", 0),
            ("other", OURS, "default = true", 1),
            ("other", &other, "", 1),
            ("other", "https://pypi.org/simple", "", 0),
        ] {
            let text = format!("[[tool.uv.index]]\nname = \"{name}\"\nurl = \"{url}\"\n{more}\n");
            let found = project(&[("pyproject.toml", &text)]).unwrap().asked_nobody(&registration());
            assert_eq!(found.len(), wanted, "{text}: {found:?}");
        }
    }

    #[test]
    fn a_provider_of_a_project_is_named() {
        for (text, wanted) in [
            ("keyring-provider = \"disabled\"", true),
            ("keyring-provider = 7", true),
            ("keyring-provider = \"subprocess\"", false),
            ("", false),
        ] {
            assert_eq!(project(&[("uv.toml", text)]).unwrap().provider().is_some(), wanted, "{text}");
        }
    }
}
