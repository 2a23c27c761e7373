//! Registries that have nothing to do with CodeArtifact. They are there to be read from, and to notice
//! when somebody sends them a token that is not theirs.

use super::cargo::{self, Operation};
use super::not_found;
use crate::http::{Request, Response, Service};
use crate::services::header;
use crate::services::refusal::Refusal;
use crate::world::{Count, ForeignRegistry, World};

pub(super) fn handle(
    world: &World,
    registry: &ForeignRegistry,
    request: &Request,
) -> Result<Response, Refusal> {
    let count = |name| world.count(Count::Registry("foreign", name));
    if carries_our_token(world, request) {
        count("leaked");
    }
    let rest = request.path.strip_prefix('/').ok_or_else(|| not_found("no such path"))?;
    if let Some(wanted) = &registry.token {
        match header(request, "authorization") {
            None => {
                count("unauthenticated");
                return Ok(Refusal::new(401, "Unauthorized", "this registry wants a token")
                    .render(Service::Registry));
            }
            Some(sent) if sent != wanted => {
                count("bad_token");
                return Ok(
                    Refusal::new(401, "Unauthorized", "this token is not good").render(Service::Registry)
                );
            }
            Some(_) => {}
        }
    }
    let operation = Operation::of(request, rest).ok_or_else(|| not_found("no such path"))?;
    if let Some(name) = operation.counter() {
        count(name);
    }
    if !operation.is_read() {
        return Err(Refusal::new(403, "Forbidden", "this registry can only be read"));
    }
    let base = format!("https://{}", request.host);
    let site = cargo::Site { base: &base, auth_required: registry.token.is_some() };
    world.registries().with_cargo(&registry.host, |store| cargo::answer(store, &operation, request, &site))
}

/// Looks everywhere: headers, path, query, body.
fn carries_our_token(world: &World, request: &Request) -> bool {
    let is_ours = |text: &str| world.credentials().any_in(text);
    request.headers.values().any(|value| is_ours(&String::from_utf8_lossy(value.as_bytes())))
        || is_ours(&request.path)
        || request.query.as_deref().is_some_and(is_ours)
        || is_ours(&String::from_utf8_lossy(&request.body))
}
