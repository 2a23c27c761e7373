//! Every failure: what failed, why, and what to type next.

use std::error::Error as StdError;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What a failure is about; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorKind {
    Other,
    Usage,
    NoSession,
    Card,
    Network,
    Refused,
    Configuration,
    /// Ctrl-C at a prompt.
    Interrupted,
}

impl ErrorKind {
    /// The exit code of a command that ends with such a failure.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Other => 1,
            Self::Usage => 2,
            Self::NoSession => 3,
            Self::Card => 4,
            Self::Network => 5,
            Self::Refused => 6,
            Self::Configuration => 7,
            // As shells report a program that SIGINT ended.
            Self::Interrupted => 130,
        }
    }
}

/// What each part's error says about itself beside its message.
pub trait Diagnostic: StdError {
    /// What the failure is about.
    fn kind(&self) -> ErrorKind;

    /// The next thing to type or to look at, as one sentence.
    fn hint(&self) -> Option<String>;

    /// Why it failed, outermost first.
    fn causes(&self) -> Vec<String> {
        sources(self.source())
    }

    /// The failure as plain text, with all its causes.
    fn failure(&self) -> Failure {
        let (message, causes) = (self.to_string(), self.causes());
        let limit = std::iter::once(&message).chain(&causes).find_map(|text| limit(text));
        Failure { kind: self.kind(), hint: limit.map(str::to_owned).or_else(|| self.hint()), message, causes }
    }
}

/// A failure as plain text: what waiting processes and package managers are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: ErrorKind,
    pub message: String,
    /// The chain of causes, outermost first.
    pub causes: Vec<String>,
    pub hint: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Failure {}

impl Failure {
    /// A failure without a cause; an empty hint is none.
    pub fn new(kind: ErrorKind, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let hint = Some(hint.into()).filter(|hint| !hint.is_empty());
        Self { kind, message: message.into(), causes: Vec::new(), hint }
    }

    /// A setting is missing or wrong.
    pub fn configuration(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, message, hint)
    }

    /// The user pressed Ctrl-C: nothing needs to be said.
    pub fn interrupted() -> Self {
        Self::new(ErrorKind::Interrupted, "interrupted", "")
    }

    /// The same failure with one more cause, such as an error of the system's.
    #[must_use]
    pub fn because(mut self, cause: &dyn StdError) -> Self {
        let cause = cause.to_string();
        self.hint = limit(&cause).map(str::to_owned).or(self.hint);
        self.causes.push(cause);
        self
    }
}

impl<E: Diagnostic> From<E> for Failure {
    fn from(error: E) -> Self {
        error.failure()
    }
}

/// What to type where a limit of the process is behind a failure, whatever it hit: the error's own hint would blame that.
fn limit(text: &str) -> Option<&'static str> {
    // As std writes EMFILE, ENFILE and EFBIG; the numbers of Windows are others.
    const LIMITS: [(&str, &str); 3] = [
        (
            "(os error 24)",
            "This process may not open more files: raise the limit, such as by `ulimit -n 256`.",
        ),
        (
            "(os error 23)",
            "The system has too many open files: end a program that holds them, then try again.",
        ),
        (
            "(os error 27)",
            "This process may not write files of that size: `ulimit -f unlimited`, then try again.",
        ),
    ];
    let found = LIMITS.into_iter().find(|(number, _)| text.contains(number));
    found.filter(|_| cfg!(unix)).map(|(_, hint)| hint)
}

/// An error's causes as text, outermost first.
pub(crate) fn sources(first: Option<&(dyn StdError + 'static)>) -> Vec<String> {
    let mut causes = Vec::new();
    let mut source = first;
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    causes
}
