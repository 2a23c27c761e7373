//! The exception from proxies that uv's file makes for the host of a repository.
//!
//! A project's `https-proxy` with `allow-insecure-host` would have uv send the token through whatever proxy it names, without
//! a certificate. `no-proxy` in the user's own file holds that (measured with 0.9.30 and 0.13; the variable NO_PROXY does
//! not). uv before 0.9.23 stops at a file with that key.

use std::ffi::OsStr;
use std::path::PathBuf;

use toml_edit::{Array, Item, Table, Value};
use vouch_core::config::Registration;
use vouch_core::env;

use super::toml::TomlError;
use super::{folders, url};
use crate::finding::Finding;
use crate::inspect::{self, NETWORK};
use crate::program::{self, Asked};
use crate::text::document;
use crate::text::toml::{SpliceError, Splices};

pub(super) const KEY: &str = "no-proxy";

/// The first uv that is known to read the key; 0.9.18 does not.
const FIRST: [u32; 3] = [0, 9, 23];

/// Those that count for a repository, which is always on https.
const PROXY_KEY: &str = "https-proxy";
const PROXY_VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Why setup makes no exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// Nothing says whether the uv to come reads the key.
    NoUv,
    /// A uv that is found stops at the key, or does not tell its version: where it is, and what it says.
    OldUv(String),
    /// The user goes through a proxy, which the exception would go past.
    OwnProxy(&'static str),
}

/// Whether setup can make the exception, with this file and these programs.
pub(super) fn obstacle(root: &Table) -> Option<Obstacle> {
    own_proxy(root).map(Obstacle::OwnProxy).or_else(|| old_uv(&found()))
}

/// Whether the exception is there.
pub(super) fn is_made(root: &Table, registration: &Registration) -> bool {
    excepts(root, url::host(&registration.endpoint))
}

fn excepts(root: &Table, host: &str) -> bool {
    let is_it = |value: &Value| value.as_str().is_some_and(|name| name == "*" || name == host);
    root.get(KEY).and_then(Item::as_array).is_some_and(|names| names.iter().any(is_it))
}

/// Whether the user's own file keeps these hosts from every proxy, for every uv that is found.
pub(crate) fn holds(hosts: &[String]) -> bool {
    let root = folders::uv_toml().ok().and_then(|file| document::in_file(&file));
    root.is_some_and(|root| hosts.iter().all(|host| excepts(root.as_table(), host)))
        && old_uv(&found()).is_none()
}

/// Makes it beside the exceptions that are there, or names the key that is to be added for it.
pub(super) fn make(
    root: &Table,
    splices: &mut Splices<'_>,
    registration: &Registration,
) -> Result<Option<(&'static str, String)>, TomlError> {
    let host = url::host(&registration.endpoint);
    match root.get(KEY) {
        None => Ok(Some((KEY, Value::Array(Array::from_iter([host])).to_string()))),
        Some(Item::Value(old @ Value::Array(names))) => {
            let mut names = names.clone();
            names.push(host);
            splices.replace(KEY, old, &Value::Array(names).decorated("", "").to_string())?;
            Ok(None)
        }
        Some(_) => Err(SpliceError::Form { key: KEY.into() }.into()),
    }
}

/// A note where the exception has to wait.
pub(super) fn too_old(version: &str) -> String {
    format!(
        "{version} does not read `{KEY}`: a project that names a proxy can have uv send it the token; update uv"
    )
}

/// What became of the exception since setup.
pub(super) fn findings(registration: &Registration) -> Option<Finding> {
    const READS: &str =
        "A project's `https-proxy` with `allow-insecure-host` has uv send the token to that proxy.";
    let file = registration.file.as_deref()?;
    let document = document::in_file(file)?;
    let (root, shown) = (document.as_table(), file.display());
    let host = url::host(&registration.endpoint);
    match (is_made(root, registration), obstacle(root)) {
        (true, None | Some(Obstacle::NoUv)) => None,
        (true, Some(Obstacle::OldUv(version))) => Some(Finding::fail(
            NETWORK,
            format!("{version} does not read `{KEY}`, which `{shown}` has"),
            "uv before 0.9.23 stops at a key that it does not know.",
            "Update uv, or remove that one.",
        )),
        (true, Some(Obstacle::OwnProxy(setting))) => Some(Finding::fail(
            NETWORK,
            format!("`{KEY}` in `{shown}` has uv go past the proxy of {setting} to {host}"),
            "Where only the proxy leads out, uv does not reach the repository.",
            format!("Take {host} out of `{KEY}`, or unset the proxy."),
        )),
        (false, None) => Some(Finding::warn(
            NETWORK,
            format!("`{shown}` makes no exception from proxies for {host}"),
            READS,
            inspect::setup(registration),
        )),
        (false, Some(Obstacle::OldUv(version))) => Some(Finding::warn(
            NETWORK,
            format!("`{shown}` makes no exception from proxies for {host}, as {version} does not read it"),
            READS,
            format!("Update uv to 0.9.23 or later; then: {}", inspect::setup(registration)),
        )),
        (false, Some(Obstacle::NoUv | Obstacle::OwnProxy(_))) => None,
    }
}

/// Where the user's own settings name a proxy.
fn own_proxy(root: &Table) -> Option<&'static str> {
    if root.contains_key(PROXY_KEY) {
        return Some(PROXY_KEY);
    }
    PROXY_VARIABLES.into_iter().find(|name| env::var(name).is_some_and(|value| !value.is_empty()))
}

/// Every uv on PATH.
fn found() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    program::all_in(OsStr::new("uv"), &path).collect()
}

fn old_uv(found: &[PathBuf]) -> Option<Obstacle> {
    if found.is_empty() {
        return Some(Obstacle::NoUv);
    }
    found.iter().find_map(|path| {
        let Asked::Version(text) = program::ask_version(path) else {
            return Some(Obstacle::OldUv(format!("`{}`, which tells no version,", path.display())));
        };
        let numbers = program::numbers(&text);
        let reads = numbers.is_some_and(|numbers| numbers.as_slice() >= FIRST.as_slice());
        (!reads).then(|| Obstacle::OldUv(format!("`{}` ({})", path.display(), text.trim())))
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use toml_edit::DocumentMut;

    use super::*;

    fn registration() -> Registration {
        serde_json::from_value(serde_json::json!({
            "tool": "uv", "repository": "my-repo", "profile": "default", "name": "my-repo",
            "endpoint": "https://my-domain-1.example/pypi/my-repo/",
        }))
        .unwrap()
    }

    fn made(text: &str) -> Result<String, TomlError> {
        let document: DocumentMut = text.parse().unwrap();
        assert!(!is_made(document.as_table(), &registration()), "{text}");
        let document = toml_edit::Document::parse(text).unwrap();
        let mut splices = Splices::new(text);
        if let Some(added) = make(document.as_table(), &mut splices, &registration())? {
            splices.add_root(document.as_table(), &[added])?;
        }
        let after = splices.apply();
        let document: DocumentMut = after.parse().unwrap();
        assert!(is_made(document.as_table(), &registration()), "{after}");
        Ok(after)
    }

    #[test]
    fn the_exception_stands_beside_those_that_are_there() {
        for (before, after) in [
            ("", "no-proxy = [\"my-domain-1.example\"]\n"),
            ("offline = true\n", "offline = true\nno-proxy = [\"my-domain-1.example\"]\n"),
            (
                "no-proxy = [\"a\"] # mine\n[pip]\n",
                "no-proxy = [\"a\", \"my-domain-1.example\"] # mine\n[pip]\n",
            ),
            ("no-proxy = []\n", "no-proxy = [\"my-domain-1.example\"]\n"),
        ] {
            assert_eq!(made(before).unwrap(), after);
        }
        assert!(made("no-proxy = \"a\"\n").is_err());
    }

    #[test]
    fn every_uv_must_read_the_key() {
        let dir = tempfile::tempdir().unwrap();
        let uv = |version: &str| {
            let path = dir.path().join(format!("uv {version}"));
            fs::write(&path, format!("#!/bin/sh\necho uv {version}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            path
        };
        let old = |version: &str| Obstacle::OldUv(format!("`{}` (uv {version})", uv(version).display()));
        assert_eq!(old_uv(&[]), Some(Obstacle::NoUv));
        assert_eq!(old_uv(&[uv("0.9.23"), uv("0.13.9"), uv("1.0.0")]), None);
        for version in ["0.9.22", "0.8.40", "odd"] {
            assert_eq!(old_uv(&[uv("0.13.9"), uv(version)]), Some(old(version)));
        }
    }
}
