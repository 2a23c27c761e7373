//! Moments in the user's own time zone, and stretches of time.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use vouch_core::{UnixTime, env};

/// When summer time begins and ends where `TZ` names one without saying so, as in `EST5EDT` (glibc, `TZDEFRULES`).
const USUAL_RULES: &str = ",M3.2.0,M11.1.0";

/// A moment in the user's own time zone, such as `18:04 (CET)`; with the date when it is not today.
pub fn local_time(at: UnixTime) -> String {
    let zone = zone();
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

/// The same as short as it goes, such as `7h59`.
pub fn short_span(seconds: i64) -> String {
    match (seconds / 3600, seconds % 3600 / 60) {
        (0, minutes) => format!("{minutes}m"),
        (hours, minutes) => format!("{hours}h{minutes:02}"),
    }
}

fn zone() -> TimeZone {
    let ruled = || TimeZone::posix(&format!("{}{USUAL_RULES}", env::var("TZ")?.trim_start_matches(':'))).ok();
    TimeZone::try_system().ok().or_else(ruled).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn spans_and_moments_read_well() {
        for (seconds, text) in
            [(28_800, "8 h"), (28_799, "7 h 59 min"), (61, "1 min"), (59, "less than a minute")]
        {
            assert_eq!(span(seconds), text);
        }
        for (seconds, text) in
            [(28_800, "8h00"), (28_799, "7h59"), (3660, "1h01"), (61, "1m"), (59, "0m"), (0, "0m")]
        {
            assert_eq!(short_span(seconds), text);
        }
        assert_eq!(utc_time(UnixTime(0)), "1970-01-01T00:00:00Z");
        assert!(local_time(UnixTime(0)).starts_with("19"));
    }

    /// What a process of its own, with this `TZ`, makes of a day in winter and one in summer.
    fn in_zone(zone: &str) -> [String; 2] {
        let mut own = Command::new(std::env::current_exe().unwrap());
        let this = "time::tests::time_zones_go_by_name_by_rule_and_by_file";
        own.args(["--exact", this, "--nocapture"]).env("TZ", zone).env("ZONE_OF_TEST", "1");
        let printed = String::from_utf8(own.output().unwrap().stdout).unwrap();
        let line = |label: &str| {
            let found = printed.lines().find_map(|line| line.split_once(label));
            found.unwrap_or_else(|| panic!("{zone}: {printed}")).1.to_owned()
        };
        [line("winter: "), line("summer: ")]
    }

    #[cfg(unix)]
    #[test]
    fn time_zones_go_by_name_by_rule_and_by_file() {
        if env::var("ZONE_OF_TEST").is_some() {
            println!("\nwinter: {}", local_time(UnixTime(1_705_320_000)));
            println!("\nsummer: {}", local_time(UnixTime(1_721_044_800)));
            return;
        }
        for (zone, winter, summer) in [
            ("America/New_York", "2024-01-15 07:00 (EST)", "2024-07-15 08:00 (EDT)"),
            (":America/New_York", "2024-01-15 07:00 (EST)", "2024-07-15 08:00 (EDT)"),
            ("/usr/share/zoneinfo/Europe/Berlin", "2024-01-15 13:00 (CET)", "2024-07-15 14:00 (CEST)"),
            ("Asia/Kolkata", "2024-01-15 17:30 (IST)", "2024-07-15 17:30 (IST)"),
            ("EST5EDT", "2024-01-15 07:00 (EST)", "2024-07-15 08:00 (EDT)"),
            ("NZST-12NZDT", "2024-01-16 00:00 (NZST)", "2024-07-16 01:00 (NZDT)"),
            ("EST5EDT,M3.2.0,M11.1.0", "2024-01-15 07:00 (EST)", "2024-07-15 08:00 (EDT)"),
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2024-01-15 13:00 (CET)", "2024-07-15 14:00 (CEST)"),
            ("JST-9", "2024-01-15 21:00 (JST)", "2024-07-15 21:00 (JST)"),
            ("UTC", "2024-01-15 12:00 (UTC)", "2024-07-15 12:00 (UTC)"),
            ("UTC0", "2024-01-15 12:00 (UTC)", "2024-07-15 12:00 (UTC)"),
            ("", "2024-01-15 12:00 (UTC)", "2024-07-15 12:00 (UTC)"),
            ("Middle/Earth", "2024-01-15 12:00 (UTC)", "2024-07-15 12:00 (UTC)"),
        ] {
            assert_eq!(in_zone(zone), [winter, summer], "{zone}");
        }
    }
}
