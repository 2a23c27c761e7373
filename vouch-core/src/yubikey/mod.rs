//! The card: find it, PIN, sign, enrol, attestation. The only code that talks to one.
//!
//! Everything that waits for the card runs on a thread of its own: PC/SC blocks for as long as another program is in the
//! middle of something, such as waiting for a touch, and has no time-out.

mod attestation;
mod enrol;
mod error;
mod find;
mod pin;
mod sign;

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use yubikey::YubiKey;

pub use enrol::{Enrolled, ManagementKey, Request, enrol, enrol_again};
pub use error::CardError;
pub use pin::Pin;
pub use sign::{Holding, TouchPrompt};

use crate::piv::Firmware;

/// How long another program may keep the card to itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// A YubiKey that was found and is held open, but shared with other programs.
///
/// When it is dropped the card is reset: a verified PIN serves this process alone.
#[derive(Debug)]
pub struct Card {
    /// Absent once the connection was given up and none took its place.
    key: Option<Arc<Mutex<YubiKey>>>,
    serial: u32,
    firmware: Firmware,
}

impl Card {
    /// The serial number, as printed on the YubiKey.
    pub fn serial(&self) -> u32 {
        self.serial
    }

    /// The version of its firmware.
    pub fn firmware(&self) -> Firmware {
        self.firmware
    }

    fn new(key: YubiKey) -> Self {
        let version = key.version();
        Self {
            serial: key.serial().into(),
            firmware: Firmware { major: version.major, minor: version.minor, patch: version.patch },
            key: Some(Arc::new(Mutex::new(key))),
        }
    }

    /// Lets `work` use the card, for at most `patience`.
    fn run<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl FnOnce(&mut YubiKey) -> T + Send + 'static,
    ) -> Result<T, CardError> {
        let key = self.key.clone().ok_or(CardError::Removed)?;
        // A thread that another program keeps waiting holds the lock; the next one then waits in vain, too.
        within(patience, move || work(&mut key.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Does `work` on a thread and leaves it there when it takes longer than `patience`.
fn within<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CardError> {
    let (answer, answered) = mpsc::channel();
    let worker = move || {
        // Nobody may be waiting any more.
        let _ = answer.send(work());
    };
    thread::Builder::new().name("card".into()).spawn(worker).map_err(CardError::Thread)?;
    answered.recv_timeout(patience).map_err(|error| match error {
        RecvTimeoutError::Timeout => CardError::Busy,
        RecvTimeoutError::Disconnected => CardError::Failed(yubikey::Error::GenericError),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_left_behind() {
        let (hold, held) = mpsc::channel::<()>();
        let blocked = within(Duration::from_millis(20), move || held.recv());
        assert!(matches!(blocked, Err(CardError::Busy)));
        drop(hold);
        assert_eq!(within(Duration::from_secs(5), || 7).unwrap(), 7);
    }
}
