//! The session key: 32 random bytes, made at login, that only the operating system's keystore holds.
//!
//! Linux: the kernel's keyring, which forgets the key when the session ends. macOS: the Keychain; Windows: the
//! Credential Manager. Where none works, `VOUCH_KEYSTORE=runtime-file` asks for a file in a private folder that lives
//! in memory; it is never chosen silently.

#[cfg(target_os = "linux")]
mod kernel;
#[cfg(any(target_os = "macos", windows))]
mod native;
#[cfg(target_os = "linux")]
mod runtime_file;

use std::io;
use std::path::PathBuf;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::failure::{Class, Explain};
use crate::home::{self, Home};
use crate::secret::Secret;

/// The key that seals everything a session leaves on disk.
#[derive(Debug, Clone)]
pub struct SessionKey(Secret<[u8; 32]>);

impl SessionKey {
    /// A new key from the system's random source.
    ///
    /// # Errors
    /// When the system has none to give.
    pub fn generate() -> Result<Self, KeystoreError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).map_err(|error| KeystoreError::Random(error.to_string()))?;
        Ok(Self(Secret::new(*bytes)))
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// Names the session without telling its key: 32 hexadecimal digits of a hash.
    pub fn session_id(&self) -> String {
        let digest =
            Sha256::new().chain_update(b"vouch session id 1\0").chain_update(self.bytes()).finalize();
        home::hex(&digest, 16)
    }

    #[cfg_attr(not(any(target_os = "linux", target_os = "macos", windows)), expect(dead_code))]
    fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Secret::new(bytes)))
    }
}

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

/// Why the session key was not had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeystoreError {
    /// No login yet, or a logout, or a restart of the machine.
    #[error("the keystore holds no session key")]
    Missing,
    /// The kernel has let go of the key.
    #[error("the session key has expired")]
    Expired,
    #[error("{name} does not work here")]
    Unavailable { name: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("{name} is full")]
    Full { name: &'static str },
    #[error("{name} is locked and would have to ask")]
    Locked { name: &'static str },
    #[error("VOUCH_KEYSTORE is `{0}`, which is no keystore of this system")]
    Unknown(String),
    #[error("`{path}` cannot keep a session key: {reason}")]
    UnfitFolder { path: PathBuf, reason: &'static str },
    #[error("cannot use `{path}`")]
    Io { path: PathBuf, source: io::Error },
    #[error("the system gives no random bytes: {0}")]
    Random(String),
}

impl Explain for KeystoreError {
    fn class(&self) -> Class {
        match self {
            Self::Missing | Self::Expired => Class::NoSession,
            _ => Class::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing | Self::Expired => "Run `vouch login`.".into(),
            Self::Unavailable { .. } if cfg!(target_os = "linux") => {
                "Containers often forbid it. With VOUCH_KEYSTORE=runtime-file in the environment, of `vouch login` and \
                 of everything after it, the key is kept in a private file in memory (XDG_RUNTIME_DIR) instead."
                    .into()
            }
            Self::Unavailable { .. } => "Unlock it, or log in to the desktop, and run the command again.".into(),
            Self::Full { .. } => "Look at `keyctl show @u` and `/proc/key-users`, and remove what is not needed.".into(),
            Self::Locked { .. } => "Unlock it and run the command again.".into(),
            Self::Unknown(_) => "Unset VOUCH_KEYSTORE; on Linux it may also be `kernel` or `runtime-file`.".into(),
            Self::UnfitFolder { .. } | Self::Io { .. } => {
                "Set XDG_RUNTIME_DIR to a folder of yours with mode 0700 on a tmpfs, such as `/run/user/$(id -u)`.".into()
            }
            Self::Random(_) => return None,
        })
    }
}

impl Keystore {
    /// The keystore of this system, or the one that `VOUCH_KEYSTORE` names.
    ///
    /// # Errors
    /// When the variable names none.
    pub fn from_env(home: &Home) -> Result<Self, KeystoreError> {
        let choice = home::variable("VOUCH_KEYSTORE").map(|name| name.to_string_lossy().into_owned());
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

    /// Its name, for a person.
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

    /// Keeps the key for `seconds`, in place of an earlier one.
    ///
    /// # Errors
    /// When the keystore does not work, is full or locked. The earlier key may then be gone or not.
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
    fn the_session_id_tells_sessions_apart_and_not_the_key() {
        let (one, two) = (SessionKey::generate().unwrap(), SessionKey::generate().unwrap());
        assert_ne!(one.session_id(), two.session_id());
        assert_eq!(one.session_id(), one.clone().session_id());
        assert!(!home::hex(one.bytes(), 32).contains(&one.session_id()));
        assert_eq!(format!("{one:?}"), "SessionKey([redacted])");
    }

    #[test]
    fn an_unknown_keystore_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path()).unwrap();
        assert!(
            matches!(Keystore::named(Some("vault"), &home), Err(KeystoreError::Unknown(name)) if name == "vault")
        );
    }
}
