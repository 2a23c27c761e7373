//! `VOUCH_LOG`: what the helper does, on stderr. Nothing is set up while the variable is unset.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts the log if `VOUCH_LOG` asks for it with a level, such as `debug`.
pub(crate) fn start() {
    let Some(level) = vouch_core::env::var("VOUCH_LOG").and_then(|text| text.parse::<LevelFilter>().ok())
    else {
        return;
    };
    // Only Vouch's own events: what lies below writes requests, and they carry secrets.
    let ours = Targets::new().with_target("vouch", level).with_target("pip_keyring_vouch", level);
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false);
    let _ = tracing_subscriber::registry().with(lines).with(ours).try_init();
}
