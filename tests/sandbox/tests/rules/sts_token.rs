//! What STS wants of an ID token's form, claims and times, and what trust policies look at.

use serde_json::{Value, json};

use crate::support::*;

const INVALID: &str = "InvalidIdentityToken";
const DENIED: &str = "Not authorized to perform sts:AssumeRoleWithWebIdentity";

#[test]
fn something_that_is_no_jwt() {
    let scene = Scene::new();
    let good = token(&scene.alice, &claims());
    for bad in
        ["abcd", "aaaa.bbbb", "a.b.c", &format!("{good}."), &good.replace('.', ":"), &format!("{good}=")]
    {
        scene.assume(bad).is_sts_error(400, INVALID, "is not a valid JWT");
    }
}

#[test]
fn algorithms_that_anybody_could_sign_with() {
    let scene = Scene::new();
    for algorithm in ["none", "None", "HS256", "HS512", "PS256", "EdDSA", "ES256K"] {
        let header = json!({ "alg": algorithm, "kid": scene.alice.id });
        let answer = scene.assume(&token_with(&scene.alice, &header, &claims()));
        answer.is_sts_error(400, INVALID, "algorithm that is not supported");
    }
    let unsigned = format!("{}.{}.", base64url(r#"{"alg":"none"}"#), base64url(claims().to_string()));
    scene.assume(&unsigned).is_sts_error(400, INVALID, "algorithm");
    let header = json!({ "kid": scene.alice.id });
    scene.assume(&token_with(&scene.alice, &header, &claims())).is_sts_error(400, INVALID, "not a valid JWT");
}

#[test]
fn critical_headers_are_not_understood() {
    let scene = Scene::new();
    let header = json!({ "alg": "ES256", "kid": scene.alice.id, "crit": ["b64"], "b64": false });
    scene.assume(&token_with(&scene.alice, &header, &claims())).is_sts_error(400, INVALID, "critical");
}

#[test]
fn a_signature_by_another_key() {
    let scene = Scene::new();
    let stranger = Key::p256("alice-key");
    scene.assume(&token(&stranger, &claims())).is_sts_error(400, INVALID, "signature");
}

#[test]
fn claims_changed_after_signing() {
    let scene = Scene::new();
    let good = token(&scene.alice, &claims());
    let mut parts: Vec<&str> = good.split('.').collect();
    let mut changed = claims();
    changed["exp"] = json!(now() + 12 * 3600);
    let changed = base64url(changed.to_string());
    parts[1] = &changed;
    scene.assume(&parts.join(".")).is_sts_error(400, INVALID, "signature");
}

#[test]
fn an_ecdsa_signature_in_der() {
    let scene = Scene::new();
    scene.assume(&token_in_der(&scene.alice, &claims())).is_sts_error(400, INVALID, "signature");
}

#[test]
fn every_required_claim() {
    let scene = Scene::new();
    for claim in ["iss", "sub", "aud", "iat", "exp"] {
        let answer = scene.assume_with(|claims| drop(claims.as_object_mut().unwrap().remove(claim)));
        answer.is_sts_error(400, INVALID, &format!("Missing a required claim: {claim}"));
    }
    let without_nbf = scene.assume_with(|claims| drop(claims.as_object_mut().unwrap().remove("nbf")));
    assert_eq!(without_nbf.status(), 200);
}

#[test]
fn claims_of_the_wrong_type() {
    let scene = Scene::new();
    scene.assume_with(|claims| claims["sub"] = json!(7)).is_sts_error(400, INVALID, "claim sub");
    scene.assume_with(|claims| claims["sub"] = json!("")).is_sts_error(400, INVALID, "claim sub");
    scene.assume_with(|claims| claims["aud"] = json!(7)).is_sts_error(
        400,
        INVALID,
        "Incorrect token audience",
    );
    scene.assume_with(|claims| claims["aud"] = json!([7])).is_sts_error(
        400,
        INVALID,
        "Incorrect token audience",
    );
}

#[test]
fn an_issuer_without_provider() {
    let scene = Scene::new();
    for issuer in ["https://id.example.com/carol", "https://id.example.com/Alice", "https://evil.example"] {
        let answer = scene.assume_with(|claims| claims["iss"] = json!(issuer));
        let message = format!("No OpenIDConnect provider found in your account for {issuer}");
        answer.is_sts_error(400, INVALID, &message);
    }
}

#[test]
fn the_issuers_trailing_slash_counts() {
    let scene = Scene::new();
    let answer = scene.assume_with(|claims| claims["iss"] = json!(format!("{ALICE}/")));
    answer.is_sts_error(
        400,
        INVALID,
        "No OpenIDConnect provider found in your account for https://id.example.com/alice/",
    );
}

#[test]
fn an_issuer_with_a_port() {
    let scene = Scene::new();
    for issuer in ["https://id.example.com:8443/alice", "https://id.example.com:443/alice"] {
        let answer = scene.assume_with(|claims| claims["iss"] = json!(issuer));
        let message = format!("No OpenIDConnect provider found in your account for {issuer}");
        answer.is_sts_error(400, INVALID, &message);
    }
}

#[test]
fn times_have_to_be_whole_seconds() {
    let scene = Scene::new();
    for claim in ["iat", "nbf", "exp"] {
        let soon = now() as f64 + 60.5;
        scene.assume_with(|claims| claims[claim] = json!(soon)).is_sts_error(400, INVALID, "not an integer");
        let zero = format!("{}.0", now());
        let number: Value = serde_json::from_str(&zero).unwrap();
        scene.assume_with(|claims| claims[claim] = number).is_sts_error(400, INVALID, "not an integer");
        scene.assume_with(|claims| claims[claim] = json!(zero)).is_sts_error(400, INVALID, "not an integer");
        scene.assume_with(|claims| claims[claim] = json!("")).is_sts_error(400, INVALID, "not an integer");
        let digits = json!(claims()[claim].to_string());
        assert_eq!(scene.assume_with(|claims| claims[claim] = digits).status(), 200, "{claim}");
    }
}

#[test]
fn an_expired_token() {
    let scene = Scene::new();
    let answer = scene.assume_with(|claims| claims["exp"] = json!(now() - 301));
    answer.is_sts_error(400, "ExpiredTokenException", "Token expired: current date/time ");
    let graced = scene.assume_with(|claims| claims["exp"] = json!(now() - 290));
    assert_eq!(graced.status(), 200, "{}", graced.text());
}

#[test]
fn a_token_that_is_not_valid_yet() {
    let scene = Scene::new();
    for claim in ["nbf", "iat"] {
        let answer = scene.assume_with(|claims| claims[claim] = json!(now() + 310));
        answer.is_sts_error(400, INVALID, &format!("its {claim} claim is in the future"));
        assert_eq!(scene.assume_with(|claims| claims[claim] = json!(now() + 290)).status(), 200);
    }
}

#[test]
fn a_token_that_is_too_old() {
    let scene = Scene::new();
    let answer = scene.assume_with(|claims| claims["iat"] = json!(now() - 86_460));
    answer.is_sts_error(400, "ExpiredTokenException", "Token too old: 8646");
    assert_eq!(scene.assume_with(|claims| claims["iat"] = json!(now() - 86_340)).status(), 200);
}

#[test]
fn the_worlds_clock_decides() {
    let scene = Scene::new();
    scene.world.set_clock_skew(9 * 3600);
    scene.assume_with(|_| {}).is_sts_error(400, "ExpiredTokenException", "Token expired");
    scene.world.set_clock_skew(-600);
    scene.assume_with(|_| {}).is_sts_error(400, INVALID, "future");
}

#[test]
fn a_token_with_a_minute_left_gives_a_whole_role_session() {
    let scene = Scene::new();
    let answer = scene.assume_with(|claims| claims["exp"] = json!(now() + 60));
    let expires: jiff::Timestamp = answer.element("Expiration").parse().unwrap();
    assert!(expires.as_second() - now() > 3500);
}

#[test]
fn an_audience_that_the_provider_does_not_know() {
    let scene = Scene::new();
    let answer = scene.assume_with(|claims| claims["aud"] = json!("somebody.else"));
    answer.is_sts_error(400, INVALID, "Incorrect token audience");
}

#[test]
fn audiences_as_an_array() {
    let scene = Scene::new();
    let aud = "sts.amazonaws.com";
    assert_eq!(scene.assume_with(|claims| claims["aud"] = json!([aud])).status(), 200);
    scene.assume_with(|claims| claims["aud"] = json!([])).is_sts_error(400, INVALID, "required claim: aud");
    let two = json!([aud, "somebody.else"]);
    scene.assume_with(|claims| claims["aud"] = two.clone()).is_sts_error(400, INVALID, "required claim: azp");
    let answer = scene.assume_with(|claims| {
        claims["aud"] = two;
        claims["azp"] = json!(aud);
    });
    assert_eq!(answer.status(), 200);
}

#[test]
fn azp_decides_where_it_is_there() {
    let scene = Scene::new();
    let answer = scene.assume_with(|claims| claims["azp"] = json!("somebody.else"));
    answer.is_sts_error(400, INVALID, "Incorrect token audience");
}

#[test]
fn a_subject_that_the_role_does_not_trust() {
    let scene = Scene::new();
    scene.assume_with(|claims| claims["sub"] = json!("bob")).is_sts_error(403, "AccessDenied", DENIED);
    scene.assume_with(|claims| claims["sub"] = json!("Alice")).is_sts_error(403, "AccessDenied", DENIED);
}

#[test]
fn a_subject_that_the_roles_pattern_does_not_fit() {
    for (pattern, status) in [("al*", 200), ("al?ce", 200), ("Al*", 403), ("al", 403), ("*x", 403)] {
        let scene = Scene::changed(|config| {
            let trust = &mut config["accounts"][0]["roles"][0]["trust"][0];
            trust["sub"] = json!([]);
            trust["sub_like"] = json!([pattern]);
        });
        assert_eq!(scene.assume_with(|_| {}).status(), status, "{pattern}");
    }
}

#[test]
fn an_audience_that_the_role_does_not_trust() {
    let scene = Scene::changed(|world| {
        world["accounts"][0]["providers"][0]["client_ids"] = json!(["sts.amazonaws.com", "other"]);
    });
    scene.assume_with(|claims| claims["aud"] = json!("other")).is_sts_error(403, "AccessDenied", DENIED);
}

#[test]
fn a_provider_that_the_role_does_not_trust() {
    let scene = Scene::changed(|world| {
        let bob = json!({ "principal": { "federated": "https://id.example.com/bob" } });
        world["accounts"][0]["roles"][0]["trust"] = json!([bob]);
    });
    scene.assume_with(|_| {}).is_sts_error(403, "AccessDenied", DENIED);
}

#[test]
fn an_aws_principal_does_not_authorise_a_web_identity() {
    let scene = Scene::changed(|world| {
        world["accounts"][0]["roles"][0]["trust"] = json!([{ "principal": { "aws": "*" } }]);
    });
    scene.assume_with(|_| {}).is_sts_error(403, "AccessDenied", DENIED);
}

#[test]
fn a_role_that_the_token_does_not_list() {
    let scene = Scene::new();
    let name = "https://aws.amazon.com/roles";
    let other = "arn:aws:iam::123456789012:role/Other";
    scene.assume_with(|claims| claims[name] = json!([other])).is_sts_error(403, "AccessDenied", DENIED);
    assert_eq!(scene.assume_with(|claims| claims[name] = json!([other, ROLE])).status(), 200);
    assert_eq!(scene.assume_with(|claims| claims[name] = json!(format!("{other};{ROLE}"))).status(), 200);
}

#[test]
fn session_tags_need_their_own_action() {
    let tags = |claims: &mut Value| {
        claims["https://aws.amazon.com/tags"] = json!({ "principal_tags": { "team": ["a"] } });
    };
    let denied = "Not authorized to perform sts:TagSession";
    Scene::new().assume_with(tags).is_sts_error(403, "AccessDenied", denied);
    let scene =
        Scene::changed(|world| world["accounts"][0]["roles"][0]["trust"][0]["tag_session"] = json!(true));
    assert_eq!(scene.assume_with(tags).status(), 200);
}

#[test]
fn a_source_identity_needs_its_own_action() {
    let source = |claims: &mut Value| claims["https://aws.amazon.com/source_identity"] = json!("alice");
    let denied = "Not authorized to perform sts:SetSourceIdentity";
    Scene::new().assume_with(source).is_sts_error(403, "AccessDenied", denied);
    let scene = Scene::changed(|world| {
        world["accounts"][0]["roles"][0]["trust"][0]["set_source_identity"] = json!(true);
    });
    assert_eq!(scene.assume_with(source).status(), 200);
}
