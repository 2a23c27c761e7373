//! Arguments, exit codes and answers of the commands that need no card.

use std::fs;

use serde_json::{Value, json};
use snapbox::str;

use crate::test_user::{TestUser, read};

#[test]
fn wrong_usage_ends_with_2_and_writes_nothing() {
    let person = TestUser::new();
    for arguments in [
        "",
        "levitate",
        "--verbose",
        "login --duration 13h",
        "login --duration 8",
        "login --serial x",
        "enroll --subject alice",
        "enroll --issuer https://id.example.com/alice",
        "enroll --issuer http://id.example.com/alice --subject alice",
        "enroll --issuer https://id.example.com/alice --subject alice --slot 9b",
        "enroll --issuer https://id.example.com/alice --subject alice --management-key 0123",
        "join",
        "join https://id.example.com/vouch.json",
        "join http://id.example.com/vouch.json --subject alice",
        "join https://id.example.com/ --subject alice",
        "join https://id.example.com/vouch.json#sha256=00 --subject alice",
        "join https://id.example.com/vouch.json --subject alice --as -x",
        "join https://id.example.com/vouch.json --subject alice --tools --no-tools",
        "issuer iam --format terraform --join-file x",
        "issuer build --out x",
        "issuer build x",
        "setup",
        "setup aws",
        "setup aws --role arn:aws:iam::ARTIFACTS_ACCOUNT:role/CodeArtifactReader",
        "setup codeartifact --repository my-repo",
        "setup codeartifact --tool cargo",
        "setup codeartifact --tool docker --repository my-repo",
        "setup codeartifact --tool cargo --repository my-repo --domain-owner 12345",
        "setup codeartifact --tool cargo --repository my-repo --domain My_Domain",
        "setup codeartifact --tool cargo --repository my-repo --region nowhere",
        "setup codeartifact --tool cargo --repository my-repo --token-prefix basic",
        "credential",
        "credential codeartifact --domain-owner x",
        "credential aws --domain my-domain",
        "setup aws --role arn:aws:iam::123456789012:role/CodeArtifact --yes --no",
        "completions tcsh",
        "man",
        "undo cargo npm",
        "status --xml",
    ] {
        let (code, stdout, stderr) = person.run(arguments);
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments}: {stderr}");
        assert!(!stderr.contains("0123"), "{stderr}");
    }
    assert!(!person.path("home/.vouch").exists());
}

#[test]
fn the_verbose_version_tells_what_a_bug_report_needs() {
    let person = TestUser::new();
    for arguments in ["--version --verbose", "--verbose -V", "--home /nowhere/at/all --version --verbose"] {
        let (code, stdout, stderr) = person.run(arguments);
        assert_eq!((code, stderr.as_str()), (0, ""), "{arguments}");
        let named: Vec<_> = stdout.lines().filter_map(|line| line.split_once(": ")).collect();
        let names: Vec<_> = named.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["commit", "build", "target", "features", "keystore", "libpcsclite"], "{stdout}");
        assert!(named.iter().all(|(_, value)| !value.is_empty()), "{stdout}");
        assert!(stdout.starts_with(concat!("vouch ", env!("CARGO_PKG_VERSION"), "\n")), "{stdout}");
        assert!(stdout.contains(std::env::consts::ARCH) && stdout.contains(", rustc 1."), "{stdout}");
    }
    // What does not work is what the report is about.
    let said = person.vouch("--version --verbose").env("VOUCH_KEYSTORE", "nowhere").assert().code(0);
    let stdout = String::from_utf8(said.get_output().stdout.clone()).unwrap();
    assert!(stdout.contains("keystore: VOUCH_KEYSTORE is `nowhere`"), "{stdout}");
    assert!(!person.path("home/.vouch").exists());
}

#[test]
fn a_tool_that_is_not_supported_lists_those_that_are() {
    let person = TestUser::new();
    let said = person.vouch("setup codeartifact --tool docker --repository my-repo").assert().code(2);
    said.stderr_eq(str![[r#"
error: invalid value 'docker' for '--tool <TOOL>'
  [possible values: cargo, npm, pnpm, yarn, yarn-classic, bun, pip, uv, twine, poetry, pdm, maven, gradle, sbt, nuget, ruby, swift]

For more information, try '--help'.

"#]]);
}

#[test]
fn without_a_session_the_exit_code_is_3() {
    let person = TestUser::new();
    person.succeed("setup aws --role arn:aws:iam::123456789012:role/CodeArtifact");
    let typed = "credential codeartifact --domain my-domain --domain-owner 123456789012";
    person.vouch(typed).assert().code(3).stdout_eq("").stderr_eq(str![[r#"
error: you are not logged in
hint: Run `vouch login`.

"#]]);
    let status = person.vouch("status").assert().code(3).stderr_eq("");
    status.stdout_eq(str![[r#"
identity  none: run `vouch enroll --issuer URL --subject NAME`
session   none, you are not logged in: run `vouch login`
role      vouch: arn:aws:iam::123456789012:role/CodeArtifact (us-east-1)

"#]]);
    let (code, stdout, _) = person.run("status --json");
    assert_eq!(code, 3);
    let expected = json!({
        "version": 1,
        "session": { "active": false, "reason": "you are not logged in" },
        "identity": null,
        "aws_profiles": [{ "name": "vouch", "role_arn": "arn:aws:iam::123456789012:role/CodeArtifact", "region": "us-east-1" }],
        "profiles": [],
        "registrations": [],
        "tokens": []
    });
    assert_eq!(serde_json::from_str::<Value>(&stdout).unwrap(), expected);
    assert!(person.succeed("logout").contains("you were not logged in"));
}

#[test]
fn credential_names_what_is_missing() {
    let person = TestUser::new();
    for (arguments, message) in [
        ("credential codeartifact", "no CodeArtifact profile was set up"),
        ("credential codeartifact --profile artifacts", "there is no CodeArtifact profile `artifacts`"),
        ("credential codeartifact --domain my-domain", "the owner is not known"),
        ("credential codeartifact --domain my-domain --domain-owner 123456789012", "no role was set up"),
    ] {
        let (code, stdout, stderr) = person.run(arguments);
        assert_eq!((code, stdout.as_str()), (7, ""), "{arguments}");
        assert!(stderr.contains(message) && stderr.contains("hint: "), "{arguments}: {stderr}");
    }
    let (code, _, said) = read(person.vouch("credential codeartifact").env("VOUCH_PROFILE", "shared"));
    assert_eq!(code, 7);
    assert!(said.contains("`shared`"), "{said}");
}

#[test]
fn login_needs_an_enrollment_and_the_right_serial() {
    let person = TestUser::new();
    let (code, _, said) = person.run("login");
    assert_eq!(code, 7);
    assert!(said.contains("vouch enroll --issuer"), "{said}");
    let point = "BDCgQkzSHClEg4otdckrN-duog2fAIk6O07uijwKr-w-4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
    let identity = json!({ "version": 1, "identity": {
        "issuer": "https://id.example.com/alice", "subject": "alice",
        "keys": [{ "serial": 1, "slot": "82", "kid": "x", "public_key": point }]
    } });
    person.write_config(&identity.to_string());
    let (code, _, said) = person.run("login --serial 2");
    assert_eq!(code, 4);
    assert!(said.contains("YubiKey 2 is not enrolled; 1 is"), "{said}");
    let (code, _, said) = person.run("enroll --issuer https://id.example.com/bob --subject bob");
    assert_eq!(code, 7);
    assert!(said.contains("you are enrolled as alice") && said.contains("start over"), "{said}");
}

#[test]
fn aws_profiles_are_kept_replaced_and_made_the_default() {
    let person = TestUser::new();
    let said = person.succeed("setup aws --role arn:aws:iam::123456789012:role/CodeArtifact");
    assert!(said.contains("region us-east-1 (the default of partition aws)"), "{said}");
    assert!(
        person
            .succeed("setup aws --role arn:aws:iam::123456789012:role/CodeArtifact")
            .contains("nothing to change")
    );
    person.succeed("setup aws --role arn:aws-us-gov:iam::444444444444:role/Gov --profile gov");
    assert_eq!(person.config()["aws"]["profiles"]["gov"]["region"], "us-gov-west-1");
    assert_eq!(person.config()["aws"]["default"], "vouch");
    person.succeed("setup aws --profile gov --default");
    assert_eq!(person.config()["aws"]["default"], "gov");
    let said = person.succeed("setup aws --role arn:aws:iam::123456789012:role/Other");
    assert!(
        said.contains("warning: AWS profile `vouch` was arn:aws:iam::123456789012:role/CodeArtifact"),
        "{said}"
    );
    let before = person.files();
    for arguments in [
        "setup aws --role arn:aws-cn:iam::333333333333:role/CodeArtifact --region us-east-1",
        "setup aws --profile nowhere --default",
    ] {
        let (code, _, said) = person.run(arguments);
        assert_eq!((code, person.files()), (7, before.clone()), "{arguments}: {said}");
        assert!(said.contains("hint: "), "{said}");
    }
    let foreign = "setup aws --role arn:aws-cn:iam::333333333333:role/CodeArtifact --profile cn";
    let (code, _, said) = read(person.vouch(foreign).env("AWS_REGION", "us-east-1"));
    assert_eq!(code, 7);
    assert!(said.contains("us-east-1 (AWS_REGION)"), "{said}");
}

#[test]
fn issuer_build_names_the_file_that_is_wrong() {
    let person = TestUser::new();
    fs::write(person.path("home/here/nonsense.json"), "{}").unwrap();
    for (file, message) in [
        ("missing.json", "cannot read `missing.json`"),
        ("nonsense.json", "`nonsense.json`: this is no enrollment"),
    ] {
        let (code, _, said) = person.run(&format!("issuer build --out site {file}"));
        assert_eq!(code, 7);
        assert!(said.contains(message) && said.contains("hint: "), "{said}");
    }
    assert!(!person.path("home/here/site").exists());
}

#[test]
fn stderr_has_no_colour_where_it_is_no_terminal() {
    let person = TestUser::new();
    let (_, _, said) = person.run("credential codeartifact");
    assert!(!said.contains('\u{1b}'), "{said:?}");
}
