//! The world around the card: a finger, a USB socket, and an observer who counts.

use std::{
    str::FromStr,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How the simulated person answers a request for a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// Touches at once.
    Auto,
    /// Does not touch, unless told to by [`Control::touch`].
    Never,
    /// Touches this long after the light began to blink.
    After(Duration),
}

/// A text that is not a way to touch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a way to touch: auto, never or a number of milliseconds is expected")]
pub struct ParseTouchError(String);

impl FromStr for Touch {
    type Err = ParseTouchError;

    /// `auto`, `never`, or milliseconds.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "never" => Ok(Self::Never),
            number => match number.parse() {
                Ok(milliseconds) => Ok(Self::After(Duration::from_millis(milliseconds))),
                Err(_) => Err(ParseTouchError(text.to_owned())),
            },
        }
    }
}

/// What the card has done since it was made or since [`Control::reset_counters`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counters {
    /// APDUs answered, each part of a chain and each GET RESPONSE among them.
    pub apdus: u64,
    /// Operations with a private key of a slot: signatures, decryptions, key agreements. Attestations are not.
    pub signs: u64,
    /// Touches that the card asked for and got.
    pub touches: u64,
    /// Wrong PINs and wrong PUKs.
    pub pin_failures: u64,
}

/// A handle on the world around one card. Clones share it, and all methods work while the card is busy.
#[derive(Clone, Debug)]
pub struct Control(Arc<World>);

#[derive(Debug)]
struct World {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    touch: Touch,
    waiting: bool,
    touched: bool,
    present: bool,
    removals: u64,
    counters: Counters,
}

/// How a request for a touch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TouchOutcome {
    Given,
    TimedOut,
    Removed,
}

impl Control {
    pub(crate) fn new(touch: Touch) -> Self {
        let state = State {
            touch,
            waiting: false,
            touched: false,
            present: true,
            removals: 0,
            counters: Counters::default(),
        };
        Self(Arc::new(World { state: Mutex::new(state), changed: Condvar::new() }))
    }

    /// Changes how the person touches, for a request that is waiting now as well.
    pub fn set_touch(&self, touch: Touch) {
        self.change(|state| state.touch = touch);
    }

    /// Touches once. Nothing happens unless the card is waiting for it.
    pub fn touch(&self) {
        self.change(|state| state.touched = state.waiting);
    }

    /// Pulls the card out. It forgets what was verified, and answers nothing until it is back.
    pub fn remove(&self) {
        self.change(|state| {
            if state.present {
                state.present = false;
                state.removals += 1;
            }
        });
    }

    /// Puts the card back.
    pub fn insert(&self) {
        self.change(|state| state.present = true);
    }

    pub fn is_present(&self) -> bool {
        self.state().present
    }

    /// Whether the light is blinking.
    pub fn is_waiting_for_touch(&self) -> bool {
        self.state().waiting
    }

    pub fn counters(&self) -> Counters {
        self.state().counters
    }

    /// Sets all counters to zero.
    pub fn reset_counters(&self) {
        self.change(|state| state.counters = Counters::default());
    }

    /// How often the card was pulled out so far: a card that sees this grow has lost its power since.
    pub(crate) fn removals(&self) -> u64 {
        self.state().removals
    }

    pub(crate) fn count(&self, count: impl FnOnce(&mut Counters)) {
        count(&mut self.state().counters);
    }

    /// Waits until the card is in its socket.
    pub(crate) fn wait_until_present(&self) {
        let present = self.0.changed.wait_while(self.state(), |state| !state.present);
        drop(present.unwrap_or_else(PoisonError::into_inner));
    }

    /// Lets the light blink until a touch comes, the card is pulled out, or `timeout` is over.
    pub(crate) fn ask_for_touch(&self, timeout: Duration) -> TouchOutcome {
        let start = Instant::now();
        let mut state = self.state();
        let removals = state.removals;
        state.touched = false;
        state.waiting = true;
        let outcome = loop {
            let elapsed = start.elapsed();
            if !state.present || state.removals != removals {
                break TouchOutcome::Removed;
            }
            let (due, wait) = match state.touch {
                Touch::Auto => (true, timeout),
                Touch::Never => (false, timeout),
                Touch::After(delay) => (elapsed >= delay && delay < timeout, delay.min(timeout)),
            };
            if due || state.touched {
                state.counters.touches += 1;
                break TouchOutcome::Given;
            }
            if elapsed >= timeout {
                break TouchOutcome::TimedOut;
            }
            let result = self.0.changed.wait_timeout(state, wait.saturating_sub(elapsed));
            state = result.unwrap_or_else(PoisonError::into_inner).0;
        };
        state.waiting = false;
        state.touched = false;
        outcome
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.0.changed.notify_all();
    }

    /// A panic elsewhere leaves no half-made change behind, so a poisoned lock is as good as any.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_to_touch() {
        assert_eq!("auto".parse(), Ok(Touch::Auto));
        assert_eq!("never".parse(), Ok(Touch::Never));
        assert_eq!("1500".parse(), Ok(Touch::After(Duration::from_millis(1500))));
        for text in ["", "Auto", "-1", "1.5", "soon"] {
            assert!(text.parse::<Touch>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_touch_before_the_light_blinks_is_lost() {
        let control = Control::new(Touch::Never);
        control.touch();
        assert_eq!(control.ask_for_touch(Duration::from_millis(20)), TouchOutcome::TimedOut);
        assert_eq!(control.counters().touches, 0);
    }

    #[test]
    fn a_touch_that_would_come_after_the_time_out() {
        let control = Control::new(Touch::After(Duration::from_millis(60)));
        assert_eq!(control.ask_for_touch(Duration::from_millis(20)), TouchOutcome::TimedOut);
        assert!(!control.is_waiting_for_touch());
    }

    #[test]
    fn removing_twice_is_one_removal() {
        let control = Control::new(Touch::Auto);
        control.remove();
        control.remove();
        assert_eq!(control.removals(), 1);
        control.insert();
        assert!(control.is_present());
    }

    #[test]
    fn counters_as_json() {
        let json =
            serde_json::to_string(&Counters { apdus: 4, signs: 3, touches: 2, pin_failures: 1 }).unwrap();
        assert_eq!(json, r#"{"apdus":4,"signs":3,"touches":2,"pin_failures":1}"#);
    }
}
