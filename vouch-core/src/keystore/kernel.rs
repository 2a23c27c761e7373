//! The Linux kernel's user keyring.
//!
//! Measured: adding straight to `@u` works in a process whose session keyring does not link `@u` (cron, services, some
//! sudo), but such a process may then neither set permissions nor a time-out. Adding to the process keyring first makes
//! the process the possessor; the key is linked into `@u` only when its permissions and time-out are set. Adding again
//! under the same name would clear the time-out; linking another key displaces the old one whole.

use linux_keyutils::{Key, KeyError, KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission};
use zeroize::Zeroizing;

use super::error::KeystoreError;
use super::key::SessionKey;
use crate::home::Home;

pub(super) const NAME: &str = "the kernel keyring";

#[derive(Debug)]
pub(super) struct Kernel {
    /// Keys are per user, not per home: the name carries the home.
    description: String,
}

impl Kernel {
    pub(super) fn new(home: &Home) -> Self {
        Self { description: format!("vouch:{}", home.id()) }
    }

    pub(super) fn store(&self, key: &SessionKey, seconds: u32) -> Result<(), KeystoreError> {
        let permissions = KeyPermissionsBuilder::builder()
            .posessor(Permission::ALL)
            .user(Permission::VIEW | Permission::READ | Permission::SEARCH)
            .build();
        let process = ring(KeyRingIdentifier::Process, true)?;
        let stored = process.add_key(&self.description, key.bytes()).map_err(error)?;
        let published = stored
            .set_perms(permissions)
            .and_then(|()| stored.set_timeout(usize::try_from(seconds).unwrap_or(usize::MAX)))
            .and_then(|()| KeyRing::from_special_id(KeyRingIdentifier::User, false))
            .and_then(|user| user.link_key(stored));
        // The process ends soon; the link is only tidied up.
        let _ = process.unlink_key(stored);
        published.map_err(error)
    }

    /// Adds the key where only this process sees it: [`Kernel::store`] then updates that one, which takes no more room.
    pub(super) fn check_room(&self, key: &SessionKey) -> Result<(), KeystoreError> {
        let process = ring(KeyRingIdentifier::Process, true)?;
        process.add_key(&self.description, key.bytes()).map(drop).map_err(error)
    }

    pub(super) fn load(&self) -> Result<SessionKey, KeystoreError> {
        let mut bytes = Zeroizing::new([0; 33]);
        let length = self.find()?.read(&mut *bytes).map_err(error)?;
        bytes.get(..length).and_then(SessionKey::from_slice).ok_or(KeystoreError::Missing)
    }

    pub(super) fn delete(&self) -> Result<(), KeystoreError> {
        let found = self.find().and_then(|key| key.invalidate().map_err(error));
        match found {
            Ok(()) | Err(KeystoreError::Missing | KeystoreError::Expired) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn find(&self) -> Result<Key, KeystoreError> {
        ring(KeyRingIdentifier::User, false)?.search(&self.description).map_err(error)
    }
}

fn ring(id: KeyRingIdentifier, create: bool) -> Result<KeyRing, KeystoreError> {
    KeyRing::from_special_id(id, create).map_err(error)
}

fn error(error: KeyError) -> KeystoreError {
    match error {
        KeyError::KeyDoesNotExist | KeyError::KeyRevoked => KeystoreError::Missing,
        KeyError::KeyExpired => KeystoreError::Expired,
        KeyError::QuotaExceeded => KeystoreError::Full { name: NAME },
        other => KeystoreError::Unavailable { name: NAME, source: other.into() },
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn kernel() -> (tempfile::TempDir, Kernel) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path()).unwrap();
        (dir, Kernel::new(&home))
    }

    #[test]
    fn a_key_is_read_replaced_and_forgotten() {
        let (_dir, kernel) = kernel();
        assert!(matches!(kernel.load(), Err(KeystoreError::Missing)));
        for _ in 0..2 {
            let key = SessionKey::generate().unwrap();
            kernel.store(&key, 60).unwrap();
            assert_eq!(kernel.load().unwrap().bytes(), key.bytes());
        }
        kernel.delete().unwrap();
        assert!(matches!(kernel.load(), Err(KeystoreError::Missing)));
        kernel.delete().unwrap();
    }

    #[test]
    fn the_kernel_forgets_in_time() {
        let (_dir, kernel) = kernel();
        kernel.store(&SessionKey::generate().unwrap(), 1).unwrap();
        kernel.load().unwrap();
        thread::sleep(Duration::from_millis(2100));
        assert!(matches!(kernel.load(), Err(KeystoreError::Expired | KeystoreError::Missing)));
        // A key after an expired one has its own time-out.
        kernel.store(&SessionKey::generate().unwrap(), 60).unwrap();
        kernel.load().unwrap();
        kernel.delete().unwrap();
    }

    #[test]
    fn homes_do_not_share_a_key() {
        let ((_one, one), (_two, two)) = (kernel(), kernel());
        one.store(&SessionKey::generate().unwrap(), 60).unwrap();
        assert!(matches!(two.load(), Err(KeystoreError::Missing)));
        one.delete().unwrap();
    }
}
