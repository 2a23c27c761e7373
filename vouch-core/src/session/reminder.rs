//! Who is told that a session is about to end, and when.

use super::{Session, SessionError, open};
use crate::context::Context;
use crate::time::UnixTime;
use crate::vault::EntryName;

/// A session ends soon in its last half hour, in seconds.
const SOON: i64 = 30 * 60;

/// A short session ends soon in its last quarter.
const QUARTER: i64 = 4;

impl Session {
    /// Seconds until it ends; none are left of one that is over.
    pub fn seconds_left(&self) -> i64 {
        self.expires_at.since(UnixTime::now()).max(0)
    }

    /// Whether it is time to think of a new one: the last 30 minutes, or the last quarter of a session under two hours.
    pub fn ends_soon(&self) -> bool {
        let length = self.expires_at.since(self.issued_at).max(0);
        self.seconds_left() <= SOON.min(length / QUARTER)
    }
}

/// The session if it ends soon and this was not asked before: who asks tells the user, and nobody else does.
///
/// # Errors
/// When there is no session, or the keystore does not work.
pub fn remind(context: &Context) -> Result<Option<Session>, SessionError> {
    let vault = open(context.home(), &context.keystore()?)?;
    let session = Session::read(&vault, context.home())?;
    let told = EntryName::new("reminder", &[vault.session_id()]);
    if !session.ends_soon() || vault.read::<bool>(&told).is_some() {
        return Ok(None);
    }
    // Where it cannot be kept, it is said again.
    let _ = vault.write(&told, &true, session.expires_at);
    Ok(Some(session))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use crate::session::Source;

    fn session(length: i64, left: i64) -> Session {
        let expires_at = UnixTime::now().plus(left);
        Session {
            source: Source::Yubikey { id_token: Secret::new(String::new()), kid: String::new(), serial: 1 },
            issued_at: UnixTime(expires_at.0 - length),
            expires_at,
            issuer: "https://id.example.com".parse().unwrap(),
            subject: "alice".parse().unwrap(),
        }
    }

    #[test]
    fn a_session_ends_soon_in_its_last_half_hour_or_quarter() {
        for (length, left, soon) in [
            (8 * 3600, 31 * 60, false),
            (8 * 3600, 29 * 60, true),
            (8 * 3600, 0, true),
            (8 * 3600, -60, true),
            (3600, 20 * 60, false),
            (3600, 14 * 60, true),
            (900, 899, false),
            (900, 200, true),
        ] {
            assert_eq!(session(length, left).ends_soon(), soon, "{left} of {length}");
        }
        assert_eq!(session(900, -1).seconds_left(), 0);
    }
}
