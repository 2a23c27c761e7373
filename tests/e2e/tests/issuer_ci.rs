//! `vouch issuer iam --ci`: what it prints is what CloudFormation takes, and a role made of it takes the right job alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use vouch_e2e::job::Issuer;
use vouch_e2e::python::installed;
use vouch_e2e::{Sandbox, in_sandbox, programs};

const ORGANIZATION: &str = "5034460f-c7c4-4c43-9457-de07e2029e7b";
const PROJECT: &str = "2c5db5a9-6a5e-4a5c-8a1b-93c7b1e0b0b6";
const OTHER: &str = "7a1f0c3e-0b7e-4a0e-9d53-0d6ad1f8a001";

/// Arguments, the issuer, subjects of the right jobs, and of others.
struct Case {
    args: Vec<String>,
    issuer: String,
    right: Vec<String>,
    wrong: Vec<String>,
}

fn case(args: &[&str], issuer: &str, right: &[&str], wrong: &[&str]) -> Case {
    let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Case { args: own(args), issuer: issuer.to_owned(), right: own(right), wrong: own(wrong) }
}

fn cases() -> Vec<Case> {
    let github = "https://token.actions.githubusercontent.com";
    let buildkite = "organization:acme:pipeline:app:ref:refs/heads/main:commit:";
    let circle = |project: &str| format!("org/{ORGANIZATION}/project/{project}/user/{OTHER}");
    vec![
        case(
            &["--ci", "github:acme/app", "--branch", "main"],
            github,
            &["repo:acme/app:ref:refs/heads/main"],
            &[
                "repo:acme/app:ref:refs/heads/other",
                "repo:acme/app:ref:refs/heads/main2",
                "repo:acme/app:pull_request",
                "repo:mallory/app:ref:refs/heads/main",
                "repo:acme/app2:ref:refs/heads/main",
                "repo:acme@12/app@345:ref:refs/heads/main",
            ],
        ),
        case(
            &[
                "--ci",
                "github:acme/app",
                "--environment",
                "release",
                "--owner-id",
                "12",
                "--repository-id",
                "345",
                "--publish",
            ],
            github,
            &["repo:acme@12/app@345:environment:release"],
            &[
                "repo:acme/app:environment:release",
                "repo:acme@99/app@345:environment:release",
                "repo:acme@12/app@346:environment:release",
                "repo:acme@12/app@345:environment:test",
                "repo:acme@12/app@345:ref:refs/heads/main",
            ],
        ),
        case(
            &["--ci", "gitlab:acme/team/app", "--branch", "main"],
            "https://gitlab.com",
            &["project_path:acme/team/app:ref_type:branch:ref:main"],
            &[
                "project_path:acme/team/app:ref_type:tag:ref:main",
                "project_path:acme/team/app:ref_type:branch:ref:other",
                "project_path:mallory/app:ref_type:branch:ref:main",
                "project_path:acme/app:ref_type:branch:ref:main",
            ],
        ),
        case(
            &["--ci", "buildkite:acme/app", "--branch", "main"],
            "https://agent.buildkite.com",
            &[&format!("{buildkite}0123:step:build"), &format!("{buildkite}4567:step:")],
            &[
                "organization:acme:pipeline:app:ref:refs/heads/other:commit:0123:step:build",
                "organization:acme:pipeline:app:ref:refs/heads/main2:commit:0123:step:build",
                "organization:acme:pipeline:app:ref:refs/tags/main:commit:0123:step:build",
                "organization:acme:pipeline:app2:ref:refs/heads/main:commit:0123:step:build",
                "organization:mallory:pipeline:app:ref:refs/heads/main:commit:0123:step:build",
            ],
        ),
        case(
            &["--ci", &format!("circleci:{ORGANIZATION}/{PROJECT}")],
            &format!("https://oidc.circleci.com/org/{ORGANIZATION}"),
            &[&circle(PROJECT)],
            &[&circle(OTHER), &format!("org/{OTHER}/project/{PROJECT}/user/{OTHER}")],
        ),
    ]
}

/// A folder outside of the sandbox, in which nothing of the user's is.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("issuer-ci");
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn template(args: &[String]) -> Value {
    let mut vouch = Command::new(programs().join("vouch"));
    vouch.args(["issuer", "iam", "--format", "cloudformation"]).args(args);
    let output = vouch.env("HOME", folder()).env("VOUCH_HOME", folder().join("vouch")).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn properties<'a>(template: &'a Value, kind: &str) -> &'a Value {
    let resources = template["Resources"].as_object().unwrap();
    &resources.values().find(|resource| resource["Type"] == kind).unwrap()["Properties"]
}

/// The account that would be if each template were applied to it.
fn world() -> Value {
    let (mut providers, mut roles) = (Vec::new(), Vec::new());
    for case in cases() {
        let template = template(&case.args);
        let provider = properties(&template, "AWS::IAM::OIDCProvider");
        let provider = json!({ "issuer": provider["Url"], "client_ids": provider["ClientIdList"] });
        if !providers.contains(&provider) {
            providers.push(provider);
        }
        let role = properties(&template, "AWS::IAM::Role");
        let statements = role["AssumeRolePolicyDocument"]["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), 1);
        let mut trust = json!({ "principal": { "federated": case.issuer } });
        for (operator, keys) in statements[0]["Condition"].as_object().unwrap() {
            for (key, value) in keys.as_object().unwrap() {
                let claim = key.strip_prefix(case.issuer.strip_prefix("https://").unwrap()).unwrap();
                let condition = match (operator.as_str(), claim) {
                    ("StringEquals", ":aud") => "aud",
                    ("StringEquals", ":sub") => "sub",
                    ("StringLike", ":sub") => "sub_like",
                    other => panic!("{other:?}"),
                };
                trust[condition] = json!([value]);
            }
        }
        roles.push(json!({ "name": role["RoleName"], "trust": [trust] }));
    }
    let hosts =
        ["id.example.com", "token.actions.githubusercontent.com", "gitlab.com", "agent.buildkite.com"];
    let hosts: Vec<_> = hosts.into_iter().chain(["oidc.circleci.com"]).collect();
    json!({ "issuer_hosts": hosts, "accounts": [{ "id": "123456789012", "providers": providers, "roles": roles }] })
}

#[test]
fn a_role_takes_the_right_job_and_no_other() {
    let file = folder().join("world.json");
    // The sandbox, and this test again in it.
    if std::env::var_os("VOUCH_SANDBOX_SITE").is_none() {
        fs::write(&file, world().to_string()).unwrap();
    }
    in_sandbox(&["--config", file.to_str().unwrap()], |sandbox| {
        for (index, case) in cases().iter().enumerate() {
            let issuer = Issuer::publish_as(sandbox, &case.issuer);
            let template = template(&case.args);
            let name = properties(&template, "AWS::IAM::Role")["RoleName"].as_str().unwrap().to_owned();
            let role = format!("arn:aws:iam::123456789012:role/{name}");
            let login = |subject: &str| {
                let home = sandbox.file(&format!("home{index}"));
                let from = ["login", "--from", "token-variable", "--token-variable", "T", "--role", &role];
                let token = issuer.token(subject, "sts.amazonaws.com", 300);
                sandbox.vouch(&from).env("T", token).env("VOUCH_HOME", home)
            };
            for subject in &case.wrong {
                let _ = login(subject).fails(6).says("not allowed to assume");
            }
            for subject in &case.right {
                let _ = login(subject).ok();
                let _ =
                    sandbox.vouch(&["logout"]).env("VOUCH_HOME", sandbox.file(&format!("home{index}"))).ok();
            }
            looked_at(sandbox, &template, &case.issuer);
        }
    });
}

/// `issuer check --trust` finds nothing in what was printed, and something in what is more open.
fn looked_at(sandbox: &Sandbox, template: &Value, issuer: &str) {
    let mut policy = properties(template, "AWS::IAM::Role")["AssumeRolePolicyDocument"].clone();
    let arn = issuer.replacen("https://", "arn:aws:iam::123456789012:oidc-provider/", 1);
    policy["Statement"][0]["Principal"]["Federated"] = arn.into();
    let check = |policy: &Value| {
        sandbox.write("trust.json", &policy.to_string());
        sandbox.vouch(&["issuer", "check", "--trust", "trust.json"])
    };
    let _ = check(&policy).ok();
    let key = format!("{}:sub", issuer.strip_prefix("https://").unwrap());
    let conditions = policy["Statement"][0]["Condition"].as_object_mut().unwrap();
    for keys in conditions.values_mut() {
        keys.as_object_mut().unwrap().remove(&key);
    }
    let _ = check(&policy).done().shows("no condition on");
    policy["Statement"][0]["Condition"]["StringLike"] = json!({ key: "*" });
    let open = check(&policy).done();
    assert_ne!(open.code, 0, "{}", open.stdout);
}

#[test]
fn the_template_for_jobs_is_what_cloudformation_takes() {
    let lint = installed("cfn-lint-").join("bin/cfn-lint");
    let mut all: Vec<Vec<String>> = cases().into_iter().map(|case| case.args).collect();
    let more = ["--existing-provider", "--domain", "my-domain", "--account", "123456789012"];
    all.push(all[0].iter().cloned().chain(more.map(String::from)).collect());
    for (index, args) in all.iter().enumerate() {
        let file = folder().join(format!("{index}.template.json"));
        fs::write(&file, template(args).to_string()).unwrap();
        let output = Command::new(&lint).arg("--template").arg(&file).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn trust_in_strangers_is_not_printed() {
    in_sandbox(&[], |sandbox| {
        let iam = |args: &[&str]| sandbox.vouch(&["issuer", "iam", "--format", "terraform"]).args(args);
        for (args, said) in [
            (&["--ci", "github:acme/*", "--branch", "main"][..], "names no project"),
            (&["--ci", "github:acme/app"], "would be trusted"),
            (&["--ci", "github:acme/app", "--branch", "*"], "cannot be a branch"),
            (&["--ci", "github:acme/app", "--branch", "main", "--publish"], "--environment NAME"),
            (&["--ci", "gitlab:acme/app", "--branch", "main", "--publish"], "18.2.2"),
            (
                &["--ci", "gitlab:acme/app", "--branch", "main", "--environment", "x"],
                "means nothing to GitLab",
            ),
            (&["--ci", "github:acme/app", "--branch", "main", "enrollment.json"], "cannot be used with"),
            (&["--branch", "main", "enrollment.json"], "is for `--ci PROJECT` alone"),
            (&["--branch", "main", "--shared-role", "X", "enrollment.json"], "is for `--ci PROJECT` alone"),
            (&["--ci", "github:acme/app", "--branch", "main", "--owner-id", "1"], "--repository-id"),
        ] {
            let done = iam(args).fails(2);
            assert_eq!(done.stdout, "", "{args:?}");
            let _ = done.says(said);
        }
        let told = iam(&[
            "--ci",
            "gitlab:acme/app",
            "--branch",
            "main",
            "--gitlab-version",
            "18.4.0-ee",
            "--publish",
        ]);
        let _ = told.ok().says("project_path:acme/app");
    });
}
