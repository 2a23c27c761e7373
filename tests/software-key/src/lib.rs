//! A P-256 key in software, where tests have no card.

use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};

/// A key that signs as the one on a YubiKey does.
#[derive(Debug)]
pub struct SoftwareKey(SigningKey);

impl SoftwareKey {
    /// A new random key.
    ///
    /// # Panics
    /// Where the system has no random numbers.
    pub fn generate() -> Self {
        loop {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).expect("random numbers");
            // One in 2^32 strings is not a key.
            if let Ok(key) = SigningKey::from_slice(&bytes) {
                return Self(key);
            }
        }
    }

    /// The public key as an uncompressed point.
    pub fn point(&self) -> Vec<u8> {
        self.0.verifying_key().to_sec1_point(false).as_bytes().to_vec()
    }

    /// r and s over a SHA-256 digest, 32 bytes each.
    ///
    /// # Panics
    /// Never: every digest can be signed.
    pub fn sign(&self, digest: &[u8; 32]) -> [u8; 64] {
        let signature: Signature = self.0.sign_prehash(digest).expect("a signature");
        signature.to_bytes().into()
    }
}
