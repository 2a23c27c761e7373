//! `VOUCH_LOG`: what a program does, on stderr. Nothing is set up while the variable is unset.

use std::io::{self, Write};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use vouch_core::env;

use crate::text::printable;

/// Starts the log if `VOUCH_LOG` asks for it with a level, such as `debug`; `program` is the crate of the program.
pub fn start(program: &str) {
    let Some(level) = env::var("VOUCH_LOG").and_then(|text| text.parse::<LevelFilter>().ok()) else {
        return;
    };
    // Only Vouch's own events: what lies below writes requests, and they carry secrets.
    let ours = Targets::new().with_target("vouch", level).with_target(program, level);
    let lines = tracing_subscriber::fmt::layer().with_writer(|| Lines).with_ansi(false);
    let _ = tracing_subscriber::registry().with(lines).with(ours).try_init();
}

/// An event comes in one piece. Some of it is from servers and files.
struct Lines;

impl Write for Lines {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        io::stderr().lock().write_all(printable(&String::from_utf8_lossy(event)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
