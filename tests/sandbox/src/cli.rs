//! Command line of the sandbox.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::control;
use crate::ctl::Ctl;
use crate::inside;
use crate::run::{self, Run};

/// AWS, an issuer host, package registries and a YubiKey, for one command and on this machine alone.
#[derive(Debug, Parser)]
#[command(name = "vouch-sandbox", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a command in a new sandbox; the exit code is the command's, or 125 when there is no sandbox
    Run(Run),
    /// Control the sandbox that this command runs in
    #[command(subcommand)]
    Ctl(Ctl),
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    match Arguments::parse().verb {
        Verb::Run(arguments) => run(&arguments),
        Verb::Ctl(arguments) => ctl(arguments),
    }
}

fn run(arguments: &Run) -> ExitCode {
    let result = match &arguments.inside {
        Some(folder) => inside::run(arguments, folder),
        None => run::outside(arguments, std::env::args_os().skip(2)),
    };
    match result {
        Ok(code) => code.into(),
        Err(error) => {
            run::report(&error.to_string());
            run::FAILED.into()
        }
    }
}

fn ctl(arguments: Ctl) -> ExitCode {
    let result = match std::env::var_os("VOUCH_SANDBOX_CTL") {
        Some(socket) => control::send(Path::new(&socket), &arguments.command()),
        None => Err("VOUCH_SANDBOX_CTL is not set: this command runs in no sandbox".to_owned()),
    };
    match result {
        // A reader that went away does not want the rest.
        Ok(value) => match writeln!(std::io::stdout().lock(), "{value:#}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(error) => {
            run::report(&error);
            ExitCode::FAILURE
        }
    }
}
