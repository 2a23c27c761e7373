//! The command that doctor prints for an entry that is gone, typed as it stands.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::test_user::{TestUser, read};

const DOMAIN: &str = "--domain my-domain --domain-owner 123456789012 --region us-east-1";

fn entry(person: &TestUser) -> Value {
    let (_, json, _) = person.run("doctor --json");
    let report: Value = serde_json::from_str(&json).unwrap();
    let findings = report.get("findings").and_then(Value::as_array).unwrap().clone();
    findings.into_iter().find(|finding| finding.get("check").is_some_and(|check| check == "entry")).unwrap()
}

/// Has a shell read what stands between the backquotes: names and paths with blanks must be words of it.
fn type_fix(person: &TestUser, fix: &str) {
    let line = fix.split('`').nth(1).unwrap();
    let typed = Command::new("/bin/sh")
        .args(["-c", line])
        .env_clear()
        .env("HOME", person.path("home"))
        .env("PATH", person.bin())
        .current_dir(person.path("home/here"))
        .output()
        .unwrap();
    assert!(typed.status.success(), "{line}: {}", String::from_utf8_lossy(&typed.stderr));
}

#[test]
fn the_fix_writes_the_file_that_was_named_and_no_other() {
    for (tool, flag, repository) in [
        ("npm", "--npmrc", "my-npm-repo"),
        ("bun", "--npmrc", "my-npm-repo"),
        ("maven", "--settings", "my-maven-repo"),
    ] {
        let person = TestUser::new();
        let folder = person.path("home/some where");
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("file");
        let setup = person
            .vouch(&format!("setup codeartifact --tool {tool} --repository {repository} {DOMAIN}"))
            .arg(flag)
            .arg(&file)
            .args(["--profile", "our team"]);
        let (code, _, said) = read(setup);
        assert_eq!(code, 0, "{tool}: {said}");
        let written = fs::read_to_string(&file).unwrap();
        assert_eq!(entry(&person)["status"], "ok", "{tool}: {}", entry(&person));
        fs::remove_file(&file).unwrap();
        let finding = entry(&person);
        assert_eq!(finding["status"], "fail", "{tool}: {finding}");
        type_fix(&person, finding["fix"].as_str().unwrap());
        assert_eq!(fs::read_to_string(&file).unwrap(), written, "{tool}");
        assert_eq!(entry(&person)["status"], "ok", "{tool}");
        for usual in [".npmrc", ".m2/settings.xml"] {
            assert!(!person.path("home").join(usual).exists(), "{tool}: `{usual}` was made");
        }
    }
}
