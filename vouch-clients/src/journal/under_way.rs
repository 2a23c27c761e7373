//! What is written down of an undo before, while and after it changes files.

use std::collections::HashMap;
use std::path::Path;

use vouch_core::Failure;
use vouch_core::home::Home;

use super::digest::digest;
use super::entry::{Entry, Pending};
use super::undo_plan::FileUndo;
use super::{Journal, draft, load, update};

/// All entries, the oldest first, where files hold these texts. What a killed undo left undone is done before.
pub fn recovered_entries(home: &Home, files: &[(&Path, String)]) -> Result<Vec<Entry>, Failure> {
    let known = load(home)?.entries;
    if known.iter().all(|entry| entry.pending.is_none()) {
        return Ok(known);
    }
    update(home, |Journal { entries, .. }| {
        for (file, now) in files {
            draft::recover(entries, file, now);
        }
        entries.clone()
    })
}

/// Writes down that edits are about to be taken out of files. Whoever is killed once a file is written, and before that is
/// marked, then takes back nothing of it twice.
pub fn begin_undo(home: &Home, undone: &[&FileUndo]) -> Result<(), Failure> {
    update(home, |Journal { entries, .. }| {
        for undo in undone {
            let holder =
                undo.ways.keys().next().and_then(|id| entries.iter().position(|entry| entry.id == *id));
            let Some(holder) = holder else { continue };
            let edits: HashMap<u64, &Entry> = undo.edits.iter().map(|edit| (edit.id, edit)).collect();
            let known = entries.iter().filter(|entry| entry.is_live());
            // What is registered follows once the configuration is written.
            let later = known
                .filter_map(|entry| Some(entry.in_the_text_of(edits.get(&entry.id)?).at_rest()))
                .collect();
            if let Some(entry) = entries.get_mut(holder) {
                let after = digest(entry.dialect, undo.text.as_deref().unwrap_or_default());
                entry.pending = Some(Pending { after, later, gone: undo.gone.clone() });
            }
        }
    })
}

/// Puts changed entries in the places of those with their numbers, and adds those that are new.
pub fn save(home: &Home, changed: Vec<Entry>) -> Result<(), Failure> {
    update(home, |Journal { entries, .. }| {
        draft::replace(entries, &changed);
        let last = entries.iter().map(|entry| entry.id).max();
        entries.extend(changed.into_iter().filter(|entry| Some(entry.id) > last));
    })
}
