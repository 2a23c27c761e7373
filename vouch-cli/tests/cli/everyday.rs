//! `env`, `exec`, `credential`, `completions`, `man` and `status --profiles`, as far as they go without a session.

use std::fs;

use crate::test_user::{TestUser, read};

const ENV: &str = "env --type codeartifact --ca-domain my-domain --ca-domain-owner 123456789012";
const EXEC: &str = "exec --type codeartifact --ca-domain my-domain --ca-domain-owner 123456789012";

fn with_a_role() -> TestUser {
    let person = TestUser::new();
    person.succeed("setup aws --role arn:aws:iam::123456789012:role/CodeArtifact --no");
    person
}

#[test]
fn an_env_that_fails_makes_the_shell_fail_and_unsets_what_is_stale() {
    let person = with_a_role();
    for (shell, answer) in [
        ("bash", "unset CODEARTIFACT_AUTH_TOKEN;\nfalse;\n"),
        ("fish", "set -e CODEARTIFACT_AUTH_TOKEN;\nfalse;\n"),
        (
            "powershell",
            "Remove-Item -ErrorAction Ignore Env:CODEARTIFACT_AUTH_TOKEN;\nthrow 'vouch env failed';\n",
        ),
        ("pwsh", "Remove-Item -ErrorAction Ignore Env:CODEARTIFACT_AUTH_TOKEN;\nthrow 'vouch env failed';\n"),
        ("cmd", "set \"CODEARTIFACT_AUTH_TOKEN=\"\r\ncmd /c exit 1\r\n"),
        ("nushell", "vouch env failed\n"),
    ] {
        let (code, stdout, said) = person.run(&format!("{ENV} --shell {shell}"));
        assert_eq!((code, stdout.as_str()), (3, answer), "{shell}");
        assert!(said.contains("hint: Run `vouch login`"), "{said}");
    }
    let (code, stdout, _) = person.run("env --type aws --shell sh");
    assert_eq!(code, 3);
    assert_unsets_aws(&stdout);
}

/// What is stale must go, and so must every other source that an SDK would turn to.
fn assert_unsets_aws(script: &str) {
    let lines: Vec<_> = script.lines().collect();
    let (last, unset) = lines.split_last().unwrap();
    assert!(*last == "false;" && unset.iter().all(|line| line.starts_with("unset AWS_")), "{script}");
    for name in ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE", "WEB_IDENTITY_TOKEN_FILE"]
    {
        assert!(unset.contains(&format!("unset AWS_{name};").as_str()), "{name}: {script}");
    }
}

#[test]
fn a_mistyped_env_makes_the_shell_fail_too() {
    let person = TestUser::new();
    for (line, code, answer) in [
        ("env --type codeartifact --shell sh --domain x", 2, "unset CODEARTIFACT_AUTH_TOKEN;\nfalse;\n"),
        ("env --shell sh", 2, "false;\n"),
        ("env --type docker --shell fish", 2, "false;\n"),
        ("env --type codeartifact --shell sh", 7, "unset CODEARTIFACT_AUTH_TOKEN;\nfalse;\n"),
    ] {
        let (found, stdout, said) = person.run(line);
        assert_eq!((found, stdout.as_str()), (code, answer), "{line}: {said}");
    }
    let (code, stdout, _) = person.run("env --type aws --ca-domain my-domain --shell sh");
    assert_eq!(code, 2);
    assert_unsets_aws(&stdout);
    let (code, help, _) = person.run("env --help");
    assert_eq!(code, 0);
    for flag in
        ["--type", "--ca-domain", "--ca-domain-owner", "--ca-region", "--ca-profile", "--shell", "--force"]
    {
        assert!(help.contains(flag), "{flag}");
    }
}

#[test]
fn exec_fails_with_125_before_the_command_and_does_not_start_it() {
    let person = with_a_role();
    for line in [
        format!("{EXEC} -- touch started"),
        "exec --type codeartifact -- touch started".into(),
        "exec --type aws --export X -- touch started".into(),
        "exec --type aws --ca-profile x -- touch started".into(),
        "exec --type codeartifact --export 1X -- touch started".into(),
        "exec --type codeartifact".into(),
        "exec -- touch started".into(),
    ] {
        let (code, stdout, said) = read(person.vouch(&line).env("PATH", "/usr/bin:/bin"));
        assert_eq!((code, stdout.as_str()), (125, ""), "{line}: {said}");
        assert!(said.contains("error: "), "{said}");
    }
    assert!(!person.path("home/here/started").exists());
}

#[test]
fn flags_that_contradict_a_profile_are_named() {
    let person = with_a_role();
    person.succeed("setup codeartifact --tool cargo --repository cargo-store --domain shared-packages --domain-owner 111111111111 --region us-east-1 --profile shared");
    for (line, said) in [
        (
            "credential codeartifact --profile shared --domain my-domain",
            "`--domain my-domain` contradicts `shared-packages`",
        ),
        (
            "credential codeartifact --profile shared --region eu-west-1",
            "`--region eu-west-1` contradicts `us-east-1`",
        ),
        (
            "env --type codeartifact --shell sh --ca-profile shared --ca-domain-owner 123456789012",
            "`--ca-domain-owner 123456789012` contradicts `111111111111`, the domain owner of profile `shared`",
        ),
    ] {
        let (code, _, stderr) = person.run(line);
        assert_eq!(code, 2, "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
    // What was exported is not typed: the flag counts, and that is said.
    let typed = "credential codeartifact --domain my-domain --domain-owner 123456789012";
    let (code, _, stderr) = read(person.vouch(typed).env("VOUCH_PROFILE", "shared"));
    assert_eq!(code, 3);
    assert!(stderr.contains("warning: `--domain my-domain` contradicts"), "{stderr}");
}

#[test]
fn profiles_are_listed_without_a_session() {
    let person = with_a_role();
    assert_eq!(person.run("status --profiles").0, 0);
    person.succeed(
        "setup codeartifact --tool cargo --repository my-repo --domain my-domain --domain-owner 123456789012",
    );
    // Setup refuses such a link; an edit by hand makes it.
    let mut config = person.config();
    config["codeartifact"]["profiles"]["cn"] = serde_json::json!({
        "domain": "china", "domain_owner": "333333333333", "region": "cn-north-1", "aws_profile": "later"
    });
    person.write_config(&config.to_string());
    let (code, listed, _) = person.run("status --profiles");
    assert_eq!(code, 0);
    assert_eq!(
        listed,
        "default (default): my-domain of account 123456789012 in us-east-1, role arn:aws:iam::123456789012:role/CodeArtifact of AWS profile `vouch`\n\
         cn: china of account 333333333333 in cn-north-1, no role: there is no AWS profile `later`; there is vouch\n\
         AWS profile vouch (default): arn:aws:iam::123456789012:role/CodeArtifact (us-east-1)\n"
    );
    let (_, listed, _) = person.run("status --profiles --json");
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(
        (&listed["default_profile"], &listed["profiles"][1]["name"]),
        (&"default".into(), &"cn".into())
    );
}

#[test]
fn completions_and_man_pages_know_every_command() {
    let person = TestUser::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, script, _) = person.run(&format!("completions {shell}"));
        assert_eq!(code, 0);
        for word in ["exec", "undo", "ca-domain", "credential"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    person.succeed("man pages");
    for (page, text) in [
        ("vouch.1", "vouch\\-env(1)"),
        ("vouch-env.1", "\\-\\-ca\\-domain"),
        ("vouch-setup-codeartifact.1", "\\-\\-tool"),
        ("vouch-credential-aws.1", "credential_process"),
    ] {
        let found = fs::read_to_string(person.path("home/here/pages").join(page)).unwrap();
        assert!(found.contains(text), "{page}");
    }
}
