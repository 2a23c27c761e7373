//! Why there is nothing to join.

use vouch_core::failure::{Diagnostic, ErrorKind};
use vouch_core::hint::{VOUCH_ISSUER_BUILD, VOUCH_ISSUER_BUILD_TEAM};
use vouch_core::identity::Subject;

use super::{LIMIT, VERSION};

/// Why a join file cannot be read, or cannot serve a user. What comes from the file is shown on one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    #[error("`{address}` is not a valid address of a join file: {reason}")]
    Address { address: String, reason: &'static str },
    #[error("the part after `#` is not a valid digest")]
    Digest,
    #[error("the join file has another digest than the one you gave")]
    OtherDigest { found: String },
    #[error("the join file is longer than {} KiB", LIMIT / 1024)]
    TooLong,
    #[error("the join file cannot be used: {reason}")]
    Contents { reason: String },
    #[error("the join file has version {version}; this Vouch reads version {VERSION}")]
    Version { version: u64 },
    #[error("the join file is on {host}, but its issuers are on {other}")]
    OtherOrigin { host: String, other: String },
    #[error("subject `{subject}` does not fit the join file: {reason}")]
    Subject { subject: Subject, reason: String },
    #[error("the team file cannot be used{place}: {reason}")]
    Team { place: String, reason: String },
}

impl JoinError {
    /// What is wrong with the contents of a file that somebody else may have written.
    pub(super) fn contents(reason: impl std::fmt::Display) -> Self {
        Self::Contents { reason: on_one_line(&reason.to_string()) }
    }
}

impl Diagnostic for JoinError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Address { .. } | Self::Digest => ErrorKind::Usage,
            _ => ErrorKind::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Address { .. } => {
                "Copy the address that your administrator gave you, such as `https://id.example.com/vouch.json`.".into()
            }
            Self::Digest => {
                format!("Give `#sha256=` and the 64 lower-case hexadecimal digits that {VOUCH_ISSUER_BUILD} prints.")
            }
            Self::OtherDigest { found } => format!(
                "Ask your administrator, over another channel, whether the file was changed. The digest of what the host serves \
                 now is sha256={found}."
            ),
            Self::TooLong | Self::Contents { .. } => {
                format!("Ask your administrator to publish what {VOUCH_ISSUER_BUILD_TEAM} writes, byte by byte.")
            }
            Self::Version { .. } => "Install a newer Vouch, then run the command again.".into(),
            Self::OtherOrigin { .. } => {
                "Do not join it unless your administrator explains it: a join file speaks for the issuers of its own host \
                 alone."
                    .into()
            }
            Self::Subject { .. } => {
                "Ask your administrator for your subject, and give it with `--subject NAME`.".into()
            }
            Self::Team { .. } => {
                "Correct the team file, then run the command again; docs/join.md shows a whole one.".into()
            }
        })
    }
}

/// A text without anything that could be taken for a line of Vouch's own, and not longer than a line.
pub(super) fn on_one_line(text: &str) -> String {
    const LONGEST: usize = 240;
    let plain = text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' });
    let mut shown: String = plain.take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push_str(" ...");
    }
    shown
}
