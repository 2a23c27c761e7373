//! The package managers that are set up, seen from the working directory.

use std::collections::{BTreeMap, HashSet};
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread;

use vouch_clients::all;
use vouch_clients::finding::Finding;
use vouch_clients::inspect::{self, InspectContext};
use vouch_clients::jvm;
use vouch_clients::project;
use vouch_core::config::{Config, Registration};
use vouch_core::hint::SETUP_TOOL;

use super::context::DoctorContext;

const CLIENTS: &str = "clients";

pub(super) fn look(context: &DoctorContext) -> Vec<Finding> {
    let (Some(home), Some(config)) = (&context.home, &context.config) else {
        return vec![Finding::skip(CLIENTS, "the configuration cannot be read")];
    };
    let registrations = &config.codeartifact.registrations;
    let folder = env::current_dir().unwrap_or_default();
    if registrations.is_empty() {
        let seen = format!("none is set up. Run {SETUP_TOOL}.");
        return std::iter::once(Finding::skip(CLIENTS, seen)).chain(unregistered(config, &folder)).collect();
    }
    let looked = side_by_side(registrations, |registration, is_first| {
        all::inspect(&InspectContext {
            registration,
            config,
            home,
            folder: &folder,
            is_first,
            client: all::client_of,
        })
    });
    let mut findings: Vec<Finding> = Vec::new();
    let mut known = HashSet::new();
    for (registration, looked) in registrations.iter().zip(looked) {
        let label = inspect::label(registration);
        if looked.is_empty() {
            let fault = Finding::skip(inspect::ENTRY, "Vouch met a fault of its own when it looked");
            findings.push(fault.about(label.clone()));
        }
        for finding in looked {
            // What is about the client as a whole is told once.
            let is_new = known.insert((finding.check(), finding.message().to_owned()));
            if finding.check() == inspect::ENTRY || is_new {
                findings.push(finding.about(label.clone()));
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

/// What is found about each registration. Most of the time goes into asking clients for their versions: one thread for each
/// client asks it, and reads its files once for all of its registrations.
fn side_by_side<'r>(
    registrations: &'r [Registration],
    look: impl Fn(&'r Registration, bool) -> Vec<Finding> + Sync,
) -> Vec<Vec<Finding>> {
    let mut tools: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, registration) in registrations.iter().enumerate() {
        tools.entry(&registration.tool).or_default().push(at);
    }
    let look_at = |places: &[usize]| -> Vec<(usize, Vec<Finding>)> {
        let of_tool = places.iter().enumerate();
        of_tool
            .filter_map(|(nth, at)| {
                let registration = registrations.get(*at)?;
                // One that cannot be looked at keeps no other from it.
                let looked = catch_unwind(AssertUnwindSafe(|| look(registration, nth == 0)));
                Some((*at, looked.unwrap_or_default()))
            })
            .collect()
    };
    let mut found = vec![Vec::new(); registrations.len()];
    let looked: Vec<_> = thread::scope(|scope| {
        let looking: Vec<_> = tools
            .values()
            .map(|places| (places, thread::Builder::new().spawn_scoped(scope, move || look_at(places))))
            .collect();
        let ended = looking.into_iter().flat_map(|(places, looking)| match looking {
            Ok(looking) => looking.join().unwrap_or_default(),
            // Where there may be no more threads, this one does it.
            Err(_) => look_at(places),
        });
        ended.collect()
    });
    for (at, looked) in looked {
        if let Some(place) = found.get_mut(at) {
            *place = looked;
        }
    }
    found
}
