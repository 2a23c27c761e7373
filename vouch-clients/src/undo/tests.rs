use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::json;
use vouch_core::UnixTime;

use super::*;
use crate::file_lock::{FileLock, Readers};
use crate::journal::Author;
use crate::ledger::NewToken;

const KEY: &str = "//h.example/npm/repo/:_authToken";

struct Bed {
    _dir: tempfile::TempDir,
    home: Home,
    file: PathBuf,
}

impl Bed {
    fn new(before: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        let file = dir.path().canonicalize().unwrap().join(".npmrc");
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
        let registered = Registered { before: None, after: registration.clone() };
        let author = Author {
            home: &self.home,
            client: &registration.tool,
            blank: &str::to_owned,
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
        let bed = Bed::new(before);
        bed.set_up(&bed.registration("npm", "repo"));
        bed.write_token(KEY, "TOKEN");
        let said = bed.remove();
        assert!(matches!(&said[0], Note::Done(text) if text.contains("as it was before setup")), "{said:?}");
        assert_eq!(bed.text(), before);
        assert_eq!(Ledger::load(&bed.home).unwrap().files().count(), 0);
    }
}

#[test]
fn tokens_that_come_and_go_are_no_edit_of_the_file() {
    let bed = Bed::new("a=1\n");
    let (npm, bun) = (bed.registration("npm", "repo"), bed.registration("bun", "other"));
    bed.set_up(&npm);
    bed.write_token(KEY, "TOKEN");
    bed.set_up(&bun);
    bed.write_token(KEY, "NEWER");
    bed.write_token("//h.example/npm/other/:_authToken", "OTHER");
    let said = bed.undo("bun");
    assert!(matches!(&said[0], Note::Done(text) if text.contains("as it was before setup")), "{said:?}");
    // The token of the registration that is left still serves, and the other one is gone.
    assert_eq!(bed.text(), format!("a=1\nregistry={}\n{KEY}=NEWER\n", npm.endpoint));
    bed.undo("npm");
    assert_eq!(bed.text(), "a=1\n");
}

#[test]
fn a_token_that_is_registered_under_another_name_of_the_file_stays() {
    let bed = Bed::new("a=1\n");
    let npm = bed.registration("npm", "repo");
    bed.set_up(&npm);
    bed.write_token(KEY, "TOKEN");
    let link = bed.file.with_file_name("link");
    std::os::unix::fs::symlink(&bed.file, &link).unwrap();
    bed.register(&Registration { tool: "bun".into(), file: Some(link), ..npm });
    bed.undo("npm");
    assert_eq!(bed.text(), format!("a=1\n{KEY}=TOKEN\n"));
}

#[test]
fn a_token_of_somebody_else_stays() {
    let bed = Bed::new("a=1\n");
    bed.set_up(&bed.registration("npm", "repo"));
    bed.write_token(KEY, "TOKEN");
    fs::write(&bed.file, bed.text().replace("TOKEN", "theirs")).unwrap();
    bed.remove();
    assert_eq!(bed.text(), format!("a=1\n{KEY}=theirs\n"));
}

#[test]
fn lines_that_were_left_to_another_tool_go_with_its_registration() {
    let bed = Bed::new("a=1\n");
    let (npm, bun) = (bed.registration("npm", "repo"), bed.registration("bun", "repo"));
    bed.set_up(&npm);
    bed.set_up(&bun);
    let said = bed.undo("npm");
    assert!(matches!(&said[0], Note::Done(text) if text.contains("bun needs them")), "{said:?}");
    bed.remove();
    assert_eq!(bed.text(), "a=1\n");
    assert!(journal::entries(&bed.home).unwrap().iter().all(|entry| !entry.is_live()));
}

#[test]
fn an_undo_that_is_done_is_not_done_again() {
    let bed = Bed::new("a=1\n");
    bed.set_up(&bed.registration("npm", "repo"));
    let id = journal::entries(&bed.home).unwrap()[0].id;
    let undo = Undo::begin(&bed.home).unwrap();
    assert!(!undo.entry(id).unwrap().is_empty());
    assert_eq!(undo.entry(id).unwrap(), []);
    assert_eq!(undo.entry(99).unwrap(), []);
}

#[test]
fn an_undo_that_was_cut_short_before_the_configuration_is_run_again() {
    let bed = Bed::new("a=1\n");
    bed.set_up(&bed.registration("npm", "repo"));
    bed.write_token(KEY, "TOKEN");
    let before = bed.text();
    let config = bed.home.config_file();
    let set_up = fs::read(&config).unwrap();
    fs::create_dir(bed.home.path().join(".config.json.vouch-new")).unwrap();
    let id = journal::entries(&bed.home).unwrap()[0].id;
    assert!(Undo::begin(&bed.home).unwrap().entry(id).is_err());
    // As it was, and the ledger still knows the token.
    assert_eq!((bed.text(), fs::read(&config).unwrap()), (before, set_up));
    assert!(Ledger::load(&bed.home).unwrap().is_ours(&bed.file, "TOKEN"));
    fs::remove_dir(bed.home.path().join(".config.json.vouch-new")).unwrap();
    let said = Undo::begin(&bed.home).unwrap().entry(id).unwrap();
    assert!(said.iter().any(|note| matches!(note, Note::Done(text) if text.contains("no longer receives"))));
    assert!(Config::load(&bed.home).unwrap().codeartifact.registrations.is_empty());
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
        let bed = Bed::new(&lines("https://h.example/npm/repo/"));
        let mut known = bed.registration("pnpm", "repo");
        known.other.insert("replaced".into(), replaced);
        bed.register(&known);
        bed.remove();
        assert_eq!(bed.text(), after);
    }
    // A line that leads elsewhere by now is theirs, and so is a helper.
    let theirs = lines("https://else.example/").replace("npm-token-vouch-p", "their-helper");
    let bed = Bed::new(&theirs);
    bed.register(&bed.registration("pnpm", "repo"));
    bed.remove();
    assert_eq!(bed.text(), theirs);
}

#[test]
fn the_token_of_an_earlier_version_goes_with_its_registration_and_stays_private_until_then() {
    let bed = Bed::new("");
    bed.register(&bed.registration("npm", "repo"));
    bed.write_token(KEY, "TOKEN");
    assert_eq!(bed.file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    bed.remove();
    assert_eq!(bed.text(), "");
    assert!(!Path::new(&bed.home.path().join("ledger.json")).exists());
}
