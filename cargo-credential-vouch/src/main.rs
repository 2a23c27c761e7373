//! Cargo credential provider that answers with AWS CodeArtifact tokens from Vouch.
//!
//! Cargo starts `cargo-credential-vouch --cargo-plugin`, reads a hello line, writes one request and reads one answer;
//! a failure is an answer too, so the exit status of a request is always 0. Protocol: the Cargo reference, "Credential Provider
//! Protocol".

mod protocol;
mod provider;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use vouch_helper::{home, output};

fn main() -> ExitCode {
    vouch_core::process::harden();
    let words: Vec<OsString> = env::args_os().skip(1).filter(|word| word != "--cargo-plugin").collect();
    // Cargo never asks for it; people and `vouch doctor` do.
    if words.first().is_some_and(|word| word == "--version") {
        return output::answer(concat!("cargo-credential-vouch ", env!("CARGO_PKG_VERSION"), "\n"));
    }
    vouch_helper::log::start("cargo_credential_vouch");
    // A pipe that breaks leaves nobody to tell.
    let _ = protocol::run(&provider::Provider { home: home::flag(&words).map(|(path, _)| path) });
    ExitCode::SUCCESS
}
