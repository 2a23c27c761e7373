use std::path::Path;

use proptest::prelude::*;
use vouch_core::UnixTime;

use super::super::digest::{READ, digest};
use super::super::draft::recover;
use super::super::entry::Pending;
use super::*;
use crate::text::redact::Dialect;

const DIALECT: Dialect = Dialect::NpmIni;

/// Edits as setup records them, one for each text but the first.
fn chain(texts: &[Option<String>]) -> Vec<Entry> {
    let entry = |(id, texts): (usize, &[Option<String>])| {
        let (before, after) = (texts[0].as_deref(), texts[1].as_deref().unwrap());
        let text = before.unwrap_or_default();
        Entry {
            id: id as u64,
            run: "run".into(),
            at: UnixTime(0),
            client: "npm".into(),
            file: "/f".into(),
            made_folders: if before.is_none() { vec!["/d".into()] } else { Vec::new() },
            dialect: Some(DIALECT),
            before: before.map(|text| digest(Some(DIALECT), text)),
            after: digest(Some(DIALECT), after),
            open: patch::is_open(text),
            hunks: patch::hunks(text, after, DIALECT),
            registration: None,
            reverted_at: None,
            pending: None,
            other: serde_json::Map::new(),
        }
    };
    texts.windows(2).enumerate().map(entry).collect()
}

/// A file to which each setup adds a scope.
fn scopes(start: Option<&str>, count: usize) -> Vec<Option<String>> {
    let mut text = start.unwrap_or_default().to_owned();
    let added = (0..count).map(|number| {
        text.push_str(&format!("@r{number}:registry=https://h/{number}/\n//h/{number}/:x=1\n"));
        Some(text.clone())
    });
    std::iter::once(start.map(str::to_owned)).chain(added).collect()
}

/// How many times a whole text is taken apart.
fn reads<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = READ.get();
    let done = work();
    (READ.get() - before, done)
}

fn all(entries: &[Entry]) -> BTreeSet<u64> {
    entries.iter().map(|entry| entry.id).collect()
}

#[test]
fn a_file_is_read_as_often_for_many_edits_as_for_few() {
    let taken = |count: usize| {
        let texts = scopes(Some("mine=1\n"), count);
        let entries = chain(&texts);
        let now = texts.last().unwrap().as_deref();
        let (taken, undo) = reads(|| undo_file(&entries, &all(&entries), now));
        assert_eq!(undo.text, texts[0]);
        assert!(undo.ways.len() == count && undo.ways.values().all(|way| *way == Way::Exact));
        taken
    };
    assert_eq!(taken(10), taken(200));
    assert!(taken(200) < 5, "{}", taken(200));
}

#[test]
fn the_file_goes_with_the_last_edit_that_stays() {
    let texts = scopes(None, 20);
    let entries = chain(&texts);
    let gone = all(&entries).into_iter().filter(|id| id % 2 == 0).collect();
    let undo = undo_file(&entries, &gone, texts.last().unwrap().as_deref());
    let text = undo.text.clone().unwrap();
    assert!(text.starts_with("@r1:") && !text.contains("@r2:"), "{text}");
    assert!(undo.ways.values().all(|way| *way == Way::Between));
    let stays = left(entries, &undo);
    let rest = undo_file(&stays, &all(&stays), Some(&text));
    assert_eq!((rest.text, rest.made_folders), (None, vec!["/d".into()]));
}

#[test]
fn where_a_user_edited_the_file_it_is_read_as_often_for_many_edits_as_for_few() {
    let texts = scopes(Some("mine=1\n"), 50);
    let entries = chain(&texts);
    let edited = format!("{}# by hand\n", texts[50].as_deref().unwrap());
    let (taken, undo) = reads(|| undo_file(&entries, &all(&entries), Some(&edited)));
    assert_eq!(undo.text.as_deref(), Some("mine=1\n# by hand\n"));
    assert!(undo.ways.values().all(|way| *way == Way::Edited(Vec::new())));
    assert!(taken < 5, "{taken}");
}

#[test]
fn an_edit_by_hand_between_two_setups_keeps_the_later_ones_exact() {
    let mut texts = scopes(Some("mine=1\n"), 3);
    let by_hand = texts[3].as_deref().unwrap().replace("mine=1", "mine=2");
    let before = chain(&texts);
    texts = scopes(Some(&by_hand), 3);
    let mut entries = before;
    entries.extend(chain(&texts).into_iter().map(|entry| Entry { id: entry.id + 3, ..entry }));
    let undo = undo_file(&entries, &all(&entries), texts[3].as_deref());
    let is_exact = |id: &u64| undo.ways[id] == Way::Exact;
    assert!([3, 4, 5].iter().all(is_exact) && ![0, 1, 2].iter().any(is_exact), "{:?}", undo.ways);
    assert!(undo.text.unwrap().starts_with("mine=2"));
}

#[test]
fn a_digest_that_lies_is_not_followed() {
    let texts = scopes(Some("mine=1\n"), 4);
    let mut entries = chain(&texts);
    entries[0].before = Some(digest(Some(DIALECT), "other=1\n"));
    let undo = undo_file(&entries, &all(&entries), texts[4].as_deref());
    assert_eq!(undo.text.as_deref(), Some("mine=1\n"));
    let is_exact = |id: &u64| undo.ways[id] == Way::Exact;
    assert!([1, 2, 3].iter().all(is_exact) && !is_exact(&0), "{:?}", undo.ways);
}

#[test]
fn who_is_killed_behind_the_file_takes_nothing_back_twice() {
    let texts = scopes(Some("mine=1\n"), 6);
    let now = texts[6].clone().unwrap();
    for (gone, by_hand) in [(vec![0, 2, 5], ""), (vec![3, 4, 5], ""), (vec![0, 1, 5], "# by hand\n")] {
        let gone: BTreeSet<u64> = gone.into_iter().collect();
        let entries = chain(&texts);
        let now = format!("{now}{by_hand}");
        let undo = undo_file(&entries, &gone, Some(&now));
        let text = undo.text.clone().unwrap();
        let mut killed = entries.clone();
        let after = digest(Some(DIALECT), &text);
        killed[*gone.first().unwrap() as usize].pending =
            Some(Pending { after, later: undo.edits, gone: undo.gone });
        recover(&mut killed, Path::new("/f"), &text);
        let again = undo_file(&killed, &gone, Some(&text));
        assert_eq!(again.text.as_deref(), Some(text.as_str()), "{gone:?}");
        assert!(again.ways.values().all(|way| way.remarks().is_empty()), "{:?}", again.ways);
        // Those that stay can go as if nothing had been.
        let mut rest = killed.clone();
        for edit in again.edits {
            let place = rest.iter().position(|entry| entry.id == edit.id).unwrap();
            rest[place] = edit;
        }
        rest.retain(|entry| !gone.contains(&entry.id));
        let rest = undo_file(&rest, &all(&rest), Some(&text));
        assert_eq!(rest.text.unwrap(), format!("mine=1\n{by_hand}"), "{gone:?}");
    }
}

#[test]
fn an_edit_goes_from_between_two_others_and_these_go_later() {
    for by_hand in ["", "hand=1\n"] {
        let texts =
            ["a=0\n", "a=0\nd0=1\nc0=1\n", "a=0\nd0=1\nd1=1\nc1=1\n", "a=0\nd2=1\nc2=1\nd1=1\nc1=1\n"]
                .map(|text| Some(text.to_owned()));
        let entries = chain(&texts);
        let now = format!("{}{by_hand}", texts[3].as_deref().unwrap());
        let between = undo_file(&entries, &BTreeSet::from([1]), Some(&now));
        let text = between.text.clone().unwrap();
        assert_eq!(text, format!("a=0\nd2=1\nc2=1\nc0=1\n{by_hand}"));
        let rest = left(entries, &between);
        for order in [[2, 0], [0, 2]] {
            let mut rest = rest.clone();
            let mut text = text.clone();
            for id in order {
                let undo = undo_file(&rest, &BTreeSet::from([id]), Some(&text));
                text = undo.text.clone().unwrap();
                rest = left(rest, &undo);
            }
            assert_eq!(text, format!("a=0\n{by_hand}"), "{order:?}");
        }
        let both = undo_file(&rest, &all(&rest), Some(&text));
        assert_eq!(both.text.unwrap(), format!("a=0\n{by_hand}"));
    }
}

/// The entries that are left by an undo.
fn left(mut entries: Vec<Entry>, undo: &FileUndo) -> Vec<Entry> {
    for edit in &undo.edits {
        let place = entries.iter().position(|entry| entry.id == edit.id).unwrap();
        entries[place] = edit.clone();
    }
    entries.retain(|entry| !undo.ways.contains_key(&entry.id));
    entries
}

proptest! {
    #[test]
    fn many_at_once_are_as_many_one_by_one(
        start in "([ab]=[01]\n){0,4}([ab]=[01])?",
        edits in proptest::collection::vec((0usize..6, 0usize..3, any::<bool>()), 1..5),
        by_hand in prop_oneof![Just(""), Just("hand=1\n")],
    ) {
        let mut texts = vec![Some(start)];
        let mut gone = BTreeSet::new();
        for (number, (at, replaced, goes)) in edits.into_iter().enumerate() {
            let text = texts.last().unwrap().as_deref().unwrap();
            let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
            if let Some(last) = lines.last_mut() && !last.ends_with('\n') {
                last.push('\n');
            }
            let at = at.min(lines.len());
            let end = (at + replaced).min(lines.len());
            lines.splice(at..end, [format!("registry={number}\n"), format!("c{number}=1\n")]);
            texts.push(Some(lines.concat()));
            if goes {
                gone.insert(number as u64);
            }
        }
        let now = format!("{}{by_hand}", texts.last().unwrap().as_deref().unwrap());
        let entries = chain(&texts);
        let together = undo_file(&entries, &gone, Some(&now));
        let mut by_one = entries.clone();
        let mut text = Some(now);
        for id in gone.iter().rev() {
            let undo = undo_file(&by_one, &BTreeSet::from([*id]), text.as_deref());
            text = undo.text.clone();
            by_one = left(by_one, &undo);
        }
        // Where a line that comes back stands beside one that stays, either may be the first.
        let lines = |text: &Option<String>| {
            let mut lines: Vec<String> = text.iter().flat_map(|text| text.lines()).map(str::to_owned).collect();
            lines.sort();
            lines
        };
        prop_assert_eq!(lines(&together.text), lines(&text));
    }
}
