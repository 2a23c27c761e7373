//! The discovery document.

use serde_json::Value;
use url::Url;
use vouch_core::identity::IssuerUrl;

use super::document::Document;
use super::finding::{Finding, rebuild};

/// Tells what is wrong with the document, and gives the address of the keys if AWS could use it.
pub(super) fn check(
    issuer: &IssuerUrl,
    url: &str,
    document: &Document,
    findings: &mut Vec<Finding>,
) -> Option<String> {
    let json = &document.json;
    findings.extend(named(issuer, url, json));
    for (member, wanted) in [
        ("id_token_signing_alg_values_supported", "ES256"),
        ("response_types_supported", "id_token"),
        ("subject_types_supported", "public"),
    ] {
        let has = json
            .get(member)
            .and_then(Value::as_array)
            .is_some_and(|values| values.iter().any(|value| value == wanted));
        if !has {
            let message = format!("`{member}` does not contain `{wanted}`");
            findings.push(Finding::problem("discovery-member", url, message, rebuild()));
        }
    }
    keys_address(issuer, url, json, findings)
}

/// Whether the document names the issuer as tokens do: byte by byte.
fn named(issuer: &IssuerUrl, url: &str, json: &Value) -> Option<Finding> {
    let Some(found) = json.get("issuer").and_then(Value::as_str) else {
        return Some(Finding::problem("issuer", url, "it does not name its issuer".into(), rebuild()));
    };
    let wanted = issuer.as_str();
    if found == wanted {
        return None;
    }
    let (code, message) = if found.trim_end_matches('/') == wanted {
        (
            "trailing-slash",
            format!("it names the issuer `{found}`, with a slash at its end: another issuer for AWS"),
        )
    } else if found.eq_ignore_ascii_case(wanted) {
        ("issuer", format!("it names the issuer `{found}`, in other letters than `{wanted}`"))
    } else {
        ("issuer", format!("it names the issuer `{found}`, not `{wanted}`"))
    };
    Some(Finding::problem(code, url, message, rebuild()))
}

fn keys_address(issuer: &IssuerUrl, url: &str, json: &Value, findings: &mut Vec<Finding>) -> Option<String> {
    let Some(found) = json.get("jwks_uri").and_then(Value::as_str) else {
        findings.push(Finding::problem("jwks-uri", url, "it has no `jwks_uri`".into(), rebuild()));
        return None;
    };
    let parsed =
        Url::parse(found).ok().filter(|parsed| parsed.scheme() == "https" && parsed.port().is_none());
    let Some(parsed) = parsed else {
        let message = format!("its `jwks_uri` is `{found}`: an https URL without a port is needed");
        findings.push(Finding::problem("jwks-uri", url, message, rebuild()));
        return None;
    };
    let own = issuer.host_and_path().split('/').next();
    if parsed.host_str() != own {
        findings.push(Finding::problem(
            "foreign-keys",
            url,
            format!("its `jwks_uri` is on another host: `{found}`"),
            "Whoever controls that host can sign in the user's name. If that is not you, take the issuer's provider \
             out of IAM first, then find out who changed the document.",
        ));
    } else if found != format!("{issuer}/jwks.json") {
        findings.push(Finding::warning(
            "jwks-uri",
            url,
            format!("its `jwks_uri` is `{found}`, not `{issuer}/jwks.json`"),
            rebuild(),
        ));
    }
    Some(found.to_owned())
}
