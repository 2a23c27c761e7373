//! Runs shell scripts in the built sandbox.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Shell functions of the scripts: `code` prints curl's exit code and the status, `ctl` must succeed silently.
const PRELUDE: &str = r#"
set -u
issuer=https://id.example.com
sts=https://sts.us-east-1.amazonaws.com
echo hello >"$VOUCH_SANDBOX_SITE/hello.txt"
code() {
    status=$(curl -s -m 2 -o /dev/null -w '%{http_code}' "$@")
    echo "$? $status"
}
ctl() {
    vouch-sandbox ctl "$@" >/dev/null || echo "ctl $* failed"
}
"#;

pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn sandbox(options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vouch-sandbox"));
    command.arg("run").args(options).arg("--");
    command
}

/// Runs `script` in a sandbox without pcscd, whose start takes longest.
pub(crate) fn run(options: &[&str], script: &str) -> Answer {
    run_with_cards(&[&["--no-pcscd"], options].concat(), script)
}

pub(crate) fn run_with_cards(options: &[&str], script: &str) -> Answer {
    let script = format!("{PRELUDE}\n{script}");
    answer(sandbox(options).args(["sh", "-c", &script]).stdin(Stdio::null()).output().unwrap())
}

pub(crate) fn answer(output: Output) -> Answer {
    let answer = Answer {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(
        !answer.stderr.contains("cannot make private namespaces"),
        "these tests need root or user namespaces: {}",
        answer.stderr
    );
    answer
}

impl Answer {
    /// The output of a script that went well and had nothing to complain about.
    #[track_caller]
    pub(crate) fn output(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        assert_eq!(self.stderr, "", "{}", self.stdout);
        self.stdout
    }

    #[track_caller]
    pub(crate) fn lines(self) -> Vec<String> {
        self.output().lines().map(str::to_owned).collect()
    }
}

/// Numbers of the processes with `word` in their command lines.
pub(crate) fn processes_with(word: &str) -> Vec<String> {
    let names = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.file_name());
    names
        .filter_map(|name| name.into_string().ok())
        .filter(|name| {
            std::fs::read(Path::new("/proc").join(name).join("cmdline"))
                .is_ok_and(|line| String::from_utf8_lossy(&line).contains(word))
        })
        .collect()
}
