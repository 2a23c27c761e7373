//! How a file gets to be without one of the edits that setup made to it.

use super::entry::{Entry, digest};
use super::patch::{self, RemainingText};
use super::rebase::{self, Rebased};

/// How a file gets to be without an edit.
#[derive(Debug, PartialEq, Eq)]
pub enum UndoPlan {
    /// It is as it was before.
    Nothing,
    /// Byte for byte as before; none where there was no file.
    Exact(Option<String>),
    /// As before but for values that the journal does not keep.
    Blanked(RemainingText),
    /// It was edited since.
    Edited(RemainingText),
    /// As [`UndoPlan::Edited`], and nothing is left of a file that was not there before.
    EditedAway,
    /// Setup edited it since, and nobody else: the later edits stay.
    Between(Rebased),
}

/// What is to be done with the file, which now holds this; none where it is gone. `later` are the live edits of it that
/// came after this one, the oldest first; answers how they are from then on, too.
pub fn plan_undo(entry: &Entry, later: &[Entry], now: Option<&str>) -> (UndoPlan, Vec<Entry>) {
    let Some(now) = now else { return (UndoPlan::Nothing, later.to_vec()) };
    if later.is_empty() {
        if entry.before.as_ref() == Some(&digest(entry.dialect, now)) {
            return (UndoPlan::Nothing, Vec::new());
        }
        if let Some(original) = entry.original(now) {
            return (UndoPlan::Exact(entry.before.is_some().then_some(original)), Vec::new());
        }
        if let Some(back) = entry.reversed(now).filter(|back| !back.remarks.is_empty()) {
            return (UndoPlan::Blanked(back), Vec::new());
        }
    } else if let Some(rebased) = rebase::without(entry, later, now) {
        let later = rebased.later.clone();
        return (UndoPlan::Between(rebased), later);
    }
    let (hunks, later) = rebase::inherited(entry, later);
    let taken = patch::take_out(&hunks, now);
    let way = match entry.before {
        None if taken.text.trim().is_empty() => UndoPlan::EditedAway,
        _ => UndoPlan::Edited(taken),
    };
    (way, later)
}
