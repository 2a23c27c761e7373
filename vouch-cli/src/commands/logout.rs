//! `vouch logout`: the end of the session.

use vouch_core::endpoint::Domain;
use vouch_core::session;
use vouch_core::{Context, Failure, UnixTime};

use crate::{static_tokens, terminal};

pub(crate) fn run(context: &Context) -> Result<(), Failure> {
    // Looked up before the vault is cleared; a broken configuration keeps nobody logged in.
    let live = live_tokens(context);
    let was_live = session::logout(context.home(), &context.keystore()?)?;
    // After the session: nothing can write them again. Even without one, as what it left may still be valid.
    static_tokens::remove_all(context);
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

fn live_tokens(context: &Context) -> Vec<(Domain, UnixTime)> {
    context.broker().and_then(|broker| broker.live_tokens()).unwrap_or_default()
}
