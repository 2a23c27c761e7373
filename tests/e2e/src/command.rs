//! Commands as a person types them, and what came of them.

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::terminal::Terminal;

/// A command that is about to run.
#[derive(Debug)]
pub struct Run {
    command: Command,
    stdin: Option<String>,
}

/// A command that has ended.
#[derive(Debug)]
pub struct CommandOutput {
    pub(crate) line: String,
    /// The exit code; 128 and the signal if one ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Run {
    /// A program found on `PATH`, or a path.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self { command: Command::new(program), stdin: None }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    /// An environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// The folder that it runs in.
    #[must_use]
    pub fn within(mut self, folder: impl AsRef<std::path::Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// What it reads; nothing otherwise.
    #[must_use]
    pub fn stdin(mut self, text: impl Into<String>) -> Self {
        self.stdin = Some(text.into());
        self
    }

    /// Starts the command, for tests that act while it runs. Ends with [`Running::wait`].
    pub fn start(mut self) -> Running {
        let line = format!("{:?}", self.command);
        let started = Instant::now();
        let stdin = if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("{line}: {error}"));
        if let Some(text) = self.stdin {
            // A command that ends without reading is for the test to judge.
            let _ = child.stdin.take().expect("stdin is piped").write_all(text.as_bytes());
        }
        Running { line, started, child }
    }

    /// Starts the command on a terminal of its own, as a person does who sits in front of it.
    pub fn on_terminal(self) -> Terminal {
        Terminal::start(&self.command)
    }

    /// Runs the command to its end.
    pub fn done(self) -> CommandOutput {
        self.start().wait()
    }

    /// Runs it and asserts that it succeeded.
    pub fn ok(self) -> CommandOutput {
        self.done().expect_code(0)
    }

    /// Runs it and asserts how it failed.
    pub fn fails(self, code: i32) -> CommandOutput {
        assert_ne!(code, 0);
        self.done().expect_code(code)
    }
}

/// A command that runs.
#[derive(Debug)]
pub struct Running {
    line: String,
    started: Instant,
    pub child: std::process::Child,
}

impl Running {
    /// Waits for its end.
    pub fn wait(self) -> CommandOutput {
        let Self { line, started, child } = self;
        let output = child.wait_with_output().expect("the command can be waited for");
        let took = started.elapsed();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let code = exit_code(output.status);
        CommandOutput { line, code, stdout: text(output.stdout), stderr: text(output.stderr), took }
    }
}

pub(crate) fn exit_code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;

    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

impl CommandOutput {
    /// Asserts the exit code, showing everything if it differs.
    #[must_use]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// Asserts that a person was told this.
    #[must_use]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "not said: {text}\n{self}");
        self
    }

    /// Asserts that this is in the answer.
    #[must_use]
    pub fn shows(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "not shown: {text}\n{self}");
        self
    }

    /// Asserts that a person was not told this.
    #[must_use]
    pub fn never_says(self, text: &str) -> Self {
        assert!(!self.stderr.contains(text) && !self.stdout.contains(text), "said: {text}\n{self}");
        self
    }
}

impl std::fmt::Display for CommandOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { line, code, stdout, stderr, .. } = self;
        write!(f, "{line}\nexit code {code}\n--- stdout\n{stdout}--- stderr\n{stderr}---")
    }
}
