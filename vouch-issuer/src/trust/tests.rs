use serde_json::json;

use super::*;
use crate::check::Severity;

const PROVIDER: &str = "arn:aws:iam::123456789012:oidc-provider/id.example.com/alice";

fn alice() -> Trusted {
    Trusted {
        issuer: "https://id.example.com/alice".parse().unwrap(),
        subject: "alice".parse().unwrap(),
        audience: "sts.amazonaws.com".into(),
    }
}

fn good() -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": { "Federated": PROVIDER },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": { "StringEquals": {
            "id.example.com/alice:aud": "sts.amazonaws.com",
            "id.example.com/alice:sub": "alice",
        } },
    }] })
}

/// The good policy with one place changed.
fn with(pointer: &str, value: Value) -> Value {
    let mut policy = good();
    *policy.pointer_mut(&format!("/Statement/0{pointer}")).unwrap() = value;
    policy
}

fn problems(policy: &Value) -> Vec<&'static str> {
    let findings = check(policy, &[alice()]);
    findings
        .iter()
        .filter(|finding| finding.severity == Severity::Problem)
        .map(|finding| finding.code)
        .collect()
}

#[test]
fn what_iam_prints_and_what_we_print_is_fine() {
    let policy = good();
    for document in [
        policy.clone(),
        json!({ "AssumeRolePolicyDocument": policy }),
        json!({ "Role": { "RoleName": "CodeArtifact", "MaxSessionDuration": 3600, "AssumeRolePolicyDocument": policy } }),
        with("/Action", json!(["sts:AssumeRoleWithWebIdentity"])),
        with("/Condition/StringEquals/id.example.com~1alice:sub", json!(["alice"])),
    ] {
        assert_eq!(check(&document, &[alice()]), [], "{document}");
        assert_eq!(check(&document, &[]), [], "{document}");
    }
    let mut one = good();
    one["Statement"] = one["Statement"][0].clone();
    assert_eq!(check(&one, &[alice()]), []);
}

#[test]
fn more_than_the_one_action_is_a_problem() {
    let assume = "sts:AssumeRoleWithWebIdentity";
    for (actions, code) in [
        (json!([assume, "sts:TagSession"]), "tag-session"),
        (json!([assume, "STS:tagsession"]), "tag-session"),
        (json!([assume, "sts:SetSourceIdentity"]), "source-identity"),
        (json!([assume, "sts:AssumeRole"]), "more-actions"),
        (json!("sts:*"), "wildcard-action"),
        (json!("*"), "wildcard-action"),
        (json!("sts:AssumeRole*"), "wildcard-action"),
    ] {
        assert_eq!(problems(&with("/Action", actions.clone())), [code], "{actions}");
    }
    let mut not = good();
    not["Statement"][0].as_object_mut().unwrap().remove("Action");
    not["Statement"][0]["NotAction"] = json!("sts:TagSession");
    assert_eq!(problems(&not), ["wildcard-action"]);
}

#[test]
fn audience_and_subject_must_be_asked_for() {
    let equals = "/Condition/StringEquals";
    for (condition, codes) in [
        (json!({}), vec!["no-audience", "no-subject"]),
        (json!({ "id.example.com/alice:sub": "alice" }), vec!["no-audience"]),
        (json!({ "id.example.com/alice:aud": "sts.amazonaws.com" }), vec!["no-subject"]),
    ] {
        assert_eq!(problems(&with(equals, condition.clone())), codes, "{condition}");
    }
    let mut none = good();
    none["Statement"][0].as_object_mut().unwrap().remove("Condition");
    assert_eq!(problems(&none), ["no-audience", "no-subject"]);
}

#[test]
fn conditions_that_are_not_exact_are_problems() {
    let keys = good()["Statement"][0]["Condition"]["StringEquals"].clone();
    for (operator, code) in [
        ("StringLike", "string-like"),
        ("ForAnyValue:StringLike", "string-like"),
        ("StringEqualsIfExists", "if-exists"),
        ("ForAllValues:StringEquals", "for-all-values"),
        ("StringEqualsIgnoreCase", "not-exact"),
        ("StringNotEquals", "not-exact"),
    ] {
        assert_eq!(problems(&with("/Condition", json!({ operator: keys })),), [code, code], "{operator}");
    }
}

#[test]
fn values_must_be_the_persons() {
    let subject = "/Condition/StringEquals/id.example.com~1alice:sub";
    assert_eq!(problems(&with(subject, json!("bob"))), ["wrong-value"]);
    assert_eq!(problems(&with(subject, json!("*"))), ["wildcard-value", "wrong-value"]);
    assert_eq!(problems(&with(subject, json!("${aws:username}"))), ["wildcard-value", "wrong-value"]);
    assert_eq!(problems(&with(subject, json!([]))), ["no-value"]);
    let several = check(&with(subject, json!(["alice", "bob"])), &[alice()]);
    assert_eq!((several[0].code, several[0].severity), ("several-values", Severity::Warning));
    assert_eq!(
        problems(&with("/Condition/StringEquals/id.example.com~1alice:aud", json!("other"))),
        ["wrong-value"]
    );
}

#[test]
fn conditions_on_what_the_person_writes_are_problems() {
    for key in [
        "id.example.com/alice:amr",
        "id.example.com/alice:email",
        "aws:RequestTag/team",
        "aws:TagKeys",
        "sts:SourceIdentity",
        "sts:RoleAuthorizedByIdp",
    ] {
        let mut policy = good();
        policy["Statement"][0]["Condition"]["StringEquals"][key] = json!("x");
        assert_eq!(problems(&policy), ["claim-condition"], "{key}");
    }
    // What AWS itself knows may be asked.
    let mut policy = good();
    policy["Statement"][0]["Condition"]["IpAddress"] = json!({ "aws:SourceIp": "192.0.2.0/24" });
    assert_eq!(problems(&policy), [] as [&str; 0]);
}

#[test]
fn every_key_that_comes_from_claims_is_one_of_them() {
    for key in condition::FROM_CLAIMS {
        // Those that end with a slash name a tag behind it.
        let key = if key.ends_with('/') { format!("{key}team") } else { key.to_owned() };
        for key in [key.to_uppercase(), key] {
            let mut policy = good();
            policy["Statement"][0]["Condition"]["StringEquals"][&key] = json!("x");
            assert_eq!(problems(&policy), ["claim-condition"], "{key}");
        }
    }
    // The list itself: each of these the user writes into the token.
    for key in ["aws:PrincipalTag/team", "aws:RequestTag/team", "aws:TagKeys", "sts:TransitiveTagKeys"] {
        let mut policy = good();
        policy["Statement"][0]["Condition"]["StringEquals"][key] = json!("x");
        assert_eq!(problems(&policy), ["claim-condition"], "{key}");
    }
}

#[test]
fn a_statement_has_one_provider() {
    let other = "arn:aws:iam::123456789012:oidc-provider/id.example.com/bob";
    for providers in [json!([PROVIDER, other]), json!([PROVIDER, PROVIDER])] {
        let found = problems(&with("/Principal/Federated", providers));
        assert_eq!(found, ["several-providers"]);
    }
    assert_eq!(problems(&with("/Principal/Federated", json!([PROVIDER]))), [] as [&str; 0]);
}

#[test]
fn the_provider_must_be_the_persons() {
    for (principal, codes) in [
        (json!("*"), vec!["wildcard-principal", "not-trusted"]),
        (json!({ "AWS": "*" }), vec!["wildcard-principal", "not-trusted"]),
        (json!({ "AWS": "*", "Federated": PROVIDER }), vec!["wildcard-principal"]),
        (json!({ "Federated": "*" }), vec!["wildcard-principal", "not-trusted"]),
        (
            json!({ "Federated": "arn:aws:iam::123456789012:oidc-provider/*" }),
            vec!["wildcard-principal", "not-trusted"],
        ),
        (json!({ "Federated": "cognito-identity.amazonaws.com" }), vec!["wildcard-principal", "not-trusted"]),
    ] {
        assert_eq!(problems(&with("/Principal", principal.clone())), codes, "{principal}");
    }
    let slash = with("/Principal/Federated", json!(format!("{PROVIDER}/")));
    assert!(problems(&slash).starts_with(&["trailing-slash"]));
    let other =
        with("/Principal/Federated", json!("arn:aws:iam::123456789012:oidc-provider/id.example.com/bob"));
    assert!(problems(&other).contains(&"other-provider"));
    assert!(problems(&other).contains(&"wrong-key"));
    let mut not = good();
    not["Statement"][0].as_object_mut().unwrap().remove("Principal");
    not["Statement"][0]["NotPrincipal"] = json!({ "AWS": "x" });
    assert_eq!(problems(&not), ["wildcard-principal", "not-trusted"]);
    let more = with("/Principal", json!({ "Federated": PROVIDER, "AWS": "arn:aws:iam::123456789012:root" }));
    let findings = check(&more, &[alice()]);
    assert_eq!((findings[0].code, findings[0].severity), ("other-principal", Severity::Warning));
}

#[test]
fn a_second_statement_is_looked_at_too() {
    let mut policy = good();
    policy["Statement"].as_array_mut().unwrap().push(json!({
        "Sid": "Lab", "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole",
    }));
    let findings = check(&policy, &[alice()]);
    assert!(
        findings
            .iter()
            .any(|finding| finding.place == "statement Lab" && finding.code == "wildcard-principal")
    );
    // What a Deny says takes nothing in.
    policy["Statement"][1]["Effect"] = json!("Deny");
    assert_eq!(check(&policy, &[alice()]), []);
    policy["Statement"][1]["Effect"] = json!("allow");
    assert_eq!(problems(&policy), ["effect"]);
}

#[test]
fn what_is_no_policy_is_said_to_be_none() {
    for document in [json!({}), json!([]), json!("x"), json!({ "Role": {} })] {
        assert_eq!(problems(&document), ["no-policy"], "{document}");
    }
    let empty = json!({ "Statement": [] });
    assert_eq!(problems(&empty), ["not-trusted"]);
}

#[test]
fn long_sessions_are_warned_about() {
    let role = json!({ "Role": { "MaxSessionDuration": 43200, "AssumeRolePolicyDocument": good() } });
    let findings = check(&role, &[alice()]);
    assert_eq!((findings[0].code, findings[0].severity), ("long-sessions", Severity::Warning));
}
