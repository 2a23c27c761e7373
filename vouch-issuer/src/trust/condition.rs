//! The conditions of a statement: exact ones on `aud` and `sub`, and none on what the user writes.

use serde_json::Value;

use super::text::texts;
use super::trusted::Trusted;
use crate::check::Finding;

/// Keys of requests that come from claims of the token, besides those of the provider.
pub(super) const FROM_CLAIMS: [&str; 6] = [
    "aws:requesttag/",
    "aws:principaltag/",
    "aws:tagkeys",
    "sts:sourceidentity",
    "sts:transitivetagkeys",
    "sts:roleauthorizedbyidp",
];

const EXACT: &str = "Put it under `StringEquals`, exactly as the token has it.";

pub(super) fn check(
    conditions: Option<&Value>,
    provider: &str,
    user: Option<&Trusted>,
    place: &str,
    findings: &mut Vec<Finding>,
) {
    let (mut audience, mut subject) = (false, false);
    for (operator, keys) in conditions.and_then(Value::as_object).into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            let values = texts(Some(values));
            // Condition keys are told apart without regard to case; an issuer's path is not, but IAM compares so.
            match claim(key, provider) {
                Some("aud") => {
                    audience = true;
                    let wanted = user.map(|user| user.audience.as_str());
                    exact(operator, key, &values, wanted, place, findings);
                }
                Some("sub") => {
                    subject = true;
                    let wanted = user.map(|user| user.subject.as_str());
                    exact(operator, key, &values, wanted, place, findings);
                }
                Some(claim) => findings.push(Finding::problem(
                    "claim-condition",
                    place,
                    format!("it depends on the claim `{claim}`, which the user writes"),
                    "It protects nothing: take it out, and rely on `aud` and `sub`.",
                )),
                None => foreign(key, place, findings),
            }
        }
    }
    for (there, claim, why) in [
        (audience, "aud", "a token that the user signed for another service would do"),
        (subject, "sub", "every name that the user writes would do"),
    ] {
        if !there {
            findings.push(Finding::problem(
                if claim == "aud" { "no-audience" } else { "no-subject" },
                place,
                format!("it has no condition on `{provider}:{claim}`: {why}"),
                format!("Add `\"StringEquals\": {{ \"{provider}:{claim}\": … }}`."),
            ));
        }
    }
}

/// The claim that a key of this provider is about.
fn claim<'a>(key: &'a str, provider: &str) -> Option<&'a str> {
    let (prefix, claim) = key.rsplit_once(':')?;
    prefix.eq_ignore_ascii_case(provider).then_some(claim)
}

/// Checks a condition that must be met exactly.
fn exact(
    operator: &str,
    key: &str,
    values: &[&str],
    wanted: Option<&str>,
    place: &str,
    findings: &mut Vec<Finding>,
) {
    let mut problem = |code, message| findings.push(Finding::problem(code, place, message, EXACT));
    let lower = operator.to_ascii_lowercase();
    if lower.ends_with("ifexists") {
        problem("if-exists", format!("`{operator}` on `{key}` also holds for a token without the claim"));
    } else if lower.starts_with("forallvalues:") {
        problem(
            "for-all-values",
            format!("`{operator}` on `{key}` also holds for a token without the claim"),
        );
    } else if lower.contains("like") {
        problem("string-like", format!("`{operator}` on `{key}` is a pattern"));
    } else if lower != "stringequals" && lower != "foranyvalue:stringequals" {
        problem("not-exact", format!("`{operator}` on `{key}` does not ask for one exact value"));
    }
    for value in values.iter().filter(|value| value.contains(['*', '?']) || value.contains("${")) {
        problem("wildcard-value", format!("`{key}` has the pattern or variable `{value}`"));
    }
    match (values, wanted) {
        ([], _) => problem("no-value", format!("`{key}` has no value")),
        (values, Some(wanted)) if !values.contains(&wanted) => {
            problem(
                "wrong-value",
                format!("`{key}` is `{}`, and the user's is `{wanted}`", values.join("`, `")),
            );
        }
        ([_], _) => {}
        (several, _) => findings.push(Finding::warning(
            "several-values",
            place,
            format!("`{key}` may have {} values", several.len()),
            "One is enough: every key of an issuer can sign for every subject of it.",
        )),
    }
}

/// A key that is not of the provider.
fn foreign(key: &str, place: &str, findings: &mut Vec<Finding>) {
    let lower = key.to_ascii_lowercase();
    if FROM_CLAIMS.iter().any(|written| lower.starts_with(written)) {
        findings.push(Finding::problem(
            "claim-condition",
            place,
            format!("it depends on `{key}`, which comes from a claim that the user writes"),
            "It protects nothing: take it out, and rely on `aud` and `sub`.",
        ));
    } else if lower.ends_with(":aud") || lower.ends_with(":sub") {
        findings.push(Finding::problem(
            "wrong-key",
            place,
            format!("`{key}` is about another issuer than the statement's provider"),
            "The key is the issuer without `https://`, byte by byte as in the provider, a slash at its end included.",
        ));
    }
}
