//! A signature: the PIN once, a touch, and the check that the enrolled key made it.

use std::fmt;
use std::time::{Duration, Instant};

use p256::ecdsa::Signature;
use vouch_core::es256::{self, Signer};
use vouch_core::identity::{EnrolledKey, SigningKey};
use vouch_core::piv::{PinPolicy, Slot, TouchPolicy};
use yubikey::piv::{self, AlgorithmId, SlotAlgorithmId, SlotId};
use yubikey::{Error as Yk, YubiKey};

use crate::attestation;
use crate::card::{Card, TIMEOUT};
use crate::error::CardError;
use crate::pin::Pin;
use crate::pin::PinFailure;

/// How long a YubiKey waits for a touch (measured 15.0 s) before it answers as if the PIN were missing.
pub const TOUCH_TIME: Duration = Duration::from_secs(15);

/// An answer of "PIN or touch missing" that comes after so long is about the touch.
const TOUCH_TIMED_OUT: Duration = Duration::from_secs(14);

/// How long a signature may take: another program's touch, then ours.
pub(super) const SIGN_TIMEOUT: Duration = Duration::from_secs(40);

/// Told just before the YubiKey begins to blink, and every second for as long as it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TouchPrompt {
    pub serial: u32,
    /// Whether a touch is needed for sure; an old firmware does not always tell.
    pub certain: bool,
    /// How long there is to touch it, [`TOUCH_TIME`] at first. Nothing while another program's touch comes before.
    pub left: Duration,
}

/// What is known of the key in a slot before it is used. Old firmware does not tell of a key that was imported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlotMetadata {
    pub key: Option<SigningKey>,
    pub pin: Option<PinPolicy>,
    pub touch: Option<TouchPolicy>,
}

/// What a failed try at signing means.
#[derive(Debug)]
enum AttemptError {
    /// Trying again, from connecting on, may help and does no harm.
    Disturbed(CardError),
    Final(CardError),
}

/// A card that signs for an enrolled key, with a PIN and a touch.
pub struct CardSigner<'a> {
    pub card: &'a mut Card,
    pub key: &'a EnrolledKey,
    pub pin: &'a Pin,
    /// As in [`Card::sign`].
    pub on_touch: &'a dyn Fn(TouchPrompt),
}

impl fmt::Debug for CardSigner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CardSigner").field("card", &self.card).field("key", &self.key).finish_non_exhaustive()
    }
}

impl Signer for CardSigner<'_> {
    fn sign(self, digest: &[u8; 32]) -> Result<[u8; 64], vouch_core::Failure> {
        Ok(self.card.sign(self.key, self.pin, digest, self.on_touch)?)
    }
}

impl Card {
    /// Has the enrolled key sign a SHA-256; answers r and s, 32 bytes each.
    ///
    /// Reads the tries left and what the slot holds before the PIN is sent. `on_touch` is called just before the YubiKey
    /// begins to wait for a touch, and every second while it does. When another program got in between, everything is done once more; a PIN that the
    /// YubiKey has refused is never sent again.
    ///
    /// # Errors
    /// See [`CardError`]; each situation has its own.
    pub fn sign(
        &mut self,
        key: &EnrolledKey,
        pin: &Pin,
        digest: &[u8; 32],
        on_touch: &dyn Fn(TouchPrompt),
    ) -> Result<[u8; 64], CardError> {
        let slot: Slot = key.slot.parse().map_err(|_| CardError::NoSlot(key.slot.clone()))?;
        let disturbed = match self.try_to_sign(slot, &key.public_key, pin, digest, on_touch) {
            Ok(signature) => return Ok(signature),
            Err(AttemptError::Final(error)) => return Err(error),
            Err(AttemptError::Disturbed(error)) => error,
        };
        tracing::debug!(%disturbed, "another program got in between");
        self.reopen()?;
        match self.try_to_sign(slot, &key.public_key, pin, digest, on_touch) {
            Ok(signature) => Ok(signature),
            Err(AttemptError::Final(error)) => Err(error),
            Err(AttemptError::Disturbed(error)) => {
                // Pulled out in the meantime is another story.
                self.reopen()?;
                Err(error)
            }
        }
    }

    fn try_to_sign(
        &self,
        slot: Slot,
        key: &SigningKey,
        pin: &Pin,
        digest: &[u8; 32],
        on_touch: &dyn Fn(TouchPrompt),
    ) -> Result<[u8; 64], AttemptError> {
        let wrong_key = || CardError::KeyMismatch { serial: self.serial, slot };
        // Asking for the tries forgets a verified PIN: it comes first.
        self.check_tries(pin).map_err(disturbed)?;
        let holding = self.holding(slot).map_err(disturbed)?;
        if holding.key.as_ref().is_some_and(|held| held != key) {
            return Err(AttemptError::Final(wrong_key()));
        }
        self.verify(pin).map_err(|failure| match failure {
            PinFailure::Card(error) => AttemptError::Final(error),
            PinFailure::NotSent(error) => disturbed(CardError::other(error)),
        })?;
        let touch = |waited: Duration| {
            if holding.touch != Some(TouchPolicy::Never) {
                let (certain, left) = (holding.touch.is_some(), TOUCH_TIME.saturating_sub(waited));
                on_touch(TouchPrompt { serial: self.serial, certain, left });
            }
        };
        touch(Duration::ZERO);
        let der = self.signed(slot, &holding, digest, &touch)?;
        let signature: [u8; 64] = Signature::from_der(&der)
            .map_err(|_| AttemptError::Final(CardError::Failed(Yk::ParseError)))?
            .to_bytes()
            .into();
        if es256::is_valid(digest, &signature, key) {
            Ok(signature)
        } else {
            Err(AttemptError::Final(wrong_key()))
        }
    }

    /// One signature, in DER, with a PIN that is verified.
    fn signed(
        &self,
        slot: Slot,
        holding: &SlotMetadata,
        digest: &[u8; 32],
        tell: &dyn Fn(Duration),
    ) -> Result<Vec<u8>, AttemptError> {
        let id = slot_id(slot).map_err(AttemptError::Final)?;
        let input = *digest;
        let start = Instant::now();
        let answer = self
            .run_telling(SIGN_TIMEOUT, tell, move |key| piv::sign_data(key, &input, AlgorithmId::EccP256, id))
            .map_err(AttemptError::Final)?;
        match answer {
            Ok(der) => Ok(der.to_vec()),
            // "PIN or touch missing" is one answer.
            Err(Yk::AuthenticationError) => {
                let late = start.elapsed() >= TOUCH_TIMED_OUT;
                if holding.touch != Some(TouchPolicy::Never) && (late || self.pin_still_holds(holding)) {
                    return Err(AttemptError::Final(CardError::NoTouch));
                }
                Err(AttemptError::Disturbed(CardError::Interrupted))
            }
            // Nothing was known of the key, and the card has none that would sign.
            Err(Yk::GenericError) if holding.key.is_none() && self.is_present() => {
                Err(AttemptError::Final(CardError::NoKey { serial: self.serial, slot }))
            }
            Err(Yk::GenericError) if self.is_elsewhere() => {
                Err(AttemptError::Disturbed(CardError::Interrupted))
            }
            Err(error) => Err(disturbed(CardError::other(error))),
        }
    }

    /// Whether another program has selected another application of the card, which knows no command of PIV.
    fn is_elsewhere(&self) -> bool {
        matches!(self.run(TIMEOUT, |key| key.verify_pin(b"")), Ok(Err(Yk::GenericError)))
    }

    /// Whether a PIN that serves for several signatures still does. Costs no try.
    fn pin_still_holds(&self, holding: &SlotMetadata) -> bool {
        let serves_on = matches!(holding.pin, Some(PinPolicy::Once | PinPolicy::MatchOnce));
        serves_on && matches!(self.run(TIMEOUT, |key| key.verify_pin(b"")), Ok(Ok(())))
    }

    /// Whether the card still answers.
    fn is_present(&self) -> bool {
        matches!(self.run(TIMEOUT, |key| key.verify_pin(b"")), Ok(Ok(()) | Err(Yk::WrongPin { .. })))
    }

    /// What a slot holds. Needs neither PIN nor touch.
    ///
    /// # Errors
    /// [`CardError::NoKey`] when it is empty, [`CardError::OtherAlgorithm`] when it holds something else than a P-256
    /// key, or the card is gone or busy.
    pub fn holding(&self, slot: Slot) -> Result<SlotMetadata, CardError> {
        let id = slot_id(slot)?;
        let serial = self.serial;
        self.run(TIMEOUT, move |key| look_into(key, serial, slot, id))?
    }
}

/// By metadata, which firmware 5.3 and later have; else by attestation, which keys that were made on the card have; else
/// by the certificate beside the key; else nothing is known until it has signed.
fn look_into(key: &mut YubiKey, serial: u32, slot: Slot, id: SlotId) -> Result<SlotMetadata, CardError> {
    let other_algorithm = || CardError::OtherAlgorithm { serial, slot };
    match piv::metadata(key, id) {
        Ok(metadata) => {
            if metadata.algorithm != SlotAlgorithmId::Asymmetric(AlgorithmId::EccP256) {
                return Err(other_algorithm());
            }
            let public = metadata.public.ok_or(CardError::Failed(Yk::ParseError))?;
            let point = public.subject_public_key.raw_bytes();
            let (pin, touch) = metadata.policy.unzip();
            Ok(SlotMetadata {
                key: Some(SigningKey::from_point(point).map_err(|_| other_algorithm())?),
                pin: pin.and_then(|policy| PinPolicy::from_byte(policy.into())),
                touch: touch.and_then(|policy| TouchPolicy::from_byte(policy.into())),
            })
        }
        Err(Yk::NotFound) => Err(CardError::NoKey { serial, slot }),
        Err(Yk::AlgorithmError) => Err(other_algorithm()),
        Err(error @ Yk::PcscError { .. }) => Err(CardError::other(error)),
        Err(_) => {
            Ok(attestation::certified_key_of(key, slot, id)?.map_or_else(SlotMetadata::default, |known| {
                SlotMetadata { key: Some(known.public_key), pin: known.pin_policy, touch: known.touch_policy }
            }))
        }
    }
}

pub(super) fn slot_id(slot: Slot) -> Result<SlotId, CardError> {
    SlotId::try_from(slot.id()).map_err(|_| CardError::NoSlot(slot.to_string()))
}

/// Failures of the connection and of what another program may have done to the card are worth another try.
fn disturbed(error: CardError) -> AttemptError {
    match error {
        CardError::Removed | CardError::Interrupted | CardError::Failed(_) => AttemptError::Disturbed(error),
        other => AttemptError::Final(other),
    }
}
