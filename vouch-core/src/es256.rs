//! ES256: what a YubiKey signs here, an ID token or an enrollment, and the check that its own key did it.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::identity::SigningKey;

/// What signs an ID token: a YubiKey, or in tests a key in software.
pub trait Signer {
    /// Signs a SHA-256; answers r and s, 32 bytes each. Asked once.
    ///
    /// # Errors
    /// Whatever kept it from signing, with what to do about it.
    fn sign(self, digest: &[u8; 32]) -> Result<[u8; 64], Failure>;
}

impl<F: FnOnce(&[u8; 32]) -> Result<[u8; 64], Failure>> Signer for F {
    fn sign(self, digest: &[u8; 32]) -> Result<[u8; 64], Failure> {
        self(digest)
    }
}

/// The signature does not belong to the key that should have made it.
#[derive(Debug)]
pub struct SignatureMismatch;

/// Has the SHA-256 of `input` signed and checks the signature: r and s, 32 bytes each (RFC 7518 §3.4).
pub fn make<E>(
    input: &[u8],
    key: &SigningKey,
    sign: impl FnOnce(&[u8; 32]) -> Result<[u8; 64], E>,
) -> Result<Result<[u8; 64], SignatureMismatch>, E> {
    let digest: [u8; 32] = Sha256::digest(input).into();
    let signature = sign(&digest)?;
    let matches = is_valid(&digest, &signature, key);
    Ok(if matches { Ok(signature) } else { Err(SignatureMismatch) })
}

/// Whether `key` made this signature of a message with this SHA-256.
pub fn is_valid(digest: &[u8; 32], signature: &[u8], key: &SigningKey) -> bool {
    let verifier = VerifyingKey::from(key.public_key());
    Signature::from_slice(signature)
        .is_ok_and(|signature| verifier.verify_prehash(digest, &signature).is_ok())
}
