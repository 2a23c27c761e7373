//! The two static files of an OpenID Connect issuer, from which AWS learns a user's public keys.
//!
//! STS does not bind `kid` to `sub` (measured): every key of an issuer can sign for every subject, so an issuer has one
//! subject. A JWK here has no `key_ops`, with which STS refuses it (measured).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;
use vouch_core::failure::{Diagnostic, ErrorKind};
use vouch_core::hint::VOUCH_ENROLL;
use vouch_core::identity::{IssuerUrl, Subject};

use crate::enrollment::{EnrollmentClaims, VerifiedEnrollment};

/// A file below the root of the web host, and what is in it.
pub type StaticFile = (PathBuf, Vec<u8>);

/// Why no issuer can be made of these enrollments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerError {
    #[error("there is no enrollment to build an issuer from")]
    Nothing,
    #[error(
        "issuer `{issuer}` would have two subjects, `{one}` and `{other}`, and AWS could not tell them apart"
    )]
    TwoSubjects { issuer: IssuerUrl, one: Subject, other: Subject },
    #[error("the key `{kid}` of YubiKey {serial} is enrolled twice")]
    DuplicateKey { kid: String, serial: u32 },
    #[error("`{one}` and `{other}` are on different hosts and cannot be files of one directory")]
    TwoHosts { one: IssuerUrl, other: IssuerUrl },
    #[error("`{one}` and `{other}` need the same place in the directory")]
    Overlap { one: IssuerUrl, other: IssuerUrl },
    #[error("cannot write a document of `{0}`")]
    Document(IssuerUrl),
}

impl Diagnostic for IssuerError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Nothing => ErrorKind::Usage,
            _ => ErrorKind::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Nothing => format!("Name the files that {VOUCH_ENROLL} wrote."),
            Self::TwoSubjects { .. } => {
                "Give each user an issuer of their own, such as `https://id.example.com/NAME`, and have them enroll \
                 with it."
                    .into()
            }
            Self::DuplicateKey { .. } => {
                "Leave one of the two files out; a spare key is another YubiKey, enrolled with the same issuer and \
                 subject."
                    .into()
            }
            Self::TwoHosts { .. } => "Build each host into a directory of its own.".into(),
            Self::Overlap { .. } => "Choose another path for one of them.".into(),
            Self::Document(_) => return None,
        })
    }
}

#[derive(Serialize)]
struct Discovery<'a> {
    issuer: &'a IssuerUrl,
    jwks_uri: String,
    response_types_supported: [&'static str; 1],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 1],
    claims_supported: [&'static str; 8],
}

#[derive(Serialize)]
struct Jwks<'a> {
    keys: Vec<Jwk<'a>>,
}

#[derive(Serialize)]
struct Jwk<'a> {
    kty: &'static str,
    crv: &'static str,
    x: String,
    y: String,
    kid: &'a str,
    r#use: &'static str,
    alg: &'static str,
}

/// The name of an issuer's discovery document.
pub const DISCOVERY: &str = "openid-configuration";

/// Keys by their thumbprints.
type Keys<'a> = BTreeMap<String, &'a EnrollmentClaims>;

/// The files for every issuer of the enrollments, by paths below the root of the web host: for each
/// `PATH/.well-known/openid-configuration` and `PATH/jwks.json`. The same enrollments in any order give the same bytes.
/// Several keys of one user stand side by side.
///
/// # Errors
/// See [`IssuerError`]; nothing is left out silently.
pub fn build(enrollments: &[VerifiedEnrollment]) -> Result<Vec<StaticFile>, IssuerError> {
    let mut files = Vec::new();
    for (issuer, keys) in by_issuer(enrollments)? {
        let [of_discovery, of_keys] = paths(issuer);
        files.push((of_discovery, discovery(issuer)?));
        files.push((of_keys, jwks(issuer, &keys)?));
    }
    Ok(files)
}

/// The key IDs of a published JWKS that another has not, or has with another key. A document without `keys`, such as
/// that of discovery, has none.
///
/// # Errors
/// When one of them is not JSON.
pub fn removed_keys(before: &[u8], after: &[u8]) -> Result<Vec<String>, serde_json::Error> {
    let parse = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text);
    let (before, after) = (parse(before)?, parse(after)?);
    let keys = |document: &serde_json::Value| {
        document.get("keys").and_then(|keys| keys.as_array()).cloned().unwrap_or_default()
    };
    let point = |key: &serde_json::Value| (key.get("x").cloned(), key.get("y").cloned());
    let staying: Vec<_> = keys(&after).iter().map(point).collect();
    let gone = keys(&before).into_iter().filter(|key| !staying.contains(&point(key)));
    let kid = |key: serde_json::Value| key.get("kid").and_then(|kid| kid.as_str()).unwrap_or("").to_owned();
    Ok(gone.map(kid).collect())
}

/// Where the two documents of an issuer are, below the root of the web host.
pub(crate) fn paths(issuer: &IssuerUrl) -> [PathBuf; 2] {
    let folder = Path::new(issuer.path());
    [folder.join(".well-known").join(DISCOVERY), folder.join("jwks.json")]
}

pub(crate) fn by_issuer(
    enrollments: &[VerifiedEnrollment],
) -> Result<BTreeMap<&IssuerUrl, Keys<'_>>, IssuerError> {
    let mut issuers = BTreeMap::<&IssuerUrl, Keys<'_>>::new();
    let mut seen = BTreeSet::new();
    for claims in enrollments.iter().map(VerifiedEnrollment::claims) {
        let kid = claims.public_key.thumbprint();
        if !seen.insert(kid.clone()) {
            return Err(IssuerError::DuplicateKey { kid, serial: claims.serial });
        }
        let keys = issuers.entry(&claims.issuer).or_default();
        if let Some(other) = keys.values().find(|other| other.subject != claims.subject) {
            return Err(IssuerError::TwoSubjects {
                issuer: claims.issuer.clone(),
                one: other.subject.clone(),
                other: claims.subject.clone(),
            });
        }
        keys.insert(kid, claims);
    }
    if issuers.is_empty() {
        return Err(IssuerError::Nothing);
    }
    let all: Vec<_> = issuers.keys().copied().collect();
    for (index, one) in all.iter().enumerate() {
        for other in all.iter().skip(index + 1) {
            fit_together(one, other)?;
        }
    }
    Ok(issuers)
}

/// Refuses what a folder cannot hold: two hosts, a file where the other needs a folder, or names that a file system
/// which ignores case would mix up.
fn fit_together(one: &IssuerUrl, other: &IssuerUrl) -> Result<(), IssuerError> {
    let both = || (one.clone(), other.clone());
    if host(one) != host(other) {
        let (one, other) = both();
        return Err(IssuerError::TwoHosts { one, other });
    }
    let (first, second) = (one.path().to_ascii_lowercase(), other.path().to_ascii_lowercase());
    let in_the_way = |of: &str, inside: &str| {
        ["jwks.json", ".well-known/openid-configuration"]
            .iter()
            .any(|file| Path::new(inside).starts_with(Path::new(of).join(file)))
    };
    if first == second || in_the_way(&first, &second) || in_the_way(&second, &first) {
        let (one, other) = both();
        return Err(IssuerError::Overlap { one, other });
    }
    Ok(())
}

fn host(issuer: &IssuerUrl) -> &str {
    issuer.as_str().split('/').nth(2).unwrap_or_default()
}

fn discovery(issuer: &IssuerUrl) -> Result<Vec<u8>, IssuerError> {
    let document = Discovery {
        issuer,
        jwks_uri: format!("{issuer}/jwks.json"),
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["ES256"],
        claims_supported: ["iss", "sub", "aud", "iat", "nbf", "exp", "jti", "amr"],
    };
    json(issuer, &document)
}

fn jwks(issuer: &IssuerUrl, keys: &Keys<'_>) -> Result<Vec<u8>, IssuerError> {
    let jwk = |(kid, claims): (_, &&EnrollmentClaims)| {
        let (x, y) = claims.public_key.coordinates();
        Jwk { kty: "EC", crv: "P-256", x, y, kid, r#use: "sig", alg: "ES256" }
    };
    json(issuer, &Jwks { keys: keys.iter().map(|(kid, claims)| jwk((kid.as_str(), claims))).collect() })
}

fn json(issuer: &IssuerUrl, document: &impl Serialize) -> Result<Vec<u8>, IssuerError> {
    let mut bytes = serde_json::to_vec_pretty(document).map_err(|_| IssuerError::Document(issuer.clone()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests;
