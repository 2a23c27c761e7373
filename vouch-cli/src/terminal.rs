//! All that is said to a person, on stderr, and all that is answered, on stdout.
//!
//! Colour shows only where stderr is a terminal and `NO_COLOR` is not set; every message reads the same without it.

use std::io::{self, Write};

use clap::builder::styling::{AnsiColor, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use vouch_core::{Class, UnixTime};

use crate::report::Failed;

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

/// Writes to stdout, the answer of a command.
pub(crate) fn answer(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// As [`answer`], with the colours in it where stdout shows them.
pub(crate) fn answer_in_colour(text: &str) -> Result<(), Failed> {
    let mut stdout = anstream::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| Failed::new(Class::Other, "cannot write the answer", "").because(&error))
}

/// As [`answer`], for a command that has nothing else to do.
pub(crate) fn print(text: &str) -> Result<(), Failed> {
    answer(text).map_err(|error| Failed::new(Class::Other, "cannot write the answer", "").because(&error))
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
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\r\nc"), "a\\u{1b}[2Jb\\r\nc");
    }
}
