//! A session that is about to end: told once, by whatever command the user types.

use std::io::{self, IsTerminal};

use vouch_core::Context;
use vouch_core::hint::LOGIN;
use vouch_core::session::{self, Session};

use crate::terminal;

/// Says so on a terminal, unless a command before this one did. A script has nobody who could log in.
pub(crate) fn show(context: &Context) {
    if !io::stderr().is_terminal() {
        return;
    }
    // That there is none is for the command to say, if it needs one.
    if let Ok(Some(session)) = session::remind(context) {
        warn(&session);
    }
}

/// Says so before a command that may take long, each time.
pub(crate) fn show_before_long(context: &Context) {
    if !io::stderr().is_terminal() {
        return;
    }
    if let Some(session) = context.session().ok().filter(Session::ends_soon) {
        warn(&session);
    }
}

fn warn(session: &Session) {
    terminal::warn(&format!(
        "your session ends at {}, in {}; {LOGIN} starts a new one",
        terminal::local_time(session.expires_at),
        terminal::span(session.seconds_left())
    ));
}
