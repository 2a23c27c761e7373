//! The management key (9B): a symmetric key that has to be proved before the card is changed.

use aes::{Aes128, Aes192, Aes256};
use cipher::{Array, BlockCipherEncrypt, KeyInit};
use des::TdesEde3;

use super::slots::TouchPolicy;
use crate::{Firmware, random, status::Status, tlv, tlv::Objects};

/// The number that every card leaves the factory with.
const FACTORY_KEY: [u8; 24] = [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    TripleDes,
    Aes128,
    Aes192,
    Aes256,
}

/// The key, and how far its proof has come.
#[derive(Debug)]
pub(crate) struct ManagementKey {
    algorithm: Algorithm,
    value: Vec<u8>,
    touch: TouchPolicy,
    authenticated: bool,
    pending: Option<Pending>,
}

/// What the card sent and awaits the answer to.
#[derive(Debug)]
enum Pending {
    /// Mutual: these bytes went out encrypted.
    Witness(Vec<u8>),
    /// Single: these bytes went out plain.
    Challenge(Vec<u8>),
}

/// The answer to one step; whether it was the last one, after which the key counts as proved.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) answer: Vec<u8>,
    pub(crate) authenticates: bool,
}

impl ManagementKey {
    /// Triple DES before firmware 5.7, AES-192 from it.
    pub(crate) fn factory(firmware: Firmware) -> Self {
        let algorithm = if firmware.is_5_7() { Algorithm::Aes192 } else { Algorithm::TripleDes };
        Self {
            algorithm,
            value: FACTORY_KEY.to_vec(),
            touch: TouchPolicy::Never,
            authenticated: false,
            pending: None,
        }
    }

    pub(crate) fn touch(&self) -> TouchPolicy {
        self.touch
    }

    pub(crate) fn need_authenticated(&self) -> Result<(), Status> {
        if self.authenticated { Ok(()) } else { Err(Status::SECURITY_STATUS_NOT_SATISFIED) }
    }

    pub(crate) fn log_out(&mut self) {
        self.authenticated = false;
        self.pending = None;
    }

    /// One step of GENERAL AUTHENTICATE (SP 800-73-4 part 2, A.1 and A.2). A wrong proof is 6982 and also ends
    /// an earlier, right one.
    pub(crate) fn step(&mut self, algorithm: u8, template: &Objects<'_>) -> Result<Step, Status> {
        // 0 stands for Triple DES (SP 800-78-4, table 6-2).
        let algorithm = if algorithm == 0 { Algorithm::TripleDes.id() } else { algorithm };
        if algorithm != self.algorithm.id() {
            return Err(Status::INCORRECT_DATA);
        }
        let pending = self.pending.take();
        match (template.find(0x80), template.find(0x81), template.find(0x82)) {
            (Some([]), _, None) => {
                let witness = self.random_block();
                let encrypted = self.encrypt(&witness)?;
                self.pending = Some(Pending::Witness(witness));
                Ok(Step { answer: response(0x80, &encrypted), authenticates: false })
            }
            (None, Some([]), None) => {
                let challenge = self.random_block();
                let answer = response(0x81, &challenge);
                self.pending = Some(Pending::Challenge(challenge));
                Ok(Step { answer, authenticates: false })
            }
            (Some(decrypted), Some(challenge), _) => {
                let proved = matches!(pending, Some(Pending::Witness(witness)) if witness == decrypted);
                self.conclude(proved)?;
                let encrypted = self.encrypt(challenge).inspect_err(|_| self.authenticated = false)?;
                Ok(Step { answer: response(0x82, &encrypted), authenticates: true })
            }
            (None, None, Some(encrypted)) => {
                let proved = match pending {
                    Some(Pending::Challenge(challenge)) => self.encrypt(&challenge)? == encrypted,
                    _ => false,
                };
                self.conclude(proved)?;
                Ok(Step { answer: Vec::new(), authenticates: true })
            }
            _ => Err(Status::INCORRECT_DATA),
        }
    }

    /// `data` is algorithm, 9B, length, key.
    pub(crate) fn replace(
        &mut self,
        data: &[u8],
        touch: TouchPolicy,
        firmware: Firmware,
    ) -> Result<(), Status> {
        let [algorithm, super::MANAGEMENT_KEY, length, value @ ..] = data else {
            return Err(Status::INCORRECT_DATA);
        };
        let algorithm = Algorithm::from_id(*algorithm, firmware).ok_or(Status::INCORRECT_DATA)?;
        if usize::from(*length) != value.len() || value.len() != algorithm.key_length() {
            return Err(Status::INCORRECT_DATA);
        }
        (self.algorithm, self.value, self.touch) = (algorithm, value.to_vec(), touch);
        Ok(())
    }

    pub(crate) fn metadata(&self) -> Vec<u8> {
        [
            tlv::encode(&[0x01], &[self.algorithm.id()]),
            tlv::encode(&[0x02], &[0, self.touch as u8]),
            tlv::encode(&[0x05], &[u8::from(self.value == FACTORY_KEY)]),
        ]
        .concat()
    }

    fn conclude(&mut self, proved: bool) -> Result<(), Status> {
        self.authenticated = proved;
        self.need_authenticated()
    }

    fn random_block(&self) -> Vec<u8> {
        random::bytes::<16>().into_iter().take(self.algorithm.block_length()).collect()
    }

    fn encrypt(&self, block: &[u8]) -> Result<Vec<u8>, Status> {
        match self.algorithm {
            Algorithm::TripleDes => encrypt::<TdesEde3>(&self.value, block),
            Algorithm::Aes128 => encrypt::<Aes128>(&self.value, block),
            Algorithm::Aes192 => encrypt::<Aes192>(&self.value, block),
            Algorithm::Aes256 => encrypt::<Aes256>(&self.value, block),
        }
    }
}

impl Algorithm {
    fn from_id(id: u8, firmware: Firmware) -> Option<Self> {
        match id {
            0x03 => Some(Self::TripleDes),
            0x08 if firmware.has_aes_management_key() => Some(Self::Aes128),
            0x0a if firmware.has_aes_management_key() => Some(Self::Aes192),
            0x0c if firmware.has_aes_management_key() => Some(Self::Aes256),
            _ => None,
        }
    }

    fn id(self) -> u8 {
        match self {
            Self::TripleDes => 0x03,
            Self::Aes128 => 0x08,
            Self::Aes192 => 0x0a,
            Self::Aes256 => 0x0c,
        }
    }

    fn key_length(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::TripleDes | Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    fn block_length(self) -> usize {
        match self {
            Self::TripleDes => 8,
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
        }
    }
}

/// One block; 6A80 if it is none.
fn encrypt<C: KeyInit + BlockCipherEncrypt>(key: &[u8], block: &[u8]) -> Result<Vec<u8>, Status> {
    let cipher = C::new_from_slice(key).map_err(|_| Status::INCORRECT_DATA)?;
    let mut block: Array<u8, C::BlockSize> = block.try_into().map_err(|_| Status::INCORRECT_DATA)?;
    cipher.encrypt_block(&mut block);
    Ok(block.to_vec())
}

fn response(tag: u8, value: &[u8]) -> Vec<u8> {
    tlv::encode(&[0x7c], &tlv::encode(&[tag], value))
}
