//! Status words: the two bytes that end every response.

/// A status word (ISO/IEC 7816-4, 5.6; SP 800-73-4 part 2, 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status(u16);

/// What a command gives: response data with 9000, or another status word without data.
pub(crate) type Answer = Result<Vec<u8>, Status>;

impl Status {
    pub(crate) const OK: Self = Self(0x9000);
    pub(crate) const WRONG_LENGTH: Self = Self(0x6700);
    pub(crate) const SECURITY_STATUS_NOT_SATISFIED: Self = Self(0x6982);
    pub(crate) const AUTHENTICATION_METHOD_BLOCKED: Self = Self(0x6983);
    pub(crate) const CONDITIONS_NOT_SATISFIED: Self = Self(0x6985);
    pub(crate) const INCORRECT_DATA: Self = Self(0x6a80);
    pub(crate) const NOT_FOUND: Self = Self(0x6a82);
    pub(crate) const NO_SPACE: Self = Self(0x6a84);
    pub(crate) const INCORRECT_P1_P2: Self = Self(0x6a86);
    pub(crate) const REFERENCE_NOT_FOUND: Self = Self(0x6a88);
    /// Yubico's answer to a key slot that does not exist, where SP 800-73-4 has 6A86.
    pub(crate) const INCORRECT_SLOT: Self = Self(0x6b00);
    pub(crate) const UNKNOWN_INSTRUCTION: Self = Self(0x6d00);
    pub(crate) const UNKNOWN_CLASS: Self = Self(0x6e00);

    /// The comparison failed and `tries` more are left; 0 says that this one blocked the reference.
    pub(crate) fn wrong_reference(tries: u8) -> Self {
        Self(0x63c0 | u16::from(tries.min(0x0f)))
    }

    /// Whether this says that a PIN or PUK was wrong.
    pub(crate) fn is_wrong_reference(self) -> bool {
        self.0 & 0xfff0 == 0x63c0
    }

    /// More data can be fetched by GET RESPONSE. `remaining` above 255 is told as 00: "256 or more".
    pub(crate) fn more(remaining: usize) -> Self {
        Self(0x6100 | u16::from(u8::try_from(remaining).unwrap_or(0)))
    }

    pub(crate) fn to_bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }
}
