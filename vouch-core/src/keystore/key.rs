//! The session key itself.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::error::KeystoreError;
use crate::home;
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
    pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Secret::new(bytes)))
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
}
