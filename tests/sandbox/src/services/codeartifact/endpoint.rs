//! GetRepositoryEndpoint.

use serde_json::{Value, json};

use super::{Caller, request};
use crate::http::Request;
use crate::services::refusal::Refusal;
use crate::services::{arn, query_parameter};
use crate::world::data_plane_host;

const ACTION: &str = "codeartifact:GetRepositoryEndpoint";
const FORMATS: [&str; 8] = ["npm", "pypi", "maven", "nuget", "generic", "ruby", "swift", "cargo"];

pub(super) fn endpoint(caller: &Caller<'_>, request: &Request) -> Result<Value, Refusal> {
    let name = request::domain(request)?;
    let owner = request::owner(request, &caller.session.account)?;
    let repository = request::repository(request)?;
    let format = one_of(request, "format", &FORMATS)?
        .ok_or_else(|| request::invalid("1 validation error detected: 'format' must not be null"))?;
    let dual_stack = one_of(request, "endpointType", &["dualstack", "ipv4"])?.as_deref() == Some("dualstack");
    let resource = arn::repository(caller.partition, &caller.region, &owner, &name, &repository);
    caller.check_identity(ACTION, &resource)?;
    let domain = caller.domain(&owner, &name, ACTION)?;
    if !domain.repositories.contains(&repository) {
        let message = format!("Repository not found. Repository name: {repository}");
        return Err(Refusal::new(404, "ResourceNotFoundException", message)
            .with("resourceId", &resource)
            .with("resourceType", "repository"));
    }
    let host = data_plane_host(&name, &owner, &caller.region, dual_stack).unwrap_or_default();
    Ok(json!({ "repositoryEndpoint": format!("https://{host}/{format}/{repository}/") }))
}

fn one_of(request: &Request, name: &str, known: &[&str]) -> Result<Option<String>, Refusal> {
    let value = query_parameter(request, name);
    match &value {
        Some(text) if !known.contains(&text.as_str()) => Err(request::invalid(format!(
            "1 validation error detected: Value '{text}' at '{name}' failed to satisfy constraint: \
             Member must satisfy enum value set: [{}]",
            known.join(", ")
        ))),
        _ => Ok(value),
    }
}
