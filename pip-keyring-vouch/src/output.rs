//! What the user should know, on stderr or on the terminal.

use std::io::{self, IsTerminal};

use vouch_core::{Failure, process};
use vouch_helper::output::{Part, one_line, parts, say};
use vouch_helper::tty;

use crate::arguments::{HELP, Wrong};

/// Says why there is no answer, where the user can see it.
///
/// pip 23.0, pip from 26.2 on, pdm and our backend throw away what is on stderr: then one line goes to the terminal, if there is one.
pub(crate) fn refuse(failure: &Failure) {
    for (part, text) in parts(failure) {
        match part {
            Part::Message => say(&format!("vouch: {text}")),
            _ => say(&format!("vouch: {part}{text}")),
        }
    }
    if !io::stderr().is_terminal() && !is_shown_by_the_client() {
        tty::write_line(&format!("vouch: {}", one_line(failure)));
    }
}

/// Whether the client collects our stderr and shows it itself, as uv alone does (measured). pip 23.0 asks in the same
/// form and throws it away, so the form does not tell. Where the client is not known, twice is better than never.
fn is_shown_by_the_client() -> bool {
    process::parent_name().is_some_and(|name| matches!(name.as_str(), "uv" | "uvx"))
}

/// Says what is wrong with the command line.
pub(crate) fn usage(wrong: &Wrong) {
    say(HELP.lines().next().unwrap_or_default());
    say(&format!("pip-keyring-vouch: error: {wrong}"));
}
