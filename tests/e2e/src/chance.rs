//! Numbers by chance, which a seed repeats.

use std::time::{SystemTime, UNIX_EPOCH};

/// A generator that gives the same numbers for one seed (xorshift64*).
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    /// One of its own for each seed but 0.
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number % end as u64).expect("it is below a usize")
    }

    /// One of several.
    pub fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    /// Whether it happened.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// What a variable says, or a number that differs from run to run.
pub fn seed(variable: &str) -> u64 {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_nanos() as u64 >> 10);
    number(variable).unwrap_or_else(now).max(1)
}

/// What a variable says.
pub fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
