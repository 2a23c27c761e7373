//! How a package manager was set up, beyond repository, profile and name: recorded with its registration, so that setup,
//! doctor and refresh see the same client.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use vouch_core::config::Registration;

use crate::jvm::names::MavenNames;
use crate::node::npm::Mode;

/// Where a registration keeps them.
const KEY: &str = "options";

/// What a client is built with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Options {
    /// Cargo fetches from the repository instead of crates.io.
    #[serde(skip_serializing_if = "is_false")]
    pub replace_crates_io: bool,
    /// pip, uv and pdm take the repository beside the index that is there.
    #[serde(skip_serializing_if = "is_false")]
    pub extra: bool,
    /// Vouch's `keyring` stands in front of another one.
    #[serde(skip_serializing_if = "is_false")]
    pub chain: bool,
    /// Maven's settings send no repository to ours that only has its id.
    #[serde(skip_serializing_if = "is_false")]
    pub no_mirror: bool,
    /// The names that Maven's settings have for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maven: Option<MavenNames>,
    /// What stands before the token on the wire, if that was typed; recorded as the registration's `token_prefix`.
    #[serde(skip)]
    pub token_prefix: Option<&'static str>,
    /// Where npm, yarn 1 and bun find the token, if that was typed; recorded as the registration's `mode`.
    #[serde(skip)]
    pub mode: Option<Mode>,
    /// The file to edit, if that was typed; recorded as the registration's `file`.
    #[serde(skip)]
    pub file: Option<PathBuf>,
    /// Those of a newer Vouch.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Options {
    /// Those that are recorded with a registration; none where a Vouch that recorded none wrote it.
    pub fn recorded(registration: &Registration) -> Option<Self> {
        serde_json::from_value(registration.other.get(KEY)?.clone()).ok()
    }

    /// The names that Maven's settings have for a registration; none where a Vouch set it up that made none.
    pub fn maven_names(registration: &Registration) -> Option<MavenNames> {
        Self::recorded(registration)?.maven.filter(MavenNames::are_ours)
    }

    /// Records them. What only ever adds to a client's file stays recorded until it is undone: setup without its flag
    /// leaves those lines there.
    pub fn record(&self, registration: &mut Registration) {
        let before = Self::recorded(registration).unwrap_or_default();
        let options = Self {
            replace_crates_io: self.replace_crates_io || before.replace_crates_io,
            chain: self.chain || before.chain,
            maven: self.maven.clone().or(before.maven),
            other: before.other,
            ..self.clone()
        };
        match serde_json::to_value(&options) {
            Ok(Value::Object(value)) if !value.is_empty() => {
                registration.other.insert(KEY.into(), value.into())
            }
            _ => registration.other.remove(KEY),
        };
    }

    /// The flags that ask for them, each with a blank before it; but for the file, whose flag is the tool's.
    pub fn flags(&self) -> String {
        let flags = [
            (self.replace_crates_io, " --replace-crates-io"),
            (self.extra, " --extra"),
            (self.chain, " --chain"),
            (self.no_mirror, " --no-mirror"),
        ];
        flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag).collect()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn registration(other: Value) -> Registration {
        let mut value =
            json!({ "tool": "cargo", "repository": "my-repo", "profile": "p", "endpoint": "https://x/" });
        value.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_is_recorded_is_read_and_what_a_newer_vouch_recorded_stays() {
        let mut known = registration(json!({ "options": { "of-tomorrow": 7, "replace-crates-io": true } }));
        assert!(Options::recorded(&known).unwrap().replace_crates_io);
        Options { extra: true, ..Options::default() }.record(&mut known);
        let read = Options::recorded(&known).unwrap();
        assert_eq!((read.replace_crates_io, read.extra, &read.other["of-tomorrow"]), (true, true, &json!(7)));
        assert_eq!(read.flags(), " --replace-crates-io --extra");
        Options::default().record(&mut known);
        assert_eq!(Options::recorded(&known).unwrap().flags(), " --replace-crates-io");
    }

    #[test]
    fn the_names_of_maven_stay_and_its_flag_does_not() {
        let mut known = registration(json!({}));
        let names = MavenNames::generate().unwrap();
        Options { maven: Some(names.clone()), no_mirror: true, ..Options::default() }.record(&mut known);
        assert_eq!(Options::recorded(&known).unwrap().flags(), " --no-mirror");
        Options::default().record(&mut known);
        assert_eq!(Options::maven_names(&known), Some(names));
        assert_eq!(Options::recorded(&known).unwrap().flags(), "");
        known.other["options"]["maven"]["variable"] = json!("PATH");
        assert_eq!(Options::maven_names(&known), None);
    }

    #[test]
    fn a_registration_of_before_has_none() {
        assert_eq!(Options::recorded(&registration(json!({}))), None);
        assert_eq!(Options::recorded(&registration(json!({ "options": 7 }))), None);
    }
}
