//! The session key: 32 random bytes, made at login, that only the operating system's keystore holds.
//!
//! Linux: the kernel's keyring, which forgets the key when the session ends. macOS: the Keychain; Windows: the
//! Credential Manager. Where none works, `VOUCH_KEYSTORE=runtime-file` asks for a file in a private folder that lives
//! in memory; it is never chosen silently.

mod error;
#[cfg(target_os = "linux")]
mod kernel;
mod key;
#[cfg(any(target_os = "macos", windows))]
mod native;
#[cfg(target_os = "linux")]
mod runtime_file;

use crate::env;
use crate::home::Home;
pub use error::KeystoreError;
pub use key::SessionKey;

/// Where session keys are kept.
#[derive(Debug)]
pub struct Keystore(Kind);

#[derive(Debug)]
enum Kind {
    #[cfg(target_os = "linux")]
    Kernel(kernel::Kernel),
    #[cfg(target_os = "linux")]
    RuntimeFile(runtime_file::RuntimeFile),
    #[cfg(any(target_os = "macos", windows))]
    Native(native::Native),
}

impl Keystore {
    /// The keystore of this system, or the one that `VOUCH_KEYSTORE` names.
    ///
    /// # Errors
    /// When the variable names none.
    pub fn from_env(home: &Home) -> Result<Self, KeystoreError> {
        let choice = env::var_os("VOUCH_KEYSTORE").map(|name| name.to_string_lossy().into_owned());
        Self::named(choice.as_deref(), home)
    }

    #[cfg(target_os = "linux")]
    fn named(choice: Option<&str>, home: &Home) -> Result<Self, KeystoreError> {
        Ok(Self(match choice {
            None | Some("kernel") => Kind::Kernel(kernel::Kernel::new(home)),
            Some("runtime-file") => Kind::RuntimeFile(runtime_file::RuntimeFile::new(home)?),
            Some(other) => return Err(KeystoreError::Unknown(other.to_owned())),
        }))
    }

    #[cfg(any(target_os = "macos", windows))]
    fn named(choice: Option<&str>, home: &Home) -> Result<Self, KeystoreError> {
        match choice {
            None => Ok(Self(Kind::Native(native::Native::new(home)))),
            Some(other) => Err(KeystoreError::Unknown(other.to_owned())),
        }
    }

    /// A runtime file in a given folder.
    #[cfg(all(test, target_os = "linux"))]
    pub(crate) fn in_folder(runtime: &std::path::Path, home: &Home) -> Result<Self, KeystoreError> {
        runtime_file::RuntimeFile::below(runtime, home).map(|file| Self(Kind::RuntimeFile(file)))
    }

    /// Its name, for a user.
    pub fn name(&self) -> &'static str {
        match &self.0 {
            #[cfg(target_os = "linux")]
            Kind::Kernel(_) => kernel::NAME,
            #[cfg(target_os = "linux")]
            Kind::RuntimeFile(_) => runtime_file::NAME,
            #[cfg(any(target_os = "macos", windows))]
            Kind::Native(_) => native::NAME,
        }
    }

    /// Finds out whether there is room for a key beside that of the present session, which stays. Only the kernel has so
    /// little that it may be full.
    ///
    /// # Errors
    /// [`KeystoreError::Full`], or the keystore does not work.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(unused_variables, reason = "only the kernel has little room")
    )]
    pub fn check_room(&self, key: &SessionKey) -> Result<(), KeystoreError> {
        match &self.0 {
            #[cfg(target_os = "linux")]
            Kind::Kernel(kernel) => kernel.check_room(key),
            #[cfg(target_os = "linux")]
            Kind::RuntimeFile(_) => Ok(()),
            #[cfg(any(target_os = "macos", windows))]
            Kind::Native(_) => Ok(()),
        }
    }

    /// Keeps the key for `seconds`, in place of an earlier one.
    ///
    /// # Errors
    /// When the keystore does not work, is full or locked. The earlier key may then be gone or not.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(unused_variables, reason = "only the kernel forgets by itself")
    )]
    pub fn store(&self, key: &SessionKey, seconds: u32) -> Result<(), KeystoreError> {
        match &self.0 {
            #[cfg(target_os = "linux")]
            Kind::Kernel(kernel) => kernel.store(key, seconds),
            #[cfg(target_os = "linux")]
            Kind::RuntimeFile(file) => file.store(key),
            #[cfg(any(target_os = "macos", windows))]
            Kind::Native(native) => native.store(key),
        }
    }

    /// The key of the present session. Never opens a dialogue.
    ///
    /// # Errors
    /// [`KeystoreError::Missing`] and [`KeystoreError::Expired`] mean: no session. Others: the keystore does not work.
    pub fn load(&self) -> Result<SessionKey, KeystoreError> {
        match &self.0 {
            #[cfg(target_os = "linux")]
            Kind::Kernel(kernel) => kernel.load(),
            #[cfg(target_os = "linux")]
            Kind::RuntimeFile(file) => file.load(),
            #[cfg(any(target_os = "macos", windows))]
            Kind::Native(native) => native.load(),
        }
    }

    /// Forgets the key. Whether there was one does not matter.
    ///
    /// # Errors
    /// When the keystore does not work.
    pub fn delete(&self) -> Result<(), KeystoreError> {
        match &self.0 {
            #[cfg(target_os = "linux")]
            Kind::Kernel(kernel) => kernel.delete(),
            #[cfg(target_os = "linux")]
            Kind::RuntimeFile(file) => file.delete(),
            #[cfg(any(target_os = "macos", windows))]
            Kind::Native(native) => native.delete(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_keystore_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path()).unwrap();
        assert!(
            matches!(Keystore::named(Some("vault"), &home), Err(KeystoreError::Unknown(name)) if name == "vault")
        );
    }
}
