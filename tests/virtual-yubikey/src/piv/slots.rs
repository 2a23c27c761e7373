//! Key slots: which there are, and what lies in them.

use std::collections::BTreeMap;

use crate::{key::PrivateKey, tlv};

/// A slot that can hold a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SlotId {
    Authentication,
    Signature,
    KeyManagement,
    CardAuthentication,
    /// 82 to 95.
    Retired(u8),
    /// F9, whose key signs attestations and nothing else.
    Attestation,
}

impl SlotId {
    pub(crate) fn parse(id: u8) -> Option<Self> {
        match id {
            0x9a => Some(Self::Authentication),
            0x9c => Some(Self::Signature),
            0x9d => Some(Self::KeyManagement),
            0x9e => Some(Self::CardAuthentication),
            0x82..=0x95 => Some(Self::Retired(id)),
            0xf9 => Some(Self::Attestation),
            _ => None,
        }
    }
}

/// When a key wants the PIN. The numbers are those of APDUs and attestations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum PinPolicy {
    Never = 1,
    /// Once since the application was selected.
    Once = 2,
    /// By the command right before.
    Always = 3,
}

impl PinPolicy {
    /// 0 is the slot's own: each time for signatures, never for card authentication.
    pub(crate) fn parse(number: u8, id: SlotId) -> Option<Self> {
        match (number, id) {
            (0, SlotId::Signature) | (3, _) => Some(Self::Always),
            (0, SlotId::CardAuthentication) | (1, _) => Some(Self::Never),
            (0 | 2, _) => Some(Self::Once),
            _ => None,
        }
    }
}

/// When a key wants a touch. The numbers are those of APDUs and attestations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum TouchPolicy {
    Never = 1,
    Always = 2,
    /// Unless there was one a moment ago.
    Cached = 3,
}

impl TouchPolicy {
    pub(crate) fn parse(number: u8) -> Option<Self> {
        match number {
            0 | 1 => Some(Self::Never),
            2 => Some(Self::Always),
            3 => Some(Self::Cached),
            _ => None,
        }
    }
}

/// Where a key was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Origin {
    Generated = 1,
    Imported = 2,
}

/// A key with its rules.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) key: PrivateKey,
    pub(crate) pin: PinPolicy,
    pub(crate) touch: TouchPolicy,
    pub(crate) origin: Origin,
}

impl Slot {
    /// The attestation key, which the factory writes into the card.
    pub(crate) fn of_factory(key: PrivateKey) -> Self {
        Self { key, pin: PinPolicy::Never, touch: TouchPolicy::Never, origin: Origin::Imported }
    }

    pub(crate) fn metadata(&self) -> Vec<u8> {
        [
            tlv::encode(&[0x01], &[self.key.algorithm().id()]),
            tlv::encode(&[0x02], &[self.pin as u8, self.touch as u8]),
            tlv::encode(&[0x03], &[self.origin as u8]),
            tlv::encode(&[0x04], &self.key.public_objects()),
        ]
        .concat()
    }
}

/// The keys of a card.
#[derive(Debug, Default)]
pub(crate) struct Slots(BTreeMap<SlotId, Slot>);

impl Slots {
    pub(crate) fn find(&self, id: SlotId) -> Option<&Slot> {
        self.0.get(&id)
    }

    pub(crate) fn put(&mut self, id: SlotId, slot: Slot) {
        self.0.insert(id, slot);
    }

    pub(crate) fn take(&mut self, id: SlotId) -> Option<Slot> {
        self.0.remove(&id)
    }

    /// Removes all but the attestation key.
    pub(crate) fn clear(&mut self) {
        self.0.retain(|id, _| *id == SlotId::Attestation);
    }
}
