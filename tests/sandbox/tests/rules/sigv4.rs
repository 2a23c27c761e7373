//! Signature Version 4, as the CodeArtifact control plane checks it.

use http::Method;
use vouch_sandbox::services::sigv4::{Scope, signature};

use crate::support::*;

const INVALID: &str = "InvalidSignatureException";
const QUERY: &str = "domain=my-domain&duration=3600";

fn token_request() -> vouch_sandbox::http::Request {
    post(CODEARTIFACT, "/v1/authorization-token", Some(QUERY), "")
}

/// Signs with these settings and sends.
fn signed(scene: &Scene, change: impl FnOnce(&mut Sign)) -> Answer {
    let mut sign = Sign::codeartifact(CODEARTIFACT);
    change(&mut sign);
    scene.send(&sign.sign(token_request(), &scene.credentials()))
}

/// Signs, then changes what is sent.
fn tampered(scene: &Scene, change: impl FnOnce(&mut vouch_sandbox::http::Request)) -> Answer {
    let mut request = Sign::codeartifact(CODEARTIFACT).sign(token_request(), &scene.credentials());
    change(&mut request);
    scene.send(&request)
}

#[test]
fn a_good_signature() {
    assert_eq!(signed(&Scene::new(), |_| {}).status(), 200);
}

#[test]
fn no_signature() {
    let scene = Scene::new();
    scene.send(&token_request()).is_json_error(403, "MissingAuthenticationTokenException", "Missing");
    let basic = with_header(token_request(), "authorization", "Basic YXdzOng=");
    scene.send(&basic).is_json_error(403, "MissingAuthenticationTokenException", "");
}

#[test]
fn an_incomplete_authorization_header() {
    let scene = Scene::new();
    for (value, message) in [
        (
            "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/codeartifact/aws4_request, Signature=x",
            "SignedHeaders",
        ),
        ("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=x", "Credential"),
        ("AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host", "Signature"),
        ("AWS4-HMAC-SHA256 Credential=a/b/c/aws4_request, SignedHeaders=host, Signature=x", "Credential"),
        ("AWS4-HMAC-SHA512 Credential=a", "algorithm"),
    ] {
        let request = with_header(token_request(), "authorization", value);
        scene.send(&request).is_json_error(403, "IncompleteSignatureException", message);
    }
}

#[test]
fn the_host_has_to_be_signed() {
    let answer = signed(&Scene::new(), |sign| sign.unsigned = "host");
    answer.is_json_error(
        403,
        "IncompleteSignatureException",
        "'Host' or ':authority' must be a 'SignedHeader'",
    );
}

#[test]
fn aws_headers_have_to_be_signed() {
    for name in ["x-amz-date", "x-amz-security-token"] {
        let answer = signed(&Scene::new(), |sign| sign.unsigned = name);
        answer.is_json_error(
            403,
            "IncompleteSignatureException",
            &format!("'{name}' must be a 'SignedHeader'"),
        );
    }
    let added = tampered(&Scene::new(), |request| {
        drop(request.headers.insert("x-amz-extra", http::HeaderValue::from_static("1")))
    });
    added.is_json_error(403, "IncompleteSignatureException", "'x-amz-extra'");
}

#[test]
fn a_signed_header_that_was_not_sent() {
    let answer = tampered(&Scene::new(), |request| drop(request.headers.remove("x-amz-security-token")));
    answer.is_json_error(403, "IncompleteSignatureException", "'x-amz-security-token'");
}

#[test]
fn the_date_has_to_be_there_and_right() {
    let scene = Scene::new();
    let set = |value: &'static str| {
        tampered(&scene, |request| {
            drop(request.headers.insert("x-amz-date", http::HeaderValue::from_static(value)))
        })
    };
    set("2026-01-31T12:00:00Z").is_json_error(403, "IncompleteSignatureException", "ISO-8601");
    set("20200131T120000Z").is_json_error(403, INVALID, "Date in Credential scope does not match");
    let sign = Sign::codeartifact(CODEARTIFACT);
    let mut request = sign.sign(token_request(), &scene.credentials());
    let value = request.headers["authorization"].to_str().unwrap().replace("x-amz-date;", "");
    request = with_header(request, "authorization", &value);
    request.headers.remove("x-amz-date");
    scene.send(&request).is_json_error(403, "IncompleteSignatureException", "X-Amz-Date");
}

#[test]
fn a_signature_that_is_too_old_or_too_new() {
    let scene = Scene::new();
    signed(&scene, |sign| sign.time -= 310).is_json_error(403, INVALID, "Signature expired: ");
    signed(&scene, |sign| sign.time += 310).is_json_error(403, INVALID, "Signature not yet current: ");
    assert_eq!(signed(&scene, |sign| sign.time -= 290).status(), 200);
    assert_eq!(signed(&scene, |sign| sign.time += 290).status(), 200);
}

#[test]
fn the_worlds_clock_decides_and_tells_the_client() {
    let scene = Scene::new();
    let request = Sign::codeartifact(CODEARTIFACT).sign(token_request(), &scene.credentials());
    scene.world.set_clock_skew(1800);
    let answer = scene.send(&request);
    answer.is_json_error(403, INVALID, "Signature expired: ");
    let date = jiff::fmt::rfc2822::parse(answer.header("date")).unwrap();
    assert!((date.timestamp().as_second() - now() - 1800).abs() <= 2);
}

#[test]
fn the_scope_has_to_name_region_and_service() {
    let scene = Scene::new();
    signed(&scene, |sign| sign.region = "eu-west-1".into()).is_json_error(403, INVALID, "valid region");
    signed(&scene, |sign| sign.service = "sts").is_json_error(
        403,
        INVALID,
        "correct service: 'codeartifact'",
    );
}

#[test]
fn an_access_key_that_does_not_exist() {
    let scene = Scene::new();
    let mut credentials = scene.credentials();
    credentials.access_key_id = "ASIAAAAAAAAAAAAAAAAA".into();
    let request = Sign::codeartifact(CODEARTIFACT).sign(token_request(), &credentials);
    scene.send(&request).is_json_error(403, "UnrecognizedClientException", "invalid");
}

#[test]
fn a_session_token_that_is_missing_or_of_another_session() {
    let scene = Scene::new();
    for token in [None, scene.credentials().session_token] {
        let credentials = Credentials { session_token: token, ..scene.credentials() };
        let request = Sign::codeartifact(CODEARTIFACT).sign(token_request(), &credentials);
        scene.send(&request).is_json_error(403, "UnrecognizedClientException", "invalid");
    }
}

#[test]
fn another_secret() {
    let scene = Scene::new();
    let credentials = Credentials { secret: scene.credentials().secret, ..scene.credentials() };
    let request = Sign::codeartifact(CODEARTIFACT).sign(token_request(), &credentials);
    scene.send(&request).is_json_error(403, INVALID, "does not match the signature you provided");
}

#[test]
fn anything_changed_after_signing() {
    let scene = Scene::new();
    let mismatch =
        |answer: Answer| answer.is_json_error(403, INVALID, "does not match the signature you provided");
    mismatch(tampered(&scene, |request| request.query = Some("domain=my-domain&duration=43200".into())));
    mismatch(tampered(&scene, |request| request.query = Some(format!("{QUERY}&extra"))));
    mismatch(tampered(&scene, |request| request.body = "x".into()));
    mismatch(tampered(&scene, |request| {
        request
            .headers
            .insert("host", http::HeaderValue::from_static("codeartifact.us-east-2.amazonaws.com"));
    }));
    mismatch(tampered(&scene, |request| {
        let value = request.headers["authorization"].to_str().unwrap();
        let cut = &value[..value.len() - 1];
        let last = if value.ends_with('0') { '1' } else { '0' };
        *request = with_header(request.clone(), "authorization", &format!("{cut}{last}"));
    }));
}

#[test]
fn a_body_hash_that_is_not_the_bodys() {
    let scene = Scene::new();
    let request = with_header(token_request(), "x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    let request = Sign::codeartifact(CODEARTIFACT).sign(request, &scene.credentials());
    scene.send(&request).is_json_error(403, INVALID, "does not match");
}

#[test]
fn expired_credentials() {
    let scene = Scene::new();
    let credentials = scene.credentials();
    scene.world.set_clock_skew(3601);
    let sign = Sign { time: now() + 3601, ..Sign::codeartifact(CODEARTIFACT) };
    let answer = scene.send(&sign.sign(token_request(), &credentials));
    answer.is_json_error(
        403,
        "ExpiredTokenException",
        "The security token included in the request is expired",
    );
}

#[test]
fn the_order_of_the_query_does_not_matter_on_the_wire() {
    let answer =
        tampered(&Scene::new(), |request| request.query = Some("duration=3600&domain=my-domain".into()));
    assert_eq!(answer.status(), 200);
}

const EXAMPLE_SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const EXAMPLE_TIME: &str = "20150830T123600Z";

/// Signs a request of AWS's published test suite.
fn suite(method: Method, path: &str, query: Option<&str>, headers: &[(&str, &str)]) -> String {
    let mut example = request(method, "example.amazonaws.com", path, query, "");
    for (name, value) in headers {
        let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
        example.headers.append(name, http::HeaderValue::from_str(value).unwrap());
    }
    example = with_header(example, "x-amz-date", EXAMPLE_TIME);
    let mut names: Vec<&str> = example.headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    let scope = Scope { date: "20150830", region: "us-east-1", service: "service" };
    signature(EXAMPLE_SECRET, &example, &names, EXAMPLE_TIME, scope)
}

#[test]
fn published_test_vectors() {
    let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    assert_eq!(suite(Method::GET, "/", None, &[]), vanilla);
    let post = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
    assert_eq!(suite(Method::POST, "/", None, &[]), post);
    let ordered = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500";
    assert_eq!(suite(Method::GET, "/", Some("Param2=value2&Param1=value1"), &[]), ordered);
    let trimmed = "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736";
    assert_eq!(
        suite(Method::GET, "/", None, &[("my-header1", " value1"), ("my-header2", "  \"a   b   c\"")]),
        trimmed
    );
    for (path, vanilla) in [("/example/..", vanilla), ("/.", vanilla), ("//", vanilla), ("/./", vanilla)] {
        assert_eq!(suite(Method::GET, path, None, &[]), vanilla, "{path}");
    }
}

/// The worked example of AWS's general reference: IAM's ListUsers.
#[test]
fn published_worked_example() {
    let host = "iam.amazonaws.com";
    let list = get(host, "/?Action=ListUsers&Version=2010-05-08");
    let list = with_header(list, "content-type", "application/x-www-form-urlencoded; charset=utf-8");
    let list = with_header(list, "x-amz-date", EXAMPLE_TIME);
    let scope = Scope { date: "20150830", region: "us-east-1", service: "iam" };
    let names = ["content-type", "host", "x-amz-date"];
    assert_eq!(
        signature(EXAMPLE_SECRET, &list, &names, EXAMPLE_TIME, scope),
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    );
}
