//! A command in front of which a person sits: it has a terminal, shows things on it and is typed at.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;

use crate::command::{CommandOutput, exit_code};

/// Longer than anything that a test waits for on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// A command that runs on a terminal. Ends with [`Terminal::wait`].
#[derive(Debug)]
pub struct Terminal {
    line: String,
    started: Instant,
    child: Child,
    keyboard: File,
    /// Kept open: what state the command left the terminal in can be seen after its end.
    device: OwnedFd,
    screen: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
    /// How much of the screen [`Terminal::wait_for`] has gone past.
    seen: usize,
}

impl Terminal {
    pub(crate) fn start(command: &Command) -> Self {
        let line = format!("{command:?}");
        let size = Winsize { ws_row: 24, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(&size, None).expect("there are terminals");
        let end = || Stdio::from(pty.slave.try_clone().expect("there are descriptors"));
        // A session of its own, so that this becomes its terminal and Ctrl-C reaches it and nobody else.
        let mut session = Command::new("setsid");
        session.arg("--ctty").arg(command.get_program()).args(command.get_args());
        session.env("TERM", "xterm");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => session.env(name, value),
                None => session.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            session.current_dir(folder);
        }
        let started = Instant::now();
        let child = session.stdin(end()).stdout(end()).stderr(end()).spawn();
        let child = child.unwrap_or_else(|error| panic!("{line}: {error}"));
        let keyboard = File::from(pty.master);
        let mut shows = keyboard.try_clone().expect("there are descriptors");
        let screen = Arc::<Mutex<Vec<u8>>>::default();
        let fill = screen.clone();
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4096];
            // Ends with an error once nobody has the other end any more.
            while let Ok(read @ 1..) = shows.read(&mut buffer) {
                fill.lock().expect("nobody panics with it").extend_from_slice(&buffer[..read]);
            }
        });
        Self { line, started, child, keyboard, device: pty.slave, screen, reader, seen: 0 }
    }

    /// Waits until this is shown, after what was waited for before.
    pub fn wait_for(&mut self, text: &str) {
        let start = Instant::now();
        loop {
            let screen = self.screen();
            let new = screen.get(self.seen..).unwrap_or_default();
            if let Some(at) = new.find(text) {
                self.seen += at + text.len();
                return;
            }
            let ended = matches!(self.child.try_wait(), Ok(Some(_)));
            let over = ended || start.elapsed() > PATIENCE;
            if ended {
                // Its last words may be under way.
                thread::sleep(Duration::from_millis(100));
            }
            assert!(!over || self.screen() != screen, "never shown: {text}\n{}\n{screen}", self.line);
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Types a line and Enter.
    pub fn type_line(&mut self, text: &str) {
        self.keyboard.write_all(format!("{text}\n").as_bytes()).expect("the terminal is there");
    }

    /// Presses Ctrl-C.
    pub fn ctrl_c(&mut self) {
        self.keyboard.write_all(b"\x03").expect("the terminal is there");
    }

    /// Presses a key that the terminal may turn into a signal, such as `\x1a` for Ctrl-Z.
    pub fn press(&mut self, key: u8) {
        self.keyboard.write_all(&[key]).expect("the terminal is there");
    }

    /// Sends a signal to the command alone.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).expect("ids are small");
        kill(Pid::from_raw(id), signal).expect("it runs");
    }

    /// Whether the command is stopped, as by Ctrl-Z.
    pub fn is_stopped(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
    }

    /// Ends the command as nothing can that it could prepare for.
    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
    }

    /// Whether what is typed is shown.
    pub fn echoes(&self) -> bool {
        let modes = tcgetattr(&self.device).expect("the terminal is there");
        modes.local_flags.contains(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG)
    }

    /// What has been shown so far.
    pub fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().expect("nobody panics with it")).into_owned()
    }

    /// Waits for its end; all that was shown counts as said.
    pub fn wait(mut self) -> CommandOutput {
        let status = self.child.wait().expect("the command can be waited for");
        let took = self.started.elapsed();
        drop((self.device, self.keyboard));
        self.reader.join().expect("the screen was read");
        let stderr =
            String::from_utf8_lossy(&self.screen.lock().expect("nobody panics with it")).into_owned();
        CommandOutput { line: self.line, code: exit_code(status), stdout: String::new(), stderr, took }
    }
}
