//! Verification of an ID token as STS does it: structure, claims, keys, signature, times.

mod claims;
mod jwks;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde_json::{Map, Value};

use super::issuer;
use super::refusal::Refusal;
use crate::world::World;
pub(crate) use claims::Claims;
use jwks::{Algorithm, KeySet};

/// A token taken apart; nothing of it is verified yet.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    algorithm: Algorithm,
    key_id: Option<String>,
    pub(crate) claims: Map<String, Value>,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    /// Takes a compact JWS apart.
    pub(crate) fn parse(token: &'a str) -> Result<Token<'a>, Refusal> {
        let (signed, signature) = token.rsplit_once('.').ok_or_else(not_a_jwt)?;
        let (header, payload) = signed.split_once('.').ok_or_else(not_a_jwt)?;
        let header = object(header)?;
        let claims = object(payload)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| not_a_jwt())?;
        let algorithm = header.get("alg").and_then(Value::as_str).ok_or_else(not_a_jwt)?;
        let algorithm = Algorithm::named(algorithm)
            .ok_or_else(|| invalid("The ID Token is signed with an algorithm that is not supported"))?;
        if header.contains_key("crit") {
            return Err(invalid("The ID Token has critical header parameters that are not understood"));
        }
        let key_id = header.get("kid").and_then(Value::as_str).map(String::from);
        Ok(Token { algorithm, key_id, claims, signed, signature })
    }

    /// Fetches the issuer's keys and checks the signature with the one that the token names.
    pub(crate) fn verify_signature(&self, world: &World, issuer: &str) -> Result<(), Refusal> {
        let keys = fetch_keys(world, issuer).ok_or_else(no_key)?;
        let key = keys.select(self.key_id.as_deref(), self.algorithm).ok_or_else(no_key)?;
        if key.verifies(self.algorithm, self.signed.as_bytes(), &self.signature) {
            Ok(())
        } else {
            Err(invalid("The ID Token's signature could not be verified with the identity provider's key"))
        }
    }
}

/// `InvalidIdentityToken`, STS's code for whatever is wrong with a token.
pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidIdentityToken", message)
}

fn not_a_jwt() -> Refusal {
    invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
}

fn no_key() -> Refusal {
    invalid(
        "Couldn't retrieve verification key from your identity provider, please reference \
         AssumeRoleWithWebIdentity documentation for requirements",
    )
}

fn object(part: &str) -> Result<Map<String, Value>, Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| not_a_jwt())?;
    serde_json::from_slice(&bytes).map_err(|_| not_a_jwt())
}

fn fetch_keys(world: &World, issuer_url: &str) -> Option<KeySet> {
    let discovery = issuer::fetch(world, &issuer::discovery_url(issuer_url))?;
    let discovery: Map<String, Value> = serde_json::from_slice(&discovery).ok()?;
    if discovery.get("issuer")?.as_str()? != issuer_url {
        return None;
    }
    let document: Bytes = issuer::fetch(world, discovery.get("jwks_uri")?.as_str()?)?;
    KeySet::parse(&document)
}
