//! The card: the service, the reader and who holds it, the PIN's tries, the key in its slot. No PIN, no touch.

use std::fs;

use vouch_clients::finding::Finding;
use vouch_core::config::Config;
use vouch_core::hint::{ENROLL_REPLACE, LOGIN_LAST_TRY, VOUCH_LOGIN};
use vouch_core::identity::{EnrolledKey, Identity};
use vouch_core::piv::{PinPolicy, Slot, TouchPolicy};
use vouch_yubikey::{Card, CardError};

use super::context::enroll;

const CARD: &str = "card";
const PIN: &str = "pin";
const KEY: &str = "key";

pub(super) fn look(config: Option<&Config>) -> Vec<Finding> {
    if config.is_some_and(|config| config.job().is_some()) {
        return vec![Finding::skip(CARD, "a job logs in here, without a YubiKey")];
    }
    let identity = config.and_then(|config| config.identity.as_ref());
    let wanted: Vec<u32> =
        identity.iter().flat_map(|identity| &identity.keys).map(|key| key.serial).collect();
    let cards = match Card::open(None, &wanted) {
        Ok(card) => vec![card],
        Err(CardError::Several { serials }) => {
            serials.into_iter().filter_map(|serial| Card::open(Some(serial), &wanted).ok()).collect()
        }
        Err(error) => return none(&error),
    };
    let mut findings = Vec::new();
    for card in cards {
        let serial = card.serial();
        let about = format!("YubiKey {serial}");
        findings.push(Finding::ok(CARD, format!("firmware {}", card.firmware())).about(&about));
        findings.push(tries(&card).about(&about));
        findings.extend(keys(&card, config, identity).into_iter().map(|finding| finding.about(&about)));
        // Others may be at work with it: what they verified stays so.
        card.leave();
    }
    findings
}

/// Of a card that is at another machine.
pub(super) fn elsewhere(from: &str) -> Vec<Finding> {
    [CARD, PIN, KEY].map(|check| Finding::skip(check, format!("the YubiKey is at {from}"))).into()
}

/// Why there is no card to look at, and who may have it.
fn none(error: &CardError) -> Vec<Finding> {
    let why = format!("{VOUCH_LOGIN} needs the YubiKey; a session that is there goes on without it.");
    let mut finding = Finding::error(CARD, error, &*why);
    if matches!(error, CardError::NoReader | CardError::NoCard)
        && let Some(process) = gnupg()
    {
        let seen = format!("{}; GnuPG's scdaemon (process {process}) is running", finding.message());
        let fix = format!("Run `gpgconf --kill scdaemon`. {}", finding.fix().unwrap_or_default());
        finding = Finding::warn(CARD, seen, why, fix);
    }
    // Who has put it away for the day has done nothing wrong.
    let away = matches!(
        error,
        CardError::NoReader
            | CardError::NoCard
            | CardError::NotEnrolled { .. }
            | CardError::NotPluggedIn { .. }
    );
    let finding = if away { finding.softened() } else { finding };
    vec![finding, Finding::skip(PIN, "no card to ask"), Finding::skip(KEY, "no card to ask")]
}

/// The process of GnuPG's daemon, which can take the USB device itself, so that the service sees no reader.
fn gnupg() -> Option<u32> {
    // Elsewhere than on Linux there is no such folder.
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut processes = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    processes.find(|process: &u32| {
        fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|name| name.trim() == "scdaemon")
    })
}

/// Asking for the tries spends none.
fn tries(card: &Card) -> Finding {
    let serial = card.serial();
    let unblock = format!("Set a new PIN with the PUK: `ykman --device {serial} piv access unblock-pin`.");
    match card.tries_left() {
        Ok(0) => Finding::fail(PIN, "its PIN is blocked", "No login works until it is unblocked.", unblock),
        Ok(1) => Finding::warn(
            PIN,
            "1 try for the PIN is left",
            "One more wrong PIN blocks it.",
            format!("If you are sure of the PIN: {LOGIN_LAST_TRY}. {unblock}"),
        ),
        Ok(_) if matches!(card.has_default_pin(), Ok(Some(true))) => Finding::warn(
            PIN,
            "its PIN is still the default, 123456",
            "Everybody knows it: whoever has the YubiKey can log in as you.",
            format!("Choose your own: `ykman --device {serial} piv access change-pin`."),
        ),
        Ok(tries) => Finding::ok(PIN, format!("{tries} tries for the PIN")),
        Err(error) => Finding::error(PIN, &error, format!("{VOUCH_LOGIN} asks for the PIN.")),
    }
}

fn keys(card: &Card, config: Option<&Config>, identity: Option<&Identity>) -> Vec<Finding> {
    if config.is_none() {
        return vec![Finding::skip(KEY, "the configuration cannot be read")];
    }
    let Some(identity) = identity else {
        return vec![Finding::skip(KEY, format!("no key is enrolled here. {}", enroll()))];
    };
    let of_card = identity.keys.iter().filter(|key| key.serial == card.serial());
    of_card.map(|key| slot(card, key)).collect()
}

fn slot(card: &Card, enrolled: &EnrolledKey) -> Finding {
    const WHY: &str = "No session can be signed with it.";
    let serial = card.serial();
    let Ok(slot) = enrolled.slot.parse::<Slot>() else {
        return Finding::error(KEY, &CardError::NoSlot(enrolled.slot.clone()), WHY);
    };
    let holding = match card.holding(slot) {
        Ok(holding) => holding,
        Err(error) => return Finding::error(KEY, &error, WHY),
    };
    match &holding.key {
        Some(key) if *key != enrolled.public_key => {
            return Finding::error(KEY, &CardError::KeyMismatch { serial, slot }, WHY);
        }
        Some(_) => {}
        None => {
            let seen = format!("slot {slot} does not tell what it holds (old firmware)");
            return Finding::skip(KEY, seen);
        }
    }
    let mut lax = Vec::new();
    if matches!(holding.touch, Some(TouchPolicy::Never | TouchPolicy::Cached)) {
        lax.push("a touch for each signature");
    }
    if matches!(holding.pin, Some(PinPolicy::Never)) {
        lax.push("a PIN");
    }
    let policies = match (holding.pin, holding.touch) {
        (Some(pin), Some(touch)) => format!("PIN {pin}, touch {touch}"),
        _ => "policies unknown".into(),
    };
    if lax.is_empty() {
        return Finding::ok(KEY, format!("the enrolled key in slot {slot} ({policies})"));
    }
    Finding::warn(
        KEY,
        format!("the enrolled key in slot {slot} does not ask for {} ({policies})", lax.join(" and ")),
        "A program on this machine could sign a session without you.",
        format!(
            "Enroll a new key and publish it: {}.",
            ENROLL_REPLACE.fill("SERIAL", serial.to_string()).flag("--slot", slot.to_string())
        ),
    )
}
