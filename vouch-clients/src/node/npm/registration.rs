//! What a registration means to npm and those who read its files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use url::Url;
use vouch_core::config::{Config, Registration};

use crate::real_path;
use crate::text::npmrc::BareValue;
use crate::tool::Tool;

/// Where an earlier version kept what a registration replaced.
const REPLACED: &str = "replaced";

/// Where the token of a registration comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It stands in the file.
    Static,
    /// The file names `CODEARTIFACT_AUTH_TOKEN`, which `vouch exec` or `vouch env` sets.
    Env,
    /// The tool asks a helper.
    Helper,
}

impl Mode {
    /// As it was recorded for a registration; none for a tool that has nothing to do with npm.
    pub fn of(registration: &Registration) -> Option<Self> {
        let tool = Tool::named(&registration.tool).filter(|tool| tool.is_nodes())?;
        if registration.other.get("mode").and_then(Value::as_str) == Some("env") {
            return Some(Self::Env);
        }
        Some(if tool.reads_static_token() { Self::Static } else { Self::Helper })
    }

    /// Records it with a registration.
    pub fn record(self, registration: &mut Registration) {
        match self {
            Self::Env => registration.other.insert("mode".into(), "env".into()),
            Self::Static | Self::Helper => registration.other.remove("mode"),
        };
    }
}

/// The key of the setting that says where packages come from: those of a scope, or all others.
pub fn registry_key(registration: &Registration) -> String {
    registration.name.as_deref().map_or_else(|| "registry".into(), |scope| format!("{scope}:registry"))
}

/// Where packages came from before the registration, as an earlier version recorded it: for a registration that the
/// journal knows nothing of.
pub(crate) fn replaced(registration: &Registration) -> Option<BareValue<'_>> {
    registration.other.get(REPLACED).and_then(Value::as_str).and_then(BareValue::new)
}

/// The key of a setting for one registry, such as `//host/npm/repo/:_authToken`; none for what is no URL with a host.
///
/// The path ends with a slash: pnpm 10 and yarn 1 find nothing without (measured). A port stands in it only where the
/// URL has one that is not the scheme's own.
pub fn key(url: &str, field: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let path = url.path().trim_end_matches('/');
    Some(format!("//{host}{port}{path}/:{field}"))
}

/// One static token that Vouch manages: a line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenEntry {
    pub file: PathBuf,
    /// The repository's URL.
    pub endpoint: String,
    /// The CodeArtifact profile.
    pub profile: String,
    /// The line's key.
    pub key: String,
}

impl TokenEntry {
    /// That of a registration, if it has one.
    pub fn of(registration: &Registration) -> Option<Self> {
        let file = registration.file.clone().filter(|_| Mode::of(registration) == Some(Mode::Static))?;
        let key = key(&registration.endpoint, "_authToken")?;
        let (endpoint, profile) = (registration.endpoint.clone(), registration.profile.clone());
        Some(Self { file, endpoint, profile, key })
    }

    /// Whether it is the line of a key in a file, which may have several names; `real` is the one without links.
    pub fn is(&self, real: &Path, key: &str) -> bool {
        self.key == key && real_path::real(&self.file).is_ok_and(|file| file == real)
    }
}

/// Which registrations are meant; all of them where nothing is named.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    pub profile: Option<&'a str>,
    pub file: Option<&'a Path>,
    pub tool: Option<&'a str>,
}

impl Filter<'_> {
    /// Whether a registration is meant.
    pub fn matches(self, registration: &Registration) -> bool {
        let file = |wanted: &Path| registration.file.as_deref().is_some_and(|file| is_same(file, wanted));
        self.profile.is_none_or(|profile| profile == registration.profile)
            && self.tool.is_none_or(|tool| tool == registration.tool)
            && self.file.is_none_or(file)
    }
}

/// The static tokens of the registrations, each once.
pub fn token_entries(config: &Config, filter: Filter<'_>) -> Vec<TokenEntry> {
    let mut known = HashSet::new();
    let meant = config.codeartifact.registrations.iter().filter(|registration| filter.matches(registration));
    let entries = meant.filter_map(TokenEntry::of);
    entries.filter(|entry| known.insert((entry.key.clone(), entry.file.clone()))).collect()
}

fn is_same(one: &Path, other: &Path) -> bool {
    let canonical = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok();
    one == other || canonical(one) == canonical(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(registrations: &str) -> Config {
        serde_json::from_str(&format!(
            r#"{{"version": 1, "codeartifact": {{"registrations": [{registrations}]}}}}"#
        ))
        .unwrap()
    }

    #[test]
    fn keys_end_with_a_slash_and_name_no_port_of_the_scheme() {
        for (url, expected) in [
            ("https://host/npm/repo/", "//host/npm/repo/:_authToken"),
            ("https://host/npm/repo", "//host/npm/repo/:_authToken"),
            ("https://HOST:443/", "//host/:_authToken"),
            ("https://host:8443/npm/", "//host:8443/npm/:_authToken"),
        ] {
            assert_eq!(key(url, "_authToken").as_deref(), Some(expected));
        }
        assert_eq!(key("host/npm", "_authToken"), None);
    }

    #[test]
    fn a_token_that_two_scopes_share_is_one_place() {
        let one = |tool: &str, scope: &str, more: &str| {
            format!(
                r#"{{"tool": "{tool}", "repository": "my-repo", "profile": "default", "endpoint": "https://h/npm/r/",
                    "name": "{scope}", "file": "/x/.npmrc"{more}}}"#
            )
        };
        let all = [
            one("npm", "@a", ""),
            one("npm", "@b", ""),
            one("npm", "@c", r#", "mode": "env""#),
            one("pnpm", "@a", ""),
            one("cargo", "@a", ""),
        ];
        let config = config(&all.join(","));
        assert_eq!(token_entries(&config, Filter::default()).len(), 1);
        let elsewhere = Filter { file: Some(Path::new("/y/.npmrc")), ..Filter::default() };
        assert!(token_entries(&config, elsewhere).is_empty());
        assert!(token_entries(&config, Filter { profile: Some("other"), ..Filter::default() }).is_empty());
        assert!(token_entries(&config, Filter { tool: Some("bun"), ..Filter::default() }).is_empty());
    }
}
