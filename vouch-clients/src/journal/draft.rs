//! What becomes of the journal's entries when edits are taken back; on a draft of it, too, to see what an undo would do.

use std::path::Path;

use vouch_core::UnixTime;

use super::entry::{Entry, Registered, digest};

/// The entries as they are now, to be changed in memory alone.
#[derive(Debug)]
pub struct Draft {
    entries: Vec<Entry>,
}

impl Draft {
    /// Of the entries that there are.
    pub fn of(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    /// The file of an entry.
    pub fn file(&self, id: u64) -> Option<&Path> {
        self.entries.iter().find(|entry| entry.id == id).map(|entry| entry.file.as_path())
    }

    /// What became of registrations by the live entries, with their numbers, the last first.
    pub fn registered(&self) -> Vec<(u64, Registered)> {
        let live = self.entries.iter().rev().filter(|entry| entry.is_live());
        live.filter_map(|entry| Some((entry.id, entry.registration.clone()?))).collect()
    }

    /// As [`super::live_entries`].
    pub fn live_entries(&mut self, file: &Path, now: &str) -> Vec<Entry> {
        recover(&mut self.entries, file, now);
        live(&self.entries, file)
    }

    /// As [`super::hand_over`].
    pub fn hand_over(&mut self, id: u64, heir: &Entry) {
        hand_over(&mut self.entries, id, heir);
    }

    /// As [`super::mark_reverted`].
    pub fn mark_reverted(&mut self, id: u64, later: &[Entry]) {
        mark_reverted(&mut self.entries, id, later);
    }
}

pub(super) fn live(entries: &[Entry], file: &Path) -> Vec<Entry> {
    entries.iter().filter(|entry| entry.is_live() && entry.file == file).cloned().collect()
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

pub(super) fn mark_reverted(entries: &mut [Entry], id: u64, later: &[Entry]) {
    let mut gone = None;
    for entry in entries.iter_mut().filter(|entry| entry.id == id) {
        entry.reverted_at = Some(UnixTime::now());
        entry.pending = None;
        gone.clone_from(&entry.registration);
    }
    replace(entries, later);
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
        (pending.after == digest(entry.dialect, now)).then_some(pending.later)
    };
    let done: Vec<_> = of_file.filter_map(is_done).collect();
    for later in done {
        replace(entries, &later);
    }
}

fn replace(entries: &mut [Entry], rebased: &[Entry]) {
    for entry in entries {
        if let Some(rebased) = rebased.iter().find(|rebased| rebased.id == entry.id) {
            entry.clone_from(rebased);
        }
    }
}
