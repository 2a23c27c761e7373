//! The session: an ID token that the YubiKey signed at login.
//!
//! The sealed file of a session is named after it, so that a new one never takes the place of the old one. The old
//! session ends at one moment, when the keystore takes the new key; whatever fails before leaves it as it was.

mod claims;
mod duration;
mod error;
mod id_token;
mod job;
mod reminder;
mod source;

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::es256::Signer;
use crate::files::{Lock, LockError};
use crate::home::Home;
use crate::identity::{EnrolledKey, Identity, IssuerUrl, Subject};
use crate::keystore::{Keystore, KeystoreError, SessionKey};
use crate::time::UnixTime;
use crate::vault::{self, EntryName, Vault, VaultError};
pub use claims::{ClaimsError, IdTokenClaims};
pub use duration::SessionDuration;
pub use error::SessionError;
pub use job::begin;
pub use reminder::remind;
pub use source::Source;

const KIND: &str = "session";

/// How long to wait for another login or logout to finish its writing.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// How far ahead the clock may have been at login, in seconds: AWS allows an ID token as much.
const CLOCK_TOLERANCE: i64 = 5 * 60;

/// A user's session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// What it was made of.
    pub source: Source,
    pub issued_at: UnixTime,
    pub expires_at: UnixTime,
    pub issuer: IssuerUrl,
    pub subject: Subject,
}

/// Opens the vault of the present session. One read of the keystore, no file.
///
/// # Errors
/// [`SessionError::NotLoggedIn`] or [`SessionError::Expired`]; or the keystore does not work.
pub fn open(home: &Home, keystore: &Keystore) -> Result<Vault, SessionError> {
    let error = match keystore.load() {
        Ok(key) => return Ok(Vault::new(home, key)),
        Err(KeystoreError::Expired) => SessionError::Expired { at: ended(home) },
        // Some time after its end a keystore no longer knows that there was a key; the sealed file still does.
        Err(KeystoreError::Missing) => match ended(home) {
            Some(at) => SessionError::Expired { at: Some(at) },
            None => SessionError::NotLoggedIn,
        },
        Err(error) => return Err(error.into()),
    };
    Err(error)
}

impl Session {
    /// The session whose key opened the vault.
    ///
    /// # Errors
    /// [`SessionError::Expired`] when its time is over, [`SessionError::NotYetValid`] when the clock was ahead at login
    /// or is behind now, [`SessionError::NotLoggedIn`] when its file is gone or altered.
    pub fn read(vault: &Vault, home: &Home) -> Result<Self, SessionError> {
        let name = entry(vault);
        let session: Self = vault.read(&name).ok_or_else(|| {
            let claimed = vault::claimed_expiry(home, &name).filter(|at| *at <= UnixTime::now());
            claimed.map_or(SessionError::NotLoggedIn, |at| SessionError::Expired { at: Some(at) })
        })?;
        // Whichever of the two clocks is wrong, AWS refuses what is signed by it, and "32 h left" is not so.
        if session.issued_at.since(UnixTime::now()) > CLOCK_TOLERANCE {
            return Err(SessionError::NotYetValid { issued_at: session.issued_at });
        }
        Ok(session)
    }
}

/// Finds out whether a session could be kept: home, disk and keystore are tried as a login uses them. Before a PIN is typed
/// and a touch is asked for.
///
/// # Errors
/// An unwritable folder, a full disk, a limit on the size of files, a keystore that does not work or is full.
pub fn check_room(home: &Home, keystore: &Keystore) -> Result<(), SessionError> {
    /// At least as long as a session with its ID token.
    const LENGTH: usize = 4096;

    home.create()?;
    match keystore.load() {
        Ok(_) | Err(KeystoreError::Missing | KeystoreError::Expired) => {}
        Err(error) => return Err(error.into()),
    }
    let key = SessionKey::generate()?;
    keystore.check_room(&key)?;
    let _lock = lock(home)?;
    let vault = Vault::new(home, key);
    let written = vault.write(&entry(&vault), &" ".repeat(LENGTH), UnixTime::now());
    vault.remove(&entry(&vault));
    Ok(written?)
}

/// Logs in: has an ID token signed, seals it under a new session key, and ends the session before.
///
/// `signer` gets the SHA-256 of the token's signing input. It is called once, when
/// folder and keystore have been found to work, so that no touch is wasted. On any failure the session before works
/// as it did.
///
/// # Errors
/// What `signer` says; [`SessionError::KeyMismatch`] when the signature is not that of the enrolled key; an unwritable
/// folder, a full disk, a keystore that does not work.
pub fn login(
    home: &Home,
    keystore: &Keystore,
    identity: &Identity,
    key: &EnrolledKey,
    duration: SessionDuration,
    signer: impl Signer,
) -> Result<Session, SessionError> {
    check_room(home, keystore)?;
    let issued_at = UnixTime::now();
    let expires_at = issued_at.plus(duration.seconds().into());
    let id_token = id_token::signed(identity, key, issued_at, expires_at, signer)?;
    let session = Session {
        source: Source::Yubikey { id_token, kid: key.kid.clone(), serial: key.serial },
        issued_at,
        expires_at,
        issuer: identity.issuer.clone(),
        subject: identity.subject.clone(),
    };
    replace(home, keystore, &session, &SessionKey::generate()?)?;
    Ok(session)
}

/// Ends the session: forgets its key and deletes what was sealed under it. Says whether there was a live one.
///
/// # Errors
/// When the keystore does not work or a file cannot be deleted. Everything else has been removed all the same.
pub fn logout(home: &Home, keystore: &Keystore) -> Result<bool, SessionError> {
    // Nobody is kept logged in by a folder that takes no lock.
    let _lock = lock(home);
    let live = open(home, keystore).and_then(|vault| Session::read(&vault, home)).is_ok();
    let forgotten = keystore.delete();
    let cleared = clear(home);
    forgotten?;
    cleared?;
    Ok(live)
}

/// Deletes what was sealed, where no keystore can be asked: without its sealed file a session is none.
///
/// # Errors
/// When a file cannot be deleted. The others are gone all the same.
pub fn clear(home: &Home) -> Result<(), SessionError> {
    vault::clear(home).map_err(|source| VaultError::Remove { path: home.vault(), source }.into())
}

fn replace(
    home: &Home,
    keystore: &Keystore,
    session: &Session,
    key: &SessionKey,
) -> Result<(), SessionError> {
    let _lock = lock(home)?;
    let before = vault::sealed_files(home).unwrap_or_default();
    let vault = Vault::new(home, key.clone());
    vault.write(&entry(&vault), session, session.expires_at)?;
    // The PIN and the touch took their time: the key must not outlive the token.
    let left = session.expires_at.since(UnixTime::now()).max(1);
    if let Err(error) = keystore.store(key, u32::try_from(left).unwrap_or(u32::MAX)) {
        vault.remove(&entry(&vault));
        return Err(error.into());
    }
    // Only files from before the new key: a helper may already be writing for the new session.
    // One that cannot be deleted opens to nobody any more.
    let _ = vault::remove_files(&before);
    Ok(())
}

fn lock(home: &Home) -> Result<Lock, SessionError> {
    let locked = Lock::acquire(&home.vault().join("login.lock"), Instant::now() + LOCK_WAIT);
    locked.map_err(|error| match error {
        LockError::TimedOut { holder, .. } => SessionError::Busy(holder),
        LockError::Io { path, source } => VaultError::Write { path, source }.into(),
    })
}

fn entry(vault: &Vault) -> EntryName {
    EntryName::new(KIND, &[vault.session_id()])
}

/// When the last session ended, as its sealed file claims.
fn ended(home: &Home) -> Option<UnixTime> {
    vault::claimed_expiries(home, KIND).max().filter(|at| *at <= UnixTime::now())
}

// They keep session keys in a folder of their own.
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
