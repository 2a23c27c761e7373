//! The control plane of CodeArtifact: rest-json, SigV4, two operations.

mod authorization;
mod endpoint;
mod request;

use http::Method;
use serde_json::Value;

use super::refusal::Refusal;
use super::sigv4::{self, Denial};
use super::{json, permission, with_header};
use crate::http::{Request, Response, Service};
use crate::services::arn;
use crate::world::{AwsHost, Count, Domain, RoleSession, World, new_request_id};

/// The operations, as this world knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    AuthorizationToken,
    RepositoryEndpoint,
}

impl Operation {
    fn of(request: &Request) -> Option<Operation> {
        match (&request.method, request.path.as_str()) {
            (&Method::POST, "/v1/authorization-token") => Some(Operation::AuthorizationToken),
            (&Method::GET, "/v1/repository/endpoint") => Some(Operation::RepositoryEndpoint),
            _ => None,
        }
    }
}

/// Who asks, and where.
struct Caller<'w> {
    world: &'w World,
    session: std::sync::Arc<RoleSession>,
    region: String,
    partition: &'static str,
}

pub(crate) fn handle(world: &World, request: &Request) -> Response {
    let operation = Operation::of(request);
    let answer = dispatch(world, request, operation);
    match operation {
        Some(Operation::AuthorizationToken) => count_token_call(world, answer.is_ok()),
        Some(Operation::RepositoryEndpoint) => world.count(Count::CodeArtifact("get_repository_endpoint")),
        None => {}
    }
    match answer {
        Ok(body) => with_header(
            json(200, &body),
            http::HeaderName::from_static("x-amzn-requestid"),
            &new_request_id(),
        ),
        Err(refusal) => refusal.render(Service::CodeArtifact),
    }
}

pub(crate) fn count_unserved(world: &World, request: &Request) {
    match Operation::of(request) {
        Some(Operation::AuthorizationToken) => count_token_call(world, false),
        Some(Operation::RepositoryEndpoint) => world.count(Count::CodeArtifact("get_repository_endpoint")),
        None => {}
    }
}

fn count_token_call(world: &World, granted: bool) {
    world.count(Count::CodeArtifact("get_authorization_token"));
    world.count(Count::CodeArtifact(if granted { "granted" } else { "refused" }));
}

fn dispatch(world: &World, request: &Request, operation: Option<Operation>) -> Result<Value, Refusal> {
    let unknown = || Refusal::new(404, "UnknownOperationException", "no such operation");
    let Some(AwsHost::CodeArtifact { region, partition }) = AwsHost::parse(&request.host) else {
        return Err(unknown());
    };
    let operation = operation.ok_or_else(unknown)?;
    let session = sigv4::verify(world, request, "codeartifact", &region).map_err(unsigned)?;
    let caller = Caller { world, session, region, partition: partition.name };
    match operation {
        Operation::AuthorizationToken => authorization::token(&caller, request),
        Operation::RepositoryEndpoint => endpoint::endpoint(&caller, request),
    }
}

impl<'w> Caller<'w> {
    /// Whether the caller's identity policies allow `action` on `resource`.
    fn check_identity(&self, action: &str, resource: &str) -> Result<(), Refusal> {
        let role = self.world.role(&self.session.role_arn);
        if role.is_some_and(|role| permission::allows(role, action, resource)) {
            return Ok(());
        }
        Err(permission::denied(&self.session.session_arn, action, resource, "identity-based"))
    }

    /// The domain, if it exists and, where it belongs to somebody else, lets the caller do `action`.
    fn domain(&self, owner: &str, name: &str, action: &str) -> Result<&'w Domain, Refusal> {
        let resource = self.domain_arn(owner, name);
        let domain = self.world.domain(owner, name, &self.region).ok_or_else(|| {
            Refusal::new(404, "ResourceNotFoundException", format!("Domain not found. Domain name: {name}"))
                .with("resourceId", &resource)
                .with("resourceType", "domain")
        })?;
        if owner != self.session.account && !domain.allow.contains(&self.session.role_arn) {
            return Err(permission::denied(&self.session.session_arn, action, &resource, "resource-based"));
        }
        Ok(domain)
    }

    fn domain_arn(&self, owner: &str, name: &str) -> String {
        arn::domain(self.partition, &self.region, owner, name)
    }
}

/// The JSON services' names for what can be wrong with a signature.
fn unsigned(denial: Denial) -> Refusal {
    let code = match &denial {
        Denial::NotSigned => "MissingAuthenticationTokenException",
        Denial::Incomplete(_) => "IncompleteSignatureException",
        Denial::Scope(_) | Denial::Date(_) | Denial::Mismatch => "InvalidSignatureException",
        Denial::UnknownKey => "UnrecognizedClientException",
        Denial::Expired => "ExpiredTokenException",
    };
    Refusal::new(403, code, denial.to_string())
}
