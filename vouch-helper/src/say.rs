//! Text for a terminal: nothing in it that a terminal would act on, moments in the user's own time zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use vouch_core::UnixTime;

/// Without control characters: some of the text comes from servers and files.
pub fn printable(text: &str) -> String {
    let keep = |c: char| !c.is_control() || c == '\n' || c == '\t';
    text.chars().flat_map(|c| if keep(c) { vec![c] } else { c.escape_default().collect() }).collect()
}

/// A moment in the person's own time zone, such as `18:04 (CET)`; with the date when it is not today.
pub fn local_time(at: UnixTime) -> String {
    let zone = TimeZone::system();
    let zoned = |at: UnixTime| Timestamp::from_second(at.0).map(|at| at.to_zoned_datetime(zone.clone()));
    let (Ok(at), Ok(now)) = (zoned(at), zoned(UnixTime::now())) else { return format!("second {}", at.0) };
    let format = if at.date() == now.date() { "%H:%M (%Z)" } else { "%Y-%m-%d %H:%M (%Z)" };
    at.strftime(format).to_string()
}

/// A moment as RFC 3339 writes it, in UTC.
pub fn utc_time(at: UnixTime) -> String {
    Timestamp::from_second(at.0).map_or_else(|_| at.0.to_string(), |at| at.to_string())
}

/// A stretch of time, such as `7 h 59 min`.
pub fn span(seconds: i64) -> String {
    match (seconds / 3600, seconds % 3600 / 60) {
        (0, 0) => "less than a minute".into(),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
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
