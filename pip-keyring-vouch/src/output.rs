//! The answer on stdout, and what the person should know on stderr or on the terminal.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use vouch_core::{Failure, process};

use crate::arguments::{HELP, Wrong};

/// Writes the answer. A client that is gone gets a failure, and nobody is told.
pub(crate) fn print(text: &str) -> ExitCode {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Says why there is no answer, where the person can see it.
///
/// pip 23.0, pip from 26.2 on, pdm and our backend throw away what is on stderr: then one line goes to the terminal, if there is one.
pub(crate) fn refuse(Failure { message, causes, hint, .. }: &Failure) {
    let mut lines = vec![message.clone()];
    lines.extend(causes.iter().map(|cause| format!("  caused by: {cause}")));
    lines.extend(hint.iter().map(|hint| format!("hint: {hint}")));
    let text: String = lines.iter().map(|line| format!("vouch: {}\n", printable(line))).collect();
    let _ = io::stderr().lock().write_all(text.as_bytes());
    if io::stderr().is_terminal() || is_shown_by_the_client() {
        return;
    }
    let hint = hint.as_deref().unwrap_or_default();
    let causes: String = causes.iter().map(|cause| format!(": {cause}")).collect();
    let line = format!("vouch: {message}{causes}. {hint}");
    terminal::write(&format!("\r{}\n", printable(line.trim_end())));
}

/// Whether the client collects our stderr and shows it itself, as uv alone does (measured). pip 23.0 asks in the same
/// form and throws it away, so the form does not tell. Where the client is not known, twice is better than never.
fn is_shown_by_the_client() -> bool {
    process::parent_name().is_some_and(|name| matches!(name.as_str(), "uv" | "uvx"))
}

/// Says what is wrong with the command line.
pub(crate) fn usage(wrong: &Wrong) {
    let first = HELP.lines().next().unwrap_or_default();
    let text = format!("{first}\npip-keyring-vouch: error: {}\n", printable(&wrong.to_string()));
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Some of the text comes from servers and files: control characters in it must not reach the terminal.
fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

#[cfg(unix)]
mod terminal {
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;
    use rustix::process::getpgrp;
    use rustix::termios::tcgetpgrp;

    /// Writes to the terminal of this process, if it has one and is in front of it.
    pub(super) fn write(text: &str) {
        let flags = OFlags::NOCTTY | OFlags::NONBLOCK;
        let flags = i32::try_from(flags.bits()).unwrap_or_default();
        let Ok(mut terminal) = OpenOptions::new().write(true).custom_flags(flags).open("/dev/tty") else {
            return;
        };
        // In the background, writing can stop the process, and with it the package manager.
        if tcgetpgrp(&terminal).is_ok_and(|group| group == getpgrp()) {
            let _ = terminal.write_all(text.as_bytes());
        }
    }
}

#[cfg(not(unix))]
mod terminal {
    use std::fs::OpenOptions;
    use std::io::Write;

    /// Writes to the console of this process, if it has one.
    pub(super) fn write(text: &str) {
        if let Ok(mut terminal) = OpenOptions::new().write(true).open("CONOUT$") {
            let _ = terminal.write_all(text.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(super::printable("a\u{1b}[31m\nb"), "a\\u{1b}[31m\\nb");
    }
}
