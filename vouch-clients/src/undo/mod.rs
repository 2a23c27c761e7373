//! The one undo: takes edits of setup back by the journal, with the registrations and the tokens that hang on them.
//!
//! A file and its registration change under the locks of both, the file first: nothing may keep receiving tokens because of
//! an edit that is gone, and an undo that was cut short can be run again.

mod plan;
mod preview;
mod told;
mod unjournaled;
mod unregister;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use vouch_core::Failure;
use vouch_core::config::{Config, ConfigLock, Registration};
use vouch_core::home::Home;

use crate::edited_file::LockedFile;
use crate::file_lock::FileLock;
use crate::journal::{self, Draft, Entry, FileUndo, Gone, Link, Way};
use crate::ledger::Ledger;
use crate::tool::Tool;
use plan::Plan;
pub use preview::{FilePreview, Preview};
pub use told::Note;
use told::told;
pub use unregister::without_registration;

/// The right to take back; it holds the configuration's lock.
#[derive(Debug)]
pub struct Undo<'a> {
    home: &'a Home,
    lock: ConfigLock,
}

impl<'a> Undo<'a> {
    /// Keeps others from setting up and from taking back meanwhile.
    ///
    /// # Errors
    /// When another process does not let go of the configuration.
    pub fn begin(home: &'a Home) -> Result<Self, Failure> {
        Ok(Self { home, lock: ConfigLock::acquire(home)? })
    }

    /// Takes edits back, the last first: all of them as one, so that what they cost is that of their files. Where a file or
    /// what is recorded cannot be written, the other files all the same. One that another process took back meanwhile is
    /// done.
    pub fn entries(&self, ids: &[u64]) -> (Vec<Note>, Vec<Failure>) {
        let failure = match self.together(ids) {
            Ok(Some(notes)) => return (notes, Vec::new()),
            Ok(None) => None,
            Err(failure) => Some(failure),
        };
        let groups = journal::entries(self.home).map(|entries| by_file(&entries, ids)).unwrap_or_default();
        if groups.len() < 2 {
            return (Vec::new(), failure.into_iter().collect());
        }
        let mut notes = Vec::new();
        let mut failures = Vec::new();
        for ids in groups {
            match self.together(&ids) {
                Ok(said) => notes.extend(said.unwrap_or_default()),
                Err(failure) => failures.push(failure),
            }
        }
        (notes, failures)
    }

    /// Takes one edit back.
    ///
    /// # Errors
    /// When file, configuration or journal cannot be read or written.
    pub fn entry(&self, id: u64) -> Result<Vec<Note>, Failure> {
        Ok(self.together(&[id])?.unwrap_or_default())
    }

    /// Takes edits back, all of them or, where something fails, none. Where two paths of theirs are one file by now, it takes
    /// one after the other, and nothing is done.
    fn together(&self, ids: &[u64]) -> Result<Option<Vec<Note>>, Failure> {
        let known = journal::entries(self.home)?;
        let meant: HashSet<u64> = ids.iter().copied().collect();
        let mut paths: Vec<&Path> = known
            .iter()
            .filter(|entry| meant.contains(&entry.id))
            .map(|entry| entry.file.as_path())
            .collect();
        paths.sort_unstable();
        paths.dedup();
        let paths: Vec<PathBuf> = paths.into_iter().map(Path::to_owned).collect();
        let locks = FileLock::acquire_all(self.home, &paths)?;
        if locks.len() < paths.len() {
            return Ok(None);
        }
        let files = locks.into_iter().map(LockedFile::read).collect::<Result<Vec<_>, _>>()?;
        // Others may have come before the locks.
        let ledger = Ledger::load(self.home)?;
        let now =
            |file: &LockedFile| ledger.without_tokens(file.real(), file.existing_text().unwrap_or_default());
        let texts: Vec<_> = files.iter().map(|file| (file.path(), now(file))).collect();
        let entries = journal::recovered_entries(self.home, &texts)?;
        let mut plan = Plan::new(ledger, Draft::of(entries), self.lock.load()?);
        for file in &files {
            plan.add_file(file.path(), file.real(), file.existing_text());
        }
        let taken = plan.take(ids);
        self.write(&plan, &files)?;
        Ok(Some(taken.iter().flat_map(told).collect()))
    }

    /// Writes files, configuration and journal, in this order.
    fn write(&self, plan: &Plan, files: &[LockedFile]) -> Result<(), Failure> {
        let mut changed = Vec::new();
        for planned in &plan.files {
            let file = files.iter().find(|file| file.path() == planned.path);
            if let (Some(file), Some(undone)) = (file, &planned.undone)
                && planned.after != planned.before
            {
                changed.push((file, planned, undone));
            }
        }
        // A single edit that is the last of its file is known by the file itself.
        let is_plain = |undone: &FileUndo| {
            undone.ways.len() == 1 && !undone.ways.values().any(|way| *way == Way::Between)
        };
        let traced: Vec<_> =
            changed.iter().map(|(_, _, undone)| *undone).filter(|undone| !is_plain(undone)).collect();
        if !traced.is_empty() {
            journal::begin_undo(self.home, &traced)?;
        }
        let mut written = Vec::new();
        let outcome = changed
            .iter()
            .try_for_each(|(file, planned, undone)| {
                match &planned.after {
                    Some(text) => file.restore(text)?,
                    None => file.remove(&undone.made_folders)?,
                }
                written.push(*file);
                Ok(())
            })
            .and_then(|()| self.lock.save(&plan.config).map_err(Failure::from))
            .and_then(|()| journal::save(self.home, plan.journal.changes()));
        if outcome.is_err() {
            // As they were, so that the undo can be run again; the failure at hand matters more.
            for file in written {
                if let Some(text) = file.existing_text() {
                    let _ = file.put_back(text);
                }
            }
        }
        outcome
    }

    /// Takes back all edits of the registrations that are meant, the last first; `notes` also gets those of what was done
    /// before a failure.
    ///
    /// # Errors
    /// As [`Self::entry`]. What failed stays registered and can be tried again.
    pub fn registrations(
        &self,
        is_meant: impl Fn(&Registration) -> bool,
        notes: &mut Vec<Note>,
    ) -> Result<(), Failure> {
        // With what an undo puts back there may be one more.
        loop {
            let meant = self.registered(&is_meant)?;
            if meant.is_empty() {
                return Ok(());
            }
            // All of their edits, even where the last one has them unregistered.
            let ids = self.edits_of(&meant)?;
            let (said, failures) = self.entries(&ids);
            notes.extend(said);
            if let Some(failure) = failures.into_iter().next() {
                return Err(failure);
            }
            for registration in
                self.registered(|known| meant.iter().any(|meant| known.is_same_entry(meant)))?
            {
                // Another edit of it may have come back with what was put back.
                if self.edits_of(std::slice::from_ref(&registration))?.is_empty() {
                    notes.extend(self.unjournaled(&registration)?);
                }
            }
        }
    }

    /// The live edits of registrations, the last first.
    fn edits_of(&self, registrations: &[Registration]) -> Result<Vec<u64>, Failure> {
        fn key(known: &Registration) -> (&str, &str, Option<&str>, Option<&Path>) {
            (&known.tool, &known.endpoint, known.name.as_deref(), known.file.as_deref())
        }
        let meant: HashSet<_> = registrations.iter().map(key).collect();
        let is_its = |entry: &&Entry| {
            let after = entry.registration.as_ref().map(|registered| &registered.after);
            entry.is_live() && after.is_some_and(|after| meant.contains(&key(after)))
        };
        Ok(journal::entries(self.home)?.iter().rev().filter(is_its).map(|entry| entry.id).collect())
    }

    /// Takes links back that setup made, once nobody who was set up with them is left. Tries all of them.
    ///
    /// # Errors
    /// When configuration or journal cannot be read.
    pub fn links(&self) -> Result<Vec<Result<Note, Failure>>, Failure> {
        let links = journal::links(self.home)?;
        if links.is_empty() {
            return Ok(Vec::new());
        }
        let config = self.lock.load()?;
        let users = link_users(&config);
        let revert = |link: &Link| {
            let shown = link.path.display();
            if !users.is_empty() {
                return Ok(Some(Note::Remark(format!("`{shown}` stays: {} asks it", users.join(", ")))));
            }
            Ok(match link.revert(self.home)? {
                Gone::Removed => Some(Note::Done(format!("`{shown}` is removed: it was made by setup"))),
                Gone::Before => None,
                Gone::Replaced => {
                    Some(Note::Warning(format!("`{shown}` is no longer what setup made: it stays")))
                }
            })
        };
        Ok(links.iter().filter_map(|link| revert(link).transpose()).collect())
    }

    fn registered(&self, is_meant: impl Fn(&Registration) -> bool) -> Result<Vec<Registration>, Failure> {
        let registrations = self.lock.load()?.codeartifact.registrations;
        Ok(registrations.into_iter().filter(is_meant).collect())
    }

    /// A registration of which the journal knows nothing: an earlier version made it, or the journal was moved away.
    fn unjournaled(&self, registration: &Registration) -> Result<Vec<Note>, Failure> {
        let mut config = self.lock.load()?;
        config.codeartifact.registrations.retain(|known| !known.is_same_entry(registration));
        let changed = unjournaled::take_out(self.home, registration, &config)?;
        self.lock.save(&config)?;
        let file = registration.file.as_deref().filter(|_| changed);
        let out = file.map(|file| {
            Note::Done(format!("the lines for {} are out of `{}`", registration.endpoint, file.display()))
        });
        Ok(out.into_iter().chain([Note::Done(without_registration(registration, &config))]).collect())
    }
}

/// The tools that ask a link by the name `keyring`.
fn link_users(config: &Config) -> Vec<&str> {
    let registrations = config.codeartifact.registrations.iter();
    let mut users: Vec<&str> = registrations.map(|registration| registration.tool.as_str()).collect();
    users.retain(|tool| Tool::named(tool).is_some_and(Tool::uses_linked_keyring));
    users.sort_unstable();
    users.dedup();
    users
}

/// The edits of each file, in the order of the first of each.
fn by_file(entries: &[Entry], ids: &[u64]) -> Vec<Vec<u64>> {
    let files: HashMap<u64, &Path> = entries.iter().map(|entry| (entry.id, entry.file.as_path())).collect();
    let mut groups: Vec<(&Path, Vec<u64>)> = Vec::new();
    for id in ids {
        let Some(file) = files.get(id) else { continue };
        match groups.iter_mut().find(|(known, _)| known == file) {
            Some((_, ids)) => ids.push(*id),
            None => groups.push((file, vec![*id])),
        }
    }
    groups.into_iter().map(|(_, ids)| ids).collect()
}

#[cfg(test)]
mod tests;
