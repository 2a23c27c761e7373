//! `vouch logout`: the end of the session.

use vouch_core::broker::Broker;
use vouch_core::config::Config;
use vouch_core::endpoint::Domain;
use vouch_core::home::Home;
use vouch_core::keystore::Keystore;
use vouch_core::session;
use vouch_core::{Failure, UnixTime};

use crate::{static_tokens, terminal};

pub(crate) fn run() -> Result<(), Failure> {
    let home = Home::from_env()?;
    // Looked up before the vault is cleared; a broken configuration keeps nobody logged in.
    let live = live_tokens(&home);
    let was_live = session::logout(&home, &Keystore::from_env(&home)?)?;
    // After the session: nothing can write them again. Even without one, as what it left may still be valid.
    static_tokens::remove_all(&home);
    if !was_live {
        terminal::done("you were not logged in; nothing of a session is left");
        return Ok(());
    }
    terminal::done("logged out");
    for (domain, expires_at) in &live {
        terminal::warn(&format!(
            "the token for {domain} stays valid until {} wherever it was handed out: CodeArtifact cannot revoke it",
            terminal::local_time(*expires_at)
        ));
    }
    Ok(())
}

fn live_tokens(home: &Home) -> Vec<(Domain, UnixTime)> {
    let config = Config::load(home).ok();
    let broker =
        config.and_then(|config| Some(Broker::new(home.clone(), config, Keystore::from_env(home).ok()?)));
    broker.and_then(|broker| broker.live_tokens().ok()).unwrap_or_default()
}
