//! Why a container, an instance or an environment gave no role credentials.

use std::io;
use std::path::PathBuf;

use crate::failure::{Diagnostic, ErrorKind};
use crate::hint::{LOGIN_FROM, LOGOUT, SETUP_AWS};
use crate::http::HttpError;
use crate::partition::RoleArn;

/// Why there are no role credentials of the session's role.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoleSourceError {
    #[error("cannot ask {from} for role credentials")]
    Http { from: String, source: Box<HttpError> },
    #[error("{from} answered {status} in place of role credentials")]
    Refused { from: String, status: u16 },
    #[error("this instance has no IAM role")]
    NoInstanceRole,
    #[error("{from} gave no role credentials: {reason}")]
    Answer { from: String, reason: &'static str },
    #[error("cannot read what to show {from}, in `{path}`")]
    Read { from: String, path: PathBuf, source: io::Error },
    #[error("the credentials of {from} are those of {caller}, not of {role}")]
    OtherCaller { from: String, caller: String, role: RoleArn },
    #[error("this session is for {own}, not for {role}")]
    OtherRole { own: String, role: RoleArn },
}

impl Diagnostic for RoleSourceError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Http { source, .. } => source.kind(),
            Self::Refused { status: 500.., .. } => ErrorKind::Network,
            Self::Refused { .. } => ErrorKind::Refused,
            Self::Answer { .. } => ErrorKind::Network,
            _ => ErrorKind::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Http { source, .. } if source.is_time_out() => {
                "Nothing answers there. In a container on an instance, the metadata service needs a hop limit of 2: \
                 `aws ec2 modify-instance-metadata-options --instance-id ID --http-put-response-hop-limit 2`."
                    .into()
            }
            Self::Http { .. } => "Look whether this runs where that endpoint is: a task, a pod, a build or an instance of AWS.".into(),
            Self::Refused { status: 401 | 403, .. } => {
                format!(
                    "The endpoint does not accept this job, or the metadata service is off. Start the task, pod or build again; \
                     then run {LOGOUT} and log in again."
                )
            }
            Self::Refused { .. } | Self::Answer { .. } => "Run the command again in a minute.".into(),
            Self::NoInstanceRole => {
                "Attach an instance profile: `aws ec2 associate-iam-instance-profile --instance-id ID --iam-instance-profile Name=NAME`."
                    .into()
            }
            Self::Read { .. } => {
                format!("Look whether the file is there and yours to read; then run {LOGOUT} and log in again.")
            }
            Self::OtherCaller { .. } => {
                format!(
                    "Name the role that this job has: {}. Vouch assumes no other role with them: give the job the role itself, or \
                     let it log in with an ID token.",
                    LOGIN_FROM.flag("--role", "ARN")
                )
            }
            Self::OtherRole { own, .. } => format!(
                "The AWS profile must be that role: {}. For another one, run {LOGOUT} and log in again with `--role`.",
                SETUP_AWS.fill("ARN", own)
            ),
        })
    }
}

impl RoleSourceError {
    /// Whether it may go better in a moment.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Http { source, .. } => source.is_transient(),
            Self::Refused { status, .. } => *status >= 500 || *status == 429,
            _ => false,
        }
    }
}
