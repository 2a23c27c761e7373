//! What a YubiKey attests about a key: Yubico's certificate extensions, read but not yet believed.
//!
//! Whether a certificate comes from a YubiKey is decided by its chain, which is not looked at here.
//! Source: Yubico, "PIV attestation", and real attestations of firmware 4.4.5 to 5.7.4.

use der::Decode;
use der::oid::ObjectIdentifier;
use x509_cert::Certificate;

use crate::identity::SigningKey;
use crate::piv::{Firmware, PinPolicy, Slot, TouchPolicy};

const FIRMWARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.3");
const SERIAL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.7");
const POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.8");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// The slot is told by the subject alone.
const SUBJECT: &str = "CN=YubiKey PIV Attestation ";

/// The statements of a slot's attestation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    pub public_key: SigningKey,
    pub slot: Slot,
    pub serial: u32,
    pub firmware: Firmware,
    pub pin_policy: PinPolicy,
    pub touch_policy: TouchPolicy,
}

/// Why a certificate is no attestation of a key that could sign in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttestationError {
    #[error("the attestation is no X.509 certificate")]
    Malformed,
    #[error("the attested key is no P-256 key")]
    OtherAlgorithm,
    #[error("the attestation does not tell the key's {0}")]
    Missing(&'static str),
}

impl Attestation {
    /// Reads the DER of an attestation.
    ///
    /// # Errors
    /// When it is no certificate, attests another kind of key, or lacks one of Yubico's statements.
    pub fn parse(der: &[u8]) -> Result<Self, AttestationError> {
        let certificate = Certificate::from_der(der).map_err(|_| AttestationError::Malformed)?;
        let firmware = extension(&certificate, FIRMWARE);
        let policies = extension(&certificate, POLICIES);
        Ok(Self {
            public_key: public_key_of(&certificate)?,
            slot: slot(&certificate).ok_or(AttestationError::Missing("slot"))?,
            serial: extension(&certificate, SERIAL)
                .and_then(|value| u32::from_der(value).ok())
                .ok_or(AttestationError::Missing("serial number"))?,
            firmware: match firmware {
                Some(&[major, minor, patch]) => Firmware { major, minor, patch },
                _ => return Err(AttestationError::Missing("firmware")),
            },
            pin_policy: policies
                .and_then(|value| <[u8; 2]>::try_from(value).ok())
                .and_then(|[pin, _]| PinPolicy::from_byte(pin))
                .ok_or(AttestationError::Missing("PIN policy"))?,
            touch_policy: policies
                .and_then(|value| <[u8; 2]>::try_from(value).ok())
                .and_then(|[_, touch]| TouchPolicy::from_byte(touch))
                .ok_or(AttestationError::Missing("touch policy"))?,
        })
    }
}

/// The P-256 key of any certificate.
///
/// # Errors
/// When it is no certificate or has another kind of key.
#[cfg(feature = "yubikey")]
pub(crate) fn certified_key(der: &[u8]) -> Result<SigningKey, AttestationError> {
    public_key_of(&Certificate::from_der(der).map_err(|_| AttestationError::Malformed)?)
}

fn public_key_of(certificate: &Certificate) -> Result<SigningKey, AttestationError> {
    let info = certificate.tbs_certificate().subject_public_key_info();
    let curve = info.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    if info.algorithm.oid != EC_PUBLIC_KEY || curve != Some(P256) {
        return Err(AttestationError::OtherAlgorithm);
    }
    SigningKey::from_point(info.subject_public_key.raw_bytes()).map_err(|_| AttestationError::OtherAlgorithm)
}

fn slot(certificate: &Certificate) -> Option<Slot> {
    certificate.tbs_certificate().subject().to_string().strip_prefix(SUBJECT)?.parse().ok()
}

/// The value of an extension that stands there once.
fn extension(certificate: &Certificate, id: ObjectIdentifier) -> Option<&[u8]> {
    let mut found =
        certificate.tbs_certificate().extensions()?.iter().filter(|extension| extension.extn_id == id);
    let only = found.next()?;
    found.next().is_none().then(|| only.extn_value.as_bytes())
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    macro_rules! real {
        ($name:literal) => {
            from_pem(include_str!(concat!("../../data/yubico-attestation/", $name)))
        };
    }

    fn from_pem(pem: &str) -> Vec<u8> {
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        STANDARD.decode(body.trim()).unwrap()
    }

    fn firmware(major: u8, minor: u8, patch: u8) -> Firmware {
        Firmware { major, minor, patch }
    }

    #[test]
    fn real_attestations_are_read() {
        for (der, version, serial, slot, pin, touch) in [
            (
                real!("slot/att-4.4.5-10550341-9c-ec256.pem"),
                firmware(4, 4, 5),
                10_550_341,
                "9c",
                PinPolicy::Always,
                TouchPolicy::Always,
            ),
            (
                real!("slot/att-5.4.3-15732500-9a-ec256.pem"),
                firmware(5, 4, 3),
                15_732_500,
                "9a",
                PinPolicy::Once,
                TouchPolicy::Never,
            ),
            (
                real!("slot/att-5.7.4-36345471-9a-ec256.pem"),
                firmware(5, 7, 4),
                36_345_471,
                "9a",
                PinPolicy::Once,
                TouchPolicy::Never,
            ),
        ] {
            let attestation = Attestation::parse(&der).unwrap();
            assert_eq!((attestation.firmware, attestation.serial), (version, serial));
            assert_eq!(attestation.slot.to_string(), slot);
            assert_eq!((attestation.pin_policy, attestation.touch_policy), (pin, touch), "{serial}");
            #[cfg(feature = "yubikey")]
            assert_eq!(certified_key(&der).unwrap(), attestation.public_key);
        }
    }

    #[test]
    fn other_certificates_are_no_attestations() {
        let rsa = real!("slot/att-5.7.2-30000948-9a-rsa2048.pem");
        assert_eq!(Attestation::parse(&rsa), Err(AttestationError::OtherAlgorithm));
        let device = real!("f9/f9-5.4.3-fbfcabe1.pem");
        assert_eq!(Attestation::parse(&device), Err(AttestationError::OtherAlgorithm));
    }

    #[test]
    fn cut_or_padded_certificates_are_refused() {
        let der = real!("slot/att-5.4.3-15732500-9a-ec256.pem");
        for length in 0..der.len() {
            assert_eq!(Attestation::parse(&der[..length]), Err(AttestationError::Malformed), "{length}");
        }
        assert_eq!(Attestation::parse(&[&der[..], &[0]].concat()), Err(AttestationError::Malformed));
    }

    #[test]
    fn a_certificate_without_one_of_the_statements_names_it() {
        let der = real!("slot/att-5.4.3-15732500-9a-ec256.pem");
        // The last arc of each object identifier 1.3.6.1.4.1.41482.3.x, turned into one that means nothing here.
        for (arc, missing) in [(3, "firmware"), (7, "serial number"), (8, "PIN policy")] {
            let oid = [0x2b, 6, 1, 4, 1, 0x82, 0xc4, 0x0a, 3, arc];
            let at = der.windows(oid.len()).position(|window| window == oid).unwrap();
            let mut altered = der.clone();
            altered[at + oid.len() - 1] = 0x55;
            assert_eq!(Attestation::parse(&altered), Err(AttestationError::Missing(missing)));
        }
    }
}
