//! `remove`: what setup did for the registrations that are meant, taken back as `vouch undo` does.

use std::process::ExitCode;

use vouch_clients::node::npm::Mode;
use vouch_clients::undo::{Note, Undo};
use vouch_core::config::Registration;
use vouch_core::home::HomeError;
use vouch_core::{Context, Failure};

use crate::output;
use crate::which::Which;

pub(crate) fn run(context: Result<Context, HomeError>, which: &Which) -> ExitCode {
    let mut notes = Vec::new();
    let removed = context.map_err(Failure::from).and_then(|context| remove(&context, which, &mut notes));
    notes.iter().for_each(tell);
    match removed {
        Ok(()) => {
            if notes.is_empty() {
                output::say("nothing to remove: nothing of that was set up");
            }
            ExitCode::SUCCESS
        }
        Err(error) => output::failed(&error),
    }
}

fn remove(context: &Context, which: &Which, notes: &mut Vec<Note>) -> Result<(), Failure> {
    Undo::begin(context.home())?.registrations(|registration| is_meant(registration, which), notes)
}

/// Only what is in a file of npm's own kind; yarn's are for `vouch undo`.
fn is_meant(registration: &Registration, which: &Which) -> bool {
    Mode::of(registration).is_some() && registration.tool != "yarn" && which.filter().matches(registration)
}

fn tell(note: &Note) {
    match note {
        Note::Done(text) | Note::Remark(text) => output::say(text),
        Note::Warning(text) => output::say(&format!("warning: {text}")),
    }
}
