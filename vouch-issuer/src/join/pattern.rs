//! What differs from user to user: the issuer, and often the role.

use std::fmt;

use serde::{Deserialize, Serialize};
use vouch_core::identity::{IssuerUrl, Subject};
use vouch_core::partition::{Partition, RoleArn};

use super::error::JoinError;
use super::values::into_string;
use crate::iam::role_name;

/// What stands for the user's subject.
pub const SUBJECT: &str = "{subject}";

/// Stands for any subject where a pattern is judged.
const SAMPLE: &str = "x";

/// An issuer URL with [`SUBJECT`] once in its path: each user has an issuer of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IssuerPattern(String);

/// A role ARN, in whose name or path [`SUBJECT`] may stand once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RolePattern(String);

/// What is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    #[error(
        "`{0}` is not a valid pattern of issuers: it needs `{SUBJECT}` once, in the path of an https URL"
    )]
    Issuer(String),
    #[error(
        "`{0}` is not a valid pattern of roles: it is a role ARN, with `{SUBJECT}` at most once in the role's name"
    )]
    Role(String),
}

impl IssuerPattern {
    /// The host of all its issuers.
    pub fn host(&self) -> &str {
        self.0.split('/').nth(2).unwrap_or_default()
    }

    /// The issuer of a user.
    ///
    /// # Errors
    /// When the subject would be more than one name in a path, or makes an issuer that IAM does not take.
    pub fn issuer(&self, subject: &Subject) -> Result<IssuerUrl, JoinError> {
        let wrong = |reason: String| JoinError::Subject { subject: subject.clone(), reason };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        if !subject.as_str().chars().all(plain) {
            return Err(wrong(
                "it stands in the URL of your issuer, which takes letters, digits, `-`, `.`, `_` and `~`"
                    .into(),
            ));
        }
        let issuer: IssuerUrl = self
            .0
            .replace(SUBJECT, subject.as_str())
            .parse()
            .map_err(|error: vouch_core::identity::IdentityError| wrong(error.to_string()))?;
        Ok(issuer)
    }
}

impl RolePattern {
    /// The partition of all its roles.
    pub fn partition(&self) -> Partition {
        // Judged when it was read.
        self.0
            .replace(SUBJECT, SAMPLE)
            .parse::<RoleArn>()
            .map_or(vouch_core::partition::PARTITIONS[0], |role| role.partition())
    }

    /// The role of a user, named as `vouch issuer iam` names it.
    ///
    /// # Errors
    /// When the subject makes a name that IAM does not take.
    pub fn role(&self, subject: &Subject) -> Result<RoleArn, JoinError> {
        let role = self.0.replace(SUBJECT, &role_name("", subject));
        role.parse().map_err(|error: vouch_core::partition::NameError| JoinError::Subject {
            subject: subject.clone(),
            reason: error.to_string(),
        })
    }
}

impl TryFrom<String> for IssuerPattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        let path = text.strip_prefix("https://").and_then(|rest| rest.split_once('/')).map(|(_, path)| path);
        let once =
            path.is_some_and(|path| path.matches(SUBJECT).count() == 1) && text.matches(SUBJECT).count() == 1;
        if once && text.replace(SUBJECT, SAMPLE).parse::<IssuerUrl>().is_ok() {
            return Ok(Self(text));
        }
        Err(PatternError::Issuer(text))
    }
}

impl TryFrom<String> for RolePattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        let (before, role) = text.split_once(":role/").unwrap_or_default();
        let at_most_once = !before.contains(SUBJECT) && role.matches(SUBJECT).count() <= 1;
        if at_most_once && text.replace(SUBJECT, SAMPLE).parse::<RoleArn>().is_ok() {
            return Ok(Self(text));
        }
        Err(PatternError::Role(text))
    }
}

into_string!(IssuerPattern, RolePattern);
