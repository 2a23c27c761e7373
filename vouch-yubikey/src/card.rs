//! A card that is held open, and work on it that never blocks whoever waits.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use vouch_core::piv::Firmware;
use yubikey::YubiKey;

use crate::error::CardError;

/// How long another program may keep the card to itself: a touch that it waits for takes up to 15 s. That other program
/// may be one of ours which was ended by Ctrl-C; nothing takes a request for a touch back.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(18);

/// How often whoever waits is told how long it may still take.
pub(crate) const TICK: Duration = Duration::from_secs(1);

/// A YubiKey that was found and is held open, but shared with other programs.
///
/// When it is dropped the card is reset: a verified PIN serves this process alone.
#[derive(Debug)]
pub struct Card {
    /// Absent once the connection was given up and none took its place.
    pub(crate) key: Option<Arc<Mutex<YubiKey>>>,
    pub(crate) serial: u32,
    pub(crate) firmware: Firmware,
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

    pub(crate) fn new(key: YubiKey) -> Self {
        let version = key.version();
        Self {
            serial: key.serial().into(),
            firmware: Firmware { major: version.major, minor: version.minor, patch: version.patch },
            key: Some(Arc::new(Mutex::new(key))),
        }
    }

    /// Lets `work` use the card, for at most `timeout`.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        timeout: Duration,
        work: impl FnOnce(&mut YubiKey) -> T + Send + 'static,
    ) -> Result<T, CardError> {
        self.run_telling(timeout, &|_| (), work)
    }

    /// As [`Card::run`]; `tell` hears every second how long it has been.
    pub(crate) fn run_telling<T: Send + 'static>(
        &self,
        timeout: Duration,
        tell: &dyn Fn(Duration),
        work: impl FnOnce(&mut YubiKey) -> T + Send + 'static,
    ) -> Result<T, CardError> {
        let key = self.key.clone().ok_or(CardError::Removed)?;
        // A thread that another program keeps waiting holds the lock; the next one then waits in vain, too.
        let work = move || work(&mut key.lock().unwrap_or_else(PoisonError::into_inner));
        within(timeout, tell, work)
    }
}

/// Does `work` on a thread and leaves it there when it takes longer than `timeout`. `tell` hears every second how long it
/// has been.
pub(crate) fn within<T: Send + 'static>(
    timeout: Duration,
    tell: &dyn Fn(Duration),
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CardError> {
    let start = Instant::now();
    let (answer, answered) = mpsc::channel();
    let worker = move || {
        // Nobody may be waiting any more.
        let _ = answer.send(work());
    };
    thread::Builder::new().name("card".into()).spawn(worker).map_err(CardError::Thread)?;
    loop {
        let left = timeout.saturating_sub(start.elapsed());
        match answered.recv_timeout(left.min(TICK)) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(CardError::Failed(yubikey::Error::GenericError));
            }
            Err(RecvTimeoutError::Timeout) if left.is_zero() => return Err(CardError::busy()),
            Err(RecvTimeoutError::Timeout) => tell(start.elapsed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_left_behind() {
        let (hold, held) = mpsc::channel::<()>();
        let blocked = within(Duration::from_millis(20), &|_| (), move || held.recv());
        assert!(matches!(blocked, Err(CardError::Busy { .. })));
        drop(hold);
        assert_eq!(within(Duration::from_secs(5), &|_| (), || 7).unwrap(), 7);
    }
}
