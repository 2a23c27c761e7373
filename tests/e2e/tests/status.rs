//! `vouch status`: every live token with its end, and an exit code for scripts.

use serde_json::Value;
use vouch_e2e::{Bed, in_sandbox};

fn tokens(bed: &Bed, code: i32) -> Vec<(String, String)> {
    let done = bed.vouch(&["status", "--json"]).done().expect_code(code);
    let told: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(told["session"]["active"], code == 0);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let tokens = told["tokens"].as_array().unwrap();
    tokens.iter().map(|token| (text(&token["domain"]), text(&token["expires_at"]))).collect()
}

fn fetch(bed: &Bed, flags: &[&str]) -> String {
    let done = bed.vouch(&["credential", "codeartifact", "--json"]).args(flags).ok();
    let told: Value = serde_json::from_str(&done.stdout).unwrap();
    told["expiration"].as_str().unwrap().to_owned()
}

#[test]
fn every_live_token_is_shown_with_its_end() {
    in_sandbox(&[], |bed| {
        // Without a session there is nothing to show, and a script can tell.
        assert_eq!(tokens(bed, 3), []);
        bed.ready();
        assert_eq!(tokens(bed, 0), []);
        let first = fetch(bed, &[]);
        assert_eq!(tokens(bed, 0), [("my-domain".to_owned(), first.clone())]);

        // A second domain, by the role that was named for it alone.
        let reader = "arn:aws:iam::111111111111:role/CodeArtifactReader";
        let _ = bed.vouch(&["setup", "aws", "--role", reader, "--profile", "reader"]).ok();
        let shared = ["--domain", "shared-packages", "--domain-owner", "111111111111", "--profile", "shared"];
        let setup = ["setup", "codeartifact", "--tool", "cargo", "--repository", "cargo-store"];
        let _ = bed.vouch(&setup).args(shared).args(["--aws-profile", "vouch"]).ok();
        let second = fetch(bed, &["--profile", "shared", "--aws-profile", "reader"]);
        assert_eq!(tokens(bed, 0), [("my-domain".to_owned(), first), ("shared-packages".to_owned(), second)]);
        let shown = bed.vouch(&["status"]).ok().stdout;
        let rows: Vec<_> = shown.lines().filter(|line| line.starts_with("token")).collect();
        assert_eq!(rows.len(), 2, "{shown}");
        assert!(rows.iter().all(|row| row.contains(", until ")), "{shown}");

        // The same are told to outlive a logout.
        let _ = bed.vouch(&["logout"]).ok().says("my-domain").says("shared-packages");
        assert_eq!(tokens(bed, 3), []);
    });
}
