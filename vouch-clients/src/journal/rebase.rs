//! Taking an edit back that others came after: what the file says then, and what the later edits are from then on. What
//! the one that goes had replaced is theirs to put back.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::digest::Hashed;
use super::entry::Entry;
use super::line::Line;
use super::patch::{self, Hunk};
use super::way_back::{Step, WayBack};

/// The text of a file without one of its edits, and the later edits as they stand in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rebased {
    pub text: String,
    pub(super) later: Vec<Entry>,
}

/// Takes edits out from under later ones, where the text is exactly what the last of them left. `edits` are the live ones of
/// the file from the first that goes on; answers all of them as they are then: of one that is gone nothing is left.
pub(super) fn without_all(edits: &[Entry], is_gone: &dyn Fn(&Entry) -> bool, now: &str) -> Option<Rebased> {
    let mut way = WayBack::from(now, edits.last()?.dialect);
    // The text behind each edit, where one that stays is beside it, and whether it was made at all.
    let (mut texts, mut made) = (vec![now.to_owned()], Vec::new());
    for (at, entry) in edits.iter().enumerate().rev() {
        made.push(way.before(entry)? == Step::Reversed);
        let is_nobodys = at > 0 && [at - 1, at].iter().all(|at| edits.get(*at).is_some_and(is_gone));
        texts.push(if is_nobodys { String::new() } else { way.text() });
    }
    if !way.is_as_recorded() {
        return None;
    }
    texts.reverse();
    made.reverse();
    let mut before = Hashed::from(texts.first()?.clone());
    let mut existed = edits.first()?.before.is_some();
    let (mut gone, mut folders) = (Vec::new(), Vec::new());
    // Up to the first that was made and goes, all is as it was.
    let mut is_changed = false;
    let mut rebased = Vec::new();
    for ((entry, texts), made) in edits.iter().zip(texts.windows(2)).zip(made) {
        let [base, after] = texts else { return None };
        if is_gone(entry) {
            if !existed {
                folders.extend(entry.made_folders.iter().cloned());
            }
            is_changed |= made;
            gone.push(entry);
            rebased.push(entry.emptied(existed, &mut before));
        } else if !is_changed {
            existed |= made;
            before = Hashed::from(after.clone());
            rebased.push(entry.clone());
        } else if !made {
            let before = existed.then(|| before.digest(entry.dialect));
            rebased.push(Entry { before, ..entry.clone() });
        } else {
            let mut after = Hashed::from(merged(base, before.text(), after));
            let hunks = match entry.dialect {
                Some(dialect) => patch::hunks(before.text(), after.text(), dialect),
                None => hunks(before.text(), after.text(), gone.iter().copied().chain([entry]))?,
            };
            let mut made_folders = entry.made_folders.clone();
            made_folders.append(&mut folders);
            rebased.push(Entry {
                made_folders,
                before: existed.then(|| before.digest(entry.dialect)),
                after: after.digest(entry.dialect),
                open: patch::is_open(before.text()),
                hunks,
                ..entry.clone()
            });
            before = after;
            existed = true;
        }
    }
    Some(Rebased { text: before.into_text(), later: rebased })
}

/// The same for one edit; answers the later ones alone.
pub(super) fn without(gone: &Entry, later: &[Entry], now: &str) -> Option<Rebased> {
    let edits: Vec<Entry> = std::iter::once(gone).chain(later).cloned().collect();
    let mut rebased = without_all(&edits, &|entry| entry.id == gone.id, now)?;
    rebased.later.remove(0);
    Some(rebased)
}

/// The same where the text was edited by hand since: lines of the edit that a later one replaced are gone already, and the
/// later one replaces from then on what stood there before both.
pub(super) fn inherited(gone: &Entry, later: &[Entry]) -> (Vec<Hunk>, Vec<Entry>) {
    let mut later = later.to_vec();
    let mut hunks = gone.hunks.clone();
    for hunk in &mut hunks {
        let heirs = later.iter_mut().flat_map(|entry| {
            let end = patch::secrets_end(&entry.hunks);
            entry.hunks.iter_mut().map(move |heir| (heir, end))
        });
        for (heir, end) in heirs {
            let is_gone =
                |line: &Line| !line.is_empty() && heir.removed.iter().any(|removed| removed.same(line));
            let (displaced, left): (Vec<_>, Vec<_>) = hunk.added.drain(..).partition(is_gone);
            hunk.added = left;
            let Some(place) =
                heir.removed.iter().position(|line| displaced.iter().any(|gone| gone.same(line)))
            else {
                continue;
            };
            heir.removed.retain(|line| !displaced.iter().any(|gone| gone.same(line)));
            // A number stands for one secret in each edit.
            heir.removed.splice(place..place, hunk.removed.drain(..).map(|line| line.renumbered(end)));
        }
    }
    if let (None, Some(first)) = (&gone.before, later.first_mut()) {
        // The file is that one's to remove from then on.
        first.before = None;
        first.made_folders.extend(gone.made_folders.iter().cloned());
    }
    hunks.retain(|hunk| !hunk.added.is_empty() || !hunk.removed.is_empty());
    (hunks, later)
}

/// What both made of a text. Where both changed the same lines, `theirs` counts: it came last.
fn merged(base: &str, ours: &str, theirs: &str) -> String {
    let is_open = patch::is_open(theirs);
    let [base, ours, theirs] = [base, ours, theirs].map(|text| patch::closed(text, patch::usual_end(text)));
    let [base, ours, theirs] = [&base, &ours, &theirs].map(|text| patch::split(text));
    let (our_changes, their_changes) = (changes(&base, &ours), changes(&base, &theirs));
    let is_deleted = |changes: &[DiffOp], at: usize| changes.iter().any(|op| op.old_range().contains(&at));
    let mut text = String::new();
    for at in 0..=base.len() {
        let insert = |changes: &[DiffOp], lines: &[&str], unless: &[DiffOp], text: &mut String| {
            for op in changes.iter().filter(|op| op.old_range().start == at) {
                if !op.old_range().any(|at| is_deleted(unless, at)) {
                    text.extend(lines.get(op.new_range()).unwrap_or_default().iter().copied());
                }
            }
        };
        insert(&our_changes, &ours, &their_changes, &mut text);
        insert(&their_changes, &theirs, &[], &mut text);
        if let Some(line) = base.get(at)
            && !is_deleted(&our_changes, at)
            && !is_deleted(&their_changes, at)
        {
            text.push_str(line);
        }
    }
    if is_open {
        text.truncate(patch::without_end_of_last_line(&text).len());
    }
    text
}

fn changes(before: &[&str], after: &[&str]) -> Vec<DiffOp> {
    let mut changes = capture_diff_slices(Algorithm::Myers, before, after);
    changes.retain(|op| !matches!(op, DiffOp::Equal { .. }));
    changes
}

/// What leads from one text to the other where it is not known how they are written, each line as one of the edits knows it:
/// what none of them kept may be a secret.
fn hunks<'e>(before: &str, after: &str, known: impl IntoIterator<Item = &'e Entry>) -> Option<Vec<Hunk>> {
    let end = patch::usual_end(after);
    let (before, after) = (patch::closed(before, end), patch::closed(after, end));
    let (old, new) = (patch::split(&before), patch::split(&after));
    let known: Vec<&Line> = known
        .into_iter()
        .flat_map(|entry| &entry.hunks)
        .flat_map(|hunk| hunk.removed.iter().chain(&hunk.added))
        .collect();
    let kept = |line: &&str| {
        let mut known = known.iter().filter(|known| known.is(line));
        match known.clone().any(|known| known.whole().is_some()) {
            true => Some(Line::Whole((*line).to_owned())),
            // The numbers of its secrets are those of another edit.
            false => known.find(|known| !matches!(known, Line::Parts { .. })).map(|known| (*known).clone()),
        }
    };
    let kept_all = |lines: &[&str]| lines.iter().map(kept).collect::<Option<Vec<_>>>();
    let hunk = |op: &DiffOp| {
        Some(Hunk {
            at: op.new_range().start,
            removed: kept_all(old.get(op.old_range()).unwrap_or_default())?,
            added: kept_all(new.get(op.new_range()).unwrap_or_default())?,
        })
    };
    changes(&old, &new).iter().map(hunk).collect()
}

#[cfg(test)]
#[path = "rebase_tests.rs"]
mod tests;
