//! What IAM has to hold for an issuer's people: their providers, their roles, what the roles may do.
//!
//! The person writes every claim of their own tokens, so the trust rests on `aud` and `sub` alone, and allows one
//! action. Limits are those of "IAM and AWS STS quotas" in the IAM user guide.

mod cloudformation;
mod document;
mod plan;
mod terraform;

use std::fmt;
use std::str::FromStr;

use self::plan::Plan;
use crate::documents::IssuerError;
use crate::enrollment::VerifiedEnrollment;
use vouch_core::failure::{Diagnostic, ErrorKind};
use vouch_core::identity::{IssuerUrl, Subject};
use vouch_core::partition::{AccountId, DomainName};

/// Providers that an account may have unless its quota was raised.
pub const PROVIDERS_PER_ACCOUNT: usize = 100;
/// Roles that an account may have unless its quota was raised.
pub const ROLES_PER_ACCOUNT: usize = 1000;
/// Characters of a trust policy, white space not counted, unless the quota was raised.
pub const TRUST_POLICY_SIZE: usize = 2048;
/// The same at most.
pub const TRUST_POLICY_SIZE_RAISED: usize = 4096;
/// Characters of a managed policy, white space not counted.
pub const MANAGED_POLICY_SIZE: usize = 6144;
/// Characters of a role's name.
pub const ROLE_NAME_SIZE: usize = 64;
/// Characters of an audience (client ID) of a provider.
pub const AUDIENCE_SIZE: usize = 255;
/// Bytes of a CloudFormation template that is handed over in the request; a larger one goes through S3.
pub const TEMPLATE_SIZE: usize = 51_200;
/// Resources of a CloudFormation template ("CloudFormation quotas" in its user guide).
pub const TEMPLATE_RESOURCES: usize = 500;
/// Outputs of a CloudFormation template.
pub const TEMPLATE_OUTPUTS: usize = 200;
/// Bytes of a bucket's policy (S3 user guide, "Bucket policies").
pub const BUCKET_POLICY_SIZE: usize = 20 * 1024;
/// Seconds that a session of the role lasts at most.
pub const MAX_SESSION_DURATION: u32 = 3600;
/// Seconds that a bearer token lasts at most: a working day, as a session of Vouch.
pub const MAX_TOKEN_DURATION: u32 = 28_800;

/// What the name of a person's role begins with unless told otherwise.
pub const DEFAULT_ROLE_PREFIX: &str = "CodeArtifact-";

/// What the text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    CloudFormation,
    Terraform,
}

/// Which roles there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roles {
    /// One for each person, named by this prefix and the subject.
    Each { prefix: String },
    /// One for all.
    Shared { name: String },
}

/// What is wanted beside the people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub roles: Roles,
    /// The owner of the CodeArtifact domains; nothing for the account that the template is applied to.
    pub owner: Option<AccountId>,
    /// The domains; none for every domain of the owner.
    pub domains: Vec<DomainName>,
    /// Whether the roles may publish packages.
    pub publish: bool,
    /// The bucket whose objects are the issuers' documents.
    pub bucket: Option<BucketName>,
}

/// The text, and what its reader should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub text: String,
    pub notices: Vec<String>,
}

/// Why there is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IamError {
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    #[error("the enrollments of issuer `{issuer}` have two audiences, `{one}` and `{other}`")]
    TwoAudiences { issuer: IssuerUrl, one: String, other: String },
    #[error("the audience of `{issuer}` has {length} characters, and IAM allows {AUDIENCE_SIZE}")]
    AudienceSize { issuer: IssuerUrl, length: usize },
    #[error("IAM would read a variable or a pattern in `{0}`")]
    Pattern(String),
    #[error("`{0}` is no role name: letters, digits and `+=,.@_-` are allowed")]
    RoleName(String),
    #[error("the role name `{name}` has {} characters, and IAM allows {ROLE_NAME_SIZE}", .name.len())]
    RoleNameSize { name: String },
    #[error("`{one}` and `{other}` would both have the role `{name}`")]
    SameRole { name: String, one: Subject, other: Subject },
    #[error(
        "the trust policy of role `{role}` needs {size} characters, and IAM allows {TRUST_POLICY_SIZE_RAISED}"
    )]
    TrustSize { role: String, size: usize },
    #[error("the policy needs {size} characters, and IAM allows {MANAGED_POLICY_SIZE}")]
    PolicySize { size: usize },
    #[error(
        "the template needs {resources} resources and {outputs} outputs, and CloudFormation allows {TEMPLATE_RESOURCES} \
         and {TEMPLATE_OUTPUTS}"
    )]
    TemplateParts { resources: usize, outputs: usize },
    #[error("the bucket policy needs {size} bytes, and S3 allows {BUCKET_POLICY_SIZE}")]
    BucketPolicySize { size: usize },
    #[error("`{0}` is no bucket name: 3 to 63 lower-case letters, digits, dots and hyphens are allowed")]
    Bucket(String),
    #[error("two parts of the template would both be called `{0}`")]
    SameName(String),
    #[error("the template cannot be written")]
    Text,
}

impl Diagnostic for IamError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Issuer(error) => error.kind(),
            Self::Bucket(_) | Self::RoleName(_) | Self::RoleNameSize { .. } => ErrorKind::Usage,
            Self::Text | Self::SameName(_) => ErrorKind::Other,
            _ => ErrorKind::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Issuer(error) => return error.hint(),
            Self::TwoAudiences { .. } => {
                "Have every key of a person enrolled with the same audience; the default is `sts.amazonaws.com`."
                    .into()
            }
            Self::AudienceSize { .. } => "Have the person enroll again with a shorter audience.".into(),
            Self::Pattern(_) => "Have the person enroll again without `*`, `?` or `${` in it.".into(),
            Self::RoleName(_) | Self::RoleNameSize { .. } => {
                "Choose another `--role-prefix`, or `--shared-role NAME` for one role of all.".into()
            }
            Self::SameRole { .. } => {
                "Have one of them enroll with another subject, or make two templates with different `--role-prefix`."
                    .into()
            }
            Self::TrustSize { .. } => {
                "Leave `--shared-role` out for a role per person, or split the people between several roles.".into()
            }
            Self::PolicySize { .. } => "Name fewer domains, or none for every domain of the owner.".into(),
            Self::TemplateParts { .. } => format!(
                "Give the enrollments of {TEMPLATE_OUTPUTS} people at a time, for a stack of each, or use `--format terraform`, \
                 which has no such limit."
            ),
            Self::BucketPolicySize { .. } => {
                "Leave `--bucket` out and let a content delivery network read the whole bucket, which holds nothing but these \
                 documents; or divide the people between buckets."
                    .into()
            }
            Self::Bucket(_) => "Give the name alone, such as `my-issuer-documents`.".into(),
            Self::SameName(_) => "Make two templates, each of some of the enrollments.".into(),
            Self::Text => return None,
        })
    }
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

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CloudFormation => "CloudFormation",
            Self::Terraform => "Terraform",
        })
    }
}

/// The name of a person's role: the subject, with `-` for what a role's name cannot have.
pub fn role_name(prefix: &str, subject: &Subject) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    let subject = subject.as_str().chars().map(|c| if allowed(c) { c } else { '-' });
    prefix.chars().chain(subject).collect()
}

/// A template for every person of the enrollments. The same input in any order gives the same bytes. It names no
/// partition: the one that it is applied in is used.
///
/// # Errors
/// See [`IamError`]; what IAM would refuse is refused here.
pub fn template(
    enrollments: &[VerifiedEnrollment],
    wanted: &Wanted,
    format: Format,
) -> Result<Template, IamError> {
    let plan = Plan::new(enrollments, wanted)?;
    let text = match format {
        Format::CloudFormation => cloudformation::render(&plan)?,
        Format::Terraform => terraform::render(&plan),
    };
    let mut notices = plan.notices();
    if format == Format::CloudFormation && text.len() > TEMPLATE_SIZE {
        notices.push(format!(
            "the template has {} bytes and CloudFormation takes {TEMPLATE_SIZE} directly: upload it to S3 and use \
             `--template-url`, or `aws cloudformation deploy --s3-bucket BUCKET`",
            text.len()
        ));
    }
    Ok(Template { text, notices })
}

#[cfg(test)]
mod tests;
