//! Five wrong first setups, each corrected by the command that the message names, typed as it stands there.

use std::collections::BTreeMap;

use serde_json::Value;
use vouch_e2e::doctor::findings;
use vouch_e2e::files::tree;
use vouch_e2e::{CommandOutput, Run, Sandbox, in_sandbox};

const ROLE: &str = "arn:aws:iam::123456789012:role/CodeArtifact";

/// What a user fills in for the words in capitals that a printed command has.
const KNOWN: [(&str, &str); 5] = [
    ("DOMAIN", "my-domain"),
    ("ACCOUNT", "123456789012"),
    ("REGION", "us-east-1"),
    ("REPOSITORY", "my-repo"),
    ("ARN", ROLE),
];

/// Clients that ask a helper, that read a token, and that ask `keyring`.
const TOOLS: [&str; 5] = ["cargo", "npm", "pnpm", "pip", "maven"];

/// A first setup, with one wrong value in it.
#[derive(Debug, Clone, Copy)]
struct Wrong {
    domain: &'static str,
    owner: &'static str,
    region: &'static str,
    repository: &'static str,
    role: &'static str,
    /// What must not be left in any file.
    stale: &'static str,
}

const RIGHT: Wrong = Wrong {
    domain: "my-domain",
    owner: "123456789012",
    region: "us-east-1",
    repository: "my-repo",
    role: ROLE,
    stale: "",
};

const WRONG: [Wrong; 5] = [
    Wrong { region: "eu-west-1", stale: "eu-west-1", ..RIGHT },
    Wrong { owner: "123456789021", stale: "123456789021", ..RIGHT },
    Wrong { domain: "my-domian", stale: "my-domian", ..RIGHT },
    Wrong { repository: "my-rpeo", stale: "my-rpeo", ..RIGHT },
    Wrong { role: "arn:aws:iam::123456789012:role/CodeArtifcat", stale: "CodeArtifcat", ..RIGHT },
];

impl Wrong {
    fn set_up(self, sandbox: &Sandbox, tool: &str) -> Run {
        let Self { domain, owner, region, repository, .. } = self;
        let setup = ["setup", "codeartifact", "--tool", tool, "--repository", repository];
        let of = ["--domain", domain, "--domain-owner", owner, "--region", region];
        sandbox.vouch(&setup).args(of)
    }
}

/// The commands of ours in a text, each as it stands between backticks.
fn commands(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|command| command.starts_with("vouch ")).map(str::to_owned).collect()
}

/// Types a command into a shell, with the right values for its words in capitals.
fn type_in(sandbox: &Sandbox, command: &str) -> CommandOutput {
    let known: BTreeMap<_, _> = KNOWN.into_iter().collect();
    let words = command.split(' ').map(|word| known.get(word).copied().unwrap_or(word));
    let typed = words.collect::<Vec<_>>().join(" ");
    sandbox.run("sh").args(["-c", &typed]).ok()
}

fn nothing_is_stale(sandbox: &Sandbox, stale: &str) {
    for (path, bytes) in tree(sandbox.home()) {
        // What AWS said of a domain is remembered under the hash of its name, and what was undone in the journal.
        let is_record = path.starts_with(sandbox.file(".vouch/verdicts"))
            || path.ends_with(".vouch/journal.json")
            || path.ends_with("enrollment.json");
        let text = String::from_utf8_lossy(&bytes);
        assert!(is_record || !text.contains(stale), "{stale} is left in {}\n{text}", path.display());
    }
}

fn is_as_meant(sandbox: &Sandbox, tool: &str) {
    let config = sandbox.config();
    let [known] = config["codeartifact"]["registrations"].as_array().unwrap().as_slice() else {
        panic!("{tool}: {config:#}");
    };
    assert_eq!((&known["tool"], &known["repository"]), (&tool.into(), &"my-repo".into()));
    let profile = &config["codeartifact"]["profiles"]["default"];
    let values = ["domain", "domain_owner", "region"].map(|key| profile[key].as_str().unwrap());
    assert_eq!(values, ["my-domain", "123456789012", "us-east-1"], "{tool}");
    let _ = sandbox.vouch(&["credential", "codeartifact"]).ok();
}

#[test]
fn with_a_session_the_refusal_names_the_command() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let before = sandbox.user_files();
        for wrong in WRONG {
            for tool in TOOLS {
                let _ = sandbox.vouch(&["setup", "aws", "--role", wrong.role]).ok();
                let failed = wrong.set_up(sandbox, tool).fails(6).never_says("\u{2713}");
                assert_eq!(sandbox.user_files(), before, "{failed}");
                let named = commands(&failed.stderr);
                let typed: Vec<_> = named.iter().filter(|command| command.contains(" setup ")).collect();
                // Where another domain may have been meant as well, its command comes last.
                let is_of_role = failed.stderr.contains("is not allowed to assume role");
                let typed = if is_of_role { typed } else { typed.into_iter().rev().take(1).collect() };
                assert_eq!(typed.len(), 1 + usize::from(is_of_role), "{failed}");
                let done: Vec<_> = typed.into_iter().map(|command| type_in(sandbox, command)).collect();
                let last = done.last().unwrap();
                assert!(last.stderr.contains(&format!("{tool}: my-repo ")), "{last}");
                nothing_is_stale(sandbox, wrong.stale);
                is_as_meant(sandbox, tool);
                let _ = sandbox.vouch(&["undo", "--all"]).ok();
                assert_eq!(sandbox.user_files(), before, "{tool} {wrong:?}");
                sandbox.forget();
            }
        }
    });
}

#[test]
fn without_a_session_doctor_names_the_command_later() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let before = sandbox.user_files();
        for wrong in WRONG {
            for tool in TOOLS {
                let _ = sandbox.vouch(&["setup", "aws", "--role", wrong.role]).ok();
                let _ = wrong.set_up(sandbox, tool).ok();
                // Where a token stands in a file, the login already meets it.
                let _ = sandbox.vouch_with_pin(&["login"]).done();
                let found = findings(&sandbox.vouch(&["doctor", "--online", "--json"]).fails(1));
                let online = ["sts", "codeartifact", "repository"];
                let is_refused = |found: &&Value| {
                    found["status"] == "fail" && online.iter().any(|check| found["check"] == *check)
                };
                let refused = found.iter().find(is_refused).unwrap_or_else(|| panic!("{tool} {wrong:?}"));
                let fix = refused["fix"].as_str().unwrap();
                match refused["check"].as_str() {
                    // The role is the administrator's to trust; another one is set up by its own command.
                    Some("sts") => drop(sandbox.vouch(&["setup", "aws", "--role", ROLE]).ok()),
                    _ => commands(fix).iter().for_each(|command| drop(type_in(sandbox, command))),
                }
                nothing_is_stale(sandbox, wrong.stale);
                is_as_meant(sandbox, tool);
                let _ = sandbox.vouch(&["undo", "--all"]).ok();
                let _ = sandbox.vouch(&["logout"]).ok();
                assert_eq!(sandbox.user_files(), before, "{tool} {wrong:?}");
            }
        }
    });
}
