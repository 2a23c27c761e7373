use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use vouch_core::UnixTime;

use super::*;
use crate::file_lock::{FileLock, Readers};
use crate::journal::{Author, Registered};
use crate::ledger::NewToken;
use crate::node::npm::{BareValue, Npmrc};
use crate::text::redact::Dialect;

const KEY: &str = "//h.example/npm/repo/:_authToken";

struct TestHome {
    _dir: tempfile::TempDir,
    home: Home,
    file: PathBuf,
}

impl TestHome {
    fn new(before: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        let file = dunce::canonicalize(dir.path()).unwrap().join(".npmrc");
        fs::write(&file, before).unwrap();
        Self { _dir: dir, home, file }
    }

    fn registration(&self, tool: &str, repository: &str) -> Registration {
        serde_json::from_value(json!({
            "tool": tool, "repository": repository, "profile": "default", "file": self.file,
            "endpoint": format!("https://h.example/npm/{repository}/")
        }))
        .unwrap()
    }

    /// As setup does it: the file, the journal, the configuration.
    fn set_up(&self, registration: &Registration) {
        let file = LockedFile::open(&self.home, &self.file).unwrap();
        let mut npmrc = Npmrc::parse(file.existing_text().unwrap_or_default().as_bytes());
        npmrc.set("registry", BareValue::new(&registration.endpoint).unwrap());
        let text = String::from_utf8(npmrc.to_bytes()).unwrap();
        let registered = Registered {
            before: None,
            after: registration.clone(),
            profile: None,
            other: serde_json::Map::new(),
        };
        let author = Author {
            home: &self.home,
            client: &registration.tool,
            dialect: Dialect::NpmIni,
            registration: Some(registered),
        };
        drop(file.write(&text, &author).unwrap());
        self.register(registration);
    }

    fn register(&self, registration: &Registration) {
        Config::update(&self.home, |config| {
            config.codeartifact.registrations.push(registration.clone());
            Ok::<_, Failure>(())
        })
        .unwrap();
    }

    /// As a refresh does it.
    fn write_token(&self, key: &str, value: &str) {
        let lock = FileLock::acquire(&self.home, &self.file).unwrap();
        let mut npmrc = Npmrc::parse(&lock.read().unwrap().unwrap_or_default());
        npmrc.set(key, BareValue::new(value).unwrap());
        let token = NewToken { key, value, expires_at: UnixTime(7) };
        lock.write(&npmrc.to_bytes(), Readers::Owner, &[token]).unwrap();
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.file).unwrap()
    }

    fn remove(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        Undo::begin(&self.home).unwrap().registrations(|_| true, &mut notes).unwrap();
        assert!(Config::load(&self.home).unwrap().codeartifact.registrations.is_empty());
        notes
    }

    fn undo(&self, client: &str) -> Vec<Note> {
        let entries = journal::entries(&self.home).unwrap();
        let mut live = entries.iter().rev().filter(|entry| entry.is_live() && entry.client == client);
        Undo::begin(&self.home).unwrap().entry(live.next().unwrap().id).unwrap()
    }
}

#[test]
fn every_line_that_was_replaced_comes_back_whatever_it_says() {
    for before in [
        "registry=${MY_REGISTRY}\n",
        "registry=https://registry.example.com/\nsave-exact=true",
        "; mine\r\nregistry = \"https://registry.example.com/\" ; as ever\r\n",
        "a=1\n",
        "",
    ] {
        let test_home = TestHome::new(before);
        test_home.set_up(&test_home.registration("npm", "repo"));
        test_home.write_token(KEY, "TOKEN");
        let said = test_home.remove();
        assert!(matches!(&said[0], Note::Done(text) if text.contains("as it was before setup")), "{said:?}");
        assert_eq!(test_home.text(), before);
        assert_eq!(Ledger::load(&test_home.home).unwrap().files().count(), 0);
    }
}

#[test]
fn tokens_that_come_and_go_are_no_edit_of_the_file() {
    let test_home = TestHome::new("a=1\n");
    let (npm, bun) = (test_home.registration("npm", "repo"), test_home.registration("bun", "other"));
    test_home.set_up(&npm);
    test_home.write_token(KEY, "TOKEN");
    test_home.set_up(&bun);
    test_home.write_token(KEY, "NEWER");
    test_home.write_token("//h.example/npm/other/:_authToken", "OTHER");
    let said = test_home.undo("bun");
    assert!(
        matches!(&said[0], Note::Done(text) if text.contains("as it was before the setup of bun")),
        "{said:?}"
    );
    // The token of the registration that is left still serves, and the other one is gone.
    assert_eq!(test_home.text(), format!("a=1\nregistry={}\n{KEY}=NEWER\n", npm.endpoint));
    test_home.undo("npm");
    assert_eq!(test_home.text(), "a=1\n");
}

#[cfg(unix)]
#[test]
fn a_token_that_is_registered_under_another_name_of_the_file_stays() {
    let test_home = TestHome::new("a=1\n");
    let npm = test_home.registration("npm", "repo");
    test_home.set_up(&npm);
    test_home.write_token(KEY, "TOKEN");
    let link = test_home.file.with_file_name("link");
    std::os::unix::fs::symlink(&test_home.file, &link).unwrap();
    test_home.register(&Registration { tool: "bun".into(), file: Some(link), ..npm });
    test_home.undo("npm");
    assert_eq!(test_home.text(), format!("a=1\n{KEY}=TOKEN\n"));
}

#[test]
fn a_token_of_somebody_else_stays() {
    let test_home = TestHome::new("a=1\n");
    test_home.set_up(&test_home.registration("npm", "repo"));
    test_home.write_token(KEY, "TOKEN");
    fs::write(&test_home.file, test_home.text().replace("TOKEN", "theirs")).unwrap();
    test_home.remove();
    assert_eq!(test_home.text(), format!("a=1\n{KEY}=theirs\n"));
}

#[test]
fn lines_that_were_left_to_another_tool_go_with_its_registration() {
    let test_home = TestHome::new("a=1\n");
    let (npm, bun) = (test_home.registration("npm", "repo"), test_home.registration("bun", "repo"));
    test_home.set_up(&npm);
    test_home.set_up(&bun);
    let said = test_home.undo("npm");
    assert!(matches!(&said[0], Note::Done(text) if text.contains("bun needs them")), "{said:?}");
    test_home.remove();
    assert_eq!(test_home.text(), "a=1\n");
    assert!(journal::entries(&test_home.home).unwrap().iter().all(|entry| !entry.is_live()));
}

#[test]
fn no_lines_are_left_to_a_tool_whose_registration_is_gone() {
    let test_home = TestHome::new("a=1\n");
    test_home.set_up(&test_home.registration("npm", "repo"));
    test_home.set_up(&test_home.registration("bun", "repo"));
    // As a killed undo or setup leaves it.
    let lock = ConfigLock::acquire(&test_home.home).unwrap();
    let mut config = lock.load().unwrap();
    config.codeartifact.registrations.retain(|known| known.tool != "bun");
    lock.save(&config).unwrap();
    drop(lock);
    let said = test_home.undo("npm");
    assert!(!said.iter().any(|note| matches!(note, Note::Done(text) if text.contains("bun"))), "{said:?}");
    assert_eq!(test_home.text(), "a=1\n");
    let live = journal::entries(&test_home.home).unwrap().into_iter().find(Entry::is_live).unwrap();
    let _ = Undo::begin(&test_home.home).unwrap().entry(live.id).unwrap();
    assert_eq!(test_home.text(), "a=1\n");
    assert!(journal::entries(&test_home.home).unwrap().iter().all(|entry| !entry.is_live()));
}

#[test]
fn an_undo_that_is_done_is_not_done_again() {
    let test_home = TestHome::new("a=1\n");
    test_home.set_up(&test_home.registration("npm", "repo"));
    let id = journal::entries(&test_home.home).unwrap()[0].id;
    let undo = Undo::begin(&test_home.home).unwrap();
    assert!(!undo.entry(id).unwrap().is_empty());
    assert_eq!(undo.entry(id).unwrap(), []);
    assert_eq!(undo.entry(99).unwrap(), []);
}

#[test]
fn an_undo_that_was_cut_short_before_the_configuration_is_run_again() {
    let test_home = TestHome::new("a=1\n");
    test_home.set_up(&test_home.registration("npm", "repo"));
    test_home.write_token(KEY, "TOKEN");
    let before = test_home.text();
    let config = test_home.home.config_file();
    let set_up = fs::read(&config).unwrap();
    fs::create_dir(test_home.home.path().join(".config.json.vouch-new")).unwrap();
    let id = journal::entries(&test_home.home).unwrap()[0].id;
    assert!(Undo::begin(&test_home.home).unwrap().entry(id).is_err());
    // As it was, and the ledger still knows the token.
    assert_eq!((test_home.text(), fs::read(&config).unwrap()), (before, set_up));
    assert!(Ledger::load(&test_home.home).unwrap().is_ours(&test_home.file, "TOKEN"));
    fs::remove_dir(test_home.home.path().join(".config.json.vouch-new")).unwrap();
    let said = Undo::begin(&test_home.home).unwrap().entry(id).unwrap();
    assert!(said.iter().any(|note| matches!(note, Note::Done(text) if text.contains("no longer receives"))));
    assert!(Config::load(&test_home.home).unwrap().codeartifact.registrations.is_empty());
}

#[test]
fn what_an_earlier_version_recorded_serves_where_the_journal_knows_nothing() {
    let lines = |registry: &str| {
        format!("a=1\nregistry={registry}\n//h.example/npm/repo/:tokenHelper=/x/npm-token-vouch-p\n")
    };
    for (replaced, after) in [
        (json!("https://registry.example.com/"), "a=1\nregistry=https://registry.example.com/\n"),
        (json!(null), "a=1\n"),
        (json!("${MY_REGISTRY}"), "a=1\n"),
    ] {
        let test_home = TestHome::new(&lines("https://h.example/npm/repo/"));
        let mut known = test_home.registration("pnpm", "repo");
        known.other.insert("replaced".into(), replaced);
        test_home.register(&known);
        test_home.remove();
        assert_eq!(test_home.text(), after);
    }
    // A line that leads elsewhere by now is theirs, and so is a helper.
    let theirs = lines("https://else.example/").replace("npm-token-vouch-p", "their-helper");
    let test_home = TestHome::new(&theirs);
    test_home.register(&test_home.registration("pnpm", "repo"));
    test_home.remove();
    assert_eq!(test_home.text(), theirs);
}

#[test]
fn the_token_of_an_earlier_version_goes_with_its_registration_and_stays_private_until_then() {
    let test_home = TestHome::new("");
    test_home.register(&test_home.registration("npm", "repo"));
    test_home.write_token(KEY, "TOKEN");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        assert_eq!(test_home.file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    test_home.remove();
    assert_eq!(test_home.text(), "");
    assert!(!Path::new(&test_home.home.path().join("ledger.json")).exists());
}

#[test]
fn a_file_that_cannot_be_written_keeps_no_other_one_from_it() {
    let test_home = TestHome::new("a=1\n");
    test_home.set_up(&test_home.registration("npm", "repo"));
    let other = test_home.file.with_file_name("other");
    fs::write(&other, "b=1\n").unwrap();
    let second =
        TestHome { file: other.clone(), home: test_home.home.clone(), _dir: tempfile::tempdir().unwrap() };
    let registration = Registration { file: Some(other.clone()), ..second.registration("bun", "other") };
    second.set_up(&registration);
    let set_up = second.text();
    let writable = other.metadata().unwrap().permissions();
    let mut readonly = writable.clone();
    readonly.set_readonly(true);
    fs::set_permissions(&other, readonly).unwrap();
    let ids: Vec<u64> =
        journal::entries(&test_home.home).unwrap().iter().rev().map(|entry| entry.id).collect();
    let undo = Undo::begin(&test_home.home).unwrap();
    let (notes, failures) = undo.entries(&ids);
    assert!(failures.len() == 1 && failures[0].message.contains("read-only"), "{failures:?}");
    assert!(matches!(&notes[0], Note::Done(text) if text.contains("as it was before setup")), "{notes:?}");
    assert_eq!((test_home.text(), second.text()), ("a=1\n".into(), set_up));
    assert_eq!(Config::load(&test_home.home).unwrap().codeartifact.registrations, [registration]);
    // Once it can be written, it goes, too.
    fs::set_permissions(&other, writable).unwrap();
    assert!(undo.entries(&ids).1.is_empty());
    assert_eq!(second.text(), "b=1\n");
    assert!(Config::load(&test_home.home).unwrap().codeartifact.registrations.is_empty());
}

#[test]
fn many_registrations_of_two_tools_in_one_file_are_taken_back_as_one() {
    let test_home = TestHome::new("a=1\n");
    let tool = |number: usize| if number.is_multiple_of(3) { "bun" } else { "npm" };
    for number in 0..12 {
        test_home.set_up(&test_home.registration(tool(number), &format!("repo-{number}")));
        test_home
            .write_token(&format!("//h.example/npm/repo-{number}/:_authToken"), &format!("TOKEN{number}"));
    }
    let of = |wanted: &str| -> Vec<u64> {
        let entries = journal::entries(&test_home.home).unwrap();
        let live = entries.iter().rev().filter(|entry| entry.is_live() && entry.client == wanted);
        live.map(|entry| entry.id).collect()
    };
    let undo = Undo::begin(&test_home.home).unwrap();
    let (notes, failures) = undo.entries(&of("npm"));
    assert!(failures.is_empty() && !notes.iter().any(|note| matches!(note, Note::Warning(_))), "{notes:?}");
    let text = test_home.text();
    let tokens: Vec<_> = (0..12).filter(|number| text.contains(&format!("=TOKEN{number}\n"))).collect();
    assert_eq!(tokens, [0, 3, 6, 9], "{text}");
    let left = Config::load(&test_home.home).unwrap().codeartifact.registrations;
    assert!(left.len() == 4 && left.iter().all(|known| known.tool == "bun"));
    let (_, failures) = undo.entries(&of("bun"));
    assert!(failures.is_empty());
    assert_eq!(test_home.text(), "a=1\n");
    assert!(Config::load(&test_home.home).unwrap().codeartifact.registrations.is_empty());
}
