//! What a project's own files make a client do with a token: one look for `doctor`, `exec`, `setup` and `env`.
//!
//! [`look`] opens files by their names, from a folder upwards as far as each client climbs, and lists no directory. A finding
//! is a value in force by which a token of ours goes where it does not belong; that a file exists, a public host in a lock and a
//! setting for another host are none. It is a warning, not a boundary: `npm --prefix` and `sh -c 'cd …'` pass it, and who
//! runs a project's code hands it everything anyway.

mod cargo;
mod files;
mod found;
mod jvm;
mod maven;
mod maven_settings;
mod node;
mod node_locks;
mod pip;
mod program;
mod python;
mod report;
mod ruby;
mod setting;
mod targets;
mod trust;
mod urls;
mod yarn;

use std::path::Path;

use vouch_core::config::Config;

use crate::finding::Finding;
use crate::inspect::InspectContext;
use crate::tool::Tool;
use found::Found;
pub use found::{Effect, ProjectFinding};
pub use program::readers;
pub use targets::Targets;
pub use trust::{Digest, TrustedProject};

/// Looks at the project of a folder as some clients would. What is certain comes first.
pub fn look(folder: &Path, tools: &[Tool], targets: &Targets) -> Vec<ProjectFinding> {
    let mut found = Found::new(targets);
    if targets.is_empty() {
        return found.finish();
    }
    for tool in tools {
        match tool {
            Tool::Npm | Tool::Pnpm | Tool::YarnClassic | Tool::Bun => {
                node::look(&mut found, folder, *tool);
                node_locks::look(&mut found, folder, *tool);
            }
            Tool::Yarn => {
                yarn::look(&mut found, folder);
                node_locks::look(&mut found, folder, *tool);
            }
            Tool::Pip => pip::look(&mut found, folder),
            Tool::Uv => python::uv(&mut found, folder),
            Tool::Poetry => python::poetry(&mut found, folder),
            Tool::Pdm => {
                python::pdm(&mut found, folder);
                // With `use_uv` it starts uv.
                python::uv(&mut found, folder);
            }
            Tool::Cargo => cargo::look(&mut found, folder),
            Tool::Ruby => ruby::look(&mut found, folder),
            Tool::Maven => maven::look(&mut found, folder),
            Tool::Gradle => jvm::gradle(&mut found, folder),
            // twine reads nothing in a project; a file of its own for each of the others belongs beside these.
            Tool::Twine | Tool::Sbt | Tool::Nuget | Tool::Swift => {}
        }
    }
    found.finish()
}

/// The project that doctor looks at, as the client of a registration reads it.
pub fn inspect(case: &InspectContext<'_>) -> Vec<Finding> {
    let Some(tool) = Tool::named(&case.registration.tool) else { return Vec::new() };
    look(case.folder, &[tool], &Targets::of(case.config)).iter().map(Finding::from).collect()
}

/// The same as Bundler reads it, for which setup writes and records nothing.
pub fn inspect_ruby(config: &Config, folder: &Path) -> Vec<Finding> {
    let found = look(folder, &[Tool::Ruby], &Targets::of(config));
    found.iter().map(|finding| Finding::from(finding).about(Tool::Ruby.name())).collect()
}

#[cfg(test)]
mod tests;
