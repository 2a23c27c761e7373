//! A project's page in the simple repository API.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::upload::Upload;
use crate::http::Response;
use crate::services::refusal::escape_xml;
use crate::services::respond;

/// RFC 3986: everything but the unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// In what form a page goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Html,
    /// HTML under the older name.
    PlainHtml,
}

impl Form {
    /// The form that an `Accept` header likes best; among equals the newest. `None` if it likes none.
    pub(super) fn accepted(accept: Option<&str>) -> Option<Form> {
        let mut best: Option<(Form, f32)> = None;
        for part in accept.unwrap_or("*/*").split(',') {
            let mut parameters = part.split(';').map(str::trim);
            let kind = parameters.next().unwrap_or_default().to_ascii_lowercase();
            let form = match kind.as_str() {
                "application/vnd.pypi.simple.v1+json" | "application/vnd.pypi.simple.latest+json" => {
                    Form::Json
                }
                "application/vnd.pypi.simple.v1+html" | "application/vnd.pypi.simple.latest+html" => {
                    Form::Html
                }
                "text/html" | "text/*" | "*/*" => Form::PlainHtml,
                _ => continue,
            };
            let weight = parameters.find_map(|parameter| parameter.strip_prefix("q="));
            let weight = weight.map_or(Some(1.0), |weight| weight.parse().ok()).unwrap_or_default();
            let is_better = best.is_none_or(|(known, most)| {
                weight > most || (weight == most && (form as u8) < (known as u8))
            });
            if weight > 0.0 && is_better {
                best = Some((form, weight));
            }
        }
        best.map(|(form, _)| form)
    }

    pub(super) fn render(self, project: &str, releases: &[Upload]) -> Response {
        match self {
            Form::Json => {
                respond(200, "application/vnd.pypi.simple.v1+json", document(project, releases).to_string())
            }
            Form::Html => respond(200, "application/vnd.pypi.simple.v1+html", html(project, releases)),
            Form::PlainHtml => respond(200, "text/html; charset=utf-8", html(project, releases)),
        }
    }
}

/// Files lie below the page, in a folder for each version.
fn link(release: &Upload) -> String {
    let segment = |text: &str| utf8_percent_encode(text, SEGMENT).to_string();
    format!("{}/{}", segment(&release.version), segment(&release.file))
}

fn html(project: &str, releases: &[Upload]) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta name=\"pypi:repository-version\" content=\"1.0\">\n\
         <title>Links for {project}</title>\n</head>\n<body>\n<h1>Links for {project}</h1>\n"
    );
    for release in releases {
        let wanted = release
            .requires_python
            .as_deref()
            .map_or_else(String::new, |wanted| format!(" data-requires-python=\"{}\"", escape_xml(wanted)));
        page += &format!(
            "<a href=\"{}#sha256={}\"{wanted}>{}</a><br>\n",
            link(release),
            release.sha256,
            escape_xml(&release.file)
        );
    }
    page + "</body>\n</html>\n"
}

fn document(project: &str, releases: &[Upload]) -> Value {
    let files = releases.iter().map(|release| {
        let mut file = json!({
            "filename": release.file,
            "url": link(release),
            "hashes": { "sha256": release.sha256 },
        });
        if let (Some(wanted), Some(file)) = (&release.requires_python, file.as_object_mut()) {
            file.insert("requires-python".into(), wanted.as_str().into());
        }
        file
    });
    json!({ "meta": { "api-version": "1.0" }, "name": project, "files": files.collect::<Vec<_>>() })
}
