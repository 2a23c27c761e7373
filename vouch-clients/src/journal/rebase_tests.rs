use std::path::Path;

use proptest::prelude::*;
use vouch_core::UnixTime;
use vouch_core::config::Registration;

use super::super::digest::digest;
use super::super::draft::{mark_reverted, recover};
use super::super::entry::{Pending, Registered};
use super::super::line::Remark;
use super::super::this_run;
use super::super::undo_plan::plan_undo;
use super::*;
use crate::text::redact::Dialect;

/// An edit as setup records it.
fn entry(id: u64, before: Option<&str>, after: &str) -> Entry {
    let text = before.unwrap_or_default();
    Entry {
        id,
        run: this_run().to_owned(),
        at: UnixTime(0),
        client: format!("client-{id}"),
        file: "/f".into(),
        made_folders: Vec::new(),
        dialect: Some(Dialect::NpmIni),
        before: before.map(|text| digest(Some(Dialect::NpmIni), text)),
        after: digest(Some(Dialect::NpmIni), after),
        open: patch::is_open(text),
        hunks: patch::hunks(text, after, Dialect::NpmIni),
        registration: None::<Registered>,
        reverted_at: None,
        pending: None,
        other: serde_json::Map::new(),
    }
}

fn chain(texts: &[&str]) -> Vec<Entry> {
    texts.windows(2).enumerate().map(|(id, texts)| entry(id as u64, Some(texts[0]), texts[1])).collect()
}

/// Takes the edits back in an order, and answers the texts in between.
fn undone(mut entries: Vec<Entry>, now: &str, order: &[usize]) -> Vec<String> {
    let mut texts = Vec::new();
    let mut now = now.to_owned();
    for id in order {
        let place = entries.iter().position(|entry| entry.id == *id as u64).unwrap();
        let gone = entries.remove(place);
        let rebased = without(&gone, &entries[place..], &now).unwrap();
        entries.truncate(place);
        entries.extend(rebased.later);
        now = rebased.text;
        texts.push(now.clone());
    }
    texts
}

#[test]
fn a_later_setup_puts_back_what_was_there_before_the_one_that_is_gone() {
    let registration = |repository: &str| -> Registration {
        let endpoint =
            format!("https://d-123456789012.d.codeartifact.us-east-1.amazonaws.com/npm/{repository}/");
        let value = serde_json::json!({
            "tool": "npm", "repository": repository, "profile": "default", "endpoint": endpoint
        });
        serde_json::from_value(value).unwrap()
    };
    let set_up = |before: Option<&str>, after: &str| {
        let before = before.map(registration);
        Some(Registered { before, after: registration(after), profile: None, other: serde_json::Map::new() })
    };
    let mut entries = chain(&["", "a\n", "b\n", "c\n"]);
    entries[0].registration = set_up(None, "aa");
    entries[1].registration = set_up(Some("aa"), "bb");
    entries[2].registration = set_up(Some("bb"), "cc");
    let before = |entries: &[Entry], id: usize| {
        let registered = entries[id].registration.clone().unwrap();
        registered.before.map(|before| before.repository.as_str().to_owned())
    };
    // One that was moved back to the first, and undone: what came before it keeps its own.
    let mut again = entry(3, Some("c\n"), "d\n");
    again.registration = set_up(Some("cc"), "aa");
    entries.push(again);
    mark_reverted(&mut entries, 3);
    assert_eq!(before(&entries, 1).as_deref(), Some("aa"));
    mark_reverted(&mut entries, 1);
    assert_eq!(before(&entries, 2).as_deref(), Some("aa"));
    mark_reverted(&mut entries, 0);
    assert_eq!(before(&entries, 2), None);
    // What is done is history.
    assert_eq!(before(&entries, 1).as_deref(), Some("aa"));
}

#[test]
fn a_later_edit_inherits_what_the_earlier_one_replaced() {
    let texts = [
        "registry=https://mine/\n",
        "registry=https://a/\n//a/:h=x\n",
        "registry=https://b/\n//a/:h=x\n//b/:h=x\n",
    ];
    let between = undone(chain(&texts), texts[2], &[0, 1]);
    assert_eq!(between, ["registry=https://b/\n//b/:h=x\n", "registry=https://mine/\n"]);
    let between = undone(chain(&texts), texts[2], &[1, 0]);
    assert_eq!(between, ["registry=https://a/\n//a/:h=x\n", "registry=https://mine/\n"]);
}

#[test]
fn the_file_that_the_earlier_edit_made_goes_with_the_later_one() {
    let mut first = entry(0, None, "a=1\n");
    first.made_folders = vec!["/d".into()];
    let second = entry(1, Some("a=1\n"), "a=1\nb=2\n");
    let rebased = without(&first, &[second], "a=1\nb=2\n").unwrap();
    assert_eq!(rebased.text, "b=2\n");
    assert_eq!(rebased.later[0].original("b=2\n").as_deref(), Some(""));
    assert_eq!((&rebased.later[0].before, rebased.later[0].made_folders.len()), (&None, 1));
}

#[test]
fn an_edit_that_was_never_made_takes_nothing_of_a_later_one() {
    let killed = entry(0, Some("a=1\n"), "a=1\nours=1\n");
    let later = entry(1, Some("a=1\n"), "a=1\nours=1\n");
    let rebased = without(&killed, std::slice::from_ref(&later), "a=1\nours=1\n").unwrap();
    assert_eq!((rebased.text.as_str(), rebased.later), ("a=1\nours=1\n", vec![later]));
    // A later one that is out of the file already stays out.
    let texts = ["registry=https://mine/", "registry=https://a/", "registry=https://b/"];
    let entries = chain(&texts);
    let rebased = without(&entries[0], &entries[1..], texts[1]).unwrap();
    assert_eq!(rebased.text, texts[0]);
    assert_eq!(
        plan_undo(&rebased.later[0], &[], Some(texts[0])).0,
        super::super::undo_plan::UndoPlan::Nothing
    );
}

#[test]
fn an_undo_that_was_killed_behind_the_file_is_gone_on_with() {
    let all = ["x=1\n", "x=1\na=1\n", "x=1\na=1\nb=1\n"];
    let entries = chain(&all);
    let rebased = without(&entries[0], &entries[1..], all[2]).unwrap();
    for text in [all[2], &rebased.text] {
        let mut entries = entries.clone();
        let pending = Pending {
            after: digest(Some(Dialect::NpmIni), &rebased.text),
            later: rebased.later.clone(),
            gone: Vec::new(),
        };
        entries[0].pending = Some(pending);
        recover(&mut entries, Path::new("/f"), text);
        let again = without(&entries[0], &entries[1..], text).unwrap();
        assert_eq!(again.text, rebased.text);
        assert_eq!(again.later[0].original(&again.text).as_deref(), Some(all[0]));
    }
}

#[test]
fn what_was_edited_by_hand_is_not_rebased_but_inherited() {
    let texts = [
        "registry=https://mine/\n",
        "registry=https://a/\n//a/:h=x\n",
        "registry=https://b/\n//a/:h=x\n//b/:h=x\n",
    ];
    let entries = chain(&texts);
    let edited = format!("# by hand\n{}", texts[2]);
    assert_eq!(without(&entries[0], &entries[1..], &edited), None);
    let (hunks, later) = inherited(&entries[0], &entries[1..]);
    let taken = patch::take_out(&hunks, &edited);
    assert_eq!((taken.text.as_str(), taken.remarks.len()), ("# by hand\nregistry=https://b/\n//b/:h=x\n", 0));
    let taken = patch::take_out(&later[0].hunks, &taken.text);
    assert_eq!((taken.text.as_str(), taken.remarks.len()), ("# by hand\nregistry=https://mine/\n", 0));
}

#[test]
fn a_line_that_nobody_kept_is_not_kept_now() {
    let mut first = entry(0, Some("a=1\n"), "a=1\nb=2\n");
    first.hunks = vec![];
    let known = entry(1, Some("a=1\nb=2\n"), "a=1\nb=2\npassword=secret\n");
    assert_eq!(hunks("a=1\n", "a=1\nother=secret\n", [&first, &known]), None);
    // As version 1 of the journal has it.
    let of_version_1 = r#"[{"at": 1, "removed": [], "added": [{"blanked": "password=[redacted]\n"}]}]"#;
    let blanked = Entry { hunks: serde_json::from_str(of_version_1).unwrap(), ..known };
    let kept = hunks("a=1\n", "a=1\npassword=secret\n", [&first, &blanked]).unwrap();
    assert!(!serde_json::to_string(&kept).unwrap().contains("secret"));
}

#[test]
fn a_secret_of_one_edit_is_never_taken_for_that_of_another() {
    let texts = [
        "registry=https://u:first@o/\n//x/:_password=second\n",
        "registry=https://a/\n//x/:_password=second\n",
        "registry=https://b/\n//x/:_password=third\n",
    ];
    let entries = chain(&texts);
    // What the first replaced cannot come back whole, so the later one inherits it.
    assert_eq!(without(&entries[0], &entries[1..], texts[2]), None);
    let (hunks, later) = inherited(&entries[0], &entries[1..]);
    let between = patch::take_out(&hunks, texts[2]).text;
    assert_eq!(between, texts[2]);
    let taken = patch::take_out(&later[0].hunks, &between);
    assert!(taken.text.starts_with("registry=https://[redacted]@o/\n"), "{}", taken.text);
    assert!(taken.remarks.contains(&Remark::Blanked("registry".into())), "{:?}", taken.remarks);
    let kept = serde_json::to_string(&(&entries, &later)).unwrap();
    assert!(!["first", "second", "third"].iter().any(|secret| kept.contains(secret)), "{kept}");
}

#[test]
fn who_knows_the_rest_of_a_file_cannot_guess_a_secret_of_it_by_its_digest() {
    let with = |password: &str| format!("a=1\n//x/:_password={password}\n");
    let digests = |password: &str| {
        let entry = entry(0, Some(&with(password)), &(with(password) + "b=2\n"));
        (entry.before, entry.after)
    };
    assert_eq!(digests("one"), digests("another"));
}

proptest! {
    #[test]
    fn whatever_the_order_the_file_is_as_before(
        start in "([ab]=[01]\n){0,4}([ab]=[01])?",
        edits in proptest::collection::vec((0usize..6, 0usize..3, "[ab]"), 3),
        order in Just(vec![0usize, 1, 2]).prop_shuffle(),
    ) {
        // Each client has lines of its own, and all of them write one that they share.
        let mut texts = vec![start.clone()];
        for (client, (at, replaced, shared)) in edits.into_iter().enumerate() {
            let text = texts.last().unwrap();
            let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
            if let Some(last) = lines.last_mut() && !last.ends_with('\n') {
                last.push('\n');
            }
            let at = at.min(lines.len());
            let end = (at + replaced).min(lines.len());
            lines.splice(at..end, [format!("registry=https://{client}/\n"), format!("{shared}{client}=ours\n")]);
            texts.push(lines.concat());
        }
        let all: Vec<&str> = texts.iter().map(String::as_str).collect();
        let between = undone(chain(&all), &texts[3], &order);
        prop_assert_eq!(&between[2], &start, "{:?} {:?}", order, between);
    }
}
