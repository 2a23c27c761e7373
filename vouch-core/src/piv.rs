//! The words of PIV: slots, firmware versions, PIN and touch policies.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::failure::{Diagnostic, ErrorKind};

/// A slot that can hold a signing key: 9a, 9c, 9d, 9e, or one of the "retired" 82 to 95 (NIST SP 800-73-4, table 4b).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slot(u8);

/// The text names no slot for a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no slot for a key")]
pub struct NoSlot(String);

impl Diagnostic for NoSlot {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Usage
    }

    fn hint(&self) -> Option<String> {
        Some("Give 9a, 9c, 9d, 9e or one of 82 to 95 (hexadecimal).".into())
    }
}

impl Slot {
    /// The key reference of the slot.
    pub fn id(self) -> u8 {
        self.0
    }
}

impl Default for Slot {
    /// 82, the first of those that nothing else claims.
    fn default() -> Self {
        Self(0x82)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

impl FromStr for Slot {
    type Err = NoSlot;

    fn from_str(text: &str) -> Result<Self, NoSlot> {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u8::from_str_radix(text, 16) {
            Ok(id @ (0x9a | 0x9c | 0x9d | 0x9e | 0x82..=0x95)) if digits => Ok(Self(id)),
            _ => Err(NoSlot(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Slot {
    type Error = NoSlot;

    fn try_from(text: String) -> Result<Self, NoSlot> {
        text.parse()
    }
}

impl From<Slot> for String {
    fn from(slot: Slot) -> Self {
        slot.to_string()
    }
}

/// The firmware of a YubiKey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Firmware {
    pub major: u8,
    pub minor: u8,
    pub patch: u8,
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl TryFrom<String> for Firmware {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let numbers: Option<Vec<u8>> = text.split('.').map(|part| part.parse().ok()).collect();
        match numbers.as_deref() {
            Some(&[major, minor, patch]) => Some(Self { major, minor, patch }),
            _ => None,
        }
        .filter(|firmware| firmware.to_string() == text)
        .ok_or("not a firmware version such as 5.7.1")
    }
}

impl From<Firmware> for String {
    fn from(firmware: Firmware) -> Self {
        firmware.to_string()
    }
}

/// The shape of a YubiKey, as attested: one byte, whose first bit tells a FIPS edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormFactor(pub u8);

impl fmt::Display for FormFactor {
    /// Yubico documents 1 to 5; 6 and 7 are the YubiKey Bio's (7 seen).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 & 0x7f {
            1 => f.write_str("USB-A keychain"),
            2 => f.write_str("USB-A nano"),
            3 => f.write_str("USB-C keychain"),
            4 => f.write_str("USB-C nano"),
            5 => f.write_str("USB-C and Lightning"),
            6 => f.write_str("USB-A with fingerprint reader"),
            7 => f.write_str("USB-C with fingerprint reader"),
            other => write!(f, "form factor {other:02x}"),
        }?;
        f.write_str(if self.0 & 0x80 == 0 { "" } else { ", FIPS" })
    }
}

/// When the key asks for the PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PinPolicy {
    Never,
    Once,
    Always,
    /// A fingerprint or, failing that, the PIN; YubiKey Bio.
    MatchOnce,
    MatchAlways,
}

impl fmt::Display for PinPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "never",
            Self::Once => "once",
            Self::Always => "always",
            Self::MatchOnce => "once, or a fingerprint",
            Self::MatchAlways => "always, or a fingerprint",
        })
    }
}

impl PinPolicy {
    /// From the byte that attestations and metadata have.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Never,
            2 => Self::Once,
            3 => Self::Always,
            4 => Self::MatchOnce,
            5 => Self::MatchAlways,
            _ => return None,
        })
    }
}

/// When the key asks for a touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TouchPolicy {
    Never,
    Always,
    /// One touch serves for 15 seconds.
    Cached,
}

impl fmt::Display for TouchPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "never",
            Self::Always => "always",
            Self::Cached => "once in 15 seconds",
        })
    }
}

impl TouchPolicy {
    /// From the byte that attestations and metadata have.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Never,
            2 => Self::Always,
            3 => Self::Cached,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slots_for_keys_are_slots() {
        for bad in ["", "9b", "f9", "80", "81", "96", "0x82", "+82", "82 ", "1082", "R1", "9"] {
            assert_eq!(bad.parse::<Slot>(), Err(NoSlot(bad.to_owned())));
        }
        for good in ["9a", "9c", "9d", "9e", "82", "8f", "95"] {
            assert_eq!(good.parse::<Slot>().unwrap().to_string(), good);
        }
        assert_eq!("9A".parse::<Slot>().unwrap().to_string(), "9a");
    }

    #[test]
    fn form_factors_have_names_and_unknown_ones_are_shown() {
        for (byte, name) in [
            (0x01, "USB-A keychain"),
            (0x07, "USB-C with fingerprint reader"),
            (0x83, "USB-C keychain, FIPS"),
            (0x2a, "form factor 2a"),
        ] {
            assert_eq!(FormFactor(byte).to_string(), name);
        }
    }

    #[test]
    fn firmware_versions_are_three_plain_numbers_in_order() {
        for bad in ["", "5", "5.7", "5.7.1.0", "05.7.1", "5.7.256", "5.7.x"] {
            assert!(Firmware::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        let [old, new] = ["5.4.3", "5.7.1"].map(|text| Firmware::try_from(text.to_owned()).unwrap());
        assert!(old < new);
        assert_eq!(new.to_string(), "5.7.1");
    }
}
