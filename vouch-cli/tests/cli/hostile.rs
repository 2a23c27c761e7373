//! Nothing that comes from outside reaches a terminal as it is: arguments, variables, names of files and what is in them.

use std::fs;

use serde_json::Value;

use crate::test_user::{TestUser, read};

/// Clears the screen, sets a title in C1 controls, and turns the direction of what follows.
const HOSTILE: &str =
    "x\u{1b}[2J\u{7}\u{9b}31m\u{9d}0;t\u{9c}\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}\u{8}\ry";

const D: &str = "--repository my-repo --domain my-domain --domain-owner 123456789012 --region eu-central-1";

/// What a terminal would act on.
fn acts(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn harmless(what: &str, text: &str) {
    let found = text.chars().find(|c| acts(*c));
    assert_eq!(found, None, "{what}: {text:?}");
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(|word| word.replace("HOSTILE", HOSTILE)).collect()
}

#[test]
fn hostile_arguments_are_shown_in_escapes() {
    let person = TestUser::new();
    let mut shown = 0;
    for line in [
        "HOSTILE",
        "--HOSTILE",
        "login --duration HOSTILE",
        "login --serial HOSTILE",
        "login --HOSTILE",
        "enroll --issuer HOSTILE --subject alice",
        "enroll --issuer https://id.example.com/alice --subject HOSTILE",
        "enroll --issuer https://id.example.com/alice --subject alice --slot HOSTILE",
        "enroll --issuer https://id.example.com/alice --subject alice --management-key HOSTILE",
        "join HOSTILE",
        "join https://id.example.com/HOSTILE --subject alice",
        "join https://id.example.com/vouch.json#HOSTILE --subject alice",
        "join https://id.example.com/vouch.json --subject HOSTILE",
        "join https://id.example.com/vouch.json --as HOSTILE",
        "issuer build --out HOSTILE HOSTILE",
        "issuer build --team HOSTILE --out HOSTILE",
        "issuer check --issuer HOSTILE",
        "issuer check --trust HOSTILE",
        "issuer check HOSTILE",
        "issuer iam HOSTILE",
        "issuer revoke HOSTILE",
        "setup aws --role HOSTILE",
        "setup aws --role arn:aws:iam::123456789012:role/CodeArtifact --profile HOSTILE",
        "setup codeartifact --tool HOSTILE --repository my-repo",
        "setup codeartifact --tool cargo --repository HOSTILE",
        "setup codeartifact --tool cargo --repository my-repo --domain HOSTILE",
        "setup codeartifact --tool cargo --repository my-repo --region HOSTILE",
        "setup codeartifact --tool cargo --repository my-repo --profile HOSTILE",
        "setup codeartifact --tool npm --repository my-repo --npmrc HOSTILE",
        "credential codeartifact --domain HOSTILE",
        "credential codeartifact --profile HOSTILE",
        "credential aws --profile HOSTILE",
        "env --shell HOSTILE",
        "exec -- HOSTILE",
        "status --HOSTILE",
        "undo HOSTILE",
        "completions HOSTILE",
        "man --out HOSTILE/none",
    ] {
        let (_, stdout, stderr) = read(person.vouch("").args(words(line)));
        harmless(line, &stdout);
        harmless(line, &stderr);
        shown += usize::from(stderr.contains("\\u{202e}"));
    }
    assert!(shown > 15, "only {shown} of them were quoted: the test says little");
}

#[test]
fn hostile_variables_and_files_are_shown_in_escapes() {
    let person = TestUser::new();
    let codeartifact = |tool: &str| format!("setup codeartifact --tool {tool} {D}");
    for line in [
        "status",
        "doctor",
        "logout",
        "undo --list",
        "env",
        "credential codeartifact",
        &codeartifact("cargo"),
    ] {
        for name in [
            "VOUCH_HOME",
            "VOUCH_PROFILE",
            "VOUCH_KEYSTORE",
            "CARGO_HOME",
            "HOME",
            "AWS_REGION",
            "TZ",
            "PATH",
        ] {
            let value = match name {
                "HOME" | "VOUCH_HOME" | "CARGO_HOME" => person.path(HOSTILE).into_os_string(),
                _ => HOSTILE.into(),
            };
            let (_, stdout, stderr) = read(person.vouch(line).env(name, value).env("VOUCH_LOG", "trace"));
            harmless(&format!("{name} {line}"), &stdout);
            harmless(&format!("{name} {line}"), &stderr);
        }
    }
}

#[test]
fn hostile_contents_are_shown_in_escapes_and_json_stays_json() {
    let person = TestUser::new();
    person.succeed(&format!("setup codeartifact --tool cargo {D}"));
    // In Cargo's file, as a comment and as a name beside our lines.
    let file = person.cargo_config();
    let text = fs::read_to_string(&file).unwrap();
    let comment: String = HOSTILE.chars().filter(|c| !c.is_control()).collect();
    fs::write(&file, format!("# {comment}\n{text}")).unwrap();
    let dry = format!("setup codeartifact --tool cargo {D} --replace-crates-io --dry-run");
    let (_, stdout, stderr) = person.run(&dry);
    harmless(&dry, &stdout);
    harmless(&dry, &stderr);
    // In the configuration, as everything that is told of an identity and of a registration.
    let path = person.path("home/.vouch/config.json");
    let mut config = person.config();
    config["codeartifact"]["registrations"][0]["tool"] = HOSTILE.into();
    config["codeartifact"]["registrations"][0]["file"] = format!("/{HOSTILE}").into();
    fs::write(&path, config.to_string()).unwrap();
    let mut escaped = 0;
    for line in ["status", "status --profiles", "doctor", "undo", "undo --list"] {
        let (_, stdout, stderr) = person.run(line);
        harmless(line, &stdout);
        harmless(line, &stderr);
        escaped += usize::from(format!("{stdout}{stderr}").contains("\\u{202e}"));
    }
    assert!(escaped > 0, "none of it was shown: the test says little");
    for line in ["status --json", "status --profiles --json", "doctor --json"] {
        let (_, stdout, stderr) = person.run(line);
        harmless(line, &stdout);
        harmless(line, &stderr);
        let _: Value =
            serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{line}: {error}: {stdout}"));
    }
    // And where it cannot be read at all.
    fs::write(&path, format!("{{\"{HOSTILE}\": 1}}")).unwrap();
    for line in ["status", "doctor", "logout"] {
        let (_, stdout, stderr) = person.run(line);
        harmless(line, &stdout);
        harmless(line, &stderr);
    }
}
