//! `POST` of a file, as twine and its followers send it: a form of many parts.

use std::collections::HashMap;
use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{FutureExt as _, stream};
use multer::Multipart;
use sha2::{Digest as _, Sha256};

use super::normalized;
use crate::http::Request;
use crate::services::header;
use crate::services::refusal::Refusal;

/// An uploaded file that is well-formed.
#[derive(Debug)]
pub(super) struct Upload {
    /// Normalized.
    pub(super) project: String,
    pub(super) version: String,
    pub(super) file: String,
    pub(super) requires_python: Option<String>,
    /// In hexadecimal digits.
    pub(super) sha256: String,
    pub(super) data: Bytes,
}

/// The parts of a form by their names; a name that comes several times keeps its last value.
#[derive(Debug, Default)]
struct Parts {
    texts: HashMap<String, String>,
    content: Option<(String, Bytes)>,
}

/// Takes an upload apart.
pub(super) fn parse(request: &Request) -> Result<Upload, Refusal> {
    let kind = header(request, "content-type").unwrap_or_default();
    let boundary = multer::parse_boundary(kind).map_err(|_| invalid("this is no multipart/form-data"))?;
    // All of the body is here, so nothing is ever waited for.
    let parts = read(request.body.clone(), boundary).now_or_never();
    let parts = parts.and_then(Result::ok).ok_or_else(|| invalid("the form cannot be read"))?;
    let text = |name: &str| parts.texts.get(name).map(String::as_str).filter(|text| !text.is_empty());
    if text(":action") != Some("file_upload") || text("protocol_version") != Some("1") {
        return Err(invalid("this is no file_upload of protocol version 1"));
    }
    let (name, version) = (text("name"), text("version"));
    let name = name.filter(|name| is_name(name)).ok_or_else(|| invalid("the name is not one"))?;
    let version = version.ok_or_else(|| invalid("there is no version"))?;
    let (file, data) = parts.content.as_ref().ok_or_else(|| invalid("there is no content"))?;
    if !is_file_of(file, name, version) {
        return Err(invalid(&format!("{file} cannot be a file of {name} {version}")));
    }
    let sha256: String = Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect();
    if text("sha256_digest").is_some_and(|claimed| !claimed.eq_ignore_ascii_case(&sha256)) {
        return Err(invalid("the content does not have the sha256_digest that the form says"));
    }
    Ok(Upload {
        project: normalized(name),
        version: version.into(),
        file: file.clone(),
        requires_python: text("requires_python").map(String::from),
        sha256,
        data: data.clone(),
    })
}

async fn read(body: Bytes, boundary: String) -> Result<Parts, multer::Error> {
    let body = stream::once(async move { Ok::<_, Infallible>(body) });
    let mut form = Multipart::new(body, boundary);
    let mut parts = Parts::default();
    while let Some(field) = form.next_field().await? {
        let name = field.name().unwrap_or_default().to_string();
        match (name.as_str(), field.file_name().map(String::from)) {
            ("content", Some(file)) => parts.content = Some((file, field.bytes().await?)),
            _ => {
                parts.texts.insert(name, field.text().await?);
            }
        }
    }
    Ok(parts)
}

fn invalid(message: &str) -> Refusal {
    Refusal::new(400, "ValidationException", message)
}

fn is_name(name: &str) -> bool {
    let is_outer = |c: char| c.is_ascii_alphanumeric();
    name.chars().all(|c| is_outer(c) || "-_.".contains(c))
        && name.starts_with(is_outer)
        && name.ends_with(is_outer)
}

/// `NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl` or `NAME-VERSION.tar.gz`.
fn is_file_of(file: &str, name: &str, version: &str) -> bool {
    let is_ours = |stem: &str| {
        let (found, of) = stem.rsplit_once('-').unwrap_or((stem, ""));
        normalized(found) == normalized(name) && of.eq_ignore_ascii_case(version)
    };
    if let Some(stem) = file.strip_suffix(".whl") {
        let parts: Vec<&str> = stem.split('-').collect();
        return match parts.as_slice() {
            [found, of, _, _, _] | [found, of, _, _, _, _] => is_ours(&format!("{found}-{of}")),
            _ => false,
        };
    }
    file.strip_suffix(".tar.gz").is_some_and(is_ours)
}
