//! What a YubiKey attests about a key, and whether a YubiKey attests it.
//!
//! [`Attestation::parse`] reads Yubico's certificate extensions without believing them; [`verify`] believes them once the
//! chain leads to a CA that is trusted. A YubiKey attests only keys that it made: an imported key has no
//! attestation. Source: Yubico, "PIV attestation", and real attestations of firmware 4.3.5 to 5.7.4, which are in
//! `data/yubico-attestation`.

mod certificate;
mod chain;
mod error;
mod trust_store;

use der::Decode;
use der::oid::ObjectIdentifier;
use vouch_core::identity::SigningKey;
use vouch_core::piv::{Firmware, FormFactor, PinPolicy, Slot, TouchPolicy};
use x509_cert::Certificate;

pub use chain::{VerifiedAttestation, verify};
pub use error::{AttestationError, Link};
pub use trust_store::{Fingerprint, RootCa, TrustStore};

const FIRMWARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.3");
const SERIAL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.7");
const POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.8");
const FORM_FACTOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.9");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// The slot is told by the subject alone.
const SUBJECT: &str = "CN=YubiKey PIV Attestation ";

/// The statements of a slot's attestation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// `None` for a key of another kind than P-256.
    pub public_key: Option<SigningKey>,
    pub slot: Slot,
    pub serial: u32,
    pub firmware: Firmware,
    pub pin_policy: PinPolicy,
    pub touch_policy: TouchPolicy,
    /// Firmware 4 does not tell.
    pub form_factor: Option<FormFactor>,
}

impl Attestation {
    /// Reads the DER of an attestation.
    ///
    /// # Errors
    /// When it is no certificate, or lacks one of Yubico's statements. A certificate that leaves the serial number out,
    /// as early YubiKeys 4 do, cannot be told from another card's.
    pub fn parse(der: &[u8]) -> Result<Self, AttestationError> {
        let certificate =
            Certificate::from_der(der).map_err(|_| AttestationError::Malformed(Link::Attestation))?;
        let policies = extension(&certificate, POLICIES).and_then(|value| <[u8; 2]>::try_from(value).ok());
        let form_factor = match extension(&certificate, FORM_FACTOR) {
            Some(&[byte]) => Some(FormFactor(byte)),
            Some(_) => return Err(AttestationError::Missing("form factor")),
            None => None,
        };
        Ok(Self {
            public_key: public_key_of(&certificate),
            slot: slot(&certificate).ok_or(AttestationError::Missing("slot"))?,
            serial: extension(&certificate, SERIAL)
                .and_then(|value| u32::from_der(value).ok())
                .ok_or(AttestationError::Missing("serial number"))?,
            firmware: firmware(&certificate).ok_or(AttestationError::Missing("firmware"))?,
            pin_policy: policies
                .and_then(|[pin, _]| PinPolicy::from_byte(pin))
                .ok_or(AttestationError::Missing("PIN policy"))?,
            touch_policy: policies
                .and_then(|[_, touch]| TouchPolicy::from_byte(touch))
                .ok_or(AttestationError::Missing("touch policy"))?,
            form_factor,
        })
    }

    /// The attested key, if it is one that can sign in: PIN once or always, touch always, P-256.
    ///
    /// # Errors
    /// Names the first thing that is weaker than asked, or the other kind of key.
    pub fn fit_to_enroll(&self) -> Result<&SigningKey, AttestationError> {
        if !matches!(self.pin_policy, PinPolicy::Once | PinPolicy::Always) {
            return Err(AttestationError::WeakPin(self.pin_policy));
        }
        if self.touch_policy != TouchPolicy::Always {
            return Err(AttestationError::WeakTouch(self.touch_policy));
        }
        self.signing_key()
    }

    /// The attested key, whatever its policies.
    ///
    /// # Errors
    /// [`AttestationError::OtherAlgorithm`] unless it is a P-256 key.
    pub fn signing_key(&self) -> Result<&SigningKey, AttestationError> {
        self.public_key.as_ref().ok_or(AttestationError::OtherAlgorithm)
    }
}

/// The P-256 key of any certificate.
pub fn certified_key(der: &[u8]) -> Option<SigningKey> {
    public_key_of(&Certificate::from_der(der).ok()?)
}

fn public_key_of(certificate: &Certificate) -> Option<SigningKey> {
    let info = certificate.tbs_certificate().subject_public_key_info();
    let curve = info.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    if info.algorithm.oid != EC_PUBLIC_KEY || curve != Some(P256) {
        return None;
    }
    SigningKey::from_point(info.subject_public_key.raw_bytes()).ok()
}

fn slot(certificate: &Certificate) -> Option<Slot> {
    certificate.tbs_certificate().subject().to_string().strip_prefix(SUBJECT)?.parse().ok()
}

/// Raw bytes, not DER, as in all of Yubico's extensions but the serial number's.
fn firmware(certificate: &Certificate) -> Option<Firmware> {
    match extension(certificate, FIRMWARE) {
        Some(&[major, minor, patch]) => Some(Firmware { major, minor, patch }),
        _ => None,
    }
}

/// The value of an extension that stands there once.
fn extension(certificate: &Certificate, id: ObjectIdentifier) -> Option<&[u8]> {
    let mut found =
        certificate.tbs_certificate().extensions()?.iter().filter(|extension| extension.extn_id == id);
    let only = found.next()?;
    found.next().is_none().then(|| only.extn_value.as_bytes())
}

#[cfg(test)]
mod tests;
