//! A program that package managers take for `keyring`, and that answers with AWS CodeArtifact tokens from Vouch.
//!
//! It speaks the command line of keyring 25 (`keyring --help`) as pip, uv and pdm use it: the answer on stdout with exit
//! status 0, or nothing on stdout and status 1. Called by the name `keyring`, it hands whatever is none of its business to
//! the next `keyring` on PATH.

mod answer;
mod arguments;
mod chain;
mod output;
mod service;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use vouch_helper::guard::guarded;
use vouch_helper::home;
use vouch_helper::output::answer as answer_with;

use answer::Answer;
use arguments::{Request, Wrong};

fn main() -> ExitCode {
    vouch_core::process::harden();
    vouch_helper::log::start("pip_keyring_vouch");
    guarded(|| Ok(run())).unwrap_or_else(|fault| {
        output::refuse(&fault);
        ExitCode::FAILURE
    })
}

fn run() -> ExitCode {
    let mut words: Vec<OsString> = env::args_os().skip(1).collect();
    let named = home::flag(&words).map(|(path, count)| {
        words.drain(..count);
        path
    });
    let request = arguments::parse(&words);
    let answer = match &request {
        Ok(request) => answer::to(request, named.as_deref()),
        Err(_) => Answer::NotCodeArtifact,
    };
    match answer {
        Answer::Text(text) => answer_with(text.expose()),
        Answer::Refused(failure) => {
            output::refuse(&failure);
            ExitCode::FAILURE
        }
        Answer::Nothing => ExitCode::FAILURE,
        // The other keyring may know what is not set up here.
        Answer::NotSetUp(failure) => chain::hand_on(&words).unwrap_or_else(|| {
            output::refuse(&failure);
            ExitCode::FAILURE
        }),
        Answer::NotCodeArtifact => chain::hand_on(&words).unwrap_or_else(|| alone(request)),
    }
}

/// What a request that is none of ours comes to where no other `keyring` is.
fn alone(request: Result<Request, Wrong>) -> ExitCode {
    match request {
        Ok(Request::Get { .. }) => ExitCode::FAILURE,
        Ok(Request::Set { .. } | Request::Delete { .. }) => {
            output::refuse(&answer::no_storage());
            ExitCode::FAILURE
        }
        Ok(Request::Help) => answer_with(arguments::HELP),
        Ok(Request::Version) => answer_with(concat!("pip-keyring-vouch ", env!("CARGO_PKG_VERSION"), "\n")),
        Err(wrong) => {
            output::usage(&wrong);
            ExitCode::from(2)
        }
    }
}
