//! What a request to a registry says about who it is from, where `Bearer` and `Basic` are both taken.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http::Request;

/// The credential of a request.
#[derive(Debug)]
pub(super) enum Credential {
    Token(String),
    /// Another user than `aws`, another scheme, or something that is none.
    Misplaced,
}

impl Credential {
    /// Reads `Bearer TOKEN`, or `Basic` with the user `aws`. `None` when the request says nothing: a user without a
    /// password does not either, as that is how pip asks first when the URL of its index has a user in it.
    pub(super) fn of(request: &Request) -> Option<Credential> {
        let value = match request.headers.get("authorization")?.to_str() {
            Ok("") => return None,
            Ok(value) => value,
            Err(_) => return Some(Credential::Misplaced),
        };
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        let token = if scheme.eq_ignore_ascii_case("bearer") {
            Some(rest.to_string())
        } else if scheme.eq_ignore_ascii_case("basic") {
            let (user, password) = user_and_password(rest).unwrap_or_default();
            if password.is_empty() && !user.is_empty() {
                return None;
            }
            (user == "aws").then_some(password)
        } else {
            None
        };
        Some(token.map_or(Credential::Misplaced, Credential::Token))
    }

    pub(super) fn token(&self) -> Option<&str> {
        match self {
            Credential::Token(token) => Some(token),
            Credential::Misplaced => None,
        }
    }
}

fn user_and_password(encoded: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.into(), password.into()))
}
