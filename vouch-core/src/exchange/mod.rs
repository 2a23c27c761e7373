//! Session to role credentials to token: the two calls to AWS.

mod error;
mod http;

use serde::{Deserialize, Serialize};

use crate::secret::{self, Secret};
use crate::time::UnixTime;

pub use error::{ExchangeError, Refusal, Service};
pub use http::HttpError;

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
