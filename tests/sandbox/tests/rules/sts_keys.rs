//! How STS finds an issuer's key: the two documents, and which keys of the set count.

use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::*;

const NO_KEY: &str = "Couldn't retrieve verification key from your identity provider";

#[track_caller]
fn finds_no_key(answer: &Answer) {
    answer.is_sts_error(400, "InvalidIdentityToken", NO_KEY);
}

fn with_jwks(scene: &Scene, keys: Value) -> Answer {
    scene.publish(&json!({ "keys": keys }));
    scene.assume_with(|_| {})
}

/// Alice's key with one more member.
fn jwk(key: &Key, name: &str, value: Value) -> Value {
    let mut jwk = key.jwk();
    jwk[name] = value;
    jwk
}

#[test]
fn documents_that_are_missing_or_broken() {
    let scene = Scene::new();
    std::fs::remove_file(scene.site.path().join("alice/jwks.json")).unwrap();
    finds_no_key(&scene.assume_with(|_| {}));
    for broken in [json!("{"), json!({}), json!({ "keys": {} }), json!([])] {
        scene.publish(&broken);
        finds_no_key(&scene.assume_with(|_| {}));
    }
    let path = "alice/.well-known/openid-configuration";
    scene.publish(&json!({ "keys": [scene.alice.jwk()] }));
    scene.write(path, &json!("not json"));
    finds_no_key(&scene.assume_with(|_| {}));
    std::fs::remove_file(scene.site.path().join(path)).unwrap();
    finds_no_key(&scene.assume_with(|_| {}));
}

#[test]
fn a_discovery_document_of_another_issuer() {
    let scene = Scene::new();
    for issuer in ["https://id.example.com/bob", "https://id.example.com/alice/"] {
        let mut document = discovery(ALICE);
        document["issuer"] = json!(issuer);
        scene.write("alice/.well-known/openid-configuration", &document);
        finds_no_key(&scene.assume_with(|_| {}));
    }
}

#[test]
fn a_key_set_that_is_not_on_https() {
    let scene = Scene::new();
    for uri in [
        "http://id.example.com/alice/jwks.json",
        "https://id.example.com:8443/alice/jwks.json",
        "https://elsewhere.example/alice/jwks.json",
        "file:///alice/jwks.json",
        "/alice/jwks.json",
    ] {
        let mut document = discovery(ALICE);
        document["jwks_uri"] = json!(uri);
        scene.write("alice/.well-known/openid-configuration", &document);
        finds_no_key(&scene.assume_with(|_| {}));
    }
}

#[test]
fn faults_of_the_issuer_host_reach_sts() {
    static SEEN: AtomicU32 = AtomicU32::new(0);
    let scene = Scene::new();
    scene.world.on_issuer_fetch(|request| {
        assert_eq!(request.host, "id.example.com");
        SEEN.fetch_add(1, Ordering::Relaxed);
        let mut response = http::Response::new(bytes::Bytes::new());
        *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
        Some(response)
    });
    finds_no_key(&scene.assume_with(|_| {}));
    assert_eq!(SEEN.load(Ordering::Relaxed), 1);
    assert_eq!(scene.world.stats()["issuer"]["discovery"], 1);
}

#[test]
fn a_key_id_that_is_not_in_the_set() {
    let scene = Scene::new();
    let header = json!({ "alg": "ES256", "kid": "other" });
    finds_no_key(&scene.assume(&token_with(&scene.alice, &header, &claims())));
}

#[test]
fn a_key_without_id() {
    let scene = Scene::new();
    let mut jwk = scene.alice.jwk();
    jwk.as_object_mut().unwrap().remove("kid");
    scene.publish(&json!({ "keys": [jwk] }));
    finds_no_key(&scene.assume_with(|_| {}));
    finds_no_key(&scene.assume(&token_with(&scene.alice, &json!({ "alg": "ES256" }), &claims())));
}

#[test]
fn a_token_without_key_id_needs_a_set_of_one() {
    let scene = Scene::new();
    let token = token_with(&scene.alice, &json!({ "alg": "ES256" }), &claims());
    assert_eq!(scene.assume(&token).status(), 200);
    let other = Key::p256("other");
    scene.publish(&json!({ "keys": [scene.alice.jwk(), other.jwk()] }));
    finds_no_key(&scene.assume(&token));
    let unusable = jwk(&other, "use", json!("enc"));
    scene.publish(&json!({ "keys": [scene.alice.jwk(), unusable] }));
    assert_eq!(scene.assume(&token).status(), 200);
}

#[test]
fn any_key_ops_spoil_a_key() {
    let scene = Scene::new();
    for operations in [json!(["verify"]), json!(["sign"]), json!([])] {
        finds_no_key(&with_jwks(&scene, json!([jwk(&scene.alice, "key_ops", operations)])));
    }
}

#[test]
fn a_key_for_something_else_than_signatures() {
    let scene = Scene::new();
    finds_no_key(&with_jwks(&scene, json!([jwk(&scene.alice, "use", json!("enc"))])));
    assert_eq!(with_jwks(&scene, json!([jwk(&scene.alice, "use", json!("sig"))])).status(), 200);
}

#[test]
fn the_later_of_two_keys_with_one_id() {
    let scene = Scene::new();
    let other = Key::p256("alice-key");
    let answer = with_jwks(&scene, json!([scene.alice.jwk(), other.jwk()]));
    answer.is_sts_error(400, "InvalidIdentityToken", "signature");
    assert_eq!(with_jwks(&scene, json!([other.jwk(), scene.alice.jwk()])).status(), 200);
}

#[test]
fn the_keys_own_algorithm_does_not_matter() {
    let scene = Scene::new();
    assert_eq!(with_jwks(&scene, json!([jwk(&scene.alice, "alg", json!("ES384"))])).status(), 200);
}

#[test]
fn a_key_of_another_type_than_the_header_says() {
    let scene = Scene::new();
    let rsa = Key::rsa("alice-key");
    finds_no_key(&with_jwks(&scene, json!([rsa.jwk()])));
    let header = json!({ "alg": "ES384", "kid": "alice-key" });
    scene.publish(&json!({ "keys": [scene.alice.jwk()] }));
    finds_no_key(&scene.assume(&token_with(&scene.alice, &header, &claims())));
}

#[test]
fn keys_with_broken_numbers() {
    let scene = Scene::new();
    for (name, value) in
        [("x", json!("AAAA")), ("y", json!("***")), ("crv", json!("P-521")), ("kty", json!("OKP"))]
    {
        finds_no_key(&with_jwks(&scene, json!([jwk(&scene.alice, name, value)])));
    }
}

#[test]
fn every_algorithm_that_is_verified() {
    let scene = Scene::new();
    let (rsa, p384) = (Key::rsa("rsa"), Key::p384("p384"));
    scene.publish(&json!({ "keys": [scene.alice.jwk(), rsa.jwk(), p384.jwk()] }));
    assert_eq!(scene.assume(&token(&scene.alice, &claims())).status(), 200);
    assert_eq!(scene.assume(&token(&p384, &claims())).status(), 200);
    for algorithm in ["RS256", "RS384", "RS512"] {
        let header = json!({ "alg": algorithm, "kid": "rsa" });
        let answer = scene.assume(&token_with(&rsa, &header, &claims()));
        assert_eq!(answer.status(), 200, "{algorithm}: {}", answer.text());
    }
}

#[test]
fn more_than_a_hundred_rsa_keys() {
    let scene = Scene::new();
    let rsa = Key::rsa("rsa");
    let mut keys = vec![scene.alice.jwk(), rsa.jwk()];
    keys.extend((0..99).map(|n| jwk(&rsa, "kid", json!(format!("more-{n}")))));
    scene.publish(&json!({ "keys": keys }));
    assert_eq!(scene.assume(&token(&rsa, &claims())).status(), 200);
    keys.push(jwk(&rsa, "kid", json!("one-too-many")));
    scene.publish(&json!({ "keys": keys }));
    finds_no_key(&scene.assume(&token(&rsa, &claims())));
    assert_eq!(scene.assume_with(|_| {}).status(), 200, "tokens by EC keys do not suffer");
}

#[test]
fn more_than_a_hundred_ec_keys() {
    let scene = Scene::new();
    let mut keys = vec![scene.alice.jwk()];
    keys.extend((0..100).map(|n| jwk(&scene.alice, "kid", json!(format!("more-{n}")))));
    finds_no_key(&with_jwks(&scene, json!(keys)));
}

fn certificate(key: &Key) -> Value {
    let document = rcgen::KeyPair::try_from(key.pkcs8()).unwrap();
    let certificate =
        rcgen::CertificateParams::new(vec!["alice".into()]).unwrap().self_signed(&document).unwrap();
    json!([base64::engine::general_purpose::STANDARD.encode(certificate.der())])
}

#[test]
fn a_certificate_has_to_hold_the_same_key() {
    let scene = Scene::new();
    let own = certificate(&scene.alice);
    assert_eq!(with_jwks(&scene, json!([jwk(&scene.alice, "x5c", own.clone())])).status(), 200);
    let others = certificate(&Key::p256("other"));
    finds_no_key(&with_jwks(&scene, json!([jwk(&scene.alice, "x5c", others)])));
    let alone = json!([{ "kty": "EC", "kid": "alice-key", "x5c": own }]);
    finds_no_key(&with_jwks(&scene, alone));
}

#[test]
fn an_rsa_keys_certificate_has_to_hold_the_same_numbers() {
    let scene = Scene::new();
    let rsa = Key::rsa("rsa");
    let sent = |jwk: Value| {
        scene.publish(&json!({ "keys": [jwk] }));
        scene.assume(&token(&rsa, &claims()))
    };
    assert_eq!(sent(jwk(&rsa, "x5c", certificate(&rsa))).status(), 200);
    finds_no_key(&sent(jwk(&rsa, "x5c", certificate(&scene.alice))));
    finds_no_key(&sent(json!({ "kty": "RSA", "kid": "rsa", "x5c": certificate(&rsa) })));
}
