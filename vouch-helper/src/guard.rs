//! A panic is an answer like any other failure.

use std::panic::{self, AssertUnwindSafe};

use vouch_core::{ErrorKind, Failure};

/// Does the work of a helper. A panic in it would leave the package manager without an answer, and the user with what only
/// a developer can read.
///
/// # Errors
/// That of the work, or that Vouch itself is at fault.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    panic::set_hook(Box::new(|_| {}));
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(fault()))
}

fn fault() -> Failure {
    Failure::new(ErrorKind::Other, "Vouch met a fault of its own", "VOUCH_LOG=debug shows more.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failure_without_its_words() {
        let failure = guarded::<()>(|| panic!("hunter2")).unwrap_err();
        let _ = panic::take_hook();
        assert!(failure.message.contains("a fault of its own"), "{failure:?}");
        assert!(!format!("{failure:?}").contains("hunter2"));
    }
}
