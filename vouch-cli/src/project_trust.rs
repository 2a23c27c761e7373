//! What is said and asked about a project whose files would give a token away.

use std::ffi::{OsStr, OsString};
use std::io::{IsTerminal, stderr, stdin};
use std::path::Path;

use vouch_clients::project::{self, Digest, ProjectFinding, Targets, TrustedProject};
use vouch_clients::tool::Tool;
use vouch_core::files::shell_word;
use vouch_core::hint::EXEC;
use vouch_core::home::Home;
use vouch_core::{ErrorKind, Failure};

use crate::prompt;
use crate::terminal;

/// A command that is to be started with a token.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    pub(crate) home: &'a Home,
    pub(crate) targets: &'a Targets,
    pub(crate) command: &'a [OsString],
    /// `--trust-project`: empty without a digest.
    pub(crate) trust: Option<&'a str>,
    /// The arguments of `vouch` before the command.
    pub(crate) typed: String,
}

/// Warns of what clients may do with a token because of the working directory's project.
pub(crate) fn warn(targets: &Targets, tools: &[Tool]) {
    if let Ok(folder) = std::env::current_dir() {
        warn_of(&project::look(&folder, tools, targets));
    }
}

/// Lets a command start, or not.
pub(crate) fn judge(start: &Start<'_>) -> Result<(), Failure> {
    let program = start.command.first().map_or(OsStr::new(""), OsString::as_os_str);
    let folder = std::env::current_dir().map_err(|error| {
        Failure::new(
            ErrorKind::Refused,
            "the working directory cannot be looked at, so the command was not started",
            "Change to a directory that is there.",
        )
        .because(&error)
    })?;
    let found = project::look(&folder, &project::readers(program), start.targets);
    let (certain, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|finding| finding.is_certain);
    warn_of(&others);
    if certain.is_empty() {
        return Ok(());
    }
    let client = Path::new(program).file_name().unwrap_or_default();
    let digest = Digest::of(&folder, client, &certain);
    if TrustedProject::is_known(start.home, &digest)? {
        return Ok(());
    }
    let agreed = match start.trust {
        None => false,
        Some("") => asks(&certain)?,
        Some(typed) => digest.is(typed),
    };
    if agreed {
        TrustedProject::record(start.home, &folder, client, &digest)?;
        return Ok(());
    }
    Err(start.refusal(&certain, &digest))
}

/// Shows what was found, and asks.
fn asks(certain: &[ProjectFinding]) -> Result<bool, Failure> {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Ok(false);
    }
    warn_of(certain);
    prompt::agrees("Start the command all the same, now and as long as these lines stay as they are?")
}

fn warn_of(findings: &[ProjectFinding]) {
    for finding in findings {
        terminal::warn(&format!("{finding}. {}", finding.effect.why()));
    }
}

impl Start<'_> {
    fn refusal(&self, certain: &[ProjectFinding], digest: &Digest) -> Failure {
        let mut words = self.command.iter().map(|word| shell_word(word));
        let program = words.next().unwrap_or_default();
        // Who can be asked is asked; a script has to know what it trusts.
        let trust = match stdin().is_terminal() && stderr().is_terminal() {
            true => "--trust-project".to_owned(),
            false => format!("--trust-project={digest}"),
        };
        let command = std::iter::once(program.clone()).chain(words).collect::<Vec<_>>().join(" ");
        let mut causes: Vec<_> =
            certain.iter().map(|finding| format!("{finding}. {}", finding.effect.why())).collect();
        if self.trust.is_some_and(|typed| !typed.is_empty()) {
            causes.push(
                "the digest that was typed is of another project, command or state of these lines".into(),
            );
        }
        Failure {
            kind: ErrorKind::Refused,
            message: format!("`{program}` was not started: this project would give the token away"),
            causes,
            hint: Some(format!(
                "Remove what is named. If you trust the project as it is: {}.",
                EXEC.words(&self.typed).words(&format!("{trust} -- {command}"))
            )),
        }
    }
}
