//! Why the session key was not had.

use std::io;
use std::path::PathBuf;

use crate::failure::{Diagnostic, ErrorKind};
use crate::hint::{LOGIN, VOUCH_LOGIN};

/// Why the session key was not had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeystoreError {
    /// No login yet, or a logout, or a restart of the machine.
    #[error("the keystore holds no session key")]
    Missing,
    /// The kernel has let go of the key.
    #[error("the session key has expired")]
    Expired,
    #[error("{name} does not work here")]
    Unavailable { name: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("{name} is full")]
    Full { name: &'static str },
    #[error("{name} is locked and would have to ask")]
    Locked { name: &'static str },
    #[error("VOUCH_KEYSTORE is `{0}`, which is no keystore of this system")]
    Unknown(String),
    #[error("`{path}` cannot keep a session key: {reason}")]
    UnfitFolder { path: PathBuf, reason: &'static str },
    #[error("cannot use `{path}`")]
    Io { path: PathBuf, source: io::Error },
    #[error("the system gives no random bytes: {0}")]
    Random(String),
}

impl Diagnostic for KeystoreError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Missing | Self::Expired => ErrorKind::NoSession,
            _ => ErrorKind::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing | Self::Expired => format!("Run {LOGIN}."),
            Self::Unavailable { .. } if cfg!(target_os = "linux") => {
                format!("Containers often forbid it. With VOUCH_KEYSTORE=runtime-file in the environment, of {VOUCH_LOGIN} and of everything after it, the key is kept in a private file in memory (XDG_RUNTIME_DIR) instead.")
            }
            Self::Unavailable { .. } => "Unlock it, or log in to the desktop, and run the command again.".into(),
            Self::Full { .. } => "Look at `keyctl show @u` and `/proc/key-users`, and remove what is not needed.".into(),
            Self::Locked { .. } => "Unlock it and run the command again.".into(),
            Self::Unknown(_) => "Unset VOUCH_KEYSTORE; on Linux it may also be `kernel` or `runtime-file`.".into(),
            Self::UnfitFolder { .. } | Self::Io { .. } => {
                "Set XDG_RUNTIME_DIR to a directory of yours with mode 0700 on a tmpfs, such as `/run/user/$(id -u)`.".into()
            }
            Self::Random(_) => return None,
        })
    }
}
