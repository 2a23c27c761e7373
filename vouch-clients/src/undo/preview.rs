//! What an undo would do, by the same rules, on a draft in memory: nothing is written.

use std::path::Path;

use vouch_core::Failure;
use vouch_core::config::{Config, Registration};
use vouch_core::home::Home;

use super::link_users;
use super::plan::{Outcome, Plan, Taken};
use crate::edited_file::EditedFile;
use crate::journal::{self, Draft, Entry, Registered, Remark, Way};
use crate::ledger::Ledger;
use crate::real_path::real;
use crate::text::redact::Dialect;

/// Files, journal and configuration as an undo would leave them.
#[derive(Debug)]
pub struct Preview<'a> {
    home: &'a Home,
    plan: Plan,
}

/// One file now and after.
#[derive(Debug, Clone, Copy)]
pub struct FilePreview<'p> {
    pub path: &'p Path,
    /// How it is written; not known of what an early version edited.
    pub dialect: Option<Dialect>,
    pub before: Option<&'p str>,
    pub after: Option<&'p str>,
}

impl<'a> Preview<'a> {
    /// Looks at what there is.
    ///
    /// # Errors
    /// When journal, ledger or configuration cannot be read.
    pub fn begin(home: &'a Home) -> Result<Self, Failure> {
        let (ledger, journal) = (Ledger::load(home)?, Draft::of(journal::entries(home)?));
        Ok(Self { home, plan: Plan::new(ledger, journal, Config::load(home)?) })
    }

    /// Says what taking edits back would do, the last first.
    ///
    /// # Errors
    /// When one of their files cannot be read.
    pub fn entries(&mut self, ids: &[u64]) -> Result<Vec<String>, Failure> {
        for id in ids {
            let Some(entry) = self.plan.journal.entry(*id).filter(|entry| !self.plan.has_file(&entry.file))
            else {
                continue;
            };
            let path = entry.file.clone();
            let file = EditedFile::read(path.clone())?;
            let real = real(&path).map_err(|error| {
                Failure::configuration(format!("cannot read `{}`", path.display()), "").because(&error)
            })?;
            self.plan.add_file(&path, &real, file.existing_text());
        }
        Ok(self.plan.take(ids).iter().flat_map(would).collect())
    }

    /// Takes back all edits of a registration, and of those in whose place it came.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn registration(&mut self, gone: &Registration) -> Result<(), Failure> {
        let registered = self.plan.config.codeartifact.registrations.clone();
        let mut gone = vec![gone.clone()];
        let mut ids = Vec::new();
        for (id, Registered { before, after, .. }) in self.plan.journal.registered() {
            if !gone.iter().any(|known| known.is_same_entry(&after)) {
                continue;
            }
            ids.push(id);
            gone.extend(before.filter(|before| !registered.iter().any(|known| known.is_same_entry(before))));
        }
        self.entries(&ids).map(drop)
    }

    /// Says which links would go: those that nobody would need any more.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn links(&self) -> Result<Vec<String>, Failure> {
        if !link_users(&self.plan.config).is_empty() {
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
        &self.plan.config
    }

    /// The files that were looked at.
    pub fn files(&self) -> impl Iterator<Item = FilePreview<'_>> {
        self.plan.files.iter().map(|file| FilePreview {
            path: &file.path,
            dialect: file.dialect,
            before: file.before.as_deref(),
            after: file.after.as_deref(),
        })
    }
}

fn would(Taken { entry, outcome, gone, unrestored, .. }: &Taken) -> Vec<String> {
    let mut said = match outcome {
        Outcome::LeftTo(heir) => {
            vec![format!("`{}`: its lines would stay, because {heir} needs them", entry.file.display())]
        }
        Outcome::Out(way) => would_go(entry, way),
    };
    said.extend(gone.as_ref().map(|(gone, left)| left.foretold(gone)));
    said.extend(unrestored.clone());
    said
}

fn would_go(entry: &Entry, way: &Way) -> Vec<String> {
    let shown = entry.file.display();
    let first = match way {
        Way::Absent => format!("`{shown}` is gone: nothing to undo in it"),
        Way::Nothing => format!("`{shown}` is already as it was before setup"),
        Way::Exact => {
            format!("`{shown}` would be as it was before the setup of {}", entry.client)
        }
        Way::Removed => {
            format!("`{shown}` would be removed: it was made by setup")
        }
        Way::Between => {
            format!(
                "the lines of {} would go out of `{shown}`; what setup did there since would stay",
                entry.client
            )
        }
        Way::Blanked(_) => {
            format!(
                "`{shown}` would be as it was before the setup of {}, but for what may be secret",
                entry.client
            )
        }
        Way::Edited(_) => {
            format!("`{shown}` was edited since: only the lines of setup would go")
        }
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
    std::iter::once(first).chain(way.remarks().iter().map(told)).collect()
}
