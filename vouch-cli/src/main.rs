//! The `vouch` command.
//!
//! stdout is for the answer; everything said to a person goes to stderr.

mod card;
mod clients;
mod commands;
mod domain;
mod edited_file;
mod environment;
mod log;
mod parse;
mod prompt;
mod region;
mod report;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    vouch_core::process::harden();
    // Wrong usage ends here, with code 2.
    let cli = commands::Cli::parse();
    log::start();
    match commands::run(cli.command) {
        Ok(code) => code,
        Err(failed) => failed.report(),
    }
}
