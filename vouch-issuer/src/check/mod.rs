//! What a web host serves for an issuer, compared with what it should.
//!
//! The rules for the documents are those that STS was measured to have; [`super`] builds documents that keep to them.

mod cache;
mod discovery;
mod document;
mod expected;
mod finding;
mod keys;

use serde_json::Value;
use vouch_core::failure::Diagnostic;
use vouch_core::hint::{ISSUER_IAM_BUCKET, VOUCH_ISSUER_BUILD};
use vouch_core::http::{FetchedDocument, HttpError};

use self::document::Document;
pub use expected::{Expected, ExpectedKeys, Key};
pub use finding::{Finding, Severity};

/// Fetches the two documents of an issuer and tells everything that is wrong with them.
pub fn check(
    expected: &Expected,
    fetch: impl Fn(&str) -> Result<FetchedDocument, HttpError>,
) -> Vec<Finding> {
    let issuer = &expected.issuer;
    let discovery_url = format!("{issuer}/.well-known/openid-configuration");
    let usual = format!("{issuer}/jwks.json");
    let mut findings = Vec::new();

    let keys_url = match load(&discovery_url, &fetch, &mut findings) {
        Some(document) => discovery::check(issuer, &discovery_url, &document, &mut findings),
        None => None,
    };
    let missing = findings.iter().any(|finding| finding.code == "not-found");
    let keys_url = keys_url.unwrap_or_else(|| usual.clone());
    if findings.iter().any(|finding| finding.code == "unreachable") && keys_url == usual {
        // The same host would say the same again.
        return findings;
    }
    let before = findings.len();
    let document = load(&keys_url, &fetch, &mut findings);
    if missing && document.is_some() {
        findings.insert(
            before,
            Finding::problem(
                "dot-folder",
                &discovery_url,
                "the host serves the keys, but not the directory `.well-known`".into(),
                "Some hosts leave out directories whose names begin with a dot: have this one include them (on GitHub Pages \
                 an empty file `.nojekyll` does it; `aws s3 sync` does not need anything).",
            ),
        );
        findings.retain(|finding| finding.code != "not-found");
    }
    if let Some(document) = document {
        keys::check(&expected.keys, &keys_url, &document, &mut findings);
    }
    findings.sort_by_key(|finding| finding.severity);
    findings
}

fn load(
    url: &str,
    fetch: impl Fn(&str) -> Result<FetchedDocument, HttpError>,
    findings: &mut Vec<Finding>,
) -> Option<Document> {
    let page = match fetch(url) {
        Ok(page) => page,
        Err(error) => {
            findings.push(unreachable(url, &error));
            return None;
        }
    };
    match page.status {
        200 => {}
        300..=399 => {
            let to = page.header("location").unwrap_or("somewhere else");
            findings.push(Finding::problem(
                "redirect",
                url,
                format!("it redirects (status {}) to `{to}`", page.status),
                "Serve the document at this very address: nobody says that AWS follows redirects.",
            ));
            return None;
        }
        404 | 410 => {
            findings.push(Finding::problem(
                "not-found",
                url,
                format!("it is not there (status {})", page.status),
                format!("Publish what {VOUCH_ISSUER_BUILD} writes, at this path."),
            ));
            return None;
        }
        401 | 403 => {
            findings.push(Finding::problem(
                "forbidden",
                url,
                format!("it is not public (status {})", page.status),
                format!("Let everyone read it; on S3, {ISSUER_IAM_BUCKET} prints the policy for it."),
            ));
            return None;
        }
        status => {
            findings.push(Finding::problem(
                "status",
                url,
                format!("the host answers with status {status}"),
                "Look at the web host; AWS needs the document with status 200.",
            ));
            return None;
        }
    }
    content_type(url, &page, findings);
    cache::check(url, &page, findings);
    match serde_json::from_slice(&page.body) {
        Ok(json @ Value::Object(_)) => Some(Document { page, json }),
        _ => {
            findings.push(Finding::problem(
                "not-json",
                url,
                "it is no JSON object".into(),
                format!("Publish the file as {VOUCH_ISSUER_BUILD} writes it, byte by byte."),
            ));
            None
        }
    }
}

fn unreachable(url: &str, error: &HttpError) -> Finding {
    let failure = error.failure();
    let message = [vec![failure.message], failure.causes].concat().join(": ");
    match error {
        HttpError::UnknownIssuer { .. } | HttpError::Tls { .. } => Finding::problem(
            "tls",
            url,
            message,
            "AWS wants a certificate by a public authority, valid now and for this host name, with the whole chain.",
        ),
        _ => Finding::problem("unreachable", url, message, failure.hint.unwrap_or_default()),
    }
}

fn content_type(url: &str, page: &FetchedDocument, findings: &mut Vec<Finding>) {
    let hint = "Serve it as `application/json`: `openid-configuration` has no extension to tell that by.";
    let Some(found) = page.header("content-type") else {
        findings.push(Finding::warning("content-type", url, "it has no content type".into(), hint));
        return;
    };
    let essence = found.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let allowed = ["application/json", "application/jwk-set+json"];
    if !allowed.contains(&essence.as_str()) {
        let message = format!("its content type is `{found}`");
        findings.push(Finding::warning("content-type", url, message, hint));
    }
}

#[cfg(test)]
mod tests;
