//! All that is said to a person, and all that is answered.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use vouch_core::{Failure, UnixTime};

/// One line on stderr.
pub(crate) fn say(text: &str) {
    // Where stderr is closed there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{}", printable(text));
}

/// A failure with its causes and its hint, on stderr; gives the exit code.
pub(crate) fn failed(failure: &Failure) -> ExitCode {
    tell(failure);
    ExitCode::from(failure.kind.exit_code())
}

/// The same as a warning.
pub(crate) fn warn(failure: &Failure) {
    say(&format!("warning: {}", one_line(failure)));
}

fn tell(Failure { message, causes, hint, .. }: &Failure) {
    say(&format!("error: {message}"));
    for cause in causes {
        say(&format!("  caused by: {cause}"));
    }
    if let Some(hint) = hint {
        say(&format!("hint: {hint}"));
    }
}

/// A failure of the token helper: on stderr and, since pnpm hides that, in one line on the person's terminal.
pub(crate) fn failed_unseen(failure: &Failure) -> ExitCode {
    tell(failure);
    if !io::stderr().is_terminal()
        && let Ok(mut terminal) = OpenOptions::new().write(true).open(TERMINAL)
    {
        // A progress line of the package manager's may stand there: it is overwritten, not continued.
        let _ = write!(terminal, "\r\u{1b}[Kvouch: {}\r\n", printable(&one_line(failure)));
    }
    ExitCode::from(failure.kind.exit_code())
}

#[cfg(unix)]
const TERMINAL: &str = "/dev/tty";
#[cfg(not(unix))]
const TERMINAL: &str = "CONOUT$";

fn one_line(Failure { message, causes, hint, .. }: &Failure) -> String {
    let mut line = [std::slice::from_ref(message), causes].concat().join(": ");
    if let Some(hint) = hint {
        line.push_str(". ");
        line.push_str(hint);
    }
    line.replace('\n', " ")
}

/// Writes to stdout.
pub(crate) fn answer(text: &str) -> ExitCode {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// A moment in the person's own time zone, with the date when it is not today.
pub(crate) fn local_time(at: UnixTime) -> String {
    let zone = TimeZone::system();
    let zoned = |at: UnixTime| Timestamp::from_second(at.0).map(|at| at.to_zoned_datetime(zone.clone()));
    let (Ok(at), Ok(now)) = (zoned(at), zoned(UnixTime::now())) else { return format!("second {}", at.0) };
    let format = if at.date() == now.date() { "%H:%M:%S (%Z)" } else { "%Y-%m-%d %H:%M (%Z)" };
    at.strftime(format).to_string()
}

/// A moment as RFC 3339 writes it, in UTC.
pub(crate) fn utc_time(at: UnixTime) -> String {
    Timestamp::from_second(at.0).map_or_else(|_| at.0.to_string(), |at| at.to_string())
}

/// Without control characters: some of the text comes from servers and files.
fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use vouch_core::ErrorKind;

    use super::*;

    #[test]
    fn a_failure_is_one_line_for_the_terminal() {
        let failure = Failure {
            kind: ErrorKind::NoSession,
            message: "your session has expired".into(),
            causes: vec!["a\nb".into()],
            hint: Some("Run `vouch login`.".into()),
        };
        assert_eq!(one_line(&failure), "your session has expired: a b. Run `vouch login`.");
        assert_eq!(printable("a\u{1b}[2J"), "a\\u{1b}[2J");
    }
}
