//! X.509 certificates (RFC 5280) as Yubico's attestation writes them: one common name, few extensions.

use sha2::{Digest, Sha256};

use crate::{key::PrivateKey, status::Status, tlv};

const SEQUENCE: &[u8] = &[0x30];
const SET: &[u8] = &[0x31];
const BOOLEAN: &[u8] = &[0x01];
const INTEGER: &[u8] = &[0x02];
const BIT_STRING: &[u8] = &[0x03];
const OCTET_STRING: &[u8] = &[0x04];
const OBJECT_IDENTIFIER: &[u8] = &[0x06];
const UTF8_STRING: &[u8] = &[0x0c];
const UTC_TIME: &[u8] = &[0x17];
const GENERALIZED_TIME: &[u8] = &[0x18];

/// What a certificate says, apart from the signature. Names, validity and extensions are DER.
#[derive(Debug)]
pub(crate) struct Contents<'a> {
    /// Positive, without leading zeroes.
    pub(crate) serial: &'a [u8],
    pub(crate) issuer: &'a [u8],
    pub(crate) validity: &'a [u8],
    pub(crate) subject: &'a [u8],
    pub(crate) public_key: &'a [u8],
    pub(crate) extensions: &'a [Vec<u8>],
}

impl Contents<'_> {
    /// The signed certificate (DER).
    pub(crate) fn sign(&self, signer: &PrivateKey) -> Result<Vec<u8>, Status> {
        let version_3 = tlv::encode(&[0xa0], &tlv::encode(INTEGER, &[2]));
        let signed = tlv::encode(
            SEQUENCE,
            &[
                version_3,
                unsigned_integer(self.serial),
                signer.certificate_algorithm(),
                self.issuer.to_vec(),
                self.validity.to_vec(),
                self.subject.to_vec(),
                self.public_key.to_vec(),
                tlv::encode(&[0xa3], &tlv::encode(SEQUENCE, &self.extensions.concat())),
            ]
            .concat(),
        );
        let signature = bit_string(0, &signer.sign_certificate(&signed)?);
        Ok(tlv::encode(SEQUENCE, &[signed, signer.certificate_algorithm(), signature].concat()))
    }
}

/// Validity and subject (DER), read from a certificate.
#[derive(Debug)]
pub(crate) struct Issuer<'a> {
    pub(crate) validity: &'a [u8],
    pub(crate) subject: &'a [u8],
}

impl<'a> Issuer<'a> {
    /// `None` if these bytes are no certificate.
    pub(crate) fn read(certificate: &'a [u8]) -> Option<Self> {
        let (0x30, fields, _) = tlv::split(certificate)? else { return None };
        let (0x30, mut fields, _) = tlv::split(fields)? else { return None };
        let mut next = || {
            let (_, _, rest) = tlv::split(fields)?;
            let field = fields.get(..fields.len() - rest.len());
            fields = rest;
            field
        };
        let (_version, _serial, _algorithm, _issuer) = (next()?, next()?, next()?, next()?);
        Some(Self { validity: next()?, subject: next()? })
    }
}

/// A name of one common name.
pub(crate) fn common_name(name: &str) -> Vec<u8> {
    let attribute =
        [tlv::encode(OBJECT_IDENTIFIER, &[0x55, 4, 3]), tlv::encode(UTF8_STRING, name.as_bytes())];
    tlv::encode(SEQUENCE, &tlv::encode(SET, &tlv::encode(SEQUENCE, &attribute.concat())))
}

/// From a UTCTime (`160314000000Z`) to a GeneralizedTime (`20520417000000Z`).
pub(crate) fn validity(not_before: &str, not_after: &str) -> Vec<u8> {
    let times =
        [tlv::encode(UTC_TIME, not_before.as_bytes()), tlv::encode(GENERALIZED_TIME, not_after.as_bytes())];
    tlv::encode(SEQUENCE, &times.concat())
}

/// An extension that is not critical. `oid` is the encoded identifier, `value` what the OCTET STRING holds.
pub(crate) fn extension(oid: &[u8], value: &[u8]) -> Vec<u8> {
    let fields = [tlv::encode(OBJECT_IDENTIFIER, oid), tlv::encode(OCTET_STRING, value)];
    tlv::encode(SEQUENCE, &fields.concat())
}

/// The mark of a certificate authority with a path length.
pub(crate) fn basic_constraints(path_length: u8, critical: bool) -> Vec<u8> {
    let value = [tlv::encode(BOOLEAN, &[0xff]), tlv::encode(INTEGER, &[path_length])].concat();
    let value = tlv::encode(SEQUENCE, &value);
    if critical {
        critical_extension(&[0x55, 0x1d, 0x13], &value)
    } else {
        extension(&[0x55, 0x1d, 0x13], &value)
    }
}

/// keyCertSign and cRLSign, critical.
pub(crate) fn key_usage_of_authority() -> Vec<u8> {
    critical_extension(&[0x55, 0x1d, 0x0f], &bit_string(1, &[0b0000_0110]))
}

/// The subject key identifier by RFC 7093, 2 (1): the first 160 bits of SHA-256.
pub(crate) fn subject_key_identifier(public_key: &[u8]) -> Vec<u8> {
    let digest = Sha256::digest(public_key);
    extension(&[0x55, 0x1d, 0x0e], &tlv::encode(OCTET_STRING, digest.get(..20).unwrap_or_default()))
}

/// A DER INTEGER of these big-endian digits, which get a zero in front where the first bit is set.
pub(crate) fn unsigned_integer(digits: &[u8]) -> Vec<u8> {
    let zeroes = digits.iter().take_while(|digit| **digit == 0).count().min(digits.len().saturating_sub(1));
    let digits = digits.get(zeroes..).unwrap_or_default();
    match digits.first() {
        Some(first) if *first < 0x80 => tlv::encode(INTEGER, digits),
        _ => tlv::encode(INTEGER, &[&[0], digits].concat()),
    }
}

fn critical_extension(oid: &[u8], value: &[u8]) -> Vec<u8> {
    let fields = [
        tlv::encode(OBJECT_IDENTIFIER, oid),
        tlv::encode(BOOLEAN, &[0xff]),
        tlv::encode(OCTET_STRING, value),
    ];
    tlv::encode(SEQUENCE, &fields.concat())
}

fn bit_string(unused_bits: u8, bytes: &[u8]) -> Vec<u8> {
    tlv::encode(BIT_STRING, &[&[unused_bits], bytes].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_positive_and_short() {
        assert_eq!(unsigned_integer(&[0x00, 0x5b, 0x1a, 0x2e]), [2, 3, 0x5b, 0x1a, 0x2e]);
        assert_eq!(unsigned_integer(&[0x00, 0xc7, 0x90, 0xfe]), [2, 4, 0x00, 0xc7, 0x90, 0xfe]);
        assert_eq!(unsigned_integer(&[0, 0, 0, 0]), [2, 1, 0]);
        assert_eq!(unsigned_integer(&[0xff]), [2, 2, 0, 0xff]);
    }

    #[test]
    fn what_is_no_certificate() {
        for bytes in [&[][..], &[0x30, 0], &[0x30, 2, 0x30, 0], &[0x31, 2, 0x30, 0], &[9; 40]] {
            assert!(Issuer::read(bytes).is_none(), "{bytes:02x?}");
        }
    }
}
