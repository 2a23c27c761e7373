//! What `vouch doctor` finds: by itself, or asked of the module of a client.

use serde::Serialize;
use vouch_core::{Diagnostic, Failure};
use vouch_helper::home;
use vouch_helper::text::printable;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    /// It works, but not as the person may expect, or not for long.
    Warn,
    /// It does not work.
    Fail,
    /// It could not be looked at, or there is nothing to look at.
    Skip,
}

/// The outcome of one check. What is wrong always comes with why it matters and what fixes it, and no text has control
/// characters: parts of them come from files, servers and programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    check: &'static str,
    about: Option<String>,
    status: Status,
    message: String,
    why: Option<String>,
    fix: Option<String>,
}

impl Finding {
    /// All is well.
    pub fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Status::Ok, message.into(), None, None)
    }

    /// Nothing was looked at, because of what is said.
    pub fn skip(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Status::Skip, message.into(), None, None)
    }

    /// It works, but there is something to know.
    pub fn warn(
        check: &'static str,
        message: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(check, Status::Warn, message.into(), Some(why.into()), Some(fix.into()))
    }

    /// It does not work.
    pub fn fail(
        check: &'static str,
        message: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(check, Status::Fail, message.into(), Some(why.into()), Some(fix.into()))
    }

    /// It does not work, in the words of an error.
    pub fn error(check: &'static str, error: &dyn Diagnostic, why: impl Into<String>) -> Self {
        Self::failure(check, error.failure(), why)
    }

    /// The same with what a command would have told.
    pub fn failure(check: &'static str, failure: Failure, why: impl Into<String>) -> Self {
        let Failure { message: first, causes, hint, .. } = failure;
        let message = std::iter::once(first).chain(causes).collect::<Vec<_>>().join(": ");
        let fix =
            hint.unwrap_or_else(|| "Run the command again with VOUCH_LOG=debug, which shows more.".into());
        Self::fail(check, message, why, fix)
    }

    /// As much as it may matter: what fails is only a warning.
    #[must_use]
    pub fn softened(mut self) -> Self {
        if self.status == Status::Fail {
            self.status = Status::Warn;
        }
        self
    }

    /// Tells more of what is well.
    pub fn add(&mut self, more: &str) {
        if self.status == Status::Ok {
            self.message = printable(&home::commands(&format!("{}, {more}", self.message)));
        }
    }

    /// The same about one thing of several, such as a registration.
    #[must_use]
    pub fn about(mut self, what: impl Into<String>) -> Self {
        self.about = Some(printable(&what.into()));
        self
    }

    pub fn check(&self) -> &'static str {
        self.check
    }

    pub fn status(&self) -> Status {
        self.status
    }

    /// What is told about, for a person: the registration, or what was checked.
    pub fn subject(&self) -> &str {
        self.about.as_deref().unwrap_or(self.check)
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }

    pub fn fix(&self) -> Option<&str> {
        self.fix.as_deref()
    }

    fn new(
        check: &'static str,
        status: Status,
        message: String,
        why: Option<String>,
        fix: Option<String>,
    ) -> Self {
        let plain = |text: String| printable(&home::commands(&text));
        Self { check, about: None, status, message: plain(message), why: why.map(plain), fix: fix.map(plain) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_with_its_causes_and_its_hint() {
        let failure = Failure {
            kind: vouch_core::ErrorKind::Other,
            message: "it failed".into(),
            causes: vec!["because\u{1b}[2J".into()],
            hint: Some("Mend it.".into()),
        };
        let finding = Finding::failure("session", failure, "It matters.").about("cargo my-repo");
        assert_eq!(finding.message(), "it failed: because\\u{1b}[2J");
        assert_eq!((finding.why(), finding.fix()), (Some("It matters."), Some("Mend it.")));
        assert_eq!((finding.subject(), finding.status()), ("cargo my-repo", Status::Fail));
        assert_eq!(finding.softened().status(), Status::Warn);
        assert_eq!(Finding::ok("session", "there").softened().status(), Status::Ok);
    }
}
