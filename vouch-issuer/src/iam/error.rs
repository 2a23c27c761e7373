//! Why there is no template.

use vouch_core::failure::{Diagnostic, ErrorKind};
use vouch_core::identity::{IssuerUrl, Subject};

use super::limits::{
    AUDIENCE_SIZE, BUCKET_POLICY_SIZE, MANAGED_POLICY_SIZE, ROLE_NAME_SIZE, TEMPLATE_OUTPUTS,
    TEMPLATE_RESOURCES, TRUST_POLICY_SIZE_RAISED,
};
use crate::documents::IssuerError;

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
    #[error("the daily audience of `{issuer}` is that of sessions on other machines")]
    RemoteAudience { issuer: IssuerUrl },
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
                "Have every key of a user enrolled with the same audience; the default is `sts.amazonaws.com`."
                    .into()
            }
            Self::AudienceSize { .. } => "Have the user enroll again with a shorter audience.".into(),
            Self::Pattern(_) => "Have the user enroll again without `*`, `?` or `${` in it.".into(),
            Self::RoleName(_) | Self::RoleNameSize { .. } => {
                "Choose another `--role-prefix`, or `--shared-role NAME` for one role of all.".into()
            }
            Self::SameRole { .. } => {
                "Have one of them enroll with another subject, or make two templates with different `--role-prefix`."
                    .into()
            }
            Self::TrustSize { .. } => {
                "Leave `--shared-role` out for a role per user, or split the users between several roles.".into()
            }
            Self::PolicySize { .. } => "Name fewer domains, or none for every domain of the owner.".into(),
            Self::TemplateParts { .. } => format!(
                "Give the enrollments of {TEMPLATE_OUTPUTS} users at a time, for a stack of each, or use `--format terraform`, \
                 which has no such limit."
            ),
            Self::BucketPolicySize { .. } => {
                "Leave `--bucket` out and let a content delivery network read the whole bucket, which holds nothing but these \
                 documents; or divide the users between buckets."
                    .into()
            }
            Self::Bucket(_) => "Give the name alone, such as `my-issuer-documents`.".into(),
            Self::RemoteAudience { .. } => {
                "Have the user enroll again with another audience; the default is `sts.amazonaws.com`.".into()
            }
            Self::SameName(_) => "Make two templates, each of some of the enrollments.".into(),
            Self::Text => return None,
        })
    }
}
