//! What taking edits back makes of files, journal and configuration, decided in memory: the undo then writes it, and the
//! preview tells it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use vouch_core::config::{Config, Registration};

use super::unregister::{Left, unregister, unrestored};
use crate::journal::{Draft, Entry, FileUndo, Way, undo_file};
use crate::ledger::Ledger;
use crate::node::npm::registration::{Filter, token_entries};
use crate::node::npm::{BareValue, Npmrc};
use crate::text::redact::Dialect;

/// Everything that an undo changes.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) ledger: Ledger,
    pub(super) journal: Draft,
    pub(super) config: Config,
    pub(super) files: Vec<PlannedFile>,
    places: HashMap<PathBuf, usize>,
}

/// A file that edits go out of.
#[derive(Debug)]
pub(super) struct PlannedFile {
    pub(super) path: PathBuf,
    /// Where it really is, as the ledger names it.
    real: PathBuf,
    pub(super) dialect: Option<Dialect>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) undone: Option<FileUndo>,
}

/// An edit that is taken back, and what hangs on it.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) entry: Entry,
    pub(super) outcome: Outcome,
    /// Whether no earlier edit of setup is left in the file.
    pub(super) is_first: bool,
    /// The registration that is gone with it, and what is left of its URL.
    pub(super) gone: Option<(Registration, Left)>,
    /// Why the registration of before does not come back.
    pub(super) unrestored: Option<String>,
}

/// What becomes of the lines of an edit.
#[derive(Debug)]
pub(super) enum Outcome {
    /// They stay, because this client needs them.
    LeftTo(String),
    Out(Way),
}

impl Plan {
    pub(super) fn new(ledger: Ledger, journal: Draft, config: Config) -> Self {
        Self { ledger, journal, config, files: Vec::new(), places: HashMap::new() }
    }

    pub(super) fn has_file(&self, path: &Path) -> bool {
        self.places.contains_key(path)
    }

    /// Adds a file with what it holds.
    pub(super) fn add_file(&mut self, path: &Path, real: &Path, existing: Option<&str>) {
        let text = existing.map(str::to_owned);
        let (path, real) = (path.to_owned(), real.to_owned());
        self.places.insert(path.clone(), self.files.len());
        self.files.push(PlannedFile {
            path,
            real,
            dialect: None,
            before: text.clone(),
            after: text,
            undone: None,
        });
    }

    /// Takes edits of files that were added back, in the order given, which is the last first.
    pub(super) fn take(&mut self, ids: &[u64]) -> Vec<Taken> {
        let mut open = Open::default();
        let mut taken: Vec<Taken> = ids.iter().filter_map(|id| self.decide(*id, &mut open)).collect();
        for (place, file) in open.files {
            self.take_out(place, file);
        }
        let mut told = HashSet::new();
        for Taken { entry, outcome, gone, .. } in &mut taken {
            let file = self.places.get(&entry.file).and_then(|place| self.files.get(*place));
            let way = file.and_then(|file| file.undone.as_ref()?.ways.get(&entry.id));
            if let (Outcome::Out(known), Some(way)) = (outcome, way) {
                known.clone_from(way);
            }
            // Of two that were alike, one line says it.
            *gone = gone.take().filter(|(gone, _)| told.insert((gone.tool.clone(), gone.endpoint.clone())));
            if let Some((gone, left)) = gone {
                *left = Left::of(gone, &self.config);
            }
        }
        taken
    }

    /// What becomes of an edit and of its registration; its file comes later, with all that go out of it.
    fn decide(&mut self, id: u64, open: &mut Open) -> Option<Taken> {
        let entry = self.journal.entry(id)?;
        let place = *self.places.get(&entry.file)?;
        let file = self.files.get_mut(place)?;
        let open =
            open.files.entry(place).or_insert_with(|| OpenFile::read(file, &self.ledger, &mut self.journal));
        // Others may have come before the lock.
        let at = open.live.iter().rposition(|live| *live == id)?;
        let entry = self.journal.entry(id)?.clone();
        file.dialect = file.dialect.or(entry.dialect());
        let unrestored =
            entry.registration.as_ref().and_then(|registered| unrestored(&self.config, registered));
        let registered = entry.registration.as_ref();
        let gone = registered
            .filter(|registered| unregister(&mut self.config, registered))
            .map(|registered| (registered.after.clone(), Left::Nothing));
        let mut later = open.live.iter().skip(at + 1).filter_map(|id| self.journal.entry(*id));
        // Of one whose setup or undo was killed there may be an edit without a registration: it needs nothing.
        let is_registered = |later: &Entry| {
            let mut known = self.config.codeartifact.registrations.iter();
            known.any(|known| known.tool == later.client && known.file.as_ref() == Some(&later.file))
        };
        let heir = later.find(|later| entry.serves(later) && is_registered(later));
        let heir = heir.map(|heir| (heir.id, heir.client.clone()));
        if let Some((heir, client)) = heir {
            self.journal.hand_over(id, heir);
            return Some(Taken {
                entry,
                outcome: Outcome::LeftTo(client),
                is_first: false,
                gone,
                unrestored: None,
            });
        }
        self.journal.mark_reverted(id);
        open.live.remove(at);
        open.gone.insert(id);
        Some(Taken { entry, outcome: Outcome::Out(Way::Nothing), is_first: at == 0, gone, unrestored })
    }

    /// The text of a file without edits, but for the tokens that registrations still ask for.
    fn take_out(&mut self, place: usize, OpenFile { entries, gone, now, tokens, .. }: OpenFile) {
        let Some(file) = self.files.get_mut(place).filter(|_| !gone.is_empty()) else { return };
        let now = file.after.is_some().then_some(now);
        let undone = undo_file(&entries, &gone, now.as_deref());
        self.journal.rewrite(&undone);
        let registered =
            if tokens.is_empty() { Vec::new() } else { token_entries(&self.config, Filter::default()) };
        let is_needed =
            |(key, _): &&(String, String)| registered.iter().any(|entry| entry.is(&file.real, key));
        let needed: Vec<_> = tokens.iter().filter(is_needed).collect();
        if undone.text == now && needed.len() == tokens.len() {
            file.undone = Some(undone);
            return;
        }
        file.after = if needed.is_empty() {
            undone.text.clone()
        } else {
            let mut npmrc = Npmrc::parse(undone.text.as_deref().unwrap_or_default().as_bytes());
            for (key, token) in needed {
                // What stood there before Vouch counts.
                if let Some(token) = BareValue::new(token).filter(|_| npmrc.value(key).is_none()) {
                    npmrc.set(key, token);
                }
            }
            Some(String::from_utf8_lossy(&npmrc.to_bytes()).into_owned())
        };
        file.undone = Some(undone);
    }
}

/// Files while it is decided what goes out of them, by their places.
#[derive(Debug, Default)]
struct Open {
    files: HashMap<usize, OpenFile>,
}

#[derive(Debug)]
struct OpenFile {
    /// The live edits before.
    entries: Vec<Entry>,
    /// The numbers of those that are left.
    live: Vec<u64>,
    gone: BTreeSet<u64>,
    /// What is in it but for Vouch's tokens.
    now: String,
    tokens: Vec<(String, String)>,
}

impl OpenFile {
    fn read(file: &PlannedFile, ledger: &Ledger, journal: &mut Draft) -> Self {
        let (now, tokens) = ledger.split(&file.real, file.after.as_deref().unwrap_or_default());
        let entries = journal.live_entries(&file.path, &now);
        let live = entries.iter().map(|entry| entry.id).collect();
        Self { entries, live, gone: BTreeSet::new(), now, tokens }
    }
}
