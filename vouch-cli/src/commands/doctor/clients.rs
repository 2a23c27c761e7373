//! The package managers that are set up, seen from the working directory.

use std::env;

use super::Ground;
use crate::clients::inspect::{self, Case};
use crate::finding::Finding;

const CLIENTS: &str = "clients";

pub(super) fn look(ground: &Ground) -> Vec<Finding> {
    let (Some(home), Some(config)) = (&ground.home, &ground.config) else {
        return vec![Finding::skip(CLIENTS, "the configuration cannot be read")];
    };
    let registrations = &config.codeartifact.registrations;
    if registrations.is_empty() {
        let seen = "none is set up. Run `vouch setup codeartifact --tool TOOL --repository REPOSITORY`.";
        return vec![Finding::skip(CLIENTS, seen)];
    }
    let folder = env::current_dir().unwrap_or_default();
    let mut findings: Vec<Finding> = Vec::new();
    for registration in registrations {
        let about = inspect::label(registration);
        let case = Case { registration, config, home, folder: &folder };
        for finding in inspect::inspect(&case) {
            // What is about the client as a whole is told once.
            let known = findings
                .iter()
                .any(|known| known.check() == finding.check() && known.seen() == finding.seen());
            if !known {
                findings.push(finding.about(&about));
            }
        }
    }
    findings
}
