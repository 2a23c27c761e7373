//! `vouch status`: every live token with its end, and an exit code for scripts.

use serde_json::Value;
use vouch_e2e::{Sandbox, in_sandbox};

fn tokens(sandbox: &Sandbox, code: i32) -> Vec<(String, String)> {
    let done = sandbox.vouch(&["status", "--json"]).done().expect_code(code);
    let told: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(told["session"]["active"], code == 0);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let tokens = told["tokens"].as_array().unwrap();
    tokens.iter().map(|token| (text(&token["domain"]), text(&token["expires_at"]))).collect()
}

fn fetch(sandbox: &Sandbox, flags: &[&str]) -> String {
    let done = sandbox.vouch(&["credential", "codeartifact", "--json"]).args(flags).ok();
    let told: Value = serde_json::from_str(&done.stdout).unwrap();
    told["expiration"].as_str().unwrap().to_owned()
}

#[test]
fn every_live_token_is_shown_with_its_end() {
    in_sandbox(&[], |sandbox| {
        // Without a session there is nothing to show, and a script can tell.
        assert_eq!(tokens(sandbox, 3), []);
        sandbox.enroll();
        sandbox.set_up_cargo();
        // A second domain, by a role that will be named for it alone. Before there is a session, so that nothing is proven.
        let reader = "arn:aws:iam::111111111111:role/CodeArtifactReader";
        let _ = sandbox.vouch(&["setup", "aws", "--role", reader, "--profile", "reader"]).ok();
        let shared = ["--domain", "shared-packages", "--domain-owner", "111111111111", "--profile", "shared"];
        let setup = ["setup", "codeartifact", "--tool", "cargo", "--repository", "cargo-store"];
        let _ = sandbox.vouch(&setup).args(shared).args(["--aws-profile", "vouch"]).ok();
        sandbox.log_in();
        assert_eq!(tokens(sandbox, 0), []);
        let first = fetch(sandbox, &["--profile", "default"]);
        assert_eq!(tokens(sandbox, 0), [("my-domain".to_owned(), first.clone())]);
        let second = fetch(sandbox, &["--profile", "shared", "--aws-profile", "reader"]);
        assert_eq!(
            tokens(sandbox, 0),
            [("my-domain".to_owned(), first), ("shared-packages".to_owned(), second)]
        );
        let shown = sandbox.vouch(&["status"]).ok().stdout;
        let rows: Vec<_> = shown.lines().filter(|line| line.starts_with("token")).collect();
        assert_eq!(rows.len(), 2, "{shown}");
        assert!(rows.iter().all(|row| row.contains(", until ")), "{shown}");

        // The same are told to outlive a logout.
        let _ = sandbox.vouch(&["logout"]).ok().says("my-domain").says("shared-packages");
        assert_eq!(tokens(sandbox, 3), []);
    });
}

#[test]
fn a_prompt_gets_a_word_or_nothing() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let none = sandbox.vouch(&["status", "--short"]).fails(3);
        assert_eq!((none.stdout.as_str(), none.stderr.as_str()), ("", ""));
        let _ = sandbox.vouch_with_pin(&["login", "--duration", "6h"]).ok();
        let shown = sandbox.vouch(&["status", "--short"]).ok().stdout;
        assert!(["vouch 5h59\n", "vouch 6h00\n"].contains(&shown.as_str()), "{shown}");
        let _ = sandbox.vouch_with_pin(&["login", "--duration", "45m"]).ok();
        let shown = sandbox.vouch(&["status", "--short"]).ok().stdout;
        assert!(["vouch 44m\n", "vouch 45m\n"].contains(&shown.as_str()), "{shown}");
        let _ = sandbox.vouch(&["status", "--short", "--json"]).fails(2);
    });
}
