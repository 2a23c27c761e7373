//! The issuers' web host: static files below the site folder, and how STS reads them.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::header::ALLOW;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::{decoded, respond, text, with_header};
use crate::http::{Request, Response};
use crate::world::{Count, World};

const DISCOVERY: &str = "/.well-known/openid-configuration";

/// Serves a file to whoever asks.
pub(crate) fn handle(world: &World, request: &Request) -> Response {
    if request.method != Method::GET && request.method != Method::HEAD {
        return with_header(text(405, "only GET and HEAD\n"), ALLOW, "GET, HEAD");
    }
    count(world, &request.path);
    serve(world.site(), &request.path)
}

/// Counts a request for one of the two documents.
pub(crate) fn count(world: &World, path: &str) {
    if path.ends_with(DISCOVERY) {
        world.count(Count::Issuer("discovery"));
    } else if path.ends_with("jwks.json") {
        world.count(Count::Issuer("jwks"));
    }
}

/// Reads a document as STS does: https only, an issuer host, status 200, no redirects.
pub(crate) fn fetch(world: &World, url: &str) -> Option<Bytes> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?;
    if url.scheme() != "https"
        || url.port().is_some()
        || !world.config().issuer_hosts.iter().any(|h| h == host)
    {
        return None;
    }
    let request = Request {
        method: Method::GET,
        host: host.into(),
        path: url.path().into(),
        query: url.query().map(String::from),
        headers: HeaderMap::new(),
        body: Bytes::new(),
    };
    let response = match world.intercepted(&request) {
        Some(response) => {
            count(world, &request.path);
            response
        }
        None => handle(world, &request),
    };
    (response.status() == StatusCode::OK).then(|| response.into_body())
}

/// The address of an issuer's discovery document.
pub(crate) fn discovery_url(issuer: &str) -> String {
    format!("{}{DISCOVERY}", issuer.trim_end_matches('/'))
}

fn serve(site: &Path, path: &str) -> Response {
    let file = locate(site, path).filter(|file| file.is_file());
    match file.and_then(|file| std::fs::read(&file).ok().map(|body| (file, body))) {
        Some((file, body)) => respond(200, content_type(&file), body),
        None => text(404, "not found\n"),
    }
}

/// The file that a path means. Nothing outside the site can be meant, not even through a link.
fn locate(site: &Path, path: &str) -> Option<PathBuf> {
    let mut file = site.canonicalize().ok()?;
    let root = file.clone();
    for part in path.strip_prefix('/')?.split('/') {
        let part = decoded(part)?;
        if part.is_empty() || part == "." || part == ".." || part.contains(['/', '\\', '\0']) {
            return None;
        }
        file.push(part);
    }
    file.canonicalize().ok().filter(|real| real.starts_with(&root))
}

/// A discovery document has no extension; it is uploaded with its type.
fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|e| e.to_str()) {
        Some("json") => "application/json",
        Some("html") => "text/html; charset=utf-8",
        Some("txt" | "pem") => "text/plain; charset=utf-8",
        None if file.ends_with(".well-known/openid-configuration") => "application/json",
        _ => "application/octet-stream",
    }
}
