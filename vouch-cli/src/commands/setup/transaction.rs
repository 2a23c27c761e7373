//! One setup as a transaction: files, configuration and what follows on them, all of it or nothing.

use std::fs;

use vouch_clients::client::Edit;
use vouch_clients::edited_file::{Released, Written as WrittenFile};
use vouch_clients::file_lock::FileLock;
use vouch_clients::journal::{Author, FormerProfile, Registered};
use vouch_clients::undo::Undo;
use vouch_core::config::{Config, ConfigLock};
use vouch_core::home::Home;
use vouch_core::{ErrorKind, Failure};

use super::plan::Plan;
use super::proof::{self, Proof};
use crate::terminal;

/// A setup that is there.
pub(super) struct Written {
    pub(super) plan: Plan,
    pub(super) changed: Changed,
    pub(super) proof: Proof,
    /// What followed on it. A failure says that it is not proven: nobody refused it.
    pub(super) finished: Result<Vec<String>, Failure>,
}

/// What a setup has changed.
pub(super) struct Changed {
    pub(super) file: bool,
    pub(super) config: bool,
}

/// A setup that can still be taken back.
struct Open<'a> {
    home: &'a Home,
    plan: Plan,
    changed: Changed,
    files: Vec<Released>,
    /// The configuration as it was written.
    config: Config,
    /// Whether there was none before.
    first: bool,
}

/// Writes what is planned, then does what only a recorded registration allows. `plan` changes the configuration that it is given.
///
/// # Errors
/// When a step failed; everything is then as it was, unless a warning says otherwise.
pub(super) fn run(
    home: &Home,
    plan: impl Fn(&mut Config) -> Result<Plan, Failure>,
) -> Result<Written, Failure> {
    let open = write(home, plan)?;
    // Without locks: whoever asks for a token takes its own.
    let proof = match proof::of(home, &open.plan) {
        Ok(proof) => proof,
        Err(refused) => {
            open.roll_back();
            return Err(refused);
        }
    };
    match open.plan.client.finish(home, &open.plan.registration) {
        Err(failure) if !leaves_unproven(&failure) => {
            open.roll_back();
            Err(failure)
        }
        finished => Ok(Written { plan: open.plan, changed: open.changed, proof, finished }),
    }
}

/// Whether a failure says nothing about the setup: nobody was asked, or nobody answered.
fn leaves_unproven(failure: &Failure) -> bool {
    matches!(failure.kind, ErrorKind::Network | ErrorKind::NoSession | ErrorKind::Interrupted)
}

/// Writes the client's files and then the configuration.
fn write(home: &Home, plan: impl Fn(&mut Config) -> Result<Plan, Failure>) -> Result<Open<'_>, Failure> {
    let lock = ConfigLock::acquire(home)?;
    let first = !home.config_file().exists();
    let mut config = lock.load()?;
    // Which files these are; what is in them is decided on once they are locked.
    let first_plan = plan(&mut config.clone())?;
    let paths: Vec<_> = first_plan.edits.files.iter().map(|edit| edit.file.path().to_owned()).collect();
    let mut files = FileLock::acquire_all(home, &paths)?;
    let plan = plan(&mut config)?;
    let mut written = Vec::new();
    let outcome = write_files(&plan, home, &mut files, &mut written)
        .and_then(|changed| lock.save(&config).map(|()| changed).map_err(Failure::from));
    match outcome {
        Ok(file) => {
            let changed = Changed { file, config: plan.records };
            let files = written.into_iter().map(WrittenFile::release).collect();
            Ok(Open { home, plan, changed, files, config, first })
        }
        Err(error) => {
            revert(written);
            Err(error)
        }
    }
}

impl Open<'_> {
    /// Takes everything back. What others changed meanwhile stays.
    fn roll_back(self) {
        let Self { home, plan, files, config: written, first, .. } = self;
        let mut edited = Vec::new();
        let outcome = ConfigLock::acquire(home).and_then(|lock| {
            for file in files.into_iter().rev() {
                let (id, is_new, path) = (file.id(), file.is_new(), file.path().to_owned());
                if let Err(failure) = file.revert() {
                    edited.push((is_new.then_some(id), path, failure));
                }
            }
            let mut config = lock.load()?;
            restore(&mut config, &plan, &written);
            lock.save(&config)?;
            if first && config == plan.before {
                let _ = fs::remove_file(home.config_file());
            }
            Ok(())
        });
        if let Err(error) = outcome {
            let file = home.config_file();
            terminal::warn(&format!("`{}` could not be put back: {error}", file.display()));
        }
        // Setup's own lines can be taken out from among those of others.
        for (entry, path, failure) in edited {
            let undone = entry.map(|id| Undo::begin(home).and_then(|undo| undo.entry(id)));
            if !matches!(undone, Some(Ok(_))) {
                terminal::warn(&format!("`{}` could not be put back: {failure}", path.display()));
            }
        }
    }
}

/// The configuration without what the plan put into it.
fn restore(config: &mut Config, plan: &Plan, written: &Config) {
    if config == written {
        config.clone_from(&plan.before);
        return;
    }
    let registrations = &mut config.codeartifact.registrations;
    if let Some(at) = registrations.iter().position(|known| *known == plan.registration) {
        match (&plan.replaced, registrations.get_mut(at)) {
            (Some(before), Some(known)) => known.clone_from(before),
            _ => drop(registrations.remove(at)),
        }
    }
    let name = &plan.chosen.name;
    let is_used = registrations.iter().any(|known| known.profile == *name);
    let profiles = &mut config.codeartifact.profiles;
    if profiles.get(name) == Some(&plan.chosen.profile) {
        match plan.before.codeartifact.profiles.get(name) {
            Some(before) => drop(profiles.insert(name.clone(), before.clone())),
            None if !is_used => drop(profiles.shift_remove(name)),
            None => {}
        }
    }
    if let Some(FormerProfile { name, profile, .. }) = &plan.former
        && !profiles.contains_key(name)
    {
        profiles.insert(name.clone(), profile.clone());
    }
    if !profiles.contains_key(name) && config.codeartifact.default.as_ref() == Some(name) {
        config.codeartifact.default.clone_from(&plan.before.codeartifact.default);
    }
}

/// Writes what the plan changes; whether that is anything.
fn write_files(
    plan: &Plan,
    home: &Home,
    files: &mut Vec<FileLock>,
    written: &mut Vec<WrittenFile>,
) -> Result<bool, Failure> {
    let registered = Registered {
        before: plan.replaced.clone(),
        after: plan.registration.clone(),
        profile: plan.former.clone(),
        other: serde_json::Map::new(),
    };
    let mut write = |Edit { file, after }: &Edit| {
        let author = Author {
            home,
            client: plan.client.tool().name(),
            dialect: plan.client.dialect(file.path()),
            registration: Some(registered.clone()),
        };
        let place = files.iter().position(|lock| lock.path() == file.path());
        // Where an edit of the same plan led elsewhere, somebody changes links.
        let place = place.ok_or_else(|| {
            Failure::configuration(
                format!("`{}` was led to another file meanwhile", file.path().display()),
                "Run the command again.",
            )
        })?;
        written.push(file.clone().locked(files.swap_remove(place))?.write(after, &author)?);
        Ok::<_, Failure>(())
    };
    let changes: Vec<_> = plan.edits.files.iter().filter(|edit| edit.changes()).collect();
    changes.iter().try_for_each(|edit| write(edit))?;
    let own = plan.edits.files.iter().find(|edit| edit.file.path() == plan.client.file());
    if let (true, true, Some(edit)) =
        (changes.is_empty(), plan.replaced.as_ref() != Some(&plan.registration), own)
    {
        write(edit)?;
    }
    Ok(!changes.is_empty())
}

/// Puts files back that are still locked.
fn revert(written: Vec<WrittenFile>) {
    for file in written.into_iter().rev() {
        let path = file.path().to_owned();
        if let Err(error) = file.revert() {
            terminal::warn(&format!("`{}` could not be put back: {error}", path.display()));
        }
    }
}
