//! Sessions that were signed for this machine on another one. What arrives is checked as if an attacker had sent it: whoever may
//! write to this process's standard input is anybody.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::claims::{ClaimsError, IdTokenClaims};
use super::handover::{HANDOVER_LIMIT, Handover, REMOTE_AUDIENCE};
use super::{
    CLOCK_TOLERANCE, Session, SessionDuration, SessionError, Source, check_room, lock, open, replace_locked,
};
use crate::es256;
use crate::failure::{Diagnostic, ErrorKind};
use crate::home::Home;
use crate::identity::{DEFAULT_AUDIENCE, Identity, IssuerUrl, Subject};
use crate::keystore::{Keystore, SessionKey};
use crate::secret::Secret;
use crate::time::UnixTime;

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
                "Run `vouch logout` if that session is yours to end; else use a home of your own with VOUCH_HOME.".into()
            }
            Self::YubikeySession => "To put this one in its place: `vouch session import --replace`.".into(),
            Self::Session(error) => return error.hint(),
        })
    }
}

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

#[cfg(test)]
#[path = "imported_tests.rs"]
mod tests;
