//! What an ID token says of itself. Nothing here is verified: STS does that. It is read to tell whom a session is for, and
//! whether a later token is for the same.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::identity::{IdentityError, IssuerUrl, Subject};
use crate::secret::Secret;
use crate::time::UnixTime;

/// The longest that STS takes, in bytes (AssumeRoleWithWebIdentity).
const LONGEST: usize = 20_000;

/// The claims that name whom a token is of and for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdTokenClaims {
    pub issuer: IssuerUrl,
    pub subject: Subject,
    pub audience: String,
    pub expires_at: UnixTime,
}

/// Why a text is no ID token that a session can be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimsError {
    #[error("it is not a signed JSON Web Token with `iss`, `sub`, `aud` and `exp`")]
    Form,
    #[error("it has {0} bytes, and AWS takes {LONGEST}")]
    Length(usize),
    #[error("it has several audiences")]
    SeveralAudiences,
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// OpenID Connect Core 1.0 §2.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl IdTokenClaims {
    /// Reads them.
    ///
    /// # Errors
    /// When it is no JWT with these claims, or issuer and subject are none that AWS could be told of.
    pub fn read(token: &Secret<String>) -> Result<Self, ClaimsError> {
        let text = token.expose();
        if text.len() > LONGEST {
            return Err(ClaimsError::Length(text.len()));
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let parts: Vec<_> = text.split('.').collect();
        let [_, claims, signature] = parts.as_slice() else { return Err(ClaimsError::Form) };
        if signature.is_empty() || !text.bytes().all(plain) {
            return Err(ClaimsError::Form);
        }
        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| ClaimsError::Form)?;
        let Claims { iss, sub, aud, exp } = serde_json::from_slice(&claims).map_err(|_| ClaimsError::Form)?;
        let audience = match aud {
            Audience::One(audience) => audience,
            Audience::Several(several) => {
                let [audience] =
                    <[String; 1]>::try_from(several).map_err(|_| ClaimsError::SeveralAudiences)?;
                audience
            }
        };
        Ok(Self { issuer: iss.parse()?, subject: sub.parse()?, audience, expires_at: UnixTime(exp) })
    }

    /// What differs from another token, with both values; nothing where both are of one and for one.
    pub fn difference(&self, later: &Self) -> Option<(&'static str, String, String)> {
        let pairs = [
            ("issuer", self.issuer.as_str(), later.issuer.as_str()),
            ("subject", self.subject.as_str(), later.subject.as_str()),
            ("audience", &self.audience, &later.audience),
        ];
        let differs = pairs.into_iter().find(|(_, was, now)| was != now);
        differs.map(|(what, was, now)| (what, was.to_owned(), now.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn token(claims: &Value) -> Secret<String> {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        Secret::new(format!("{}.{}.c2lnbmF0dXJl", part(&json!({ "alg": "RS256" })), part(claims)))
    }

    fn claims() -> Value {
        json!({
            "iss": "https://token.actions.githubusercontent.com", "sub": "repo:acme/app:ref:refs/heads/main",
            "aud": "sts.amazonaws.com", "exp": 1_800_000_000,
        })
    }

    #[test]
    fn claims_are_read_from_a_token_of_the_usual_form_alone() {
        let read = IdTokenClaims::read(&token(&claims())).unwrap();
        assert_eq!(read.subject.as_str(), "repo:acme/app:ref:refs/heads/main");
        assert_eq!((read.audience.as_str(), read.expires_at), ("sts.amazonaws.com", UnixTime(1_800_000_000)));
        let mut listed = claims();
        listed["aud"] = json!(["sts.amazonaws.com"]);
        assert_eq!(IdTokenClaims::read(&token(&listed)), Ok(read));

        listed["aud"] = json!(["sts.amazonaws.com", "another"]);
        assert_eq!(IdTokenClaims::read(&token(&listed)), Err(ClaimsError::SeveralAudiences));
        for name in ["iss", "sub", "aud", "exp"] {
            let mut lacking = claims();
            lacking.as_object_mut().unwrap().remove(name);
            assert_eq!(IdTokenClaims::read(&token(&lacking)), Err(ClaimsError::Form), "{name}");
        }
        for (name, value) in [
            ("iss", "http://id.example.com"),
            ("sub", "a b"),
            ("sub", "repo:acme/*"),
            ("iss", "https://id.example.com/"),
        ] {
            let mut wrong = claims();
            wrong[name] = value.into();
            assert!(matches!(IdTokenClaims::read(&token(&wrong)), Err(ClaimsError::Identity(_))), "{value}");
        }
        let unsigned = format!("{}.", token(&claims()).expose().rsplit_once('.').unwrap().0);
        for bad in [
            "",
            "a.b",
            "a.b.c.d",
            "not a token",
            "a..c",
            &unsigned,
            &format!("{}\n", token(&claims()).expose()),
        ] {
            assert_eq!(IdTokenClaims::read(&Secret::new(bad.to_owned())), Err(ClaimsError::Form), "{bad:?}");
        }
        let long = Secret::new("a".repeat(LONGEST + 1));
        assert_eq!(IdTokenClaims::read(&long), Err(ClaimsError::Length(LONGEST + 1)));
    }

    #[test]
    fn a_token_for_somebody_else_is_told_apart() {
        let first = IdTokenClaims::read(&token(&claims())).unwrap();
        let mut later = claims();
        later["exp"] = 1_900_000_000.into();
        assert_eq!(first.difference(&IdTokenClaims::read(&token(&later)).unwrap()), None);
        for (name, what, value) in [
            ("iss", "issuer", "https://gitlab.com"),
            ("sub", "subject", "repo:acme/app:pull_request"),
            ("aud", "audience", "another"),
        ] {
            let mut other = claims();
            other[name] = value.into();
            let found = first.difference(&IdTokenClaims::read(&token(&other)).unwrap()).unwrap();
            assert_eq!((found.0, found.2.as_str()), (what, value));
        }
    }
}
