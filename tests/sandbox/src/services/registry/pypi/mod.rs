//! The Python packages of a repository: the simple index in HTML and JSON, files, and uploads.

mod page;
mod store;
mod upload;

use http::Method;

use super::not_found;
use crate::http::{Request, Response};
use crate::services::refusal::Refusal;
use crate::services::{decoded, header, respond};
pub(crate) use store::Store;

const READ: &str = "codeartifact:ReadFromRepository";
const PUBLISH: &str = "codeartifact:PublishPackageVersion";

/// What a request asks for. Names of projects are normalized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operation {
    Index(String),
    Download { project: String, version: String, file: String },
    Upload,
}

impl Operation {
    /// `rest` is the path below the repository, without a leading slash, still encoded.
    pub(crate) fn of(request: &Request, rest: &str) -> Option<Operation> {
        let parts: Vec<String> = rest.split('/').map(decoded).collect::<Option<_>>()?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let is_read = request.method == Method::GET || request.method == Method::HEAD;
        match parts.as_slice() {
            ["simple", project, ""] if is_read && !project.is_empty() => {
                Some(Operation::Index(normalized(project)))
            }
            ["simple", project, version, file] if is_read && !file.is_empty() => Some(Operation::Download {
                project: normalized(project),
                version: (*version).into(),
                file: (*file).into(),
            }),
            [""] if request.method == Method::POST => Some(Operation::Upload),
            _ => None,
        }
    }

    /// The IAM action that it needs.
    pub(crate) fn action(&self) -> &'static str {
        match self {
            Operation::Index(_) | Operation::Download { .. } => READ,
            Operation::Upload => PUBLISH,
        }
    }

    pub(crate) fn counter(&self) -> &'static str {
        match self {
            Operation::Index(_) => "index",
            Operation::Download { .. } => "download",
            Operation::Upload => "upload",
        }
    }
}

/// Does what an authorized request asks for.
pub(crate) fn answer(
    store: &mut Store,
    operation: &Operation,
    request: &Request,
) -> Result<Response, Refusal> {
    match operation {
        Operation::Index(project) => {
            let form = page::Form::accepted(header(request, "accept")).ok_or_else(|| {
                Refusal::new(406, "NotAcceptable", "the index is text/html or application/vnd.pypi.simple.v1")
            })?;
            let releases =
                store.project(project).ok_or_else(|| not_found(format!("no project {project}")))?;
            Ok(form.render(project, releases))
        }
        Operation::Download { project, version, file } => {
            let data = store.file(project, version, file);
            let data = data.ok_or_else(|| not_found(format!("no file {file}")))?;
            Ok(respond(200, "application/octet-stream", data))
        }
        Operation::Upload => {
            store.add(upload::parse(request)?)?;
            Ok(respond(200, "text/plain; charset=utf-8", ""))
        }
    }
}

/// The one spelling under which a project is found: lower case, and a hyphen for each run of `-`, `_` and `.`.
fn normalized(name: &str) -> String {
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}
