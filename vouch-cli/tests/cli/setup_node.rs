//! `vouch setup codeartifact` for those who read an `.npmrc`: what is added and what gives way.

use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::test_user::{TestUser, read};

const DOMAIN: &str = "--domain my-domain --domain-owner 123456789012 --region us-east-1";
const HOST: &str = "//my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/npm";

fn setup(person: &TestUser, rest: &str) -> String {
    person.succeed(&format!("setup codeartifact --tool {rest} {DOMAIN}"))
}

fn npmrc(person: &TestUser) -> String {
    fs::read_to_string(person.path("home/.npmrc")).unwrap_or_default()
}

fn registrations(person: &TestUser) -> usize {
    person.config().pointer("/codeartifact/registrations").unwrap().as_array().unwrap().len()
}

#[test]
fn another_repository_is_the_default_and_the_first_one_stays_served() {
    let person = TestUser::new();
    setup(&person, "npm --repository my-repo");
    let first = npmrc(&person);
    let said = setup(&person, "npm --repository other-repo");
    assert!(said.contains("it stays set up and receives tokens"), "{said}");
    assert_eq!((npmrc(&person), registrations(&person)), (format!("registry=https:{HOST}/other-repo/\n"), 2));
    let command = said.split('`').find(|part| part.starts_with("vouch setup codeartifact")).unwrap();
    person.succeed(command.strip_prefix("vouch ").unwrap());
    assert_eq!((npmrc(&person), registrations(&person)), (first, 2));
    person.succeed("undo npm");
    assert!(!person.path("home/.npmrc").exists());
    assert_eq!(registrations(&person), 0);
}

#[test]
fn a_corrected_url_gives_way_and_each_scope_has_its_own() {
    let person = TestUser::new();
    setup(&person, "npm --repository my-repo --scope @a --scope @b");
    assert_eq!(registrations(&person), 2);
    setup(
        &person,
        "npm --repository my-repo --scope @a --endpoint https://packages.example.com/npm/my-repo/",
    );
    assert_eq!(registrations(&person), 2);
    let text = npmrc(&person);
    assert!(
        text.contains("@a:registry=https://packages.example.com/")
            && text.contains(&format!("@b:registry=https:{HOST}")),
        "{text}"
    );
}

#[test]
fn one_token_line_has_one_mode() {
    let person = TestUser::new();
    setup(&person, "npm --repository my-repo --mode env");
    // Who types no mode shares the line as it is.
    setup(&person, "bun --repository my-repo");
    let variable = format!("{HOST}/my-repo/:_authToken=${{CODEARTIFACT_AUTH_TOKEN}}\n");
    assert!(npmrc(&person).contains(&variable), "{}", npmrc(&person));
    assert_eq!(person.config()["codeartifact"]["registrations"][1]["mode"], "env");
    let before = person.files();
    let (code, _, said) = person
        .run(&format!("setup codeartifact --tool yarn-classic --repository my-repo --mode static {DOMAIN}"));
    assert_eq!((code, person.files() == before), (2, true), "{said}");
    assert!(said.contains("reads in mode env") && said.contains("`vouch undo npm`"), "{said}");
    // The command that is shown works, and so does the setup after it.
    person.succeed("undo bun");
    person.succeed("undo npm");
    setup(&person, "yarn-classic --repository my-repo --mode static");
    assert!(!npmrc(&person).contains("_authToken"), "{}", npmrc(&person));
    // Another file has a line of its own.
    setup(&person, "npm --repository my-repo --mode env --npmrc other/.npmrc");
}

#[test]
fn undone_out_of_order_the_file_is_as_before() {
    let mine = "; mine\nregistry=${MY_REGISTRY}\nsave-exact=true";
    let clients = [
        "npm --repository my-repo --mode env",
        "bun --repository other-repo --mode env",
        "yarn-classic --repository third-repo --mode env",
    ];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for by_hand in ["", "# by hand\n"] {
            let person = TestUser::new();
            fs::write(person.path("home/.npmrc"), mine).unwrap();
            clients.iter().for_each(|client| drop(setup(&person, client)));
            fs::write(person.path("home/.npmrc"), format!("{by_hand}{}", npmrc(&person))).unwrap();
            for place in order {
                let tool = clients[place].split(' ').next().unwrap();
                let said = person.succeed(&format!("undo {tool}"));
                assert!(!said.contains("is not put back"), "{order:?} {by_hand:?}: {said}");
            }
            // A last line that got its end keeps it where somebody else edited the file, too.
            let end = if by_hand.is_empty() { "" } else { "\n" };
            assert_eq!(npmrc(&person), format!("{by_hand}{mine}{end}"), "{order:?}");
        }
    }
}

#[test]
fn a_path_that_is_not_utf8_is_refused_and_nothing_is_lost() {
    let odd = std::ffi::OsStr::from_bytes(b"odd-\xff");
    let person = TestUser::new();
    person.succeed(&format!("setup codeartifact --tool cargo --repository my-repo {DOMAIN}"));
    let before = person.files();
    let npm = || person.vouch(&format!("setup codeartifact --tool npm --repository my-repo {DOMAIN}"));
    for refused in [
        npm().arg("--npmrc").arg(person.path("home").join(odd)),
        npm().env("NPM_CONFIG_USERCONFIG", person.path("home").join(odd)),
        npm().arg("--dry-run").env("NPM_CONFIG_USERCONFIG", person.path("home").join(odd)),
        npm().env("HOME", person.path("home").join(odd)).env("VOUCH_HOME", person.path("home/.vouch")),
    ] {
        let (code, _, said) = read(refused);
        assert_eq!(code, 7, "{said}");
        assert!(said.contains("is not UTF-8") && person.files() == before, "{said}");
    }
}

#[test]
fn without_a_repository_flags_choose_tokens_or_are_refused() {
    let person = TestUser::new();
    setup(&person, "npm --repository my-repo");
    setup(&person, "npm --repository my-repo --npmrc other/.npmrc");
    person.succeed(
        "setup codeartifact --tool npm --repository my-repo --domain team --domain-owner 222222222222 \
         --region us-east-1 --profile team",
    );
    let before = person.files();
    let refresh = "setup codeartifact --tool npm";
    for flag in [
        "--domain my-domain",
        "--domain-owner 123456789012",
        "--region us-east-1",
        "--aws-profile vouch",
        "--endpoint https://packages.example.com/npm/my-repo/",
        "--scope @acme",
        "--mode env",
        "--print",
    ] {
        let (code, shown, said) = person.run(&format!("{refresh} {flag}"));
        assert_eq!((code, shown.as_str()), (2, ""), "{flag}: {said}");
        let flag = flag.split(' ').next().unwrap();
        assert!(said.contains(&format!("`{flag}` means nothing without `--repository`")), "{said}");
    }
    for (flags, tokens) in [
        ("", 3),
        ("--profile team", 1),
        ("--profile default", 2),
        ("--npmrc other/.npmrc", 1),
        ("--profile team --npmrc other/.npmrc", 0),
    ] {
        let (code, _, said) = person.run(&format!("{refresh} --dry-run {flags}"));
        assert_eq!(
            (code, said.matches("would be refreshed").count()),
            (if tokens > 0 { 0 } else { 2 }, tokens)
        );
        assert!(!said.contains('\u{2713}'), "{said}");
    }
    let (code, _, said) = person.run(&format!("{refresh} --profile tema"));
    assert!(code == 7 && said.contains("there is no CodeArtifact profile `tema`"), "{said}");
    assert_eq!(person.files(), before);
}

#[test]
fn doctor_looks_at_the_lines_of_what_another_one_displaced() {
    for (tool, file, line) in [
        ("pnpm", ".config/pnpm/auth.ini", "my-repo/:tokenHelper"),
        ("yarn-classic", ".npmrc", "my-repo/:always-auth"),
    ] {
        let person = TestUser::new();
        person.program("npm-token-vouch", "exit 1");
        setup(&person, &format!("{tool} --repository my-repo"));
        setup(&person, &format!("{tool} --repository other-repo"));
        let entries = || {
            let (_, json, _) = person.run("doctor --json");
            let report: serde_json::Value = serde_json::from_str(&json).unwrap();
            let findings = report["findings"].as_array().unwrap().clone();
            let entries = findings.into_iter().filter(|finding| finding["check"] == "entry");
            let told = entries.map(|entry| (entry["status"].clone(), entry["message"].to_string()));
            // That there is no token yet is a warning.
            told.filter(|(status, message)| message.contains(file) && status != "warn").collect::<Vec<_>>()
        };
        let told = entries();
        assert!(told.len() >= 2 && told.iter().all(|(status, _)| status == "ok"), "{told:?}");
        assert!(told.iter().any(|(_, message)| message.contains("the default there is")), "{told:?}");
        let text = fs::read_to_string(person.path("home").join(file)).unwrap();
        let kept: String = text.split_inclusive('\n').filter(|known| !known.contains(line)).collect();
        assert_ne!(kept, text);
        fs::write(person.path("home").join(file), kept).unwrap();
        let told = entries();
        let failed = told.iter().filter(|(status, _)| status == "fail").count();
        assert!(
            failed == 1 && !told.iter().any(|(_, message)| message.contains("the default there is")),
            "{told:?}"
        );
    }
}
