//! The duty of process 1: collecting every process that ends, also those whose parents are gone.
//!
//! It has to be the only one who waits: nobody else may call `Child::wait`, and processes are started with
//! [`Reaper::spawn`], because a start that fails waits for the process it had begun with.

use std::collections::HashMap;
use std::io;
use std::process::{Child, Command};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, WaitOptions, WaitStatus};

/// Collects ended processes on a thread of its own.
#[derive(Debug, Default)]
pub struct Reaper {
    ended: Mutex<HashMap<i32, WaitStatus>>,
    news: Condvar,
    /// Held by whoever starts or collects.
    collecting: Mutex<()>,
}

impl Reaper {
    /// Starts collecting.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start() -> io::Result<Arc<Self>> {
        let reaper = Arc::new(Self::default());
        let collector = reaper.clone();
        std::thread::Builder::new().name("reaper".to_owned()).spawn(move || collector.collect())?;
        Ok(reaper)
    }

    /// Starts a process that the reaper will collect.
    ///
    /// # Errors
    /// Those of the command.
    pub fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        let _alone = self.collecting.lock().unwrap_or_else(PoisonError::into_inner);
        command.spawn()
    }

    /// Waits until the process has ended.
    #[must_use]
    pub fn wait(&self, process: Pid) -> WaitStatus {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(status) = ended.get(&process.as_raw_pid()) {
                return *status;
            }
            ended = self.news.wait(ended).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// How the process ended, if it does within `limit`.
    #[must_use]
    pub fn wait_for(&self, process: Pid, limit: Duration) -> Option<WaitStatus> {
        let deadline = Instant::now() + limit;
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(status) = ended.get(&process.as_raw_pid()) {
                return Some(*status);
            }
            let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
            ended = self.news.wait_timeout(ended, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn collect(&self) {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        loop {
            if rustix::process::waitid(WaitId::All, look).is_err() {
                // There is no process yet, or none any more.
                std::thread::sleep(Duration::from_millis(2));
                continue;
            }
            let _alone = self.collecting.lock().unwrap_or_else(PoisonError::into_inner);
            while let Ok(Some((process, status))) = rustix::process::wait(WaitOptions::NOHANG) {
                let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
                ended.insert(process.as_raw_pid(), status);
                self.news.notify_all();
            }
        }
    }
}

/// What a shell would report: the exit code, or 128 and the number of the signal.
#[must_use]
pub fn exit_code(status: WaitStatus) -> u8 {
    let code = match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => code,
        (None, Some(signal)) => 128 + signal,
        (None, None) => 1,
    };
    u8::try_from(code).unwrap_or(u8::MAX)
}
