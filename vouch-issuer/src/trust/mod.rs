//! What is dangerous in a role's trust policy.
//!
//! The user writes every claim of their tokens, and AWS checks none but `aud` and `sub` against anything: a condition
//! on another claim protects nothing, and an action that takes a claim into the session (`sts:TagSession`,
//! `sts:SetSourceIdentity`) lets the user choose what it says.

mod ci;
mod condition;
mod statement;
mod text;
mod trusted;

use serde_json::Value;
use vouch_core::hint::VOUCH_ISSUER_IAM;

use crate::check::Finding;
use crate::iam::MAX_SESSION_DURATION;
pub use trusted::Trusted;

/// Everything that is wrong with a trust policy, given alone or as `aws iam get-role` prints it. With `trusted`, these
/// users and no others should be trusted; without, the policy is judged by itself.
pub fn check(document: &Value, trusted: &[Trusted]) -> Vec<Finding> {
    let (policy, duration) = unwrapped(document);
    let mut findings = Vec::new();
    if let Some(seconds) = duration.filter(|seconds| *seconds > u64::from(MAX_SESSION_DURATION)) {
        findings.push(Finding::warning(
            "long-sessions",
            "MaxSessionDuration",
            format!("sessions of the role may last {seconds} s"),
            format!("{MAX_SESSION_DURATION} is enough: Vouch fetches new ones. It bounds what a stolen one is good for."),
        ));
    }
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        Some(statement @ Value::Object(_)) => vec![statement],
        _ => {
            findings.push(Finding::problem(
                "no-policy",
                "Statement",
                "this is no trust policy: it has no statements".into(),
                "Give the policy itself, or what `aws iam get-role --role-name NAME` prints.",
            ));
            return findings;
        }
    };
    let mut allowed_issuers = Vec::new();
    for (index, statement) in statements.into_iter().enumerate() {
        allowed_issuers.extend(statement::check(statement, index, trusted, &mut findings));
    }
    for user in trusted.iter().filter(|user| !allowed_issuers.contains(&user.issuer)) {
        findings.push(Finding::problem(
            "not-trusted",
            "Statement",
            format!("no statement allows {} of {}", user.subject, user.issuer),
            format!("{VOUCH_ISSUER_IAM} prints a role that does."),
        ));
    }
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// The policy inside what IAM's commands print, and the role's longest session.
fn unwrapped(document: &Value) -> (&Value, Option<u64>) {
    let role = document.get("Role").unwrap_or(document);
    let policy = role.get("AssumeRolePolicyDocument").or_else(|| role.get("PolicyDocument")).unwrap_or(role);
    (policy, role.get("MaxSessionDuration").and_then(Value::as_u64))
}

#[cfg(test)]
mod tests;
