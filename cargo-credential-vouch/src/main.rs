//! Cargo credential provider that answers with AWS CodeArtifact tokens from Vouch.
//!
//! Cargo starts `cargo-credential-vouch --cargo-plugin`, reads a hello line, writes one request and reads one answer;
//! a failure is an answer too, so the exit status is always 0. Protocol: the Cargo reference, "Credential Provider
//! Protocol".

mod log;
mod provider;

fn main() {
    vouch_core::process::harden();
    log::start();
    cargo_credential::main(provider::Provider);
}
