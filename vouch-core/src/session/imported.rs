//! Sessions that were signed for this machine on another one. What arrives is checked as if an attacker had sent it: whoever may
//! write to this process's standard input is anybody.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::claims::{ClaimsError, IdTokenClaims};
use super::handover::{Handover, REMOTE_AUDIENCE};
use super::import_error::ImportError;
use super::{
    CLOCK_TOLERANCE, Session, SessionDuration, SessionError, Source, check_room, lock, open, replace_locked,
};
use crate::es256;
use crate::failure::{Diagnostic, ErrorKind};
use crate::home::Home;
use crate::identity::{DEFAULT_AUDIENCE, Identity};
use crate::keystore::{Keystore, SessionKey};
use crate::secret::Secret;
use crate::time::UnixTime;

/// RFC 7515 §4.1.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

/// RFC 7519 §4.1.
#[derive(Deserialize)]
struct Times {
    iat: i64,
    nbf: i64,
}

/// The session that a handover holds, if it may be one on this machine: its form, audience, times, and where this home is
/// somebody's, whose it is and by which key. Whether AWS takes it is for the caller to find out.
///
/// # Errors
/// See [`ImportError`].
pub fn check(handover: &Handover, identity: Option<&Identity>, here: &str) -> Result<Session, ImportError> {
    let now = UnixTime::now();
    let claims = IdTokenClaims::read(&handover.id_token).map_err(ImportError::Claims)?;
    let form = || ImportError::Claims(ClaimsError::Form);
    let (header, times) = parts(&handover.id_token).ok_or_else(form)?;
    if header.alg != "ES256" || header.kid.is_empty() {
        return Err(form());
    }
    let own = identity.map_or(DEFAULT_AUDIENCE, |identity| &identity.audience);
    if claims.audience != REMOTE_AUDIENCE && claims.audience != own {
        return Err(ImportError::Audience(claims.audience));
    }
    let longest = SessionDuration::LONGEST;
    // In this order: a number at the edge of its range overflows nothing.
    let begins = UnixTime(times.iat.max(times.nbf));
    if begins.since(now) > CLOCK_TOLERANCE {
        return Err(ImportError::Clock(begins.since(now)));
    }
    if claims.expires_at <= now {
        return Err(ImportError::Expired);
    }
    if claims.expires_at.since(UnixTime(times.iat)) > longest
        || claims.expires_at.since(now) > longest.saturating_add(CLOCK_TOLERANCE)
    {
        return Err(ImportError::TooLong);
    }
    if let Some(identity) = identity {
        check_signer(handover, &claims, &header.kid, identity)?;
    }
    let host = handover.host.as_ref().map_or(here, |host| host.as_str());
    Ok(Session {
        source: Source::Imported {
            id_token: handover.id_token.clone(),
            kid: header.kid,
            from: handover.from.as_str().to_owned(),
            host: host.to_owned(),
        },
        issued_at: UnixTime(times.iat),
        expires_at: claims.expires_at,
        issuer: claims.issuer,
        subject: claims.subject,
    })
}

fn parts(token: &Secret<String>) -> Option<(Header, Times)> {
    let mut parts = token.expose().split('.').map(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let header = serde_json::from_slice(&parts.next()??).ok()?;
    let times = serde_json::from_slice(&parts.next()??).ok()?;
    Some((header, times))
}

fn check_signer(
    handover: &Handover,
    claims: &IdTokenClaims,
    kid: &str,
    identity: &Identity,
) -> Result<(), ImportError> {
    if (&identity.issuer, &identity.subject) != (&claims.issuer, &claims.subject) {
        return Err(ImportError::OtherUser {
            subject: claims.subject.clone(),
            issuer: claims.issuer.clone(),
            owner: identity.subject.clone(),
        });
    }
    let key = identity.keys.iter().find(|key| key.kid == kid).ok_or(ImportError::UnknownKey)?;
    let (input, signature) = handover.id_token.expose().rsplit_once('.').ok_or(ImportError::Signature)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| ImportError::Signature)?;
    match es256::is_valid(&Sha256::digest(input).into(), &signature, &key.public_key) {
        true => Ok(()),
        false => Err(ImportError::Signature),
    }
}

impl Session {
    /// The longest that a token of this session is asked for, in seconds: on another machine than the YubiKey's no longer than
    /// the role for other machines allows, whichever role is used.
    pub(crate) fn longest_token(&self) -> i64 {
        match self.source {
            Source::Imported { .. } => 3600,
            _ => 12 * 3600,
        }
    }
}

/// Whether a session may take the place of the one that is here: an imported one of the same user, by a newer one; a
/// YubiKey's of the same user where that was asked for.
///
/// # Errors
/// Why it may not.
pub fn check_place(present: &Session, arrived: &Session, replace: bool) -> Result<(), ImportError> {
    let same_user = (&present.issuer, &present.subject) == (&arrived.issuer, &arrived.subject);
    match &present.source {
        Source::Imported { .. } if same_user => match arrived.issued_at > present.issued_at {
            true => Ok(()),
            false => Err(ImportError::NotNewer),
        },
        Source::Yubikey { .. } if same_user => match replace {
            true => Ok(()),
            false => Err(ImportError::YubikeySession),
        },
        other => Err(ImportError::Occupied {
            subject: present.subject.clone(),
            issuer: present.issuer.clone(),
            by: other.to_string(),
        }),
    }
}

/// Seals a session that was checked, if it may still take the place of the one that is here now.
///
/// # Errors
/// When another session is here meanwhile; an unwritable folder, a full disk, a keystore that does not work.
pub fn import(home: &Home, keystore: &Keystore, session: &Session, replace: bool) -> Result<(), ImportError> {
    check_room(home, keystore)?;
    let _lock = lock(home)?;
    match open(home, keystore).and_then(|vault| Session::read(&vault, home)) {
        Ok(present) => check_place(&present, session, replace)?,
        Err(error) if error.kind() == ErrorKind::NoSession => {}
        Err(error) => return Err(error.into()),
    }
    let key = SessionKey::generate().map_err(SessionError::from)?;
    Ok(replace_locked(home, keystore, session, &key)?)
}

// They keep session keys in a folder of their own.
#[cfg(test)]
#[cfg(target_os = "linux")]
#[path = "imported_tests.rs"]
mod tests;
