//! AWS STS: AssumeRoleWithWebIdentity.

use aws_sdk_sts::Client;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::credentials::{RoleCredentials, credential, expiry};
use super::error::{ExchangeError, Refusal, Service};
use super::refusal;
use super::sdk::sdk_config;
use crate::partition::Region;
use crate::profile::Role;
use crate::secret::Secret;
use crate::session::{Session, Source};
use crate::time::UnixTime;

const SERVICE: Service = Service::Sts;

/// What every role allows: the least that MaxSessionDuration can be (IAM).
const ALLOWED_BY_EVERY_ROLE: u32 = 3600;

/// The least that DurationSeconds can be (STS).
const FLOOR: i64 = 900;

/// Where STS of a region is asked (its endpoint rule set).
pub(super) fn host(region: &Region) -> String {
    format!("sts.{region}.{}", region.partition().dns_suffix)
}

/// Asks for role credentials, and once more for an hour where the role allows no more than that.
pub(super) async fn role_credentials(
    http: &SharedHttpClient,
    session: &Session,
    id_token: &Secret<String>,
    role: &Role,
) -> Result<RoleCredentials, ExchangeError> {
    let client = Client::new(&sdk_config(http, &role.region));
    let seconds = seconds(role, session, UnixTime::now());
    match assume(&client, session, id_token, role, seconds).await {
        Err(ExchangeError::Other { source }) if seconds > ALLOWED_BY_EVERY_ROLE && is_too_long(&source) => {
            tracing::info!(role = %role.arn, seconds, "the role allows only shorter sessions");
            assume(&client, session, id_token, role, ALLOWED_BY_EVERY_ROLE).await
        }
        answer => answer,
    }
}

async fn assume(
    client: &Client,
    session: &Session,
    id_token: &Secret<String>,
    role: &Role,
    seconds: u32,
) -> Result<RoleCredentials, ExchangeError> {
    // No ProviderId: it is for OAuth 2.0 access tokens only.
    let answer = client
        .assume_role_with_web_identity()
        .role_arn(role.arn.as_str())
        .role_session_name(role_session_name(session))
        .web_identity_token(id_token.expose())
        .duration_seconds(i32::try_from(seconds).unwrap_or(i32::MAX))
        .send()
        .await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Err(situation(refusal::of(SERVICE, error)?, session, role)),
    };
    let given = answer.credentials();
    let part = |what, value: Option<&str>| credential(SERVICE, what, value);
    Ok(RoleCredentials {
        access_key_id: part("the access key", given.map(|given| given.access_key_id()))?,
        secret_access_key: Secret::new(part("the secret key", given.map(|given| given.secret_access_key()))?),
        session_token: Secret::new(part("the session token", given.map(|given| given.session_token()))?),
        expires_at: expiry(SERVICE, "the session token", given.map(|given| given.expiration().secs()))?,
    })
}

/// As long as the role's profile says, but no longer than the session, and no shorter than STS allows.
pub(crate) fn seconds(role: &Role, session: &Session, now: UnixTime) -> u32 {
    let rest = session.expires_at.since(now).max(FLOOR);
    role.duration.min(u32::try_from(rest).unwrap_or(u32::MAX))
}

/// `vouch-` and the subject, or on another machine than the YubiKey's the subject, `@` and the machine; in the characters
/// and the length that STS allows: 2 to 64 of `[\w+=,.@-]`. The machine is not cut off: it is what tells them apart.
fn role_session_name(session: &Session) -> String {
    const LENGTH: usize = 64;

    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter);
    let plain = |text: &str| -> String {
        text.chars().map(|letter| if allowed(letter) { letter } else { '-' }).collect()
    };
    let subject = plain(session.subject.as_str());
    match &session.source {
        Source::Imported { host, .. } => {
            let host: String = plain(host).chars().take(LENGTH / 2).collect();
            let room = LENGTH.saturating_sub(host.len() + 1);
            format!("{}@{host}", subject.chars().take(room).collect::<String>())
        }
        _ => "vouch-".chars().chain(subject.chars()).take(LENGTH).collect(),
    }
}

fn is_too_long(refusal: &Refusal) -> bool {
    refusal.code == "ValidationError" && refusal::says(refusal, &["maxsessionduration"])
}

fn situation(source: Box<Refusal>, session: &Session, role: &Role) -> ExchangeError {
    let (issuer, role_arn) = (session.issuer.clone(), role.arn.clone());
    match source.code.as_str() {
        "ExpiredTokenException" | "ExpiredToken" => ExchangeError::SessionExpired { source },
        "InvalidIdentityToken" | "InvalidIdentityTokenException" => {
            if refusal::says(&source, &["verification key"]) {
                ExchangeError::NoVerificationKey { issuer, source }
            } else if refusal::says(&source, &["no openidconnect provider"]) {
                ExchangeError::NoProvider { issuer, role: role_arn, source }
            } else if refusal::says(&source, &["audience"]) {
                ExchangeError::Audience { issuer, role: role_arn, source }
            } else if refusal::says(&source, &["not yet valid", "in the future", "not valid yet"]) {
                ExchangeError::Clock { source }
            } else {
                ExchangeError::InvalidToken { issuer, source }
            }
        }
        "IDPCommunicationError" => ExchangeError::IssuerUnreachable { issuer, source },
        "IDPRejectedClaim" => ExchangeError::RejectedClaim { issuer, source },
        "AccessDenied" | "AccessDeniedException" => {
            ExchangeError::RoleRefused { role: role_arn, issuer, subject: session.subject.clone(), source }
        }
        "RegionDisabledException" | "RegionDisabled" => {
            ExchangeError::RegionDisabled { region: role.region.clone(), role: role_arn, source }
        }
        _ => refusal::by_status(source),
    }
}
