//! ES256: what a YubiKey signs here, an ID token or an enrolment, and the check that its own key did it.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::identity::SigningKey;

/// The signature does not belong to the key that should have made it.
#[derive(Debug)]
pub(crate) struct SignatureMismatch;

/// Has the SHA-256 of `input` signed and checks the signature: r and s, 32 bytes each (RFC 7518 §3.4).
pub(crate) fn make<E>(
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
pub(crate) fn is_valid(digest: &[u8; 32], signature: &[u8], key: &SigningKey) -> bool {
    let verifier = VerifyingKey::from(key.public_key());
    Signature::from_slice(signature)
        .is_ok_and(|signature| verifier.verify_prehash(digest, &signature).is_ok())
}

#[cfg(test)]
pub(crate) mod testing {
    //! A key in software, where the tests have no card.

    use p256::ecdsa::signature::hazmat::PrehashSigner;

    use super::*;

    pub(crate) struct SoftwareKey(p256::ecdsa::SigningKey);

    impl SoftwareKey {
        pub(crate) fn generate() -> Self {
            loop {
                let mut bytes = [0; 32];
                getrandom::fill(&mut bytes).unwrap();
                // One in 2^32 strings is no key.
                if let Ok(key) = p256::ecdsa::SigningKey::from_slice(&bytes) {
                    return Self(key);
                }
            }
        }

        pub(crate) fn public(&self) -> SigningKey {
            SigningKey::from_point(self.0.verifying_key().to_sec1_point(false).as_bytes()).unwrap()
        }

        pub(crate) fn sign(&self, digest: &[u8; 32]) -> [u8; 64] {
            let signature: Signature = self.0.sign_prehash(digest).unwrap();
            signature.to_bytes().into()
        }
    }
}
