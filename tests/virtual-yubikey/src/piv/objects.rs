//! Data objects: certificates, the cardholder's identifier and whatever else clients store.

use std::collections::BTreeMap;

use super::Piv;
use crate::{
    status::{Answer, Status},
    tlv,
    tlv::Objects,
};

/// The largest object that fits, in bytes.
const LARGEST: usize = 3063;
const DISCOVERY: &[u8] = &[0x7e];
const ATTESTATION_CERTIFICATE: [u8; 3] = [0x5f, 0xff, 0x01];

/// The objects of a card by their identifiers.
#[derive(Debug, Default)]
pub(crate) struct DataObjects(BTreeMap<[u8; 3], Vec<u8>>);

impl DataObjects {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// GET DATA: the object in its 53 header, or 6A82.
    pub(crate) fn read(&self, id: &[u8], pin_verified: bool) -> Answer {
        if id == DISCOVERY {
            return Ok(discovery());
        }
        let id: [u8; 3] = id.try_into().map_err(|_| Status::NOT_FOUND)?;
        if needs_pin(id) && !pin_verified {
            return Err(Status::SECURITY_STATUS_NOT_SATISFIED);
        }
        self.0.get(&id).map(|value| tlv::encode(&[0x53], value)).ok_or(Status::NOT_FOUND)
    }

    /// PUT DATA. An empty value deletes.
    pub(crate) fn write(&mut self, id: &[u8], value: &[u8]) -> Result<(), Status> {
        let id: [u8; 3] = id.try_into().map_err(|_| Status::INCORRECT_DATA)?;
        if !matches!(id, [0x5f, 0xc1 | 0xff, _]) {
            return Err(Status::INCORRECT_DATA);
        }
        if value.len() > LARGEST {
            return Err(Status::NO_SPACE);
        }
        if value.is_empty() {
            self.0.remove(&id);
        } else {
            self.0.insert(id, value.to_vec());
        }
        Ok(())
    }

    /// Removes all but the certificate of the attestation key.
    pub(crate) fn clear(&mut self) {
        self.0.retain(|id, _| *id == ATTESTATION_CERTIFICATE);
    }

    /// Stores the certificate of the attestation key as slots hold certificates: not compressed, no check sum.
    pub(crate) fn put_attestation_certificate(&mut self, certificate: &[u8]) {
        let value =
            [tlv::encode(&[0x70], certificate), tlv::encode(&[0x71], &[0]), tlv::encode(&[0xfe], &[])];
        self.0.insert(ATTESTATION_CERTIFICATE, value.concat());
    }

    /// The certificate (DER) of the attestation key, which its owner may have overwritten.
    pub(crate) fn attestation_certificate(&self) -> Option<&[u8]> {
        Objects::parse(self.0.get(&ATTESTATION_CERTIFICATE)?).ok()?.find(0x70)
    }
}

/// Printed information, fingerprints, facial image and iris images (SP 800-73-4 part 1, table 2).
fn needs_pin(id: [u8; 3]) -> bool {
    matches!(id, [0x5f, 0xc1, 0x03 | 0x08 | 0x09 | 0x21])
}

/// The discovery object: which application this is, and that the PIN is the PIV application's own.
fn discovery() -> Vec<u8> {
    let fields = [tlv::encode(&[0x4f], Piv::IDENTIFIER), tlv::encode(&[0x5f, 0x2f], &[0x40, 0x00])];
    tlv::encode(DISCOVERY, &fields.concat())
}
