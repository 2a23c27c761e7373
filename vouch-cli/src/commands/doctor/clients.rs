//! The package managers that are set up, seen from the working directory.

use std::env;
use std::path::Path;
use std::thread;

use vouch_clients::all;
use vouch_clients::finding::Finding;
use vouch_clients::inspect::{self, InspectContext};
use vouch_clients::jvm;
use vouch_clients::project;
use vouch_core::config::Config;

use super::context::DoctorContext;

const CLIENTS: &str = "clients";

pub(super) fn look(context: &DoctorContext) -> Vec<Finding> {
    let (Some(home), Some(config)) = (&context.home, &context.config) else {
        return vec![Finding::skip(CLIENTS, "the configuration cannot be read")];
    };
    let registrations = &config.codeartifact.registrations;
    let folder = env::current_dir().unwrap_or_default();
    if registrations.is_empty() {
        let seen = "none is set up. Run `vouch setup codeartifact --tool TOOL --repository REPOSITORY`.";
        return std::iter::once(Finding::skip(CLIENTS, seen)).chain(unregistered(config, &folder)).collect();
    }
    // Most of the time goes into asking clients for their versions: they are asked side by side.
    let looked: Vec<Vec<Finding>> = thread::scope(|scope| {
        let look = |registration| {
            let case = InspectContext { registration, config, home, folder: &folder, client: all::client_of };
            scope.spawn(move || all::inspect(&case))
        };
        let looking: Vec<_> = registrations.iter().map(look).collect();
        looking.into_iter().map(|looking| looking.join().unwrap_or_default()).collect()
    });
    let mut findings: Vec<Finding> = Vec::new();
    for (registration, looked) in registrations.iter().zip(looked) {
        if looked.is_empty() {
            let fault = Finding::skip(inspect::ENTRY, "Vouch met a fault of its own when it looked");
            findings.push(fault.about(inspect::label(registration)));
        }
        for finding in looked {
            // What is about the client as a whole is told once.
            let known =
                |known: &Finding| known.check() == finding.check() && known.message() == finding.message();
            if finding.check() == inspect::ENTRY || !findings.iter().any(known) {
                findings.push(finding.about(inspect::label(registration)));
            }
        }
    }
    findings.extend(unregistered(config, &folder));
    findings
}

/// What clients have that setup wrote nothing for.
fn unregistered(config: &Config, folder: &Path) -> Vec<Finding> {
    let ruby = project::inspect_ruby(config, folder);
    jvm::inspect::by_hand(config).into_iter().chain(ruby).collect()
}
