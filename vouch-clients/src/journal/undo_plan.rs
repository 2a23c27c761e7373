//! How a file gets to be without some of the edits that setup made to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::digest::Hashed;
use super::entry::Entry;
use super::line::Remark;
use super::patch::{self, RemainingText};
use super::rebase::{self, Rebased};
use super::way_back::WayBack;

/// How a file gets to be without an edit.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum UndoPlan {
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

/// What became of a file by one edit that was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// It was gone already.
    Absent,
    /// It was without the edit already.
    Nothing,
    /// It is byte for byte as before.
    Exact,
    /// It was made by setup, and goes.
    Removed,
    /// As before but for values that the journal does not keep.
    Blanked(Vec<Remark>),
    /// It was edited since.
    Edited(Vec<Remark>),
    /// What setup did there since stays.
    Between,
}

impl Way {
    /// For the person: what is not as it was before the edit.
    pub fn remarks(&self) -> &[Remark] {
        match self {
            Self::Blanked(remarks) | Self::Edited(remarks) => remarks,
            _ => &[],
        }
    }
}

/// A file without some edits.
#[derive(Debug)]
pub struct FileUndo {
    /// What it holds then; none where it goes, or is gone.
    pub text: Option<String>,
    /// Folders that go with it, the innermost first.
    pub made_folders: Vec<PathBuf>,
    /// What each edit that goes leads to, by its number.
    pub ways: BTreeMap<u64, Way>,
    /// The edits as they are from then on: those that stay, and those before them that go, of which nothing is left.
    pub(super) edits: Vec<Entry>,
    /// Those that go with nothing after them.
    pub(super) gone: Vec<u64>,
}

/// Takes edits out of a file, the last first. `live` are all live ones of the file, the oldest first.
pub fn undo_file(live: &[Entry], gone: &BTreeSet<u64>, now: Option<&str>) -> FileUndo {
    let mut undo = Undoing { text: now.map(|now| now.to_owned().into()), ..Undoing::default() };
    let is_gone = |entry: &Entry| gone.contains(&entry.id);
    let mut left = live;
    while let Some((last, others)) = left.split_last().filter(|(last, _)| is_gone(last)) {
        let taken = undo.take_exactly(left, &is_gone);
        left = match taken {
            0 => {
                undo.take(last, &[]);
                others
            }
            taken => left.get(..left.len() - taken).unwrap_or_default(),
        };
    }
    let (_, from_first) = left.split_at(left.iter().position(is_gone).unwrap_or(left.len()));
    undo.take_from_under(from_first, &is_gone);
    let Undoing { text, made_folders, ways, edits } = undo;
    let known: BTreeSet<u64> = edits.iter().map(|entry| entry.id).collect();
    let gone = ways.keys().copied().filter(|id| !known.contains(id)).collect();
    FileUndo { text: text.map(Hashed::into_text), made_folders, ways, edits, gone }
}

/// [`FileUndo`] in the making.
#[derive(Debug, Default)]
struct Undoing {
    text: Option<Hashed>,
    made_folders: Vec<PathBuf>,
    ways: BTreeMap<u64, Way>,
    edits: Vec<Entry>,
}

impl Undoing {
    /// Takes as many of the last edits as can be taken exactly, and answers how many that were.
    fn take_exactly(&mut self, left: &[Entry], is_gone: &dyn Fn(&Entry) -> bool) -> usize {
        let (Some(text), Some(last)) = (&mut self.text, left.last()) else { return 0 };
        if !last.is_beside(text) {
            return 0;
        }
        let mut way = WayBack::from_hashed(text, last.dialect());
        let mut taken = Vec::new();
        let mut made_folders = None;
        for entry in left.iter().rev().take_while(|entry| is_gone(entry)) {
            let done = if way.is_before(entry) {
                Way::Nothing
            } else if way.before(entry).is_none() {
                break;
            } else if entry.had_file() {
                Way::Exact
            } else {
                made_folders = Some(entry.made_folders.clone());
                Way::Removed
            };
            taken.push((entry.id, done));
            if made_folders.is_some() {
                break;
            }
        }
        // Where the chain of digests does not hold, each edit is looked at by itself.
        if !way.is_as_recorded() {
            return 0;
        }
        let count = taken.len();
        self.text = made_folders.is_none().then(|| way.text().into());
        self.made_folders = made_folders.unwrap_or_default();
        self.ways.extend(taken);
        count
    }

    /// Takes one edit; answers later ones as they are from then on.
    fn take(&mut self, entry: &Entry, later: &[Entry]) -> Vec<Entry> {
        let Some(mut now) = self.text.take() else {
            self.ways.insert(entry.id, Way::Absent);
            return later.to_vec();
        };
        let (plan, later) = plan_undo_of(entry, later, &mut now);
        let (way, text) = match plan {
            UndoPlan::Nothing => (Way::Nothing, Some(now)),
            UndoPlan::Exact(Some(text)) => (Way::Exact, Some(text.into())),
            UndoPlan::Exact(None) | UndoPlan::EditedAway => (Way::Removed, None),
            UndoPlan::Blanked(taken) => (Way::Blanked(taken.remarks), Some(taken.text.into())),
            UndoPlan::Edited(taken) => (Way::Edited(taken.remarks), Some(now.replaced_by(taken.text))),
            UndoPlan::Between(rebased) => (Way::Between, Some(rebased.text.into())),
        };
        if text.is_none() {
            self.made_folders.clone_from(&entry.made_folders);
        }
        self.text = text;
        self.ways.insert(entry.id, way);
        later
    }

    /// Takes edits that others came after, one by one: of several at once it could not be told which line stood where.
    fn take_from_under(&mut self, edits: &[Entry], is_gone: &dyn Fn(&Entry) -> bool) {
        let mut left = edits.to_vec();
        for place in (0..left.len()).rev() {
            let Some(entry) = left.get(place).filter(|entry| is_gone(entry)).cloned() else { continue };
            let from = left.get(place..).unwrap_or_default();
            // Of those that went before it nothing is left.
            let is_it = |other: &Entry| other.id == entry.id || self.ways.contains_key(&other.id);
            let now = self.text.as_ref();
            if let Some(rebased) = now.and_then(|now| rebase::without_all(from, &is_it, now.text())) {
                self.ways.insert(entry.id, Way::Between);
                self.text = Some(rebased.text.into());
                left.truncate(place);
                left.extend(rebased.later);
            } else {
                let mut later = left.split_off(place + 1);
                later.retain(|later| !self.ways.contains_key(&later.id));
                left.truncate(place);
                left.extend(self.take(&entry, &later));
            }
        }
        self.edits = left;
    }
}

/// What is to be done with the file, which now holds this; none where it is gone. `later` are the live edits of it that
/// came after this one, the oldest first; answers how they are from then on, too.
#[cfg(test)]
pub(super) fn plan_undo(entry: &Entry, later: &[Entry], now: Option<&str>) -> (UndoPlan, Vec<Entry>) {
    match now {
        Some(now) => plan_undo_of(entry, later, &mut now.to_owned().into()),
        None => (UndoPlan::Nothing, later.to_vec()),
    }
}

fn plan_undo_of(entry: &Entry, later: &[Entry], now: &mut Hashed) -> (UndoPlan, Vec<Entry>) {
    if later.is_empty() {
        if entry.found(now) {
            return (UndoPlan::Nothing, Vec::new());
        }
        if let Some(back) = entry.reversed(now) {
            if !back.remarks.is_empty() {
                return (UndoPlan::Blanked(back), Vec::new());
            }
            if entry.is_before(&back.text) {
                return (UndoPlan::Exact(entry.had_file().then_some(back.text)), Vec::new());
            }
        }
    } else if let Some(rebased) = rebase::without(entry, later, now.text()) {
        let later = rebased.later.clone();
        return (UndoPlan::Between(rebased), later);
    }
    let (hunks, later) = rebase::inherited(entry, later);
    let taken = patch::take_out(&hunks, now.text());
    let way = match entry.before {
        None if taken.text.trim().is_empty() => UndoPlan::EditedAway,
        _ => UndoPlan::Edited(taken),
    };
    (way, later)
}

#[cfg(test)]
#[path = "undo_plan_tests.rs"]
mod tests;
