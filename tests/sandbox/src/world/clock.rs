//! The world's clock: the machine's, shifted by what a test asked for.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// A clock that can be wrong on purpose.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    skew: AtomicI64,
}

impl Clock {
    /// The world's present.
    pub(crate) fn now(&self) -> Timestamp {
        let skew = SignedDuration::from_secs(self.skew.load(Ordering::Relaxed));
        let real = Timestamp::now();
        real.checked_add(skew).unwrap_or(real)
    }

    /// The world's present in seconds since 1970.
    pub(crate) fn seconds(&self) -> i64 {
        self.now().as_second()
    }

    /// From now on the clock is `seconds` ahead of the machine's (behind it, if negative).
    pub(crate) fn set_skew(&self, seconds: i64) {
        self.skew.store(seconds, Ordering::Relaxed);
    }
}

/// An HTTP date, as the `Date` header wants it.
pub(crate) fn http_date(time: Timestamp) -> String {
    jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&time)
        .unwrap_or_else(|_| "Thu, 01 Jan 1970 00:00:00 GMT".into())
}

/// `2026-01-31T12:00:00Z`, as STS prints an expiration.
pub(crate) fn iso(seconds: i64) -> String {
    Timestamp::from_second(seconds)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

/// `2026-01-31T12:00:00.000Z`, as npm's registries write times.
pub(crate) fn iso_milliseconds(milliseconds: i64) -> String {
    let time = Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// `20260131T120000Z`, as SigV4 writes times.
pub(crate) fn compact(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Reads what [`compact`] writes.
pub(crate) fn parse_compact(text: &str) -> Option<i64> {
    let civil = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(civil).ok().map(Timestamp::as_second)
}
