//! The claims that STS looks at.

use serde_json::{Map, Value};

use super::invalid;
use crate::services::refusal::Refusal;

/// How far apart the clocks of the issuer and of STS may be.
const TOLERANCE: i64 = 300;
/// A token that was made longer ago is refused whatever its `exp` says.
const MAX_AGE: i64 = 24 * 3600;

const TAGS: &str = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";
const ROLES: &str = "https://aws.amazon.com/roles";

/// The claims of a token, each of the right type.
#[derive(Debug)]
pub(crate) struct Claims {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// `azp` where there is one, else the one audience.
    pub(crate) audience: String,
    issued: i64,
    expires: i64,
    not_before: Option<i64>,
    /// Session tags, in either form.
    pub(crate) tags: bool,
    pub(crate) source_identity: bool,
    /// The only roles that the token may be used for, if it says so.
    roles: Option<Vec<String>>,
}

impl Claims {
    pub(crate) fn parse(claims: &Map<String, Value>) -> Result<Claims, Refusal> {
        Ok(Claims {
            issuer: text(claims, "iss")?,
            subject: text(claims, "sub")?,
            audience: audience(claims)?,
            issued: time(claims, "iat")?.ok_or_else(|| missing("iat"))?,
            expires: time(claims, "exp")?.ok_or_else(|| missing("exp"))?,
            not_before: time(claims, "nbf")?,
            tags: claims.keys().any(|name| name.starts_with(TAGS)),
            source_identity: claims.contains_key(SOURCE_IDENTITY),
            roles: claims.get(ROLES).map(roles),
        })
    }

    /// Whether the token may be used at `now`, seconds since 1970.
    pub(crate) fn check_times(&self, now: i64) -> Result<(), Refusal> {
        if self.expires.saturating_add(TOLERANCE) <= now {
            return Err(expired(format!(
                "Token expired: current date/time {now} must be before the expiration date/time {}",
                self.expires
            )));
        }
        if self.not_before.is_some_and(|start| start > now.saturating_add(TOLERANCE)) {
            return Err(invalid("The ID Token is not valid yet: its nbf claim is in the future"));
        }
        if self.issued > now.saturating_add(TOLERANCE) {
            return Err(invalid("The ID Token is not valid yet: its iat claim is in the future"));
        }
        let age = now.saturating_sub(self.issued);
        if age > MAX_AGE {
            return Err(expired(format!("Token too old: {age}")));
        }
        Ok(())
    }

    /// Whether the token's own list of roles lets it be used for `role_arn`.
    pub(crate) fn permits_role(&self, role_arn: &str) -> bool {
        self.roles.as_ref().is_none_or(|roles| roles.iter().any(|role| role == role_arn))
    }
}

fn expired(message: String) -> Refusal {
    Refusal::new(400, "ExpiredTokenException", message)
}

fn missing(claim: &str) -> Refusal {
    invalid(format!("Missing a required claim: {claim}"))
}

fn text(claims: &Map<String, Value>, name: &str) -> Result<String, Refusal> {
    match claims.get(name) {
        None | Some(Value::Null) => Err(missing(name)),
        Some(Value::String(value)) if !value.is_empty() => Ok(value.clone()),
        Some(_) => Err(invalid(format!("The claim {name} is not a string with something in it"))),
    }
}

/// A string or an array of one; with more than one, `azp` has to say which counts.
fn audience(claims: &Map<String, Value>) -> Result<String, Refusal> {
    let incorrect = || invalid("Incorrect token audience");
    let audiences: Vec<&str> = match claims.get("aud") {
        None | Some(Value::Null) => return Err(missing("aud")),
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => {
            many.iter().map(Value::as_str).collect::<Option<_>>().ok_or_else(incorrect)?
        }
        Some(_) => return Err(incorrect()),
    };
    if claims.contains_key("azp") {
        return text(claims, "azp");
    }
    match audiences.as_slice() {
        [] => Err(missing("aud")),
        [one] => Ok((*one).to_string()),
        _ => Err(missing("azp")),
    }
}

/// Whole seconds, as a number or as a string of digits.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, Refusal> {
    let wrong = || invalid(format!("The claim {name} is not an integer"));
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => number.as_i64().map(Some).ok_or_else(wrong),
        Some(Value::String(digits)) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().map(Some).map_err(|_| wrong())
        }
        Some(_) => Err(wrong()),
    }
}

/// An array of ARNs, or one string with semicolons between them.
fn roles(value: &Value) -> Vec<String> {
    match value {
        Value::String(list) => list.split(';').map(|role| role.trim().to_string()).collect(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(String::from).collect(),
        _ => Vec::new(),
    }
}
