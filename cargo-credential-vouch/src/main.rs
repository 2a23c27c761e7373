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

const HELP: &str = "\
usage: cargo-credential-vouch --cargo-plugin [--home PATH]

Answers Cargo with AWS CodeArtifact tokens from Vouch. Cargo calls it itself, for the registries that name it as their
credential provider: you need not. Set one up first, such as with the first example.

  --cargo-plugin   what Cargo starts it with: requests come on stdin and are answered on stdout
  --home PATH      the home of Vouch, in place of VOUCH_HOME and ~/.vouch
  --help, --version

Examples:
  vouch setup codeartifact --tool cargo --repository my-repo
  cargo build

Exit status: 0; a failure is an answer to Cargo, too, with the reason in it.
Documentation: docs/cargo.md
";

fn main() -> ExitCode {
    vouch_core::process::harden();
    let words: Vec<OsString> = env::args_os().skip(1).filter(|word| word != "--cargo-plugin").collect();
    // Cargo never asks for it; people and `vouch doctor` do.
    if words.first().is_some_and(|word| word == "--version") {
        return output::answer(concat!("cargo-credential-vouch ", env!("CARGO_PKG_VERSION"), "\n"));
    }
    if words.first().is_some_and(|word| word == "--help" || word == "-h") {
        return output::answer(HELP);
    }
    vouch_helper::log::start("cargo_credential_vouch");
    // A pipe that breaks leaves nobody to tell.
    let _ = protocol::run(&provider::Provider { home: home::flag(&words).map(|(path, _)| path) });
    ExitCode::SUCCESS
}
