//! What the checks know of each other's findings.

use vouch_core::config::Config;
use vouch_core::hint::ENROLL;
use vouch_core::home::Home;

/// What nearly every check needs, as far as it is there.
pub(super) struct DoctorContext {
    pub(super) home: Option<Home>,
    /// None where there is one that cannot be read.
    pub(super) config: Option<Config>,
}

/// Said where a check needs an identity.
pub(super) fn enroll() -> String {
    format!("Run {ENROLL}.")
}
