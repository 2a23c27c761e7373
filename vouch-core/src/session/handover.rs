//! A session on its way to another machine: one line of JSON, over a pipe or the standard input of `ssh`, never a file.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::import_error::{HANDOVER_LIMIT, ImportError};
use super::{SessionDuration, SessionError, id_token};
use crate::es256::Signer;
use crate::identity::{EnrolledKey, Identity};
use crate::secret::{self, Secret};
use crate::time::UnixTime;

/// The audience of a session for another machine: IAM can give it a role of its own, which only reads.
pub const REMOTE_AUDIENCE: &str = "vouch-remote";

const VERSION: u32 = 1;

/// The most that the name of a machine may have, in characters.
const LABEL_LENGTH: usize = 64;

/// A session on its way. Nothing of it is believed before it was checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handover {
    version: u32,
    /// The machine that it comes from, as it calls itself: a label, not evidence.
    pub from: Label,
    /// The machine that it is for, as the sender calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Label>,
    /// What the receiver asked for on this connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The JWT.
    #[serde(with = "secret::sealed")]
    pub id_token: Secret<String>,
}

/// The name of a machine, in characters that are harmless everywhere: 1 to 64 ASCII letters, digits, `.`, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(String);

impl Label {
    /// From what a machine is called: other characters become `-`.
    pub fn of(name: &str) -> Self {
        let plain: String =
            name.chars().map(|c| if is_plain(c) { c } else { '-' }).take(LABEL_LENGTH).collect();
        Self(if plain.is_empty() { "unknown".to_owned() } else { plain })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

impl TryFrom<String> for Label {
    type Error = ImportError;

    fn try_from(text: String) -> Result<Self, ImportError> {
        let is_label = (1..=LABEL_LENGTH).contains(&text.len()) && text.chars().all(is_plain);
        if is_label { Ok(Self(text)) } else { Err(ImportError::Form) }
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.0
    }
}

impl Handover {
    /// Has an ID token signed for another machine. The session of this one, if there is any, stays as it is, and nothing is
    /// written.
    ///
    /// # Errors
    /// What `signer` says; [`SessionError::KeyMismatch`] when the signature is not that of the enrolled key.
    pub fn sign(
        identity: &Identity,
        key: &EnrolledKey,
        audience: &str,
        duration: SessionDuration,
        from: Label,
        signer: impl Signer,
    ) -> Result<Self, SessionError> {
        let issued_at = UnixTime::now();
        let expires_at = issued_at.plus(duration.seconds().into());
        let identity = Identity { audience: audience.to_owned(), ..identity.clone() };
        let id_token = id_token::signed(&identity, key, issued_at, expires_at, signer)?;
        Ok(Self { version: VERSION, from, host: None, nonce: None, id_token })
    }

    /// Reads one.
    ///
    /// # Errors
    /// When the text is none, or one of a later Vouch.
    pub fn read(text: &[u8]) -> Result<Self, ImportError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }

        if text.len() > HANDOVER_LIMIT {
            return Err(ImportError::Size);
        }
        // What failed to parse is not told: it may be a part of a token.
        let Versioned { version } = serde_json::from_slice(text).map_err(|_| ImportError::Form)?;
        if version != VERSION {
            return Err(ImportError::Version(version));
        }
        serde_json::from_slice(text).map_err(|_| ImportError::Form)
    }

    /// As it is sent: one line.
    ///
    /// # Errors
    /// Never in practice.
    pub fn line(&self) -> Result<Zeroizing<String>, SessionError> {
        let line = serde_json::to_string(self).map_err(|_| SessionError::IdToken)?;
        let mut line = Zeroizing::new(line);
        line.push('\n');
        Ok(line)
    }
}

/// A text that nobody foresees: 128 random bits.
///
/// # Errors
/// Where the system has no random numbers.
pub fn nonce() -> Result<String, SessionError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| SessionError::IdToken)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
