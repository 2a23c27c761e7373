//! What becomes of the journal's entries when edits are taken back; on a draft of it, too, to see what an undo would do.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use vouch_core::UnixTime;

use super::digest::{Hashed, digest};
use super::entry::{Entry, Pending, Registered};
use super::undo_plan::FileUndo;

/// The entries as they are now, to be changed in memory alone.
#[derive(Debug)]
pub struct Draft {
    loaded: Vec<Entry>,
    entries: Vec<Entry>,
    /// Where each entry is, by its number.
    places: HashMap<u64, usize>,
}

impl Draft {
    /// Of the entries that there are.
    pub fn of(entries: Vec<Entry>) -> Self {
        let places = entries.iter().enumerate().map(|(place, entry)| (entry.id, place)).collect();
        Self { loaded: entries.clone(), entries, places }
    }

    /// An entry by its number.
    pub fn entry(&self, id: u64) -> Option<&Entry> {
        self.entries.get(*self.places.get(&id)?)
    }

    /// What became of registrations by the live entries, with their numbers, the last first.
    pub fn registered(&self) -> Vec<(u64, Registered)> {
        let live = self.entries.iter().rev().filter(|entry| entry.is_live());
        live.filter_map(|entry| Some((entry.id, entry.registration.clone()?))).collect()
    }

    /// The live entries of a file which now holds this text, the oldest first. What a killed undo left undone is done before.
    pub fn live_entries(&mut self, file: &Path, now: &str) -> Vec<Entry> {
        recover(&mut self.entries, file, now);
        self.entries.iter().filter(|entry| entry.is_live() && entry.file == file).cloned().collect()
    }

    /// Gives an edit to another client that lives on it too, and marks it as taken back for the one that made it.
    pub fn hand_over(&mut self, id: u64, heir: u64) {
        let Some(heir) = self.entry(heir).cloned() else { return };
        let count = self.entries.len();
        hand_over(&mut self.entries, id, &heir);
        self.places
            .extend(self.entries.iter().enumerate().skip(count).map(|(place, entry)| (entry.id, place)));
    }

    /// Marks an entry as taken back.
    pub fn mark_reverted(&mut self, id: u64) {
        if let Some(place) = self.places.get(&id) {
            mark_reverted(&mut self.entries, *place);
        }
    }

    /// Lets entries say of their file what is so without those that go.
    pub fn rewrite(&mut self, undone: &FileUndo) {
        for edit in &undone.edits {
            let entry = self.places.get(&edit.id).and_then(|place| self.entries.get_mut(*place));
            if let Some(entry) = entry.filter(|entry| entry.is_live()) {
                *entry = entry.in_the_text_of(edit);
            }
        }
    }

    /// The entries that are not as they were loaded.
    pub fn changes(&self) -> Vec<Entry> {
        let loaded = self.loaded.iter().map(Some).chain(std::iter::repeat(None));
        let changed = self.entries.iter().zip(loaded).filter(|(entry, loaded)| Some(*entry) != *loaded);
        changed.map(|(entry, _)| entry.clone()).collect()
    }
}

pub(super) fn hand_over(entries: &mut Vec<Entry>, id: u64, heir: &Entry) {
    let next = entries.iter().map(|entry| entry.id).max().unwrap_or(0) + 1;
    let Some(entry) = entries.iter_mut().find(|entry| entry.id == id) else { return };
    let left = Entry {
        id: next,
        before: Some(entry.after.clone()),
        hunks: Vec::new(),
        made_folders: Vec::new(),
        reverted_at: Some(UnixTime::now()),
        ..entry.clone()
    };
    entry.run.clone_from(&heir.run);
    entry.client.clone_from(&heir.client);
    entry.registration.clone_from(&heir.registration);
    let gone = left.registration.clone();
    entries.push(left);
    bequeath(entries, id, gone.as_ref());
}

pub(super) fn mark_reverted(entries: &mut [Entry], place: usize) {
    let Some(entry) = entries.get_mut(place) else { return };
    entry.reverted_at = Some(UnixTime::now());
    entry.pending = None;
    let (id, gone) = (entry.id, entry.registration.clone());
    bequeath(entries, id, gone.as_ref());
}

/// What later setups would put back when they are undone is what was there before the one that is gone now.
fn bequeath(entries: &mut [Entry], id: u64, gone: Option<&Registered>) {
    let Some(gone) = gone else { return };
    let later = entries.iter_mut().filter(|entry| entry.is_live() && entry.id > id);
    for registered in later.filter_map(|entry| entry.registration.as_mut()) {
        if registered.before.as_ref().is_some_and(|before| before.is_same_entry(&gone.after)) {
            registered.before.clone_from(&gone.before);
            if gone.before.is_none() || gone.profile.is_some() {
                registered.profile.clone_from(&gone.profile);
            }
        }
    }
}

/// Does what a killed undo left undone.
pub(super) fn recover(entries: &mut [Entry], file: &Path, now: &str) {
    let of_file = entries.iter_mut().filter(|entry| entry.file == file);
    let is_done = |entry: &mut Entry| {
        let pending = entry.pending.take()?;
        (pending.after == digest(entry.dialect, now)).then_some(pending)
    };
    let done: Vec<_> = of_file.filter_map(is_done).collect();
    for Pending { later, gone, .. } in done {
        replace(entries, &later);
        let gone: HashSet<u64> = gone.into_iter().collect();
        let mut text = Hashed::from(now.to_owned());
        for entry in entries.iter_mut().filter(|entry| entry.is_live() && gone.contains(&entry.id)) {
            // Where there was no file before any of them, one that holds nothing is as good as none.
            let existed = !now.is_empty() || entry.had_file();
            *entry = entry.emptied(existed, &mut text);
        }
    }
}

/// Puts others in the places of the entries with their numbers.
pub(super) fn replace(entries: &mut [Entry], others: &[Entry]) {
    let others: HashMap<u64, &Entry> = others.iter().map(|other| (other.id, other)).collect();
    for entry in entries {
        if let Some(other) = others.get(&entry.id) {
            entry.clone_from(other);
        }
    }
}
