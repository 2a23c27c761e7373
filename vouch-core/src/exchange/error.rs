//! Every way in which AWS gives nothing.

use std::fmt;
use std::io;

use super::id_token::IdTokenError;
use super::role_error::RoleSourceError;
use crate::endpoint::Domain;
use crate::failure::{Diagnostic, ErrorKind};
use crate::hint::{ISSUER_CHECK, LOGIN, SETUP_AWS_REGION, VOUCH_ISSUER_BUILD, VOUCH_ISSUER_IAM, VOUCH_SETUP};
use crate::http::HttpError;
use crate::identity::{IssuerUrl, Subject};
use crate::partition::{Region, RepositoryName, RoleArn};

/// What `vouch issuer iam` writes for `sts:DurationSeconds`, in seconds: a token for longer is refused under it.
pub const USUAL_BEARER_LIMIT: u32 = 28_800;

/// A service of AWS that the exchange asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Sts,
    CodeArtifact,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sts => "AWS STS",
            Self::CodeArtifact => "AWS CodeArtifact",
        })
    }
}

/// What a service answered instead of a credential, in its own words. Control characters are escaped: the text goes to
/// terminals.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{service} answered {status} {code}{}{}",
    .message.as_ref().map(|text| format!(": {text}")).unwrap_or_default(),
    .request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default()
)]
pub struct Refusal {
    pub service: Service,
    /// The HTTP status.
    pub status: u16,
    /// The error code, or `an unreadable error`.
    pub code: String,
    pub message: Option<String>,
    pub request_id: Option<String>,
    /// Seconds to wait, where the answer named them.
    pub retry_after: Option<u64>,
}

/// Why AWS gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// Before anything was sent.
    #[error(transparent)]
    Setup(HttpError),
    #[error("cannot talk to {service}")]
    Http { service: Service, source: HttpError },
    /// The resolver knows no such name, and STS could be reached at that moment.
    #[error("there is no host of that name")]
    NoHost { source: HttpError },
    /// Before AWS was asked.
    #[error(transparent)]
    IdToken(#[from] IdTokenError),
    /// Of a container, an instance or an environment.
    #[error(transparent)]
    RoleSource(#[from] RoleSourceError),
    #[error("cannot start the exchange with AWS")]
    Start(#[source] io::Error),
    #[error("your session has expired")]
    SessionExpired { source: Box<Refusal> },
    #[error("the issuer {issuer} is not registered in account {}", .role.account())]
    NoProvider { issuer: IssuerUrl, role: RoleArn, source: Box<Refusal> },
    #[error("AWS could not get the key that verifies your session from {issuer}")]
    NoVerificationKey { issuer: IssuerUrl, source: Box<Refusal> },
    #[error("account {} does not accept the audience of your session", .role.account())]
    Audience { issuer: IssuerUrl, role: RoleArn, source: Box<Refusal> },
    #[error("AWS does not accept your session as a token of {issuer}")]
    InvalidToken { issuer: IssuerUrl, source: Box<Refusal> },
    #[error("AWS rejected a claim of your session")]
    RejectedClaim { issuer: IssuerUrl, source: Box<Refusal> },
    #[error("AWS could not reach your issuer {issuer}")]
    IssuerUnreachable { issuer: IssuerUrl, source: Box<Refusal> },
    #[error("{subject} of {issuer} is not allowed to assume role {role}")]
    RoleRefused { role: RoleArn, issuer: IssuerUrl, subject: Subject, source: Box<Refusal> },
    #[error("region {region} is not enabled in account {}", .role.account())]
    RegionDisabled { region: Region, role: RoleArn, source: Box<Refusal> },
    #[error("the clock of this machine differs from that of AWS")]
    Clock { source: Box<Refusal> },
    #[error("role {role} may not get a token for the CodeArtifact domain {domain}")]
    TokenRefused { role: RoleArn, domain: Domain, source: Box<Refusal> },
    #[error(
        "role {role} may not get a token for the CodeArtifact domain {domain}: it lacks sts:GetServiceBearerToken"
    )]
    BearerTokenRefused { role: RoleArn, domain: Domain, source: Box<Refusal> },
    #[error("AWS no longer accepts the credentials of role {role}")]
    CredentialsRefused { role: RoleArn, source: Box<Refusal> },
    #[error("there is no CodeArtifact domain {domain}")]
    NoDomain { domain: Domain, source: Box<Refusal> },
    #[error("there is no repository {repository} in {domain}")]
    NoRepository { repository: RepositoryName, domain: Domain, source: Box<Refusal> },
    #[error("{} has had too many requests", .source.service)]
    Throttled { source: Box<Refusal> },
    #[error("{} has a fault of its own", .source.service)]
    Service { source: Box<Refusal> },
    /// A code that has no situation of its own here.
    #[error("{} refused the request", .source.service)]
    Other { source: Box<Refusal> },
    /// An answer without AWS's shape, such as the page of a captive portal.
    #[error("something else than {service} is answering, with status {status}")]
    NotAws { service: Service, status: u16 },
    #[error("{service} gave an unusable answer: {reason}")]
    Answer { service: Service, reason: String },
}

impl Diagnostic for ExchangeError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Setup(error) | Self::Http { source: error, .. } => error.kind(),
            Self::IdToken(error) => error.kind(),
            Self::RoleSource(error) => error.kind(),
            Self::Start(_) => ErrorKind::Other,
            Self::NoHost { .. } => ErrorKind::Configuration,
            Self::SessionExpired { .. } => ErrorKind::NoSession,
            Self::Throttled { .. } | Self::Service { .. } | Self::Answer { .. } | Self::NotAws { .. } => {
                ErrorKind::Network
            }
            Self::IssuerUnreachable { .. } | Self::NoVerificationKey { .. } => ErrorKind::Network,
            _ => ErrorKind::Refused,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Setup(error) | Self::Http { source: error, .. } => return error.hint(),
            Self::IdToken(error) => return error.hint(),
            Self::RoleSource(error) => return error.hint(),
            Self::Start(_) => return None,
            Self::NoHost { .. } => "Look at the region, or at the URL that `--endpoint` named.".into(),
            Self::SessionExpired { .. } => format!("Run {LOGIN}."),
            Self::NoProvider { role, .. } => format!(
                "Send your administrator of account {} what {VOUCH_ISSUER_IAM} prints: it registers the issuer there.",
                role.account()
            ),
            Self::NoVerificationKey { issuer, .. } => format!(
                "Have what {VOUCH_ISSUER_BUILD} makes from your enrollment published at {issuer}, where AWS can reach it; {ISSUER_CHECK} compares."
            ),
            Self::Audience { role, .. } => format!(
                "The provider in account {} needs the audience of your identity, by default `sts.amazonaws.com`, among its client IDs: {VOUCH_ISSUER_IAM} prints one that has it.",
                role.account()
            ),
            Self::InvalidToken { .. } => {
                format!("Run {ISSUER_CHECK}, look at the clock of this machine, then {LOGIN} again.")
            }
            Self::RejectedClaim { .. } => {
                format!("Run {LOGIN} again; if it stays so, compare the role's trust policy with {VOUCH_ISSUER_IAM}.")
            }
            Self::IssuerUnreachable { issuer, .. } => {
                format!("Run the command again; {ISSUER_CHECK} shows whether {issuer} can be reached.")
            }
            Self::RoleRefused { role, issuer, subject, .. } => format!(
                "The trust policy of {role} must allow sts:AssumeRoleWithWebIdentity to the provider of {issuer} for the subject `{subject}`: {VOUCH_ISSUER_IAM} prints it. A role made moments ago may need a few seconds."
            ),
            Self::RegionDisabled { .. } => {
                format!("Give an enabled region with {SETUP_AWS_REGION}, or have this one enabled.")
            }
            Self::Clock { .. } => {
                format!("Set the clock of this machine (date, time and time zone), then {LOGIN} again.")
            }
            Self::TokenRefused { domain, .. } => format!(
                "The role needs codeartifact:GetAuthorizationToken, codeartifact:GetRepositoryEndpoint and \
                 codeartifact:ReadFromRepository on domain {} and its repositories, and sts:GetServiceBearerToken for \
                 codeartifact.amazonaws.com; a domain of another account must also allow the role in its own policy.",
                domain.name
            ),
            Self::BearerTokenRefused { .. } => format!(
                "The role needs sts:GetServiceBearerToken for codeartifact.amazonaws.com. A condition on sts:DurationSeconds must allow {USUAL_BEARER_LIMIT} seconds or more, as in the policy that {VOUCH_ISSUER_IAM} prints."
            ),
            Self::CredentialsRefused { .. } => {
                "Run the command again: new ones will be fetched. If it stays so, look at the clock of this machine."
                    .into()
            }
            Self::NoDomain { .. } => {
                format!("Look at the domain's name, owner and region: {VOUCH_SETUP} with `--domain`, `--domain-owner` and `--region` changes them.")
            }
            Self::NoRepository { .. } => {
                format!("Look at the repository's name: {VOUCH_SETUP} with `--repository` sets another one up.")
            }
            Self::Throttled { source } => match source.retry_after {
                Some(seconds) => format!("Run the command again in {seconds} seconds."),
                None => "Run the command again in a few seconds.".into(),
            },
            Self::Service { .. } => "Run the command again in a minute.".into(),
            Self::Other { .. } => return None,
            Self::NotAws { .. } => {
                "Log in to the network if it asks for that in a browser; else look at your VPN and proxy, which may block \
                 AWS. Then run the command again."
                    .into()
            }
            Self::Answer { .. } => {
                "Something between here and AWS may have changed it, such as a proxy; run the command again.".into()
            }
        })
    }
}

impl ExchangeError {
    /// Whether AWS refused what was set up: with 403, or as something that is not there. What is wrong with the session, its
    /// issuer, the clock or the network says nothing about a setup.
    pub fn refuses_setup(&self) -> bool {
        matches!(
            self,
            Self::NoHost { .. }
                | Self::RoleRefused { .. }
                | Self::RegionDisabled { .. }
                | Self::TokenRefused { .. }
                | Self::BearerTokenRefused { .. }
                | Self::NoDomain { .. }
                | Self::NoRepository { .. }
        )
    }

    /// Whether no answer came in time.
    pub(crate) fn is_time_out(&self) -> bool {
        matches!(self, Self::Http { source, .. } if source.is_time_out())
    }
}
