//! An enrollment: what the administrator needs to know about a new key, signed by that key.
//!
//! A JSON Web Signature in flattened JSON (RFC 7515 §7.2.2: `payload`, `protected`, `signature`), ES256. Nothing in it is
//! secret. The members of its payload have other names than the claims of an ID token, and its header another `typ`, so
//! that neither can be taken for the other although one key signs both.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use vouch_core::es256::{self, SignatureMismatch};
use vouch_core::failure::{Diagnostic, ErrorKind};
use vouch_core::hint::VOUCH_ENROLL;
use vouch_core::identity::{IssuerUrl, SigningKey, Subject};
use vouch_core::piv::{Firmware, PinPolicy, Slot, TouchPolicy};
use vouch_core::time::UnixTime;

use crate::attestation::{self, Attestation, AttestationError, TrustStore, VerifiedAttestation};
use crate::jwk;

const TYPE: &str = "vouch-enrollment+jws";

/// What an enrollment states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrollmentClaims {
    pub issuer: IssuerUrl,
    pub subject: Subject,
    pub audience: String,
    pub enrolled_at: UnixTime,
    /// The YubiKey's serial number.
    pub serial: u32,
    pub slot: Slot,
    pub firmware: Firmware,
    pub pin_policy: PinPolicy,
    pub touch_policy: TouchPolicy,
    #[serde(rename = "jwk", with = "jwk")]
    pub public_key: SigningKey,
    /// The attestation of the key, then the certificate of the YubiKey that signed it (slot f9): DER, in JSON base64 as
    /// in `x5c` (RFC 7517 §4.7).
    pub attestation: [Certificate; 2],
}

/// The DER of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Certificate(pub Vec<u8>);

impl TryFrom<String> for Certificate {
    type Error = base64::DecodeError;

    fn try_from(text: String) -> Result<Self, base64::DecodeError> {
        STANDARD.decode(text).map(Self)
    }
}

impl From<Certificate> for String {
    fn from(certificate: Certificate) -> Self {
        STANDARD.encode(certificate.0)
    }
}

/// A signed claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrollment {
    payload: String,
    protected: String,
    signature: String,
}

/// An enrollment that was checked in every respect: its key signed it, a YubiKey of a trusted root CA attests that key,
/// and its policies are what an enrollment needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedEnrollment {
    claims: EnrollmentClaims,
    verified: VerifiedAttestation,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
}

/// What is wrong with an enrollment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrollmentError {
    #[error("this is no enrollment")]
    Unreadable(#[source] serde_json::Error),
    #[error("this is no enrollment: a part of it is not base64url")]
    Encoding(#[source] base64::DecodeError),
    #[error("this is signed, but no enrollment")]
    OtherType,
    #[error("the enrollment was changed after the key had signed it")]
    Signature,
    #[error("the enrollment names another key than the one it contains")]
    OtherName,
    #[error("the attestation in the enrollment cannot be used")]
    Attestation(#[from] AttestationError),
    #[error("the enrollment contradicts its attestation: {0}")]
    Contradiction(&'static str),
    #[error("the key in slot {slot} of YubiKey {serial} is not the one to enroll")]
    KeyMismatch { serial: u32, slot: Slot },
}

impl Diagnostic for EnrollmentError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::KeyMismatch { .. } => ErrorKind::Card,
            _ => ErrorKind::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unreadable(_) | Self::Encoding(_) | Self::OtherType => {
                format!("Give the file that {VOUCH_ENROLL} wrote, such as `enrollment.json`.")
            }
            Self::KeyMismatch { .. } => {
                format!("Run {VOUCH_ENROLL} again, with the YubiKey left plugged in.")
            }
            Self::Attestation(error) => error.hint(),
            _ => format!("Ask for the file once more, as {VOUCH_ENROLL} wrote it; do not trust this one."),
        })
    }
}

impl Enrollment {
    /// Has a claims signed by the key that it is about. `sign` as in [`vouch_core::session::login`].
    ///
    /// # Errors
    /// What `sign` says, or [`EnrollmentError::KeyMismatch`] when another key signed.
    pub fn sign<E: From<EnrollmentError>>(
        claims: &EnrollmentClaims,
        sign: impl FnOnce(&[u8; 32]) -> Result<[u8; 64], E>,
    ) -> Result<Self, E> {
        let header = Header { alg: "ES256".into(), kid: claims.public_key.thumbprint(), typ: TYPE.into() };
        let (protected, payload) = (encode(&header)?, encode(claims)?);
        match es256::make(signing_input(&protected, &payload).as_bytes(), &claims.public_key, sign)? {
            Ok(signature) => Ok(Self { payload, protected, signature: URL_SAFE_NO_PAD.encode(signature) }),
            Err(SignatureMismatch) => {
                Err(EnrollmentError::KeyMismatch { serial: claims.serial, slot: claims.slot }.into())
            }
        }
    }

    /// The text of `enrollment.json`.
    pub fn to_json(&self) -> String {
        let [payload, protected, signature] = [&self.payload, &self.protected, &self.signature];
        // The three are base64url: nothing to escape.
        format!(
            "{{\n  \"payload\": \"{payload}\",\n  \"protected\": \"{protected}\",\n  \"signature\": \"{signature}\"\n}}\n"
        )
    }

    /// Checks everything that an `enrollment.json` says: that the key in it signed it, that nothing stated contradicts the
    /// attestation of this key, that the attestation comes from a YubiKey of a CA in the `trust_store`, and that the key
    /// asks for PIN and touch.
    ///
    /// # Errors
    /// The first of these that is not so.
    pub fn verify(
        json: &str,
        trust_store: &TrustStore,
        now: UnixTime,
    ) -> Result<VerifiedEnrollment, EnrollmentError> {
        let claims = Self::read(json)?;
        let [attestation, device] = &claims.attestation;
        let verified = attestation::verify(&attestation.0, &device.0, trust_store, now)?;
        verified.attestation.fit_to_enroll()?;
        Ok(VerifiedEnrollment { claims, verified })
    }

    /// Reads an `enrollment.json` without asking where its attestation comes from: anybody can make one that passes. Good
    /// for recognizing one's own file, not for trusting one.
    ///
    /// # Errors
    /// When it is no enrollment, its key has not signed it, or it contradicts the attestation in it.
    pub fn read(json: &str) -> Result<EnrollmentClaims, EnrollmentError> {
        let enrollment: Self = serde_json::from_str(json).map_err(EnrollmentError::Unreadable)?;
        let header: Header = decode(&enrollment.protected)?;
        if (header.alg.as_str(), header.typ.as_str()) != ("ES256", TYPE) {
            return Err(EnrollmentError::OtherType);
        }
        let claims: EnrollmentClaims = decode(&enrollment.payload)?;
        let input = signing_input(&enrollment.protected, &enrollment.payload);
        let signature = URL_SAFE_NO_PAD.decode(&enrollment.signature).map_err(EnrollmentError::Encoding)?;
        if !es256::is_valid(&Sha256::digest(input).into(), &signature, &claims.public_key) {
            return Err(EnrollmentError::Signature);
        }
        if header.kid != claims.public_key.thumbprint() {
            return Err(EnrollmentError::OtherName);
        }
        claims.agrees_with_attestation()?;
        Ok(claims)
    }
}

impl EnrollmentClaims {
    fn agrees_with_attestation(&self) -> Result<(), EnrollmentError> {
        let [attestation, _] = &self.attestation;
        let attested = Attestation::parse(&attestation.0)?;
        for (agrees, what) in [
            (attested.public_key.as_ref() == Some(&self.public_key), "another key is attested"),
            (attested.serial == self.serial, "another serial number is attested"),
            (attested.slot == self.slot, "another slot is attested"),
            (attested.firmware == self.firmware, "another firmware is attested"),
            (attested.pin_policy == self.pin_policy, "another PIN policy is attested"),
            (attested.touch_policy == self.touch_policy, "another touch policy is attested"),
        ] {
            if !agrees {
                return Err(EnrollmentError::Contradiction(what));
            }
        }
        Ok(())
    }
}

impl VerifiedEnrollment {
    /// What was stated.
    pub fn claims(&self) -> &EnrollmentClaims {
        &self.claims
    }

    /// What the YubiKey attests, and who made it.
    pub fn verified_attestation(&self) -> &VerifiedAttestation {
        &self.verified
    }
}

fn signing_input(protected: &str, payload: &str) -> String {
    format!("{protected}.{payload}")
}

fn encode(value: &impl Serialize) -> Result<String, EnrollmentError> {
    serde_json::to_vec(value).map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(EnrollmentError::Unreadable)
}

fn decode<T: DeserializeOwned>(part: &str) -> Result<T, EnrollmentError> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(EnrollmentError::Encoding)?;
    serde_json::from_slice(&json).map_err(EnrollmentError::Unreadable)
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
