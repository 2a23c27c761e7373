//! Waiting for a card to be plugged in.

use std::ffi::CString;
use std::thread;
use std::time::{Duration, Instant};

use pcsc::{Context, Error as Pcsc, PNP_NOTIFICATION, ReaderState, Scope, State};

use crate::card::{Card, TICK, TIMEOUT, within};
use crate::error::CardError;

/// How long a card that has just been plugged in may look like something else: the system powers it up, and programs
/// such as GnuPG's scdaemon have a look at it first.
const SETTLE: Duration = Duration::from_secs(2);

/// How often it is looked at meanwhile.
const GLANCE: Duration = Duration::from_millis(100);

/// macOS does not tell of readers that come and go.
const HAS_NOTIFICATIONS: bool = !cfg!(target_os = "macos");

impl Card {
    /// As [`Card::open`], and waits up to `timeout` where the right one is not plugged in, or there is no reader yet.
    ///
    /// While it waits, `on_wait` hears what is missing and how long is left: at once, and then every second. It also hears
    /// of [`CardError::Busy`] while another program keeps a card busy.
    ///
    /// # Errors
    /// As [`Card::open`], what was wrong in the end.
    pub fn wait(
        serial: Option<u32>,
        wanted: &[u32],
        timeout: Duration,
        on_wait: &dyn Fn(&CardError, Duration),
    ) -> Result<Self, CardError> {
        let deadline = Instant::now() + timeout;
        let busy = |waited: Duration| {
            on_wait(&CardError::Busy { others: Vec::new() }, TIMEOUT.saturating_sub(waited))
        };
        let mut changed_at: Option<Instant> = None;
        loop {
            // Taken before the look: what changes after it is not missed.
            let mut watch = within(TIMEOUT, &busy, Watch::begin)?.ok();
            let missing = match Self::open_telling(serial, wanted, &busy) {
                Ok(card) => return Ok(card),
                Err(error) => error,
            };
            let settling = changed_at.is_some_and(|at| at.elapsed() < SETTLE);
            if !is_absence(&missing) && !settling {
                return Err(missing);
            }
            loop {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(missing);
                }
                on_wait(&missing, left);
                let step = left.min(if settling { GLANCE } else { TICK });
                let changed = match &mut watch {
                    Some(watch) => watch.changes(step),
                    None => {
                        thread::sleep(step);
                        true
                    }
                };
                if changed {
                    // Changes come in bursts: the reader, its card, the card's power.
                    thread::sleep(GLANCE);
                    changed_at = changed_at.filter(|_| settling).or_else(|| Some(Instant::now()));
                }
                if changed || settling {
                    break;
                }
            }
        }
    }
}

/// Whether the right card may yet be plugged in.
fn is_absence(error: &CardError) -> bool {
    matches!(
        error,
        CardError::NoReader
            | CardError::NoCard
            | CardError::NotPluggedIn { .. }
            | CardError::NotEnrolled { .. }
    )
}

/// What the system says of readers and cards, to be told of changes.
struct Watch {
    context: Context,
    names: Vec<CString>,
    states: Vec<ReaderState>,
}

impl Watch {
    fn begin() -> Result<Self, Pcsc> {
        let context = Context::establish(Scope::System)?;
        let names = readers(&context)?;
        let all = names.iter().map(CString::as_c_str).chain(HAS_NOTIFICATIONS.then(PNP_NOTIFICATION));
        let mut states: Vec<_> = all.map(|name| ReaderState::new(name, State::UNAWARE)).collect();
        match context.get_status_change(Duration::ZERO, &mut states) {
            Ok(()) | Err(Pcsc::Timeout) => {}
            Err(error) => return Err(error),
        }
        states.iter_mut().for_each(ReaderState::sync_current_state);
        Ok(Self { context, names, states })
    }

    /// Whether something changes within this time; the answer comes as soon as it does. A service that goes away is a
    /// change as well: it may be restarted, with the driver that was missing.
    fn changes(&mut self, time: Duration) -> bool {
        // pcsc-lite notices new readers only while it is being asked for changes.
        if readers(&self.context).as_ref() != Ok(&self.names) {
            return true;
        }
        if self.states.is_empty() {
            thread::sleep(time.min(TICK / 2));
            return false;
        }
        self.context.get_status_change(time, &mut self.states) != Err(Pcsc::Timeout)
    }
}

fn readers(context: &Context) -> Result<Vec<CString>, Pcsc> {
    match context.list_readers_owned() {
        Err(Pcsc::NoReadersAvailable) => Ok(Vec::new()),
        listed => listed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_plugging_in_can_change_is_waited_for() {
        let (serial, present, enrolled) = (7, vec![8], vec![7]);
        for worth in [
            CardError::NoReader,
            CardError::NoCard,
            CardError::NotPluggedIn { serial, present: present.clone() },
            CardError::NotEnrolled { present, enrolled },
        ] {
            assert!(is_absence(&worth), "{worth}");
        }
        for vain in [
            CardError::NoService,
            CardError::ServiceRefused,
            CardError::Busy { others: Vec::new() },
            CardError::ExclusiveAccess { reader: "reader".into(), others: Vec::new() },
            CardError::NotAYubiKey { reader: "reader".into() },
            CardError::Several { serials: vec![7, 8] },
        ] {
            assert!(!is_absence(&vain), "{vain}");
        }
    }
}
