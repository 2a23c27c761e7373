//! Firmware versions, and what differs between them.

use std::{fmt, str::FromStr};

/// A firmware version. It decides which commands exist and what the factory settings are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Firmware {
    pub major: u8,
    pub minor: u8,
    pub patch: u8,
}

/// A text that is not a firmware version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a firmware version: three numbers such as 5.7.1 are expected")]
pub struct ParseFirmwareError(String);

impl Firmware {
    pub const fn new(major: u8, minor: u8, patch: u8) -> Self {
        Self { major, minor, patch }
    }

    pub(crate) const fn to_bytes(self) -> [u8; 3] {
        [self.major, self.minor, self.patch]
    }

    pub(crate) fn has_attestation(self) -> bool {
        self >= Self::new(4, 3, 0)
    }

    /// The serial number through the PIV application.
    pub(crate) fn has_serial_command(self) -> bool {
        self >= Self::new(5, 0, 0)
    }

    pub(crate) fn has_metadata(self) -> bool {
        self >= Self::new(5, 3, 0)
    }

    pub(crate) fn has_aes_management_key(self) -> bool {
        self >= Self::new(5, 4, 2)
    }

    /// RSA-3072 and RSA-4096, moving and deleting keys, an AES-192 management key from the factory.
    pub(crate) fn is_5_7(self) -> bool {
        self >= Self::new(5, 7, 0)
    }
}

impl FromStr for Firmware {
    type Err = ParseFirmwareError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseFirmwareError(text.to_owned());
        let numbers: Vec<u8> =
            text.split('.').map(|number| number.parse().map_err(|_| error())).collect::<Result<_, _>>()?;
        let &[major, minor, patch] = numbers.as_slice() else { return Err(error()) };
        Ok(Self { major, minor, patch })
    }
}

impl fmt::Display for Firmware {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_not_versions() {
        for text in ["", "5", "5.7", "5.7.1.0", "5.7.x", "5.7.256", "v5.7.1", "5..1"] {
            assert!(text.parse::<Firmware>().is_err(), "{text}");
        }
    }

    #[test]
    fn versions_are_ordered_and_shown() {
        let old: Firmware = "5.4.3".parse().unwrap();
        let new: Firmware = "5.10.0".parse().unwrap();
        assert!(old < new);
        assert_eq!(new.to_string(), "5.10.0");
    }
}
