//! Chains that somebody made up or weakened, each refused with its reason.

use rcgen::{CertificateParams, CustomExtension, KeyPair, KeyUsagePurpose};
use software_key::SoftwareKey;
use vouch_core::identity::SigningKey;

use super::*;
use crate::enrollment::testing::{
    TestCa, attestation_params, ca_params, device_key_signs, device_params, named, public_key, yubico,
};

const SERIAL_NUMBER: u32 = 12_345_678;

fn a_key() -> SigningKey {
    public_key(&SoftwareKey::generate())
}

fn good() -> CertificateParams {
    attestation_params(SERIAL_NUMBER, [2, 2])
}

/// What `ca`'s card says, judged with that CA's root trusted.
fn judged(ca: &TestCa, says: &CertificateParams) -> Result<VerifiedAttestation, AttestationError> {
    verify(&ca.attest(says, &a_key()), &ca.device_der, &ca.trust_store(), NOW)
}

/// A card whose f9 certificate says this, with nothing else wrong.
fn judged_with_device(device: CertificateParams) -> AttestationError {
    judged(&TestCa::with(ca_params("Root", Some(1)), device), &good()).unwrap_err()
}

/// An attestation that says this, with nothing else wrong.
fn judged_with(change: impl FnOnce(&mut CertificateParams)) -> AttestationError {
    let mut says = good();
    change(&mut says);
    judged(&TestCa::new(), &says).unwrap_err()
}

fn replace(says: &mut CertificateParams, arc: u64, content: Option<Vec<u8>>) {
    let oid = [1, 3, 6, 1, 4, 1, 41482, 3, arc];
    says.custom_extensions.retain(|extension| !extension.oid_components().eq(oid.iter().copied()));
    says.custom_extensions.extend(content.map(|content| yubico(arc, content)));
}

fn the_ca(name: &str) -> Link {
    Link::Ca(format!("CN={name}"))
}

#[test]
fn what_the_forgeries_start_from_is_believed() {
    let ca = TestCa::new();
    let verified = judged(&ca, &good()).unwrap();
    assert_eq!(verified.attestation.serial, SERIAL_NUMBER);
    assert!(!verified.root.is_yubico);
    verified.attestation.fit_to_enroll().unwrap();
}

#[test]
fn a_maker_that_is_not_trusted() {
    let ca = TestCa::new();
    let attested = ca.attest(&good(), &a_key());
    let unknown = AttestationError::UnknownCa("CN=Test PIV Root CA".into());
    assert_eq!(judge(&attested, &ca.device_der), Err(unknown));
}

#[test]
fn a_maker_with_a_name_of_yubicos() {
    for (name, refused) in [
        ("Yubico PIV Root CA Serial 263751", AttestationError::Forged(Link::Device)),
        ("Yubico PIV Attestation B 1", AttestationError::Forged(Link::Device)),
        ("Yubico PIV Attestation B2 1", AttestationError::Forged(Link::Device)),
        // These certify CAs, not YubiKeys.
        ("Yubico Attestation Root 1", AttestationError::UnknownCa("CN=Yubico Attestation Root 1".into())),
        (
            "Yubico Attestation Intermediate B 1",
            AttestationError::UnknownCa("CN=Yubico Attestation Intermediate B 1".into()),
        ),
        ("Yubico FIDO Attestation B 1", AttestationError::UnknownCa("CN=Yubico FIDO Attestation B 1".into())),
    ] {
        let ca = TestCa::with(ca_params(name, Some(1)), device_params());
        assert_eq!(judge(&ca.attest(&good(), &a_key()), &ca.device_der), Err(refused), "{name}");
    }
}

#[test]
fn an_attestation_that_names_a_real_yubikey() {
    let ca = TestCa::new();
    let attested = ca.attest(&good(), &a_key());
    for device in ["f9/f9-5.4.3-fbfcabe1.pem", "f9/f9-4.3.4-83f573dc.pem"] {
        assert_eq!(judge(&attested, &one(device)), Err(AttestationError::Forged(Link::Attestation)));
    }
    let other_name = AttestationError::OtherDevice { named: "CN=Yubico PIV Attestation".into() };
    assert_eq!(judge(&attested, &one("f9/f9-5.7.4-b1-e53fc330.pem")), Err(other_name));
}

#[test]
fn another_key_in_slot_f9_with_the_makers_name() {
    let (ca, other) = (TestCa::new(), TestCa::new());
    let attested = other.attest(&good(), &a_key());
    let judged = verify(&attested, &ca.device_der, &ca.trust_store(), NOW);
    assert_eq!(judged, Err(AttestationError::Forged(Link::Attestation)));
    let judged = verify(&attested, &other.device_der, &ca.trust_store(), NOW);
    assert_eq!(judged, Err(AttestationError::Forged(Link::Device)));
}

#[test]
fn certificates_in_another_order() {
    let ca = TestCa::new();
    let (attested, device, known) = (ca.attest(&good(), &a_key()), &ca.device_der, ca.trust_store());
    assert_eq!(verify(device, &attested, &known, NOW), Err(AttestationError::Missing("slot")));
    assert_eq!(verify(device, device, &known, NOW), Err(AttestationError::Missing("slot")));
    assert_eq!(
        verify(&attested, &attested, &known, NOW),
        Err(AttestationError::NoDevice("CN=YubiKey PIV Attestation 82".into()))
    );
    assert_eq!(verify(&attested, &[], &known, NOW), Err(AttestationError::Malformed(Link::Device)));
}

#[test]
fn a_key_of_the_card_that_signs_as_if_it_were_slot_f9() {
    // An attested key signs whatever its owner likes, a certificate, too.
    let ca = TestCa::new();
    let (forger, certificate) = device_key_signs(&ca, &attestation_params(1, [1, 1]), &good(), &a_key());
    let judged = verify(&forger, &certificate, &ca.trust_store(), NOW);
    assert_eq!(judged, Err(AttestationError::NoDevice("CN=YubiKey PIV Attestation 82".into())));
}

#[test]
fn a_yubikeys_certificate_made_by_a_yubikey() {
    // The name of slot f9, in an attestation of its own: the chain would be one longer.
    let ca = TestCa::new();
    let (forged, device) = device_key_signs(&ca, &device_params(), &good(), &a_key());
    let judged = verify(&forged, &device, &ca.trust_store(), NOW);
    assert_eq!(judged, Err(AttestationError::UnknownCa("CN=Yubico PIV Attestation".into())));
}

#[test]
fn a_yubikeys_certificate_that_may_not_sign() {
    let refused = AttestationError::NotACa(Link::Device);
    let unsaid = || {
        let mut device = named("Yubico PIV Attestation");
        device.custom_extensions.push(yubico(3, vec![4, 4, 5]));
        device
    };
    // Firmware 4 is let off below Yubico's root alone.
    assert_eq!(judged_with_device(unsaid()), refused);
    let mut leaf = unsaid();
    leaf.is_ca = rcgen::IsCa::ExplicitNoCa;
    assert_eq!(judged_with_device(leaf), refused);
    let mut for_other_things = device_params();
    for_other_things.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    assert_eq!(judged_with_device(for_other_things), refused);
}

#[test]
fn a_certificate_that_is_no_yubikeys() {
    let mut device = ca_params("Yubico PIV Attestation", Some(0));
    let none = |name: &str| AttestationError::NoDevice(format!("CN={name}"));
    assert_eq!(judged_with_device(device.clone()), none("Yubico PIV Attestation"), "no firmware");
    device.custom_extensions.push(yubico(3, vec![5, 7]));
    assert_eq!(judged_with_device(device), none("Yubico PIV Attestation"), "half a firmware");
    let mut other = ca_params("Yubico FIDO Attestation", Some(0));
    other.custom_extensions.push(yubico(3, vec![5, 7, 1]));
    assert_eq!(judged_with_device(other), none("Yubico FIDO Attestation"));
}

#[test]
fn roots_that_do_not_reach_so_far_cannot_be_added() {
    let root_of = |params: CertificateParams| {
        let key = KeyPair::generate().unwrap();
        TrustStore::yubico().unwrap().add(params.self_signed(&key).unwrap().der())
    };
    assert_eq!(root_of(ca_params("Short", Some(0))), Err(AttestationError::PathTooLong(the_ca("Short"))));
    assert_eq!(root_of(named("Nobody")), Err(AttestationError::NotACa(the_ca("Nobody"))));
    let mut for_other_things = ca_params("Other", None);
    for_other_things.key_usages = vec![KeyUsagePurpose::CrlSign];
    assert_eq!(root_of(for_other_things), Err(AttestationError::NotACa(the_ca("Other"))));
    assert!(root_of(ca_params("Long", None)).is_ok());
}

#[test]
fn certificates_out_of_their_time() {
    let (past, future) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2030, 1, 1));
    let (past_seconds, future_seconds) = (UnixTime(1_577_836_800), UnixTime(1_893_456_000));
    let expired = |link| AttestationError::Expired(link, past_seconds);
    let early = |link| AttestationError::NotYetValid(link, future_seconds);

    assert_eq!(judged_with(|says| says.not_after = past), expired(Link::Attestation));
    assert_eq!(judged_with(|says| says.not_before = future), early(Link::Attestation));
    let (mut old, mut new) = (device_params(), device_params());
    (old.not_after, new.not_before) = (past, future);
    assert_eq!(judged_with_device(old), expired(Link::Device));
    assert_eq!(judged_with_device(new), early(Link::Device));
    let (mut old, mut new) = (ca_params("Root", Some(1)), ca_params("Root", Some(1)));
    (old.not_after, new.not_before) = (past, future);
    for (root, refused) in [(old, expired(the_ca("Root"))), (new, early(the_ca("Root")))] {
        assert_eq!(judged(&TestCa::with(root, device_params()), &good()), Err(refused));
    }
}

#[test]
fn an_attestation_that_claims_to_be_a_ca() {
    let refused = judged_with(|says| says.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained));
    assert_eq!(refused, AttestationError::LeafIsCa(Link::Attestation));
}

#[test]
fn critical_extensions_that_mean_nothing_here() {
    let mut strange = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 41482, 3, 99], vec![5, 0]);
    strange.set_criticality(true);
    let critical = |link| AttestationError::Critical { link, oid: "1.3.6.1.4.1.41482.3.99".into() };
    let extension = strange.clone();
    assert_eq!(judged_with(|says| says.custom_extensions.push(extension)), critical(Link::Attestation));
    let mut device = device_params();
    device.custom_extensions.push(strange);
    assert_eq!(judged_with_device(device), critical(Link::Device));
}

#[test]
fn statements_made_twice() {
    for (arc, content) in [(3, vec![5, 7, 1]), (7, vec![2, 1, 7]), (8, vec![2, 2]), (9, vec![1])] {
        let refused = judged_with(|says| says.custom_extensions.push(yubico(arc, content)));
        assert_eq!(refused, AttestationError::Twice(Link::Attestation), "{arc}");
    }
}

#[test]
fn statements_left_out_or_garbled() {
    for (arc, content, missing) in [
        (3, None, "firmware"),
        (3, Some(vec![5, 7]), "firmware"),
        (3, Some(vec![4, 3, 5, 7, 1]), "firmware"),
        (7, None, "serial number"),
        (7, Some(vec![0, 188, 97, 78]), "serial number"),
        (7, Some(vec![2, 1, 0xff]), "serial number"),
        (7, Some(vec![2, 5, 1, 0, 188, 97, 78]), "serial number"),
        (7, Some(vec![2, 2, 0, 7]), "serial number"),
        (7, Some(vec![2, 1, 7, 7]), "serial number"),
        (8, None, "PIN policy"),
        (8, Some(vec![2]), "PIN policy"),
        (8, Some(vec![2, 2, 2]), "PIN policy"),
        (8, Some(vec![0, 2]), "PIN policy"),
        (8, Some(vec![9, 2]), "PIN policy"),
        (8, Some(vec![2, 0]), "touch policy"),
        (8, Some(vec![2, 4]), "touch policy"),
        (9, Some(vec![]), "form factor"),
        (9, Some(vec![1, 1]), "form factor"),
    ] {
        let refused = judged_with(|says| replace(says, arc, content.clone()));
        assert_eq!(refused, AttestationError::Missing(missing), "{arc} {content:?}");
    }
}

#[test]
fn subjects_that_are_no_slot_for_a_key() {
    for name in [
        "YubiKey PIV Attestation",
        "YubiKey PIV Attestation f9",
        "YubiKey PIV Attestation 9b",
        "YubiKey PIV Attestation 82 ",
        "Yubico PIV Attestation 82",
        "YubiKey PIV Attestation 82,O=Example",
    ] {
        let refused = judged_with(|says| says.distinguished_name = named(name).distinguished_name);
        assert_eq!(refused, AttestationError::Missing("slot"), "{name}");
    }
}

#[test]
fn another_algorithm_outside_than_inside() {
    let ca = TestCa::new();
    let mut attested = ca.attest(&good(), &a_key());
    // ecdsa-with-SHA256 turned into ecdsa-with-SHA384, outside alone.
    let oid = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    let at = attested.windows(oid.len()).rposition(|window| window == oid).unwrap();
    attested[at + 7] = 3;
    let judged = verify(&attested, &ca.device_der, &ca.trust_store(), NOW);
    assert_eq!(judged, Err(AttestationError::TwoAlgorithms(Link::Attestation)));
}

#[test]
fn weaker_policies_are_genuine_and_refused_for_enrollment() {
    let ca = TestCa::new();
    for (policies, reason) in [
        ([1, 2], Some("the key asks for the PIN never; once or always is needed")),
        ([4, 2], Some("the key asks for the PIN once, or a fingerprint; once or always is needed")),
        ([5, 2], Some("the key asks for the PIN always, or a fingerprint; once or always is needed")),
        ([2, 1], Some("the key asks for a touch never; always is needed")),
        ([2, 3], Some("the key asks for a touch once in 15 seconds; always is needed")),
        ([2, 2], None),
        ([3, 2], None),
    ] {
        let verified = judged(&ca, &attestation_params(SERIAL_NUMBER, policies)).unwrap();
        let refused = verified.attestation.fit_to_enroll().err().map(|error| error.to_string());
        assert_eq!(refused.as_deref(), reason);
    }
}

#[test]
fn a_key_of_another_kind_is_genuine_and_cannot_be_enrolled() {
    let ca = TestCa::new();
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let attested = ca.attest_any(&good(), &key);
    let verified = verify(&attested, &ca.device_der, &ca.trust_store(), NOW).unwrap();
    assert_eq!(verified.attestation.fit_to_enroll(), Err(AttestationError::OtherAlgorithm));
}
