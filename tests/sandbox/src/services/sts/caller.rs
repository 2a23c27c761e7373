//! GetCallerIdentity.

use super::Place;
use crate::http::Request;
use crate::services::refusal::Refusal;
use crate::services::sigv4::{self, Denial};
use crate::world::{Count, World};

/// Says who signed the request.
pub(super) fn identify(world: &World, place: &Place, request: &Request) -> Result<String, Refusal> {
    world.count(Count::Sts("get_caller_identity"));
    let session = sigv4::verify(world, request, "sts", &place.region).map_err(refusal)?;
    Ok(format!(
        "    <Arn>{}</Arn>\n    <UserId>{}</UserId>\n    <Account>{}</Account>\n",
        session.session_arn, session.role_id, session.account
    ))
}

/// The query protocol's names for what can be wrong with a signature.
fn refusal(denial: Denial) -> Refusal {
    let (status, code) = match &denial {
        Denial::NotSigned => (403, "MissingAuthenticationToken"),
        Denial::Incomplete(_) => (400, "IncompleteSignature"),
        Denial::Scope(_) | Denial::Date(_) | Denial::Mismatch => (403, "SignatureDoesNotMatch"),
        Denial::UnknownKey => (403, "InvalidClientTokenId"),
        Denial::Expired => (403, "ExpiredToken"),
    };
    Refusal::new(status, code, denial.to_string())
}
