use std::collections::BTreeMap;
use std::io;

use serde_json::json;
use vouch_core::identity::Identity;

use super::*;
use crate::documents;
use crate::enrollment::testing::TestUser;

const ISSUER: &str = "https://id.example.com/alice";
const DISCOVERY: &str = "https://id.example.com/alice/.well-known/openid-configuration";
const KEYS: &str = "https://id.example.com/alice/jwks.json";

/// A web host with what `build` makes for alice and her spare.
struct Host {
    expected: Expected,
    pages: BTreeMap<String, FetchedDocument>,
}

fn page(json: &Value) -> FetchedDocument {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    FetchedDocument { status: 200, headers, body: json.to_string().into_bytes() }
}

impl Host {
    fn new() -> Self {
        let people =
            [TestUser::new(ISSUER, "alice", 1).enrolled(), TestUser::new(ISSUER, "alice", 2).enrolled()];
        let expected = Expected::of_enrollments(&people).unwrap().remove(0);
        let files = documents::build(&people).unwrap().into_iter().map(|(path, bytes)| {
            let url = format!("https://id.example.com/{}", path.display()).replace('\\', "/");
            (url, page(&serde_json::from_slice(&bytes).unwrap()))
        });
        Self { expected, pages: files.collect() }
    }

    fn page(&mut self, url: &str) -> &mut FetchedDocument {
        self.pages.get_mut(url).unwrap()
    }

    fn change(mut self, url: &str, change: impl FnOnce(&mut Value)) -> Self {
        let page = self.page(url);
        let mut json = serde_json::from_slice(&page.body).unwrap();
        change(&mut json);
        page.body = json.to_string().into_bytes();
        self
    }

    fn header(mut self, url: &str, name: &str, value: &str) -> Self {
        let headers = &mut self.page(url).headers;
        headers.retain(|(found, _)| found != name);
        headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn status(mut self, url: &str, status: u16) -> Self {
        self.page(url).status = status;
        self
    }

    fn findings(&self) -> Vec<Finding> {
        let missing = FetchedDocument { status: 404, headers: Vec::new(), body: Vec::new() };
        check(&self.expected, |url| Ok(self.pages.get(url).unwrap_or(&missing).clone()))
    }

    /// The codes, problems first.
    fn codes(&self) -> Vec<&'static str> {
        self.findings().iter().map(|finding| finding.code).collect()
    }
}

fn severity_of(host: &Host, code: &str) -> Severity {
    host.findings().iter().find(|finding| finding.code == code).unwrap().severity
}

#[test]
fn what_build_makes_is_as_it_should_be() {
    assert_eq!(Host::new().findings(), []);
}

#[test]
fn statuses_are_told_apart() {
    for (status, code) in
        [(301, "redirect"), (302, "redirect"), (308, "redirect"), (403, "forbidden"), (500, "status")]
    {
        assert_eq!(Host::new().status(KEYS, status).codes(), [code], "{status}");
        assert_eq!(Host::new().status(DISCOVERY, status).codes(), [code], "{status}");
    }
    let host = Host::new().status(DISCOVERY, 301).header(DISCOVERY, "location", "https://www.example.com/");
    assert!(host.findings()[0].message.contains("https://www.example.com/"));
    assert_eq!(Host::new().status(KEYS, 404).codes(), ["not-found"]);
}

#[test]
fn a_host_that_drops_folders_with_a_dot_is_named() {
    assert_eq!(Host::new().status(DISCOVERY, 404).codes(), ["dot-folder"]);
    let neither = Host::new().status(DISCOVERY, 404).status(KEYS, 404);
    assert_eq!(neither.codes(), ["not-found", "not-found"]);
}

#[test]
fn content_types_are_looked_at() {
    for kind in ["text/html", "application/octet-stream", "binary/octet-stream"] {
        let host = Host::new().header(DISCOVERY, "content-type", kind);
        assert_eq!(host.codes(), ["content-type"], "{kind}");
        assert_eq!(severity_of(&host, "content-type"), Severity::Warning);
    }
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/jwk-set+json"] {
        assert_eq!(Host::new().header(KEYS, "content-type", kind).codes(), [] as [&str; 0], "{kind}");
    }
    let mut host = Host::new();
    host.page(KEYS).headers.clear();
    assert_eq!(host.codes(), ["content-type"]);
}

#[test]
fn what_is_no_json_is_named() {
    for body in ["", "<html>", "[]", "{\"keys\": ["] {
        let mut host = Host::new();
        host.page(DISCOVERY).body = body.into();
        assert_eq!(host.codes(), ["not-json"], "{body}");
    }
}

#[test]
fn the_issuer_is_compared_byte_by_byte() {
    for (issuer, code) in [
        (json!("https://id.example.com/alice/"), "trailing-slash"),
        (json!("https://id.example.com/Alice"), "issuer"),
        (json!("http://id.example.com/alice"), "issuer"),
        (json!("https://id.example.com/bob"), "issuer"),
        (json!(null), "issuer"),
    ] {
        assert_eq!(
            Host::new().change(DISCOVERY, |json| json["issuer"] = issuer.clone()).codes(),
            [code],
            "{issuer}"
        );
    }
}

#[test]
fn members_that_aws_needs_are_missed() {
    for member in
        ["id_token_signing_alg_values_supported", "response_types_supported", "subject_types_supported"]
    {
        let host = Host::new().change(DISCOVERY, |json| json[member] = json!(["other"]));
        assert_eq!(host.codes(), ["discovery-member"], "{member}");
    }
}

#[test]
fn the_address_of_the_keys_is_looked_at() {
    let with = |uri: Value| Host::new().change(DISCOVERY, |json| json["jwks_uri"] = uri);
    assert_eq!(with(json!(null)).codes(), ["jwks-uri"]);
    assert_eq!(with(json!("http://id.example.com/alice/jwks.json")).codes(), ["jwks-uri"]);
    assert_eq!(with(json!("https://id.example.com:8443/alice/jwks.json")).codes(), ["jwks-uri"]);
    // It is followed, as AWS follows it.
    let mut elsewhere = with(json!("https://evil.example.net/jwks.json"));
    let keys = page(&json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "evil", "x": "x", "y": "y" }] }));
    elsewhere.pages.insert("https://evil.example.net/jwks.json".into(), keys);
    assert_eq!(elsewhere.codes(), ["foreign-keys", "missing-key", "missing-key", "extra-key"]);
}

#[test]
fn keys_that_aws_cannot_use_are_named() {
    for (member, value, code) in [
        ("key_ops", json!(["verify"]), "key-ops"),
        ("use", json!("enc"), "key-use"),
        ("alg", json!("ES384"), "key-type"),
        ("crv", json!("P-384"), "key-type"),
        ("d", json!("secret"), "private-key"),
    ] {
        let host = Host::new().change(KEYS, |json| json["keys"][0][member] = value);
        assert_eq!(host.codes(), [code], "{member}");
    }
    let nameless = Host::new().change(KEYS, |json| {
        json["keys"][0].as_object_mut().unwrap().remove("kid");
    });
    assert_eq!(nameless.codes(), ["no-kid", "other-kid", "extra-key"]);
    assert_eq!(Host::new().change(KEYS, |json| json["keys"] = json!(null)).codes(), ["no-keys"]);
    let empty = Host::new().change(KEYS, |json| json["keys"] = json!([]));
    assert_eq!(empty.codes(), ["no-keys", "missing-key", "missing-key"]);
    let many = Host::new().change(KEYS, |json| {
        let keys = json["keys"].as_array_mut().unwrap();
        keys.extend((0..99).map(|n| json!({ "kty": "EC", "crv": "P-256", "kid": n.to_string() })));
    });
    assert!(many.codes().contains(&"many-keys"));
}

#[test]
fn missing_other_and_extra_keys_are_told_apart() {
    let missing = Host::new().change(KEYS, |json| {
        json["keys"].as_array_mut().unwrap().remove(0);
    });
    assert_eq!(missing.codes(), ["missing-key"]);
    let swapped = Host::new().change(KEYS, |json| {
        json["keys"][0]["x"] = json["keys"][1]["x"].clone();
        json["keys"][0]["y"] = json["keys"][1]["y"].clone();
    });
    assert_eq!(swapped.codes(), ["other-key"]);
    let renamed = Host::new().change(KEYS, |json| json["keys"][0]["kid"] = json!("other"));
    assert_eq!(renamed.codes(), ["other-kid", "extra-key"]);
    // AWS takes the later of two with one name.
    let doubled = Host::new().change(KEYS, |json| {
        let mut key = json["keys"][0].clone();
        key["x"] = json["keys"][1]["x"].clone();
        json["keys"].as_array_mut().unwrap().push(key);
    });
    assert_eq!(doubled.codes(), ["duplicate-kid", "other-key"]);

    let extra = || {
        Host::new().change(KEYS, |json| {
            json["keys"].as_array_mut().unwrap().push(json!({ "kty": "EC", "crv": "P-256", "kid": "x" }));
        })
    };
    let host = extra();
    assert_eq!(host.codes(), ["extra-key"]);
    assert_eq!(severity_of(&host, "extra-key"), Severity::Problem);
    // Who knows the keys of one machine alone cannot tell.
    let mut host = extra();
    let ExpectedKeys::Exactly(keys) = host.expected.keys.clone() else { panic!("all are known") };
    host.expected.keys = ExpectedKeys::AtLeast(keys);
    assert_eq!(severity_of(&host, "extra-key"), Severity::Warning);
    host.expected.keys = ExpectedKeys::Any;
    assert_eq!(host.codes(), [] as [&str; 0]);
}

#[test]
fn caches_that_keep_too_long_are_named() {
    let host = Host::new().header(KEYS, "cache-control", "public, max-age=86400");
    assert_eq!(host.codes(), ["long-cache"]);
    assert_eq!(Host::new().header(KEYS, "cache-control", "max-age=300").codes(), [] as [&str; 0]);
    assert_eq!(Host::new().header(KEYS, "age", "0").codes(), [] as [&str; 0]);
    let stale = Host::new().header(KEYS, "age", "700").change(KEYS, |json| {
        json["keys"].as_array_mut().unwrap().remove(0);
    });
    assert_eq!(stale.codes(), ["missing-key", "cached"]);
    assert!(stale.findings()[0].message.contains("700 s old"));
}

#[test]
fn a_host_that_cannot_be_reached_is_asked_once() {
    let asked = std::cell::Cell::new(0);
    let findings = check(&Host::new().expected, |_| {
        asked.set(asked.get() + 1);
        let source = io::Error::from(io::ErrorKind::NotFound);
        Err(HttpError::Dns { host: "id.example.com".into(), source })
    });
    let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!((codes, asked.get()), (vec!["unreachable"], 1));
}

#[test]
fn a_certificate_that_is_not_trusted_is_named() {
    let findings = check(&Host::new().expected, |_| {
        let source = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        Err(HttpError::UnknownIssuer { host: "id.example.com".into(), source })
    });
    assert!(findings.iter().all(|finding| finding.code == "tls"));
}

#[test]
fn an_identity_expects_its_own_keys() {
    let host = Host::new();
    let ExpectedKeys::Exactly(keys) = &host.expected.keys else { panic!("all are known") };
    let enrolled = |key: &Key| vouch_core::identity::EnrolledKey {
        serial: key.serial,
        slot: "82".into(),
        kid: key.kid.clone(),
        public_key: key.public_key.clone(),
        other: serde_json::Map::default(),
    };
    let identity = Identity {
        issuer: ISSUER.parse().unwrap(),
        subject: "alice".parse().unwrap(),
        audience: "sts.amazonaws.com".into(),
        keys: keys.iter().map(enrolled).collect(),
        other: serde_json::Map::default(),
    };
    assert_eq!(
        Expected::of_identity(&identity),
        Expected { keys: ExpectedKeys::AtLeast(keys.clone()), ..host.expected.clone() }
    );
}
