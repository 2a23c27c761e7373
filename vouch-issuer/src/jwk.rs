//! A public key as a JSON Web Key (RFC 7517, RFC 7518 §6.2), for `#[serde(with = "jwk")]`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use vouch_core::identity::SigningKey;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
}

pub(crate) fn serialize<S: Serializer>(key: &SigningKey, to: S) -> Result<S::Ok, S::Error> {
    let (x, y) = key.coordinates();
    Jwk { kty: "EC".into(), crv: "P-256".into(), x, y }.serialize(to)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SigningKey, D::Error> {
    let jwk = Jwk::deserialize(from)?;
    if (jwk.kty.as_str(), jwk.crv.as_str()) != ("EC", "P-256") {
        return Err(D::Error::custom("not a P-256 key"));
    }
    let coordinate = |text: &str| -> Result<[u8; 32], D::Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(D::Error::custom)?;
        bytes.try_into().map_err(|_| D::Error::custom("a coordinate is not 32 bytes long"))
    };
    let point = [&[4][..], &coordinate(&jwk.x)?, &coordinate(&jwk.y)?].concat();
    SigningKey::from_point(&point).map_err(D::Error::custom)
}
