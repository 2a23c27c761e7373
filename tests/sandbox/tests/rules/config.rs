//! The world's JSON description.

use serde_json::{Value, json};
use vouch_sandbox::world::Config;

fn default() -> Value {
    serde_json::to_value(Config::default()).unwrap()
}

#[track_caller]
fn refused(change: impl FnOnce(&mut Value), message: &str) {
    let mut config = default();
    change(&mut config);
    let error = Config::parse(&config.to_string()).unwrap_err();
    assert!(error.contains(message), "{error}");
}

#[test]
fn the_default_world_reads_back() {
    assert!(Config::parse(&default().to_string()).is_ok());
}

#[test]
fn a_small_world_needs_little() {
    let config = Config::parse(r#"{ "accounts": [{ "id": "123456789012" }] }"#).unwrap();
    assert_eq!(config.issuer_hosts, ["id.example.com"]);
    assert_eq!(config.accounts[0].partition, "aws");
}

#[test]
fn the_documented_example_is_one() {
    let rules = include_str!("../../RULES.md");
    let (_, rest) = rules.split_once("```json\n").unwrap();
    let config = Config::parse(rest.split_once("```").unwrap().0).unwrap();
    assert!(!config.accounts[0].roles[0].permissions.is_empty());
}

#[test]
fn a_trust_in_github_names_an_owner() {
    let github = "https://token.actions.githubusercontent.com";
    let trust = |sub: &[&str], like: &[&str]| json!([{ "principal": { "federated": github }, "aud": ["sts.amazonaws.com"], "sub": sub, "sub_like": like }]);
    for (sub, like) in [
        (&[][..], &[][..]),
        (&["*"], &[]),
        (&[], &["*"]),
        (&[], &["repo:*"]),
        (&[], &["repo:*/app:*"]),
        (&[], &["repo:acm?/app:*"]),
        (&[], &["repo:acme/app:*", "*"]),
        (&[], &["repo:/app:*"]),
    ] {
        let trust = trust(sub, like);
        refused(|world| world["accounts"][0]["roles"][0]["trust"] = trust, "MalformedPolicyDocument");
    }
    for (sub, like) in [(&["repo:acme/app:environment:x"][..], &[][..]), (&[], &["repo:acme/*"])] {
        let mut config = default();
        config["accounts"][0]["roles"][0]["trust"] = trust(sub, like);
        assert!(Config::parse(&config.to_string()).is_ok());
    }
}

#[test]
fn worlds_that_cannot_be() {
    refused(|world| world["accounts"][0]["id"] = json!("1234"), "twelve digits");
    refused(|world| world["accounts"][1]["id"] = json!("123456789012"), "twice");
    refused(|world| world["accounts"][0]["partition"] = json!("aws-moon"), "aws-moon");
    refused(|world| world["accounts"][0]["domains"][0]["region"] = json!("cn-north-1"), "cannot exist");
    refused(|world| world["accounts"][0]["domains"][0]["name"] = json!("My"), "cannot exist");
    refused(|world| world["accounts"][0]["domains"][0]["repositories"] = json!(["-"]), "repository -");
    refused(|world| world["accounts"][0]["roles"][0]["max_session_duration"] = json!(900), "3600 to 43200");
    refused(|world| world["regions"] = json!(["moon-1"]), "moon-1");
    refused(
        |world| world["cargo_registries"][0]["crates"][0]["version"] = json!("1"),
        "crate public-greeting 1",
    );
    refused(|world| world["accounts"][0]["rolls"] = json!([]), "unknown field `rolls`");
    for issuer in
        ["http://id.example.com", "https://id.example.com:8443", "https://id.example.com?x", "https://"]
    {
        refused(
            |world| world["accounts"][0]["providers"][0]["issuer"] = json!(issuer),
            "IAM takes no provider",
        );
    }
}

#[test]
fn a_file_that_is_not_there_or_not_json() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("world.json");
    assert!(Config::load(&file).unwrap_err().contains("world.json"));
    std::fs::write(&file, "{\n  \"accounts\": [,]\n}").unwrap();
    assert!(Config::load(&file).unwrap_err().contains("line 2"));
    std::fs::write(&file, default().to_string()).unwrap();
    assert!(Config::load(&file).is_ok());
}
