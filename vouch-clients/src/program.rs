//! Programs on PATH, and their versions.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

pub use vouch_helper::program::{all_in, is_executable, on_path};
use wait_timeout::ChildExt;

/// The slowest clients are written in Java, Python and Node, and the first start of a day takes its time. Doctor asks all at once:
/// eleven took 12 s on two busy cores.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What came of asking a program for its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// What it printed.
    Version(String),
    /// It cannot be started: most likely it is not installed.
    Absent,
    /// It failed, or gave no answer in time.
    Silent,
}

/// What was answered, by program: each is asked once.
static ANSWERS: Mutex<BTreeMap<OsString, Arc<OnceLock<Asked>>>> = Mutex::new(BTreeMap::new());

/// Whether two paths lead to one program. A copy counts where links need a right that few have.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    let linked = real(one).is_some_and(|one| real(other) == Some(one));
    linked || cfg!(not(unix)) && contents(one).is_some_and(|one| contents(other) == Some(one))
}

/// A program may be larger than what is read of a configuration, but it is a file.
pub(crate) fn contents(path: &Path) -> Option<Vec<u8>> {
    path.is_file().then(|| fs::read(path).ok()).flatten()
}

/// `PROGRAM --version`. From the root folder: a project may name another version of a client, which would then be
/// downloaded.
pub fn ask_version(program: impl AsRef<OsStr>) -> Asked {
    let program = program.as_ref().to_owned();
    let mut answers = ANSWERS.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = Arc::clone(answers.entry(program.clone()).or_default());
    // Others are asked in the meantime.
    drop(answers);
    let asked = answer.get_or_init(|| {
        let mut command = Command::new(program);
        command.arg("--version").current_dir(if cfg!(windows) { "C:\\" } else { "/" });
        ask(command, TIMEOUT)
    });
    asked.clone()
}

fn ask(mut command: Command, timeout: Duration) -> Asked {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let deadline = Instant::now() + timeout;
    let Ok(mut child) = command.spawn() else { return Asked::Absent };
    let Some(mut stdout) = child.stdout.take() else { return Asked::Silent };
    let (answer, answered) = mpsc::channel();
    let read = move || {
        let mut bytes = Vec::new();
        let read = stdout.by_ref().take(64 * 1024).read_to_end(&mut bytes);
        // Nobody may be waiting any more.
        let _ = answer.send(read.map(|_| bytes));
    };
    // Where there may be no more threads, nobody answers.
    let _ = thread::Builder::new().spawn(read);
    let text = answered.recv_timeout(timeout).ok().and_then(Result::ok);
    let left = deadline.saturating_duration_since(Instant::now());
    match (text, child.wait_timeout(left)) {
        (Some(text), Ok(Some(status))) if status.success() => {
            Asked::Version(String::from_utf8_lossy(&text).into_owned())
        }
        (_, Ok(Some(_))) => Asked::Silent,
        _ => {
            let _ = child.kill();
            let _ = child.wait();
            Asked::Silent
        }
    }
}

/// The numbers of a version that stands somewhere in a text, such as `pip 26.1 from /usr/lib`; at least two.
pub fn numbers(text: &str) -> Option<Vec<u32>> {
    let word = |word: &str| -> Option<Vec<u32>> {
        let word = word.trim_start_matches(['v', '(']).trim_end_matches([',', ')']);
        let word = word.split(['-', '+']).next().unwrap_or_default();
        let numbers: Vec<u32> = word.split('.').map_while(|part| part.parse().ok()).collect();
        (numbers.len() >= 2).then_some(numbers)
    };
    text.split_whitespace().find_map(word)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, timeout: Duration) -> Asked {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        ask(command, timeout)
    }

    #[test]
    fn who_does_not_answer_is_not_waited_for() {
        let long = Duration::from_secs(10);
        assert_eq!(shell("echo tool 1.2", long), Asked::Version("tool 1.2\n".into()));
        assert_eq!(shell("echo tool 1.2; exit 1", long), Asked::Silent);
        assert_eq!(ask(Command::new("/nonexistent/tool"), long), Asked::Absent);
        let start = Instant::now();
        assert_eq!(shell("exec sleep 60", Duration::from_millis(100)), Asked::Silent);
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn versions_are_found_in_what_clients_print() {
        for (text, wanted) in [
            ("pip 26.1 from /usr/lib/python3/site-packages/pip (python 3.13)", &[26, 1][..]),
            ("uv 0.13.9 (abc 2026-10-01)", &[0, 13, 9]),
            ("Poetry (version 2.5.1)", &[2, 5, 1]),
            ("PDM, version 2.29.4", &[2, 29, 4]),
            ("v22.1.0-rc.1\n", &[22, 1, 0]),
            ("twine version 7.0.0 (keyring: 25.7.0)", &[7, 0, 0]),
        ] {
            assert_eq!(numbers(text).as_deref(), Some(wanted), "{text}");
        }
        for odd in ["", "next", "1", "version x.y"] {
            assert_eq!(numbers(odd), None, "{odd}");
        }
    }
}
