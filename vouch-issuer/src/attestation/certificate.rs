//! A certificate as a link of a chain: who signed it, when it is valid, what it may sign.

use der::oid::ObjectIdentifier;
use der::{Decode, Reader, SliceReader};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use vouch_core::time::UnixTime;
use x509_cert::certificate::Version;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::name::Name;

use super::{AttestationError, EC_PUBLIC_KEY, Link, P256, extension};

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// What a certificate says about signing others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rank {
    /// No basic constraints at all, as in the f9 certificates of some YubiKeys 4.
    Unsaid,
    Leaf,
    /// How many CAs may stand below it; `None` is no limit.
    Ca(Option<u8>),
}

/// A certificate, read once.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    pub(super) certificate: x509_cert::Certificate,
    /// The bytes that are signed, as they came.
    signed: Vec<u8>,
    pub(super) rank: Rank,
    may_sign_certificates: bool,
    link: Link,
}

impl Parsed {
    pub(super) fn read(der: &[u8], link: Link) -> Result<Self, AttestationError> {
        let malformed = || AttestationError::Malformed(link.clone());
        let certificate = x509_cert::Certificate::from_der(der).map_err(|_| malformed())?;
        let signed = signed_part(der).map_err(|_| malformed())?.to_vec();
        let body = certificate.tbs_certificate();
        if body.version() != Version::V3 {
            return Err(malformed());
        }
        if body.signature() != certificate.signature_algorithm() {
            return Err(AttestationError::TwoAlgorithms(link));
        }
        let extensions = body.extensions().map(Vec::as_slice).unwrap_or_default();
        for (index, one) in extensions.iter().enumerate() {
            if extensions.iter().skip(index + 1).any(|other| other.extn_id == one.extn_id) {
                return Err(AttestationError::Twice(link));
            }
        }
        let rank = match extension(&certificate, BASIC_CONSTRAINTS) {
            None => Rank::Unsaid,
            Some(value) => match BasicConstraints::from_der(value).map_err(|_| malformed())? {
                BasicConstraints { ca: true, path_len_constraint } => Rank::Ca(path_len_constraint),
                BasicConstraints { ca: false, .. } => Rank::Leaf,
            },
        };
        // Yubico's f9 certificates have none.
        let may_sign_certificates = match extension(&certificate, KEY_USAGE) {
            None => true,
            Some(value) => KeyUsage::from_der(value).map_err(|_| malformed())?.key_cert_sign(),
        };
        Ok(Self { certificate, signed, rank, may_sign_certificates, link })
    }

    pub(super) fn subject(&self) -> &Name {
        self.certificate.tbs_certificate().subject()
    }

    pub(super) fn issuer(&self) -> &Name {
        self.certificate.tbs_certificate().issuer()
    }

    pub(super) fn link(&self) -> Link {
        self.link.clone()
    }

    /// Whether the key of `issuer` made the signature. Every algorithm that is not expected here is no signature.
    pub(super) fn is_signed_by(&self, issuer: &Self) -> bool {
        let info = issuer.certificate.tbs_certificate().subject_public_key_info();
        let curve =
            info.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
        let algorithm = self.certificate.signature_algorithm().oid;
        let Some(algorithm) = algorithm_of(algorithm, info.algorithm.oid, curve) else { return false };
        let (Some(key), Some(signature)) =
            (info.subject_public_key.as_bytes(), self.certificate.signature().as_bytes())
        else {
            return false;
        };
        UnparsedPublicKey::new(algorithm, key).verify(&self.signed, signature).is_ok()
    }

    /// Refuses what is critical and not understood here (RFC 5280 §4.2).
    pub(super) fn check_critical(&self) -> Result<(), AttestationError> {
        let extensions = self.certificate.tbs_certificate().extensions();
        let strange = extensions.into_iter().flatten().find(|extension| {
            extension.critical && ![BASIC_CONSTRAINTS, KEY_USAGE].contains(&extension.extn_id)
        });
        match strange {
            Some(extension) => {
                Err(AttestationError::Critical { link: self.link(), oid: extension.extn_id.to_string() })
            }
            None => Ok(()),
        }
    }

    pub(super) fn check_time(&self, now: UnixTime) -> Result<(), AttestationError> {
        let validity = self.certificate.tbs_certificate().validity();
        let seconds = |time: x509_cert::time::Time| {
            UnixTime(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX))
        };
        let (from, to) = (seconds(validity.not_before), seconds(validity.not_after));
        if now < from {
            return Err(AttestationError::NotYetValid(self.link(), from));
        }
        if now > to {
            return Err(AttestationError::Expired(self.link(), to));
        }
        Ok(())
    }

    /// Whether it may sign certificates with `below` CAs between it and the attestation (RFC 5280 §4.2.1.9).
    pub(super) fn check_ca(&self, below: u8) -> Result<(), AttestationError> {
        match self.rank {
            _ if !self.may_sign_certificates => Err(AttestationError::NotACa(self.link())),
            Rank::Unsaid | Rank::Leaf => Err(AttestationError::NotACa(self.link())),
            Rank::Ca(Some(most)) if most < below => Err(AttestationError::PathTooLong(self.link())),
            Rank::Ca(_) => Ok(()),
        }
    }
}

/// The first element of a certificate, byte by byte: encoding what was read anew could differ from what was signed.
fn signed_part(der: &[u8]) -> der::Result<&[u8]> {
    SliceReader::new(der)?.sequence(|fields| {
        let body = fields.tlv_bytes()?;
        let (_algorithm, _signature) = (fields.tlv_bytes()?, fields.tlv_bytes()?);
        Ok(body)
    })
}

fn algorithm_of(
    signature: ObjectIdentifier,
    key: ObjectIdentifier,
    curve: Option<ObjectIdentifier>,
) -> Option<&'static dyn VerificationAlgorithm> {
    if key == RSA {
        return match signature {
            RSA_SHA256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
            RSA_SHA384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
            RSA_SHA512 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
            _ => None,
        };
    }
    if key != EC_PUBLIC_KEY {
        return None;
    }
    match (signature, curve?) {
        (ECDSA_SHA256, P256) => Some(&signature::ECDSA_P256_SHA256_ASN1),
        (ECDSA_SHA384, P256) => Some(&signature::ECDSA_P256_SHA384_ASN1),
        (ECDSA_SHA256, P384) => Some(&signature::ECDSA_P384_SHA256_ASN1),
        (ECDSA_SHA384, P384) => Some(&signature::ECDSA_P384_SHA384_ASN1),
        _ => None,
    }
}
