//! All that is said to a person, on stderr, and all that is answered, on stdout.
//!
//! Colour shows only where stderr is a terminal and `NO_COLOR` is not set; every message reads the same without it.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::styling::{AnsiColor, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use vouch_core::{Class, Failure, UnixTime};

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
    line(&format!("{CYAN}next:{CYAN:#} "), text);
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
    if failure.class != Class::Interrupted {
        error(&failure.message);
        failure.causes.iter().for_each(|reason| cause(reason));
        failure.hint.iter().for_each(|text| hint(text));
    }
    ExitCode::from(failure.class.exit_code())
}

/// Writes to stdout, the answer of a command.
pub(crate) fn answer(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// As [`answer`], with the colours in it where stdout shows them.
pub(crate) fn answer_in_colour(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| Failure::new(Class::Other, "cannot write the answer", "").because(&error))
}

/// As [`answer`], for a command that has nothing else to do.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    answer(text).map_err(|error| Failure::new(Class::Other, "cannot write the answer", "").because(&error))
}

/// A moment in the person's own time zone, such as `18:04 (CET)`; with the date when it is not today.
pub(crate) fn local_time(at: UnixTime) -> String {
    let zone = TimeZone::system();
    let zoned = |at: UnixTime| Timestamp::from_second(at.0).map(|at| at.to_zoned_datetime(zone.clone()));
    let (Ok(at), Ok(now)) = (zoned(at), zoned(UnixTime::now())) else { return format!("second {}", at.0) };
    let format = if at.date() == now.date() { "%H:%M (%Z)" } else { "%Y-%m-%d %H:%M (%Z)" };
    at.strftime(format).to_string()
}

/// A moment as RFC 3339 writes it, in UTC.
pub(crate) fn utc_time(at: UnixTime) -> String {
    Timestamp::from_second(at.0).map_or_else(|_| at.0.to_string(), |at| at.to_string())
}

/// A stretch of time, such as `7 h 59 min`.
pub(crate) fn span(seconds: i64) -> String {
    match (seconds / 3600, seconds % 3600 / 60) {
        (0, 0) => "less than a minute".into(),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
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
        let dumb = std::env::var_os("TERM").is_none_or(|name| name.is_empty() || name == "dumb");
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
    let what = printable(what);
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

fn line(label: &str, text: &str) {
    // Where stderr is closed there is nobody to tell.
    let _ = writeln!(anstream::stderr().lock(), "{label}{}", printable(text));
}

/// Without control characters: some of the text comes from servers and files.
pub(crate) fn printable(text: &str) -> String {
    let keep = |c: char| !c.is_control() || c == '\n' || c == '\t';
    text.chars().flat_map(|c| if keep(c) { vec![c] } else { c.escape_default().collect() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_moments_read_well() {
        for (seconds, text) in
            [(28_800, "8 h"), (28_799, "7 h 59 min"), (61, "1 min"), (59, "less than a minute")]
        {
            assert_eq!(span(seconds), text);
        }
        assert_eq!(utc_time(UnixTime(0)), "1970-01-01T00:00:00Z");
        assert!(local_time(UnixTime(0)).starts_with("19"));
    }

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

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\r\nc"), "a\\u{1b}[2Jb\\r\nc");
    }
}
