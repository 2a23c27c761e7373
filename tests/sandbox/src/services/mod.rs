//! The services: each takes the world and a request, and answers.

pub(crate) mod arn;
pub(crate) mod codeartifact;
pub(crate) mod issuer;
pub(crate) mod jwt;
pub(crate) mod metadata;
pub(crate) mod permission;
pub(crate) mod refusal;
pub(crate) mod registry;
pub mod sigv4;
pub(crate) mod sts;
pub(crate) mod trust;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH};
use http::{HeaderValue, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::http::{Request, Response};

/// A response with a body. An impossible status becomes 500.
pub(crate) fn respond(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

pub(crate) fn json(status: u16, value: &serde_json::Value) -> Response {
    respond(status, "application/json", value.to_string())
}

pub(crate) fn text(status: u16, body: &'static str) -> Response {
    respond(status, "text/plain; charset=utf-8", body)
}

/// A body with a tag of its content, or 304 without one where the client has it already.
pub(crate) fn tagged(request: &Request, content_type: &'static str, body: String) -> Response {
    let digest = Sha256::digest(&body);
    let tag: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let is_known = header(request, IF_NONE_MATCH.as_str()) == Some(tag.as_str());
    let (status, body) = if is_known { (304, String::new()) } else { (200, body) };
    with_header(respond(status, content_type, body), ETAG, &tag)
}

/// Sets a header; a value that no header can carry is left out.
pub(crate) fn with_header(mut response: Response, name: HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// A header's value, if it is there and text.
pub(crate) fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name).and_then(|value| value.to_str().ok())
}

/// The first value of a query parameter.
pub(crate) fn query_parameter(request: &Request, name: &str) -> Option<String> {
    let query = request.query.as_deref()?;
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// A path or a part of it, decoded; `None` if it is not UTF-8.
pub(crate) fn decoded(part: &str) -> Option<String> {
    percent_encoding::percent_decode_str(part).decode_utf8().ok().map(|text| text.into_owned())
}
