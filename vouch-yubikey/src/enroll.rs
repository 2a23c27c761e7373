//! A new key on the card, and the enrollment that it signs.

use serde_json::Map;
use vouch_core::failure::{Diagnostic, ErrorKind};
use vouch_core::home::HomeError;
use vouch_core::identity::{EnrolledKey, IssuerUrl, SigningKey, Subject};
use vouch_core::piv::{PinPolicy, Slot, TouchPolicy};
use vouch_core::time::UnixTime;
use vouch_issuer::attestation::{Attestation, AttestationError};
use vouch_issuer::enrollment::{Certificate, Enrollment, EnrollmentClaims, EnrollmentError};
use yubikey::piv::{self, AlgorithmId, SlotId};
use yubikey::{Certificate as StoredCertificate, Error as Yk, YubiKey};

use crate::attestation;
use crate::card::{Card, TIMEOUT};
use crate::error::CardError;
use crate::management_key::{ManagementKey, authenticate};
use crate::pending::PendingEnrollment;
use crate::pin::Pin;
use crate::sign::SIGN_TIMEOUT;
use crate::sign::TouchPrompt;
use crate::sign::slot_id;

/// Whom the new key is for and where it goes.
#[derive(Debug, Clone)]
pub struct EnrollmentRequest {
    pub issuer: IssuerUrl,
    pub subject: Subject,
    pub audience: String,
    pub slot: Slot,
    pub management_key: ManagementKey,
    /// Destroy what the slot holds.
    pub replace: bool,
}

/// What came of it: for the administrator, and for the configuration.
#[derive(Debug)]
pub struct Enrolled {
    pub enrollment: Enrollment,
    pub claims: EnrollmentClaims,
    pub key: EnrolledKey,
    /// The key was made by an enrollment that did not come to its end.
    pub resumed: bool,
}

/// Why no key was enrolled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrollError {
    #[error(transparent)]
    Card(#[from] CardError),
    #[error(transparent)]
    Enrollment(#[from] EnrollmentError),
    #[error(transparent)]
    Home(#[from] HomeError),
}

impl EnrollError {
    fn part(&self) -> &dyn Diagnostic {
        match self {
            Self::Card(error) => error,
            Self::Enrollment(error) => error,
            Self::Home(error) => error,
        }
    }
}

impl Diagnostic for EnrollError {
    fn kind(&self) -> ErrorKind {
        self.part().kind()
    }

    fn hint(&self) -> Option<String> {
        self.part().hint()
    }
}

impl From<AttestationError> for EnrollError {
    fn from(error: AttestationError) -> Self {
        Self::Card(error.into())
    }
}

/// A key that is to be enrolled.
#[derive(Debug)]
struct Made {
    public_key: SigningKey,
    before: bool,
}

/// Makes a P-256 key on the card (PIN once per process, touch for every signature) and has it sign its enrollment: one PIN,
/// one touch.
///
/// Nothing on the card is changed before the PIN and the management key are known to be right. The PIN is asked for the
/// key's own signature anyway, so it is verified first and no key is made in vain. When `begun` tells that an enrollment
/// in an empty slot was interrupted, and the slot has since got a key as enrollments make it, that key is taken. Whoever
/// has recorded the key calls [`PendingEnrollment::end`].
///
/// # Errors
/// See [`CardError`]. [`CardError::Unfinished`] says that a key was made and stays in the slot.
pub fn enroll(
    card: &mut Card,
    request: &EnrollmentRequest,
    begun: &PendingEnrollment,
    pin: &Pin,
    on_touch: &dyn Fn(TouchPrompt),
) -> Result<Enrolled, EnrollError> {
    let slot = request.slot;
    let Made { public_key, before } = card.make_key(request, begun, pin)?;
    let finished = finish(card, request, public_key, pin, on_touch);
    finished.map(|enrolled| Enrolled { resumed: before, ..enrolled }).map_err(|error| match error {
        EnrollError::Card(source) => CardError::Unfinished { slot, source: Box::new(source) }.into(),
        other => other,
    })
}

/// Has a key that was enrolled before sign its enrollment anew, such as after the file was lost: one PIN, one touch, and
/// nothing on the card changes. `request.replace` does not matter.
///
/// # Errors
/// See [`CardError`]; [`CardError::NoKey`] or [`CardError::KeyMismatch`] when the slot does not hold it any more.
pub fn enroll_again(
    card: &mut Card,
    request: &EnrollmentRequest,
    public_key: &SigningKey,
    pin: &Pin,
    on_touch: &dyn Fn(TouchPrompt),
) -> Result<Enrolled, EnrollError> {
    card.check_holds(request.slot, public_key)?;
    finish(card, request, public_key.clone(), pin, on_touch)
}

fn finish(
    card: &mut Card,
    request: &EnrollmentRequest,
    public_key: SigningKey,
    pin: &Pin,
    on_touch: &dyn Fn(TouchPrompt),
) -> Result<Enrolled, EnrollError> {
    let (attested, attestation) = card.attestation(request.slot)?;
    if attested.public_key.as_ref() != Some(&public_key) || !card.attests_as_made(&attested, request.slot) {
        return Err(CardError::OtherAttestation.into());
    }
    let key = EnrolledKey {
        serial: card.serial,
        slot: request.slot.to_string(),
        kid: public_key.thumbprint(),
        public_key: public_key.clone(),
        other: Map::new(),
    };
    let claims = EnrollmentClaims {
        issuer: request.issuer.clone(),
        subject: request.subject.clone(),
        audience: request.audience.clone(),
        enrolled_at: UnixTime::now(),
        serial: card.serial,
        slot: request.slot,
        firmware: attested.firmware,
        pin_policy: attested.pin_policy,
        touch_policy: attested.touch_policy,
        public_key,
        attestation,
    };
    let enrollment = Enrollment::sign(&claims, |digest| {
        card.sign(&key, pin, digest, on_touch).map_err(EnrollError::from)
    })?;
    Ok(Enrolled { enrollment, claims, key, resumed: false })
}

impl Card {
    fn make_key(
        &self,
        request: &EnrollmentRequest,
        begun: &PendingEnrollment,
        pin: &Pin,
    ) -> Result<Made, EnrollError> {
        let (slot, replace) = (request.slot, request.replace);
        let id = slot_id(slot)?;
        let serial = self.serial;
        // Asking for the tries forgets PIN and management key: it comes first.
        self.check_tries(pin)?;
        let management_key = request.management_key.clone();
        let occupied = self.run(SIGN_TIMEOUT, move |key| is_occupied(key, slot, id))??;
        if occupied && !replace {
            return match self.left_behind(slot, begun)? {
                Some(public_key) => Ok(Made { public_key, before: true }),
                None => Err(CardError::Occupied { serial, slot }.into()),
            };
        }
        self.verify(pin).map_err(CardError::from)?;
        let begun = begun.clone();
        let made = self.run(TIMEOUT, move |key| {
            authenticate(key, &management_key)?;
            if occupied {
                // What was to be destroyed must not pass for what was made in its place.
                begun.end();
            } else {
                begun.begin()?;
            }
            let (pin, touch) = (yubikey::PinPolicy::Once, yubikey::TouchPolicy::Always);
            let made = piv::generate(key, id, AlgorithmId::EccP256, pin, touch).map_err(interrupted)?;
            if occupied && attestation::certificate(key, slot)?.is_some() {
                // It certifies the key that is gone; left there it would mislead other programs, and harms nobody else.
                let _ = StoredCertificate::delete(key, id);
            }
            let point = made.subject_public_key.raw_bytes();
            Ok(SigningKey::from_point(point).map_err(|_| CardError::Failed(Yk::ParseError))?)
        })?;
        made.map(|public_key| Made { public_key, before: false })
    }

    /// Whether a slot still holds a key that the card has made and attested before.
    fn check_holds(&self, slot: Slot, public_key: &SigningKey) -> Result<(), CardError> {
        let serial = self.serial;
        match self.holding(slot)?.key {
            Some(held) if held == *public_key => Ok(()),
            Some(_) => Err(CardError::KeyMismatch { serial, slot }),
            None => Err(CardError::NoKey { serial, slot }),
        }
    }

    /// The key in an occupied slot, if an enrollment that found the slot empty left it there.
    fn left_behind(&self, slot: Slot, begun: &PendingEnrollment) -> Result<Option<SigningKey>, CardError> {
        if !begun.has_begun() {
            return Ok(None);
        }
        let id = slot_id(slot)?;
        let Some(der) = self.run(TIMEOUT, move |key| attestation::attest(key, id))?? else {
            return Ok(None);
        };
        let attested = Attestation::parse(&der)?;
        Ok(attested.public_key.clone().filter(|_| self.attests_as_made(&attested, slot)))
    }

    /// Whether an attestation is of a key as [`Card::make_key`] makes it, on this card and in this slot.
    fn attests_as_made(&self, attested: &Attestation, slot: Slot) -> bool {
        let policies = (attested.pin_policy, attested.touch_policy);
        (attested.serial, attested.slot) == (self.serial, slot)
            && policies == (PinPolicy::Once, TouchPolicy::Always)
    }

    fn attestation(&self, slot: Slot) -> Result<(Attestation, [Certificate; 2]), CardError> {
        let id = slot_id(slot)?;
        let of_key = self.run(TIMEOUT, move |key| attestation::attest(key, id))??;
        let of_device = self.run(TIMEOUT, attestation::device_certificate)??;
        let none = || CardError::NoAttestation { serial: self.serial, firmware: self.firmware };
        let (of_key, of_device) = (of_key.ok_or_else(none)?, of_device.ok_or_else(none)?);
        let attested = Attestation::parse(&of_key)?;
        Ok((attested, [Certificate(of_key), Certificate(of_device)]))
    }
}

/// Whether a slot has a key or a certificate. The PIN must not be verified.
fn is_occupied(key: &mut YubiKey, slot: Slot, id: SlotId) -> Result<bool, CardError> {
    let has_key = match piv::metadata(key, id) {
        Ok(_) | Err(Yk::AlgorithmError | Yk::ParseError) => true,
        Err(Yk::NotFound) => false,
        Err(error @ Yk::PcscError { .. }) => return Err(CardError::other(error)),
        Err(_) => attestation::attest(key, id)?.is_some() || is_guarded(key, id)?,
    };
    Ok(has_key || attestation::certificate(key, slot)?.is_some())
}

/// Whether a card that tells nothing about its slots (firmware before 5.3) guards a key there, such as one that was
/// imported and has no certificate beside it.
///
/// Asked to use a key without the PIN, a card says that the PIN or a touch is missing, or does it where neither is
/// needed (SP 800-73-4 part 2, 3.2.4); about a key that is not there it says that the command is wrong. A key answers for
/// its own algorithm alone, so all that such a card can hold are tried. What is signed says nothing to anybody.
fn is_guarded(key: &mut YubiKey, id: SlotId) -> Result<bool, CardError> {
    let padded = |length: usize| {
        // As PKCS #1 v1.5 pads, for cards that look at it.
        let ones = vec![0xff; length.saturating_sub(PROBE.len() + 3)];
        [&[0x00, 0x01][..], &ones, &[0x00], PROBE].concat()
    };
    let algorithms = [
        (AlgorithmId::EccP256, PROBE.to_vec()),
        (AlgorithmId::EccP384, PROBE.to_vec()),
        (AlgorithmId::Rsa2048, padded(256)),
        (AlgorithmId::Rsa1024, padded(128)),
    ];
    for (algorithm, input) in algorithms {
        match piv::sign_data(key, &input, algorithm, id) {
            Ok(_) | Err(Yk::AuthenticationError) => return Ok(true),
            Err(error @ Yk::PcscError { .. }) => return Err(CardError::other(error)),
            Err(_) => {}
        }
    }
    Ok(false)
}

/// No digest of anything: 32 bytes of text.
const PROBE: &[u8; 32] = b"vouch asks if here is a key ....";

/// PIN and management key were right a moment ago.
fn interrupted(error: Yk) -> CardError {
    match error {
        Yk::AuthenticationError => CardError::Interrupted,
        Yk::AlgorithmError => CardError::Attestation(AttestationError::OtherAlgorithm),
        other => CardError::other(other),
    }
}
