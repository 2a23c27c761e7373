//! Why no role is printed for a job.

use vouch_core::failure::{Diagnostic, ErrorKind};

use crate::iam::IamError;

/// Why no role is printed for a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CiError {
    #[error("`{0}` names no project of a CI")]
    Project(String),
    #[error("`{text}` cannot be {what} in a subject")]
    Name { what: &'static str, text: String },
    #[error("every branch and every pull request of {0} would be trusted")]
    Unscoped(String),
    #[error("`{flag}` means nothing to {ci}")]
    Flag { flag: &'static str, ci: &'static str },
    #[error("a branch alone does not protect publishing on GitHub: a pull request's workflow can run on it")]
    PublishNeedsEnvironment,
    #[error("GitLab before 18.2.2 gives a fork's pipeline the subject of your project")]
    GitlabVersion,
    #[error("the subject of CircleCI has no branch: every job of the project could publish")]
    PublishCircleci,
    #[error(transparent)]
    Iam(#[from] IamError),
}

impl Diagnostic for CiError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Iam(error) => error.kind(),
            _ => ErrorKind::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Project(_) => {
                "Give one project in full, without wildcards: `github:OWNER/REPO`, `gitlab:GROUP/PROJECT`, \
                 `buildkite:ORGANIZATION/PIPELINE` or `circleci:ORGANIZATION_ID/PROJECT_ID`."
                    .into()
            }
            Self::Name { .. } => "Give one name in full: letters, digits and `._-/+@#=,` are allowed.".into(),
            Self::Unscoped(_) => "Add `--branch BRANCH`, or `--environment NAME` on GitHub.".into(),
            Self::Flag { .. } => "Leave it out.".into(),
            Self::PublishNeedsEnvironment => {
                "Publish from an environment with protection rules: `--environment NAME --publish`. Without `--publish`, a branch \
                 will do."
                    .into()
            }
            Self::GitlabVersion => {
                "Add `--gitlab-version VERSION`, as `/help` of your GitLab shows it, or leave `--publish` out.".into()
            }
            Self::PublishCircleci => "Leave `--publish` out, or publish from another CI.".into(),
            Self::Iam(error) => return error.hint(),
        })
    }
}
