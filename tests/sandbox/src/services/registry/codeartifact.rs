//! CodeArtifact's data plane: `DOMAIN-OWNER.d.codeartifact.REGION.SUFFIX/FORMAT/REPOSITORY/…`.

use std::sync::Arc;

use http::header::WWW_AUTHENTICATE;

use super::cargo::Operation;
use super::credential::Credential;
use super::{cargo, maven, not_found, npm, pypi};
use crate::http::{Request, Response, Service};
use crate::services::refusal::Refusal;
use crate::services::{arn, decoded, permission, with_header};
use crate::world::{AwsHost, Count, Partition, TokenGrant, World};

/// The repository that a URL names. It need not exist.
struct Address {
    owner: String,
    domain: String,
    region: String,
    repository: String,
}

pub(super) fn handle(world: &World, request: &Request) -> Result<Response, Refusal> {
    let Some(AwsHost::Registry { domain, owner, region }) = AwsHost::parse(&request.host) else {
        return Err(not_found("no such host"));
    };
    let mut parts = request.path.splitn(4, '/').skip(1);
    let (format, repository, rest) =
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next());
    let (Some(repository), Some(rest)) = (decoded(repository), rest) else {
        return Err(not_found("no such path"));
    };
    let address = Address { owner, domain, region, repository };
    match format {
        "cargo" => cargo_request(world, request, &address, rest),
        "pypi" => pypi_request(world, request, &address, rest),
        "npm" => npm_request(world, request, &address, rest),
        "maven" => maven_request(world, request, &address, rest),
        _ => Err(not_found(format!("no package format {format}"))),
    }
}

fn cargo_request(
    world: &World,
    request: &Request,
    address: &Address,
    rest: &str,
) -> Result<Response, Refusal> {
    let operation = Operation::of(request, rest);
    if operation == Some(Operation::Me) {
        return Ok(cargo::login_page());
    }
    let credential = cargo::credential(request, world.registry_rules().scheme);
    let grant = match grant(world, address, "cargo", credential.as_ref().map(|found| found.token())) {
        Ok(grant) => grant,
        Err(status) => return Ok(challenge(status, address)),
    };
    let operation = operation.ok_or_else(|| not_found("no such path"))?;
    authorize(world, &grant, address, operation.action())?;
    if let Some(name) = operation.counter() {
        world.count(Count::Registry("cargo", name));
    }
    let base = format!("https://{}/cargo/{}", request.host, address.repository);
    let site = cargo::Site { base: &base, auth_required: true };
    world.registries().with_cargo(&address.key(), |store| cargo::answer(store, &operation, request, &site))
}

fn pypi_request(
    world: &World,
    request: &Request,
    address: &Address,
    rest: &str,
) -> Result<Response, Refusal> {
    let credential = Credential::of(request);
    let grant = match grant(world, address, "pypi", credential.as_ref().map(Credential::token)) {
        Ok(grant) => grant,
        Err(status) => return Ok(challenge(status, address)),
    };
    let operation = pypi::Operation::of(request, rest).ok_or_else(|| not_found("no such path"))?;
    authorize(world, &grant, address, operation.action())?;
    world.count(Count::Registry("pypi", operation.counter()));
    world.registries().with_pypi(&address.key(), |store| pypi::answer(store, &operation, request))
}

fn npm_request(world: &World, request: &Request, address: &Address, rest: &str) -> Result<Response, Refusal> {
    let credential = Credential::of(request);
    let grant = match grant(world, address, "npm", credential.as_ref().map(Credential::token)) {
        Ok(grant) => grant,
        Err(status) => return Ok(challenge(status, address)),
    };
    let operation = npm::Operation::of(request, rest).ok_or_else(|| not_found("no such path"))?;
    authorize(world, &grant, address, operation.action())?;
    world.count(Count::Registry("npm", operation.counter()));
    let base = format!("https://{}/npm/{}", request.host, address.repository);
    let now = world.clock().now().as_millisecond();
    world.registries().with_npm(&address.key(), |store| npm::answer(store, &operation, request, &base, now))
}

fn maven_request(
    world: &World,
    request: &Request,
    address: &Address,
    rest: &str,
) -> Result<Response, Refusal> {
    let credential = Credential::of(request);
    let grant = match grant(world, address, "maven", credential.as_ref().map(Credential::token)) {
        Ok(grant) => grant,
        Err(status) => return Ok(basic_challenge(challenge(status, address), address)),
    };
    let operation = maven::Operation::of(request, rest).ok_or_else(|| not_found("no such path"))?;
    authorize(world, &grant, address, operation.action())?;
    world.count(Count::Registry("maven", operation.counter()));
    world.registries().with_maven(&address.key(), |store| maven::answer(store, &operation, request))
}

/// What the token of a request was made for; else the status that the registry answers. A credential may hold no token.
fn grant(
    world: &World,
    address: &Address,
    format: &'static str,
    credential: Option<Option<&str>>,
) -> Result<Arc<TokenGrant>, u16> {
    let Some(token) = credential else {
        world.count(Count::Registry(format, "unauthenticated"));
        return Err(401);
    };
    token.and_then(|token| good_grant(world, token, address)).ok_or_else(|| {
        world.count(Count::Registry(format, "bad_token"));
        world.registry_rules().bad_token
    })
}

/// The token has to be one that was made for this domain, here, and has not expired.
fn good_grant(world: &World, token: &str, address: &Address) -> Option<Arc<TokenGrant>> {
    let now = world.clock().now().as_millisecond();
    world.credentials().token(token).filter(|grant| {
        grant.owner == address.owner
            && grant.domain == address.domain
            && grant.region == address.region
            && grant.expires > now
    })
}

/// Identity policies of the role that asked for the token, then the owner's policies.
fn authorize(world: &World, grant: &TokenGrant, address: &Address, action: &str) -> Result<(), Refusal> {
    let partition = Partition::of_region(&address.region).map_or("aws", |partition| partition.name);
    let Address { owner, domain, region, repository } = address;
    let resource = arn::repository(partition, region, owner, domain, repository);
    let found = world.domain(owner, domain, region).filter(|d| d.repositories.contains(repository));
    let domain =
        found.ok_or_else(|| not_found(format!("Repository not found. Repository name: {repository}")))?;
    let denied = |policy| Err(permission::denied(&grant.session_arn, action, &resource, policy));
    if !world.role(&grant.role_arn).is_some_and(|role| permission::allows(role, action, &resource)) {
        return denied("identity-based");
    }
    let is_foreign = arn::RoleArn::parse(&grant.role_arn).is_none_or(|role| role.account != owner);
    if is_foreign && !domain.allow.contains(&grant.role_arn) {
        return denied("resource-based");
    }
    Ok(())
}

/// "Who are you", and the two schemes that CodeArtifact offers.
fn challenge(status: u16, address: &Address) -> Response {
    let (code, message) = match status {
        401 => ("UnauthenticatedException", "Unauthenticated: the token is missing, not valid or expired"),
        403 => ("AccessDeniedException", "Access denied: the token is not valid or expired"),
        _ => ("ResourceNotFoundException", "Not found"),
    };
    let response = Refusal::new(status, code, message).render(Service::Registry);
    if status != 401 {
        return response;
    }
    let realm = format!("{}/{}", address.domain, address.repository);
    with_header(response, WWW_AUTHENTICATE, &format!("Bearer realm=\"{realm}\", Basic realm=\"{realm}\""))
}

/// The challenge with Basic alone: Maven answers no header that begins with another scheme (measured with 3.8.7).
fn basic_challenge(response: Response, address: &Address) -> Response {
    if response.status() != 401 {
        return response;
    }
    let realm = format!("{}/{}", address.domain, address.repository);
    with_header(response, WWW_AUTHENTICATE, &format!("Basic realm=\"{realm}\""))
}

impl Address {
    fn key(&self) -> String {
        format!("{}/{}/{}/{}", self.region, self.owner, self.domain, self.repository)
    }
}
