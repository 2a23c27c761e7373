//! Asymmetric keys: what the card computes with the key of a slot.

use p256::{
    ecdsa::signature::hazmat::PrehashSigner,
    pkcs8::{Document, EncodePublicKey, spki},
};
use rsa::{BoxedUint, Pkcs1v15Sign, traits::PublicKeyParts};
use sha2::{Digest, Sha256};

use crate::{Firmware, random, status::Status, tlv, tlv::Objects};

const PUBLIC_EXPONENT: u64 = 65_537;

/// Algorithm identifiers of SP 800-78-4, table 6-2, and Yubico's for longer RSA keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rsa1024,
    Rsa2048,
    Rsa3072,
    Rsa4096,
    P256,
    P384,
}

impl Algorithm {
    /// 6A80 for what this firmware does not know.
    pub(crate) fn from_id(id: u8, firmware: Firmware) -> Result<Self, Status> {
        match id {
            0x06 => Ok(Self::Rsa1024),
            0x07 => Ok(Self::Rsa2048),
            0x05 if firmware.is_5_7() => Ok(Self::Rsa3072),
            0x16 if firmware.is_5_7() => Ok(Self::Rsa4096),
            0x11 => Ok(Self::P256),
            0x14 => Ok(Self::P384),
            _ => Err(Status::INCORRECT_DATA),
        }
    }

    pub(crate) fn id(self) -> u8 {
        match self {
            Self::Rsa1024 => 0x06,
            Self::Rsa2048 => 0x07,
            Self::Rsa3072 => 0x05,
            Self::Rsa4096 => 0x16,
            Self::P256 => 0x11,
            Self::P384 => 0x14,
        }
    }

    fn rsa_bits(self) -> Option<usize> {
        match self {
            Self::Rsa1024 => Some(1024),
            Self::Rsa2048 => Some(2048),
            Self::Rsa3072 => Some(3072),
            Self::Rsa4096 => Some(4096),
            Self::P256 | Self::P384 => None,
        }
    }
}

/// A private key.
#[derive(Clone, Debug)]
pub(crate) struct PrivateKey {
    algorithm: Algorithm,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa(Box<rsa::RsaPrivateKey>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
}

impl PrivateKey {
    #[expect(clippy::expect_used, reason = "the sizes are constants that the RSA code accepts")]
    pub(crate) fn generate(algorithm: Algorithm) -> Self {
        let material = match (algorithm, algorithm.rsa_bits()) {
            (_, Some(bits)) => {
                let key = rsa::RsaPrivateKey::new(&mut random::source(), bits);
                Material::Rsa(Box::new(key.expect("a key of this size can be made")))
            }
            (Algorithm::P384, None) => {
                Material::P384(retry(|| p384::ecdsa::SigningKey::from_slice(&random::bytes::<48>()).ok()))
            }
            (_, None) => {
                Material::P256(retry(|| p256::ecdsa::SigningKey::from_slice(&random::bytes::<32>()).ok()))
            }
        };
        Self { algorithm, material }
    }

    /// A key from the data of IMPORT ASYMMETRIC KEY: 06 the scalar, or 01 and 02 the primes (the other RSA
    /// values follow from them). 6A80 for anything that is not such a key of this algorithm.
    pub(crate) fn import(algorithm: Algorithm, data: &Objects<'_>) -> Result<Self, Status> {
        let failed = |_| Status::INCORRECT_DATA;
        let material = match algorithm {
            Algorithm::P256 => {
                let scalar: [u8; 32] = data.need(0x06)?.try_into().map_err(|_| Status::INCORRECT_DATA)?;
                Material::P256(p256::ecdsa::SigningKey::from_slice(&scalar).map_err(failed)?)
            }
            Algorithm::P384 => {
                let scalar: [u8; 48] = data.need(0x06)?.try_into().map_err(|_| Status::INCORRECT_DATA)?;
                Material::P384(p384::ecdsa::SigningKey::from_slice(&scalar).map_err(failed)?)
            }
            _ => {
                let prime = |tag| data.need(tag).map(BoxedUint::from_be_slice_vartime);
                let exponent = BoxedUint::from(PUBLIC_EXPONENT);
                let key = rsa::RsaPrivateKey::from_p_q(prime(0x01)?, prime(0x02)?, exponent)
                    .map_err(|_| Status::INCORRECT_DATA)?;
                if algorithm.rsa_bits() != Some(key.size() * 8) {
                    return Err(Status::INCORRECT_DATA);
                }
                Material::Rsa(Box::new(key))
            }
        };
        Ok(Self { algorithm, material })
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public key as GENERATE and GET METADATA give it, without its 7F49 header.
    pub(crate) fn public_objects(&self) -> Vec<u8> {
        match &self.material {
            Material::P256(key) => tlv::encode(&[0x86], key.verifying_key().to_sec1_point(false).as_bytes()),
            Material::P384(key) => tlv::encode(&[0x86], key.verifying_key().to_sec1_point(false).as_bytes()),
            Material::Rsa(key) => {
                let (modulus, exponent) = (key.n_bytes(), key.e_bytes());
                [tlv::encode(&[0x81], trimmed(&modulus)), tlv::encode(&[0x82], trimmed(&exponent))].concat()
            }
        }
    }

    /// The public key as a DER SubjectPublicKeyInfo.
    #[expect(clippy::expect_used, reason = "a public key that was just computed has an encoding")]
    pub(crate) fn public_key_info(&self) -> Vec<u8> {
        let encoded: spki::Result<Document> = match &self.material {
            Material::P256(key) => key.verifying_key().to_public_key_der(),
            Material::P384(key) => key.verifying_key().to_public_key_der(),
            Material::Rsa(key) => key.to_public_key().to_public_key_der(),
        };
        encoded.expect("a public key has an encoding").into_vec()
    }

    /// GENERAL AUTHENTICATE with a challenge: an ECDSA signature (DER) over a digest, or the bare RSA operation
    /// over an already padded block, which signs and decrypts alike.
    pub(crate) fn apply(&self, input: &[u8]) -> Result<Vec<u8>, Status> {
        let failed = |_| Status::INCORRECT_DATA;
        match &self.material {
            Material::P256(key) => {
                let signature: p256::ecdsa::Signature =
                    key.sign_prehash(&digest::<32>(input)?).map_err(failed)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Material::P384(key) => {
                let signature: p384::ecdsa::Signature =
                    key.sign_prehash(&digest::<48>(input)?).map_err(failed)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Material::Rsa(key) => raw_rsa(key, input),
        }
    }

    /// GENERAL AUTHENTICATE with an exponentiation: the shared secret with the other side's point.
    pub(crate) fn agree(&self, point: &[u8]) -> Result<Vec<u8>, Status> {
        let failed = |_| Status::INCORRECT_DATA;
        match &self.material {
            Material::P256(key) => {
                let theirs = p256::PublicKey::from_sec1_bytes(point).map_err(failed)?;
                let secret = p256::ecdh::diffie_hellman(key.as_nonzero_scalar(), theirs.as_affine());
                Ok(secret.raw_secret_bytes().to_vec())
            }
            Material::P384(key) => {
                let theirs = p384::PublicKey::from_sec1_bytes(point).map_err(failed)?;
                let secret = p384::ecdh::diffie_hellman(key.as_nonzero_scalar(), theirs.as_affine());
                Ok(secret.raw_secret_bytes().to_vec())
            }
            Material::Rsa(_) => Err(Status::INCORRECT_DATA),
        }
    }

    /// A signature as certificates carry it, with SHA-256: ECDSA (DER) or RSA PKCS #1 v1.5.
    pub(crate) fn sign_certificate(&self, message: &[u8]) -> Result<Vec<u8>, Status> {
        let digest = Sha256::digest(message);
        match &self.material {
            Material::Rsa(key) => {
                key.sign(Pkcs1v15Sign::new::<Sha256>(), &digest).map_err(|_| Status::INCORRECT_DATA)
            }
            Material::P256(_) | Material::P384(_) => self.apply(&digest),
        }
    }

    /// The AlgorithmIdentifier (DER) of [`Self::sign_certificate`].
    pub(crate) fn certificate_algorithm(&self) -> Vec<u8> {
        const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
        const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
        let fields = match &self.material {
            Material::Rsa(_) => [tlv::encode(&[0x06], SHA256_WITH_RSA), tlv::encode(&[0x05], &[])].concat(),
            Material::P256(_) | Material::P384(_) => tlv::encode(&[0x06], ECDSA_WITH_SHA256),
        };
        tlv::encode(&[0x30], &fields)
    }
}

fn raw_rsa(key: &rsa::RsaPrivateKey, block: &[u8]) -> Result<Vec<u8>, Status> {
    if block.len() != key.size() {
        return Err(Status::WRONG_LENGTH);
    }
    let failed = |_| Status::INCORRECT_DATA;
    let input =
        BoxedUint::from_be_slice(block, key.n().bits_precision()).map_err(|_| Status::INCORRECT_DATA)?;
    let output =
        rsa::hazmat::rsa_decrypt_and_check(key, Some(&mut random::source()), &input).map_err(failed)?;
    left_padded(trimmed(&output.to_be_bytes()), key.size())
}

/// A digest of at most `N` bytes, with zeroes in front: shorter ones are the same number.
fn digest<const N: usize>(input: &[u8]) -> Result<Vec<u8>, Status> {
    if input.is_empty() { Err(Status::INCORRECT_DATA) } else { left_padded(input, N) }
}

fn left_padded(bytes: &[u8], length: usize) -> Result<Vec<u8>, Status> {
    let zeroes = length.checked_sub(bytes.len()).ok_or(Status::WRONG_LENGTH)?;
    Ok([&vec![0; zeroes], bytes].concat())
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    let zeroes = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeroes..).unwrap_or_default()
}

/// Nearly every random number is a private scalar; the others are drawn again.
fn retry<T>(draw: impl Fn() -> Option<T>) -> T {
    loop {
        if let Some(drawn) = draw() {
            return drawn;
        }
    }
}
