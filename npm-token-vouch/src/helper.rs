//! The token helper: `Bearer TOKEN` on stdout, or a reason and an exit code. Asks nothing of the person.

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use vouch_clients::node::npm::Mode;
use vouch_core::broker::{Broker, Lifetime};
use vouch_core::config::{Config, Registration};
use vouch_core::{Context, Error, ErrorKind, Failure, Secret};

use crate::say;

/// Answers for a profile, as pnpm wants it.
pub(crate) fn run(profile: Option<&str>) -> ExitCode {
    match guarded(|| of_profile(profile)) {
        Ok(header) => say::answer(header.expose()),
        Err(error) => say::failed_unseen(&error),
    }
}

/// Answers for a registry, as the plugin for yarn wants it: one that is none of ours is answered with nothing.
pub(crate) fn for_registry(url: &str) -> ExitCode {
    match guarded(|| of_registry(url)) {
        Ok(Some(header)) => say::answer(header.expose()),
        Ok(None) => ExitCode::SUCCESS,
        // The plugin shows what is said.
        Err(error) => say::failed(&error),
    }
}

/// The package manager must get an answer, and the person a reason.
fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    panic::set_hook(Box::new(|_| {}));
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Failure::new(ErrorKind::Other, "Vouch met a fault of its own", "VOUCH_LOG=debug shows more."))
    })
}

fn of_profile(profile: Option<&str>) -> Result<Secret<String>, Failure> {
    let broker = Context::from_env()?.broker()?;
    let typed = vouch_core::env::var("VOUCH_PROFILE");
    let config = broker.config();
    let name = match profile.or(typed.as_deref()) {
        Some(name) => name,
        None => config.default_profile()?,
    };
    config.profile_named(name)?;
    let registration = registration_of(config, name).ok_or_else(|| not_set_up(name))?;
    Ok(header_for(&broker, &registration.endpoint)?)
}

/// Helpers serve registrations only.
fn registration_of<'a>(config: &'a Config, profile: &str) -> Option<&'a Registration> {
    let registrations = config.codeartifact.registrations.iter();
    let mut of_profile = registrations.filter(|known| known.profile == profile && Mode::of(known).is_some());
    of_profile.next()
}

fn not_set_up(profile: &str) -> Failure {
    Failure::new(
        ErrorKind::Configuration,
        format!("no npm registry was set up for CodeArtifact profile `{profile}`"),
        format!("Run `vouch setup codeartifact --tool pnpm --repository REPOSITORY --profile {profile}`."),
    )
}

/// None for a registry that is none of ours.
fn of_registry(url: &str) -> Result<Option<Secret<String>>, Failure> {
    match header_for(&Context::from_env()?.broker()?, url) {
        Err(error) if error.is_foreign() => Ok(None),
        answer => Ok(Some(answer?)),
    }
}

fn header_for(broker: &Broker, url: &str) -> Result<Secret<String>, Error> {
    let (token, _) = broker.token_for_url(url, Lifetime::Run)?;
    Ok(Secret::new(format!("Bearer {}\n", token.value.expose().trim())))
}
