//! ID tokens that the agent of a CI gives: a program that was found at login, started for each.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use wait_timeout::ChildExt;
use zeroize::Zeroizing;

use super::shown::shown;
use crate::failure::{Diagnostic, ErrorKind};
use crate::hint::LOGOUT;
use crate::secret::Secret;
use crate::session::AgentOfCi;

/// The agent asks its own server. Well within the exchange's deadline.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long its pipes may stay open after it has ended: something that it started may still hold them.
const REST: Duration = Duration::from_secs(1);

/// More than any ID token.
const LIMIT: u64 = 32 * 1024;

/// Why an agent gave no ID token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    #[error("cannot start `{program}` for an ID token")]
    Start { program: PathBuf, source: io::Error },
    #[error("`{program}` gave no ID token: {reason}")]
    Failed { program: PathBuf, reason: String },
}

impl Diagnostic for AgentError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Start { .. } => ErrorKind::Configuration,
            Self::Failed { .. } => ErrorKind::Refused,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Start { .. } => {
                format!("The agent must be where it was at login, and yours to start; {LOGOUT}, then log in again.")
            }
            Self::Failed { .. } => {
                "Its own message tells why: an ID token is for a job alone, while it runs. Start the job again.".into()
            }
        })
    }
}

/// Starts the agent for an ID token.
///
/// # Errors
/// When it does not start, fails, or does not end in time.
pub(super) fn ask(ci: AgentOfCi, program: &Path, audience: &str) -> Result<Secret<String>, AgentError> {
    let start = |source| AgentError::Start { program: program.to_owned(), source };
    let failed = |reason: String| AgentError::Failed { program: program.to_owned(), reason };
    // A relative path would be another program in each directory.
    if !program.is_absolute() {
        return Err(start(io::ErrorKind::NotFound.into()));
    }
    let mut command = Command::new(program);
    command.args(arguments(ci, audience)).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(start)?;
    let (answer, talk) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let Some(status) = child.wait_timeout(TIMEOUT).map_err(start)? else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(failed(format!("it did not end within {} s", TIMEOUT.as_secs())));
    };
    let text = |pipe: Receiver<Zeroizing<Vec<u8>>>| {
        let bytes = pipe.recv_timeout(REST).unwrap_or_default();
        Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned())
    };
    if status.success() {
        return Ok(Secret::new(text(answer).trim().to_owned()));
    }
    let talk = text(talk);
    let last = talk.lines().map(str::trim).rfind(|line| !line.is_empty());
    Err(failed(last.map_or_else(|| status.to_string(), |line| format!("{status}: {}", shown(line)))))
}

/// What each is asked with (see [`AgentOfCi::program`]).
fn arguments(ci: AgentOfCi, audience: &str) -> Vec<String> {
    let claims = || serde_json::json!({ "aud": audience }).to_string();
    match ci {
        AgentOfCi::Buildkite => ["oidc", "request-token", "--audience", audience].map(String::from).into(),
        AgentOfCi::Circleci => {
            ["run", "oidc", "get", "--claims"].map(String::from).into_iter().chain([claims()]).collect()
        }
    }
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> Receiver<Zeroizing<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    if let Some(pipe) = pipe {
        let read = move || {
            let mut bytes = Zeroizing::new(Vec::new());
            let _ = pipe.take(LIMIT).read_to_end(&mut bytes);
            let _ = sender.send(bytes);
        };
        // Where there may be no more threads, nothing is read.
        let _ = thread::Builder::new().spawn(read);
    }
    receiver
}
