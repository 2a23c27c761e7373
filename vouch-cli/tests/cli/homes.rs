//! Homes that are another user's, that others can change, or that a project supplies.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use serde_json::json;

use crate::test_user::{TestUser, read};

const ROLE: &str = "setup aws --role arn:aws:iam::123456789012:role/CodeArtifact";

/// Commands of every kind that use the configuration.
const COMMANDS: [&str; 8] = [
    "status",
    "credential codeartifact",
    "credential aws",
    "env --type codeartifact --shell sh",
    "login --pin-stdin",
    "setup aws --role arn:aws:iam::123456789012:role/CodeArtifact --profile other",
    "setup codeartifact --tool cargo --repository my-repo --domain my-domain --domain-owner 123456789012",
    "enroll --issuer https://id.example.com/alice --subject alice --pin-stdin",
];

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_home_that_a_project_supplies_is_refused_by_every_command() {
    let person = TestUser::new();
    person.succeed(ROLE);
    let project = person.path("home/project");
    fs::create_dir_all(project.join(".git")).unwrap();
    // As good as one that a repository brings with modes of its own.
    fs::rename(person.path("home/.vouch"), project.join("vouch")).unwrap();
    let files = person.files();
    for command in COMMANDS.into_iter().chain(["logout", "undo --list"]) {
        let (code, stdout, said) = read(person.vouch(command).env("VOUCH_HOME", project.join("vouch")));
        assert_eq!((code, person.files()), (7, files.clone()), "{command}: {said}");
        assert!(
            said.contains("in the git repository") && said.contains("Unset VOUCH_HOME"),
            "{command}: {said}"
        );
        assert!(!stdout.contains("123456789012"), "{stdout}");
    }
    let (code, said, _) = read(person.vouch("doctor").env("VOUCH_HOME", project.join("vouch")));
    assert!(code == 1 && said.contains("in the git repository"), "{said}");
    fs::rename(project.join("vouch"), person.path("home/moved")).unwrap();
    let status = read(person.vouch("status").env("VOUCH_HOME", person.path("home/moved")));
    assert!(status.1.contains("123456789012"), "{status:?}");
}

#[test]
fn a_configuration_with_rights_for_others_is_refused_until_the_shown_command_is_run() {
    let person = TestUser::new();
    person.succeed(ROLE);
    let file = person.path("home/.vouch/config.json");
    // As git checks files out; then what lets others write.
    for (mode, message) in [(0o644, "have access to"), (0o664, "can change"), (0o666, "can change")] {
        for command in COMMANDS {
            set_mode(&file, mode);
            let (code, _, said) = person.run(command);
            assert!(code == 7 && said.contains(message), "{mode:o} {command}: {said}");
            person.type_from_hint(&said, "chmod ");
        }
        if mode != 0o644 {
            set_mode(&file, 0o600);
        }
        assert_eq!(person.run("status").0, 3);
    }
}

#[test]
fn folders_that_others_can_change_are_refused_until_the_shown_command_is_run() {
    let person = TestUser::new();
    person.succeed(ROLE);
    for (folder, mode) in [("home/.vouch", 0o770), ("home/.vouch", 0o707), ("home/.vouch/vault", 0o720)] {
        set_mode(&person.path(folder), mode);
        let (code, _, said) = person.run("status");
        assert!(
            code == 7 && said.contains(&format!("can change `{}`", person.path(folder).display())),
            "{said}"
        );
        person.type_from_hint(&said, "chmod ");
        assert_eq!(person.run("status").0, 3, "{folder}");
    }
}

#[test]
fn root_makes_nothing_in_the_home_of_another_user() {
    let person = TestUser::new();
    let home = person.path("home");
    if chown(&home, Some(12345), None).is_err() {
        return;
    }
    for command in COMMANDS {
        let (code, _, said) = person.run(command);
        assert!(
            code == 7 && said.contains("uid 12345") && said.contains("without sudo"),
            "{command}: {said}"
        );
    }
    assert!(!person.path("home/.vouch").exists() && !person.cargo_config().exists());
    // Once the user has a home of Vouch, the same.
    fs::create_dir(person.path("home/.vouch")).unwrap();
    chown(person.path("home/.vouch"), Some(12345), None).unwrap();
    let (code, _, said) = person.run("status");
    assert!(code == 7 && said.contains("without sudo"), "{said}");
}

#[test]
fn a_home_that_is_typed_goes_before_the_variable_in_every_place() {
    let person = TestUser::new();
    person.succeed(ROLE);
    let other = person.path("home/second");
    let typed = |before: &str, after: &str| {
        let line = format!("{before} --home {} {after}", other.display());
        read(person.vouch(&line).env("VOUCH_HOME", "/nonexistent"))
    };
    let (code, _, said) = typed("", &ROLE.replace("/CodeArtifact", "/Second"));
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(&format!("`{}/config.json`", other.display())), "{said}");
    for (before, after) in [("status", ""), ("", "status")] {
        assert!(typed(before, after).1.contains("role/Second"));
    }
    assert!(person.run("status").1.contains("role/CodeArtifact"));
    // A mistyped line behind it still makes `eval` fail, and `exec` has its own code.
    assert_eq!(
        typed("", "env --type codeartifact --shell sh --typo").1,
        "unset CODEARTIFACT_AUTH_TOKEN;\nfalse;\n"
    );
    assert_eq!(typed("", "exec --typo").0, 125);
}

#[test]
fn what_asks_another_home_is_not_taken_over() {
    let person = TestUser::new();
    const SETUP: &str =
        "setup codeartifact --domain my-domain --domain-owner 123456789012 --repository my-repo";
    for tool in ["cargo", "gradle"] {
        person.succeed(&format!("{SETUP} --tool {tool}"));
        let files = person.files();
        let second = person.path("home/a 'second' home");
        let setup = || person.vouch(&format!("{SETUP} --tool {tool}")).env("VOUCH_HOME", &second);
        let (code, _, said) = read(setup());
        assert!(
            code == 7 && said.contains("another home of Vouch") && said.contains("home/.vouch`"),
            "{said}"
        );
        assert_eq!(person.files(), files);
        let undo = format!("vouch --home {} undo {tool}", person.path("home/.vouch").display());
        assert!(said.contains(&format!("`{undo}`")), "{said}");
        person.succeed(&format!("undo {tool}"));
        let (code, _, said) = read(setup());
        assert_eq!(code, 0, "{said}");
        let next = format!("`vouch --home '{}' login`", second.display().to_string().replace('\'', r"'\''"));
        assert!(said.contains(&next), "{said}");
        // Once nothing is set up there any more, it is anybody's.
        fs::remove_dir_all(&second).unwrap();
        person.succeed(&format!("{SETUP} --tool {tool}"));
    }
}

#[test]
fn a_login_for_an_unusual_home_is_confirmed_by_typing_it() {
    let person = TestUser::new();
    let point = "BDCgQkzSHClEg4otdckrN-duog2fAIk6O07uijwKr-w-4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
    let config = json!({ "version": 1, "identity": {
        "issuer": "https://id.example.com/alice", "subject": "alice",
        "keys": [{ "serial": 1, "slot": "82", "kid": "x", "public_key": point }]
    } });
    person.write_config(&config.to_string());
    let other = person.path("home/other place");
    let login =
        |arguments: &str| person.vouch(&format!("login --pin-stdin --wait 0 {arguments}")).stdin("123456\n");
    // Where it asks for no confirmation, what is missing is the card.
    let (code, _, said) = read(login(""));
    assert!(code == 4 && !said.contains("home of Vouch"), "{said}");
    fs::rename(person.path("home/.vouch"), &other).unwrap();
    let (code, _, said) = read(login("").env("VOUCH_HOME", &other));
    assert_eq!(code, 7, "{said}");
    assert!(said.contains(&format!("`vouch login --home '{}'`", other.display())), "{said}");
    let (code, _, said) = read(login("").arg("--home").arg(&other).env("VOUCH_HOME", "/nonexistent"));
    assert!(code == 4 && said.contains(&format!("the home of Vouch is `{}`", other.display())), "{said}");
    fs::create_dir(person.path("home/.git")).unwrap();
    let (code, _, said) = read(login("").arg("--home").arg(&other));
    assert!(code == 7 && said.contains("in the git repository"), "{said}");
}
