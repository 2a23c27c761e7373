//! Which project's jobs are meant, in which CI.

use std::fmt;
use std::str::FromStr;

use super::error::CiError;

/// A project of a CI, as `CI:NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CiProject {
    /// `github:OWNER/REPO`
    Github { owner: String, repository: String },
    /// `gitlab:GROUP/PROJECT`, with subgroups
    Gitlab { path: String },
    /// `buildkite:ORGANIZATION/PIPELINE`
    Buildkite { organization: String, pipeline: String },
    /// `circleci:ORGANIZATION_ID/PROJECT_ID`
    Circleci { organization: String, project: String },
}

impl CiProject {
    /// As a user calls it.
    pub fn ci(&self) -> &'static str {
        match self {
            Self::Github { .. } => "GitHub Actions",
            Self::Gitlab { .. } => "GitLab",
            Self::Buildkite { .. } => "Buildkite",
            Self::Circleci { .. } => "CircleCI",
        }
    }

    /// What its role is called after the prefix.
    pub(super) fn role_suffix(&self) -> String {
        match self {
            // Two UUIDs are more than a role's name holds, and one tells projects apart.
            Self::Circleci { project, .. } => format!("circleci-{project}"),
            other => other.to_string().replace([':', '/'], "-"),
        }
    }
}

impl fmt::Display for CiProject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Github { owner, repository } => write!(f, "github:{owner}/{repository}"),
            Self::Gitlab { path } => write!(f, "gitlab:{path}"),
            Self::Buildkite { organization, pipeline } => write!(f, "buildkite:{organization}/{pipeline}"),
            Self::Circleci { organization, project } => write!(f, "circleci:{organization}/{project}"),
        }
    }
}

impl FromStr for CiProject {
    type Err = CiError;

    /// Names are taken as they stand: a subject is compared byte by byte, a wildcard or a colon would be more than a name.
    fn from_str(text: &str) -> Result<Self, CiError> {
        let wrong = || CiError::Project(text.to_owned());
        let (ci, path) = text.split_once(':').ok_or_else(wrong)?;
        let parts: Vec<&str> = path.split('/').collect();
        if !parts.iter().all(|part| is_name(part)) {
            return Err(wrong());
        }
        match (ci, parts.as_slice()) {
            ("github", [owner, repository]) => {
                Ok(Self::Github { owner: (*owner).to_owned(), repository: (*repository).to_owned() })
            }
            ("gitlab", [_, _, ..]) => Ok(Self::Gitlab { path: path.to_owned() }),
            ("buildkite", [organization, pipeline]) => Ok(Self::Buildkite {
                organization: (*organization).to_owned(),
                pipeline: (*pipeline).to_owned(),
            }),
            ("circleci", [organization, project]) if is_uuid(organization) && is_uuid(project) => {
                Ok(Self::Circleci {
                    organization: (*organization).to_owned(),
                    project: (*project).to_owned(),
                })
            }
            _ => Err(wrong()),
        }
    }
}

fn is_name(part: &str) -> bool {
    (1..=255).contains(&part.len())
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        && part != "."
        && part != ".."
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}

/// A branch or an environment that stands in a subject as it is. What a pattern, a variable of IAM's or another part of the
/// subject could be made of is refused.
pub(super) fn plain<'a>(what: &'static str, text: &'a str) -> Result<&'a str, CiError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/+@#=,".contains(&byte);
    match (1..=200).contains(&text.len()) && text.bytes().all(allowed) {
        true => Ok(text),
        false => Err(CiError::Name { what, text: text.to_owned() }),
    }
}
