//! What two machines tell each other over one connection: first what the receiver is, then, after the session, that it has it.

use serde::{Deserialize, Serialize};
use vouch_core::UnixTime;
use vouch_core::config::Config;
use vouch_core::identity::{IssuerUrl, Subject};
use vouch_core::session::{Label, Session};

/// The form of what they tell.
pub(crate) const PROTOCOL: u32 = 1;

/// What a machine is that could take a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) vouch_session_import: u32,
    pub(crate) version: String,
    pub(crate) machine: Label,
    /// By its clock.
    pub(crate) time: UnixTime,
    /// What the session must bring with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<String>,
    pub(crate) keystore: String,
    /// The role that the session is tried with.
    pub(crate) role: String,
    /// Whose home it is, where it is somebody's.
    pub(crate) identity: Option<User>,
    /// The session that is there.
    pub(crate) session: Option<Present>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) issuer: IssuerUrl,
    pub(crate) subject: Subject,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Present {
    pub(crate) source: String,
    #[serde(flatten)]
    pub(crate) user: User,
    pub(crate) expires_at: UnixTime,
}

/// That a machine has the session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) imported_until: UnixTime,
}

impl User {
    pub(crate) fn of_home(config: &Config) -> Option<Self> {
        let identity = config.identity.as_ref()?;
        Some(Self { issuer: identity.issuer.clone(), subject: identity.subject.clone() })
    }
}

impl Present {
    pub(crate) fn of(session: &Session) -> Self {
        let user = User { issuer: session.issuer.clone(), subject: session.subject.clone() };
        Self { source: session.source.kind().to_owned(), user, expires_at: session.expires_at }
    }
}

/// This machine, as it calls itself.
pub(crate) fn machine() -> Label {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = vouch_core::env::var("COMPUTERNAME").unwrap_or_default();
    Label::of(&name)
}
