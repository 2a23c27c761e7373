//! How a command ends when it fails: what failed, why, and what to type next.

use std::process::ExitCode;

use vouch_core::{Class, Explain, Failure};

use crate::terminal;

/// Why a command did not do what it should.
#[derive(Debug)]
pub(crate) struct Failed(Kind);

#[derive(Debug)]
enum Kind {
    Told(Failure),
    /// Ctrl-C at a prompt: the person knows.
    Interrupted,
}

/// As shells report a program that SIGINT ended.
const INTERRUPTED: u8 = 130;

impl Failed {
    /// A failure of the command line's own.
    pub(crate) fn new(class: Class, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let hint = Some(hint.into()).filter(|hint| !hint.is_empty());
        Self(Kind::Told(Failure { class, message: message.into(), causes: Vec::new(), hint }))
    }

    /// A setting is missing or wrong.
    pub(crate) fn configuration(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Class::Configuration, message, hint)
    }

    /// The person pressed Ctrl-C.
    pub(crate) fn interrupted() -> Self {
        Self(Kind::Interrupted)
    }

    /// The same failure, because of an error of the system's.
    #[must_use]
    pub(crate) fn because(mut self, cause: &dyn std::error::Error) -> Self {
        if let Kind::Told(failure) = &mut self.0 {
            failure.causes.push(cause.to_string());
        }
        self
    }

    /// Tells the person and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        let failure = match self.0 {
            Kind::Told(failure) => failure,
            Kind::Interrupted => return ExitCode::from(INTERRUPTED),
        };
        terminal::error(&failure.message);
        for cause in &failure.causes {
            terminal::cause(cause);
        }
        if let Some(hint) = &failure.hint {
            terminal::hint(hint);
        }
        ExitCode::from(failure.class.exit_code())
    }

    /// What would be told.
    pub(crate) fn into_failure(self) -> Failure {
        match self.0 {
            Kind::Told(failure) => failure,
            Kind::Interrupted => {
                Failure { class: Class::Other, message: "interrupted".into(), causes: Vec::new(), hint: None }
            }
        }
    }

    /// What was told, for tests and for messages built on it.
    #[cfg(test)]
    pub(crate) fn failure(&self) -> &Failure {
        match &self.0 {
            Kind::Told(failure) => failure,
            Kind::Interrupted => panic!("interrupted"),
        }
    }
}

impl<E: Explain> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(Kind::Told(error.failure()))
    }
}
