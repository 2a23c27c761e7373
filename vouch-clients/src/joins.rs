//! What a user has agreed to at a join: the file as it was, so that another one can be compared with it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use vouch_core::UnixTime;
use vouch_core::hint::VOUCH_JOIN;
use vouch_core::home::Home;

pub use crate::record_file::RecordError;
use crate::record_file::{self, Record};

/// One join that went through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// Where the join file was.
    pub url: String,
    /// The name that the user chose for its profiles, if they did.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The digest of the file in hexadecimal digits.
    pub sha256: String,
    /// Whether the user gave that digest.
    #[serde(default)]
    pub pinned: bool,
    pub at: UnixTime,
    /// The file itself.
    pub file: Value,
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Joins {
    version: u64,
    #[serde(default)]
    joins: Vec<Join>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl Record for Joins {
    const NAME: &'static str = "joins";
    const TITLE: &'static str = "the join files that you agreed to";
    const VERSION: u64 = 1;

    fn without() -> String {
        format!("{VOUCH_JOIN} then cannot show what has changed since")
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn is_empty(&self) -> bool {
        self.joins.is_empty() && self.other.is_empty()
    }
}

/// The latest join of a URL: under the name if one is given, else under any.
///
/// # Errors
/// When the record cannot be read.
pub fn of(home: &Home, url: &str, name: Option<&str>) -> Result<Option<Join>, RecordError> {
    let Joins { joins, .. } = record_file::load(home)?;
    let fits = |join: &Join| join.url == url && (name.is_none() || join.name.as_deref() == name);
    Ok(joins.into_iter().rfind(fits))
}

/// Records a join in the place of an earlier one of the same URL and name.
///
/// # Errors
/// When the record cannot be read or written; it is then as it was.
pub fn record(home: &Home, join: Join) -> Result<(), RecordError> {
    record_file::update(home, |joins: &mut Joins| {
        joins.version = Joins::VERSION;
        joins.joins.retain(|known| (&known.url, &known.name) != (&join.url, &join.name));
        joins.joins.push(join);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(url: &str, name: Option<&str>, sha256: &str) -> Join {
        Join {
            url: url.into(),
            name: name.map(str::to_owned),
            sha256: sha256.into(),
            pinned: false,
            at: UnixTime(1),
            file: Value::Null,
            other: Map::new(),
        }
    }

    #[test]
    fn a_join_takes_the_place_of_the_one_before_it() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        assert_eq!(of(&home, "https://a/v.json", None).unwrap(), None);
        for (url, name, sha256) in [
            ("https://a/v.json", None, "1"),
            ("https://b/v.json", None, "2"),
            ("https://a/v.json", Some("work"), "3"),
            ("https://a/v.json", None, "4"),
        ] {
            record(&home, join(url, name, sha256)).unwrap();
        }
        let found = |url: &str, name: Option<&str>| of(&home, url, name).unwrap().map(|join| join.sha256);
        assert_eq!(found("https://a/v.json", None).as_deref(), Some("4"));
        assert_eq!(found("https://a/v.json", Some("work")).as_deref(), Some("3"));
        assert_eq!(found("https://b/v.json", None).as_deref(), Some("2"));
        assert_eq!(found("https://b/v.json", Some("work")), None);
        let Joins { joins, .. } = record_file::load(&home).unwrap();
        assert_eq!(joins.len(), 3);
    }
}
