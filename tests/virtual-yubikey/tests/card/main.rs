//! The card from outside: APDUs in, exact answers out.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail loudly")]

mod applications;
mod attestation;
#[cfg(unix)]
mod control_socket;
mod keys;
mod management_key;
mod objects;
mod pin;
mod reader;
mod touch;

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use aes::Aes192;
use cipher::{Array, BlockCipherEncrypt, KeyInit};
use des::TdesEde3;
use virtual_yubikey::{AttestationAuthority, Card, Firmware, Options};

pub(crate) const SELECT_PIV: &str = "00a4040005 a000000308";
pub(crate) const SELECTED_PIV: &str = "61114f0600001000010079074f05a0000003089000";
pub(crate) const VERIFY: &str = "0020008008 313233343536ffff";
pub(crate) const FACTORY_KEY: &str = "010203040506070801020304050607080102030405060708";
pub(crate) const OLD: Firmware = Firmware { major: 5, minor: 4, patch: 3 };
pub(crate) const NEW: Firmware = Firmware { major: 5, minor: 7, patch: 1 };

/// One maker for all cards of the tests: its RSA key takes a moment.
pub(crate) static MAKER: LazyLock<Arc<AttestationAuthority>> = LazyLock::new(AttestationAuthority::generate);

pub(crate) fn options(firmware: Firmware) -> Options {
    Options {
        firmware,
        attestation: Arc::clone(&MAKER),
        touch_timeout: Duration::from_millis(100),
        ..Options::new(12_345_678)
    }
}

/// A card with its PIV application selected.
pub(crate) fn card(firmware: Firmware) -> Card {
    selected(options(firmware))
}

pub(crate) fn selected(options: Options) -> Card {
    let mut card = Card::new(options);
    assert_eq!(card.send(SELECT_PIV), SELECTED_PIV);
    card
}

/// A card whose management key is proved.
pub(crate) fn unlocked(firmware: Firmware) -> Card {
    let mut card = card(firmware);
    card.unlock();
    card
}

pub(crate) trait Talk {
    /// One APDU and its answer, in hexadecimal; blanks between digits are for the eye.
    fn send(&mut self, command: &str) -> String;

    /// A command with data that a short APDU cannot hold, by chaining; the answer fetched to its end.
    fn exchange(&mut self, header: &str, data: &[u8]) -> (Vec<u8>, String);

    /// Proves the factory's management key.
    fn unlock(&mut self);
}

impl Talk for Card {
    fn send(&mut self, command: &str) -> String {
        hex(&self.apdu(&bytes(command)))
    }

    fn exchange(&mut self, header: &str, data: &[u8]) -> (Vec<u8>, String) {
        let header = bytes(header);
        let mut parts: Vec<&[u8]> = data.chunks(255).collect();
        let last = parts.pop().unwrap_or_default();
        for part in parts {
            let command = [&[0x10], &header[1..], &[255], part].concat();
            assert_eq!(self.apdu(&command), [0x90, 0x00]);
        }
        let length = u8::try_from(last.len()).unwrap();
        let mut answer = match length {
            0 => self.apdu(&header),
            _ => self.apdu(&[&header, &[length][..], last].concat()),
        };
        let mut collected = Vec::new();
        loop {
            let status = answer.split_off(answer.len() - 2);
            collected.extend(answer);
            if status[0] != 0x61 {
                return (collected, hex(&status));
            }
            answer = self.apdu(&[0x00, 0xc0, 0x00, 0x00]);
        }
    }

    fn unlock(&mut self) {
        let metadata = self.send("00f7009b");
        let algorithm = &metadata[4..6];
        let challenge = self.send(&format!("0087{algorithm}9b04 7c028100"));
        let challenge = bytes(&challenge)[4..].to_vec();
        let response = encrypt(algorithm, FACTORY_KEY, &challenge[..challenge.len() - 2]);
        let inner = format!("82{:02x}{}", response.len(), hex(&response));
        let command = format!("0087{algorithm}9b{:02x}7c{:02x}{inner}", inner.len() / 2 + 2, inner.len() / 2);
        assert_eq!(self.send(&command), "9000");
    }
}

/// One block by the algorithm with this identifier: 03 or 0a.
pub(crate) fn encrypt(algorithm: &str, key: &str, block: &[u8]) -> Vec<u8> {
    fn with<C: KeyInit + BlockCipherEncrypt>(key: &[u8], block: &[u8]) -> Vec<u8> {
        let mut block: Array<u8, C::BlockSize> = block.try_into().unwrap();
        C::new_from_slice(key).unwrap().encrypt_block(&mut block);
        block.to_vec()
    }
    match algorithm {
        "03" => with::<TdesEde3>(&bytes(key), block),
        "0a" => with::<Aes192>(&bytes(key), block),
        other => unreachable!("algorithm {other}"),
    }
}

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    let digits = digits.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The value of the first object in `bytes` and what follows it.
pub(crate) fn split_tlv(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes[1] {
        0x82 => bytes[4..].split_at(usize::from(u16::from_be_bytes([bytes[2], bytes[3]]))),
        0x81 => bytes[3..].split_at(usize::from(bytes[2])),
        short => bytes[2..].split_at(usize::from(short)),
    }
}
