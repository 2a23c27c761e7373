//! npm's registry API, as far as CodeArtifact serves it: packuments, tarballs, publishing, dist-tags, ping.

mod packument;
mod publish;
mod store;

use http::Method;
use serde_json::{Value, json};

use super::not_found;
use crate::http::{Request, Response};
use crate::services::refusal::Refusal;
use crate::services::{decoded, header, json as json_response, respond, tagged};
pub(crate) use store::Store;

const READ: &str = "codeartifact:ReadFromRepository";
const PUBLISH: &str = "codeartifact:PublishPackageVersion";

/// The media type of packuments without what an installation does not need.
const ABBREVIATED: &str = "application/vnd.npm.install-v1+json";

/// What a request asks for. Names are whole, with their scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operation {
    Ping,
    Packument(String),
    Tarball { name: String, file: String },
    Publish(String),
    Tags(String),
    SetTag { name: String, tag: String },
    RemoveTag { name: String, tag: String },
}

impl Operation {
    /// `rest` is the path below the repository, without a leading slash, still encoded: a scope's slash may be either.
    pub(crate) fn of(request: &Request, rest: &str) -> Option<Operation> {
        let is = |method: Method| request.method == method;
        let is_read = is(Method::GET) || is(Method::HEAD);
        let path = decoded(rest)?;
        if path == "-/ping" {
            return is_read.then_some(Operation::Ping);
        }
        if let Some(tags) = path.strip_prefix("-/package/") {
            let (name, after) = split_name(tags)?;
            return match (after.strip_prefix("/dist-tags")?, name) {
                ("", name) if is_read => Some(Operation::Tags(name)),
                (tag, name) => {
                    let tag = tag.strip_prefix('/').filter(|tag| is_tag(tag))?.to_string();
                    match request.method {
                        Method::PUT | Method::POST => Some(Operation::SetTag { name, tag }),
                        Method::DELETE => Some(Operation::RemoveTag { name, tag }),
                        _ => None,
                    }
                }
            };
        }
        let (name, after) = split_name(&path)?;
        match after.strip_prefix("/-/") {
            Some(file) if is_read && !file.contains('/') => {
                Some(Operation::Tarball { name, file: file.into() })
            }
            None if after.is_empty() && is_read => Some(Operation::Packument(name)),
            None if after.is_empty() && is(Method::PUT) => Some(Operation::Publish(name)),
            _ => None,
        }
    }

    /// The IAM action that it needs. For dist-tags it is assumed: they say which version is installed.
    pub(crate) fn action(&self) -> &'static str {
        match self {
            Operation::Ping | Operation::Packument(_) | Operation::Tarball { .. } | Operation::Tags(_) => {
                READ
            }
            Operation::Publish(_) | Operation::SetTag { .. } | Operation::RemoveTag { .. } => PUBLISH,
        }
    }

    pub(crate) fn counter(&self) -> &'static str {
        match self {
            Operation::Ping => "ping",
            Operation::Packument(_) => "packument",
            Operation::Tarball { .. } => "tarball",
            Operation::Publish(_) => "publish",
            Operation::Tags(_) | Operation::SetTag { .. } | Operation::RemoveTag { .. } => "dist_tags",
        }
    }
}

/// Does what an authorized request asks for. `base` is the repository's URL without the slash at its end, `now` in
/// milliseconds since 1970.
pub(crate) fn answer(
    store: &mut Store,
    operation: &Operation,
    request: &Request,
    base: &str,
    now: i64,
) -> Result<Response, Refusal> {
    match operation {
        Operation::Ping => Ok(json_response(200, &json!({}))),
        Operation::Packument(name) => {
            let package = store.package(name)?;
            let accept = header(request, "accept").unwrap_or_default();
            let (content_type, document) = if accept.contains(ABBREVIATED) {
                (ABBREVIATED, packument::abbreviated(name, package, base))
            } else {
                ("application/json", packument::full(name, package, base))
            };
            Ok(tagged(request, content_type, document.to_string()))
        }
        Operation::Tarball { name, file } => {
            let data = store.package(name)?.tarball(name, file);
            let data = data.ok_or_else(|| not_found(format!("no file {file} in package {name}")))?;
            Ok(respond(200, "application/octet-stream", data))
        }
        Operation::Publish(name) => {
            store.add(publish::parse(name, &request.body)?, now)?;
            Ok(json_response(200, &json!({ "ok": true })))
        }
        Operation::Tags(name) => Ok(json_response(200, &json!(store.package(name)?.tags))),
        Operation::SetTag { name, tag } => {
            let version: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let version =
                version.as_str().ok_or_else(|| invalid("a dist-tag is a version as a JSON string"))?;
            store.set_tag(name, tag, version)?;
            Ok(json_response(200, &json!({ "ok": true })))
        }
        Operation::RemoveTag { name, tag } => {
            store.remove_tag(name, tag)?;
            Ok(json_response(200, &json!({ "ok": true })))
        }
    }
}

/// The name at the beginning of a path, and what follows it.
fn split_name(path: &str) -> Option<(String, &str)> {
    let slashes = if path.starts_with('@') { 1 } else { 0 };
    let end = path.match_indices('/').nth(slashes).map_or(path.len(), |(at, _)| at);
    let (name, rest) = path.split_at_checked(end)?;
    publish::is_package_name(name).then(|| (name.to_string(), rest))
}

/// A tag cannot look like a version: installing `NAME@TAG` would be ambiguous.
fn is_tag(tag: &str) -> bool {
    !tag.is_empty() && !tag.contains('/') && semver::VersionReq::parse(tag).is_err()
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "ValidationException", message)
}
