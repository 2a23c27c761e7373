//! Reading attestations and certificates from the card.

use vouch_core::identity::SigningKey;
use vouch_core::piv::{PinPolicy, Slot, TouchPolicy};
use vouch_issuer::attestation::{Attestation, certified_key};
use yubikey::piv::{self, SlotId};
use yubikey::{Error as Yk, ObjectId, YubiKey};

use crate::error::CardError;

/// The object that holds the certificate of slot f9, which signs attestations (Yubico, "PIV attestation").
const DEVICE_CERTIFICATE: ObjectId = 0x5f_ff01;

/// `70`: the certificate inside its object (NIST SP 800-73-4, part 1, appendix A).
const CERTIFICATE: u8 = 0x70;

/// What attestation or certificate tell of a key.
#[derive(Debug)]
pub(super) struct CertifiedKey {
    pub(super) public_key: SigningKey,
    pub(super) pin_policy: Option<PinPolicy>,
    pub(super) touch_policy: Option<TouchPolicy>,
}

/// The key in a slot, from its attestation or the certificate beside it; `None` when there is neither.
pub(super) fn certified_key_of(
    key: &mut YubiKey,
    slot: Slot,
    id: SlotId,
) -> Result<Option<CertifiedKey>, CardError> {
    let serial = key.serial().into();
    if let Some(der) = attest(key, id)? {
        let attested = Attestation::parse(&der)?;
        return Ok(Some(CertifiedKey {
            public_key: attested.public_key.ok_or(CardError::OtherAlgorithm { serial, slot })?,
            pin_policy: Some(attested.pin_policy),
            touch_policy: Some(attested.touch_policy),
        }));
    }
    // A certificate is only a note beside the key; one that cannot be read says nothing.
    let certified = certificate(key, slot)?.and_then(|der| certified_key(&der));
    Ok(certified.map(|public_key| CertifiedKey { public_key, pin_policy: None, touch_policy: None }))
}

/// The attestation of the key in a slot; `None` when the card does not attest it: empty, imported, or too old.
pub(super) fn attest(key: &mut YubiKey, id: SlotId) -> Result<Option<Vec<u8>>, CardError> {
    match piv::attest(key, id) {
        Ok(der) => Ok(Some(der.to_vec())),
        Err(error @ Yk::PcscError { .. }) => Err(CardError::other(error)),
        Err(_) => Ok(None),
    }
}

/// The certificate of the card that stands above its attestations.
pub(super) fn device_certificate(key: &mut YubiKey) -> Result<Option<Vec<u8>>, CardError> {
    object(key, DEVICE_CERTIFICATE)
}

/// The certificate beside the key of a slot.
pub(super) fn certificate(key: &mut YubiKey, slot: Slot) -> Result<Option<Vec<u8>>, CardError> {
    object(key, certificate_object(slot))
}

fn object(key: &mut YubiKey, id: ObjectId) -> Result<Option<Vec<u8>>, CardError> {
    match key.fetch_object(id) {
        Ok(object) => {
            Ok(Some(certificate_in(&object).unwrap_or(&object).to_vec()).filter(|it| !it.is_empty()))
        }
        Err(Yk::NotFound) => Ok(None),
        Err(error) => Err(CardError::other(error)),
    }
}

/// NIST SP 800-73-4, part 1, table 3.
fn certificate_object(slot: Slot) -> ObjectId {
    match slot.id() {
        0x9a => 0x5f_c105,
        0x9c => 0x5f_c10a,
        0x9d => 0x5f_c10b,
        0x9e => 0x5f_c101,
        retired => 0x5f_c10d + ObjectId::from(retired.saturating_sub(0x82)),
    }
}

/// The certificate among the fields of its object, whose lengths are in BER.
fn certificate_in(mut object: &[u8]) -> Option<&[u8]> {
    loop {
        let (&[tag, first], rest) = object.split_first_chunk::<2>()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81 => rest.split_first().map(|(&length, rest)| (usize::from(length), rest))?,
            0x82 => rest
                .split_first_chunk::<2>()
                .map(|(&length, rest)| (usize::from(u16::from_be_bytes(length)), rest))?,
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        if tag == CERTIFICATE {
            return Some(value);
        }
        object = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_of_certificates_follow_the_standard() {
        for (slot, object) in
            [("9a", 0x5f_c105), ("9e", 0x5f_c101), ("82", 0x5f_c10d), ("83", 0x5f_c10e), ("95", 0x5f_c120)]
        {
            assert_eq!(certificate_object(slot.parse().unwrap()), object, "{slot}");
        }
    }

    #[test]
    fn the_certificate_is_found_in_its_object() {
        assert_eq!(certificate_in(&[0x70, 2, 1, 2, 0x71, 1, 0, 0xfe, 0]), Some(&[1, 2][..]));
        assert_eq!(certificate_in(&[0x71, 1, 0, 0x70, 0x81, 1, 9]), Some(&[9][..]));
        let long = [&[0x70, 0x82, 1, 0][..], &[7; 256]].concat();
        assert_eq!(certificate_in(&long), Some(&[7; 256][..]));
        for bad in
            [&[][..], &[0x70], &[0x70, 2, 1], &[0x71, 1, 0], &[0x70, 0x83, 0, 0, 1, 1], &[0x70, 0x82, 1]]
        {
            assert_eq!(certificate_in(bad), None, "{bad:?}");
        }
    }
}
