//! Sessions of a job, in which no YubiKey signs: the job's own ID token stands for it.

use super::{IdTokenClaims, Session, SessionDuration, SessionError, Source, check_room, replace};
use crate::home::Home;
use crate::keystore::{Keystore, SessionKey};
use crate::time::UnixTime;

/// The longest session of a job, in seconds: six hours, as long as GitHub lets one run.
const LONGEST: u32 = 6 * 3600;

/// Begins a session of a job: seals where its ID tokens come from, and whom they are for. That AWS takes them is for the
/// caller to find out.
///
/// It ends after `duration`, six hours at most, and with the ID token where that is not renewed.
///
/// # Errors
/// An unwritable folder, a full disk, a keystore that does not work.
pub fn begin(
    home: &Home,
    keystore: &Keystore,
    source: Source,
    claims: &IdTokenClaims,
    duration: SessionDuration,
) -> Result<Session, SessionError> {
    check_room(home, keystore)?;
    let issued_at = UnixTime::now();
    let longest = issued_at.plus(duration.seconds().min(LONGEST).into());
    let expires_at = match &source {
        Source::TokenVariable { .. } => longest.min(claims.expires_at),
        _ => longest,
    };
    let (issuer, subject) = (claims.issuer.clone(), claims.subject.clone());
    let session = Session { source, issued_at, expires_at, issuer, subject };
    replace(home, keystore, &session, &SessionKey::generate()?)?;
    Ok(session)
}
