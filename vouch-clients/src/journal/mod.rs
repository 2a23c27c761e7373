//! What setup did to somebody's files, so that `vouch undo` can take it back: `journal.json` in Vouch's own folder.
//!
//! An entry holds the lines that were written and those that they replaced, secrets blanked, and the digests of the whole
//! file before and after, without its secrets: with the rest of the file known, a digest of one would let it be guessed.

mod digest;
mod draft;
mod entry;
mod line;
mod links;
mod patch;
mod rebase;
mod under_way;
mod undo_plan;
mod way_back;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use vouch_core::hint::VOUCH_UNDO;
use vouch_core::home::Home;
use vouch_core::{Failure, UnixTime};

use crate::record_file::{self, Record};
use crate::text::redact::Dialect;
use digest::digest;
pub use draft::Draft;
pub use entry::{Entry, FormerProfile, Registered};
pub use line::Remark;
pub use links::{Gone, Link, links};
pub use under_way::{begin_undo, recovered_entries, save};
pub use undo_plan::{FileUndo, Way, undo_file};

/// The schema that this version writes.
const VERSION: u64 = 2;

/// How many edits that were taken back are still listed.
const LISTED: usize = 100;

/// Whose edit it is and what else hangs on it.
#[derive(Clone)]
pub struct Author<'a> {
    pub home: &'a Home,
    /// The client that was set up, as the person names it.
    pub client: &'a str,
    /// How the file is written, which tells what is secret in it.
    pub dialect: Dialect,
    pub registration: Option<Registered>,
}

impl fmt::Debug for Author<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Author").field("client", &self.client).finish_non_exhaustive()
    }
}

/// An entry that was written, and what it replaced.
#[derive(Debug)]
pub struct Recorded {
    home: Home,
    entry: Entry,
    replaced: Option<Entry>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Journal {
    #[serde(default)]
    version: u64,
    #[serde(default)]
    entries: Vec<Entry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link>,
    /// What another version wrote.
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// Writes an edit down, before it is made.
pub fn record(
    author: &Author<'_>,
    file: &Path,
    made_folders: &[PathBuf],
    (before, after): (Option<&str>, &str),
) -> Result<Recorded, Failure> {
    let Author { home, client, dialect, registration } = author.clone();
    update(home, |Journal { entries, .. }| {
        let text = before.unwrap_or_default();
        draft::recover(entries, file, text);
        let last = entries.iter_mut().rev().find(|entry| entry.file == file && entry.is_live());
        if let Some(last) = last.filter(|last| last.is_refreshed_by(client, text, registration.as_ref()))
            && let Some(original) = last.original(text)
        {
            let replaced = last.clone();
            last.hunks = patch::hunks(&original, after, dialect);
            last.before = last.before.is_some().then(|| digest(Some(dialect), &original));
            last.after = digest(Some(dialect), after);
            last.dialect = Some(dialect);
            last.at = UnixTime::now();
            return Recorded { home: home.clone(), entry: last.clone(), replaced: Some(replaced) };
        }
        let id = entries.iter().map(|entry| entry.id).max().unwrap_or(0) + 1;
        let entry = Entry {
            id,
            run: this_run().to_owned(),
            at: UnixTime::now(),
            client: client.to_owned(),
            file: file.to_owned(),
            made_folders: made_folders.to_vec(),
            dialect: Some(dialect),
            before: before.map(|text| digest(Some(dialect), text)),
            after: digest(Some(dialect), after),
            open: patch::is_open(text),
            hunks: patch::hunks(text, after, dialect),
            registration,
            reverted_at: None,
            pending: None,
            other: Map::new(),
        };
        entries.push(entry.clone());
        Recorded { home: home.clone(), entry, replaced: None }
    })
}

impl Recorded {
    /// The number of the entry.
    pub fn id(&self) -> u64 {
        self.entry.id
    }

    /// Whether it stands in the journal as it was written. Where an edit below it was taken back since, it does not, and the
    /// text before it is none to go back to.
    pub fn is_as_written(&self) -> Result<bool, Failure> {
        Ok(entries(&self.home)?.contains(&self.entry))
    }

    /// Whether the entry is about this edit alone, not one of before that it brings up to date.
    pub fn is_new(&self) -> bool {
        self.replaced.is_none()
    }

    /// Strikes the entry out again: the edit did not take place.
    pub fn forget(self) -> Result<(), Failure> {
        let Self { home, entry: Entry { id, .. }, replaced } = self;
        update(&home, |Journal { entries, .. }| match replaced {
            Some(replaced) => {
                entries.iter_mut().filter(|entry| entry.id == id).for_each(|entry| *entry = replaced.clone());
            }
            None => entries.retain(|entry| entry.id != id),
        })
    }
}

/// All entries, the oldest first.
pub fn entries(home: &Home) -> Result<Vec<Entry>, Failure> {
    Ok(load(home)?.entries)
}

/// Tells this process from every other one, before and after.
fn this_run() -> &'static str {
    static RUN: OnceLock<String> = OnceLock::new();
    RUN.get_or_init(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        format!("{}-{}", since.as_millis(), std::process::id())
    })
}

impl Record for Journal {
    const NAME: &'static str = "journal";
    const TITLE: &'static str = "the journal of what setup did";
    const VERSION: u64 = VERSION;

    fn without() -> String {
        format!("{VOUCH_UNDO} then knows nothing of what was done before")
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.links.is_empty()
    }
}

fn load(home: &Home) -> Result<Journal, Failure> {
    Ok(record_file::load(home)?)
}

/// Changes the journal under its lock.
fn update<T>(home: &Home, change: impl FnOnce(&mut Journal) -> T) -> Result<T, Failure> {
    let answer = record_file::update(home, |journal: &mut Journal| {
        journal.version = VERSION;
        let answer = change(journal);
        journal.compact();
        Ok(answer)
    });
    Ok(answer?)
}

impl Journal {
    /// Forgets what nobody asks for any more. Of an edit that was taken back `undo --list` tells what it was, and its lines
    /// put nothing back again; of many, the last ones are enough. The newest of all is never among those that go: its number
    /// is never given to another edit while a setup may still hold it.
    fn compact(&mut self) {
        let many = self.entries.iter().filter(|entry| !entry.is_live()).count().saturating_sub(LISTED);
        let mut old = 0;
        self.entries.retain_mut(|entry| {
            if entry.is_live() {
                return true;
            }
            entry.hunks.clear();
            old += 1;
            old > many
        });
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use vouch_core::config::Registration;

    use super::patch::RemainingText;
    use super::undo_plan::{UndoPlan, plan_undo};
    use super::*;

    fn path(home: &Home) -> PathBuf {
        home.path().join("journal.json")
    }

    fn author<'a>(home: &'a Home, registered: bool) -> Author<'a> {
        let registration: Registration = serde_json::from_value(serde_json::json!({
            "tool": "npm", "repository": "my-repo", "profile": "default", "endpoint": "https://x/"
        }))
        .unwrap();
        let registration = Registered {
            before: registered.then(|| registration.clone()),
            after: registration,
            profile: None,
            other: Map::new(),
        };
        Author { home, client: "npm", dialect: Dialect::NpmIni, registration: Some(registration) }
    }

    fn recorded(home: &Home, registered: bool, before: Option<&str>, after: &str) -> Recorded {
        record(&author(home, registered), Path::new("/f"), &[], (before, after)).unwrap()
    }

    #[test]
    fn a_refresh_updates_its_entry_and_the_way_back_stays_exact() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        let _ = recorded(&home, false, Some("a\n"), "a\ntoken=first\n");
        let refresh = recorded(&home, true, Some("a\ntoken=first\n"), "a\ntoken=second\n");
        let all = entries(&home).unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(plan_undo(&all[0], &[], Some("a\ntoken=second\n")).0, UndoPlan::Exact(Some("a\n".into())));
        let text = fs::read_to_string(path(&home)).unwrap();
        assert!(!text.contains("first") && !text.contains("second"), "{text}");
        // A refresh that fails leaves the entry as it was.
        refresh.forget().unwrap();
        assert_eq!(
            plan_undo(&entries(&home).unwrap()[0], &[], Some("a\ntoken=first\n")).0,
            UndoPlan::Exact(Some("a\n".into()))
        );
    }

    #[test]
    fn ways_back() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        let made = recorded(&home, false, None, "ours=1\n");
        let entry = entries(&home).unwrap().remove(0);
        assert_eq!(plan_undo(&entry, &[], Some("ours=1\n")).0, UndoPlan::Exact(None));
        assert_eq!(plan_undo(&entry, &[], None).0, UndoPlan::Nothing);
        assert_eq!(plan_undo(&entry, &[], Some("\nours=1\n")).0, UndoPlan::EditedAway);
        let kept = RemainingText { text: "mine=1\n".into(), remarks: Vec::new() };
        assert_eq!(plan_undo(&entry, &[], Some("mine=1\nours=1\n")).0, UndoPlan::Edited(kept));
        made.forget().unwrap();
        assert!(!path(&home).exists());
    }

    #[test]
    fn what_another_version_wrote_survives() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        let _ = recorded(&home, false, None, "ours=1\n");
        Link::new("pip", Path::new("/bin/keyring"), Path::new("/p")).record(&home).unwrap();
        let mut journal: Value = serde_json::from_str(&fs::read_to_string(path(&home)).unwrap()).unwrap();
        let places =
            ["", "/entries/0", "/entries/0/registration", "/entries/0/registration/after", "/links/0"];
        for place in places {
            journal.pointer_mut(place).unwrap()["later"] = "1e400".into();
        }
        let text = journal.to_string().replace("\"1e400\"", "1e400");
        fs::write(path(&home), text).unwrap();
        let _ = recorded(&home, false, Some("ours=1\n"), "ours=1\nmore=1\n");
        let text = fs::read_to_string(path(&home)).unwrap();
        assert_eq!(text.matches("\"later\": 1e400").count(), places.len(), "{text}");
    }

    #[test]
    fn a_journal_of_version_1_is_read_and_written_as_the_present_one() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        home.create().unwrap();
        let (before, after) = ("a=1\nc=1\n", "a=1\nb=1\n//h/:_authToken=x\n");
        let entry = |after: &str, removed: Value| {
            let added = serde_json::json!(["b=1\n", { "blanked": "//h/:_authToken=[redacted]\n" }]);
            serde_json::json!({
                "id": 1, "run": "r", "at": UnixTime(7), "client": "npm", "file": "/f", "before": digest(None, before),
                "after": digest(None, after), "hunks": [{ "at": 1, "removed": [removed], "added": added }],
            })
        };
        let text = serde_json::json!({ "version": 1, "entries": [entry(after, "c=1\n".into())] });
        fs::write(path(&home), text.to_string()).unwrap();
        let [known] = entries(&home).unwrap().try_into().unwrap();
        assert_eq!(plan_undo(&known, &[], Some(after)).0, UndoPlan::Exact(Some(before.into())));
        let _ = recorded(&home, false, None, "ours=1\n");
        assert_eq!(entries(&home).unwrap()[0], known);
        assert!(fs::read_to_string(path(&home)).unwrap().contains("\"version\": 2"));
        // The name of before for when it was reverted.
        let mut reverted = entry(after, "c=1\n".into());
        reverted["taken_back_at"] = serde_json::json!(UnixTime(8));
        let reverted: Entry = serde_json::from_value(reverted).unwrap();
        assert_eq!(reverted.reverted_at, Some(UnixTime(8)));
        assert!(!reverted.is_live() && known.is_live());
        // What that version did not keep is lost, as it was.
        let lost = entry(after, serde_json::json!({ "blanked": "c=[redacted]\n" }));
        let lost: Entry = serde_json::from_value(lost).unwrap();
        let UndoPlan::Edited(taken) = plan_undo(&lost, &[], Some(after)).0 else { panic!() };
        assert_eq!(
            (taken.text.as_str(), taken.remarks),
            ("a=1\n", vec![Remark::Lost("c=[redacted]".into())])
        );
    }

    #[test]
    fn what_was_taken_back_long_ago_is_forgotten_and_no_number_comes_twice() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        let first = recorded(&home, false, Some("a=1\n"), "a=1\nb=1\n").id();
        for _ in 0..LISTED + 20 {
            let id = recorded(&home, false, Some("a=1\n"), "a=1\nours=1\n").id();
            let mut draft = Draft::of(entries(&home).unwrap());
            draft.mark_reverted(id);
            save(&home, draft.changes()).unwrap();
        }
        let known = entries(&home).unwrap();
        assert_eq!((known.len(), known[0].id, known[0].is_live()), (LISTED + 1, first, true));
        let last = known.last().unwrap();
        assert_eq!(last.id, first + LISTED as u64 + 20);
        assert!(last.hunks.is_empty() && !known[0].hunks.is_empty() && last.registration.is_some());
        assert_eq!(recorded(&home, false, Some("a=1\n"), "a=1\nours=1\n").id(), last.id + 1);
    }

    #[test]
    fn a_journal_that_cannot_be_read_is_an_error_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        home.create().unwrap();
        for text in ["{ oops", "{\"version\": 99, \"entries\": []}"] {
            fs::write(path(&home), text).unwrap();
            assert!(entries(&home).is_err());
            let failed = record(&author(&home, false), Path::new("/f"), &[], (None, "x")).unwrap_err();
            assert!(failed.hint.is_some());
            assert_eq!(fs::read_to_string(path(&home)).unwrap(), text);
        }
    }
}
