//! The issuer's key set: which keys count, and which one a token means.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use der::{Decode as _, Encode as _};
use ring::signature as algorithms;
use serde_json::{Map, Value};

/// STS stops verifying RSA tokens when a set has more RSA keys; the same is assumed of EC keys.
const MOST_KEYS: usize = 100;

/// A signature algorithm. ES512 is documented too, but its curve is not in the library used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Es256,
    Es384,
}

impl Algorithm {
    /// Neither `none` nor the symmetric ones are among them.
    pub(super) fn named(name: &str) -> Option<Algorithm> {
        match name {
            "RS256" => Some(Algorithm::Rs256),
            "RS384" => Some(Algorithm::Rs384),
            "RS512" => Some(Algorithm::Rs512),
            "ES256" => Some(Algorithm::Es256),
            "ES384" => Some(Algorithm::Es384),
            _ => None,
        }
    }

    fn is_rsa(self) -> bool {
        matches!(self, Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512)
    }
}

/// All keys of a set that have an id, usable or not, in the set's order.
#[derive(Debug)]
pub(super) struct KeySet {
    keys: Vec<(String, Option<Key>)>,
    rsa: usize,
    ec: usize,
}

impl KeySet {
    pub(super) fn parse(document: &[u8]) -> Option<KeySet> {
        let document: Map<String, Value> = serde_json::from_slice(document).ok()?;
        let entries = document.get("keys")?.as_array()?;
        let of_type = |kty: &str| {
            entries.iter().filter(|key| key.get("kty").and_then(Value::as_str) == Some(kty)).count()
        };
        let keys = entries
            .iter()
            .filter_map(Value::as_object)
            .filter_map(|jwk| Some((jwk.get("kid")?.as_str()?.to_string(), Key::parse(jwk))))
            .collect();
        Some(KeySet { keys, rsa: of_type("RSA"), ec: of_type("EC") })
    }

    /// The key that a token means: the last one with its `kid`, or, without a `kid`, the only one there is.
    pub(super) fn select(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<&Key> {
        let same_type = if algorithm.is_rsa() { self.rsa } else { self.ec };
        if same_type > MOST_KEYS {
            return None;
        }
        let key = match kid {
            Some(kid) => self.keys.iter().rev().find(|(id, _)| id == kid)?.1.as_ref()?,
            None => {
                let mut usable = self.keys.iter().filter_map(|(_, key)| key.as_ref());
                let only = usable.next()?;
                if usable.next().is_some() {
                    return None;
                }
                only
            }
        };
        key.fits(algorithm).then_some(key)
    }
}

/// A public key that may verify tokens.
#[derive(Debug)]
pub(super) enum Key {
    /// The uncompressed point on P-256.
    P256(Vec<u8>),
    /// The uncompressed point on P-384.
    P384(Vec<u8>),
    /// Modulus and exponent, big-endian without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl Key {
    /// `None` for a key that STS does not use: other `use` than `sig`, any `key_ops`, a certificate
    /// alone or one that says something else, an unknown type or a broken value.
    fn parse(jwk: &Map<String, Value>) -> Option<Key> {
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        if jwk.contains_key("key_ops") || jwk.contains_key("use") && member("use") != Some("sig") {
            return None;
        }
        let number = |name: &str| URL_SAFE_NO_PAD.decode(member(name)?).ok();
        let key = match member("kty")? {
            "RSA" => Key::Rsa { n: trimmed(number("n")?), e: trimmed(number("e")?) },
            "EC" => {
                let (x, y) = (number("x")?, number("y")?);
                let point = |size: usize| {
                    (x.len() == size && y.len() == size).then(|| [&[4], x.as_slice(), y.as_slice()].concat())
                };
                match member("crv")? {
                    "P-256" => Key::P256(point(32)?),
                    "P-384" => Key::P384(point(48)?),
                    _ => return None,
                }
            }
            _ => return None,
        };
        match jwk.get("x5c") {
            Some(chain) if !key.is_in_certificate(chain) => None,
            _ => Some(key),
        }
    }

    /// The header's algorithm decides the hash, whatever `alg` the key has.
    fn fits(&self, algorithm: Algorithm) -> bool {
        match self {
            Key::P256(_) => algorithm == Algorithm::Es256,
            Key::P384(_) => algorithm == Algorithm::Es384,
            Key::Rsa { .. } => algorithm.is_rsa(),
        }
    }

    /// Whether `signature` over `message` is this key's. ECDSA signatures are r and s, not DER.
    pub(super) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let ecdsa = |verification: &'static algorithms::EcdsaVerificationAlgorithm, point: &[u8]| {
            algorithms::UnparsedPublicKey::new(verification, point).verify(message, signature).is_ok()
        };
        match self {
            Key::P256(point) => ecdsa(&algorithms::ECDSA_P256_SHA256_FIXED, point),
            Key::P384(point) => ecdsa(&algorithms::ECDSA_P384_SHA384_FIXED, point),
            Key::Rsa { n, e } => {
                let parameters = match algorithm {
                    Algorithm::Rs384 => &algorithms::RSA_PKCS1_2048_8192_SHA384,
                    Algorithm::Rs512 => &algorithms::RSA_PKCS1_2048_8192_SHA512,
                    _ => &algorithms::RSA_PKCS1_2048_8192_SHA256,
                };
                algorithms::RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }
        }
    }

    fn is_in_certificate(&self, chain: &Value) -> bool {
        let certified = || {
            let leaf = STANDARD.decode(chain.get(0)?.as_str()?).ok()?;
            let certificate = x509_cert::Certificate::from_der(&leaf).ok()?;
            let info = certificate.tbs_certificate().subject_public_key_info();
            info.subject_public_key.as_bytes().map(<[u8]>::to_vec)
        };
        certified().is_some_and(|bits| Some(bits) == self.certificate_bits())
    }

    /// The key as a certificate's `subjectPublicKey` carries it.
    fn certificate_bits(&self) -> Option<Vec<u8>> {
        match self {
            Key::P256(point) | Key::P384(point) => Some(point.clone()),
            Key::Rsa { n, e } => {
                let n = der::asn1::UintRef::new(n).ok()?;
                let e = der::asn1::UintRef::new(e).ok()?;
                let body = [n.to_der().ok()?, e.to_der().ok()?].concat();
                der::asn1::AnyRef::new(der::Tag::Sequence, &body).ok()?.to_der().ok()
            }
        }
    }
}

fn trimmed(number: Vec<u8>) -> Vec<u8> {
    number.into_iter().skip_while(|byte| *byte == 0).collect()
}
