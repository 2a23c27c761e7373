//! What `vouch doctor` asks of a package manager that is set up.
//!
//! Each client's module judges a registration by itself, without the flags of its setup. Most of it is setup's own work
//! done once more: a plan that would change nothing means that the entry is there as setup wrote it, and the plan's
//! notes name what goes before it. The entry comes first. An inspection reads files and variables, may ask the client for its
//! version, and nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use vouch_core::Failure;
use vouch_core::config::{Config, Registration};
use vouch_core::files::{shell_quoted, shell_word};
use vouch_core::hint::SETUP_TOOL;
use vouch_core::home::Home;

use crate::client::{Client, Edit, Edits, SetupRequest};
use crate::finding::{Finding, Status};
pub use crate::lockfile::LOCKFILE;
use crate::options::Options;
use crate::program;
use crate::tool::Tool;
use crate::{jvm, lockfile, node};

/// The client's file, and our entry in it.
pub const ENTRY: &str = "entry";
/// What the client takes before our entry.
pub const OVERRIDDEN: &str = "overridden";
/// The program that the client's configuration names.
pub const HELPER: &str = "helper";
/// The home of Vouch that the client's lines have it ask.
pub const HOME: &str = "home";
/// A project's settings for the network, which would see the token.
pub const NETWORK: &str = "network";
/// Whether what a project names is what was set up.
pub const PROJECT: &str = "project";
/// Whether what a dependency names can be the variable that has the token.
pub const VARIABLE: &str = "variable";
/// Whether the client is new enough.
pub const VERSION: &str = "version";

const WHY: &str = "The client does not reach the repository by way of Vouch.";

/// Why it matters which home is asked.
pub const ELSEWHERE: &str = "The client would get its token as somebody else, or none.";

/// Builds the client of a registration.
pub type BuildClient = fn(&Home, &Registration) -> Result<Box<dyn Client>, Failure>;

/// A registration, and where a person would start the client.
#[derive(Debug, Clone, Copy)]
pub struct InspectContext<'a> {
    pub registration: &'a Registration,
    pub config: &'a Config,
    pub home: &'a Home,
    pub folder: &'a Path,
    /// Whether it is the first of its client: what is so of all of them is looked at with it alone.
    pub is_first: bool,
    /// Builds the client of a registration.
    pub client: BuildClient,
}

/// A registration for a person: the tool, and its name or repository.
pub fn label(registration: &Registration) -> String {
    let name = registration.name.as_deref().unwrap_or_else(|| registration.repository.as_str());
    format!("{} {name}", registration.tool)
}

/// The command that writes the entry of a registration again, as it was set up.
pub fn setup(registration: &Registration) -> String {
    setup_with(registration, &Options::recorded(registration).unwrap_or_default())
}

/// The same with other options.
pub fn setup_with(registration: &Registration, options: &Options) -> String {
    let Registration { tool, repository, profile, .. } = registration;
    let command =
        SETUP_TOOL.fill("TOOL", tool).fill("REPOSITORY", repository.as_str()).flag("--profile", profile);
    format!("Run {}.", command.words(&flags(registration, options)))
}

/// What is to be typed for a registration behind tool, repository and profile, with a blank before each flag.
pub fn flags(registration: &Registration, options: &Options) -> String {
    let Registration { tool, repository, name, .. } = registration;
    let named = match name {
        Some(scope) if scope.starts_with('@') => format!(" --scope {scope}"),
        Some(name) if name != repository.as_str() => format!(" --registry {}", shell_word(name.as_ref())),
        _ => String::new(),
    };
    let file = match Tool::named(tool) {
        Some(tool) if tool.reads_static_token() => ("--npmrc", node::named_npmrc(registration)),
        Some(Tool::Maven) => ("--settings", jvm::named_settings(registration)),
        _ => ("", None),
    };
    let file = match file {
        (flag, Some(path)) => format!(" {flag} {}", shell_quoted(&path)),
        _ => String::new(),
    };
    format!("{named}{file}{}", options.flags())
}

/// Whether a client has one place in its file for both of two registrations: where all packages come from, or those of a
/// scope.
pub fn share_a_place(one: &Registration, other: &Registration) -> bool {
    let same = (&one.tool, &one.name, &one.file) == (&other.tool, &other.name, &other.file);
    let tool = Tool::named(&one.tool);
    same && tool.is_some_and(|tool| tool.is_nodes() || (tool == Tool::Pip && one.name.is_none()))
}

/// What a plan of setup's tells of an entry.
#[derive(Debug)]
pub struct Planned {
    pub entry: Finding,
    /// What goes before an entry that is as it should be.
    pub notes: Vec<String>,
}

impl Planned {
    /// All of it.
    pub fn findings(self) -> Vec<Finding> {
        std::iter::once(self.entry).chain(self.notes.into_iter().map(overridden)).collect()
    }
}

impl InspectContext<'_> {
    /// The entry, by a plan of setup's: what it would change, why it would refuse, and its notes.
    pub fn by_plan(&self) -> Planned {
        let alone = |entry| Planned { entry, notes: Vec::new() };
        let client = match (self.client)(self.home, self.registration) {
            Ok(client) => client,
            Err(failed) => return alone(Finding::failure(ENTRY, failed, WHY)),
        };
        let file = client.file();
        if let Some(other) = self.registration.file.as_deref().filter(|recorded| !same_file(recorded, file)) {
            let seen =
                format!("setup wrote to `{}`, and the client reads `{}`", other.display(), file.display());
            return alone(self.no_entry(seen));
        }
        let wanted =
            SetupRequest { registration: self.registration, corrects: None, config: self.config, bases: &[] };
        let edits = match client.plan(&wanted) {
            Ok(edits) => edits,
            Err(failed) => return alone(Finding::failure(ENTRY, failed, WHY)),
        };
        match edits.files.iter().find(|edit| edit.changes()).map(|edit| edit.file.path()) {
            None => {
                Planned { entry: Finding::ok(ENTRY, format!("in `{}`", file.display())), notes: edits.notes }
            }
            Some(_)
                if let Some(holder) = self.holder()
                    && self.lacks_only_its_place(&edits, holder) =>
            {
                alone(Finding::ok(
                    ENTRY,
                    format!("set up in `{}`; the default there is {} since", file.display(), holder.endpoint),
                ))
            }
            Some(path) if path.exists() => {
                alone(self.no_entry(format!("`{}` does not say what setup wrote", path.display())))
            }
            Some(path) => alone(self.no_entry(format!("there is no `{}`", path.display()))),
        }
    }

    /// Whose the entry is, by the home that its command names: told with an entry that is this home's, and a failure of one
    /// that is not.
    pub fn judge_home(&self, findings: &mut Vec<Finding>, named: Option<&Path>) {
        let Some(entry) = findings.first_mut().filter(|first| first.check() == ENTRY) else { return };
        let ours = self.home.path().display();
        match named {
            Some(named) if self.home.is_at(named) => entry.add(&format!("for the home `{ours}`")),
            None if self.home.is_usual() => {
                let unnamed = self.unnamed("it");
                if entry.status() == Status::Ok {
                    findings.push(unnamed);
                }
            }
            other => {
                let other = match other {
                    Some(named) => format!("it asks the home `{}`", named.display()),
                    None => "it names no home".to_owned(),
                };
                let seen = format!("{other}, not `{ours}`, in which it is set up");
                *entry = Finding::fail(ENTRY, seen, ELSEWHERE, setup(self.registration));
            }
        }
    }

    /// That a command asks whatever home `VOUCH_HOME` names.
    pub fn unnamed(&self, what: &str) -> Finding {
        let ours = self.home.path().display();
        Finding::warn(
            HOME,
            format!("{what} names no home: where VOUCH_HOME is set, it asks that one, not `{ours}`"),
            ELSEWHERE,
            setup(self.registration),
        )
    }

    /// The registration that was set up later and has the place of this one in the file.
    fn holder(&self) -> Option<&Registration> {
        let others = self.config.codeartifact.registrations.iter();
        let mut others = others.filter(|known| {
            known.endpoint != self.registration.endpoint && share_a_place(known, self.registration)
        });
        others.find(|known| {
            let wanted =
                SetupRequest { registration: known, corrects: None, config: self.config, bases: &[] };
            let planned = (self.client)(self.home, known).and_then(|client| client.plan(&wanted));
            planned.is_ok_and(|edits| !edits.files.iter().any(Edit::changes))
        })
    }

    /// Whether an entry lacks nothing but the place that another one has: were it written, and that one after it, the files
    /// would say what they say.
    fn lacks_only_its_place(&self, edits: &Edits, holder: &Registration) -> bool {
        let bases: Vec<_> =
            edits.files.iter().map(|edit| (edit.file.path().to_owned(), Some(edit.after.clone()))).collect();
        let wanted =
            SetupRequest { registration: holder, corrects: None, config: self.config, bases: &bases };
        let planned = (self.client)(self.home, holder).and_then(|client| client.plan(&wanted));
        let Ok(again) = planned else { return false };
        edits.files.iter().all(|edit| {
            let last = again.files.iter().find(|last| last.file.path() == edit.file.path());
            let text = last.map_or(&edit.after, |last| &last.after);
            settings(text) == settings(edit.file.present_text())
        })
    }

    /// Where the project's lock files of these names take packages from.
    pub fn lock_files(&self, names: &[&str]) -> Vec<Finding> {
        if self.is_first { lockfile::look(self.folder, names, self.config) } else { Vec::new() }
    }

    /// The entry is not there, or not in force.
    pub fn no_entry(&self, seen: impl Into<String>) -> Finding {
        Finding::fail(ENTRY, seen, WHY, setup(self.registration))
    }
}

/// A note of setup's as a finding.
pub fn overridden(note: String) -> Finding {
    let is_variable = |word: &str| {
        word.contains('_')
            && word.bytes().all(|byte| b"_0123456789".contains(&byte) || byte.is_ascii_uppercase())
    };
    let fix = match note.split_once(" is set") {
        Some((variable, _)) if is_variable(variable) => format!("If you do not mean it: `unset {variable}`."),
        _ => "If you do not mean it, take it back.".into(),
    };
    Finding::warn(OVERRIDDEN, note, "The client does not do what the entry of Vouch says.", fix)
}

/// A variable that goes before the entry. Its value is nobody's business.
pub fn overriding_variable(name: &str) -> Finding {
    Finding::warn(
        OVERRIDDEN,
        format!("{name} is set and goes before the entry of Vouch"),
        "The client goes elsewhere, or with another credential.",
        format!("If you do not mean it: `unset {name}`."),
    )
}

/// Whether a client that is asked for its version is new enough. `oldest` is the first that is known to work.
pub fn version(program: &str, oldest: &[u32]) -> Finding {
    match program::ask_version(program) {
        program::Asked::Version(text) => judge(program, &text, oldest),
        program::Asked::Absent => Finding::skip(VERSION, format!("`{program}` is not on PATH")),
        program::Asked::Silent => Finding::warn(
            VERSION,
            format!("`{program} --version` gives no answer"),
            "It may be broken, or too old.",
            format!("See what `{program} --version` says."),
        ),
    }
}

fn judge(program: &str, text: &str, oldest: &[u32]) -> Finding {
    let shown = |numbers: &[u32]| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
    match program::numbers(text) {
        Some(found) if found.as_slice() < oldest => Finding::fail(
            VERSION,
            format!("{program} {} is too old", shown(&found)),
            format!("{} is the first that works with Vouch.", shown(oldest)),
            format!("Update {program}."),
        ),
        Some(found) => Finding::ok(VERSION, format!("{program} {}", shown(&found))),
        None => Finding::skip(VERSION, format!("`{program} --version` answers in an unknown way")),
    }
}

/// Whether a program that a client starts is there.
pub fn helper(path: &Path, registration: &Registration) -> Option<Finding> {
    let reason = if program::is_executable(path) {
        return None;
    } else if path.exists() {
        "cannot be started"
    } else {
        "is not there"
    };
    Some(Finding::fail(
        HELPER,
        format!("`{}` {reason}", path.display()),
        "The client gets its token from it.",
        format!("Install Vouch again. {}", setup(registration)),
    ))
}

/// The lines of a text, in whatever order and spacing.
fn settings(text: &str) -> BTreeSet<String> {
    let lines = text.lines().map(|line| line.split_whitespace().collect::<String>());
    lines.filter(|line| !line.is_empty()).collect()
}

fn same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    one == other || real(one).is_some_and(|one| real(other) == Some(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_too_old_by_its_numbers() {
        for (text, status) in [
            ("pip 22.3.1 from /x", Status::Fail),
            ("pip 23.0 from /x", Status::Ok),
            ("pip 100.0", Status::Ok),
            ("pip", Status::Skip),
        ] {
            assert_eq!(judge("pip", text, &[23, 0]).status(), status, "{text}");
        }
    }
}
