//! `vouch login --print-session`: a session for a container or another machine, on stdout and nowhere else.

use std::io::{self, IsTerminal};

use vouch_core::hint::ISSUER_IAM_REMOTE;
use vouch_core::identity::{DEFAULT_AUDIENCE, Identity};
use vouch_core::session::{Handover, REMOTE_AUDIENCE};
use vouch_core::{Context, ErrorKind, Failure, UnixTime};

use super::args::{Args, enrolled};
use crate::commands::session::machine;
use crate::home_choice::HomeFlag;
use crate::terminal;

/// How long what was fetched at the end of a session is good for, in seconds, where the role is the one for other machines:
/// STS takes an ID token 5 minutes longer, a role session lasts an hour, and so does a token of it.
const REST_OF_REMOTE_ROLE: i64 = 5 * 60 + 3600 + 3600;

/// The same with a role of every day, whose tokens last as long as a working day.
const REST_OF_DAILY_ROLE: i64 = 5 * 60 + 3600 + 8 * 3600;

pub(super) fn print(context: &Context, home: &HomeFlag, args: &Args) -> Result<(), Failure> {
    if io::stdout().is_terminal() {
        return Err(Failure::new(
            ErrorKind::Usage,
            "refusing to print a session to the terminal",
            "Pipe it into the machine that it is for, such as with `| docker exec -i CONTAINER vouch session import`.",
        ));
    }
    let config = context.config()?;
    let identity = enrolled(&config)?;
    explain("whoever gets it", identity, args);
    let handover = sign(context, home, args, identity, || Ok(()))?;
    terminal::print_raw(&handover.line()?)
}

/// Has a session signed that is for another machine.
pub(super) fn sign(
    context: &Context,
    home: &HomeFlag,
    args: &Args,
    identity: &Identity,
    prepare: impl FnOnce() -> Result<(), Failure>,
) -> Result<Handover, Failure> {
    let audience = audience(args);
    args.signed(context, home, identity, prepare, |key, signer| {
        Handover::sign(identity, key, audience, args.duration, machine(), signer)
    })
}

fn audience(args: &Args) -> &str {
    args.job.audience.as_deref().unwrap_or(REMOTE_AUDIENCE)
}

/// What such a session means, once, before the touch.
pub(super) fn explain(who: &str, identity: &Identity, args: &Args) {
    let end = UnixTime::now().plus(args.duration.seconds().into());
    let is_daily = [identity.audience.as_str(), DEFAULT_AUDIENCE].contains(&audience(args));
    let rest = if is_daily { REST_OF_DAILY_ROLE } else { REST_OF_REMOTE_ROLE };
    let until = format!(
        "until {}, and with what was fetched by then until {} at the latest, also after a logout",
        terminal::local_time(end),
        terminal::local_time(end.plus(rest))
    );
    if is_daily {
        terminal::warn(&format!(
            "this session is for `{}`, as your own: {who} can do all that your role can do, {until}. A role that only reads, \
             with short tokens: {ISSUER_IAM_REMOTE}.",
            audience(args)
        ));
    } else {
        terminal::say(&format!("{who} can read packages {until}; sign or log in again it cannot."));
    }
}
