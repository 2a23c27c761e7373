//! `vouch logout`: the end of the session.

use std::path::PathBuf;

use vouch_clients::caches;
use vouch_clients::tool::Tool;
use vouch_core::config::Config;
use vouch_core::endpoint::Domain;
use vouch_core::hint::{STATUS_THERE, VOUCH_LOGOUT};
use vouch_core::home::HomeError;
use vouch_core::session;
use vouch_core::{Context, ErrorKind, Failure, UnixTime};

use crate::remote::{Remote, RemoteFlags};
use crate::token_search::TokenSearch;
use crate::{static_tokens, terminal};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    remote: RemoteFlags,
}

pub(crate) fn run(context: Result<Context, HomeError>, args: &Args) -> Result<(), Failure> {
    match args.remote.remote()? {
        Some(remote) => run_there(&remote),
        None => run_here(&context?),
    }
}

fn run_there(remote: &Remote) -> Result<(), Failure> {
    let host = &remote.destination;
    let done = remote.output(&["logout"])?;
    if let Some(failure) = remote.failure(done.status) {
        return Err(failure);
    }
    if !done.status.success() {
        return Err(Failure::new(
            ErrorKind::Other,
            format!("{VOUCH_LOGOUT} failed on {host}"),
            format!("Its own words are above. {} shows what is left.", STATUS_THERE.words(&remote.flags())),
        ));
    }
    terminal::done(&format!("no session of Vouch is left on {host}; yours here is as it was"));
    Ok(())
}

fn run_here(context: &Context) -> Result<(), Failure> {
    // Looked up before the vault is cleared; a broken configuration keeps nobody logged in.
    let live = live_tokens(context);
    let cached = cached_by_pdm(context);
    let ended = end_session(context);
    // After the session: nothing can write them again. Even without one, as what it left may still be valid; and whatever
    // else could not be removed.
    let mut failures = static_tokens::remove_all(context);
    match ended {
        Ok(true) => terminal::done("logged out"),
        Ok(false) => terminal::done("you were not logged in; nothing of a session is left"),
        Err(failure) => failures.insert(0, failure),
    }
    for (domain, expires_at) in &live {
        terminal::warn(&format!(
            "the token for {domain} stays valid until {} wherever it was handed out: CodeArtifact cannot revoke it",
            terminal::local_time(*expires_at)
        ));
    }
    for (file, fix) in &cached {
        terminal::warn(&format!("pdm keeps a token that is still valid in `{}`. {fix}", file.display()));
    }
    let Some(last) = failures.pop() else { return Ok(()) };
    for failure in &failures {
        terminal::report(failure);
    }
    Err(last)
}

/// Says whether there was a live one.
fn end_session(context: &Context) -> Result<bool, Failure> {
    match context.keystore() {
        Ok(keystore) => Ok(session::logout(context.home(), &keystore)?),
        Err(error) => {
            session::clear(context.home())?;
            Err(error.into())
        }
    }
}

fn live_tokens(context: &Context) -> Vec<(Domain, UnixTime)> {
    context.broker().and_then(|broker| broker.live_tokens()).unwrap_or_default()
}

/// Files of pdm's cache that have a live token, and what takes each out.
fn cached_by_pdm(context: &Context) -> Vec<(PathBuf, String)> {
    let is_set_up = |config: Config| {
        config.codeartifact.registrations.iter().any(|known| Tool::named(&known.tool) == Some(Tool::Pdm))
    };
    let Some(cache) = caches::pdm_http().filter(|_| context.config().is_ok_and(is_set_up)) else {
        return Vec::new();
    };
    let tokens = context.broker().and_then(|broker| broker.live_secrets()).unwrap_or_default();
    if tokens.is_empty() {
        return Vec::new();
    }
    let searched = TokenSearch::new(&tokens).folder(&cache.folder);
    for path in &searched.left {
        terminal::warn(&format!("`{}` could not be searched for tokens that pdm keeps", path.display()));
    }
    searched.found.into_iter().map(|file| (file.clone(), cache.fix(&file))).collect()
}
