//! What a template is asked for.

use std::str::FromStr;

use vouch_core::identity::Subject;
use vouch_core::partition::{AccountId, DomainName};

use super::error::IamError;

/// Which roles there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roles {
    /// One for each user, named by this prefix and the subject.
    Each { prefix: String },
    /// One for all.
    Shared { name: String },
}

/// What a template holds beside the users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateOptions {
    pub roles: Roles,
    /// The owner of the CodeArtifact domains; nothing for the account that the template is applied to.
    pub owner: Option<AccountId>,
    /// The domains; none for every domain of the owner.
    pub domains: Vec<DomainName>,
    /// Whether the roles may publish packages.
    pub publish: bool,
    /// Whether each user gets a second role, for sessions on other machines.
    pub remote: bool,
    /// The bucket whose objects are the issuers' documents.
    pub bucket: Option<BucketName>,
    /// What else the bucket gives out, such as the join file.
    pub public_files: Vec<&'static str>,
}

/// An S3 bucket's name (S3 user guide, "General purpose bucket naming rules").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketName(String);

impl BucketName {
    /// The name as S3 writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BucketName {
    type Err = IamError;

    fn from_str(text: &str) -> Result<Self, IamError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let ok = (3..=63).contains(&text.len())
            && text.bytes().all(|byte| plain(byte) || byte == b'.' || byte == b'-')
            && text.bytes().next().is_some_and(plain)
            && text.bytes().last().is_some_and(plain)
            && !text.contains("..");
        if ok { Ok(Self(text.to_owned())) } else { Err(IamError::Bucket(text.to_owned())) }
    }
}

/// The name of a user's role: the subject, with `-` for what a role's name cannot have.
pub fn role_name(prefix: &str, subject: &Subject) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    let subject = subject.as_str().chars().map(|c| if allowed(c) { c } else { '-' });
    prefix.chars().chain(subject).collect()
}
