//! All that is said to a person, on stderr, and all that is answered, on stdout.
//!
//! Color shows only where stderr is a terminal and `NO_COLOR` is not set; every message reads the same without it.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use anstream::AutoStream;
use clap::builder::styling::{AnsiColor, Style};
use vouch_core::{ErrorKind, Failure};
use vouch_helper::home;
use vouch_helper::output::{self, Part, parts};
use vouch_helper::text::{printable, printable_json, printable_line};
pub(crate) use vouch_helper::time::{local_time, short_span, span, utc_time};

pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default().bold();
pub(crate) const GREEN: Style = AnsiColor::Green.on_default().bold();

/// One line of plain talk.
pub(crate) fn say(text: &str) {
    line("", text);
}

/// What has been done.
pub(crate) fn done(text: &str) {
    line(&format!("{GREEN}✓{GREEN:#} "), text);
}

/// What only the person can do, before Vouch waits for it.
pub(crate) fn ask(text: &str) {
    line(&format!("{CYAN}»{CYAN:#} "), text);
}

/// What to type next.
pub(crate) fn next(text: &str) {
    line(&format!("{CYAN}next:{CYAN:#} "), &home::later_commands(text));
}

/// Something that may not be as the person expects.
pub(crate) fn warn(text: &str) {
    line(&format!("{YELLOW}warning:{YELLOW:#} "), text);
}

/// What failed.
pub(crate) fn error(text: &str) {
    line(&format!("{RED}error:{RED:#} "), text);
}

/// Why it failed.
pub(crate) fn cause(text: &str) {
    line("  caused by: ", text);
}

/// What to do about it.
pub(crate) fn hint(text: &str) {
    line(&format!("{CYAN}hint:{CYAN:#} "), text);
}

/// A failure that ends a command: what failed, why, and what to type next. Gives the exit code.
pub(crate) fn report(failure: &Failure) -> ExitCode {
    // Whoever pressed Ctrl-C knows.
    if failure.kind != ErrorKind::Interrupted {
        for (part, text) in parts(failure) {
            match part {
                Part::Message => error(&text),
                Part::Cause => cause(&text),
                Part::Hint => hint(&text),
            }
        }
    }
    ExitCode::from(failure.kind.exit_code())
}

/// Writes the answer of a command, as text for people: nothing in it that a terminal acts on.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    print_raw(&printable(text))
}

/// The same with the colors in it where stdout shows them. What is not ours is to be made [`printable`] before.
pub(crate) fn print_in_color(text: &str) -> Result<(), Failure> {
    let write = || {
        let mut stdout = AutoStream::auto(output::stdout()?).lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    };
    write().map_err(|error| unwritten(&error))
}

/// Writes a JSON document, in escapes of JSON's own where a terminal would act.
pub(crate) fn print_json(document: &str) -> Result<(), Failure> {
    print_raw(&printable_json(document))
}

/// Writes what only a program is to read, byte by byte: a credential, a script.
pub(crate) fn print_raw(text: &str) -> Result<(), Failure> {
    output::print(text).map_err(|error| unwritten(&error))
}

fn unwritten(error: &io::Error) -> Failure {
    Failure::new(ErrorKind::Other, "cannot write the answer", "").because(error)
}

/// Something that the person can do within a time. On a terminal one line counts down and is wiped in the end; elsewhere it
/// is said once.
#[derive(Debug)]
pub(crate) struct Countdown {
    on_terminal: bool,
    shown: RefCell<String>,
}

impl Countdown {
    /// Nothing is shown yet.
    pub(crate) fn new() -> Self {
        // A terminal that cannot go back in its line is as good as a file.
        let dumb = vouch_core::env::var_os("TERM").is_none_or(|name| name.is_empty() || name == "dumb");
        let on_terminal = io::stderr().is_terminal() && !(cfg!(unix) && dumb);
        Self { on_terminal, shown: RefCell::default() }
    }

    /// What to do, and how long is left for it.
    pub(crate) fn show(&self, what: &str, left: Duration) {
        let mut shown = self.shown.borrow_mut();
        if self.on_terminal {
            let text = countdown_line(what, left, terminal_width());
            if *shown != text {
                // Where stderr is closed there is nobody to tell.
                let _ = write!(io::stderr().lock(), "\r\x1b[K{text}");
                *shown = text;
            }
        } else if *shown != what {
            ask(&format!("{what} ({} s)", seconds(left)));
            what.clone_into(&mut shown);
        }
    }
}

impl Drop for Countdown {
    fn drop(&mut self) {
        if self.on_terminal && !self.shown.borrow().is_empty() {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

/// One line of a terminal, shortened where it would run over into the next: that could not be wiped.
fn countdown_line(what: &str, left: Duration, width: usize) -> String {
    let time = format!(" {} s", seconds(left));
    let room = width.saturating_sub(time.chars().count() + 3);
    let what = printable_line(what);
    let mut text: String = what.chars().take(room).collect();
    if what.chars().nth(room).is_some() {
        text.pop();
        text.push('\u{2026}');
    }
    format!("» {text}{time}")
}

/// Whole seconds, the one that has begun included.
fn seconds(time: Duration) -> u64 {
    time.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)
}

#[cfg(unix)]
fn terminal_width() -> usize {
    let width = rustix::termios::tcgetwinsize(io::stderr()).map_or(0, |size| size.ws_col);
    if width == 0 { 80 } else { width.into() }
}

#[cfg(not(unix))]
fn terminal_width() -> usize {
    80
}

/// Written at once: of a command that is killed there is a line or none.
fn line(label: &str, text: &str) {
    let stderr = io::stderr();
    let mut line = AutoStream::new(Vec::new(), AutoStream::choice(&stderr));
    // Where stderr is closed there is nobody to tell.
    let _ = writeln!(line, "{label}{}", printable(&home::commands(text)));
    let _ = stderr.lock().write_all(&line.into_inner());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_countdown_fits_its_line() {
        let left = Duration::from_millis(14_200);
        assert_eq!(countdown_line("Touch it", left, 80), "» Touch it 15 s");
        assert_eq!(countdown_line("Touch your YubiKey", left, 18), "» Touch you… 15 s");
        assert_eq!(countdown_line("Touch your YubiKey", Duration::ZERO, 80), "» Touch your YubiKey 0 s");
        assert_eq!(countdown_line("a\u{1b}b", left, 80), "» a\\u{1b}b 15 s");
        for width in 0..40 {
            let line = countdown_line("Touch your YubiKey", left, width);
            assert!(line.ends_with(" 15 s") && line.chars().count() <= width.max(8), "{width}: {line}");
        }
    }
}
