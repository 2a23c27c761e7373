//! Something that is not as it should be, in a document or a policy.

use serde::Serialize;
use vouch_core::hint::VOUCH_ISSUER_BUILD;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// AWS refuses a user's sessions, or may accept somebody else's.
    Problem,
    /// It works, but not as well or as safely as it could.
    Warning,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub severity: Severity,
    /// A short name that stays the same: for programs.
    pub code: &'static str,
    /// What it is about: the URL of a document, or a place in a policy.
    pub place: String,
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl Finding {
    pub(crate) fn problem(code: &'static str, place: &str, message: String, hint: impl Into<String>) -> Self {
        Self { severity: Severity::Problem, code, place: place.to_owned(), message, hint: hint.into() }
    }

    pub(crate) fn warning(code: &'static str, place: &str, message: String, hint: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::problem(code, place, message, hint) }
    }
}

/// What to do about a file that is other than it was written.
pub(super) fn rebuild() -> String {
    format!("Publish the file as {VOUCH_ISSUER_BUILD} writes it.")
}
