//! The values of a join file. Each has a strict set of characters, in which no shell, no HTML and no terminal finds anything.

use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::{Serialize, Serializer};
use vouch_core::endpoint::{Asker, PlainUrl};
use vouch_core::partition::RepositoryName;

/// The most entries of a table or a list.
const MOST: usize = 16;

/// What a profile is called: 1 to 32 letters, digits, `.`, `_` and `-`, a letter or digit first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProfileName(String);

impl ProfileName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A page that a user is told to ask at: a plain https URL. It is shown, and nothing fetches it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QuestionsUrl(String);

impl QuestionsUrl {
    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is wrong with one of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    #[error(
        "`{0}` is not a valid profile name: 1 to 32 letters, digits, `.`, `_` and `-`, a letter or digit first"
    )]
    Profile(String),
    #[error("`{text}` is not a valid page for questions: {reason}")]
    Questions { text: String, reason: &'static str },
    #[error("a list of repositories has 1 to {MOST} names, each once")]
    Repositories,
}

impl TryFrom<String> for ProfileName {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, ValueError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if first && text.len() <= 32 && text.bytes().all(plain) {
            return Ok(Self(text));
        }
        Err(ValueError::Profile(text))
    }
}

impl std::str::FromStr for ProfileName {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for QuestionsUrl {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, ValueError> {
        match plain_page(&text) {
            Ok(_) => Ok(Self(text)),
            Err(reason) => Err(ValueError::Questions { text, reason }),
        }
    }
}

/// Repositories of one format, the first one first: 1 to 16, each once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, serde::Deserialize)]
#[serde(try_from = "Vec<RepositoryName>", into = "Vec<RepositoryName>")]
pub struct RepositoryList(Vec<RepositoryName>);

impl RepositoryList {
    /// The names.
    pub fn as_slice(&self) -> &[RepositoryName] {
        &self.0
    }

    /// Whether the file has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Vec<RepositoryName>> for RepositoryList {
    type Error = ValueError;

    fn try_from(names: Vec<RepositoryName>) -> Result<Self, ValueError> {
        let is_twice =
            names.iter().enumerate().any(|(at, name)| names.iter().skip(at + 1).any(|other| other == name));
        if names.is_empty() || names.len() > MOST || is_twice {
            return Err(ValueError::Repositories);
        }
        Ok(Self(names))
    }
}

/// Text types as their text.
macro_rules! into_string {
    ($($name:ty),+) => {$(
        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

pub(super) use into_string;

into_string!(ProfileName, QuestionsUrl);

impl From<RepositoryList> for Vec<RepositoryName> {
    fn from(list: RepositoryList) -> Self {
        list.0
    }
}

/// Entries by name in the order of the file: 1 to 16, each name once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<T>(Vec<(ProfileName, T)>);

impl<T> Table<T> {
    /// The entries.
    pub fn iter(&self) -> impl Iterator<Item = (&ProfileName, &T)> {
        self.0.iter().map(|(name, entry)| (name, entry))
    }

    /// The entry of a name.
    pub fn named(&self, name: &ProfileName) -> Option<&T> {
        self.iter().find(|(known, _)| *known == name).map(|(_, entry)| entry)
    }
}

impl<T: Serialize> Serialize for Table<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TableVisitor(PhantomData))
    }
}

struct TableVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for TableVisitor<T> {
    type Value = Table<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1 to {MOST} profiles by name")
    }

    /// Which of two values of a name counts depends on who reads it: there is one.
    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut entries = Vec::<(ProfileName, T)>::new();
        while let Some((name, entry)) = map.next_entry::<ProfileName, T>()? {
            if entries.iter().any(|(known, _)| known.as_str().eq_ignore_ascii_case(name.as_str())) {
                return Err(M::Error::custom(format_args!("there are two profiles `{name}`")));
            }
            entries.push((name, entry));
            if entries.len() > MOST {
                return Err(M::Error::custom(format_args!(
                    "there are more than {MOST} profiles of one kind"
                )));
            }
        }
        if entries.is_empty() {
            return Err(M::Error::custom("a kind of profiles has no entry"));
        }
        Ok(Table(entries))
    }
}

/// Host and path of an https URL in which nothing is to be read in two ways: no port, user, query or escape.
pub(super) fn plain_page(text: &str) -> Result<(&str, &str), &'static str> {
    if !text.starts_with("https://") {
        return Err("it does not begin with `https://`");
    }
    if text.len() > 255 {
        return Err("it has more than 255 characters");
    }
    let url = PlainUrl::read(text, Asker::default())?;
    let rest = text.strip_prefix("https://").unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    if rest.contains(':') {
        return Err("it names a port");
    }
    if !rest.bytes().all(plain) {
        return Err("it has another character than letters, digits, `-`, `.`, `_`, `~` and `/`");
    }
    Ok((url.host(), url.path()))
}
