//! `vouch setup aws` and the profile for AWS tools.

use std::fs;

use crate::test_user::{TestUser, read};

const ROLE: &str = "setup aws --role arn:aws:iam::123456789012:role/CodeArtifact";

fn lines(person: &TestUser, profile: &str) -> String {
    format!(
        "[profile {profile}]\ncredential_process = \"{}/vouch\" credential aws --profile {profile} --home {}\nregion = us-east-1\n",
        person.bin().display(),
        person.path("home/.vouch").display()
    )
}

#[test]
fn nothing_is_written_unasked() {
    let person = TestUser::new();
    let said = person.succeed(ROLE);
    assert!(
        said.contains("next: for aws, SDKs and Terraform: `vouch setup aws --profile vouch --yes`"),
        "{said}"
    );
    assert!(!person.succeed(&format!("{ROLE}2 --no")).contains("Terraform"));
    assert!(!person.path("home/.aws").exists());
}

#[test]
fn a_profile_is_added_beside_what_is_there_and_taken_back() {
    let person = TestUser::new();
    let file = person.path("home/.aws/config");
    person.succeed(&format!("{ROLE} --yes"));
    assert_eq!(fs::read_to_string(&file).unwrap(), lines(&person, "vouch"));
    person.succeed("undo aws");
    assert!(!person.path("home/.aws").exists());
    let mine = "[default]\nregion = eu-west-1\naws_secret_access_key = hunter2";
    fs::create_dir(person.path("home/.aws")).unwrap();
    fs::write(&file, mine).unwrap();
    let (code, diff, _) = person.run("setup aws --profile vouch --dry-run");
    assert!(code == 0 && diff.contains("+[profile vouch]") && !diff.contains("hunter2"), "{diff}");
    person.succeed("setup aws --profile vouch --yes");
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{mine}\n\n{}", lines(&person, "vouch")));
    let journal = fs::read_to_string(person.path("home/.vouch/journal.json")).unwrap();
    assert!(!journal.contains("hunter2"), "{journal}");
    let before = person.files();
    person.succeed("setup aws --profile vouch --yes");
    assert_eq!(person.files(), before);
}

#[test]
fn the_file_that_aws_tools_read_is_edited() {
    let person = TestUser::new();
    let elsewhere = person.path("home/elsewhere");
    let (code, ..) = read(person.vouch(&format!("{ROLE} --yes")).env("AWS_CONFIG_FILE", &elsewhere));
    assert_eq!(code, 0);
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), lines(&person, "vouch"));
    let (code, ..) = read(person.vouch("setup aws --profile vouch --yes").env("AWS_CONFIG_FILE", "~/tilde"));
    assert_eq!(code, 0);
    assert!(person.path("home/tilde").exists());
}

#[test]
fn credentials_from_elsewhere_are_left_and_named() {
    let person = TestUser::new();
    let file = person.path("home/.aws/config");
    fs::create_dir(person.path("home/.aws")).unwrap();
    fs::write(&file, "[profile vouch]\nsso_session = work\n").unwrap();
    let (code, _, said) = person.run(&format!("{ROLE} --yes"));
    assert_eq!(code, 7);
    assert!(
        said.contains("profile `vouch` has `sso_session` already") && said.contains("--profile NAME"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "[profile vouch]\nsso_session = work\n");
    fs::write(person.path("home/.aws/credentials"), "[work]\naws_access_key_id = A\n").unwrap();
    let said = person.succeed(&format!("{ROLE} --profile work --yes"));
    assert!(said.contains("credentials` has keys for `work`"), "{said}");
}

#[test]
fn an_aws_profile_that_is_not_there_is_an_error_once_others_are() {
    let person = TestUser::new();
    let setup = "setup codeartifact --tool cargo --repository my-repo --domain my-domain --domain-owner 123456789012 \
                 --region us-east-1";
    // Before there is any role, it is one for later.
    person.succeed(&format!("{setup} --aws-profile later"));
    person.succeed("setup aws --role arn:aws:iam::123456789012:role/CodeArtifact --profile later");
    let before = person.files();
    for more in ["", " --profile default", " --profile new", " --dry-run", " --print"] {
        let (code, _, said) = person.run(&format!("{setup} --aws-profile latter{more}"));
        assert_eq!(code, 7, "{said}");
        assert!(said.contains("there is no AWS profile `latter`; there is later"), "{said}");
        assert!(!said.contains('\u{2713}'), "{said}");
    }
    let (code, ..) = person.run("setup codeartifact --tool npm --repository my-repo --aws-profile latter");
    assert_eq!((code, person.files()), (7, before));
}
