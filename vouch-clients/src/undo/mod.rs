//! The one undo: takes edits of setup back by the journal, with the registrations and the tokens that hang on them.
//!
//! A file and its registration change under the locks of both, the file first: nothing may keep receiving tokens because of
//! an edit that is gone, and an undo that was cut short can be run again.

mod preview;
mod unjournaled;
mod unregister;

use std::path::Path;

use vouch_core::Failure;
use vouch_core::config::{Config, ConfigLock, Registration};
use vouch_core::home::Home;

use crate::edited_file::LockedFile;
use crate::journal::{self, Entry, Gone, Link, Remark, UndoPlan};
use crate::ledger::Ledger;
use crate::node::npm::registration::{Filter, token_entries};
use crate::node::npm::{BareValue, Npmrc};
use crate::tool::Tool;
pub use preview::{FilePreview, Preview};
pub use unregister::without_registration;
use unregister::{unregister, unrestored};

/// The right to take back; it holds the configuration's lock.
#[derive(Debug)]
pub struct Undo<'a> {
    home: &'a Home,
    lock: ConfigLock,
}

/// What an undo has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    Done(String),
    Warning(String),
    /// Nothing was done, and that is right.
    Remark(String),
}

impl<'a> Undo<'a> {
    /// Keeps others from setting up and from taking back meanwhile.
    ///
    /// # Errors
    /// When another process does not let go of the configuration.
    pub fn begin(home: &'a Home) -> Result<Self, Failure> {
        Ok(Self { home, lock: ConfigLock::acquire(home)? })
    }

    /// Takes one edit back. One that another process took back meanwhile is done.
    ///
    /// # Errors
    /// When file, configuration or journal cannot be read or written.
    pub fn entry(&self, id: u64) -> Result<Vec<Note>, Failure> {
        let find = || Ok::<_, Failure>(journal::entries(self.home)?.into_iter().find(|entry| entry.id == id));
        let Some(entry) = find()? else { return Ok(Vec::new()) };
        let file = LockedFile::open(self.home, &entry.file)?;
        // Others may have come before the lock.
        let ledger = Ledger::load(self.home)?;
        let now = ledger.without_tokens(file.real(), file.existing_text().unwrap_or_default());
        let mut later = journal::live_entries(self.home, &entry.file, &now)?;
        let Some(entry) = later.iter().find(|live| live.id == entry.id).cloned() else {
            return Ok(Vec::new());
        };
        let is_first = !later.iter().any(|other| other.id < entry.id);
        later.retain(|later| later.id > entry.id);
        match later.iter().find(|later| entry.serves(later)) {
            Some(heir) => self.leave_to(&entry, heir),
            None => self.revert(&file, &entry, &later, is_first),
        }
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
        while let Some(registration) = self.registration(&is_meant)? {
            // All of its edits, even where the last one has it unregistered.
            while let Some(id) = self.last_edit(&registration)? {
                notes.extend(self.entry(id)?);
            }
            if self.registration(|known| known.is_same_entry(&registration))?.is_some() {
                notes.extend(self.unjournaled(&registration)?);
            }
        }
        Ok(())
    }

    fn last_edit(&self, registration: &Registration) -> Result<Option<u64>, Failure> {
        let is_its = |entry: &&Entry| {
            let after = entry.registration.as_ref().map(|registered| &registered.after);
            entry.is_live() && after.is_some_and(|after| after.is_same_entry(registration))
        };
        Ok(journal::entries(self.home)?.iter().rev().find(is_its).map(|entry| entry.id))
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

    fn registration(
        &self,
        is_meant: impl Fn(&Registration) -> bool,
    ) -> Result<Option<Registration>, Failure> {
        let registrations = self.lock.load()?.codeartifact.registrations;
        Ok(registrations.into_iter().find(is_meant))
    }

    /// The lines of a client stay where another one needs them.
    fn leave_to(&self, entry: &Entry, heir: &Entry) -> Result<Vec<Note>, Failure> {
        let mut gone = None;
        if let Some(registered) = &entry.registration {
            let mut config = self.lock.load()?;
            let is_gone = unregister(&mut config, registered);
            self.lock.save(&config)?;
            gone = is_gone.then(|| Note::Done(without_registration(&registered.after, &config)));
        }
        journal::hand_over(self.home, entry.id, heir)?;
        let stay = Note::Done(format!(
            "the lines in `{}` stay, because {} needs them: `vouch undo {}` takes them out",
            entry.file.display(),
            heir.client,
            heir.client
        ));
        Ok(std::iter::once(stay).chain(gone).collect())
    }

    fn revert(
        &self,
        file: &LockedFile,
        entry: &Entry,
        later: &[Entry],
        is_first: bool,
    ) -> Result<Vec<Note>, Failure> {
        let mut config = None;
        let (mut unregistered, mut unrestored) = (false, None);
        if let Some(registered) = &entry.registration {
            let mut changed = self.lock.load()?;
            unrestored = self::unrestored(&changed, registered);
            unregistered = unregister(&mut changed, registered);
            config = Some(changed);
        }
        let (way, later) = restore(self.home, file, (entry, later), config.as_ref())?;
        let saved = config.as_ref().map_or(Ok(()), |config| self.lock.save(config)).map_err(Failure::from);
        let marked = saved.and_then(|()| journal::mark_reverted(self.home, entry.id, &later));
        if let Err(failure) = marked {
            // As it was, so that the undo can be run again; the failure at hand matters more.
            if let Some(text) = file.existing_text() {
                let _ = file.put_back(text);
            }
            return Err(failure);
        }
        let mut notes = told(entry, &way, file.existing_text().is_some(), is_first);
        if let (true, Some(registered), Some(config)) = (unregistered, &entry.registration, &config) {
            notes.push(Note::Done(without_registration(&registered.after, config)));
        }
        notes.extend(unrestored.map(Note::Warning));
        Ok(notes)
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

/// What an undo makes of a file.
struct Outcome {
    way: UndoPlan,
    later: Vec<Entry>,
    /// Whether the file changes.
    changes: bool,
    /// What it holds then; none where it goes.
    text: Option<String>,
}

impl Outcome {
    /// The text of a file as it was before the edit, but for the tokens that registrations still ask for.
    fn of(
        ledger: &Ledger,
        (real, existing): (&Path, Option<&str>),
        (entry, later): (&Entry, &[Entry]),
        config: Option<&Config>,
    ) -> Self {
        let mut npmrc = Npmrc::parse(existing.unwrap_or_default().as_bytes());
        let tokens = npmrc.remove_lines(|_, value| ledger.is_ours(real, value));
        let now = existing.map(|text| ledger.without_tokens(real, text));
        let (way, later) = journal::plan_undo(entry, later, now.as_deref());
        let text = match &way {
            UndoPlan::Nothing => now.as_deref(),
            UndoPlan::Exact(text) => text.as_deref(),
            UndoPlan::EditedAway => None,
            UndoPlan::Edited(taken) | UndoPlan::Blanked(taken) => Some(taken.text.as_str()),
            UndoPlan::Between(rebased) => Some(rebased.text.as_str()),
        };
        let registered = config.map(|config| token_entries(config, Filter::default())).unwrap_or_default();
        let is_needed = |(key, _): &&(String, String)| registered.iter().any(|entry| entry.is(real, key));
        let needed: Vec<_> = tokens.iter().filter(is_needed).collect();
        if text == now.as_deref() && needed.len() == tokens.len() {
            return Self { way, later, changes: false, text: existing.map(str::to_owned) };
        }
        if needed.is_empty() {
            let text = text.map(str::to_owned);
            return Self { way, later, changes: true, text };
        }
        let mut npmrc = Npmrc::parse(text.unwrap_or_default().as_bytes());
        for (key, token) in needed {
            // What stood there before Vouch counts.
            if let Some(token) = BareValue::new(token).filter(|_| npmrc.value(key).is_none()) {
                npmrc.set(key, token);
            }
        }
        let text = String::from_utf8_lossy(&npmrc.to_bytes()).into_owned();
        Self { way, later, changes: true, text: Some(text) }
    }
}

/// Writes the file as it was before the edit.
fn restore(
    home: &Home,
    file: &LockedFile,
    (entry, later): (&Entry, &[Entry]),
    config: Option<&Config>,
) -> Result<(UndoPlan, Vec<Entry>), Failure> {
    let ledger = Ledger::load(home)?;
    let existing = (file.real(), file.existing_text());
    let Outcome { way, later, changes, text } = Outcome::of(&ledger, existing, (entry, later), config);
    if !changes {
        return Ok((way, later));
    }
    if let UndoPlan::Between(rebased) = &way {
        journal::begin_revert(home, entry.id, rebased)?;
    }
    match text {
        Some(text) => file.restore(&text)?,
        None => file.remove(&entry.made_folders)?,
    }
    Ok((way, later))
}

/// `is_first` says that no earlier edit of setup is left in the file.
fn told(entry: &Entry, way: &UndoPlan, was_there: bool, is_first: bool) -> Vec<Note> {
    let shown = entry.file.display();
    let setup = if is_first { "setup".to_owned() } else { format!("the setup of {}", entry.client) };
    let first = match way {
        UndoPlan::Nothing if !was_there => {
            Note::Done(format!("`{shown}` is gone: nothing to take back in it"))
        }
        UndoPlan::Nothing => Note::Done(format!("`{shown}` is already as it was before {setup}")),
        UndoPlan::Exact(Some(_)) => Note::Done(format!("`{shown}` is as it was before {setup}")),
        UndoPlan::Exact(None) | UndoPlan::EditedAway => {
            Note::Done(format!("`{shown}` is removed: it was made by setup"))
        }
        UndoPlan::Between(_) => Note::Done(format!(
            "the lines of {} are out of `{shown}`; what setup did there since stays",
            entry.client
        )),
        UndoPlan::Blanked(_) => {
            Note::Warning(format!("`{shown}` is as it was before {setup}, but for what may be secret"))
        }
        UndoPlan::Edited(_) => Note::Warning(format!(
            "`{shown}` was edited since: only the lines of setup were taken out, the rest stays as it is"
        )),
    };
    let remarks = match way {
        UndoPlan::Edited(taken) | UndoPlan::Blanked(taken) => taken.remarks.as_slice(),
        _ => &[],
    };
    let told = |remark: &Remark| {
        Note::Warning(match remark {
            Remark::Stays(line) => {
                format!("this line of setup stays, because lines of yours depend on it: {line}")
            }
            Remark::Blanked(key) => format!(
                "the journal does not keep the value of `{key}`, where `[redacted]` stands now: write it there again"
            ),
            Remark::Lost(line) => format!("this line from before setup is not put back: {line}"),
        })
    };
    std::iter::once(first).chain(remarks.iter().map(told)).collect()
}

#[cfg(test)]
mod tests;
