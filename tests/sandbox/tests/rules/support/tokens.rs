//! Keys and ID tokens, signed with other code than the sandbox verifies with wherever there is a choice.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use getrandom::SysRng;
use p256::ecdsa::signature::Signer as _;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::SigningKey as RsaSigningKey;
use rsa::rand_core::UnwrapErr;
use rsa::sha2::{Sha256, Sha384, Sha512};
use rsa::signature::SignatureEncoding as _;
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};

use super::ALICE;

/// An issuer's key.
pub(crate) struct Key {
    pub(crate) id: &'static str,
    secret: Secret,
}

enum Secret {
    P256(p256::ecdsa::SigningKey),
    P384(EcdsaKeyPair),
    Rsa(&'static RsaPrivateKey),
}

static RSA: LazyLock<RsaPrivateKey> =
    LazyLock::new(|| RsaPrivateKey::new(&mut UnwrapErr(SysRng), 2048).unwrap());

impl Key {
    pub(crate) fn p256(id: &'static str) -> Key {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).unwrap();
        Key { id, secret: Secret::P256(p256::ecdsa::SigningKey::from_slice(&bytes).unwrap()) }
    }

    pub(crate) fn p384(id: &'static str) -> Key {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P384_SHA384_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Key {
            id,
            secret: Secret::P384(EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap()),
        }
    }

    /// One RSA key serves all tests: making it takes long.
    pub(crate) fn rsa(id: &'static str) -> Key {
        Key { id, secret: Secret::Rsa(&RSA) }
    }

    /// The public key as a JWK with `kid`, and nothing that it does not need.
    pub(crate) fn jwk(&self) -> Value {
        let point = |crv: &str, point: &[u8]| {
            let (x, y) = point[1..].split_at(point.len() / 2);
            json!({ "kty": "EC", "crv": crv, "x": base64url(x), "y": base64url(y), "kid": self.id })
        };
        match &self.secret {
            Secret::P256(key) => point("P-256", key.verifying_key().to_sec1_point(false).as_bytes()),
            Secret::P384(key) => point("P-384", key.public_key().as_ref()),
            Secret::Rsa(key) => {
                let (n, e) = (key.n().to_be_bytes_trimmed_vartime(), key.e().to_be_bytes_trimmed_vartime());
                json!({ "kty": "RSA", "n": base64url(&n), "e": base64url(&e), "kid": self.id })
            }
        }
    }

    /// The key as PKCS #8, for code that makes certificates.
    pub(crate) fn pkcs8(&self) -> Vec<u8> {
        use p256::pkcs8::EncodePrivateKey as _;
        match &self.secret {
            Secret::P256(key) => key.to_pkcs8_der().unwrap().as_bytes().to_vec(),
            Secret::Rsa(key) => key.to_pkcs8_der().unwrap().as_bytes().to_vec(),
            Secret::P384(_) => panic!("no P-384 key is asked for this"),
        }
    }

    fn algorithm(&self) -> &'static str {
        match self.secret {
            Secret::P256(_) => "ES256",
            Secret::P384(_) => "ES384",
            Secret::Rsa(_) => "RS256",
        }
    }

    /// JWS signature, r and s for ECDSA.
    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        match &self.secret {
            Secret::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Secret::P384(key) => key.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Secret::Rsa(key) => {
                let key = (*key).clone();
                match algorithm {
                    "RS384" => RsaSigningKey::<Sha384>::new(key).sign(message).to_vec(),
                    "RS512" => RsaSigningKey::<Sha512>::new(key).sign(message).to_vec(),
                    _ => RsaSigningKey::<Sha256>::new(key).sign(message).to_vec(),
                }
            }
        }
    }

    /// A P-256 signature in DER, as a YubiKey returns it.
    fn sign_der(&self, message: &[u8]) -> Vec<u8> {
        let raw = self.sign("ES256", message);
        p256::ecdsa::Signature::from_slice(&raw).unwrap().to_der().as_bytes().to_vec()
    }
}

/// The machine's time in seconds since 1970.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// Claims that every rule is content with.
pub(crate) fn claims() -> Value {
    let now = now();
    json!({
        "iss": ALICE, "sub": "alice", "aud": "sts.amazonaws.com",
        "iat": now, "nbf": now, "exp": now + 8 * 3600,
        "jti": "7a1c", "amr": ["hwk", "pin", "user"],
    })
}

/// A token of these claims with the key's own algorithm and id.
pub(crate) fn token(key: &Key, claims: &Value) -> String {
    token_with(key, &json!({ "alg": key.algorithm(), "kid": key.id }), claims)
}

/// The same with any header.
pub(crate) fn token_with(key: &Key, header: &Value, claims: &Value) -> String {
    let signed = format!("{}.{}", base64url(header.to_string()), base64url(claims.to_string()));
    let signature = key.sign(header["alg"].as_str().unwrap_or_default(), signed.as_bytes());
    format!("{signed}.{}", base64url(signature))
}

/// The same with the signature in DER.
pub(crate) fn token_in_der(key: &Key, claims: &Value) -> String {
    let header = json!({ "alg": "ES256", "kid": key.id });
    let signed = format!("{}.{}", base64url(header.to_string()), base64url(claims.to_string()));
    let signature = key.sign_der(signed.as_bytes());
    format!("{signed}.{}", base64url(signature))
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
