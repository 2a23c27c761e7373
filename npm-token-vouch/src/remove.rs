//! `remove`: our lines out of the files, and the registrations out of the configuration.

use std::path::Path;
use std::process::ExitCode;

use vouch_clients::node::npm::registration::{key, registry_key, replaced};
use vouch_clients::node::npm::{Mode, NpmError, Npmrc, file};
use vouch_core::config::{Config, Registration};
use vouch_core::home::{Home, HomeError};
use vouch_core::{Context, Failure};

use crate::output;
use crate::which::Which;

pub(crate) fn run(context: Result<Context, HomeError>, which: &Which) -> ExitCode {
    match context.map_err(Failure::from).and_then(|context| remove(context.home(), which)) {
        Ok(0) => {
            output::say("nothing to remove: nothing of that was set up");
            ExitCode::SUCCESS
        }
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => output::failed(&error),
    }
}

/// The files first: what fails there stays registered and can be tried again.
fn remove(home: &Home, which: &Which) -> Result<usize, Failure> {
    Config::update(home, |config| {
        let registrations = &mut config.codeartifact.registrations;
        let (ours, kept): (Vec<_>, Vec<_>) =
            std::mem::take(registrations).into_iter().partition(|known| is_meant(known, which));
        for registration in &ours {
            let Some(path) = registration.file.as_deref() else { continue };
            take_out(home, path, registration, &kept)?;
        }
        *registrations = kept;
        Ok(ours.len())
    })
}

/// Only what is in a file of npm's own kind; yarn's are for `vouch undo`.
fn is_meant(registration: &Registration, which: &Which) -> bool {
    Mode::of(registration).is_some() && registration.tool != "yarn" && which.filter().admits(registration)
}

fn take_out(home: &Home, path: &Path, gone: &Registration, kept: &[Registration]) -> Result<(), Failure> {
    if !path.exists() {
        return Ok(());
    }
    let shared = kept.iter().any(|known| known.endpoint == gone.endpoint && known.file == gone.file);
    let edited = file::edit(home, path, false, |npmrc| {
        // A line that somebody has since pointed elsewhere is theirs.
        if points_to(npmrc, gone) {
            match replaced(gone) {
                Some(before) => npmrc.set(&registry_key(gone), before),
                None => drop(npmrc.remove(&registry_key(gone))),
            }
        }
        // Another scope may live on the same token.
        for field in ["_authToken", "tokenHelper", "always-auth"] {
            if let Some(key) = key(&gone.endpoint, field).filter(|_| !shared) {
                npmrc.remove(&key);
            }
        }
        Ok::<_, NpmError>(())
    });
    edited?;
    output::say(&format!("the lines for {} are out of `{}`", gone.endpoint, path.display()));
    Ok(())
}

fn points_to(npmrc: &Npmrc, registration: &Registration) -> bool {
    let value = npmrc.value(&registry_key(registration));
    value.is_some_and(|value| value.trim_end_matches('/') == registration.endpoint.trim_end_matches('/'))
}
