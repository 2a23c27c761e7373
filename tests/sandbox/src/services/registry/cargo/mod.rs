//! Cargo's sparse index and registry web API.

mod publish;
mod store;

use http::Method;
use serde_json::{Value, json};

use super::{Scheme, not_found};
use crate::http::{Request, Response};
use crate::services::refusal::Refusal;
use crate::services::{decoded, json as json_response, query_parameter, respond, tagged};
pub(crate) use store::Store;

const READ: &str = "codeartifact:ReadFromRepository";
const PUBLISH: &str = "codeartifact:PublishPackageVersion";

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operation {
    Config,
    Index(String),
    Download { name: String, version: String },
    Publish,
    SetYanked { name: String, version: String, yanked: bool },
    Search,
    Me,
}

/// Where a registry is and what it says about itself.
#[derive(Debug)]
pub(crate) struct Site<'a> {
    /// The URL of the index, without the slash at its end.
    pub(crate) base: &'a str,
    pub(crate) auth_required: bool,
}

/// The credential of a request.
#[derive(Debug)]
pub(crate) enum Credential<'a> {
    Token(&'a str),
    /// Something that cannot be a token under the registry's scheme.
    Misplaced,
}

impl Credential<'_> {
    pub(crate) fn token(&self) -> Option<&str> {
        match self {
            Credential::Token(token) => Some(token),
            Credential::Misplaced => None,
        }
    }
}

/// What a request says about who it is from; `None` when it says nothing.
pub(crate) fn credential(request: &Request, scheme: Scheme) -> Option<Credential<'_>> {
    let value = match request.headers.get("authorization")?.to_str() {
        Ok("") => return None,
        Ok(value) => value,
        Err(_) => return Some(Credential::Misplaced),
    };
    Some(match scheme {
        Scheme::Raw => Credential::Token(value),
        Scheme::Bearer => value.strip_prefix("Bearer ").map_or(Credential::Misplaced, Credential::Token),
    })
}

impl Operation {
    /// `rest` is the path below the registry, without a leading slash, still encoded.
    pub(crate) fn of(request: &Request, rest: &str) -> Option<Operation> {
        let parts: Vec<String> = rest.split('/').map(decoded).collect::<Option<_>>()?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let is = |method: Method| request.method == method;
        let is_read = is(Method::GET) || is(Method::HEAD);
        let yank = |name: &str, version: &str, yanked| Operation::SetYanked {
            name: name.into(),
            version: version.into(),
            yanked,
        };
        match parts.as_slice() {
            ["config.json"] if is_read => Some(Operation::Config),
            ["me"] if is_read => Some(Operation::Me),
            ["api", "v1", "crates"] if is_read => Some(Operation::Search),
            ["api", "v1", "crates", "new"] if is(Method::PUT) => Some(Operation::Publish),
            ["api", "v1", "crates", name, version, "download"] if is_read => {
                Some(Operation::Download { name: (*name).into(), version: (*version).into() })
            }
            ["api", "v1", "crates", name, version, "yank"] if is(Method::DELETE) => {
                Some(yank(name, version, true))
            }
            ["api", "v1", "crates", name, version, "unyank"] if is(Method::PUT) => {
                Some(yank(name, version, false))
            }
            [.., name] if is_read && index_path(name).as_deref() == Some(parts.join("/").as_str()) => {
                Some(Operation::Index((*name).into()))
            }
            _ => None,
        }
    }

    /// The IAM action that it needs. Yanking has none that AWS documents; it changes what is published.
    pub(crate) fn action(&self) -> &'static str {
        if self.is_read() { READ } else { PUBLISH }
    }

    pub(crate) fn is_read(&self) -> bool {
        !matches!(self, Operation::Publish | Operation::SetYanked { .. })
    }

    pub(crate) fn counter(&self) -> Option<&'static str> {
        match self {
            Operation::Config | Operation::Index(_) => Some("index"),
            Operation::Download { .. } => Some("download"),
            Operation::Publish => Some("publish"),
            Operation::SetYanked { yanked: true, .. } => Some("yank"),
            Operation::SetYanked { yanked: false, .. } => Some("unyank"),
            Operation::Search => Some("search"),
            Operation::Me => None,
        }
    }
}

/// Does what an authorized request asks for.
pub(crate) fn answer(
    store: &mut Store,
    operation: &Operation,
    request: &Request,
    site: &Site<'_>,
) -> Result<Response, Refusal> {
    match operation {
        Operation::Config => Ok(json_response(200, &config(site))),
        Operation::Index(name) => {
            let lines = store.index(name).ok_or_else(|| not_found(format!("no crate {name}")))?;
            Ok(tagged(request, "text/plain; charset=utf-8", lines))
        }
        Operation::Download { name, version } => {
            let data = store.crate_file(name, version);
            let data = data.ok_or_else(|| not_found(format!("no crate {name} {version}")))?;
            Ok(respond(200, "application/octet-stream", data))
        }
        Operation::Publish => {
            store.add(publish::parse(&request.body)?)?;
            let nothing = json!({ "invalid_categories": [], "invalid_badges": [], "other": [] });
            Ok(json_response(200, &json!({ "warnings": nothing })))
        }
        Operation::SetYanked { name, version, yanked } => {
            if !store.set_yanked(name, version, *yanked) {
                return Err(not_found(format!("no crate {name} {version}")));
            }
            Ok(json_response(200, &json!({ "ok": true })))
        }
        Operation::Search => Ok(json_response(200, &search(store, request))),
        Operation::Me => Ok(login_page()),
    }
}

/// What `cargo login` sends people to.
pub(crate) fn login_page() -> Response {
    respond(
        200,
        "text/html; charset=utf-8",
        "<!DOCTYPE html><title>Token</title><p>Tokens come from AWS.</p>\n",
    )
}

/// Where the index keeps a crate; `None` for a name that no index file can have.
fn index_path(name: &str) -> Option<String> {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if !name.bytes().all(is_plain) {
        return None;
    }
    match name.len() {
        0 => None,
        1 => Some(format!("1/{name}")),
        2 => Some(format!("2/{name}")),
        3 => Some(format!("3/{}/{name}", name.get(..1)?)),
        _ => Some(format!("{}/{}/{name}", name.get(..2)?, name.get(2..4)?)),
    }
}

fn config(site: &Site<'_>) -> Value {
    let mut config = json!({ "dl": format!("{}/api/v1/crates", site.base), "api": site.base });
    if let (true, Some(config)) = (site.auth_required, config.as_object_mut()) {
        config.insert("auth-required".into(), true.into());
    }
    config
}

fn search(store: &Store, request: &Request) -> Value {
    let wanted = query_parameter(request, "q").unwrap_or_default();
    let most = query_parameter(request, "per_page").and_then(|n| n.parse().ok()).unwrap_or(10_usize).min(100);
    let found = store.search(&wanted);
    let total = found.len();
    json!({ "crates": found.into_iter().take(most).collect::<Vec<_>>(), "meta": { "total": total } })
}
