//! What tests of the card have in common.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::sandbox::Sandbox;

/// Enrolls for alice; how the PIN comes in is to be added.
pub const ENROLL: [&str; 5] = ["enroll", "--issuer", "https://id.example.com/alice", "--subject", "alice"];

/// The PIN that cards leave the factory with.
pub const FACTORY_PIN: &str = "123456";

/// How many wrong PINs it still takes to block the card, as a program tells that nobody here wrote.
pub fn pin_tries(sandbox: &Sandbox) -> u32 {
    let status = sandbox.run("yubico-piv-tool").args(["-a", "status"]).ok();
    let line = status.stdout.lines().find_map(|line| line.strip_prefix("PIN tries left:"));
    line.unwrap_or_else(|| panic!("no tries: {status}")).trim().parse().expect("a number of tries")
}

/// The public key that the card attests for a slot, in PEM; again as another program reads it.
pub fn attested_key(sandbox: &Sandbox, slot: &str) -> String {
    let attest = ["-a", "attest", "-s", slot, "-o", "attestation-now.pem"];
    // pcscd resets the card some time after a program that used it was interrupted; the tool gives up when that happens
    // under its hands.
    wait_until("yubico-piv-tool attests", || sandbox.run("yubico-piv-tool").args(attest).done().code == 0);
    sandbox.run("openssl").args(["x509", "-in", "attestation-now.pem", "-noout", "-pubkey"]).ok().stdout
}

/// Waits until the card blinks.
pub fn wait_for_blinking(sandbox: &Sandbox) {
    wait_until("the card blinks", || {
        let stats = sandbox.ctl(&["stats"]);
        let waits = |card: &Value| card["waiting_for_touch"] == Value::Bool(true);
        stats["cards"].as_object().is_some_and(|cards| cards.values().any(waits))
    });
}

/// Waits until something is so; fails after 20 s.
pub fn wait_until(what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < Duration::from_secs(20), "never: {what}");
        thread::sleep(Duration::from_millis(30));
    }
}
