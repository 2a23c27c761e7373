//! By the modes of the terminal, which every signal finds restored.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::mpsc;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::termios::{LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use vouch_helper::tty::is_in_front;
use zeroize::Zeroizing;

/// More than any secret that is asked for, and no more than a line of a terminal can hold (Linux, `N_TTY_BUF_SIZE`).
const LONGEST_LINE: usize = 4096;

/// Between two looks for a line.
const POLL: Duration = Duration::from_millis(20);

/// The terminal while it is quiet. Signals come at any time, so it belongs to the process.
static STATE: Mutex<Option<State>> = Mutex::new(None);

#[derive(Debug)]
struct State {
    terminal: File,
    before: Termios,
    /// What is being asked, to be asked again after the command was stopped.
    prompt: Option<String>,
}

impl State {
    fn hush(&self) {
        let mut modes = self.before.clone();
        modes.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        // Lines can be edited, and Ctrl-C, Ctrl-Z and Ctrl-\ are signals, whatever the mode was before.
        modes.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG);
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &modes);
    }

    fn restore(&self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }

    fn ask(&mut self) {
        let Some(prompt) = &self.prompt else { return };
        // What was typed before the question is no answer to it.
        let _ = tcflush(&self.terminal, QueueSelector::IFlush);
        let _ = self.terminal.write_all(prompt.as_bytes());
    }
}

fn state() -> MutexGuard<'static, Option<State>> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps the terminal from echoing, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Quiet {
    /// Another one is responsible, or there is no terminal.
    idle: bool,
}

impl Quiet {
    /// From now on; nothing happens where there is no terminal, or another program has it.
    pub(crate) fn start() -> Self {
        let mut state = state();
        if state.is_some() {
            return Self { idle: true };
        }
        let Ok(terminal) = File::options().read(true).write(true).open("/dev/tty") else {
            return Self { idle: true };
        };
        let Some(before) = is_in_front(&terminal).then(|| tcgetattr(&terminal).ok()).flatten() else {
            return Self { idle: true };
        };
        watch_signals();
        let quiet = State { terminal, before, prompt: None };
        quiet.hush();
        *state = Some(quiet);
        Self { idle: false }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if self.idle {
            return;
        }
        if let Some(quiet) = state().take() {
            quiet.restore();
        }
    }
}

/// Signals that end or stop the process do so once the terminal is as it was.
fn watch_signals() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Without a watcher they end the process at once, as they do any other: there may be no more threads.
        let (give, given) = mpsc::channel::<Signals>();
        let watch = move || {
            let Ok(mut signals) = given.recv() else { return };
            for signal in signals.forever() {
                let mut state = state();
                if let Some(quiet) = state.as_ref() {
                    quiet.restore();
                }
                let _ = emulate_default_handler(signal);
                // It was stopped, and goes on. The state was locked all the while: what was typed for the shell is flushed
                // before anybody reads it.
                if let Some(quiet) = state.as_mut() {
                    quiet.hush();
                    quiet.ask();
                }
            }
        };
        if thread::Builder::new().spawn(watch).is_ok()
            && let Ok(signals) = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP])
        {
            let _ = give.send(signals);
        }
    });
}

/// Does something that the user answers in plain sight.
pub(crate) fn paused<T>(work: impl FnOnce() -> T) -> T {
    if let Some(quiet) = state().as_ref() {
        let _ = tcflush(&quiet.terminal, QueueSelector::IFlush);
        quiet.restore();
    }
    let done = work();
    if let Some(quiet) = state().as_ref() {
        quiet.hush();
    }
    done
}

/// Asks for a line, which is not shown.
pub(crate) fn read(prompt: &str) -> io::Result<String> {
    let _quiet = Quiet::start();
    let mut terminal = {
        let mut state = state();
        let quiet = state.as_mut().ok_or(io::ErrorKind::NotFound)?;
        quiet.prompt = Some(prompt.to_owned());
        quiet.ask();
        quiet.terminal.try_clone()?
    };
    let typed = answer();
    if let Some(quiet) = state().as_mut() {
        quiet.prompt = None;
    }
    terminal.write_all(b"\n")?;
    typed
}

/// The next line, read under the lock of the state: a stop comes before the read or after it, never while a line that was
/// typed for the shell is on its way.
fn answer() -> io::Result<String> {
    // With a description of its own: the one that others have of the terminal goes on to wait.
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or_default();
    let mut keyboard = File::options().read(true).custom_flags(flags).open("/dev/tty")?;
    loop {
        let state = state();
        match line(&mut keyboard) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            typed => return typed,
        }
        drop(state);
        thread::sleep(POLL);
    }
}

/// A terminal gives whole lines.
fn line(terminal: &mut impl Read) -> io::Result<String> {
    let mut bytes = Zeroizing::new([0; LONGEST_LINE]);
    let mut length = 0;
    while let Some(free @ [_, ..]) = bytes.get_mut(length..) {
        match terminal.read(free) {
            Ok(0) if length == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if bytes.get(..length).is_some_and(|typed| typed.ends_with(b"\n")) {
            break;
        }
    }
    let typed = bytes.get(..length).unwrap_or_default();
    let text = std::str::from_utf8(typed).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_without_its_end() {
        for (typed, wanted) in
            [("123456\n", "123456"), ("12 3\r\n", "12 3"), ("123456", "123456"), ("\n", "")]
        {
            assert_eq!(line(&mut typed.as_bytes()).unwrap(), wanted);
        }
        assert!(line(&mut "".as_bytes()).is_err());
        assert!(line(&mut &b"\xff\n"[..]).is_err());
    }
}
