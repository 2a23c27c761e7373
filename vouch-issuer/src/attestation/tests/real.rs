//! Every certificate of `data/yubico-attestation`.

use vouch_core::piv::{PinPolicy, TouchPolicy};

use super::super::certificate::Parsed;
use super::*;

/// File in `slot/`, device in `f9/`, PIN and touch policy, form factor, P-256.
type Card = (&'static str, &'static str, PinPolicy, TouchPolicy, Option<u8>, bool);

use PinPolicy::{Always as PinAlways, Once};
use TouchPolicy::{Always, Cached, Never};

const CARDS: [Card; 16] = [
    ("4.3.5-5970478-9a-rsa2048", "4.3.4-83f573dc", PinAlways, Never, None, false),
    ("4.3.5-5970478-9a-rsa2048-b", "4.3.4-83f573dc", PinAlways, Never, None, false),
    ("4.4.5-10550341-9c-ec256", "4.4.5-fips-a659c8ae", PinAlways, Always, None, true),
    ("5.1.2-10944016-9a-rsa2048", "5.1.2-f03c3112", Once, Never, Some(1), false),
    ("5.2.6-13078782-9c-ec256", "5.2.6-e4e52335", PinAlways, Always, Some(3), true),
    ("5.2.6-13078782-9c-ec256-b", "5.2.6-e4e52335", PinAlways, Always, Some(3), true),
    ("5.2.6-13078778-9c-ec256", "5.2.6-e4e52335", PinAlways, Always, Some(3), true),
    ("5.2.7-15890263-9a-rsa2048", "5.2.7-556cd0b7", Once, Never, Some(1), false),
    ("5.2.7-15938886-9a-rsa2048", "5.2.7-556cd0b7", Once, Never, Some(3), false),
    ("5.2.7-14454335-9c-ec256", "5.2.7-556cd0b7", PinAlways, Always, Some(3), true),
    ("5.2.7-15938765-9c-ec256", "5.2.7-556cd0b7", PinAlways, Always, Some(3), true),
    ("5.4.3-15732500-9a-ec256", "5.4.3-dcbfad81", Once, Never, Some(4), true),
    ("5.4.3-18158855-9c-ec256", "5.4.3-fbfcabe1", PinAlways, Always, Some(1), true),
    ("5.4.3-19661687-9a-ec384", "5.4.3-fbfcabe1", Once, Cached, Some(1), false),
    ("5.7.2-30000948-9a-rsa2048", "5.7.2-1dfc5376", Once, Never, Some(7), false),
    ("5.7.4-36345471-9a-ec256", "5.7.4-b1-e53fc330", Once, Never, Some(1), true),
];

fn slot_file(card: &str) -> String {
    format!("slot/att-{card}.pem")
}

fn device_file(device: &str) -> String {
    format!("f9/f9-{device}.pem")
}

#[test]
fn every_real_card_is_genuine_and_says_what_it_is() {
    let mut listed: Vec<_> = CARDS.iter().map(|(card, ..)| slot_file(card)).collect();
    listed.sort();
    assert_eq!(listed, names("slot"), "every file is in the list");
    for (card, device, pin, touch, form, is_p256) in CARDS {
        let verified = judge(&one(&slot_file(card)), &one(&device_file(device)))
            .unwrap_or_else(|error| panic!("{card}: {error}"));
        let attested = &verified.attestation;
        let told: Vec<_> = card.split('-').collect();
        assert_eq!(attested.firmware.to_string(), told[0], "{card}");
        assert_eq!(attested.serial.to_string(), told[1], "{card}");
        assert_eq!(attested.slot.to_string(), told[2], "{card}");
        assert_eq!((attested.pin_policy, attested.touch_policy), (pin, touch), "{card}");
        assert_eq!(attested.form_factor.map(|form| form.0), form, "{card}");
        assert_eq!(attested.public_key.is_some(), is_p256, "{card}");
        let root = if card.starts_with("5.7.4") {
            "CN=Yubico Attestation Root 1"
        } else {
            "CN=Yubico PIV Root CA Serial 263751"
        };
        assert!(verified.root.is_yubico && verified.root.name == root, "{card}: {:?}", verified.root);
    }
}

#[test]
fn real_cards_are_enrolled_only_with_the_policies_asked_for() {
    for (card, device, pin, touch, _, is_p256) in CARDS {
        let verified = judge(&one(&slot_file(card)), &one(&device_file(device))).unwrap();
        let fit = verified.attestation.fit_to_enroll();
        match (pin, touch) {
            (_, Never | Cached) => assert_eq!(fit, Err(AttestationError::WeakTouch(touch)), "{card}"),
            _ => assert!(fit.is_ok() && is_p256, "{card} {pin}"),
        }
    }
}

#[test]
fn a_device_certificate_of_another_batch_is_refused_for_every_card() {
    for (card, own, ..) in CARDS {
        let key = one(&slot_file(card));
        for device in names("f9") {
            if device == device_file(own) {
                continue;
            }
            let refused = judge(&key, &one(&device)).unwrap_err();
            // Names changed with firmware 5.7.4; before, all are the same and the signature alone tells.
            let issuer = Parsed::read(&key, Link::Attestation).unwrap().issuer().to_string();
            let named = AttestationError::OtherDevice { named: issuer };
            let forged = AttestationError::Forged(Link::Attestation);
            let other_era = device.contains("5.7.4") || own.contains("5.7.4");
            assert_eq!(refused, if other_era { named } else { forged }, "{card} {device}");
        }
    }
}

#[test]
fn a_card_under_the_root_for_u2f_is_not_believed() {
    let device = Parsed::read(&one("f9/f9-4.3.7-u2froot-5378deb2.pem"), Link::Device).unwrap();
    let known = TrustStore::yubico().unwrap();
    assert_eq!(known.named(device.issuer()).count(), 0);
}

#[test]
fn everything_negative_or_unverified_is_refused() {
    let mut devices: Vec<_> = names("f9").iter().map(|name| one(name)).collect();
    let mut bad = 0;
    for name in names("negative").into_iter().chain(names("unverified")) {
        for der in data(&name) {
            bad += 1;
            // In the place of the YubiKey's certificate: whatever it would sign, it is none.
            let (card, ..) = CARDS[11];
            let refused = judge(&one(&slot_file(card)), &der).unwrap_err();
            assert!(matches!(refused, AttestationError::NoDevice(_)), "{name}: {refused}");
            // In the place of the attestation, with every f9 certificate there is, and with itself.
            devices.push(der.clone());
            for device in &devices {
                let refused = judge(&der, device).unwrap_err();
                let expected = if name.contains("slot-attestation") || name.contains("unverified") {
                    matches!(
                        refused,
                        AttestationError::Forged(Link::Attestation)
                            | AttestationError::OtherDevice { .. }
                            | AttestationError::NoDevice(_)
                    )
                } else {
                    matches!(refused, AttestationError::Missing("slot"))
                };
                assert!(expected, "{name}: {refused}");
            }
            devices.pop();
        }
    }
    assert_eq!(bad, 4 + 10 + 1 + 1);
}

#[test]
fn none_of_yubicos_other_cas_certifies_a_yubikey_for_piv() {
    let known = TrustStore::yubico().unwrap();
    let others = data("negative/yubico-non-piv-sub-cas.pem").into_iter();
    for der in others
        .chain(data("negative/yubico-piv-preview-cas.pem"))
        .chain(data("roots/yubico-u2f-root-457200631.pem"))
    {
        let ca = Parsed::read(&der, Link::Device).unwrap();
        assert_eq!(known.named(ca.subject()).count(), 0, "{}", ca.subject());
    }
}

#[test]
fn time_is_kept() {
    let (card, device, ..) = CARDS[12];
    let (key, device) = (one(&slot_file(card)), one(&device_file(device)));
    let known = TrustStore::yubico().unwrap();
    // 2016-03-14 to 2052-04-17.
    for (now, valid) in
        [(1_457_913_599, false), (1_457_913_600, true), (2_597_097_600, false), (2_500_000_000, true)]
    {
        let judged = verify(&key, &device, &known, UnixTime(now));
        assert_eq!(judged.is_ok(), valid, "{now}: {judged:?}");
        if !valid {
            assert!(matches!(
                judged,
                Err(AttestationError::Expired(Link::Attestation, _)
                    | AttestationError::NotYetValid(Link::Attestation, _))
            ));
        }
    }
}

#[test]
fn every_byte_of_a_chain_counts() {
    let (card, device, ..) = CARDS[12];
    let (key, device) = (one(&slot_file(card)), one(&device_file(device)));
    judge(&key, &device).unwrap();
    for index in 0..key.len() {
        let mut altered = key.clone();
        altered[index] ^= 1;
        assert!(judge(&altered, &device).is_err(), "byte {index} of the attestation");
    }
    for index in 0..device.len() {
        let mut altered = device.clone();
        altered[index] ^= 1;
        assert!(judge(&key, &altered).is_err(), "byte {index} of the device's certificate");
    }
}

#[test]
fn cut_or_padded_certificates_are_refused() {
    let der = one("slot/att-5.4.3-15732500-9a-ec256.pem");
    for length in 0..der.len() {
        assert_eq!(Attestation::parse(&der[..length]), Err(AttestationError::Malformed(Link::Attestation)));
    }
    let padded = [&der[..], &[0]].concat();
    assert_eq!(Attestation::parse(&padded), Err(AttestationError::Malformed(Link::Attestation)));
}

#[test]
fn a_certificate_without_one_of_the_statements_names_it() {
    let der = one("slot/att-5.4.3-15732500-9a-ec256.pem");
    // The last arc of each object identifier 1.3.6.1.4.1.41482.3.x, turned into one that means nothing here.
    for (arc, missing) in [(3, "firmware"), (7, "serial number"), (8, "PIN policy")] {
        let oid = [0x2b, 6, 1, 4, 1, 0x82, 0xc4, 0x0a, 3, arc];
        let at = der.windows(oid.len()).position(|window| window == oid).unwrap();
        let mut altered = der.clone();
        altered[at + oid.len() - 1] = 0x55;
        assert_eq!(Attestation::parse(&altered), Err(AttestationError::Missing(missing)));
    }
}

#[test]
fn a_certificates_key_is_the_attested_one() {
    let der = one("slot/att-5.7.4-36345471-9a-ec256.pem");
    assert_eq!(certified_key(&der), Attestation::parse(&der).unwrap().public_key);
    assert_eq!(certified_key(&one("slot/att-5.7.2-30000948-9a-rsa2048.pem")), None);
}
