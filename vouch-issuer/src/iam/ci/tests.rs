use serde_json::{Value, json};

use super::*;
use crate::iam::tests::evaluate;

const ORGANIZATION: &str = "5034460f-c7c4-4c43-9457-de07e2029e7b";
const PROJECT: &str = "2c5db5a9-6a5e-4a5c-8a1b-93c7b1e0b0b6";

fn wanted(project: &str) -> CiOptions {
    CiOptions {
        project: project.parse().unwrap(),
        environment: None,
        branch: None,
        ids: None,
        issuer: None,
        existing_provider: false,
        publish: false,
        gitlab_version: None,
        role_prefix: "CodeArtifact-".into(),
        owner: None,
        domains: Vec::new(),
    }
}

fn on_branch(project: &str) -> CiOptions {
    CiOptions { branch: Some("main".into()), ..wanted(project) }
}

fn circleci() -> CiOptions {
    wanted(&format!("circleci:{ORGANIZATION}/{PROJECT}"))
}

fn text(wanted: &CiOptions, format: Format) -> String {
    ci_template(wanted, format).unwrap().text
}

/// Issuer, condition and role name of what CloudFormation would make.
fn made(wanted: &CiOptions) -> (Value, Value, String) {
    let template: Value = serde_json::from_str(&text(wanted, Format::CloudFormation)).unwrap();
    let resources = template["Resources"].as_object().unwrap();
    let of = |kind: &str| resources.values().find(|resource| resource["Type"] == kind);
    let role = &of("AWS::IAM::Role").unwrap()["Properties"];
    let statement = role["AssumeRolePolicyDocument"]["Statement"].as_array().unwrap();
    assert_eq!((statement.len(), &statement[0]["Action"]), (1, &json!("sts:AssumeRoleWithWebIdentity")));
    let url =
        of("AWS::IAM::OIDCProvider").map_or(Value::Null, |provider| provider["Properties"]["Url"].clone());
    (url, statement[0]["Condition"].clone(), role["RoleName"].as_str().unwrap().to_owned())
}

#[test]
fn each_ci_is_trusted_by_its_whole_subject() {
    let github = "token.actions.githubusercontent.com";
    let of_github = |subject: &str| json!({ "StringEquals": { (format!("{github}:aud")): "sts.amazonaws.com", (format!("{github}:sub")): subject } });
    let environment =
        CiOptions { environment: Some("release".into()), publish: true, ..wanted("github:acme/app") };
    let ids = CiOptions { ids: Some((12, 345)), ..environment.clone() };
    let gitlab =
        CiOptions { publish: true, gitlab_version: Some([18, 2, 2]), ..on_branch("gitlab:acme/team/app") };
    let own = CiOptions {
        issuer: Some("https://git.example.com".parse().unwrap()),
        ..on_branch("gitlab:acme/app")
    };
    let circle = format!("oidc.circleci.com/org/{ORGANIZATION}");
    for (wanted, url, condition, role) in [
        (
            on_branch("github:acme/app"),
            "https://token.actions.githubusercontent.com",
            of_github("repo:acme/app:ref:refs/heads/main"),
            "CodeArtifact-github-acme-app",
        ),
        (
            environment,
            "https://token.actions.githubusercontent.com",
            of_github("repo:acme/app:environment:release"),
            "CodeArtifact-github-acme-app-publish",
        ),
        (
            ids,
            "https://token.actions.githubusercontent.com",
            of_github("repo:acme@12/app@345:environment:release"),
            "CodeArtifact-github-acme-app-publish",
        ),
        (
            gitlab,
            "https://gitlab.com",
            json!({ "StringEquals": {
                "gitlab.com:aud": "sts.amazonaws.com",
                "gitlab.com:sub": "project_path:acme/team/app:ref_type:branch:ref:main",
            } }),
            "CodeArtifact-gitlab-acme-team-app-publish",
        ),
        (
            own,
            "https://git.example.com",
            json!({ "StringEquals": {
                "git.example.com:aud": "sts.amazonaws.com",
                "git.example.com:sub": "project_path:acme/app:ref_type:branch:ref:main",
            } }),
            "CodeArtifact-gitlab-acme-app",
        ),
        (
            on_branch("buildkite:acme/app"),
            "https://agent.buildkite.com",
            json!({
                "StringEquals": { "agent.buildkite.com:aud": "sts.amazonaws.com" },
                "StringLike": {
                    "agent.buildkite.com:sub": "organization:acme:pipeline:app:ref:refs/heads/main:commit:*",
                },
            }),
            "CodeArtifact-buildkite-acme-app",
        ),
        (
            CiOptions { role_prefix: "CI-".into(), ..circleci() },
            &format!("https://{circle}"),
            json!({
                "StringEquals": { (format!("{circle}:aud")): "sts.amazonaws.com" },
                "StringLike": { (format!("{circle}:sub")): format!("org/{ORGANIZATION}/project/{PROJECT}/user/*") },
            }),
            &*format!("CI-circleci-{PROJECT}"),
        ),
    ] {
        assert_eq!(made(&wanted), (url.into(), condition, role.to_owned()), "{}", wanted.project);
    }
}

#[test]
fn what_would_trust_strangers_is_refused() {
    for project in [
        "",
        "github",
        "github:acme",
        "github:acme/*",
        "github:*/app",
        "github:acme/a?p",
        "github:acme/app/more",
        "github:acme/app:pull_request",
        "github:acme/${x}",
        "github:/app",
        "github:acme/..",
        "jenkins:acme/app",
        "gitlab:app",
        "gitlab:acme/*",
        "gitlab:acme//app",
        "buildkite:acme/*",
        "circleci:acme/app",
        "circleci:5034460F-C7C4-4C43-9457-DE07E2029E7B/2c5db5a9-6a5e-4a5c-8a1b-93c7b1e0b0b6",
    ] {
        assert!(matches!(project.parse::<CiProject>(), Err(CiError::Project(_))), "{project}");
    }
    let refused = |wanted: CiOptions| ci_template(&wanted, Format::Terraform).unwrap_err();
    for project in ["github:acme/app", "gitlab:acme/app", "buildkite:acme/app"] {
        assert!(matches!(refused(wanted(project)), CiError::Unscoped(_)), "{project}");
        for branch in ["", "*", "ma?n", "main:commit:x", "${x}", "a b", "main\n"] {
            let wanted = CiOptions { branch: Some(branch.into()), ..wanted(project) };
            assert!(matches!(refused(wanted), CiError::Name { .. }), "{project} {branch:?}");
        }
    }
    let publish = |wanted: CiOptions| refused(CiOptions { publish: true, ..wanted });
    assert_eq!(publish(on_branch("github:acme/app")), CiError::PublishNeedsEnvironment);
    assert_eq!(publish(on_branch("gitlab:acme/app")), CiError::GitlabVersion);
    for version in [[18, 2, 1], [17, 99, 9], [18, 1, 5]] {
        let old = CiOptions { gitlab_version: Some(version), ..on_branch("gitlab:acme/app") };
        assert_eq!(publish(old), CiError::GitlabVersion, "{version:?}");
    }
    assert_eq!(publish(circleci()), CiError::PublishCircleci);
    for wanted in [
        CiOptions { environment: Some("x".into()), ..on_branch("github:acme/app") },
        CiOptions { environment: Some("x".into()), ..on_branch("gitlab:acme/app") },
        CiOptions { branch: Some("main".into()), ..circleci() },
        CiOptions { ids: Some((1, 2)), ..on_branch("gitlab:acme/app") },
        CiOptions { gitlab_version: Some([18, 2, 2]), ..on_branch("github:acme/app") },
        CiOptions { issuer: Some("https://x.example".parse().unwrap()), ..on_branch("buildkite:acme/app") },
    ] {
        assert!(matches!(refused(wanted.clone()), CiError::Flag { .. }), "{wanted:?}");
    }
    let hostile = CiOptions { environment: Some("x:ref:*".into()), ..wanted("github:acme/app") };
    assert!(matches!(refused(hostile), CiError::Name { .. }));
}

#[test]
fn the_reader_is_told_what_is_trusted_beyond_the_name() {
    let told = |wanted: &CiOptions| ci_template(wanted, Format::Terraform).unwrap().notices.join("\n");
    assert!(told(&on_branch("github:acme/app")).contains("whoever gets the name acme/app later"));
    let ids = CiOptions { ids: Some((1, 2)), ..on_branch("github:acme/app") };
    assert!(!told(&ids).contains("whoever gets the name"));
    assert!(told(&on_branch("gitlab:acme/app")).contains("18.2.2"));
    assert!(told(&on_branch("buildkite:acme/app")).contains("every build of this branch"));
    assert!(told(&circleci()).contains("no branch"));
}

#[test]
fn terraform_trusts_the_same_with_and_without_a_provider() {
    for wanted in [on_branch("github:acme/app"), on_branch("buildkite:acme/app"), circleci()] {
        let (_, condition, _) = made(&wanted);
        for existing_provider in [false, true] {
            let wanted = CiOptions { existing_provider, ..wanted.clone() };
            let body: hcl::Body = hcl::parse(&text(&wanted, Format::Terraform)).unwrap();
            let evaluated = evaluate(&body);
            let roles = evaluated["resource"]["aws_iam_role"].as_object().unwrap();
            let trust = roles.values().next().unwrap()["assume_role_policy"].as_str().unwrap();
            let trust: Value = serde_json::from_str(trust).unwrap();
            let statement = &trust["Statement"][0];
            assert_eq!(statement["Condition"], condition);
            let issuer = trusted(&wanted).unwrap().issuer;
            let arn = format!("arn:aws-cn:iam::123456789012:oidc-provider/{}", issuer.host_and_path());
            assert_eq!(statement["Principal"]["Federated"], arn);
            let has = evaluated["resource"].get("aws_iam_openid_connect_provider").is_some();
            assert_eq!(has, !existing_provider);
            assert_eq!(made(&wanted).0.is_null(), existing_provider);
        }
    }
}

#[test]
fn a_long_name_is_cut_and_stays_apart() {
    let long = |name: &str| made(&on_branch(&format!("github:acme/{}{name}", "a".repeat(80)))).2;
    assert_eq!((long("x").len(), long("y").len()), (64, 64));
    assert_ne!(long("x"), long("y"));
}
