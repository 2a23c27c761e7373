//! Passing on the signals that ask a program to end: SIGHUP, SIGINT, SIGQUIT and SIGTERM.
//!
//! A signal of the terminal (Ctrl-C) is not passed on: the kernel sends it to the whole foreground group, so that
//! the command has had it already.

use std::ffi::c_int;
use std::io;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal};
use signal_hook::consts::signal::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};

const ENDING: [c_int; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// Waits for a child and meanwhile passes signals on, without a thread: a process whose children start in
/// another process tree may not have any.
#[derive(Debug)]
pub struct Attendant(SignalsInfo<WithOrigin>);

impl Attendant {
    /// Takes over the signals of this process. Those that come from now on are kept.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn new() -> io::Result<Self> {
        let signals = SignalsInfo::<WithOrigin>::new(ENDING)?;
        signals.add_signal(SIGCHLD)?;
        Ok(Self(signals))
    }

    /// Waits until the child has ended.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn attend(mut self, mut child: Child) -> io::Result<ExitStatus> {
        let process = Pid::from_child(&child);
        loop {
            for origin in self.0.wait() {
                if origin.signal != SIGCHLD {
                    pass(process, &origin);
                }
            }
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
        }
    }
}

/// Passes signals on from a thread of its own to one process. Until that exists, a signal ends this one.
#[derive(Debug)]
pub struct Forwarder(Arc<Mutex<State>>);

#[derive(Debug)]
enum State {
    Waiting,
    Passing(Pid),
    Done,
}

impl Forwarder {
    /// Takes over the signals of this process.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn start() -> io::Result<Self> {
        let state = Arc::new(Mutex::new(State::Waiting));
        let mut signals = SignalsInfo::<WithOrigin>::new(ENDING)?;
        let shared = state.clone();
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for origin in &mut signals {
                match *shared.lock().unwrap_or_else(PoisonError::into_inner) {
                    State::Waiting => end(origin.signal),
                    State::Passing(process) => pass(process, &origin),
                    State::Done => {}
                }
            }
        })?;
        Ok(Self(state))
    }

    /// Starts the process that the signals are for.
    ///
    /// # Errors
    /// Those of `start`.
    pub fn begin(&self, start: impl FnOnce() -> io::Result<Child>) -> io::Result<Pid> {
        // A signal in between waits for the lock.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let process = Pid::from_child(&start()?);
        *state = State::Passing(process);
        Ok(process)
    }

    /// The process is gone, its number may soon be another's.
    pub fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State::Done;
    }
}

#[expect(clippy::exit, reason = "what main waits for may take long, and nothing is open that must be closed")]
fn end(signal: c_int) {
    std::process::exit(128 + signal)
}

fn pass(process: Pid, origin: &Origin) {
    if origin.cause == Cause::Kernel {
        return;
    }
    if let Some(signal) = Signal::from_named_raw(origin.signal) {
        // It may have ended meanwhile.
        let _ = rustix::process::kill_process(process, signal);
    }
}
