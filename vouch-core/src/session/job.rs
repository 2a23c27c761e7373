//! Sessions of a job, in which no YubiKey signs: the job's own ID token or role credentials stand for it.

use super::{IdTokenClaims, Session, SessionDuration, SessionError, Source, check_room, replace};
use crate::home::Home;
use crate::identity::{IdentityError, IssuerUrl, Subject};
use crate::keystore::{Keystore, SessionKey};
use crate::partition::{Region, RoleArn};
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
    let end = match &source {
        Source::TokenVariable { .. } => Some(claims.expires_at),
        _ => None,
    };
    let whom = (claims.issuer.clone(), claims.subject.clone());
    seal(home, keystore, source, whom, duration, end)
}

/// The same for a source that gives role credentials in place of ID tokens. It is for one role, whose name STS will tell:
/// that it does is for the caller to find out.
///
/// # Errors
/// As [`begin`]; or the role's name cannot be sealed as that of a session.
pub fn begin_as_role(
    home: &Home,
    keystore: &Keystore,
    source: Source,
    role: &RoleArn,
    region: &Region,
    duration: SessionDuration,
) -> Result<Session, SessionError> {
    let end = match &source {
        Source::Environment { expires_at, .. } => *expires_at,
        _ => None,
    };
    let whom = of_role(role, region).map_err(SessionError::Role)?;
    seal(home, keystore, source, whom, duration, end)
}

/// STS of the region says who the caller is.
fn of_role(role: &RoleArn, region: &Region) -> Result<(IssuerUrl, Subject), IdentityError> {
    let issuer = format!("https://sts.{region}.{}", region.partition().dns_suffix);
    Ok((issuer.parse()?, role.as_str().parse()?))
}

fn seal(
    home: &Home,
    keystore: &Keystore,
    source: Source,
    (issuer, subject): (IssuerUrl, Subject),
    duration: SessionDuration,
    end: Option<UnixTime>,
) -> Result<Session, SessionError> {
    check_room(home, keystore)?;
    let issued_at = UnixTime::now();
    let longest = issued_at.plus(duration.seconds().min(LONGEST).into());
    let expires_at = end.map_or(longest, |end| longest.min(end));
    let session = Session { source, issued_at, expires_at, issuer, subject };
    replace(home, keystore, &session, &SessionKey::generate()?)?;
    Ok(session)
}
