//! The session: an ID token that the YubiKey signed at login.

use crate::error::{Class, Explain};
use crate::time::UnixTime;

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    #[error("you are not logged in")]
    NotLoggedIn,
    #[error("your session has expired")]
    Expired { at: Option<UnixTime> },
}

impl Explain for SessionError {
    fn class(&self) -> Class {
        Class::NoSession
    }

    fn hint(&self) -> Option<String> {
        Some("Run `vouch login`.".into())
    }
}
