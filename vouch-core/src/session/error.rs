//! Why there is no session.

use std::error::Error as _;

use super::key_missing::KeyMissing;
use crate::failure::{self, Diagnostic, ErrorKind, Failure};
use crate::files::Holder;
use crate::hint::{ENROLL_SPARE, LOGIN};
use crate::home::HomeError;
use crate::identity::IdentityError;
use crate::keystore::KeystoreError;
use crate::time::UnixTime;
use crate::vault::VaultError;

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    #[error("you are not logged in")]
    NotLoggedIn,
    #[error("you are not logged in here: {0}")]
    KeyMissing(KeyMissing),
    #[error("your session has expired")]
    Expired { at: Option<UnixTime> },
    #[error("your session has not begun yet by the clock of this machine")]
    NotYetValid { issued_at: UnixTime },
    #[error("`{text}` is no duration")]
    Duration { text: String },
    #[error("a session lasts 15 minutes to 12 hours, not {text}")]
    DurationBounds { text: String },
    #[error("the key in slot {slot} of YubiKey {serial} is not the one that was enrolled")]
    KeyMismatch { serial: u32, slot: String },
    #[error("{0} has been logging in or out for too long")]
    Busy(Holder),
    #[error("cannot put an ID token together")]
    IdToken,
    #[error(transparent)]
    Role(IdentityError),
    /// What signs, such as a card, did not.
    #[error("{0}")]
    Signer(Failure),
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Diagnostic for SessionError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotLoggedIn | Self::KeyMissing(_) | Self::Expired { .. } | Self::NotYetValid { .. } => {
                ErrorKind::NoSession
            }
            Self::Duration { .. } | Self::DurationBounds { .. } => ErrorKind::Usage,
            Self::KeyMismatch { .. } => ErrorKind::Card,
            Self::Signer(failure) => failure.kind,
            Self::Home(error) => error.kind(),
            Self::Keystore(error) => error.kind(),
            Self::Vault(error) => error.kind(),
            Self::Role(_) => ErrorKind::Configuration,
            Self::Busy(_) | Self::IdToken => ErrorKind::Other,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::KeyMissing(why) => why.hint(),
            Self::NotLoggedIn | Self::Expired { .. } => format!("Run {LOGIN}."),
            Self::NotYetValid { .. } => {
                format!("Set the clock of this machine (date, time and time zone), then run {LOGIN}.")
            }
            Self::Duration { .. } => {
                "Give hours and minutes such as `8h`, `90m` or `1h30m`, from 15 minutes to 12 hours.".into()
            }
            Self::DurationBounds { .. } => "Give hours and minutes such as `8h`, `90m` or `1h30m`.".into(),
            Self::KeyMismatch { serial, .. } => {
                format!(
                    "Plug in the YubiKey that you enrolled, or enroll this one: {}.",
                    ENROLL_SPARE.fill("SERIAL", serial.to_string())
                )
            }
            Self::Busy(holder) => holder.hint(),
            Self::Signer(failure) => return failure.hint.clone(),
            Self::Home(error) => return error.hint(),
            Self::Keystore(error) => return error.hint(),
            Self::Vault(error) => return error.hint(),
            Self::Role(_) => "Use a role with a shorter path.".into(),
            Self::IdToken => return None,
        })
    }

    fn causes(&self) -> Vec<String> {
        match self {
            Self::Signer(failure) => failure.causes.clone(),
            other => failure::sources(other.source()),
        }
    }
}
