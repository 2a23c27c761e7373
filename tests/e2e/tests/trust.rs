//! Whose sessions AWS takes: enrollment, publication and exchange, by Vouch's own commands alone.

use std::thread;
use std::time::Duration;

use vouch_e2e::{Bed, Done, MY_DOMAIN, in_sandbox};

const ALICE: [&str; 5] = ["enroll", "--issuer", "https://id.example.com/alice", "--subject", "alice"];
const FIRST: [&str; 2] = ["--serial", "12345678"];
const SPARE: [&str; 4] = ["--serial", "12345679", "--out", "spare.json"];

/// `body` on both firmwares, each with two cards.
fn with_two_cards(body: impl Fn(&Bed)) {
    for firmware in ["5.7.1", "5.4.3"] {
        in_sandbox(&["--firmware", firmware, "--cards", "2"], &body);
    }
}

/// Alice with a role, her first card enrolled and published.
fn enrolled(bed: &Bed) {
    let _ = bed.vouch_with_pin(&ALICE).args(FIRST).ok();
    bed.publish(&["enrollment.json"]);
    let _ = bed.vouch(&["setup", "aws", "--role", "arn:aws:iam::123456789012:role/CodeArtifact"]).ok();
}

/// A new session of a card, and an exchange with it.
fn exchange(bed: &Bed, serial: &str) -> Done {
    let _ = bed.vouch_with_pin(&["login", "--serial", serial]).ok();
    // A failure is told to those who came with it, not to who tries again.
    thread::sleep(Duration::from_millis(1500));
    bed.vouch(&["credential", "codeartifact"]).args(MY_DOMAIN).done()
}

#[test]
fn an_enrolled_key_and_its_spare_are_taken_and_a_removed_one_is_not() {
    with_two_cards(|bed| {
        enrolled(bed);
        let _ = exchange(bed, "12345678").expect_code(0);
        let _ = bed.vouch_with_pin(&ALICE).args(SPARE).ok();
        let _ = exchange(bed, "12345679").expect_code(5).says("InvalidIdentityToken");
        bed.publish(&["enrollment.json", "spare.json"]);
        let _ = exchange(bed, "12345679").expect_code(0);
        let _ = exchange(bed, "12345678").expect_code(0);
        bed.publish(&["spare.json"]);
        let _ = exchange(bed, "12345678").expect_code(5).says("InvalidIdentityToken");
        let _ = exchange(bed, "12345679").expect_code(0);
    });
}

#[test]
fn another_audience_is_not_taken() {
    in_sandbox(&["--cards", "2"], |bed| {
        enrolled(bed);
        let config = bed.read(".vouch/config.json");
        bed.write(".vouch/config.json", &config.replace("sts.amazonaws.com", "other.example.com"));
        let _ = exchange(bed, "12345678").expect_code(6).says("audience");
    });
}

#[test]
fn another_subject_is_not_taken() {
    in_sandbox(&["--cards", "2"], |bed| {
        let mallory = ["enroll", "--issuer", "https://id.example.com/alice", "--subject", "mallory"];
        let _ = bed.vouch_with_pin(&mallory).args(FIRST).ok();
        bed.publish(&["enrollment.json"]);
        let _ = bed.vouch(&["setup", "aws", "--role", "arn:aws:iam::123456789012:role/CodeArtifact"]).ok();
        let _ = exchange(bed, "12345678").expect_code(6).says("AccessDenied");
    });
}

#[test]
fn an_enrollment_is_published_only_with_a_maker_that_is_trusted() {
    in_sandbox(&["--cards", "2"], |bed| {
        let _ = bed.vouch_with_pin(&ALICE).args(FIRST).ok();
        let refused = bed.vouch(&["issuer", "build", "--out", "site", "enrollment.json"]).fails(7);
        let _ = refused.says("not a PIV CA of Yubico").says("--attestation-root");
        assert!(!bed.file("site").exists(), "nothing is written");
        let site = bed.file("site");
        let built = bed.build(site.to_str().unwrap(), &["enrollment.json"]).ok();
        let _ = built.says("warning: trusting root CA").says("not by Yubico").says("PIN once, touch always");
    });
}
