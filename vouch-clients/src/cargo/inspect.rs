//! Cargo's part of `vouch doctor`.

use std::path::{Path, PathBuf};

use super::{Cargo, client, config_hierarchy, edit, program};
use crate::finding::Finding;
use crate::inspect::{self, Inspect, InspectContext, OVERRIDDEN};
use crate::lockfile;
use vouch_core::env;
use vouch_core::files;

/// Cargo, if it is meant.
pub fn inspector(tool: &str) -> Option<Box<dyn Inspect>> {
    (tool == "cargo").then(|| Box::new(Inspector) as Box<dyn Inspect>)
}

struct Inspector;

impl Inspect for Inspector {
    fn inspect(&self, case: &InspectContext<'_>) -> Vec<Finding> {
        let name = client::name(case.registration);
        let user_file = config_hierarchy::cargo_home()
            .map(|folder| config_hierarchy::config_file(&folder))
            .unwrap_or_default();
        // A provider of another place is as good; that it is there is a question of its own.
        let named = provider(&user_file, name);
        let cargo = match &named {
            Some(program) => Cargo::with_helper(program.display().to_string()),
            None => Cargo::new(client::Flags::default()),
        };
        let mut findings = case.by_plan(cargo).findings();
        findings.extend(named.and_then(|program| inspect::helper(&program, case.registration)));
        findings.extend(token(name));
        for file in config_hierarchy::project_files(case.folder, &user_file) {
            let text = files::read_text(&file).unwrap_or_default();
            let settings = edit::network(&text).unwrap_or_default();
            findings.extend(settings.iter().map(|setting| inspect::network(&file, setting)));
        }
        findings.extend(lockfile::look(case.folder, &["Cargo.lock"], case.config));
        findings.push(inspect::version("cargo", &[1, program::OLDEST]));
        findings
    }
}

/// The provider of a registry, if it is called as ours is.
fn provider(file: &Path, name: &str) -> Option<PathBuf> {
    let registries = edit::registries(&files::read_text(file).ok()?).ok()?;
    let program = registries.into_iter().find(|registry| registry.name == name)?.program?;
    let program = PathBuf::from(program);
    let ours =
        program.is_absolute() && program.file_stem().is_some_and(|stem| stem == "cargo-credential-vouch");
    ours.then_some(program)
}

/// Cargo ignores the token of a registry that has a provider, with a warning.
fn token(name: &str) -> Option<Finding> {
    let variable = format!("CARGO_REGISTRIES_{}_TOKEN", config_hierarchy::variable_name(name));
    env::var(&variable)?;
    Some(Finding::warn(
        OVERRIDDEN,
        format!("{variable} is set, and Cargo ignores it because Vouch is asked"),
        "It is a secret in every program's environment, and Cargo warns about it in every run.",
        format!("Run `unset {variable}`."),
    ))
}
