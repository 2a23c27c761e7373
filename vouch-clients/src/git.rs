//! Whether git tracks a file that is to hold a token. Where that cannot be told, it must not hold one.
//!
//! The repository may be anybody's: git is run so that nothing in it starts a program, and without the variables by which
//! a project could have git answer for another repository.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use vouch_core::failure::{Diagnostic, ErrorKind};
use vouch_core::files::shell_quoted;
use wait_timeout::ChildExt;

use crate::program;
use crate::real_path::{nearest_existing, real};

/// How long git may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// More than git says about one file.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// What git says about a file that it does not track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untracked {
    /// It is in no repository.
    Outside,
    Ignored,
    /// The next `git add` of its directory would take it along.
    NotIgnored,
}

/// Why a token must not be written into a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    #[error("`{0}` is tracked by git: a token in it would be committed")]
    Tracked(PathBuf),
    #[error("git does not tell whether it tracks `{file}`: {reason}")]
    NoAnswer { file: PathBuf, reason: String },
}

impl Diagnostic for GitError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Configuration
    }

    fn hint(&self) -> Option<String> {
        let without = "Add `--mode env`, which writes nothing secret, or name another file with `--npmrc`.";
        Some(match self {
            Self::Tracked(file) => {
                format!("{without} Or take it out of git: `git rm --cached {}`.", shell_quoted(file))
            }
            Self::NoAnswer { file, .. } => {
                let folder = file.parent().unwrap_or(file);
                format!(
                    "A `.git` is above that file, so git must answer first: try `git -C {} status`. {without}",
                    shell_quoted(folder)
                )
            }
        })
    }
}

/// Asks git about a file, and about the one that it is a link to. To be asked before every write of a token.
///
/// # Errors
/// When git tracks it, or a `.git` is above it and git does not say otherwise in time.
pub fn check(file: &Path) -> Result<Untracked, GitError> {
    check_with(program::on_path("git").as_deref(), file, TIMEOUT)
}

/// What to tell a user about a file that a token is written into.
pub fn warning(file: &Path, state: Untracked) -> Option<String> {
    (state == Untracked::NotIgnored).then(|| {
        format!(
            "`{}` is in a git repository and not ignored: `git add` would take the token along. Add it to `.gitignore`",
            file.display()
        )
    })
}

fn check_with(git: Option<&Path>, file: &Path, timeout: Duration) -> Result<Untracked, GitError> {
    let no_answer = |reason: String| GitError::NoAnswer { file: file.to_owned(), reason };
    let shown = std::path::absolute(file).map_err(|error| no_answer(error.to_string()))?;
    let real = real(&shown).map_err(|error| no_answer(error.to_string()))?;
    let mut state = Untracked::Outside;
    let other = if real == shown { None } else { Some(real.as_path()) };
    for path in [Some(shown.as_path()), other].into_iter().flatten() {
        if !is_below_a_repository(path).map_err(|error| no_answer(error.to_string()))? {
            continue;
        }
        let git = git.ok_or_else(|| no_answer("git is not installed".into()))?;
        match ask(git, path, Instant::now() + timeout).map_err(no_answer)? {
            Answer::Tracked => return Err(GitError::Tracked(file.to_owned())),
            Answer::Ignored if state == Untracked::Outside => state = Untracked::Ignored,
            Answer::Ignored => {}
            Answer::NotIgnored => state = Untracked::NotIgnored,
        }
    }
    Ok(state)
}

fn is_below_a_repository(file: &Path) -> io::Result<bool> {
    for folder in file.ancestors().skip(1) {
        match folder.join(".git").symlink_metadata() {
            Ok(_) => return Ok(true),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

enum Answer {
    Tracked,
    Ignored,
    NotIgnored,
}

fn ask(git: &Path, file: &Path, deadline: Instant) -> Result<Answer, String> {
    let folder = file.parent().unwrap_or(file);
    let (base, below) = nearest_existing(folder);
    // A name that begins with a colon would be a pattern.
    let name = Path::new(".").join(below).join(file.file_name().unwrap_or_default());
    let listed = run(
        command(git, base)
            .args(["--literal-pathspecs", "ls-files", "-z", "-t", "--cached", "--others", "--"])
            .arg(&name),
        deadline,
    )?;
    if !listed.is_success {
        return Err(listed.failure());
    }
    // Each entry is a letter, a blank and a path; `?` is for what is not tracked.
    let mut entries = listed.stdout.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()).peekable();
    let has_entries = entries.peek().is_some();
    if entries.any(|entry| !entry.starts_with(b"? ")) {
        return Ok(Answer::Tracked);
    }
    // A file that is there is listed one way or the other; one that is not yet is tracked only if it is listed.
    if !has_entries && file.symlink_metadata().is_ok() {
        return Err("git does not list it".into());
    }
    let ignored = run(command(git, base).args(["check-ignore", "-q", "--"]).arg(&name), deadline)?;
    match ignored.code {
        Some(0) => Ok(Answer::Ignored),
        Some(1) => Ok(Answer::NotIgnored),
        _ => Err(ignored.failure()),
    }
}

/// Git, with nothing of the repository's or the environment's that could start a program or lead elsewhere.
fn command(git: &Path, folder: &Path) -> Command {
    let mut command = Command::new(git);
    let is_gits = |name: &OsStr| name.as_encoded_bytes().to_ascii_uppercase().starts_with(b"GIT_");
    for (name, _) in vouch_core::env::vars_os().filter(|(name, _)| is_gits(name)) {
        command.env_remove(name);
    }
    command.env("GIT_CONFIG_NOSYSTEM", "1");
    command.env("GIT_NO_LAZY_FETCH", "1");
    command.env("GIT_OPTIONAL_LOCKS", "0");
    command.env("GIT_TERMINAL_PROMPT", "0");
    command.env("GIT_DISCOVERY_ACROSS_FILESYSTEM", "1");
    let null = if cfg!(windows) { "NUL" } else { "/dev/null" };
    for setting in [
        "core.fsmonitor=false",
        &format!("core.hooksPath={null}"),
        "protocol.allow=never",
        "safe.directory=*",
    ] {
        command.args(["-c", setting]);
    }
    command.arg("-C").arg(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

struct Ended {
    is_success: bool,
    code: Option<i32>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Ended {
    /// What git complained about, on one line.
    fn failure(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("it failed without a word");
        vouch_helper::text::printable_line(line.trim())
    }
}

fn run(command: &mut Command, deadline: Instant) -> Result<Ended, String> {
    let mut child = command.spawn().map_err(|error| format!("git cannot be started: {error}"))?;
    let stdout = child.stdout.take().map(answer_of);
    let stderr = child.stderr.take().map(answer_of);
    let late = || "git did not answer in 2 seconds".to_owned();
    let left = deadline.saturating_duration_since(Instant::now());
    let Ok(Some(status)) = child.wait_timeout(left) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(late());
    };
    // Who inherited the pipe may keep it open.
    let text = |answer: Option<mpsc::Receiver<Vec<u8>>>| {
        answer.and_then(|answer| answer.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok())
    };
    let stdout = text(stdout).ok_or_else(late)?;
    let stderr = text(stderr).unwrap_or_default();
    Ok(Ended { is_success: status.success(), code: status.code(), stdout, stderr })
}

fn answer_of(stream: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (answer, answered) = mpsc::channel();
    let read = move || {
        let mut bytes = Vec::new();
        if stream.take(LONGEST_ANSWER).read_to_end(&mut bytes).is_ok() {
            // Nobody may be waiting any more.
            let _ = answer.send(bytes);
        }
    };
    // Where there may be no more threads, git does not answer.
    let _ = thread::Builder::new().spawn(read);
    answered
}

#[cfg(test)]
#[cfg(unix)]
#[path = "git_tests.rs"]
mod tests;
