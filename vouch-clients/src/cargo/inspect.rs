//! Cargo's part of `vouch doctor`.

use std::path::Path;

use vouch_core::env;
use vouch_core::files;

use super::{client, config_hierarchy, program};
use crate::finding::Finding;
use crate::home_argument::named_in;
use crate::inspect::{self, InspectContext, OVERRIDDEN};

pub fn cargo(case: &InspectContext<'_>) -> Vec<Finding> {
    let name = client::name(case.registration);
    let user_file = config_hierarchy::cargo_home()
        .map(|folder| config_hierarchy::config_file(&folder))
        .unwrap_or_default();
    let written = client::provider(&files::read_text(&user_file).unwrap_or_default(), name);
    let mut findings = case.by_plan().findings();
    if let Some(written) = &written {
        let program = written.first().map(Path::new).unwrap_or(Path::new(""));
        match inspect::helper(program, case.registration) {
            Some(gone) => findings.push(gone),
            None => case.judge_home(&mut findings, named_in(written).as_deref()),
        }
    }
    findings.extend(token(name));
    findings.extend(case.lock_files(&["Cargo.lock"]));
    findings.push(inspect::version("cargo", &[1, program::OLDEST]));
    findings
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
