use serde_json::Value;
use software_key::SoftwareKey;

use super::testing::{TestCa, TestUser, attestation, attestation_params, public_key, verify};
use super::*;
use crate::attestation::Link;

fn alice() -> TestUser {
    TestUser::new("https://id.example.com/alice", "alice", 12_345_678)
}

/// An enrollment with the header and payload as given, properly signed.
fn signed_by(key: &SoftwareKey, header: &Value, payload: &impl Serialize) -> String {
    let (protected, payload) = (encode(header).unwrap(), encode(payload).unwrap());
    let digest = Sha256::digest(signing_input(&protected, &payload)).into();
    let signature = URL_SAFE_NO_PAD.encode(key.sign(&digest));
    Enrollment { payload, protected, signature }.to_json()
}

fn header(person: &TestUser) -> Value {
    serde_json::json!({ "alg": "ES256", "kid": public_key(&person.key).thumbprint(), "typ": TYPE })
}

#[test]
fn no_byte_can_be_changed() {
    let alice = alice();
    let json = alice.sign(&alice.claims).to_json();
    verify(&json).unwrap();
    for index in 0..json.len() {
        let mut bytes = json.clone().into_bytes();
        // White space between the members means nothing, and any other byte there is refused.
        bytes[index] ^= 1;
        let altered = String::from_utf8(bytes).unwrap();
        assert!(verify(&altered).is_err(), "byte {index}");
    }
}

#[test]
fn nothing_can_be_cut_off_or_added() {
    let alice = alice();
    let json = alice.sign(&alice.claims).to_json();
    for length in 0..json.trim_end().len() {
        assert!(verify(&json[..length]).is_err(), "{length}");
    }
    for more in ["{}", ",", "\"", "x"] {
        assert!(verify(&format!("{json}{more}")).is_err(), "{more}");
    }
    let with_member = json.replacen('{', "{ \"header\": {},", 1);
    assert!(matches!(verify(&with_member), Err(EnrollmentError::Unreadable(_))));
    let twice = json.replacen('{', "{ \"payload\": \"e30\",", 1);
    assert!(matches!(verify(&twice), Err(EnrollmentError::Unreadable(_))));
}

#[test]
fn only_an_enrollments_header_is_taken() {
    let alice = alice();
    for (member, value) in [("alg", "none"), ("alg", "HS256"), ("alg", "ES384"), ("typ", "JWT")] {
        let mut header = header(&alice);
        header[member] = value.into();
        let json = signed_by(&alice.key, &header, &alice.claims);
        assert!(matches!(verify(&json), Err(EnrollmentError::OtherType)), "{member} {value}");
    }
    let mut critical = header(&alice);
    critical["crit"] = serde_json::json!(["exp"]);
    let json = signed_by(&alice.key, &critical, &alice.claims);
    assert!(matches!(verify(&json), Err(EnrollmentError::Unreadable(_))));
    let mut named = header(&alice);
    named["kid"] = public_key(&SoftwareKey::generate()).thumbprint().into();
    let json = signed_by(&alice.key, &named, &alice.claims);
    assert!(matches!(verify(&json), Err(EnrollmentError::OtherName)));
}

#[test]
fn another_persons_signature_is_refused() {
    let (alice, mallory) = (alice(), SoftwareKey::generate());
    let json = signed_by(&mallory, &header(&alice), &alice.claims);
    assert!(matches!(verify(&json), Err(EnrollmentError::Signature)));
    let refused = Enrollment::sign(&alice.claims, |digest| Ok(mallory.sign(digest))).unwrap_err();
    assert!(matches!(refused, EnrollmentError::KeyMismatch { serial: 12_345_678, .. }));
}

#[test]
fn an_attestation_of_another_key_is_refused() {
    // A key in software with the attestation of a real YubiKey: the attack that attestation is for.
    let alice = alice();
    let other = public_key(&SoftwareKey::generate());
    let claims = EnrollmentClaims { attestation: attestation(&other, 12_345_678), ..alice.claims.clone() };
    let json = alice.sign(&claims).to_json();
    assert!(matches!(verify(&json), Err(EnrollmentError::Contradiction("another key is attested"))));
}

#[test]
fn what_is_stated_must_be_what_is_attested() {
    let alice = alice();
    let honest = &alice.claims;
    for claims in [
        EnrollmentClaims { serial: 1, ..honest.clone() },
        EnrollmentClaims { slot: "9a".parse().unwrap(), ..honest.clone() },
        EnrollmentClaims { firmware: Firmware { major: 5, minor: 7, patch: 2 }, ..honest.clone() },
        EnrollmentClaims { pin_policy: PinPolicy::Never, ..honest.clone() },
        EnrollmentClaims { touch_policy: TouchPolicy::Never, ..honest.clone() },
    ] {
        let json = alice.sign(&claims).to_json();
        assert!(matches!(verify(&json), Err(EnrollmentError::Contradiction(_))), "{claims:?}");
    }
    let [_, device] = honest.attestation.clone();
    let json = alice
        .sign(&EnrollmentClaims { attestation: [Certificate(vec![]), device], ..honest.clone() })
        .to_json();
    assert!(matches!(
        verify(&json),
        Err(EnrollmentError::Attestation(AttestationError::Malformed(Link::Attestation)))
    ));
}

#[test]
fn what_cannot_be_an_identity_is_refused() {
    let alice = alice();
    for (member, value) in [
        ("issuer", serde_json::json!("http://id.example.com/alice")),
        ("issuer", serde_json::json!("https://id.example.com/alice/")),
        ("subject", serde_json::json!("al*ce")),
        ("subject", serde_json::json!("")),
        ("slot", serde_json::json!("f9")),
        ("enrolled_at", serde_json::json!("soon")),
        ("jwk", serde_json::json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" })),
        ("extra", serde_json::json!(1)),
    ] {
        let mut payload = serde_json::to_value(&alice.claims).unwrap();
        payload[member] = value;
        let json = signed_by(&alice.key, &header(&alice), &payload);
        assert!(matches!(verify(&json), Err(EnrollmentError::Unreadable(_))), "{member}");
    }
}

#[test]
fn what_was_stated_is_what_is_verified_and_no_id_token() {
    let alice = alice();
    let enrolled = alice.enrolled();
    assert_eq!(enrolled.claims(), &alice.claims);
    let payload = serde_json::to_value(&alice.claims).unwrap();
    for claim in ["iss", "sub", "aud", "exp"] {
        assert!(payload.get(claim).is_none());
    }
}

#[test]
fn a_maker_that_nobody_knows_is_refused_although_the_file_can_be_read() {
    let alice = alice();
    let json = alice.sign(&alice.claims).to_json();
    assert_eq!(Enrollment::read(&json).unwrap(), alice.claims);
    let refused = Enrollment::verify(&json, &TrustStore::yubico().unwrap(), UnixTime::now()).unwrap_err();
    assert!(refused.hint().unwrap().contains("--attestation-root"), "{refused}");
    let EnrollmentError::Attestation(AttestationError::UnknownCa(name)) = refused else {
        panic!("{refused}")
    };
    assert_eq!(name, "CN=Test PIV Root CA");
}

#[test]
fn a_key_that_asks_for_too_little_is_refused_although_it_says_so() {
    let alice = alice();
    for (policies, pin_policy, touch_policy, reason) in [
        ([1, 2], PinPolicy::Never, TouchPolicy::Always, AttestationError::WeakPin(PinPolicy::Never)),
        ([4, 2], PinPolicy::MatchOnce, TouchPolicy::Always, AttestationError::WeakPin(PinPolicy::MatchOnce)),
        ([2, 1], PinPolicy::Once, TouchPolicy::Never, AttestationError::WeakTouch(TouchPolicy::Never)),
        ([3, 3], PinPolicy::Always, TouchPolicy::Cached, AttestationError::WeakTouch(TouchPolicy::Cached)),
    ] {
        let ca = TestCa::shared();
        let attested = ca.attest(&attestation_params(12_345_678, policies), &public_key(&alice.key));
        let attestation = [Certificate(attested), Certificate(ca.device_der.clone())];
        let claims = EnrollmentClaims { pin_policy, touch_policy, attestation, ..alice.claims.clone() };
        match verify(&alice.sign(&claims).to_json()) {
            Err(EnrollmentError::Attestation(found)) => assert_eq!(found, reason),
            other => panic!("{other:?}"),
        }
    }
}
