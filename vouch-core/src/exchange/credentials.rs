//! What AWS hands out, and what its answers are checked for.

use serde::{Deserialize, Serialize};

use super::error::{ExchangeError, Service};
use crate::secret::{self, Secret};
use crate::time::UnixTime;

/// A credential is no longer than this; AWS's are 1 to 2 KiB.
pub(super) const MAX_CREDENTIAL: usize = 16 * 1024;

/// What STS gives for a session: the right to act as a role for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleCredentials {
    pub access_key_id: String,
    #[serde(with = "secret::sealed")]
    pub secret_access_key: Secret<String>,
    #[serde(with = "secret::sealed")]
    pub session_token: Secret<String>,
    /// As STS answered it.
    pub expires_at: UnixTime,
}

/// A CodeArtifact authorization token: good for every repository of one domain in one region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    #[serde(with = "secret::sealed")]
    pub value: Secret<String>,
    /// As CodeArtifact answered it.
    pub expires_at: UnixTime,
}

/// Checks a part of an answer that will be sent in headers.
pub(super) fn credential(service: Service, what: &str, value: Option<&str>) -> Result<String, ExchangeError> {
    let wrong = |reason: &str| ExchangeError::Answer { service, reason: format!("{what} {reason}") };
    // Proxies and hand-written answers end a value with its line; that is no part of it.
    match value.unwrap_or_default().trim_end_matches(['\r', '\n']) {
        "" => Err(wrong("is missing")),
        long if long.len() > MAX_CREDENTIAL => Err(wrong("is too long")),
        text if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(text.to_owned()),
        _ => Err(wrong("has characters that no credential has")),
    }
}

/// Checks the expiry of an answer.
pub(super) fn expiry(service: Service, what: &str, seconds: Option<i64>) -> Result<UnixTime, ExchangeError> {
    let wrong = |reason: &str| ExchangeError::Answer { service, reason: format!("{what} {reason}") };
    match seconds.map(UnixTime) {
        None => Err(wrong("has no expiry")),
        Some(at) if at <= UnixTime::now() => Err(wrong("has already expired by the clock of this machine")),
        Some(at) => Ok(at),
    }
}
