//! AWS Security Token Service: the query protocol and its two actions here.

mod caller;
mod parameters;
mod web_identity;

use http::Method;

use super::refusal::Refusal;
use super::{respond, with_header};
use crate::http::{Request, Response, Service};
use crate::world::{AwsHost, Count, Partition, World, new_request_id};
use parameters::Parameters;

const VERSION: &str = "2011-06-15";
const WEB_IDENTITY: &str = "AssumeRoleWithWebIdentity";

/// Where a request arrived.
#[derive(Debug)]
pub(crate) struct Place {
    region: String,
    partition: &'static Partition,
}

pub(crate) fn handle(world: &World, request: &Request) -> Response {
    let parameters = Parameters::of(request);
    let answer = dispatch(world, request, &parameters);
    if parameters.get("Action") == Some(WEB_IDENTITY) {
        let outcome = if answer.is_ok() { "granted" } else { "refused" };
        world.count(Count::Sts("assume_role_with_web_identity"));
        world.count(Count::Sts(outcome));
    }
    match answer {
        Ok((action, result)) => success(action, &result),
        Err(refusal) => refusal.render(Service::Sts),
    }
}

pub(crate) fn count_unserved(world: &World, request: &Request) {
    if Parameters::of(request).get("Action") == Some(WEB_IDENTITY) {
        world.count(Count::Sts("assume_role_with_web_identity"));
        world.count(Count::Sts("refused"));
    }
}

fn dispatch(
    world: &World,
    request: &Request,
    parameters: &Parameters,
) -> Result<(&'static str, String), Refusal> {
    if request.method != Method::POST && request.method != Method::GET {
        return Err(Refusal::new(405, "MethodNotAllowed", "STS is asked with GET or POST"));
    }
    let Some(AwsHost::Sts { region, partition }) = AwsHost::parse(&request.host) else {
        return Err(Refusal::new(400, "InvalidAction", "no STS lives here"));
    };
    let place = Place { region, partition };
    let action =
        parameters.get("Action").ok_or_else(|| Refusal::new(400, "MissingAction", "Missing Action"))?;
    let version = parameters.get("Version").unwrap_or_default();
    let known = [WEB_IDENTITY, "GetCallerIdentity"].into_iter().find(|known| *known == action);
    let Some(known) = known.filter(|_| request.path == "/" && version == VERSION) else {
        let message = format!("Could not find operation {action} for version {version}");
        return Err(Refusal::new(400, "InvalidAction", message));
    };
    if world.config().disabled_regions.contains(&place.region) {
        let message = format!("STS is not activated in this region for the account: {}", place.region);
        return Err(Refusal::new(403, "RegionDisabledException", message));
    }
    let result = if known == WEB_IDENTITY {
        web_identity::assume(world, &place, parameters)?
    } else {
        caller::identify(world, &place, request)?
    };
    Ok((known, result))
}

fn success(action: &str, result: &str) -> Response {
    let id = new_request_id();
    let body = format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/{VERSION}/\">\n  \
         <{action}Result>\n{result}  </{action}Result>\n  \
         <ResponseMetadata>\n    <RequestId>{id}</RequestId>\n  </ResponseMetadata>\n</{action}Response>\n"
    );
    with_header(respond(200, "text/xml", body), http::HeaderName::from_static("x-amzn-requestid"), &id)
}
