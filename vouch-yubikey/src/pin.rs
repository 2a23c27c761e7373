//! Rules for PINs: a YubiKey has three tries, and none is spent by mistake.

use vouch_core::secret::Secret;
use yubikey::piv::{self, ManagementSlotId, SlotId};
use yubikey::{Error as Yk, YubiKey};

use crate::card::{Card, TIMEOUT};
use crate::error::CardError;

/// What every YubiKey leaves the factory with (Yubico, "PIV tool: default PIN").
const FACTORY_PIN: &str = "123456";

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

    /// Whether it is the PIN that every YubiKey leaves the factory with.
    pub fn is_default(&self) -> bool {
        self.text.expose() == FACTORY_PIN
    }
}

/// A text that may become a PIN.
#[derive(Debug, Clone)]
pub struct NewPin(Secret<String>);

impl NewPin {
    /// Looks at a typed text before any card sees it: a card that refuses it says no reason.
    ///
    /// # Errors
    /// [`CardError::NewPinLength`], [`CardError::NewPinCharacters`], [`CardError::NewPinIsFactorys`], or
    /// [`CardError::PinIsOtp`] when the YubiKey was touched at the prompt.
    pub fn new(text: Secret<String>) -> Result<Self, CardError> {
        let typed = text.expose();
        if is_one_time_password(typed) {
            return Err(CardError::PinIsOtp);
        }
        // Other letters have other bytes in other programs.
        if !typed.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(CardError::NewPinCharacters);
        }
        if !(6..=8).contains(&typed.len()) {
            return Err(CardError::NewPinLength);
        }
        if typed == FACTORY_PIN {
            return Err(CardError::NewPinIsFactorys);
        }
        Ok(Self(text))
    }

    /// Whether both are the same text, as when it is typed twice.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.expose() == other.0.expose()
    }
}

impl Card {
    /// Whether the PIN is the default; nothing where the firmware does not tell (before 5.3). Costs no try.
    ///
    /// # Errors
    /// When the card is gone or busy.
    pub fn has_default_pin(&self) -> Result<Option<bool>, CardError> {
        self.run(TIMEOUT, |key| is_default(key, ManagementSlotId::Pin))?
    }

    /// Whether the PUK is the default; nothing where the firmware does not tell (before 5.3). Costs no try.
    ///
    /// # Errors
    /// When the card is gone or busy.
    pub fn has_default_puk(&self) -> Result<Option<bool>, CardError> {
        self.run(TIMEOUT, |key| is_default(key, ManagementSlotId::Puk))?
    }

    /// Whether the PIN is right. A wrong one costs a try.
    ///
    /// # Errors
    /// [`CardError::WrongPin`], [`CardError::PinBlocked`], or [`CardError::LastTry`], where nothing was tried.
    pub fn check_pin(&self, pin: &Pin) -> Result<(), CardError> {
        self.check_tries(pin)?;
        Ok(self.verify(pin)?)
    }

    /// Sets another PIN. A wrong one in `from` costs a try.
    ///
    /// # Errors
    /// As [`Card::check_pin`]; [`CardError::NewPinRefused`] when the YubiKey has rules of its own for PINs.
    pub fn change_pin(&self, from: &Pin, to: &NewPin) -> Result<Pin, CardError> {
        self.check_tries(from)?;
        let (old, new) = (from.text.clone(), to.0.clone());
        let changed =
            self.run(TIMEOUT, move |key| key.change_pin(old.expose().as_bytes(), new.expose().as_bytes()))?;
        match changed {
            Ok(()) => Ok(Pin { text: to.0.clone(), last_try: from.last_try }),
            Err(Yk::WrongPin { tries: 0 } | Yk::PinLocked) => {
                Err(CardError::PinBlocked { serial: self.serial })
            }
            Err(Yk::WrongPin { tries }) => Err(CardError::WrongPin { tries }),
            Err(Yk::GenericError) => Err(CardError::NewPinRefused { serial: self.serial }),
            Err(other) => Err(CardError::other(other)),
        }
    }

    /// How many wrong PINs in a row it takes to block it. Asking costs none.
    ///
    /// # Errors
    /// When the card is gone or busy.
    pub fn tries_left(&self) -> Result<u8, CardError> {
        // Selects the application anew: nothing that was verified before holds after it.
        self.run(TIMEOUT, |key| key.get_pin_retries())?.map_err(CardError::other)
    }

    /// The tries that there are for a PIN, before one is asked for. `last_try` allows to spend the last one.
    ///
    /// # Errors
    /// [`CardError::PinBlocked`]; [`CardError::LastTry`] where a wrong PIN would block it.
    pub fn tries_for_pin(&self, last_try: bool) -> Result<u8, CardError> {
        match self.tries_left()? {
            0 => Err(CardError::PinBlocked { serial: self.serial }),
            1 if !last_try => Err(CardError::LastTry { serial: self.serial }),
            tries => Ok(tries),
        }
    }

    /// Looks whether a wrong PIN would do harm: it may be another one since it was asked for.
    pub(super) fn check_tries(&self, pin: &Pin) -> Result<(), CardError> {
        self.tries_for_pin(pin.last_try).map(drop)
    }

    /// Verifies the PIN, once.
    pub(super) fn verify(&self, pin: &Pin) -> Result<(), PinFailure> {
        let text = pin.text.clone();
        let verified = self.run(TIMEOUT, move |key| key.verify_pin(text.expose().as_bytes()));
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

fn is_default(key: &mut YubiKey, what: ManagementSlotId) -> Result<Option<bool>, CardError> {
    match piv::metadata(key, SlotId::Management(what)) {
        Ok(metadata) => Ok(metadata.default),
        Err(error @ Yk::PcscError { .. }) => Err(CardError::other(error)),
        Err(_) => Ok(None),
    }
}

/// Whether it ends in 44 characters of modhex, the alphabet that is the same on most keyboards (Yubico OTP). Before them may
/// stand what was typed of the PIN.
fn is_one_time_password(text: &str) -> bool {
    let Some(at) = text.len().checked_sub(44) else { return false };
    let burst = text.as_bytes().get(at..).unwrap_or_default();
    burst.iter().all(|byte| b"cbdefghijklnrtuv".contains(&byte.to_ascii_lowercase()))
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
            for typed in ["", "1", "123456", "12345678", "\u{e4}"] {
                let text = format!("{typed}{text}");
                assert!(matches!(pin(&text), Err(CardError::PinIsOtp)), "{text}");
                assert!(matches!(NewPin::new(Secret::new(text)), Err(CardError::PinIsOtp)));
            }
            assert!(matches!(pin(&format!("{text}1")), Err(CardError::PinLength)));
        }
    }

    #[test]
    fn what_cannot_become_a_pin_is_told_before_the_card_is_asked() {
        let new = |text: &str| NewPin::new(Secret::new(text.to_owned()));
        for text in ["", "12345", "123456789", "      \u{20}   "] {
            assert!(matches!(new(text), Err(CardError::NewPinLength)), "{text}");
        }
        for text in ["sch\u{f6}n1", "12345\t", "12345\u{7f}", "\u{661}\u{662}\u{663}"] {
            assert!(matches!(new(text), Err(CardError::NewPinCharacters)), "{text}");
        }
        assert!(matches!(new("123456"), Err(CardError::NewPinIsFactorys)));
        let burst = "cccccckdvvulgjvtkjdhtlrbjjctggdihuevikehtlil";
        assert!(matches!(new(burst), Err(CardError::PinIsOtp)));
        for text in ["654321", "12345678", "hunter2", "a b-c~!"] {
            assert!(new(text).unwrap().is_same(&new(text).unwrap()), "{text}");
        }
        assert!(!new("hunter2").unwrap().is_same(&new("hunter3").unwrap()));
        assert!(!format!("{:?}", new("hunter2")).contains("hunter2"));
    }

    #[test]
    fn the_default_pin_is_known() {
        assert!(pin("123456").unwrap().is_default());
        assert!(!pin("12345678").unwrap().is_default());
    }

    #[test]
    fn a_pin_is_not_shown() {
        assert!(!format!("{:?}", pin("hunter2").unwrap()).contains("hunter2"));
    }
}
