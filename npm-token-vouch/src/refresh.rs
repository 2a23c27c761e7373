//! `refresh`: the static tokens, written or renewed in place.

use std::process::ExitCode;

use vouch_clients::node::npm::file::Change;
use vouch_clients::node::npm::tokens::{self, Renewed};
use vouch_core::home::HomeError;
use vouch_core::{Context, Diagnostic, Failure};
use vouch_helper::time;

use crate::output;
use crate::which::Which;

pub(crate) fn run(context: Result<Context, HomeError>, which: &Which) -> ExitCode {
    let opened = context.map_err(Failure::from).and_then(|context| Ok((context.broker()?, context)));
    let (broker, context) = match opened {
        Ok(opened) => opened,
        Err(error) => return output::failed(&error),
    };
    let renewed = tokens::refresh(context.home(), &broker, which.filter());
    if renewed.is_empty() {
        output::say("nothing to refresh: no file with a static token was set up for that");
        return ExitCode::SUCCESS;
    }
    renewed.iter().for_each(tell);
    let failure = renewed.iter().find_map(Renewed::failure);
    failure.map_or(ExitCode::SUCCESS, |error| output::failed(&error.failure()))
}

/// What became of a file; failures are for the caller.
pub(crate) fn tell(renewed: &Renewed) {
    let Ok(change) = &renewed.change else { return };
    let file = renewed.file.display();
    let did = match change {
        Change::None => "is up to date in",
        Change::Replaced => "was written to",
        Change::InPlace => "was written (not as a whole: it could not be replaced) to",
    };
    for (place, expiry) in &renewed.tokens {
        if let Ok(expires_at) = expiry {
            output::say(&format!(
                "the token for {} {did} `{file}`; it expires {}",
                place.endpoint,
                time::local_time(*expires_at)
            ));
        }
    }
}
