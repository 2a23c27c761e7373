//! The ID token of a session: the one that a YubiKey signed, or the one that the job it began in gets now.
//!
//! Where a token comes from was sealed at login. What a program finds around it later, a variable or a file, can change neither
//! whom the session is for nor which host is asked.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use aws_smithy_types::body::SdkBody;
use http::{HeaderValue, Request, header};
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use super::agent::{self, AgentError};
use crate::env;
use crate::failure::{Diagnostic, ErrorKind};
use crate::files;
use crate::hint::LOGOUT;
use crate::http::{Http, HttpError};
use crate::secret::{self, Secret};
use crate::session::{ClaimsError, IdTokenClaims, Session, Source};
use crate::time::UnixTime;

/// Where GitHub Actions gives a job its ID tokens, and what a job shows there (GitHub documentation, "OpenID Connect reference").
const REQUEST_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const REQUEST_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

/// Why a job has no ID token for its session.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdTokenError {
    #[error("GitHub Actions offers this job no ID token: {0} is not set")]
    NotOffered(&'static str),
    #[error("{REQUEST_URL} is not an https URL")]
    RequestUrl,
    #[error("{REQUEST_URL} leads to {now}, and at login it led to {was}")]
    OtherOrigin { was: String, now: String },
    #[error("{host} answered {status} in place of an ID token")]
    Refused { host: String, status: u16 },
    #[error("cannot ask GitHub Actions for an ID token")]
    Http(#[source] HttpError),
    #[error(transparent)]
    Agent(#[from] AgentError),
    #[error("{from} gives no ID tokens")]
    NoIdToken { from: String },
    #[error("cannot read the ID token in `{path}`")]
    Read { path: PathBuf, source: io::Error },
    #[error("what {from} has is no ID token: {source}")]
    Claims { from: String, source: ClaimsError },
    #[error("the ID token that {from} has is over since {} s", UnixTime::now().since(*.at))]
    Expired { from: String, at: UnixTime },
    #[error("the ID token that {from} has is for the {what} `{now}`, and at login it was `{was}`")]
    Changed { from: String, what: &'static str, was: String, now: String },
}

impl Diagnostic for IdTokenError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Http(error) => error.kind(),
            Self::Agent(error) => error.kind(),
            Self::Refused { status: 500.., .. } => ErrorKind::Network,
            Self::Refused { .. } | Self::Changed { .. } => ErrorKind::Refused,
            Self::Expired { .. } => ErrorKind::NoSession,
            _ => ErrorKind::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotOffered(_) => {
                "Give the job `permissions: { id-token: write, contents: read }`. The pull request of a fork gets none.".into()
            }
            Self::RequestUrl | Self::OtherOrigin { .. } => {
                format!("The runner sets it for each job: look for what else does, then run {LOGOUT} and log in again.")
            }
            Self::Refused { status: 401 | 403, .. } => {
                "The job may be over its time: GitHub stops giving ID tokens then. Start it again.".into()
            }
            Self::Refused { .. } => "Run the command again in a minute.".into(),
            Self::Agent(error) => return error.hint(),
            Self::NoIdToken { .. } => return None,
            Self::Http(error) => return error.hint(),
            Self::Read { .. } => format!("Look whether the file is there and yours to read; {LOGOUT}, then log in again."),
            Self::Claims { .. } => "Name what holds the ID token itself, as one line.".into(),
            Self::Expired { .. } => format!("Have the job get another one, then run {LOGOUT} and log in again."),
            Self::Changed { .. } => {
                format!("It is another identity than the session's. If you mean it, run {LOGOUT} and log in again.")
            }
        })
    }
}

impl IdTokenError {
    /// Whether it may go better in a moment.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Http(error) => error.is_transient(),
            Self::Refused { status, .. } => *status >= 500,
            _ => false,
        }
    }
}

/// GitHub's answer.
#[derive(Deserialize)]
struct Answer {
    #[serde(with = "secret::sealed")]
    value: Secret<String>,
}

/// The token to show STS now.
///
/// # Errors
/// When there is none any more, or one for somebody else.
pub(super) async fn current<'a>(
    http: &Http,
    session: &'a Session,
) -> Result<Cow<'a, Secret<String>>, IdTokenError> {
    if let Some(signed) = session.source.id_token() {
        return Ok(Cow::Borrowed(signed));
    }
    let token = fetch(http, &session.source).await?;
    let from = session.source.to_string();
    let claims = claims_of(&token, &session.source)?;
    let audience = session.source.audience().unwrap_or_default().to_owned();
    let at_login = IdTokenClaims {
        issuer: session.issuer.clone(),
        subject: session.subject.clone(),
        audience,
        expires_at: claims.expires_at,
    };
    match at_login.difference(&claims) {
        Some((what, was, now)) => Err(IdTokenError::Changed { from, what, was, now }),
        None => Ok(Cow::Owned(token)),
    }
}

/// The claims of a token that is not over.
pub(super) fn claims_of(token: &Secret<String>, source: &Source) -> Result<IdTokenClaims, IdTokenError> {
    let from = source.to_string();
    let claims = match IdTokenClaims::read(token) {
        Ok(claims) => claims,
        Err(source) => return Err(IdTokenError::Claims { from, source }),
    };
    match claims.expires_at > UnixTime::now() {
        true => Ok(claims),
        false => Err(IdTokenError::Expired { from, at: claims.expires_at }),
    }
}

/// The token as its source has it now.
pub(super) async fn fetch(http: &Http, source: &Source) -> Result<Secret<String>, IdTokenError> {
    match source {
        Source::Yubikey { id_token, .. }
        | Source::Imported { id_token, .. }
        | Source::TokenVariable { id_token, .. } => Ok(id_token.clone()),
        Source::TokenFile { path, .. } => read(path),
        Source::GithubActions { origin, audience } => ask_github(http, origin, audience).await,
        Source::Agent { ci, program, audience } => Ok(agent::ask(*ci, program, audience)?),
        Source::Container { .. } | Source::Instance { .. } | Source::Environment { .. } => {
            Err(IdTokenError::NoIdToken { from: source.to_string() })
        }
    }
}

fn read(path: &Path) -> Result<Secret<String>, IdTokenError> {
    let text =
        files::read_text(path).map_err(|source| IdTokenError::Read { path: path.to_owned(), source })?;
    let text = Zeroizing::new(text);
    Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Where GitHub gives this job its ID tokens.
///
/// # Errors
/// When the job may have none, or the URL is none of https.
pub fn github_request_url() -> Result<Url, IdTokenError> {
    let text = env::var(REQUEST_URL).ok_or(IdTokenError::NotOffered(REQUEST_URL))?;
    let url = Url::parse(&text).map_err(|_| IdTokenError::RequestUrl)?;
    if url.scheme() != "https" || !url.username().is_empty() || url.password().is_some() {
        return Err(IdTokenError::RequestUrl);
    }
    Ok(url)
}

async fn ask_github(http: &Http, origin: &str, audience: &str) -> Result<Secret<String>, IdTokenError> {
    let mut url = github_request_url()?;
    let now = url.origin().ascii_serialization();
    if now != origin {
        return Err(IdTokenError::OtherOrigin { was: origin.to_owned(), now });
    }
    url.query_pairs_mut().append_pair("audience", audience);
    let shown = env::var(REQUEST_TOKEN).map(Zeroizing::new).ok_or(IdTokenError::NotOffered(REQUEST_TOKEN))?;
    let bearer = Zeroizing::new(format!("Bearer {}", &*shown));
    let mut bearer = HeaderValue::from_str(&bearer).map_err(|_| IdTokenError::NotOffered(REQUEST_TOKEN))?;
    bearer.set_sensitive(true);
    let request = Request::get(url.as_str())
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, concat!("vouch/", env!("CARGO_PKG_VERSION")))
        .header(header::AUTHORIZATION, bearer)
        .body(SdkBody::empty())
        .map_err(|error| IdTokenError::Http(HttpError::Request(error.into())))?;
    let answer = http.request(request).await.map_err(IdTokenError::Http)?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let status = answer.status().as_u16();
    if status != 200 {
        return Err(IdTokenError::Refused { host, status });
    }
    let body = answer.body().bytes().unwrap_or_default();
    match serde_json::from_slice::<Answer>(body) {
        Ok(Answer { value }) => Ok(value),
        Err(_) => Err(IdTokenError::Refused { host, status }),
    }
}
