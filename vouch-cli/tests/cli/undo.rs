//! `vouch undo` and its journal.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::test_user::TestUser;

const SETUP: &str = "setup codeartifact --tool cargo --domain my-domain --domain-owner 123456789012 --region us-east-1 --repository my-repo";

fn write(person: &TestUser, text: &str) {
    fs::create_dir_all(person.path("home/.cargo")).unwrap();
    fs::write(person.cargo_config(), text).unwrap();
}

fn text(person: &TestUser) -> String {
    fs::read_to_string(person.cargo_config()).unwrap()
}

#[test]
fn an_undo_is_exact_unregisters_and_is_not_undone() {
    let person = TestUser::new();
    let mine = "# mine\r\n[net]\r\nretry = 3";
    write(&person, mine);
    person.succeed(SETUP);
    assert_eq!(person.config()["codeartifact"]["registrations"].as_array().unwrap().len(), 1);
    let (code, listed, _) = person.run("undo --list");
    assert!(code == 0 && listed.contains("cargo") && listed.contains("/cargo/my-repo/"), "{listed}");
    let said = person.succeed("undo cargo");
    assert!(
        said.contains("is as it was before setup") && said.contains("no longer receives tokens"),
        "{said}"
    );
    assert_eq!(text(&person), mine);
    assert_eq!(person.config()["codeartifact"]["registrations"], serde_json::json!([]));
    assert!(person.run("undo --list").1.contains("(undone "));
    let before = person.files();
    for again in ["undo", "undo cargo"] {
        let (code, _, said) = person.run(again);
        assert_eq!(code, 1);
        assert!(
            said.contains("nothing to undo: cargo was undone at")
                && said.contains("--tool cargo --repository REPOSITORY` again"),
            "{said}"
        );
    }
    assert_eq!(person.files(), before);
    let (code, _, said) = person.run("undo npm");
    assert!(code == 1 && said.contains("setup has edited no file for `npm`"), "{said}");
}

#[test]
fn the_last_setup_alone_or_all_of_a_client() {
    let person = TestUser::new();
    person.succeed(SETUP);
    let one = text(&person);
    person.succeed("setup codeartifact --tool cargo --repository other-repo");
    person.succeed("setup codeartifact --tool cargo --repository third-repo");
    let said = person.succeed("undo");
    assert!(said.contains("next: `vouch undo` again"), "{said}");
    assert!(text(&person).contains("other-repo") && !text(&person).contains("third-repo"));
    person.succeed("undo");
    assert_eq!(text(&person), one);
    person.succeed("setup codeartifact --tool cargo --repository other-repo");
    person.succeed("undo cargo");
    assert!(!person.path("home/.cargo").exists());
    assert_eq!(person.config()["codeartifact"]["registrations"], serde_json::json!([]));
}

#[test]
fn a_correction_is_taken_back_to_what_it_corrected() {
    let person = TestUser::new();
    person.succeed(SETUP);
    let before = (text(&person), person.config()["codeartifact"]["registrations"].clone());
    person.succeed(&format!("{SETUP} --endpoint https://packages.example.com/cargo/my-repo/"));
    assert!(text(&person).contains("packages.example.com"));
    person.succeed("undo");
    assert_eq!((text(&person), person.config()["codeartifact"]["registrations"].clone()), before);
}

#[test]
fn after_a_hand_edit_only_our_lines_go() {
    let person = TestUser::new();
    write(&person, "[net]\nretry = 3\n");
    person.succeed(SETUP);
    let edited =
        format!("# new\n{}\n[alias]\nb = \"build\"\n", text(&person).replace("retry = 3", "retry = 5"));
    write(&person, &edited);
    let said = person.succeed("undo");
    assert!(said.contains("was edited since: only the lines of setup"), "{said}");
    assert_eq!(text(&person), "# new\n[net]\nretry = 5\n\n[alias]\nb = \"build\"\n");
    // A key of the person's own in our table keeps the table.
    person.succeed(SETUP);
    write(&person, &text(&person).replace("credential-provider", "token = \"hunter2\"\ncredential-provider"));
    let said = person.succeed("undo cargo");
    assert!(said.contains("stays, because lines of yours depend on it: [registries.my-repo]"), "{said}");
    assert!(text(&person).ends_with("[registries.my-repo]\ntoken = \"hunter2\"\n"), "{}", text(&person));
}

#[test]
fn a_file_that_is_gone_or_read_only() {
    let person = TestUser::new();
    person.succeed(SETUP);
    fs::remove_file(person.cargo_config()).unwrap();
    assert!(person.succeed("undo").contains("is gone: nothing to undo"));
    person.succeed(SETUP);
    fs::set_permissions(person.cargo_config(), fs::Permissions::from_mode(0o444)).unwrap();
    let before = person.files();
    let (code, _, said) = person.run("undo");
    assert_eq!((code, person.files()), (7, before));
    assert!(said.contains("read-only"), "{said}");
}

#[test]
fn mode_and_link_stay() {
    let person = TestUser::new();
    fs::create_dir_all(person.path("home/dotfiles")).unwrap();
    fs::create_dir(person.path("home/.cargo")).unwrap();
    let real = person.path("home/dotfiles/cargo.toml");
    symlink("../dotfiles/cargo.toml", person.cargo_config()).unwrap();
    // A link to nothing yet: what it leads to was made, not the link.
    person.succeed(SETUP);
    person.succeed("undo");
    assert!(!real.exists() && person.cargo_config().symlink_metadata().unwrap().is_symlink());
    fs::write(&real, "# mine").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    person.succeed(SETUP);
    person.succeed("undo");
    assert_eq!(fs::read_to_string(&real).unwrap(), "# mine");
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert!(person.cargo_config().symlink_metadata().unwrap().is_symlink());
}

#[test]
fn all_takes_every_client_back_and_the_links() {
    let person = TestUser::new();
    write(&person, "# mine\n");
    person.program("pip-keyring-vouch", "exit 1");
    let before = person.files();
    person.succeed(SETUP);
    for tool in ["pip", "twine", "maven"] {
        person.succeed(&format!("setup codeartifact --tool {tool} --repository my-repo"));
    }
    person.succeed("setup codeartifact --tool cargo --repository other-repo");
    assert!(person.path("home/.vouch/bin/keyring").is_symlink());
    for refused in ["undo --all cargo", "undo --all --list"] {
        assert_eq!(person.run(refused).0, 2, "{refused}");
    }
    let said = person.succeed("undo --all");
    // Any registration of a domain lets its repositories receive tokens: what is told is what is so in the end.
    assert_eq!(said.matches("by another registration it may receive tokens").count(), 0, "{said}");
    assert_eq!(said.matches("no longer receives tokens").count(), 5, "{said}");
    assert!(!said.contains("next:"), "{said}");
    let users = |files: Vec<(std::path::PathBuf, u32, Vec<u8>)>| {
        files
            .into_iter()
            .filter(|(path, ..)| !path.starts_with(person.path("home/.vouch")))
            .collect::<Vec<_>>()
    };
    assert_eq!(users(person.files()), before);
    assert!(!person.path("home/.vouch/bin").exists() && !person.path("home/.local").exists());
    assert_eq!(person.config()["codeartifact"]["registrations"], serde_json::json!([]));
    assert_eq!(person.run("undo --all").0, 1);
}

#[test]
fn a_dry_run_shows_what_the_undo_then_does_and_writes_nothing() {
    let person = TestUser::new();
    write(&person, "[registries.other]\ntoken = \"hunter2\"\n");
    fs::write(person.path("home/.pypirc"), "[distutils]\nindex-servers = pypi\n").unwrap();
    person.program("pip-keyring-vouch", "exit 1");
    for tool in ["cargo", "pip", "twine", "maven"] {
        person.succeed(&SETUP.replace("cargo", tool));
    }
    person.succeed("setup codeartifact --tool cargo --repository other-repo");
    fs::write(
        person.path("home/.pypirc"),
        fs::read_to_string(person.path("home/.pypirc")).unwrap() + "# mine\n",
    )
    .unwrap();
    let before = person.files();
    for (arguments, parts) in [
        (
            "undo --dry-run",
            vec![
                "would be as it was before the setup of cargo",
                "/cargo/other-repo/ would no longer be set up for cargo",
            ],
        ),
        (
            "undo maven --dry-run",
            vec!["settings.xml` would be removed", "/maven/my-repo/ would no longer be set up for maven"],
        ),
        (
            "undo --all --dry-run",
            vec![
                "config.toml` would be as it was before the setup of cargo",
                ".pypirc` was edited since: only the lines of setup would go",
                "pip.conf` would be removed",
                ".vouch/bin/keyring` would be removed",
                "/cargo/my-repo/ would no longer receive tokens",
                "/cargo/other-repo/ would no longer receive tokens",
            ],
        ),
    ] {
        let (code, shown, said) = person.run(arguments);
        assert_eq!((code, person.files()), (0, before.clone()), "{arguments}: {said}");
        for part in parts {
            assert!(said.contains(part), "{arguments}: {part}: {said}");
        }
        assert!(
            !said.contains('\u{2713}') && !said.contains("hunter2") && !shown.contains("hunter2"),
            "{said}"
        );
        assert!(shown.contains("config.json (after)"), "{shown}");
    }
    // Of a file that several edits are taken out of, the whole change is shown, once.
    let (_, shown, _) = person.run("undo --all --dry-run");
    assert_eq!(shown.matches("+++ ").count(), 5, "{shown}");
    assert!(shown.contains("-[registries.other-repo]") && shown.contains("-[registries.my-repo]"), "{shown}");
    // The last one alone leaves a link that others use.
    assert!(!person.run("undo --dry-run").2.contains("keyring"));
    person.succeed("undo --all");
    assert_eq!(text(&person), "[registries.other]\ntoken = \"hunter2\"\n");
    assert_eq!(
        fs::read_to_string(person.path("home/.pypirc")).unwrap(),
        "[distutils]\nindex-servers = pypi\n# mine\n"
    );
}

#[test]
fn all_tries_everything_and_reports_every_failure() {
    let person = TestUser::new();
    person.program("pip-keyring-vouch", "exit 1");
    for tool in ["maven", "cargo", "twine", "pip"] {
        person.succeed(&SETUP.replace("cargo", tool));
    }
    person.succeed("setup codeartifact --tool cargo --repository other-repo");
    for file in [".cargo/config.toml", ".pypirc"] {
        let file = person.path("home").join(file);
        fs::set_permissions(file, fs::Permissions::from_mode(0o444)).unwrap();
    }
    let (code, _, said) = person.run("undo --all");
    // Cargo's file holds two edits.
    assert_eq!((code, said.matches("read-only").count()), (7, 2), "{said}");
    assert!(!person.path("home/.m2").exists() && !person.path("home/.config/pip").exists(), "{said}");
    assert!(!person.path("home/.vouch/bin/keyring").is_symlink(), "{said}");
    let left = person.config()["codeartifact"]["registrations"].clone();
    let tools: Vec<_> =
        left.as_array().unwrap().iter().map(|known| known["tool"].as_str().unwrap()).collect();
    assert_eq!(tools, ["cargo", "twine", "cargo"]);
    for file in [".cargo/config.toml", ".pypirc"] {
        let file = person.path("home").join(file);
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    }
    person.succeed("undo --all");
    assert!(!person.path("home/.cargo").exists() && !person.path("home/.pypirc").exists());
}
