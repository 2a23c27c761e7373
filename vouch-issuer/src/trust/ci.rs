//! Conditions on the tokens of a CI: it writes the claims, so that others than `aud` and `sub` say something, too; and what its
//! subject leaves open is open to whoever can start a job.

use serde_json::Value;
use vouch_core::hint::ISSUER_IAM_CI;

use super::text::texts;
use crate::check::Finding;

/// A CI whose issuer is the same for many customers: a condition on its subject alone tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ci {
    Github,
    Gitlab,
    Buildkite,
    Circleci,
}

/// The CI of a provider, which is named without `https://`.
pub(super) fn of(provider: &str) -> Option<Ci> {
    match provider.split_once('/').map_or(provider, |(host, _)| host) {
        "token.actions.githubusercontent.com" => Some(Ci::Github),
        "gitlab.com" => Some(Ci::Gitlab),
        "agent.buildkite.com" => Some(Ci::Buildkite),
        "oidc.circleci.com" => Some(Ci::Circleci),
        _ => None,
    }
}

impl Ci {
    /// What a subject begins with up to which nothing may be left open, and how it may go on where it cannot be told in advance.
    fn open_end(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Github | Self::Gitlab => None,
            Self::Buildkite => Some(("organization:", ":commit:*")),
            Self::Circleci => Some(("org/", "/user/*")),
        }
    }

    fn hint() -> String {
        format!("{ISSUER_IAM_CI} prints a trust policy for the jobs of one project.")
    }
}

pub(super) fn check(
    ci: Ci,
    conditions: Option<&Value>,
    provider: &str,
    place: &str,
    findings: &mut Vec<Finding>,
) {
    let (mut audience, mut subject) = (false, false);
    for (operator, keys) in conditions.and_then(Value::as_object).into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            let claim = key.rsplit_once(':').filter(|(prefix, _)| prefix.eq_ignore_ascii_case(provider));
            let is_audience = match claim.map(|(_, claim)| claim) {
                Some("aud") => true,
                Some("sub") => false,
                _ => continue,
            };
            *(if is_audience { &mut audience } else { &mut subject }) = true;
            let mut problem =
                |code, message| findings.push(Finding::problem(code, place, message, Ci::hint()));
            let lower = operator.to_ascii_lowercase();
            if lower.ends_with("ifexists") || lower.starts_with("forallvalues:") {
                problem(
                    "if-exists",
                    format!("`{operator}` on `{key}` also holds for a token without the claim"),
                );
                continue;
            }
            let is_pattern = match lower.trim_start_matches("foranyvalue:") {
                "stringequals" => false,
                "stringlike" => true,
                _ => {
                    problem("not-exact", format!("`{operator}` on `{key}` does not ask for certain values"));
                    continue;
                }
            };
            for value in texts(Some(values)) {
                if let Some((code, why)) = flaw(ci, value, is_pattern, is_audience) {
                    problem(code, format!("`{key}` is `{value}`: {why}"));
                }
            }
        }
    }
    for (there, code, claim, why) in [
        (audience, "no-audience", "aud", "a token for another service would do"),
        (subject, "no-subject", "sub", "the jobs of every customer of this CI would do"),
    ] {
        if !there {
            let message = format!("it has no condition on `{provider}:{claim}`: {why}");
            findings.push(Finding::problem(code, place, message, Ci::hint()));
        }
    }
}

/// What is dangerous in a value of the subject or of the audience.
fn flaw(ci: Ci, value: &str, is_pattern: bool, is_audience: bool) -> Option<(&'static str, &'static str)> {
    let is_open = value.contains(['*', '?']) || value.contains("${");
    if is_open && (!is_pattern || is_audience) {
        return Some(("wildcard-value", "a wildcard or a variable has no place here"));
    }
    if is_audience {
        return None;
    }
    if ci == Ci::Github && value.contains(":pull_request") {
        return Some(("pull-request", "everybody who can open a pull request runs jobs with it"));
    }
    if !is_open {
        return None;
    }
    let Some((start, end)) = ci.open_end() else {
        return Some(("string-like", "other branches, pull requests or projects fit the pattern, too"));
    };
    let fixed = value.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
    // Of Buildkite, `commit:` follows the branch: without a branch, every one fits.
    let names_branch = |fixed: &str| ci != Ci::Buildkite || fixed.contains(":ref:refs/heads/");
    match fixed {
        Some(fixed) if !fixed.contains(['*', '?']) && !fixed.contains("${") && names_branch(fixed) => None,
        _ => Some(("open-subject", "more than the last part is left open")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The codes of what is found for an operator and a value of the subject, the audience being fine.
    fn codes(provider: &str, operator: &str, subject: &str) -> Vec<&'static str> {
        let mut conditions = json!({ "StringEquals": { (format!("{provider}:aud")): "sts.amazonaws.com" } });
        let key = format!("{provider}:sub");
        match operator {
            "StringEquals" => conditions["StringEquals"][key] = subject.into(),
            other => conditions[other] = json!({ key: subject }),
        }
        let mut findings = Vec::new();
        check(of(provider).unwrap(), Some(&conditions), provider, "statement 1", &mut findings);
        findings.iter().map(|finding| finding.code).collect()
    }

    const GITHUB: &str = "token.actions.githubusercontent.com";
    const BUILDKITE: &str = "agent.buildkite.com";
    const CIRCLECI: &str = "oidc.circleci.com/org/o";

    #[test]
    fn what_leaves_more_open_than_it_must_is_found() {
        for (provider, operator, subject, expected) in [
            (GITHUB, "StringEquals", "repo:acme/app:ref:refs/heads/main", None),
            (GITHUB, "StringLike", "repo:acme/app:ref:refs/heads/main", None),
            (GITHUB, "ForAnyValue:StringEquals", "repo:acme/app:environment:release", None),
            (GITHUB, "StringEquals", "repo:acme/app:pull_request", Some("pull-request")),
            (GITHUB, "StringLike", "repo:acme/app:*", Some("string-like")),
            (GITHUB, "StringLike", "repo:acme/*", Some("string-like")),
            (GITHUB, "StringEquals", "repo:acme/*", Some("wildcard-value")),
            (GITHUB, "StringEquals", "repo:${aws:username}/x", Some("wildcard-value")),
            (GITHUB, "StringEqualsIfExists", "repo:acme/app:environment:x", Some("if-exists")),
            (GITHUB, "ForAllValues:StringEquals", "repo:acme/app:environment:x", Some("if-exists")),
            (GITHUB, "StringNotEquals", "repo:acme/app:environment:x", Some("not-exact")),
            ("gitlab.com", "StringEquals", "project_path:acme/app:ref_type:branch:ref:main", None),
            ("gitlab.com", "StringLike", "project_path:acme/app:ref_type:branch:ref:*", Some("string-like")),
            (BUILDKITE, "StringLike", "organization:a:pipeline:p:ref:refs/heads/main:commit:*", None),
            (
                BUILDKITE,
                "StringLike",
                "organization:a:pipeline:p:ref:refs/heads/*:commit:*",
                Some("open-subject"),
            ),
            (BUILDKITE, "StringLike", "organization:a:pipeline:p:*", Some("open-subject")),
            (BUILDKITE, "StringLike", "organization:a:pipeline:p:commit:*", Some("open-subject")),
            (BUILDKITE, "StringLike", "*:commit:*", Some("open-subject")),
            (CIRCLECI, "StringLike", "org/o/project/p/user/*", None),
            (CIRCLECI, "StringLike", "org/o/project/*/user/*", Some("open-subject")),
            (CIRCLECI, "StringLike", "org/o/*", Some("open-subject")),
        ] {
            let found = codes(provider, operator, subject);
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{provider} {operator} {subject}");
        }
    }

    #[test]
    fn conditions_that_are_not_there_are_found() {
        let found = |conditions: Option<&Value>| {
            let mut findings = Vec::new();
            check(Ci::Github, conditions, GITHUB, "statement 1", &mut findings);
            findings.iter().map(|finding| finding.code).collect::<Vec<_>>()
        };
        assert_eq!(found(None), ["no-audience", "no-subject"]);
        // A claim that says something alone does not tell whose job it is.
        let other = json!({ "StringEquals": { (format!("{GITHUB}:ref")): "refs/heads/main", "gitlab.com:sub": "x" } });
        assert_eq!(found(Some(&other)), ["no-audience", "no-subject"]);
        assert!(of("id.example.com/gitlab.com").is_none() && of("evil-gitlab.com").is_none());
    }
}
