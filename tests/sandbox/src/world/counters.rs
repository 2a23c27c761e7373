//! What was asked of each service, and how often.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

/// One thing that is counted. `Registry` carries the registry's section: a format, or `foreign`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Count {
    Sts(&'static str),
    CodeArtifact(&'static str),
    Issuer(&'static str),
    Metadata(&'static str),
    Registry(&'static str, &'static str),
}

const STS: [&str; 4] = ["assume_role_with_web_identity", "granted", "refused", "get_caller_identity"];
const CODEARTIFACT: [&str; 4] = ["get_authorization_token", "granted", "refused", "get_repository_endpoint"];
const ISSUER: [&str; 2] = ["discovery", "jwks"];
const METADATA: [&str; 2] = ["granted", "refused"];
const CARGO: [&str; 8] =
    ["index", "download", "publish", "yank", "unyank", "search", "unauthenticated", "bad_token"];
const PYPI: [&str; 5] = ["index", "download", "upload", "unauthenticated", "bad_token"];
const NPM: [&str; 7] =
    ["packument", "tarball", "publish", "dist_tags", "ping", "unauthenticated", "bad_token"];
const MAVEN: [&str; 6] = ["metadata", "download", "checksum", "upload", "unauthenticated", "bad_token"];
/// `leaked`: requests that carried a token which CodeArtifact had made.
const FOREIGN: [&str; 9] =
    ["index", "download", "publish", "yank", "unyank", "search", "unauthenticated", "bad_token", "leaked"];

/// The counters of a world.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<BTreeMap<Count, u64>>);

impl Counters {
    pub(crate) fn add(&self, count: Count) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(count).or_default() += 1;
    }

    pub(crate) fn reset(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// All counters, those that are still zero included.
    pub(crate) fn to_json(&self) -> Value {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let section = |names: &[&'static str], key: &dyn Fn(&'static str) -> Count| -> Value {
            let mut map = Map::new();
            for name in names {
                map.insert((*name).into(), counts.get(&key(name)).copied().unwrap_or_default().into());
            }
            map.into()
        };
        json!({
            "sts": section(&STS, &Count::Sts),
            "codeartifact": section(&CODEARTIFACT, &Count::CodeArtifact),
            "issuer": section(&ISSUER, &Count::Issuer),
            "metadata": section(&METADATA, &Count::Metadata),
            "registry": {
                "cargo": section(&CARGO, &|name| Count::Registry("cargo", name)),
                "pypi": section(&PYPI, &|name| Count::Registry("pypi", name)),
                "npm": section(&NPM, &|name| Count::Registry("npm", name)),
                "maven": section(&MAVEN, &|name| Count::Registry("maven", name)),
                "foreign": section(&FOREIGN, &|name| Count::Registry("foreign", name)),
            },
        })
    }
}
