//! All that is said to a user.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use vouch_core::Failure;
pub(crate) use vouch_helper::output::{answer, say};
use vouch_helper::output::{one_line, parts};
use vouch_helper::tty;

/// A failure with its causes and its hint, on stderr; gives the exit code.
pub(crate) fn failed(failure: &Failure) -> ExitCode {
    parts(failure).for_each(|(part, text)| say(&format!("{part}{text}")));
    ExitCode::from(failure.kind.exit_code())
}

/// The same as a warning.
pub(crate) fn warn(failure: &Failure) {
    say(&format!("warning: {}", one_line(failure)));
}

/// A failure of the token helper: on stderr and, since pnpm hides that, in one line on the user's terminal.
pub(crate) fn failed_unseen(failure: &Failure) -> ExitCode {
    if !io::stderr().is_terminal() {
        tty::write_line(&format!("vouch: {}", one_line(failure)));
    }
    failed(failure)
}
