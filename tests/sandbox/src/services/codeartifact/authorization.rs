//! GetAuthorizationToken.

use serde_json::{Value, json};

use super::{Caller, request};
use crate::http::Request;
use crate::services::permission::{self, BearerToken};
use crate::services::query_parameter;
use crate::services::refusal::Refusal;
use crate::world::{TokenGrant, new_authorization_token};

const ACTION: &str = "codeartifact:GetAuthorizationToken";
const BEARER_ACTION: &str = "sts:GetServiceBearerToken";
const LONGEST: i64 = 43_200;

/// How long a token is to live.
#[derive(Debug, Clone, Copy)]
enum Duration {
    Seconds(i64),
    /// As long as the caller's role credentials.
    Caller,
}

pub(super) fn token(caller: &Caller<'_>, request: &Request) -> Result<Value, Refusal> {
    let name = request::domain(request)?;
    let owner = request::owner(request, &caller.session.account)?;
    let duration = Duration::of(request)?;
    caller.check_identity(ACTION, &caller.domain_arn(&owner, &name))?;
    let token_life = caller.domain(&owner, &name, ACTION)?.token_life;
    let now = caller.world.clock().now();
    let seconds = match duration {
        Duration::Seconds(seconds) => seconds,
        Duration::Caller => caller.session.expires.saturating_sub(now.as_second()),
    };
    check_bearer(caller, seconds)?;
    let expires = match duration {
        Duration::Seconds(seconds) => now.as_millisecond().saturating_add(seconds.saturating_mul(1000)),
        Duration::Caller => caller.session.expires.saturating_mul(1000),
    };
    let at_most = |seconds: u32| now.as_millisecond().saturating_add(i64::from(seconds).saturating_mul(1000));
    let expires = token_life.map_or(expires, |seconds| expires.min(at_most(seconds)));
    let token = new_authorization_token();
    let answer = json!({ "authorizationToken": token, "expiration": epoch(expires) });
    caller.world.credentials().add_token(
        token,
        TokenGrant {
            owner,
            domain: name,
            region: caller.region.clone(),
            role_arn: caller.session.role_arn.clone(),
            session_arn: caller.session.session_arn.clone(),
            expires,
        },
    );
    Ok(answer)
}

impl Duration {
    fn of(request: &Request) -> Result<Duration, Refusal> {
        let Some(text) = query_parameter(request, "duration") else { return Ok(Duration::Seconds(LONGEST)) };
        let seconds: i64 = text.parse().map_err(|_| {
            Refusal::new(400, "ValidationException", "duration is not a number")
                .with("reason", "CANNOT_PARSE")
        })?;
        match seconds {
            0 => Ok(Duration::Caller),
            900..=LONGEST => Ok(Duration::Seconds(seconds)),
            _ => Err(request::invalid(format!(
                "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy \
                 constraint: Member must be 0 or between 900 and {LONGEST}"
            ))),
        }
    }
}

fn check_bearer(caller: &Caller<'_>, seconds: i64) -> Result<(), Refusal> {
    let wanted = BearerToken { service: "codeartifact.amazonaws.com", seconds };
    let role = caller.world.role(&caller.session.role_arn);
    if role.is_some_and(|role| permission::allows_bearer_token(role, wanted)) {
        return Ok(());
    }
    let session = &caller.session.session_arn;
    Err(permission::denied(session, BEARER_ACTION, session, "identity-based"))
}

/// Seconds since 1970 with a fraction, as rest-json writes timestamps.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this millennium fit a double exactly")]
fn epoch(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}
