use std::str::from_utf8;

use super::*;
use crate::enrollment::testing::TestUser;

fn enrolled(issuer: &str, subject: &str, serial: u32) -> VerifiedEnrollment {
    TestUser::new(issuer, subject, serial).enrolled()
}

fn json(files: &[StaticFile], path: &str) -> serde_json::Value {
    let (_, bytes) = files.iter().find(|(file, _)| file == Path::new(path)).unwrap();
    assert!(bytes.ends_with(b"}\n"));
    serde_json::from_slice(bytes).unwrap()
}

const ALICE: &str = "https://id.example.com/alice";
const BOB: &str = "https://id.example.com/bob";

#[test]
fn nothing_makes_no_issuer() {
    assert_eq!(build(&[]), Err(IssuerError::Nothing));
}

#[test]
fn two_subjects_under_one_issuer_are_refused() {
    let error = build(&[enrolled(ALICE, "alice", 1), enrolled(ALICE, "mallory", 2)]).unwrap_err();
    assert_eq!(
        error,
        IssuerError::TwoSubjects {
            issuer: ALICE.parse().unwrap(),
            one: "alice".parse().unwrap(),
            other: "mallory".parse().unwrap(),
        }
    );
}

#[test]
fn a_key_is_enrolled_once() {
    let alice = TestUser::new(ALICE, "alice", 1);
    assert!(matches!(
        build(&[alice.enrolled(), alice.enrolled()]),
        Err(IssuerError::DuplicateKey { serial: 1, .. })
    ));
    // Not for another user either.
    let as_bob = EnrollmentClaims {
        issuer: BOB.parse().unwrap(),
        subject: "bob".parse().unwrap(),
        ..alice.claims.clone()
    };
    let as_bob = crate::enrollment::testing::verify(&alice.sign(&as_bob).to_json()).unwrap();
    assert!(matches!(build(&[alice.enrolled(), as_bob]), Err(IssuerError::DuplicateKey { .. })));
}

#[test]
fn issuers_that_one_folder_cannot_hold_are_refused() {
    let alice = enrolled(ALICE, "alice", 1);
    let elsewhere = enrolled("https://id.example.org/bob", "bob", 2);
    assert!(matches!(build(&[alice.clone(), elsewhere]), Err(IssuerError::TwoHosts { .. })));
    for path in [
        "https://id.example.com/Alice",
        "https://id.example.com/alice/jwks.json",
        "https://id.example.com/alice/.well-known/openid-configuration/x",
    ] {
        let other = enrolled(path, "bob", 2);
        assert!(matches!(build(&[alice.clone(), other]), Err(IssuerError::Overlap { .. })), "{path}");
    }
    build(&[alice.clone(), enrolled("https://id.example.com/alice/work", "alice-work", 2)]).unwrap();
    build(&[alice, enrolled("https://id.example.com", "root", 2)]).unwrap();
}

#[test]
fn each_person_gets_two_files() {
    let (alice, bob) = (enrolled(ALICE, "alice", 1), enrolled(BOB, "bob", 2));
    let files = build(&[bob, alice.clone()]).unwrap();
    let paths: Vec<_> = files.iter().map(|(path, _)| path.to_str().unwrap().replace('\\', "/")).collect();
    assert_eq!(
        paths,
        [
            "alice/.well-known/openid-configuration",
            "alice/jwks.json",
            "bob/.well-known/openid-configuration",
            "bob/jwks.json",
        ]
    );
    assert_eq!(
        json(&files, "alice/.well-known/openid-configuration"),
        serde_json::json!({
            "issuer": "https://id.example.com/alice",
            "jwks_uri": "https://id.example.com/alice/jwks.json",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "claims_supported": ["iss", "sub", "aud", "iat", "nbf", "exp", "jti", "amr"],
        })
    );
    let key = &alice.claims().public_key;
    let (x, y) = key.coordinates();
    assert_eq!(
        json(&files, "alice/jwks.json"),
        serde_json::json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": key.thumbprint(), "use": "sig", "alg": "ES256",
        }] })
    );
}

#[test]
fn an_issuer_at_the_root_has_its_files_there() {
    let files = build(&[enrolled("https://id.example.com", "alice", 1)]).unwrap();
    let paths: Vec<_> = files.iter().map(|(path, _)| path.to_str().unwrap().replace('\\', "/")).collect();
    assert_eq!(paths, [".well-known/openid-configuration", "jwks.json"]);
    let discovery = json(&files, ".well-known/openid-configuration");
    assert_eq!(discovery["jwks_uri"], "https://id.example.com/jwks.json");
}

#[test]
fn spare_keys_stand_side_by_side_and_order_does_not_matter() {
    let keys = [enrolled(ALICE, "alice", 1), enrolled(ALICE, "alice", 2), enrolled(ALICE, "alice", 3)];
    let [one, two, three] = keys.clone();
    let files = build(&keys).unwrap();
    assert_eq!(files, build(&[three, one, two]).unwrap());
    assert_eq!(json(&files, "alice/jwks.json")["keys"].as_array().unwrap().len(), 3);
    assert!(files.iter().all(|(_, bytes)| from_utf8(bytes).is_ok()));
}

#[test]
fn keys_that_a_build_would_take_away_are_named() {
    let document = |keys: &[(&str, &str)]| {
        let keys: Vec<_> =
            keys.iter().map(|(kid, x)| serde_json::json!({ "kid": kid, "x": x, "y": "y" })).collect();
        serde_json::json!({ "keys": keys }).to_string().into_bytes()
    };
    let both = document(&[("one", "1"), ("two", "2")]);
    let gone = |before: &[u8], after: &[u8]| removed_keys(before, after).unwrap();
    assert_eq!(gone(&both, &document(&[("two", "2")])), ["one"]);
    assert_eq!(gone(&both, &document(&[("one", "1"), ("two", "3")])), ["two"]);
    assert!(gone(&both, &document(&[("two", "2"), ("one", "1"), ("three", "3")])).is_empty());
    assert!(gone(b"{}", &both).is_empty());
    assert!(removed_keys(b"not JSON", &both).is_err());
}
