//! How long a session lasts.

use std::fmt;
use std::str::FromStr;

use super::SessionError;

const HOUR: u32 = 3600;
const MINUTE: u32 = 60;

/// The length of a session: 15 minutes, which is the least that AWS gives credentials for, to 12 hours, the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionDuration(u32);

impl SessionDuration {
    const LEAST: u32 = 15 * MINUTE;
    const MOST: u32 = 12 * HOUR;
    /// The longest, in seconds.
    pub(super) const LONGEST: i64 = 12 * 3600;

    /// In seconds.
    pub fn seconds(self) -> u32 {
        self.0
    }
}

impl Default for SessionDuration {
    /// A working day: 8 hours.
    fn default() -> Self {
        Self(8 * HOUR)
    }
}

impl fmt::Display for SessionDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / HOUR, self.0 % HOUR / MINUTE) {
            (0, minutes) => write!(f, "{minutes}m"),
            (hours, 0) => write!(f, "{hours}h"),
            (hours, minutes) => write!(f, "{hours}h{minutes}m"),
        }
    }
}

impl FromStr for SessionDuration {
    type Err = SessionError;

    /// Hours and minutes in whole numbers: `8h`, `90m`, `1h30m`.
    fn from_str(text: &str) -> Result<Self, SessionError> {
        let unreadable = || SessionError::Duration { text: text.to_owned() };
        let seconds = seconds(text).ok_or_else(unreadable)?;
        if (Self::LEAST..=Self::MOST).contains(&seconds) {
            return Ok(Self(seconds));
        }
        Err(SessionError::DurationBounds { text: text.to_owned() })
    }
}

fn seconds(text: &str) -> Option<u32> {
    let (hours, minutes) = match text.split_once('h') {
        Some((hours, "")) => (number(hours)?, 0),
        Some((hours, rest)) => (number(hours)?, number(rest.strip_suffix('m')?)?),
        None => (0, number(text.strip_suffix('m')?)?),
    };
    hours.checked_mul(HOUR)?.checked_add(minutes.checked_mul(MINUTE)?)
}

fn number(digits: &str) -> Option<u32> {
    // `parse` alone would take a sign.
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_duration_is_refused() {
        for bad in [
            "",
            "8",
            "h",
            "m",
            "8h30",
            "30m8h",
            "8 h",
            "-8h",
            "+8h",
            "8H",
            "8h30m1",
            "1.5h",
            "99999999h",
            "8s",
        ] {
            assert!(matches!(bad.parse::<SessionDuration>(), Err(SessionError::Duration { .. })), "{bad}");
        }
    }

    #[test]
    fn durations_out_of_bounds_are_refused_with_the_bounds() {
        for bad in ["0m", "14m", "13h", "12h1m", "721m", "0h0m"] {
            let error = bad.parse::<SessionDuration>().unwrap_err();
            assert!(error.to_string().contains(bad), "{error}");
            assert!(error.to_string().contains("15 minutes to 12 hours"), "{error}");
        }
    }

    #[test]
    fn hours_and_minutes_are_read_and_shown() {
        for (text, seconds, shown) in [
            ("8h", 28800, "8h"),
            ("90m", 5400, "1h30m"),
            ("1h30m", 5400, "1h30m"),
            ("45m", 2700, "45m"),
            ("15m", 900, "15m"),
            ("12h", 43200, "12h"),
            ("720m", 43200, "12h"),
        ] {
            let duration: SessionDuration = text.parse().unwrap();
            assert_eq!((duration.seconds(), duration.to_string().as_str()), (seconds, shown));
        }
        assert_eq!(SessionDuration::default(), "8h".parse().unwrap());
    }
}
