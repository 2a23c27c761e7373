//! Where a join file is, and which bytes are meant.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::error::JoinError;
use super::values::plain_page;

const DIGEST: &str = "sha256=";

/// The SHA-256 of a join file, in lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest(String);

impl Digest {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = JoinError;

    fn from_str(text: &str) -> Result<Self, JoinError> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 64 && text.bytes().all(is_digit) {
            return Ok(Self(text.to_owned()));
        }
        Err(JoinError::Digest)
    }
}

/// The https URL of a join file: a plain host without port, a plain path, and after `#` the digest of the file if the user knows
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinAddress {
    url: String,
    host: String,
    digest: Option<Digest>,
}

impl JoinAddress {
    /// The URL without the digest.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The host, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The digest that was given with it.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The same URL for one file alone.
    #[must_use]
    pub fn pinned(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }

    /// Refuses other bytes than those that the digest is of, if one was given.
    ///
    /// # Errors
    /// [`JoinError::OtherDigest`].
    pub fn check(&self, bytes: &[u8]) -> Result<Digest, JoinError> {
        let found = Digest::of(bytes);
        match &self.digest {
            Some(digest) if *digest != found => Err(JoinError::OtherDigest { found: found.0 }),
            _ => Ok(found),
        }
    }
}

impl fmt::Display for JoinAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.digest {
            Some(Digest(digits)) => write!(f, "{}#{DIGEST}{digits}", self.url),
            None => f.write_str(&self.url),
        }
    }
}

impl FromStr for JoinAddress {
    type Err = JoinError;

    fn from_str(text: &str) -> Result<Self, JoinError> {
        let (url, fragment) = match text.split_once('#') {
            Some((url, fragment)) => (url, Some(fragment)),
            None => (text, None),
        };
        let wrong = |reason| JoinError::Address { address: text.to_owned(), reason };
        let (host, path) = plain_page(url).map_err(wrong)?;
        if path.is_empty() || path.ends_with('/') {
            return Err(wrong("it names a directory, not a file"));
        }
        let digest = match fragment {
            Some(fragment) => Some(fragment.strip_prefix(DIGEST).ok_or(JoinError::Digest)?.parse()?),
            None => None,
        };
        Ok(Self { url: url.to_owned(), host: host.to_owned(), digest })
    }
}
