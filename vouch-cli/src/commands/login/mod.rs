//! `vouch login`: one PIN, one touch, and a session for the day; or a session of a job.

mod args;
mod elsewhere;
mod job;
mod remote;
mod role_source;

use vouch_core::hint::{SETUP_AWS, SETUP_FIRST};
use vouch_core::identity::Identity;
use vouch_core::session::{self, Session};
use vouch_core::{Context, Failure};

pub(crate) use self::args::Args;
use self::args::enrolled;
use crate::home_choice::HomeFlag;
use crate::{static_tokens, terminal};

pub(crate) fn run(context: &Context, home: &HomeFlag, args: Args) -> Result<(), Failure> {
    if let Some(from) = args.job.from {
        return job::run(context, from, &args.job, args.duration);
    }
    args.check()?;
    if let Some(remote) = args.elsewhere.machine.remote()? {
        return remote::run(context, home, &args, &remote);
    }
    if args.elsewhere.print_session {
        return elsewhere::print(context, home, &args);
    }
    let (config, keystore) = (context.config()?, context.keystore()?);
    let identity = enrolled(&config)?;
    if let Some(session) = session_of(context, identity) {
        let until = until(&session);
        if args.is_enough(&session) {
            terminal::done(&format!("already logged in as {} {until}", session.subject));
            return Ok(());
        }
        terminal::say(&format!(
            "You are logged in as {} {until}. A new session takes the place of that one.",
            session.subject
        ));
    }
    let room = || Ok(session::check_room(context.home(), &keystore)?);
    let session = args.signed(context, home, identity, room, |key, signer| {
        session::login(context.home(), &keystore, identity, key, args.duration, signer)
    })?;
    terminal::done(&format!(
        "logged in as {} until {} ({})",
        session.subject,
        terminal::local_time(session.expires_at),
        args.duration
    ));
    if !config.aws.profiles.is_empty() {
        static_tokens::renew_after_login(context);
    }
    if config.aws.profiles.is_empty() {
        terminal::next(&format!("{SETUP_AWS}"));
    }
    if config.codeartifact.registrations.is_empty() {
        terminal::next(&format!("{SETUP_FIRST}"));
    }
    Ok(())
}

/// The live session, if it is that of the enrolled identity.
fn session_of(context: &Context, identity: &Identity) -> Option<Session> {
    // Why there is none does not matter to a login; what keeps it from being made is found out below.
    let session = context.session().ok()?;
    (session.issuer == identity.issuer && session.subject == identity.subject).then_some(session)
}

fn until(session: &Session) -> String {
    let left = terminal::span(session.seconds_left());
    format!("until {}, {left} left", terminal::local_time(session.expires_at))
}
