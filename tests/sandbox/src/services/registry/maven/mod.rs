//! The Maven packages of a repository: files by their path, their checksums, `maven-metadata.xml`.

mod path;
mod store;

use http::Method;

use super::not_found;
use crate::http::{Request, Response};
use crate::services::refusal::Refusal;
use crate::services::respond;
use path::{File, Kind, Path};
pub(crate) use store::Store;

const READ: &str = "codeartifact:ReadFromRepository";
const PUBLISH: &str = "codeartifact:PublishPackageVersion";
const PUT_METADATA: &str = "codeartifact:PutPackageMetadata";

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operation {
    Read(Path),
    Write(Path),
}

impl Operation {
    /// `rest` is the path below the repository, without a leading slash, still encoded.
    pub(crate) fn of(request: &Request, rest: &str) -> Option<Operation> {
        let path = Path::parse(rest)?;
        match request.method {
            Method::GET | Method::HEAD => Some(Operation::Read(path)),
            Method::PUT => Some(Operation::Write(path)),
            _ => None,
        }
    }

    /// The IAM action that it needs.
    pub(crate) fn action(&self) -> &'static str {
        match self {
            Operation::Read(_) => READ,
            Operation::Write(Path { file: File::Metadata { .. }, .. }) => PUT_METADATA,
            Operation::Write(_) => PUBLISH,
        }
    }

    pub(crate) fn counter(&self) -> &'static str {
        match self {
            Operation::Read(Path { kind: Kind::Checksum(_), .. })
            | Operation::Write(Path { kind: Kind::Checksum(_), .. }) => "checksum",
            Operation::Read(Path { file: File::Metadata { .. }, .. }) => "metadata",
            Operation::Read(_) => "download",
            Operation::Write(_) => "upload",
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
        Operation::Read(Path { file, kind }) => {
            let data = store.visible(file).ok_or_else(|| not_found(format!("no file {}", file.path())))?;
            Ok(match kind {
                Kind::Content => respond(200, file.content_type(), data),
                Kind::Checksum(algorithm) => respond(200, "text/plain", algorithm.of(&data)),
            })
        }
        Operation::Write(Path { file, kind: Kind::Content }) => {
            store.put(file, request.body.clone())?;
            Ok(respond(200, "text/plain", ""))
        }
        Operation::Write(Path { file, kind: Kind::Checksum(algorithm) }) => {
            let data = store.any(file).ok_or_else(|| not_found(format!("no file {}", file.path())))?;
            let given = String::from_utf8_lossy(&request.body);
            // As `sha1sum` writes it, a name may follow.
            let given = given.split_ascii_whitespace().next().unwrap_or_default();
            if !given.eq_ignore_ascii_case(&algorithm.of(&data)) {
                let message =
                    format!("the {} checksum is not that of {}", algorithm.extension(), file.path());
                return Err(Refusal::new(400, "ValidationException", message));
            }
            Ok(respond(200, "text/plain", ""))
        }
    }
}
