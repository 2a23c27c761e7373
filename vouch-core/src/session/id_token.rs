//! The ID token: claims that STS accepts, in a JWT that the YubiKey signs.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::SessionError;
use crate::es256::{self, SignatureMismatch, Signer};
use crate::identity::{EnrolledKey, Identity};
use crate::secret::Secret;
use crate::time::UnixTime;

/// Named in `amr` (RFC 8176): a key in hardware, unlocked by a PIN, used in the presence of a user.
const METHODS: [&str; 3] = ["hwk", "pin", "user"];

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    kid: &'a str,
    typ: &'static str,
}

/// OpenID Connect Core 1.0 §2. STS wants times as whole numbers and refuses several audiences without `azp`
/// (measured), so `aud` is one string.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: UnixTime,
    nbf: UnixTime,
    exp: UnixTime,
    jti: String,
    amr: [&'static str; 3],
}

/// Makes the token and checks its signature with the key that was enrolled.
pub(super) fn signed(
    identity: &Identity,
    key: &EnrolledKey,
    issued_at: UnixTime,
    expires_at: UnixTime,
    signer: impl Signer,
) -> Result<Secret<String>, SessionError> {
    let header = Header { alg: "ES256", kid: &key.kid, typ: "JWT" };
    let claims = Claims {
        iss: identity.issuer.as_str(),
        sub: identity.subject.as_str(),
        aud: &identity.audience,
        iat: issued_at,
        nbf: issued_at,
        exp: expires_at,
        jti: token_id()?,
        amr: METHODS,
    };
    let input = format!("{}.{}", part(&header)?, part(&claims)?);
    match es256::make(input.as_bytes(), &key.public_key, |digest| signer.sign(digest))
        .map_err(SessionError::Signer)?
    {
        Ok(signature) => Ok(Secret::new(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))),
        Err(SignatureMismatch) => {
            Err(SessionError::KeyMismatch { serial: key.serial, slot: key.slot.clone() })
        }
    }
}

fn part(value: &impl Serialize) -> Result<String, SessionError> {
    serde_json::to_vec(value).map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|_| SessionError::IdToken)
}

/// Tells tokens apart: 128 random bits.
fn token_id() -> Result<String, SessionError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| SessionError::IdToken)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
