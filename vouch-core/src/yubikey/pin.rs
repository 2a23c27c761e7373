//! Rules for PINs: a YubiKey has three tries, and none is spent by mistake.

use yubikey::Error as Yk;

use super::{Card, CardError, PATIENCE};
use crate::secret::Secret;

/// A text that can be a PIN, and whether the last try may be spent on it.
#[derive(Debug, Clone)]
pub struct Pin {
    text: Secret<String>,
    last_try: bool,
}

impl Pin {
    /// Looks at a typed PIN before any card sees it. `last_try` allows to spend the last try on it.
    ///
    /// # Errors
    /// [`CardError::PinLength`] unless it has 6 to 8 bytes (NIST SP 800-73-4), [`CardError::PinIsOtp`] when the YubiKey
    /// was touched at the prompt and typed a one-time password.
    pub fn new(text: Secret<String>, last_try: bool) -> Result<Self, CardError> {
        if is_one_time_password(text.expose()) {
            return Err(CardError::PinIsOtp);
        }
        if !(6..=8).contains(&text.expose().len()) {
            return Err(CardError::PinLength);
        }
        Ok(Self { text, last_try })
    }
}

impl Card {
    /// How many wrong PINs in a row it takes to block it. Asking costs none.
    ///
    /// # Errors
    /// When the card is gone or busy.
    pub fn tries_left(&self) -> Result<u8, CardError> {
        // Selects the application anew: nothing that was verified before holds after it.
        self.run(PATIENCE, |key| key.get_pin_retries())?.map_err(CardError::other)
    }

    /// Looks whether a wrong PIN would do harm.
    pub(super) fn check_tries(&self, pin: &Pin) -> Result<(), CardError> {
        match self.tries_left()? {
            0 => Err(CardError::PinBlocked { serial: self.serial }),
            1 if !pin.last_try => Err(CardError::LastTry { serial: self.serial }),
            _ => Ok(()),
        }
    }

    /// Verifies the PIN, once.
    pub(super) fn verify(&self, pin: &Pin) -> Result<(), PinFailure> {
        let text = pin.text.clone();
        let verified = self.run(PATIENCE, move |key| key.verify_pin(text.expose().as_bytes()));
        match verified.map_err(PinFailure::Card)? {
            Ok(()) => Ok(()),
            Err(Yk::WrongPin { tries: 0 } | Yk::PinLocked) => {
                Err(PinFailure::Card(CardError::PinBlocked { serial: self.serial }))
            }
            Err(Yk::WrongPin { tries }) => Err(PinFailure::Card(CardError::WrongPin { tries })),
            Err(other) => Err(PinFailure::NotSent(other)),
        }
    }
}

/// Why a PIN was not verified.
#[derive(Debug)]
pub(super) enum PinFailure {
    /// The card has judged it, or is not to be had.
    Card(CardError),
    /// It never came to the card's judgement; another try costs nothing.
    NotSent(Yk),
}

impl From<PinFailure> for CardError {
    fn from(failure: PinFailure) -> Self {
        match failure {
            PinFailure::Card(error) => error,
            PinFailure::NotSent(error) => Self::other(error),
        }
    }
}

/// 44 characters of modhex, the alphabet that is the same on most keyboards (Yubico OTP).
fn is_one_time_password(text: &str) -> bool {
    text.len() == 44 && text.bytes().all(|byte| b"cbdefghijklnrtuv".contains(&byte.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(text: &str) -> Result<Pin, CardError> {
        Pin::new(Secret::new(text.to_owned()), false)
    }

    #[test]
    fn what_cannot_be_a_pin_is_not_sent() {
        for text in ["", "12345", "123456789", "ääää1", "1234567890123456789012345678901234567890abcd"] {
            assert!(matches!(pin(text), Err(CardError::PinLength)), "{text}");
        }
        for text in ["123456", "12345678", "hunter2", "äää"] {
            assert!(pin(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_one_time_password_is_recognised() {
        for text in
            ["cccccckdvvulgjvtkjdhtlrbjjctggdihuevikehtlil", "CCCCCCKDVVULGJVTKJDHTLRBJJCTGGDIHUEVIKEHTLIL"]
        {
            assert!(matches!(pin(text), Err(CardError::PinIsOtp)));
        }
    }

    #[test]
    fn a_pin_is_not_shown() {
        assert!(!format!("{:?}", pin("hunter2").unwrap()).contains("hunter2"));
    }
}
