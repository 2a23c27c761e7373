//! Who a user is: an issuer, a subject, and the YubiKey keys that may sign for them.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::PublicKey;
use p256::elliptic_curve::sec1::ToSec1Point;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::failure::{Diagnostic, ErrorKind};
use crate::hint::{ENROLL, ENROLL_ANEW};

/// What STS expects in `aud` unless the identity says otherwise.
pub const DEFAULT_AUDIENCE: &str = "sts.amazonaws.com";

/// The identity in the configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub issuer: IssuerUrl,
    pub subject: Subject,
    #[serde(default = "default_audience")]
    pub audience: String,
    pub keys: Vec<EnrolledKey>,
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

fn default_audience() -> String {
    DEFAULT_AUDIENCE.to_owned()
}

/// A key on a YubiKey that may sign for the identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolledKey {
    /// The YubiKey's serial number.
    pub serial: u32,
    /// The PIV slot in hexadecimal, such as `82`.
    pub slot: String,
    /// RFC 7638 thumbprint of the public key.
    pub kid: String,
    pub public_key: SigningKey,
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

/// A public P-256 key; in JSON the base64url of its uncompressed SEC 1 point.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SigningKey(PublicKey);

/// What is wrong with a part of an identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    #[error("`{url}` cannot be an issuer: {reason}")]
    Issuer { url: String, reason: &'static str },
    #[error("`{subject}` cannot be a subject: {}", subject_reason(*.character))]
    Subject {
        subject: String,
        /// The first one that a subject cannot have; nothing where the length is wrong.
        character: Option<char>,
    },
    #[error("not the point of a P-256 key in base64url")]
    PublicKey,
    #[error("no YubiKey is enrolled here")]
    NotEnrolled,
}

impl Diagnostic for IdentityError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Issuer { .. } => "Give an issuer such as `https://id.example.com/alice`.".into(),
            Self::Subject { .. } => "Give a subject such as `alice`.".into(),
            Self::PublicKey => format!("Run {ENROLL_ANEW} again for this YubiKey."),
            Self::NotEnrolled => {
                format!("Run {ENROLL} with your YubiKey plugged in.")
            }
        })
    }
}

impl SigningKey {
    /// From the 65 bytes of an uncompressed point.
    ///
    /// # Errors
    /// [`IdentityError::PublicKey`] when they are no point of the curve.
    pub fn from_point(bytes: &[u8]) -> Result<Self, IdentityError> {
        PublicKey::from_sec1_bytes(bytes).map(Self).map_err(|_| IdentityError::PublicKey)
    }

    /// The key for signature checks.
    pub fn public_key(&self) -> &PublicKey {
        &self.0
    }

    /// The affine coordinates, base64url, as a JWK has them.
    pub fn coordinates(&self) -> (String, String) {
        let point = self.point();
        let coordinate =
            |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(point.get(range).unwrap_or_default());
        (coordinate(1..33), coordinate(33..65))
    }

    /// RFC 7638: SHA-256 over the required members in lexical order, base64url.
    pub fn thumbprint(&self) -> String {
        let (x, y) = self.coordinates();
        let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        URL_SAFE_NO_PAD.encode(Sha256::digest(members))
    }

    fn point(&self) -> Vec<u8> {
        self.0.to_sec1_point(false).as_bytes().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.thumbprint())
    }
}

impl TryFrom<String> for SigningKey {
    type Error = IdentityError;

    fn try_from(text: String) -> Result<Self, IdentityError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| IdentityError::PublicKey)?;
        Self::from_point(&bytes)
    }
}

impl From<SigningKey> for String {
    fn from(key: SigningKey) -> Self {
        URL_SAFE_NO_PAD.encode(key.point())
    }
}

/// An issuer URL that IAM accepts for an OpenID Connect provider: https, at most 255 characters, no port, query,
/// fragment or user (IAM, CreateOpenIDConnectProvider). A trailing slash is part of the name, so none is allowed here:
/// two spellings of one issuer would be two providers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IssuerUrl(String);

impl IssuerUrl {
    /// The whole URL, as it stands in `iss`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path below the host without slashes at its ends; empty for an issuer at the root.
    pub fn path(&self) -> &str {
        self.host_and_path().split_once('/').map_or("", |(_, path)| path)
    }

    /// The URL without its scheme, as IAM has it in a provider's ARN and in condition keys.
    pub fn host_and_path(&self) -> &str {
        self.0.strip_prefix("https://").unwrap_or_default()
    }
}

impl fmt::Display for IssuerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for IssuerUrl {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let wrong = |reason| IdentityError::Issuer { url: text.to_owned(), reason };
        let url = url::Url::parse(text).map_err(|_| wrong("it is no URL"))?;
        if url.scheme() != "https" {
            return Err(wrong("AWS asks for https"));
        }
        if text.len() > 255 {
            return Err(wrong("AWS allows at most 255 characters"));
        }
        if url.port().is_some() || text.contains(":443") {
            return Err(wrong("AWS allows no port"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("AWS allows no query or fragment"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("it has a user name in it"));
        }
        if url.host_str().is_some_and(|host| host.ends_with('.')) {
            return Err(wrong("its host ends with a dot, which makes it another name for AWS"));
        }
        if text.ends_with('/') {
            return Err(wrong("it ends with a slash, which makes it another name for AWS"));
        }
        let canonical = match url.path() {
            "/" => url.as_str().trim_end_matches('/'),
            _ => url.as_str(),
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        let path = text.strip_prefix("https://").unwrap_or_default();
        if canonical != text || !path.bytes().all(plain) || path.contains("//") {
            return Err(wrong("host and path must be plain, lower-case host first"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The `sub` of the user's tokens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subject(String);

impl Subject {
    /// The subject as it stands in `sub`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Subject {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        // IAM would read wildcards and variables (`${aws:username}`); the others break the texts that carry a subject.
        let character = text.chars().find(|c| !c.is_ascii_graphic() || FORBIDDEN_IN_SUBJECT.contains(c));
        if character.is_none() && (1..=255).contains(&text.len()) {
            return Ok(Self(text.to_owned()));
        }
        Err(IdentityError::Subject { subject: text.to_owned(), character })
    }
}

/// What a subject cannot have in it, beside all that is not printable ASCII.
pub const FORBIDDEN_IN_SUBJECT: [char; 11] = ['*', '?', '"', '\\', '$', '{', '}', '`', '\'', '<', '>'];

fn subject_reason(character: Option<char>) -> String {
    match character {
        Some(character) => format!("it contains {character:?}, which is not allowed in a subject"),
        None => "it must have 1 to 255 characters".into(),
    }
}

macro_rules! string_conversions {
    ($($name:ty),+) => {$(
        impl TryFrom<String> for $name {
            type Error = IdentityError;

            fn try_from(text: String) -> Result<Self, IdentityError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    )+};
}

string_conversions!(IssuerUrl, Subject);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_that_iam_refuses_are_refused() {
        for good in ["https://id.example.com/alice", "https://id.example.com", "https://id.example.com/a/b-c"]
        {
            assert_eq!(good.parse::<IssuerUrl>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "id.example.com/alice",
            "http://id.example.com/alice",
            "https://id.example.com:8443/alice",
            "https://id.example.com:443/alice",
            "https://id.example.com/alice?x=1",
            "https://id.example.com/alice#x",
            "https://alice@id.example.com/",
            "https://id.example.com/alice/",
            "https://id.example.com/",
            "https://ID.example.com/alice",
            "https://id.example.com/a/../b",
            "https://id.example.com/a//b",
            "https://id.example.com/ä",
            &format!("https://id.example.com/{}", "a".repeat(255)),
        ] {
            assert!(bad.parse::<IssuerUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn subjects_are_plain() {
        for bad in ["", "a b", "al*ce", "älice", "a\"b", &"a".repeat(256)] {
            assert!(bad.parse::<Subject>().is_err(), "{bad}");
        }
        assert!("alice@example.com".parse::<Subject>().is_ok());
    }

    #[test]
    fn the_thumbprint_is_that_of_the_public_example() {
        // The P-256 key of RFC 7517, appendix A.1; its thumbprint computed with python's hashlib from the same JSON.
        let x = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
        let y = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
        let point =
            [&[4][..], &URL_SAFE_NO_PAD.decode(x).unwrap(), &URL_SAFE_NO_PAD.decode(y).unwrap()].concat();
        let key = SigningKey::from_point(&point).unwrap();
        assert_eq!(key.coordinates(), (x.to_owned(), y.to_owned()));
        assert_eq!(key.thumbprint(), "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s");
        let text = String::from(key.clone());
        assert_eq!(SigningKey::try_from(text).unwrap(), key);
    }

    #[test]
    fn what_is_no_point_is_no_key() {
        assert_eq!(SigningKey::from_point(&[4; 65]), Err(IdentityError::PublicKey));
        assert_eq!(SigningKey::try_from("!!".to_owned()), Err(IdentityError::PublicKey));
    }

    #[test]
    fn a_subject_that_iam_would_read_otherwise_names_its_character() {
        for (subject, character) in [
            ("${aws:username}", '$'),
            ("a{b", '{'),
            ("a}b", '}'),
            ("al?ce", '?'),
            ("al*ce", '*'),
            ("al\\ce", '\\'),
            ("al\"ce", '"'),
            ("al`ce", '`'),
            ("al'ce", '\''),
            ("al<ce", '<'),
            ("al ce", ' '),
            ("al\nce", '\n'),
            ("alicé", 'é'),
        ] {
            let error = subject.parse::<Subject>().unwrap_err();
            let shown = error.to_string();
            assert!(shown.contains(&format!("it contains {character:?}")), "{shown}");
        }
        assert!("".parse::<Subject>().unwrap_err().to_string().contains("1 to 255"));
        assert!("a".repeat(256).parse::<Subject>().is_err());
        for fine in ["alice", "alice@example.com", "repo:team/x:ref", "a|b", "a+b=c,d;e&f#g%h!i~(j)[k]^l"] {
            assert!(fine.parse::<Subject>().is_ok(), "{fine}");
        }
    }

    #[test]
    fn an_issuer_whose_host_ends_with_a_dot_is_refused() {
        for issuer in ["https://id.example.com.", "https://id.example.com./alice"] {
            let error = issuer.parse::<IssuerUrl>().unwrap_err().to_string();
            assert!(error.contains("ends with a dot"), "{error}");
        }
    }
}
