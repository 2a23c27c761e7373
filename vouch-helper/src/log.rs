//! `VOUCH_LOG`: what a program does, on stderr. Nothing is set up while the variable is unset.

use std::io::{self, Write};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use vouch_core::env;

use crate::output::say;
use crate::text::printable;

/// Starts the log if `VOUCH_LOG` asks for it with a level, such as `debug`; `program` is the crate of the program.
pub fn start(program: &str) {
    let Some(text) = env::var("VOUCH_LOG").filter(|text| !text.is_empty()) else { return };
    match level(&text) {
        Some(level) => start_at(program, level),
        None => say(&format!(
            "warning: VOUCH_LOG is `{text}`, which is no level; there are error, warn, info, debug and trace"
        )),
    }
}

/// Starts the log for a flag that asks for it, whatever `VOUCH_LOG` says.
pub fn start_verbose(program: &str) {
    start_at(program, LevelFilter::DEBUG);
}

/// A level by its name; its number, which the crate takes too, is documented nowhere.
fn level(text: &str) -> Option<LevelFilter> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

fn start_at(program: &str, level: LevelFilter) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_go_by_name() {
        for name in ["off", "error", "warn", "info", "debug", "trace", "DEBUG"] {
            assert!(level(name).is_some(), "{name}");
        }
        for bad in ["5", "debug,hyper=trace", "vouch=debug", "verbose", "yes", " debug"] {
            assert!(level(bad).is_none(), "{bad}");
        }
    }
}
