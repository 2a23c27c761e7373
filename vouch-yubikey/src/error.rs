//! What goes wrong with cards, each with the words that help.

use std::io;

use pcsc_sys::{LoadError, SocketError};
use vouch_core::failure::{Diagnostic, ErrorKind};
use vouch_core::hint::{ENROLL_ANEW, ENROLL_REPLACE, ENROLL_SPARE};
use vouch_core::piv::{Firmware, Slot};
use vouch_issuer::attestation::AttestationError;

use crate::pcsc_clients::{self, PcscClient};

/// What went wrong with the card.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    #[error(transparent)]
    Library(#[from] &'static LoadError),
    #[error(transparent)]
    Service(#[from] SocketError),
    #[error("the smart card service of this system (PC/SC) is not running")]
    NoService,
    #[error("the smart card service (PC/SC) refuses to serve this login session")]
    ServiceRefused,
    /// A YubiKey is a reader with a card in it: without one there is no reader.
    #[error("no YubiKey is plugged in: the system knows no smart card reader")]
    NoReader,
    #[error("no YubiKey is plugged in: no smart card reader has a card")]
    NoCard,
    #[error("another program keeps the card in `{reader}` to itself{}", perhaps(.others))]
    ExclusiveAccess { reader: String, others: Vec<PcscClient> },
    /// It blocks in the middle of something, most likely waiting for a touch.
    #[error("another program has been using the YubiKey for too long{}", perhaps(.others))]
    Busy { others: Vec<PcscClient> },
    #[error("the card in `{reader}` is no YubiKey with PIV")]
    NotAYubiKey { reader: String },
    #[error("several YubiKeys are plugged in: {}", list(.serials))]
    Several { serials: Vec<u32> },
    #[error("YubiKey {serial} is not plugged in; there is {}", list(.present))]
    NotPluggedIn { serial: u32, present: Vec<u32> },
    #[error("YubiKey {} is not enrolled; {} is", list(.present), list(.enrolled))]
    NotEnrolled { present: Vec<u32>, enrolled: Vec<u32> },
    #[error("the YubiKey was pulled out")]
    Removed,
    #[error("another program used the YubiKey in between and made it forget the PIN")]
    Interrupted,

    #[error("a PIN has 6 to 8 characters; this one was not sent to the YubiKey")]
    PinLength,
    #[error(
        "that is a one-time password, which a YubiKey types when it is touched, and no PIN; it was not sent"
    )]
    PinIsOtp,
    #[error("wrong PIN; {}", tries_left(*.tries))]
    WrongPin { tries: u8 },
    #[error("one more wrong PIN would block the PIN of YubiKey {serial}")]
    LastTry { serial: u32 },
    #[error("the PIN of YubiKey {serial} is blocked")]
    PinBlocked { serial: u32 },
    /// Whatever was given as the PIN was not sent.
    #[error("YubiKey {serial} still has the default PIN, 123456")]
    DefaultPin { serial: u32 },
    #[error("123456 is not the PIN of YubiKey {serial} any more; it was not sent")]
    NotDefaultPin { serial: u32 },
    #[error("a new PIN has 6 to 8 characters")]
    NewPinLength,
    #[error("a new PIN has letters without accents, digits and the signs of an English keyboard")]
    NewPinCharacters,
    #[error("123456 is the default PIN, which everybody knows")]
    NewPinIsFactorys,
    #[error("YubiKey {serial} does not take this as its new PIN")]
    NewPinRefused { serial: u32 },
    #[error("the YubiKey was not touched in time")]
    NoTouch,

    #[error("slot {slot} of YubiKey {serial} holds no key")]
    NoKey { serial: u32, slot: Slot },
    #[error("the key in slot {slot} of YubiKey {serial} is no P-256 key")]
    OtherAlgorithm { serial: u32, slot: Slot },
    #[error("the key in slot {slot} of YubiKey {serial} is not the one that was enrolled")]
    KeyMismatch { serial: u32, slot: Slot },
    #[error("`{0}` in the configuration is no slot of a YubiKey")]
    NoSlot(String),

    #[error("slot {slot} of YubiKey {serial} is in use")]
    Occupied { serial: u32, slot: Slot },
    #[error("a management key is 32, 48 or 64 hexadecimal digits, as long as the YubiKey's own")]
    ManagementKeyFormat,
    #[error("that is not the management key of YubiKey {serial}")]
    WrongManagementKey { serial: u32 },
    #[error("YubiKey {serial} has a management key of its own, which is not kept behind the PIN")]
    ManagementKeyNeeded { serial: u32 },
    #[error("YubiKey {serial} has firmware {firmware}, which cannot attest that it made a key")]
    NoAttestation { serial: u32, firmware: Firmware },
    #[error("the attestation of the new key cannot be used")]
    Attestation(#[from] AttestationError),
    #[error("the YubiKey attests another key than the one it made")]
    OtherAttestation,
    /// A key was made, and then the enrollment failed.
    #[error("the new key is in slot {slot}, but it is not enrolled")]
    Unfinished { slot: Slot, source: Box<CardError> },

    #[error("the YubiKey did not do what it was asked to")]
    Failed(#[source] yubikey::Error),
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
}

impl CardError {
    /// Another program keeps the card busy, now.
    pub(super) fn busy() -> Self {
        Self::Busy { others: pcsc_clients::others() }
    }

    /// The words for an error of PC/SC or of the card for which the caller has no better ones.
    pub(super) fn other(error: yubikey::Error) -> Self {
        use pcsc::Error as Pcsc;
        use yubikey::Error as Yk;

        match error {
            Yk::PcscError { inner: Some(Pcsc::NoService | Pcsc::ServiceStopped) } => Self::NoService,
            Yk::PcscError { inner: Some(Pcsc::NoAccess | Pcsc::SecurityViolation) } => Self::ServiceRefused,
            Yk::PcscError { inner: Some(Pcsc::NoReadersAvailable) } => Self::NoReader,
            Yk::PcscError { inner: Some(Pcsc::ResetCard) } => Self::Interrupted,
            Yk::PcscError {
                inner:
                    Some(Pcsc::RemovedCard | Pcsc::NoSmartcard | Pcsc::ReaderUnavailable | Pcsc::UnknownReader),
            } => Self::Removed,
            other => Self::Failed(other),
        }
    }
}

impl Diagnostic for CardError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::ManagementKeyFormat => ErrorKind::Usage,
            Self::NoSlot(_) => ErrorKind::Configuration,
            Self::Service(_) | Self::Thread(_) => ErrorKind::Other,
            _ => ErrorKind::Card,
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Library(LoadError::Missing) => {
                return Some(format!("It comes with the smart card service. {NO_SERVICE}"));
            }
            Self::Library(LoadError::Unusable { .. }) => REINSTALL,
            Self::Library(LoadError::Foreign { place, .. } | LoadError::Writable { place, .. }) => {
                return Some(format!(
                    "The library is told your PIN, so root alone may be able to change it: see `ls -ld {}`. {REINSTALL}",
                    place.display()
                ));
            }
            Self::NoService => NO_SERVICE,
            Self::ServiceRefused => SERVICE_REFUSED,
            Self::NoReader | Self::NoCard => NO_YUBIKEY,
            Self::ExclusiveAccess { others, .. } => {
                return Some(format!(
                    "{} Then try again; it helps, too, to unplug the YubiKey and plug it in again.",
                    how_to_end(others)
                ));
            }
            Self::Busy { others } => {
                return Some(format!(
                    "Perhaps it waits for a touch: if the YubiKey blinks, finish there. {} Then try again.",
                    how_to_end(others)
                ));
            }
            Self::NotAYubiKey { .. } => {
                "Plug in the YubiKey, and see that its PIV application is on: `ykman info`."
            }
            Self::Several { .. } => "Name one with `--serial NUMBER`, or unplug the others.",
            Self::NotPluggedIn { serial, .. } => {
                return Some(format!("Plug in YubiKey {serial}, or name another one with `--serial`."));
            }
            Self::NotEnrolled { present, .. } => {
                let serial = present.first().copied().unwrap_or_default();
                return Some(format!(
                    "Plug in the enrolled one, or enroll this one, too: {}.",
                    ENROLL_SPARE.fill("SERIAL", serial.to_string())
                ));
            }
            Self::Removed => "Plug it in and run the command again; leave it in until the command is done.",
            Self::Interrupted => {
                "Close what else uses the YubiKey (`gpgconf --kill scdaemon` for GnuPG) and try again."
            }
            Self::PinLength => "Type the PIV PIN of the YubiKey, not the PIN for FIDO2 or OpenPGP.",
            Self::PinIsOtp => "Type the PIN, then Enter; touch the YubiKey only when it blinks.",
            Self::WrongPin { .. } => "Type the PIV PIN, which is another one than for FIDO2 or OpenPGP.",
            Self::LastTry { .. } => {
                "If you are sure of the PIN, add `--last-try`. Otherwise set a new one with the PUK: `ykman piv access unblock-pin`."
            }
            Self::PinBlocked { serial } => {
                return Some(format!(
                    "Set a new one with the PUK: `ykman --device {serial} piv access unblock-pin`."
                ));
            }
            Self::DefaultPin { .. } => {
                return Some(format!(
                    "Choose another one: on a terminal {ENROLL_ANEW} asks for it; or pipe in two lines, 123456 and the new PIN, with `--pin-stdin --new-pin-stdin`."
                ));
            }
            Self::NotDefaultPin { .. } => "Give the PIN that was set in its place.",
            Self::NewPinLength | Self::NewPinCharacters | Self::NewPinIsFactorys => {
                "Choose another one; the PIN of the YubiKey has not been changed."
            }
            Self::NewPinRefused { .. } => {
                "Choose one that is harder to guess, without a run such as 111111 or 123456: this YubiKey insists on it."
            }
            Self::NoTouch => "Run the command again and touch the metal contact when the YubiKey blinks.",
            Self::NoKey { serial, .. }
            | Self::OtherAlgorithm { serial, .. }
            | Self::KeyMismatch { serial, .. } => {
                return Some(format!(
                    "Plug in the YubiKey that you enrolled, or enroll this one again: {}.",
                    ENROLL_REPLACE.fill("SERIAL", serial.to_string())
                ));
            }
            Self::NoSlot(_) => {
                return Some(format!("Correct `slot` in `config.json`, or run {ENROLL_ANEW} again."));
            }
            Self::Occupied { .. } => {
                "Choose another slot with `--slot`, from 82 to 95; or, to destroy the key that is there, add `--replace`."
            }
            Self::ManagementKeyFormat | Self::WrongManagementKey { .. } => {
                "`ykman piv info` tells its algorithm. Whoever set up the YubiKey knows the key."
            }
            Self::ManagementKeyNeeded { .. } => {
                "Run the command again with `--management-key`, which asks for it; or put it behind the PIN: `ykman piv access \
                 change-management-key --protect`."
            }
            Self::NoAttestation { .. } => "A YubiKey 4.3 or later is needed.",
            Self::Attestation(_) | Self::OtherAttestation => {
                "Do not use this YubiKey: it may not be a genuine one. `ykman piv keys attest` shows the attestation."
            }
            Self::Unfinished { source, .. } => {
                let before = source.hint().unwrap_or_default();
                return Some(
                    format!("{before} The same command goes on with this key.").trim_start().to_owned(),
                );
            }
            Self::Failed(_) => {
                "Unplug the YubiKey, plug it in again and repeat the command; `ykman piv info` shows whether it works."
            }
            Self::Service(_) | Self::Thread(_) => return None,
        };
        Some(text.to_owned())
    }
}

const NO_SERVICE: &str = if cfg!(target_os = "macos") {
    "macOS starts it by itself: unplug the YubiKey and plug it in again, or restart the Mac."
} else if cfg!(windows) {
    "Start it, as an administrator: `Start-Service SCardSvr`."
} else {
    "Install and start it: `sudo apt install pcscd` (Fedora: `pcsc-lite pcsc-lite-ccid`), then `sudo systemctl enable \
     --now pcscd.socket`."
};

const REINSTALL: &str = if cfg!(any(target_os = "macos", windows)) {
    "It is part of the system: repair the system."
} else {
    "Install it again: `sudo apt install --reinstall libpcsclite1` (Fedora: `sudo dnf reinstall pcsc-lite-libs`)."
};

const SERVICE_REFUSED: &str = "Over SSH and in services polkit forbids it: run the command on the desktop, or have an \
                               administrator allow `org.debian.pcsc-lite.access_pcsc` and \
                               `org.debian.pcsc-lite.access_card` for you.";

const NO_YUBIKEY: &str = if cfg!(any(target_os = "macos", windows)) {
    "Plug it in and try again."
} else {
    "Plug it in and try again. If it is plugged in, install the driver: `sudo apt install libccid` (Fedora: \
     `pcsc-lite-ccid`)."
};

/// Programs that may be meant; none may be known.
fn perhaps(others: &[PcscClient]) -> String {
    let names: Vec<_> = others.iter().map(PcscClient::to_string).collect();
    if names.is_empty() { String::new() } else { format!("; these use smart cards: {}", names.join(", ")) }
}

fn how_to_end(others: &[PcscClient]) -> String {
    let mut ways: Vec<&str> = others.iter().filter_map(PcscClient::how_to_end).collect();
    ways.dedup();
    if ways.is_empty() {
        // The one that is met most.
        ways.push(pcsc_clients::GNUPG);
    }
    format!("{} Otherwise close what uses the YubiKey.", ways.join(" "))
}

fn list(serials: &[u32]) -> String {
    serials.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

fn tries_left(tries: u8) -> String {
    if tries == 1 { "1 try left".into() } else { format!("{tries} tries left") }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn causes_of_pcsc_are_told_apart() {
        let pcsc = |inner| CardError::other(yubikey::Error::PcscError { inner: Some(inner) });
        assert!(matches!(pcsc(pcsc::Error::NoService), CardError::NoService));
        assert!(matches!(pcsc(pcsc::Error::SecurityViolation), CardError::ServiceRefused));
        assert!(matches!(pcsc(pcsc::Error::NoReadersAvailable), CardError::NoReader));
        assert!(matches!(pcsc(pcsc::Error::ResetCard), CardError::Interrupted));
        assert!(matches!(pcsc(pcsc::Error::RemovedCard), CardError::Removed));
        assert!(matches!(pcsc(pcsc::Error::InternalError), CardError::Failed(_)));
    }

    #[test]
    fn every_situation_says_what_to_do_next_in_whole_sentences() {
        let (serial, slot) = (7, Slot::default());
        let reader = || "reader".to_owned();
        let place = || PathBuf::from("/usr/lib");
        let library = || place().join("libpcsclite.so.1");
        let load_errors: [&'static LoadError; 4] = [
            LoadError::Missing,
            LoadError::Foreign { library: library(), place: place(), owner: 1000 },
            LoadError::Writable { library: library(), place: place(), mode: 0o777 },
            LoadError::Unusable { library: library(), source: "wrong ELF class".into() },
        ]
        .map(|error| &*Box::leak(Box::new(error)));
        for error in load_errors.map(CardError::Library).into_iter().chain([
            CardError::NoService,
            CardError::ServiceRefused,
            CardError::NoReader,
            CardError::NoCard,
            CardError::ExclusiveAccess { reader: reader(), others: Vec::new() },
            CardError::ExclusiveAccess {
                reader: reader(),
                others: vec![PcscClient::new("yubikey-agent", 7)],
            },
            CardError::Busy { others: vec![PcscClient::new("scdaemon", 7), PcscClient::new("other", 8)] },
            CardError::NotAYubiKey { reader: reader() },
            CardError::Several { serials: vec![7, 8] },
            CardError::NotPluggedIn { serial, present: vec![8] },
            CardError::NotEnrolled { present: vec![8], enrolled: vec![7] },
            CardError::Removed,
            CardError::Interrupted,
            CardError::PinLength,
            CardError::PinIsOtp,
            CardError::WrongPin { tries: 1 },
            CardError::LastTry { serial },
            CardError::PinBlocked { serial },
            CardError::DefaultPin { serial },
            CardError::NotDefaultPin { serial },
            CardError::NewPinLength,
            CardError::NewPinCharacters,
            CardError::NewPinIsFactorys,
            CardError::NewPinRefused { serial },
            CardError::NoTouch,
            CardError::NoKey { serial, slot },
            CardError::OtherAlgorithm { serial, slot },
            CardError::KeyMismatch { serial, slot },
            CardError::NoSlot("f9".into()),
            CardError::Occupied { serial, slot },
            CardError::ManagementKeyFormat,
            CardError::WrongManagementKey { serial },
            CardError::ManagementKeyNeeded { serial },
            CardError::NoAttestation { serial, firmware: Firmware { major: 4, minor: 2, patch: 8 } },
            CardError::OtherAttestation,
            CardError::Unfinished { slot, source: Box::new(CardError::NoTouch) },
            CardError::Failed(yubikey::Error::GenericError),
        ]) {
            let (text, hint) = (error.to_string(), error.hint().unwrap());
            assert!(hint.ends_with('.') && !hint.contains("  ") && !hint.contains('\n'), "{hint}");
            assert!(!text.ends_with('.') && !text.contains("  "), "{text}");
        }
    }
}
