//! Why a session that arrived from another machine is not taken.

use super::claims::ClaimsError;
use super::error::SessionError;
use crate::failure::{Diagnostic, ErrorKind};
use crate::hint::{LOGOUT, SESSION_IMPORT};
use crate::identity::{IssuerUrl, Subject};

/// The most that a session on its way may have, in bytes.
pub const HANDOVER_LIMIT: usize = 16 * 1024;

/// Why a session that arrived is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    #[error("what arrived on standard input is not a session of Vouch")]
    Form,
    #[error("more than {HANDOVER_LIMIT} bytes arrived on standard input, and a session has fewer")]
    Size,
    #[error("the session that arrived has form {0}, which this version does not know")]
    Version(u32),
    #[error("the session that arrived holds no ID token of a YubiKey")]
    Claims(#[source] ClaimsError),
    #[error("the session that arrived is for `{0}`, not for another machine")]
    Audience(String),
    #[error("the session that arrived would last longer than 12 hours")]
    TooLong,
    #[error("the session that arrived is over")]
    Expired,
    #[error("the session that arrived begins {0} s ahead of the clock of this machine")]
    Clock(i64),
    #[error("the session that arrived is of {subject} ({issuer}), and this home is that of {owner}")]
    OtherUser { subject: Subject, issuer: IssuerUrl, owner: Subject },
    #[error("the session that arrived is signed by a key that is not enrolled here")]
    UnknownKey,
    #[error("the signature of the session that arrived is wrong")]
    Signature,
    #[error("the session that arrived is not the one that was asked for on this connection")]
    Nonce,
    #[error("another session is here: {subject} ({issuer}) is logged in by {by}")]
    Occupied { subject: Subject, issuer: IssuerUrl, by: String },
    #[error("a YubiKey session of this machine is here, until its own end")]
    YubikeySession,
    #[error("the session that arrived is no newer than the one that is here")]
    NotNewer,
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl Diagnostic for ImportError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Form | Self::Size => ErrorKind::Usage,
            Self::Expired => ErrorKind::NoSession,
            Self::Session(error) => error.kind(),
            Self::Version(_) | Self::Clock(_) => ErrorKind::Configuration,
            _ => ErrorKind::Refused,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Form | Self::Size | Self::Claims(_) => {
                "Pipe in what vouch login --print-session prints on the machine with the YubiKey.".into()
            }
            Self::Version(_) => "Install the same version of Vouch here and on the machine with the YubiKey.".into(),
            Self::Audience(_) => {
                "Make the session on the machine with the YubiKey without `--audience`.".into()
            }
            Self::TooLong => "Give `--duration` at most 12h on the machine with the YubiKey.".into(),
            Self::Expired | Self::NotNewer | Self::Nonce => {
                "Make a new one on the machine with the YubiKey.".into()
            }
            Self::Clock(_) => "Set the clock of this machine, or of the one with the YubiKey, then try again.".into(),
            Self::OtherUser { .. } => {
                "Give each user of this machine a home: `export VOUCH_HOME=DIRECTORY` in front of setup and import.".into()
            }
            Self::UnknownKey | Self::Signature => {
                "Look at who sent it. If your YubiKey is a new one, enroll it here too, or use a home without an identity.".into()
            }
            Self::Occupied { .. } => {
                format!("Run {LOGOUT} if that session is yours to end; else use a home of your own with VOUCH_HOME.")
            }
            Self::YubikeySession => format!("To put this one in its place: {}.", SESSION_IMPORT.word("--replace")),
            Self::Session(error) => return error.hint(),
        })
    }
}
