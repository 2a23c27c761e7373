//! One statement of a trust policy: whom it allows, and to what.

use serde_json::Value;
use vouch_core::hint::VOUCH_ISSUER_IAM;
use vouch_core::identity::IssuerUrl;

use super::text::texts;
use super::trusted::Trusted;
use super::{ci, condition};
use crate::check::Finding;

const ACTION: &str = "sts:AssumeRoleWithWebIdentity";

/// Tells what is wrong with a statement, and gives the trusted issuer that it allows.
pub(super) fn check(
    statement: &Value,
    index: usize,
    trusted: &[Trusted],
    findings: &mut Vec<Finding>,
) -> Option<IssuerUrl> {
    let name = statement.get("Sid").and_then(Value::as_str);
    let place = name.map_or_else(|| format!("statement {}", index + 1), |sid| format!("statement {sid}"));
    match statement.get("Effect").and_then(Value::as_str) {
        Some("Allow") => {}
        Some("Deny") => return None,
        _ => {
            findings.push(Finding::problem(
                "effect",
                &place,
                "its Effect is neither Allow nor Deny".into(),
                format!("Write it as {VOUCH_ISSUER_IAM} prints it."),
            ));
            return None;
        }
    }
    let provider = principal(statement, &place, findings);
    let may_assume = actions(statement, &place, findings);
    let provider = provider?;
    let user = trusted.iter().find(|user| user.issuer.host_and_path() == provider);
    if user.is_none() && !trusted.is_empty() {
        let near = provider.trim_end_matches('/');
        let slash = trusted.iter().any(|user| user.issuer.host_and_path() == near);
        let (code, message) = if slash {
            (
                "trailing-slash",
                format!("its provider `{provider}` ends with a slash, and the issuer does not"),
            )
        } else {
            ("other-provider", format!("it allows users of another issuer: `{provider}`"))
        };
        findings.push(Finding::problem(code, &place, message, "Take the statement out if nobody needs it."));
    }
    let conditions = statement.get("Condition");
    match ci::of(provider).filter(|_| user.is_none()) {
        Some(ci) => ci::check(ci, conditions, provider, &place, findings),
        None => condition::check(conditions, provider, user, &place, findings),
    }
    user.filter(|_| may_assume).map(|user| user.issuer.clone())
}

/// The provider that is allowed, without `https://`.
fn principal<'a>(statement: &'a Value, place: &str, findings: &mut Vec<Finding>) -> Option<&'a str> {
    if statement.get("NotPrincipal").is_some() {
        findings.push(Finding::problem(
            "wildcard-principal",
            place,
            "NotPrincipal allows everyone who is not named".into(),
            "Name the provider in `Principal.Federated`.",
        ));
        return None;
    }
    let principal = statement.get("Principal");
    if principal.and_then(Value::as_str).is_some() {
        findings.push(Finding::problem(
            "wildcard-principal",
            place,
            "it allows everyone".into(),
            "Name the provider in `Principal.Federated`.",
        ));
        return None;
    }
    let others = principal.and_then(Value::as_object).into_iter().flatten();
    for (kind, value) in others.filter(|(kind, _)| *kind != "Federated") {
        let who = texts(Some(value)).join(", ");
        let hint =
            "Take it out unless you know why it is there: the role is for users who come with a YubiKey.";
        findings.push(if who.contains('*') {
            Finding::problem("wildcard-principal", place, format!("it allows `{who}` ({kind})"), hint)
        } else {
            Finding::warning(
                "other-principal",
                place,
                format!("it allows others too: `{who}` ({kind})"),
                hint,
            )
        });
    }
    let federated = texts(principal.and_then(|principal| principal.get("Federated")));
    if federated.len() > 1 {
        findings.push(Finding::problem(
            "several-providers",
            place,
            "it names several providers, whose conditions cannot hold at once".into(),
            "Give each provider a statement of its own.",
        ));
    }
    let arn = *federated.first()?;
    let provider = arn.split_once(":oidc-provider/").map(|(_, provider)| provider);
    if provider.is_none_or(|provider| provider.is_empty() || provider.contains('*')) {
        findings.push(Finding::problem(
            "wildcard-principal",
            place,
            format!("its provider `{arn}` is not one OpenID Connect provider"),
            "Name one: `arn:aws:iam::ACCOUNT:oidc-provider/HOST/PATH`.",
        ));
        return None;
    }
    provider
}

/// Whether the statement allows what Vouch needs; tells what else it allows.
fn actions(statement: &Value, place: &str, findings: &mut Vec<Finding>) -> bool {
    if statement.get("NotAction").is_some() {
        findings.push(Finding::problem(
            "wildcard-action",
            place,
            "NotAction allows everything that is not named".into(),
            format!("Allow `{ACTION}` and nothing else."),
        ));
        return true;
    }
    let mut allowed = false;
    for action in texts(statement.get("Action")) {
        let lower = action.to_ascii_lowercase();
        let (code, message) = if lower == ACTION.to_ascii_lowercase() {
            allowed = true;
            continue;
        } else if lower.contains(['*', '?']) {
            allowed = true;
            ("wildcard-action", format!("it allows `{action}`, which takes in sts:TagSession"))
        } else if lower == "sts:tagsession" {
            ("tag-session", "it allows sts:TagSession: the user can give the session any tags".to_owned())
        } else if lower == "sts:setsourceidentity" {
            (
                "source-identity",
                "it allows sts:SetSourceIdentity: the user can give the session anybody's name".to_owned(),
            )
        } else {
            ("more-actions", format!("it allows `{action}` too"))
        };
        findings.push(Finding::problem(code, place, message, format!("Allow `{ACTION}` and nothing else.")));
    }
    allowed
}
