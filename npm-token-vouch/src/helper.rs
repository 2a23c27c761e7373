//! The token helper: `Bearer TOKEN` on stdout, or a reason and an exit code. Asks nothing of the person.

use std::process::ExitCode;

use vouch_clients::node::npm::Mode;
use vouch_core::broker::Lifetime;
use vouch_core::config::{Config, Registration};
use vouch_core::endpoint::Asker;
use vouch_core::hint::SETUP_TOOL;
use vouch_core::home::HomeError;
use vouch_core::{Context, ErrorKind, Failure, Secret};
use vouch_helper::guard::guarded;
use vouch_helper::token::sendable;

use crate::output;

/// Answers for a profile, as pnpm wants it.
pub(crate) fn run(context: impl FnOnce() -> Result<Context, HomeError>, profile: Option<&str>) -> ExitCode {
    match guarded(|| of_profile(&context()?, profile)) {
        Ok(header) => output::answer(header.expose()),
        Err(error) => output::failed_unseen(&error),
    }
}

/// Answers for a registry, as the plugin for yarn wants it: one that is none of ours is answered with nothing.
pub(crate) fn for_registry(
    context: impl FnOnce() -> Result<Context, HomeError>,
    url: &str,
    registered: bool,
) -> ExitCode {
    match guarded(|| of_registry(&context()?, url, registered)) {
        Ok(Some(header)) => output::answer(header.expose()),
        Ok(None) => ExitCode::SUCCESS,
        // The plugin shows what is said.
        Err(error) => output::failed(&error),
    }
}

fn of_profile(context: &Context, profile: Option<&str>) -> Result<Secret<String>, Failure> {
    let broker = context.broker()?;
    let typed = vouch_core::env::var("VOUCH_PROFILE");
    let config = broker.config();
    let name = match profile.or(typed.as_deref()) {
        Some(name) => name,
        None => config.default_profile()?,
    };
    config.profile_named(name)?;
    let registration = registration_of(config, name).ok_or_else(|| not_set_up(name))?;
    header(&broker.token_for_url(&registration.endpoint, Asker::NPM, Lifetime::Run)?.0.value)
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
        format!("Run {}.", SETUP_TOOL.fill("TOOL", "pnpm").flag("--profile", profile)),
    )
}

/// None for a registry that is none of ours; if it is to be `registered` itself, for any other of its domain, too.
fn of_registry(context: &Context, url: &str, registered: bool) -> Result<Option<Secret<String>>, Failure> {
    let broker = context.broker()?;
    let slashless = |url: &str| url.trim_end_matches('/').to_owned();
    let is_it =
        |known: &Registration| Mode::of(known).is_some() && slashless(&known.endpoint) == slashless(url);
    if registered && !broker.config().codeartifact.registrations.iter().any(is_it) {
        return Ok(None);
    }
    match broker.token_for_url(url, Asker::NPM, Lifetime::Run) {
        Err(error) if error.is_not_codeartifact() => Ok(None),
        answer => header(&answer?.0.value).map(Some),
    }
}

fn header(token: &Secret<String>) -> Result<Secret<String>, Failure> {
    Ok(Secret::new(format!("Bearer {}\n", sendable(token.expose())?)))
}
