//! What an undo would do, by the same rules, on a draft in memory: nothing is written.

use std::path::PathBuf;

use vouch_core::Failure;
use vouch_core::config::{Config, Registration};
use vouch_core::home::Home;

use super::unregister::Left;
use super::{Outcome, link_users, unregister, unrestored};
use crate::edited_file::EditedFile;
use crate::journal::{self, Draft, Entry, Registered, Remark, UndoPlan};
use crate::ledger::Ledger;
use crate::real_path::real;
use crate::text::redact::Dialect;

/// Files, journal and configuration as an undo would leave them.
#[derive(Debug)]
pub struct Preview<'a> {
    home: &'a Home,
    ledger: Ledger,
    journal: Draft,
    config: Config,
    files: Vec<FilePreview>,
}

/// One file now and after.
#[derive(Debug)]
pub struct FilePreview {
    pub path: PathBuf,
    /// How it is written; not known of what an early version edited.
    pub dialect: Option<Dialect>,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl<'a> Preview<'a> {
    /// Looks at what there is.
    ///
    /// # Errors
    /// When journal, ledger or configuration cannot be read.
    pub fn begin(home: &'a Home) -> Result<Self, Failure> {
        let (ledger, journal) = (Ledger::load(home)?, Draft::of(journal::entries(home)?));
        Ok(Self { home, ledger, journal, config: Config::load(home)?, files: Vec::new() })
    }

    /// Says what taking one edit back would do.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn entry(&mut self, id: u64) -> Result<Vec<String>, Failure> {
        let Some(path) = self.journal.file(id).map(PathBuf::from) else { return Ok(Vec::new()) };
        let at = match self.files.iter().position(|file| file.path == path) {
            Some(at) => at,
            None => {
                let text = EditedFile::read(path.clone())?.existing_text().map(str::to_owned);
                let (before, after) = (text.clone(), text);
                self.files.push(FilePreview { path: path.clone(), dialect: None, before, after });
                self.files.len() - 1
            }
        };
        let Some(file) = self.files.get_mut(at) else { return Ok(Vec::new()) };
        let real = real(&path).map_err(|error| {
            Failure::configuration(format!("cannot read `{}`", path.display()), "").because(&error)
        })?;
        let now = self.ledger.without_tokens(&real, file.after.as_deref().unwrap_or_default());
        let mut later = self.journal.live_entries(&path, &now);
        let Some(entry) = later.iter().find(|live| live.id == id).cloned() else { return Ok(Vec::new()) };
        later.retain(|later| later.id > id);
        file.dialect = file.dialect.or(entry.dialect());
        let lost = entry.registration.as_ref().and_then(|registered| unrestored(&self.config, registered));
        let unregistered =
            entry.registration.as_ref().filter(|registered| unregister(&mut self.config, registered));
        let gone = unregistered.map(|Registered { after, .. }| {
            let Registration { tool, endpoint, .. } = after;
            match Left::of(after, &self.config) {
                Left::SetUp => format!("{endpoint} would still be set up for {tool}"),
                Left::Allowed => format!("{endpoint} would no longer be set up for {tool}"),
                Left::Nothing => format!("{endpoint} would no longer receive tokens"),
            }
        });
        if let Some(heir) = later.iter().find(|later| entry.serves(later)) {
            self.journal.hand_over(id, heir);
            let stay =
                format!("`{}`: its lines would stay, because {} needs them", path.display(), heir.client);
            return Ok(std::iter::once(stay).chain(gone).collect());
        }
        let config = entry.registration.is_some().then_some(&self.config);
        let existing = (real.as_path(), file.after.as_deref());
        let Outcome { way, later, text, .. } = Outcome::of(&self.ledger, existing, (&entry, &later), config);
        let mut said = would(&entry, &way, file.after.is_some());
        file.after = text;
        self.journal.mark_reverted(id, &later);
        said.extend(gone);
        said.extend(lost);
        Ok(said)
    }

    /// Takes back all edits of a registration, and of those in whose place it came.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn registration(&mut self, gone: &Registration) -> Result<(), Failure> {
        let registered = self.config.codeartifact.registrations.clone();
        let mut gone = vec![gone.clone()];
        for (id, Registered { before, after, .. }) in self.journal.registered() {
            if !gone.iter().any(|known| known.is_same_entry(&after)) {
                continue;
            }
            self.entry(id)?;
            gone.extend(before.filter(|before| !registered.iter().any(|known| known.is_same_entry(before))));
        }
        Ok(())
    }

    /// Says which links would go: those that nobody would need any more.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn links(&self) -> Result<Vec<String>, Failure> {
        if !link_users(&self.config).is_empty() {
            return Ok(Vec::new());
        }
        let links = journal::links(self.home)?.into_iter();
        let would_go = links.filter(journal::Link::is_as_made);
        Ok(would_go
            .map(|link| format!("`{}` would be removed: it was made by setup", link.path.display()))
            .collect())
    }

    /// The configuration as it would be.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The files that were looked at.
    pub fn files(&self) -> &[FilePreview] {
        &self.files
    }
}

fn would(entry: &Entry, way: &UndoPlan, is_there: bool) -> Vec<String> {
    let shown = entry.file.display();
    let first = match way {
        UndoPlan::Nothing if !is_there => format!("`{shown}` is gone: nothing to take back in it"),
        UndoPlan::Nothing => format!("`{shown}` is already as it was before setup"),
        UndoPlan::Exact(Some(_)) => {
            format!("`{shown}` would be as it was before the setup of {}", entry.client)
        }
        UndoPlan::Exact(None) | UndoPlan::EditedAway => {
            format!("`{shown}` would be removed: it was made by setup")
        }
        UndoPlan::Between(_) => {
            format!(
                "the lines of {} would go out of `{shown}`; what setup did there since would stay",
                entry.client
            )
        }
        UndoPlan::Blanked(_) => {
            format!(
                "`{shown}` would be as it was before the setup of {}, but for what may be secret",
                entry.client
            )
        }
        UndoPlan::Edited(_) => {
            format!("`{shown}` was edited since: only the lines of setup would go")
        }
    };
    let remarks = match way {
        UndoPlan::Edited(taken) | UndoPlan::Blanked(taken) => taken.remarks.as_slice(),
        _ => &[],
    };
    let told = |remark: &Remark| match remark {
        Remark::Stays(line) => {
            format!("this line of setup would stay, because lines of yours depend on it: {line}")
        }
        Remark::Blanked(key) => {
            format!("the value of `{key}` would not come back: the journal does not keep it")
        }
        Remark::Lost(line) => format!("this line from before setup would not come back: {line}"),
    };
    std::iter::once(first).chain(remarks.iter().map(told)).collect()
}
