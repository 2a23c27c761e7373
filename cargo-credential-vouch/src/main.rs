//! Cargo credential provider that answers with AWS CodeArtifact tokens from Vouch.
//!
//! Cargo starts `cargo-credential-vouch --cargo-plugin`, reads a hello line, writes one request and reads one answer;
//! a failure is an answer too, so the exit status is always 0. Protocol: the Cargo reference, "Credential Provider
//! Protocol".

mod protocol;
mod provider;

use std::io::Write;

fn main() {
    vouch_core::process::harden();
    // Cargo never asks for it; people and `vouch doctor` do.
    if std::env::args_os().nth(1).is_some_and(|word| word == "--version") {
        // Where stdout is closed there is nobody to tell.
        let _ = writeln!(std::io::stdout(), "cargo-credential-vouch {}", env!("CARGO_PKG_VERSION"));
        return;
    }
    vouch_helper::log::start("cargo_credential_vouch");
    // A pipe that breaks leaves nobody to tell.
    let _ = protocol::run(&provider::Provider);
}
