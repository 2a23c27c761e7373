//! Vouch's own programs on PATH: all of one version.

use std::path::{Path, PathBuf};

use vouch_clients::finding::Finding;
use vouch_clients::program::{self, Asked};
use vouch_clients::tool::Tool;
use vouch_core::config::Config;

const PROGRAMS: &str = "programs";
const OWN: &str = env!("CARGO_PKG_VERSION");
const WHY: &str = "They share configuration and vault, and are made to be of one version.";

const ALL: [&str; 4] = ["vouch", "cargo-credential-vouch", "npm-token-vouch", "pip-keyring-vouch"];

pub(super) fn look(config: Option<&Config>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut same = Vec::new();
    for name in ALL {
        let Some(path) = program::on_path(name) else {
            let registrations = config.iter().flat_map(|config| &config.codeartifact.registrations);
            let mut needing =
                registrations.filter(|known| Tool::named(&known.tool).and_then(Tool::helper) == Some(name));
            if let Some(registration) = needing.next().filter(|_| beside_vouch(name).is_none()) {
                findings.push(Finding::fail(
                    PROGRAMS,
                    format!("`{name}` is missing: it is neither beside `vouch` nor on PATH"),
                    format!("{} gets its token from it.", registration.tool),
                    "Install Vouch again, with all its programs in one directory.",
                ));
            }
            continue;
        };
        match version(name, &path) {
            Ok(version) if version == OWN => same.push(name),
            Ok(version) => findings.push(Finding::warn(
                PROGRAMS,
                format!("`{}` is of version {version}, and this `vouch` of {OWN}", path.display()),
                WHY,
                "Install both again, or put the directory of the newer ones first on PATH.",
            )),
            Err(reason) => findings.push(Finding::fail(
                PROGRAMS,
                format!("`{}` does not tell its version: {reason}", path.display()),
                WHY,
                "Install Vouch again.",
            )),
        }
    }
    if !same.is_empty() {
        findings.insert(0, Finding::ok(PROGRAMS, format!("{} {OWN}", same.join(", "))));
    } else if findings.is_empty() {
        findings.push(Finding::skip(PROGRAMS, "none of Vouch's programs is on PATH"));
    }
    findings
}

/// The path that setup would write down.
fn beside_vouch(name: &str) -> Option<PathBuf> {
    vouch_clients::cargo::find_program(name)
}

fn version(name: &str, path: &Path) -> Result<String, &'static str> {
    match program::ask_version(path) {
        Asked::Version(text) => {
            let version = text.trim().strip_prefix(name).map(|version| version.trim().to_owned());
            version.filter(|version| !version.is_empty()).ok_or("it answers in an unknown way")
        }
        Asked::Absent => Err("it cannot be started"),
        Asked::Silent => Err("it does not answer"),
    }
}
