//! `vouch setup codeartifact --tool cargo`, from flags to files.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::json;

use crate::test_user::{TestUser, read};

const FIRST: &str = "setup codeartifact --tool cargo --domain my-domain --domain-owner 123456789012 --repository my-repo --region us-east-1";
const AGAIN: &str = "setup codeartifact --tool cargo --repository my-repo";
const HOST: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";

fn block(person: &TestUser, name: &str, url: &str) -> String {
    format!(
        "[registries.{name}]\nindex = \"sparse+{url}\"\ncredential-provider = [\"{}/cargo-credential-vouch\", \"--home\", \"{}\"]\n",
        person.bin().display(),
        person.path("home/.vouch").display()
    )
}

fn my_repo(person: &TestUser) -> String {
    block(person, "my-repo", &format!("https://{HOST}/cargo/my-repo/"))
}

#[test]
fn the_documents_commands_set_cargo_up() {
    let person = TestUser::new();
    let said = person.succeed(FIRST);
    assert_eq!(fs::read_to_string(person.cargo_config()).unwrap(), my_repo(&person));
    let expected = json!({
        "version": 1,
        "aws": { "profiles": {} },
        "codeartifact": {
            "default": "default",
            "profiles": { "default": { "domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1" } },
            "registrations": [{
                "tool": "cargo", "repository": "my-repo", "profile": "default", "name": "my-repo",
                "endpoint": format!("https://{HOST}/cargo/my-repo/"), "file": person.cargo_config()
            }]
        }
    });
    assert_eq!(person.config(), expected);
    for next in ["vouch setup aws --role ARN", "vouch login", "cargo publish --registry my-repo"] {
        assert!(said.contains(next), "{next}: {said}");
    }
    person.succeed("setup codeartifact --tool cargo --domain shared-packages --domain-owner 111111111111 --repository cargo-store --profile shared");
    person.succeed("setup codeartifact --tool cargo --domain team-packages --domain-owner 222222222222 --repository team-cargo --profile team");
    person.succeed("setup codeartifact --tool cargo --repository other-repo");
    let registrations = person.config()["codeartifact"]["registrations"].clone();
    let profiles: Vec<_> =
        registrations.as_array().unwrap().iter().map(|known| known["profile"].as_str().unwrap()).collect();
    assert_eq!(profiles, ["default", "shared", "team", "default"]);
    let text = fs::read_to_string(person.cargo_config()).unwrap();
    assert!(text.starts_with(&my_repo(&person)) && text.matches("[registries.").count() == 4, "{text}");
}

#[test]
fn a_second_run_changes_nothing_and_says_so() {
    let person = TestUser::new();
    person.succeed(FIRST);
    let before = person.files();
    for again in [AGAIN, FIRST, "setup codeartifact --tool cargo --repository my-repo --profile default"] {
        assert!(person.succeed(again).contains("nothing to change"), "{again}");
        assert_eq!(person.files(), before, "{again}");
    }
}

#[test]
fn a_registry_name_of_ones_own_is_remembered() {
    let person = TestUser::new();
    person.succeed(&format!("{FIRST} --registry my-codeartifact-registry"));
    assert!(person.succeed(AGAIN).contains("nothing to change"));
    let (code, _, said) = person.run(&format!("{FIRST} --registry second"));
    assert_eq!(code, 7);
    assert!(
        said.contains("`my-codeartifact-registry` is there already")
            && said.contains("--registry my-codeartifact-registry"),
        "{said}"
    );
    let dotted = "setup codeartifact --tool cargo --repository my.repo";
    let (code, _, said) = person.run(dotted);
    assert_eq!(code, 2);
    assert!(said.contains("`my.repo` cannot be the name") && said.contains("--registry"), "{said}");
    person.succeed(&format!("{dotted} --registry my-dotted-repo"));
}

#[test]
fn another_domain_takes_nothing_away() {
    let person = TestUser::new();
    person.succeed(FIRST);
    let said = person.succeed("setup codeartifact --tool cargo --domain team-packages --domain-owner 222222222222 --repository team-cargo");
    assert!(said.contains("profile `team-packages`") && said.contains("`default` stays my-domain"), "{said}");
    let profiles = &person.config()["codeartifact"]["profiles"];
    assert_eq!(
        (&profiles["default"]["domain"], &profiles["team-packages"]["domain"]),
        (&json!("my-domain"), &json!("team-packages"))
    );
    // The same repository name is taken in Cargo: both ways out are named.
    let before = person.files();
    let same =
        "setup codeartifact --tool cargo --domain third --domain-owner 222222222222 --repository my-repo";
    let (code, _, said) = person.run(same);
    assert_eq!((code, person.files()), (7, before));
    assert!(said.contains("--registry NAME") && said.contains("`--move`"), "{said}");
    person.succeed(&format!("{same} --registry third-repo"));
}

#[test]
fn a_wrong_domain_is_corrected_by_naming_the_profile() {
    let person = TestUser::new();
    person.succeed(&FIRST.replace("my-domain", "my-domian"));
    let said = person.succeed(&format!("{FIRST} --profile default"));
    assert!(said.contains("was my-domian"), "{said}");
    assert_eq!(fs::read_to_string(person.cargo_config()).unwrap(), my_repo(&person));
    assert_eq!(person.config()["codeartifact"]["registrations"].as_array().unwrap().len(), 1);
    // Not while another registration depends on it.
    person.succeed("setup codeartifact --tool cargo --repository other-repo");
    let before = person.files();
    let (code, _, said) = person.run(&format!("{} --profile default", FIRST.replace("my-domain", "third")));
    assert_eq!((code, person.files()), (7, before));
    assert!(said.contains("in use by") && said.contains("--profile third"), "{said}");
}

#[test]
fn roles_are_linked_when_they_are_settled() {
    let person = TestUser::new();
    person.succeed(FIRST);
    person.succeed("setup aws --role arn:aws:iam::123456789012:role/CodeArtifact");
    let said = person.succeed(AGAIN);
    assert!(said.contains("AWS profile `vouch` reads my-domain"), "{said}");
    let link = |person: &TestUser, profile: &str| {
        person.config()["codeartifact"]["profiles"][profile]["aws_profile"].clone()
    };
    assert_eq!(link(&person, "default"), "vouch");
    let shared = "setup codeartifact --tool cargo --domain shared-packages --domain-owner 111111111111 --repository cargo-store --profile shared";
    let said = person.succeed(shared);
    assert!(said.contains("in another account"), "{said}");
    assert!(link(&person, "shared").is_null());
    person.succeed(
        "setup aws --role arn:aws:iam::111111111111:role/CodeArtifactReader --profile vouch-artifacts",
    );
    person.succeed(shared);
    assert_eq!(link(&person, "shared"), "vouch-artifacts");
    let before = person.files();
    let (code, _, said) = person.run("setup codeartifact --tool cargo --domain cn --domain-owner 333333333333 --repository cn-repo --region cn-north-1 --profile cn --aws-profile vouch");
    assert_eq!((code, person.files()), (7, before));
    assert!(said.contains("partition aws, but region cn-north-1"), "{said}");
}

#[test]
fn the_token_prefix_is_kept_until_it_is_changed() {
    let person = TestUser::new();
    person.succeed(&format!("{FIRST} --token-prefix bearer"));
    let prefix =
        |person: &TestUser| person.config()["codeartifact"]["registrations"][0]["token_prefix"].clone();
    assert_eq!(prefix(&person), "Bearer ");
    assert!(person.succeed(AGAIN).contains("nothing to change"));
    person.succeed(&format!("{AGAIN} --token-prefix raw"));
    assert!(prefix(&person).is_null());
}

#[test]
fn other_host_names_are_recorded_as_they_are() {
    let person = TestUser::new();
    let said = person.succeed(&format!("{FIRST} --endpoint https://packages.example.com/cargo/my-repo"));
    assert!(said.contains("not AWS's own"), "{said}");
    let expected = block(&person, "my-repo", "https://packages.example.com/cargo/my-repo/");
    assert_eq!(fs::read_to_string(person.cargo_config()).unwrap(), expected);
    // It need not be typed again, and can be corrected.
    assert!(person.succeed(AGAIN).contains("nothing to change"));
    let said = person.succeed(&format!("{AGAIN} --endpoint https://{HOST}/cargo/my-repo/"));
    assert!(said.contains("https://packages.example.com/cargo/my-repo/ no longer receives tokens"), "{said}");
    assert_eq!(fs::read_to_string(person.cargo_config()).unwrap(), my_repo(&person));
    assert_eq!(person.config()["codeartifact"]["registrations"].as_array().unwrap().len(), 1);
    // A dual-stack URL names the domain by itself.
    let person = TestUser::new();
    let dualstack = "https://my-domain-123456789012.codeartifact.us-east-1.on.aws/cargo/my-repo/";
    person.succeed(&format!("{AGAIN} --endpoint {dualstack}"));
    assert_eq!(fs::read_to_string(person.cargo_config()).unwrap(), block(&person, "my-repo", dualstack));
    for bad in [
        "http://packages.example.com/",
        "https://u:hunter2@packages.example.com/",
        "https:/u:hunter2@packages.example.com/",
        "https:////u:hunter2@packages.example.com/",
        "https:\\\\u:hunter2@packages.example.com/",
        "https://u:x/hunter2@packages.example.com/",
        "https://packages.example.com\\@evil.example/cargo/my-repo/",
        "https://PACKAGES.example.com/cargo/my-repo/",
        "https://packages.example.com/cargo/../my-repo/",
        &format!("https://{HOST}\\@evil.example/cargo/my-repo/"),
        &format!("https://{HOST}:8443/cargo/my-repo/"),
    ] {
        let (code, _, said) = person.run(&format!("{FIRST} --endpoint {bad}"));
        assert!([2, 7].contains(&code) && !said.contains("hunter2"), "{said}");
    }
    // One that was typed into the file is judged as any other before it is used again.
    let person = TestUser::new();
    person.succeed(&format!("{FIRST} --endpoint https://packages.example.com/cargo/my-repo"));
    let file = person.path("home/.vouch/config.json");
    let text = fs::read_to_string(&file).unwrap().replace("https://packages", "https://u:hunter2@packages");
    fs::write(&file, text).unwrap();
    let (code, _, said) = person.run(AGAIN);
    assert!(code == 2 && said.contains("a user name or password") && !said.contains("hunter2"), "{said}");
}

#[test]
fn crates_io_is_replaced_on_request() {
    let person = TestUser::new();
    person.succeed(&format!("{FIRST} --replace-crates-io"));
    let expected = format!("{}\n[source.crates-io]\nreplace-with = \"my-repo\"\n", my_repo(&person));
    assert_eq!(fs::read_to_string(person.cargo_config()).unwrap(), expected);
}

#[test]
fn print_and_dry_run_write_nothing() {
    let person = TestUser::new();
    fs::create_dir(person.path("home/.cargo")).unwrap();
    fs::write(person.cargo_config(), "[registry]\ntoken = \"hunter2\" # mine\n").unwrap();
    let before = person.files();
    let (code, printed, _) = person.run(&format!("{FIRST} --print"));
    assert_eq!((code, printed), (0, my_repo(&person)));
    let (code, diff, said) = person.run(&format!("{FIRST} --dry-run"));
    assert_eq!(code, 0, "{said}");
    assert!(
        diff.contains("+[registries.my-repo]") && diff.contains("+        \"domain\": \"my-domain\""),
        "{diff}"
    );
    assert!(diff.contains(" token = \"[redacted]\" # [redacted]") && !diff.contains("hunter2"), "{diff}");
    assert_eq!(person.files(), before);
    assert!(!person.path("home/.vouch").exists());
    person.succeed(FIRST);
    let (_, diff, said) = person.run(&format!("{AGAIN} --dry-run"));
    assert_eq!(diff, "");
    assert!(said.contains("nothing would change"), "{said}");
    assert_eq!(person.run(&format!("{FIRST} --dry-run --print")).0, 2);
}

#[test]
fn what_fails_leaves_every_file_as_it_was() {
    for (what, text, mode, message) in [
        ("unparsable", "[a]\nb = = \"hunter2\"\n", 0o644, "line 2"),
        ("inline string", "registries = \"x\"\n", 0o644, "is a string"),
        ("taken", "[registries.my-repo]\nindex = \"sparse+https://else.example/\"\n", 0o644, "else.example"),
        ("read-only", "# mine\n", 0o444, "read-only"),
    ] {
        let person = TestUser::new();
        fs::create_dir(person.path("home/.cargo")).unwrap();
        fs::write(person.cargo_config(), text).unwrap();
        fs::set_permissions(person.cargo_config(), fs::Permissions::from_mode(mode)).unwrap();
        let before = person.files();
        let (code, _, said) = person.run(FIRST);
        assert_eq!((code, person.files()), (7, before), "{what}: {said}");
        assert!(
            said.contains(message) && said.contains("hint: ") && !said.contains("hunter2"),
            "{what}: {said}"
        );
    }
}

#[test]
fn cargos_file_is_put_back_when_the_configuration_cannot_be_saved() {
    let person = TestUser::new();
    person.succeed(FIRST);
    let before = person.files();
    // A folder where the new configuration would be put together.
    fs::create_dir(person.path("home/.vouch/.config.json.vouch-new")).unwrap();
    let (code, _, said) = person.run("setup codeartifact --tool cargo --repository other-repo");
    assert_eq!((code, person.files()), (7, before), "{said}");
    assert!(said.contains("cannot save"), "{said}");
    let fresh = TestUser::new();
    fs::create_dir_all(fresh.path("home/.vouch/.config.json.vouch-new")).unwrap();
    assert_eq!(fresh.run(FIRST).0, 7);
    assert!(!fresh.path("home/.cargo").exists());
}

#[test]
fn an_unreadable_configuration_of_vouchs_own_stops_it() {
    let person = TestUser::new();
    fs::create_dir(person.path("home/.vouch")).unwrap();
    person.write_config("{\n oops");
    let before = person.files();
    let (code, _, said) = person.run(FIRST);
    assert_eq!((code, person.files()), (7, before));
    assert!(said.contains("line 2"), "{said}");
}

#[test]
fn mode_and_link_of_cargos_file_stay() {
    let person = TestUser::new();
    fs::create_dir_all(person.path("home/dotfiles")).unwrap();
    fs::create_dir(person.path("home/.cargo")).unwrap();
    let real = person.path("home/dotfiles/cargo.toml");
    fs::write(&real, "# mine").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("../dotfiles/cargo.toml", person.cargo_config()).unwrap();
    person.succeed(FIRST);
    assert!(person.cargo_config().symlink_metadata().unwrap().is_symlink());
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_to_string(&real).unwrap(), format!("# mine\n\n{}", my_repo(&person)));
}

#[test]
fn the_file_that_cargo_reads_is_edited() {
    let person = TestUser::new();
    fs::create_dir(person.path("home/.cargo")).unwrap();
    fs::write(person.path("home/.cargo/config"), "# old name\n").unwrap();
    person.succeed(FIRST);
    assert!(!person.cargo_config().exists());
    let moved = TestUser::new();
    let (code, ..) = read(moved.vouch(FIRST).env("CARGO_HOME", moved.path("elsewhere")));
    assert_eq!(code, 0);
    assert_eq!(fs::read_to_string(moved.path("elsewhere/config.toml")).unwrap(), my_repo(&moved));
    let empty = TestUser::new();
    assert_eq!(read(empty.vouch(FIRST).env("CARGO_HOME", "")).0, 0);
    assert!(empty.cargo_config().exists());
}

#[test]
fn old_or_missing_programs_are_named() {
    let person = TestUser::new();
    person.cargo("1.73.0");
    let (code, _, said) = person.run(FIRST);
    assert_eq!(code, 1);
    assert!(said.contains("cargo 1.73.0 is too old"), "{said}");
    fs::remove_file(person.bin().join("cargo")).unwrap();
    assert!(person.succeed(FIRST).contains("warning: `cargo` could not be asked"));
    fs::remove_file(person.bin().join("cargo-credential-vouch")).unwrap();
    let (code, _, said) = person.run("setup codeartifact --tool cargo --repository other-repo");
    assert_eq!(code, 7);
    assert!(said.contains("`cargo-credential-vouch` is missing"), "{said}");
}

#[test]
fn projects_and_variables_that_get_in_the_way_are_named() {
    let person = TestUser::new();
    fs::create_dir(person.path("home/here/.cargo")).unwrap();
    let project = person.path("home/here/.cargo/config.toml");
    fs::write(&project, "[registries.my-repo]\ncredential-provider = \"x\"\n").unwrap();
    let (code, _, said) = person.run(FIRST);
    assert_eq!(code, 7);
    assert!(said.contains("here/.cargo/config.toml") && said.contains("is a string"), "{said}");
    assert!(!person.cargo_config().exists());
    fs::write(&project, "[registries.my-repo]\ncredential-provider = [\"x\"]\n").unwrap();
    assert!(person.succeed(FIRST).contains("of its own"));
    let (_, _, said) = read(person.vouch(AGAIN).env("CARGO_REGISTRIES_MY_REPO_INDEX", "x"));
    assert!(said.contains("CARGO_REGISTRIES_MY_REPO_INDEX is set"), "{said}");
}

#[test]
fn the_region_comes_from_where_it_should() {
    let without =
        "setup codeartifact --tool cargo --domain my-domain --domain-owner 123456789012 --repository my-repo";
    for (variables, region, reason) in [
        (vec![], "us-east-1", "the default of partition aws"),
        (vec![("AWS_DEFAULT_REGION", "eu-west-1")], "eu-west-1", "AWS_DEFAULT_REGION"),
        (vec![("AWS_DEFAULT_REGION", "eu-west-1"), ("AWS_REGION", "eu-west-2")], "eu-west-2", "AWS_REGION"),
        (vec![("AWS_REGION", "")], "us-east-1", "the default of partition aws"),
    ] {
        let person = TestUser::new();
        let (code, _, said) = read(person.vouch(without).envs(variables));
        assert_eq!(code, 0, "{said}");
        assert!(said.contains(&format!("in {region} (region: {reason})")), "{said}");
        // The profile's region stays, whatever the environment says later.
        let (_, _, said) = read(person.vouch(AGAIN).env("AWS_REGION", "sa-east-1"));
        assert!(said.contains("nothing to change"), "{said}");
    }
    let person = TestUser::new();
    let (code, _, said) = read(person.vouch(without).env("AWS_REGION", "nowhere"));
    assert_eq!(code, 7);
    assert!(said.contains("AWS_REGION"), "{said}");
}

#[test]
fn doctor_sees_a_replacement_that_is_gone_and_its_fix_brings_it_back() {
    let person = TestUser::new();
    person.succeed(&format!("{FIRST} --replace-crates-io"));
    let written = fs::read_to_string(person.cargo_config()).unwrap();
    assert!(written.contains("[source.crates-io]"), "{written}");
    let entry = || {
        let (_, json, _) = person.run("doctor --json");
        let report: serde_json::Value = serde_json::from_str(&json).unwrap();
        let findings = report["findings"].as_array().unwrap().clone();
        findings.into_iter().find(|finding| finding["check"] == "entry").unwrap()
    };
    assert_eq!(entry()["status"], "ok");
    let (before, _) = written.split_once("[source.crates-io]").unwrap();
    fs::write(person.cargo_config(), format!("{}\n", before.trim_end())).unwrap();
    let finding = entry();
    assert_eq!(finding["status"], "fail", "{finding}");
    let fix = finding["fix"].as_str().unwrap();
    let command = fix.split('`').nth(1).unwrap().strip_prefix("vouch ").unwrap();
    assert!(command.contains("--replace-crates-io"), "{fix}");
    person.succeed(command);
    assert_eq!(fs::read_to_string(person.cargo_config()).unwrap(), written);
    assert_eq!(entry()["status"], "ok");
    // Set up again without the flag, the lines and the option stay.
    person.succeed(FIRST);
    assert_eq!(fs::read_to_string(person.cargo_config()).unwrap(), written);
    assert_eq!(person.config()["codeartifact"]["registrations"][0]["options"]["replace-crates-io"], true);
    // A Vouch of before recorded nothing: the file tells.
    let mut config = person.config();
    config["codeartifact"]["registrations"][0].as_object_mut().unwrap().remove("options");
    fs::write(person.path("home/.vouch/config.json"), config.to_string()).unwrap();
    assert_eq!(entry()["status"], "ok");
}
