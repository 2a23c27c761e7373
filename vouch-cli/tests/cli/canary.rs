//! A secret in every place of every file of every client: no output, no log and no file of Vouch's has it, and an undo puts
//! each file back as it was, but for what it names.

use std::fs;
use std::path::Path;

use crate::canary_places::{PLACES, PROJECTS, each};
use crate::test_user::{TestUser, read};

/// What gives a secret away.
const CANARY: &str = "hunter2";
const FORMS: [&str; 2] = ["hunter2", "alice:hunter2"];

fn person() -> TestUser {
    let person = TestUser::new();
    for (name, script) in [
        ("npm-token-vouch", "exit 1"),
        ("pip-keyring-vouch", "exit 1"),
        ("npm", "echo 11.19.1"),
        ("pnpm", "echo 11.28.11"),
        ("yarn", "echo 4.18.1"),
    ] {
        person.program(name, script);
    }
    person.succeed("setup aws --role arn:aws:iam::123456789012:role/CodeArtifact --no");
    person
}

fn setup(tool: &str) -> String {
    let (tool, flags) = tool.split_once(' ').unwrap_or((tool, ""));
    match tool {
        "aws" => "setup aws --role arn:aws:iam::123456789012:role/CodeArtifact --yes".into(),
        _ => format!(
            "setup codeartifact --tool {tool} --repository my-repo --domain my-domain --domain-owner 123456789012 \
             --region us-east-1 {flags}"
        ),
    }
}

/// With the host of the repository, and the secret.
fn filled(text: &str, secret: &str) -> String {
    let host = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
    text.replace("HOST", host).replace("SECRET", secret)
}

/// Runs a command; nothing that it says has a secret in it.
fn run(person: &TestUser, command: &str, about: &str) -> (i32, String) {
    let (code, stdout, stderr) = read(person.vouch(command).env("VOUCH_LOG", "trace"));
    for said in [&stdout, &stderr] {
        assert!(!said.contains(CANARY), "{about}: {command}: {said}");
    }
    (code, stderr)
}

/// No file but those that are the person's own has a secret in it.
fn search(person: &TestUser, own: &Path, about: &str) {
    for (path, _, bytes) in person.files() {
        let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
        assert!(!found || path == own, "{about}: {}", path.display());
    }
}

/// Whether a text is another one with marks where that has secrets, and differs in nothing else.
fn is_blanked(after: &str, text: &str) -> bool {
    let mut rest = text;
    let mut kept = after.split("[redacted]").peekable();
    let Some(Some(first)) = kept.next().map(|head| rest.strip_prefix(head)) else { return false };
    rest = first;
    while let Some(part) = kept.next() {
        let at = if kept.peek().is_none() { rest.strip_suffix(part).map(str::len) } else { rest.find(part) };
        let Some(at) = at.filter(|at| rest[..*at].contains(CANARY)) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

/// What came of one place: whether it could be set up, and whether an undo named something.
fn try_place(tool: &str, file: &str, text: &str, secret: &str) -> (bool, bool) {
    let about = format!("{tool} {text:?}");
    let text = filled(text, secret);
    assert!(text.contains(CANARY), "{about}");
    let person = person();
    let path = person.path("home").join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, &text).unwrap();
    let dry_run = match tool {
        "aws" => setup(tool).replace("--yes", "--dry-run"),
        _ => format!("{} --dry-run", setup(tool)),
    };
    run(&person, &dry_run, &about);
    // One that fails when everything is decided.
    let journal = person.path("home/.vouch/journal.json");
    fs::create_dir(&journal).unwrap();
    assert_ne!(run(&person, &setup(tool), &about).0, 0, "{about}");
    fs::remove_dir(&journal).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "{about}");
    let (code, said) = run(&person, &setup(tool), &about);
    search(&person, &path, &about);
    if code != 0 {
        assert!([2, 7].contains(&code), "{about}: {said}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "{about}");
        return (false, false);
    }
    run(&person, "doctor", &about);
    run(&person, "doctor --json", &about);
    run(&person, "undo --list", &about);
    // What was set up, and broken since.
    let set_up = fs::read_to_string(&path).unwrap();
    for broken in [format!("{set_up}\n= [<{secret}\n"), format!("{{{secret}\n{set_up}")] {
        fs::write(&path, broken).unwrap();
        run(&person, "doctor", &about);
        run(&person, &dry_run, &about);
        run(&person, &dry_run.replace("my-repo", "other-repo"), &about);
        search(&person, &path, &about);
    }
    fs::write(&path, &set_up).unwrap();
    let client = tool.split(' ').next().unwrap();
    assert_eq!(run(&person, &format!("undo {client} --dry-run"), &about).0, 0, "{about}");
    assert_eq!(fs::read_to_string(&path).unwrap(), set_up, "{about}");
    let (code, said) = run(&person, &format!("undo {client}"), &about);
    assert_eq!(code, 0, "{about}: {said}");
    search(&person, &path, &about);
    let after = fs::read_to_string(&path).unwrap();
    let named = said.contains("the journal does not keep the value of");
    match named {
        true => {
            assert!(after.contains("[redacted]") && is_blanked(&after, &text), "{about}: {after:?}: {said}")
        }
        false => assert_eq!(after, text, "{about}: {said}"),
    }
    (true, named)
}

#[test]
fn no_secret_of_a_clients_file_is_said_or_kept() {
    let (mut set_up, mut named, mut failed) = (0, 0, 0);
    for (number, (tool, file, text)) in each(PLACES).enumerate() {
        let secret = FORMS[number % FORMS.len()];
        // All that fail are told, each by its panic.
        match std::panic::catch_unwind(|| try_place(tool, file, text, secret)) {
            Ok((was_set_up, was_named)) => {
                set_up += usize::from(was_set_up);
                named += usize::from(was_named);
            }
            Err(_) => failed += 1,
        }
    }
    assert_eq!(failed, 0);
    // One that setup refuses shows less.
    let places = each(PLACES).count();
    assert!(places > 200 && set_up > 160 && named > 20, "{places} {set_up} {named}");
}

#[test]
fn no_secret_of_a_project_is_said() {
    for (number, (tool, file, text)) in each(PROJECTS).enumerate() {
        let about = format!("{tool} {file} {text:?}");
        let text = filled(text, FORMS[number % FORMS.len()]);
        assert!(text.contains(CANARY), "{about}");
        let person = person();
        let path = person.path("home/here").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
        fs::write(person.path("home/here/package.json"), "{}").unwrap();
        run(&person, &format!("{} --dry-run", setup(tool)), &about);
        run(&person, &setup(tool), &about);
        run(&person, "doctor", &about);
        search(&person, &path, &about);
    }
    assert!(each(PROJECTS).count() > 25);
}
