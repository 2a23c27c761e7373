//! macOS Keychain and Windows Credential Manager.
//!
//! Neither forgets by itself: every sealed entry carries the end of its session, and readers check it.

use keyring::{Entry, Error};
use zeroize::Zeroizing;

use super::error::KeystoreError;
use super::key::SessionKey;
use crate::home::Home;

pub(super) const NAME: &str = if cfg!(windows) { "the Credential Manager" } else { "the Keychain" };

#[derive(Debug)]
pub(super) struct Native {
    account: String,
}

impl Native {
    pub(super) fn new(home: &Home) -> Self {
        Self { account: home.id() }
    }

    pub(super) fn store(&self, key: &SessionKey) -> Result<(), KeystoreError> {
        self.entry()?.set_secret(key.bytes()).map_err(error)
    }

    pub(super) fn load(&self) -> Result<SessionKey, KeystoreError> {
        let bytes = Zeroizing::new(self.entry()?.get_secret().map_err(error)?);
        SessionKey::from_slice(&bytes).ok_or(KeystoreError::Missing)
    }

    pub(super) fn delete(&self) -> Result<(), KeystoreError> {
        match self.entry()?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(other) => Err(error(other)),
        }
    }

    fn entry(&self) -> Result<Entry, KeystoreError> {
        Entry::new("vouch", &self.account).map_err(error)
    }
}

fn error(error: Error) -> KeystoreError {
    match error {
        Error::NoEntry => KeystoreError::Missing,
        Error::NoStorageAccess(_) => KeystoreError::Locked { name: NAME },
        other => KeystoreError::Unavailable { name: NAME, source: Box::new(other) },
    }
}
