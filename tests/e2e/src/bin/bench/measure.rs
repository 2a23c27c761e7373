//! Clocks and counters.

use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use serde_json::{Value, json};
use vouch_e2e::Run;

pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// The processor's time of all children that have ended.
pub(crate) fn cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel counts");
    let seconds = |time: nix::sys::time::TimeVal| {
        let (whole, micros) = (u64::try_from(time.tv_sec()), u64::try_from(time.tv_usec()));
        Duration::from_secs(whole.unwrap_or_default()) + Duration::from_micros(micros.unwrap_or_default())
    };
    seconds(usage.user_time()) + seconds(usage.system_time())
}

/// The largest child so far.
pub(crate) fn resident_kib() -> i64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel counts").max_rss()
}

/// What the sandbox has counted since it was told to begin anew.
pub(crate) fn stats() -> Value {
    let stats = Run::new("vouch-sandbox").args(["ctl", "stats"]).ok().stdout;
    serde_json::from_str(&stats).expect("stats are JSON")
}

pub(crate) fn reset_stats() {
    let _ = Run::new("vouch-sandbox").args(["ctl", "reset"]).ok();
}

/// What one program took, run by run.
#[derive(Default)]
pub(crate) struct Costs {
    wall: Vec<Duration>,
    cpu: Duration,
}

impl Costs {
    pub(crate) fn add(&mut self, work: impl FnOnce()) {
        let before = cpu();
        self.wall.push(timed(work));
        self.cpu += cpu() - before;
    }

    pub(crate) fn median(&self) -> Duration {
        median(self.wall.clone())
    }

    pub(crate) fn least(&self) -> Duration {
        self.wall.iter().min().copied().unwrap_or_default()
    }

    /// Of one run.
    pub(crate) fn cpu(&self) -> Duration {
        self.cpu / u32::try_from(self.wall.len()).expect("few runs").max(1)
    }
}

pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

pub(crate) fn ratio(one: Duration, other: Duration) -> f64 {
    round(one.as_secs_f64() / other.as_secs_f64())
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    round(time.as_secs_f64() * 1000.0)
}

pub(crate) fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Microseconds.
pub(crate) fn micros(time: Duration) -> Value {
    json!(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}
