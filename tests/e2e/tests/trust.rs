//! Whose sessions AWS takes: enrollment, publication and exchange, by Vouch's own commands alone.

use std::thread;
use std::time::Duration;

use vouch_e2e::{CommandOutput, MY_DOMAIN, Sandbox, in_sandbox};

const ALICE: [&str; 5] = ["enroll", "--issuer", "https://id.example.com/alice", "--subject", "alice"];
const FIRST: [&str; 2] = ["--serial", "12345678"];
const SPARE: [&str; 4] = ["--serial", "12345679", "--out", "spare.json"];

/// `body` on both firmwares, each with two cards.
fn with_two_cards(body: impl Fn(&Sandbox)) {
    for firmware in ["5.7.1", "5.4.3"] {
        in_sandbox(&["--firmware", firmware, "--cards", "2"], &body);
    }
}

/// Alice with a role, her first card enrolled and published.
fn enrolled(sandbox: &Sandbox) {
    let _ = sandbox.vouch_with_pin(&ALICE).args(FIRST).ok();
    sandbox.publish(&["enrollment.json"]);
    let _ = sandbox.vouch(&["setup", "aws", "--role", "arn:aws:iam::123456789012:role/CodeArtifact"]).ok();
}

/// A new session of a card, and an exchange with it.
fn exchange(sandbox: &Sandbox, serial: &str) -> CommandOutput {
    let _ = sandbox.vouch_with_pin(&["login", "--serial", serial]).ok();
    // A failure is told to those who came with it, not to who tries again.
    thread::sleep(Duration::from_millis(1500));
    sandbox.vouch(&["credential", "codeartifact"]).args(MY_DOMAIN).done()
}

#[test]
fn an_enrolled_key_and_its_spare_are_taken_and_a_removed_one_is_not() {
    with_two_cards(|sandbox| {
        enrolled(sandbox);
        let _ = exchange(sandbox, "12345678").expect_code(0);
        let _ = sandbox.vouch_with_pin(&ALICE).args(SPARE).ok();
        let _ = exchange(sandbox, "12345679").expect_code(5).says("InvalidIdentityToken");
        sandbox.publish(&["enrollment.json", "spare.json"]);
        let _ = exchange(sandbox, "12345679").expect_code(0);
        let _ = exchange(sandbox, "12345678").expect_code(0);
        sandbox.publish(&["spare.json"]);
        let _ = exchange(sandbox, "12345678").expect_code(5).says("InvalidIdentityToken");
        let _ = exchange(sandbox, "12345679").expect_code(0);
    });
}

#[test]
fn another_audience_is_not_taken() {
    in_sandbox(&["--cards", "2"], |sandbox| {
        enrolled(sandbox);
        let config = sandbox.read(".vouch/config.json");
        sandbox.write(".vouch/config.json", &config.replace("sts.amazonaws.com", "other.example.com"));
        let _ = exchange(sandbox, "12345678").expect_code(6).says("audience");
    });
}

#[test]
fn another_subject_is_not_taken() {
    in_sandbox(&["--cards", "2"], |sandbox| {
        let mallory = ["enroll", "--issuer", "https://id.example.com/alice", "--subject", "mallory"];
        let _ = sandbox.vouch_with_pin(&mallory).args(FIRST).ok();
        sandbox.publish(&["enrollment.json"]);
        let _ =
            sandbox.vouch(&["setup", "aws", "--role", "arn:aws:iam::123456789012:role/CodeArtifact"]).ok();
        let _ = exchange(sandbox, "12345678").expect_code(6).says("AccessDenied");
    });
}

#[test]
fn an_enrollment_is_published_only_with_a_maker_that_is_trusted() {
    in_sandbox(&["--cards", "2"], |sandbox| {
        let _ = sandbox.vouch_with_pin(&ALICE).args(FIRST).ok();
        let refused = sandbox.vouch(&["issuer", "build", "--out", "site", "enrollment.json"]).fails(7);
        let _ = refused.says("not a PIV CA of Yubico").says("--attestation-root");
        assert!(!sandbox.file("site").exists(), "nothing is written");
        let site = sandbox.file("site");
        let built = sandbox.build(site.to_str().unwrap(), &["enrollment.json"]).ok();
        let _ = built.says("warning: trusting root CA").says("not by Yubico").says("PIN once, touch always");
    });
}
