//! How long a credential will be used, and how much of its life it must have left for that.

use crate::session::Session;
use crate::time::UnixTime;

/// Role credentials with less than this left are fetched anew, in seconds.
const ROLE_MIN_REMAINING: i64 = 5 * 60;

/// An SDK refreshes what has less than 15 minutes left, and would run Vouch for each call. In seconds.
const SDK_MIN_REMAINING: i64 = 20 * 60;

/// The shortest token that CodeArtifact gives, in seconds.
pub(super) const MIN_TOKEN_DURATION: i64 = 900;

/// How long a credential will be used, which decides how fresh it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lifetime {
    /// Asked for again in the next run, as Cargo does.
    Request,
    /// Fetched once for a whole run, as pip, uv and twine do.
    Run,
    /// Handed out for the rest of the session: `env`, `exec`, `credential`, npm's static line.
    Session,
}

impl Lifetime {
    pub(super) fn name(self) -> &'static str {
        match self {
            // A token is the same for both; they differ in how much of it must be left.
            Self::Request | Self::Run => "hour",
            Self::Session => "session",
        }
    }

    /// Seconds that the broker asks for now, in a session.
    pub fn seconds(self, session: &Session) -> u32 {
        let rest = session.expires_at.since(UnixTime::now()).min(session.longest_token());
        u32::try_from(self.duration(rest)).unwrap_or(u32::MAX)
    }

    /// Seconds to ask for when the session has `rest` seconds left: no more than those, but for CodeArtifact's floor.
    pub(super) fn duration(self, rest: i64) -> i64 {
        let most = match self {
            Self::Request | Self::Run => 3600,
            Self::Session => 43200,
        };
        rest.clamp(MIN_TOKEN_DURATION, most)
    }

    /// Seconds that a token must have left, of those that it can have.
    pub(super) fn min_remaining(self, obtainable: i64) -> i64 {
        match self {
            Self::Request => 2 * 60,
            Self::Run => (obtainable / 2).min(30 * 60),
            Self::Session => most_of(obtainable),
        }
    }
}

/// Who will use role credentials, which decides how fresh they must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoleUse {
    /// Vouch itself, at once.
    Exchange,
    /// A command or shell that keeps them in its environment and cannot ask again.
    Environment,
    /// An AWS SDK that runs Vouch again when they are about to expire.
    Process,
}

impl RoleUse {
    /// Seconds that the credentials must have left, of those that they can have.
    pub(super) fn min_remaining(self, obtainable: i64) -> i64 {
        match self {
            Self::Exchange => ROLE_MIN_REMAINING,
            Self::Environment => most_of(obtainable),
            Self::Process => most_of(obtainable).min(SDK_MIN_REMAINING),
        }
    }
}

/// All that can be had, less a tenth.
pub(super) fn most_of(obtainable: i64) -> i64 {
    obtainable / 10 * 9
}
