//! The `vouch` command.
//!
//! stdout is for the answer; everything said to a person goes to stderr.

mod card;
mod commands;
mod credential_args;
mod credential_choice;
mod desktop;
mod domain;
mod home_choice;
mod parse;
mod preview;
mod project_trust;
mod prompt;
mod quiet;
mod region;
mod region_table;
mod reminder;
mod remote;
mod shell;
mod static_tokens;
mod terminal;
mod token_search;
mod version;

use std::process::ExitCode;

fn main() -> ExitCode {
    vouch_core::process::harden();
    let cli = match commands::parse() {
        Ok(cli) => cli,
        Err(error) => return commands::wrong_usage(&error),
    };
    match cli.verbose {
        true => vouch_helper::log::start_verbose("vouch"),
        false => vouch_helper::log::start("vouch"),
    }
    match vouch_helper::guard::guarded(|| commands::run(cli.command, &cli.home)) {
        Ok(code) => code,
        Err(failure) => terminal::report(&failure),
    }
}
