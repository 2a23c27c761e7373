//! `watch`: the static tokens stay fresh until the session ends, then they are taken out.
//!
//! It needs no word at its end: a file is replaced as a whole, so a signal may come at any moment.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use vouch_clients::file_lock::{self, FileError};
use vouch_clients::node::npm::file::Change;
use vouch_clients::node::npm::registration::{self, Filter};
use vouch_clients::node::npm::tokens::{self, Removed, Renewed};
use vouch_core::broker::Broker;
use vouch_core::config::Config;
use vouch_core::files::Lock;
use vouch_core::hint::{SETUP_TOOL, VOUCH_LOGOUT};
use vouch_core::home::{Home, HomeError};
use vouch_core::{Context, Diagnostic, ErrorKind, Failure, UnixTime};
use vouch_helper::time;

use crate::which::Which;
use crate::{output, refresh};

/// Between two looks at the clock. The machine may sleep for hours in between; the clock on the wall then says so.
const TICK: Duration = Duration::from_secs(1);

/// After a failure, in seconds.
const RETRY: i64 = 30;

/// The longest time without a look at the files, in seconds: somebody else may have changed them.
const LONGEST: i64 = 15 * 60;

pub(crate) fn run(context: Result<Context, HomeError>, which: &Which) -> ExitCode {
    match context.map_err(Failure::from).and_then(|context| watch(&context, which)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::failed(&error),
    }
}

fn watch(context: &Context, which: &Which) -> Result<(), Failure> {
    let home = context.home();
    let broker = context.broker()?;
    let ends = broker.session_expiry()?;
    let entries = registration::token_entries(broker.config(), which.filter());
    let files: BTreeSet<PathBuf> = entries.into_iter().map(|place| place.file).collect();
    if files.is_empty() {
        return Err(nothing_to_watch());
    }
    let _locks = files.iter().map(|path| claim(home, path)).collect::<Result<Vec<_>, Failure>>()?;
    for path in &files {
        output::say(&format!("watching the tokens in `{}`", path.display()));
    }
    output::say(&format!(
        "until the session ends {}; Ctrl-C stops it, and the tokens then stay in the files until {VOUCH_LOGOUT}",
        time::local_time(ends)
    ));
    keep_fresh(context, which);
    take_out(home, which, &files)
}

/// Comes back when there is no session any more.
fn keep_fresh(context: &Context, which: &Which) {
    let mut due = UnixTime::now();
    let mut told = None;
    loop {
        // Anew each time: a login makes a new session, a setup another registration.
        match context.broker() {
            Ok(broker) => {
                match broker.session_expiry() {
                    Err(error) if error.kind() == ErrorKind::NoSession => return,
                    _ => {}
                }
                if due <= UnixTime::now() {
                    due = renew(context.home(), &broker, which.filter(), &mut told);
                }
            }
            // Such as a configuration that somebody is editing: the tokens are good for a while yet.
            Err(error) => complain(error.failure(), &mut told),
        }
        thread::sleep(TICK);
    }
}

/// Renews what needs it and says when to come again.
fn renew(home: &Home, broker: &Broker, filter: Filter<'_>, told: &mut Option<Failure>) -> UnixTime {
    let now = UnixTime::now();
    let renewed = tokens::refresh(home, broker, filter);
    for file in renewed.iter().filter(|file| !matches!(file.change, Ok(Change::None))) {
        refresh::tell(file);
    }
    if let Some(error) = renewed.iter().find_map(Renewed::failure) {
        complain(error.failure(), told);
        let soon = renewed.iter().filter_map(Renewed::earliest).min().map_or(RETRY, |at| at.since(now) / 4);
        return now.plus(soon.clamp(1, RETRY));
    }
    *told = None;
    // With a third of its life left a token is renewed: an install that began before must not see it end.
    let left = renewed.iter().filter_map(Renewed::earliest).min().map_or(LONGEST, |at| at.since(now));
    now.plus((left / 3 * 2).clamp(1, LONGEST))
}

/// The same trouble is told once.
fn complain(failure: Failure, told: &mut Option<Failure>) {
    if told.as_ref() != Some(&failure) {
        output::warn(&failure);
        *told = Some(failure);
    }
}

fn take_out(home: &Home, which: &Which, files: &BTreeSet<PathBuf>) -> Result<(), Failure> {
    let config = Config::load(home)?;
    for Removed { outcome, .. } in tokens::remove_of(home, &config, which.filter())? {
        outcome?;
    }
    for file in files {
        output::say(&format!("the session is over: no token of Vouch is left in `{}`", file.display()));
    }
    Ok(())
}

/// One watcher to a file.
fn claim(home: &Home, path: &std::path::Path) -> Result<Lock, Failure> {
    match file_lock::claim_watch(home, path) {
        Err(FileError::Busy { holder, .. }) => Err(Failure::new(
            ErrorKind::Other,
            format!("`{}` is being watched already, by {holder}", path.display()),
            "One watcher is enough; name another file with `--npmrc`, or stop that one.",
        )),
        claimed => Ok(claimed?),
    }
}

fn nothing_to_watch() -> Failure {
    Failure::new(
        ErrorKind::Configuration,
        "there is nothing to watch: no file with a static token was set up for that",
        format!("Run {} first.", SETUP_TOOL.fill("TOOL", "npm")),
    )
}
