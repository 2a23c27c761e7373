//! `vouch session import`: what arrives is checked, tried at STS, and only then sealed under a key of this machine.

use std::io::{self, BufRead, IsTerminal, Read};

use vouch_core::config::Config;
use vouch_core::exchange::Probe;
use vouch_core::keystore::Keystore;
use vouch_core::profile::Role;
use vouch_core::session::{self, HANDOVER_LIMIT, Handover, ImportError, Session};
use vouch_core::{Context, Diagnostic, ErrorKind, Failure, UnixTime};
use zeroize::Zeroizing;

use super::hello::{Done, Hello, PROTOCOL, Present, User, machine};
use crate::{credential_choice, static_tokens, terminal};

#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// Say as JSON what this machine is, if it could take a session, and read none
    #[arg(long, conflicts_with = "attended")]
    check: bool,
    /// Put it in the place of a session of yours that a YubiKey signed here
    #[arg(long)]
    replace: bool,
    /// The AWS profile whose role the session is tried with [default: the default one]
    #[arg(long, value_name = "NAME")]
    aws_profile: Option<String>,
    /// How `vouch login --remote` calls it: says first what this machine is, then waits for the session
    #[arg(long, hide = true)]
    attended: bool,
}

pub(super) fn run(context: &Context, args: &Import) -> Result<(), Failure> {
    // Before anything is waited for: what this machine lacks is told first.
    if !args.check && io::stdin().is_terminal() {
        return Err(Failure::new(
            ErrorKind::Usage,
            "refusing to read a session from a terminal",
            "On the machine with the YubiKey run vouch login --remote HOST, or pipe in what vouch login --print-session prints there.",
        ));
    }
    let (config, keystore) = (context.config()?, context.keystore()?);
    let role = credential_choice::role(&config, args.aws_profile.as_deref())?;
    session::check_room(context.home(), &keystore)?;
    let hello = hello(context, &config, &keystore, &role)?;
    if args.check {
        let text = serde_json::to_string_pretty(&hello).map_err(|error| unwritable(&error))?;
        return terminal::print_json(&(text + "\n"));
    }
    let nonce = match args.attended {
        true => Some(session::nonce()?),
        false => None,
    };
    if nonce.is_some() {
        send(&Hello { nonce: nonce.clone(), ..hello })?;
    }
    let handover = Handover::read(&read(args.attended)?)?;
    if handover.nonce != nonce {
        return Err(ImportError::Nonce.into());
    }
    let session = session::check_import(&handover, config.identity.as_ref(), machine().as_str())?;
    if let Some(present) = present(context)? {
        session::check_place(&present, &session, args.replace)?;
    }
    // What AWS does not take is no session, whoever signed it: where nobody is enrolled nothing else looks at the signature.
    Probe::new(context.home()).role_credentials(&session, &role)?;
    session::import(context.home(), &keystore, &session, args.replace)?;
    terminal::done(&format!(
        "{} of {} may assume {} until {}, by {}",
        session.subject,
        session.issuer,
        role.arn,
        terminal::local_time(session.expires_at),
        session.source
    ));
    static_tokens::renew_after_login(context);
    if args.attended {
        return send(&Done { imported_until: session.expires_at });
    }
    Ok(())
}

fn hello(context: &Context, config: &Config, keystore: &Keystore, role: &Role) -> Result<Hello, Failure> {
    Ok(Hello {
        vouch_session_import: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        machine: machine(),
        time: UnixTime::now(),
        nonce: None,
        keystore: keystore.name().to_owned(),
        role: role.arn.to_string(),
        identity: User::of_home(config),
        session: present(context)?.as_ref().map(Present::of),
    })
}

fn present(context: &Context) -> Result<Option<Session>, Failure> {
    match context.session() {
        Ok(session) => Ok(Some(session)),
        Err(error) if error.kind() == ErrorKind::NoSession => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// One line where more of the connection is to come, else everything; never more than a session can have.
fn read(line: bool) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let limit = u64::try_from(HANDOVER_LIMIT).unwrap_or(u64::MAX).saturating_add(1);
    // Of its full length at once, so that no shorter copy is left behind in memory.
    let mut text = Zeroizing::new(Vec::with_capacity(HANDOVER_LIMIT + 1));
    let mut input = io::BufReader::new(io::stdin().lock().take(limit));
    let done = match line {
        true => input.read_until(b'\n', &mut text),
        false => input.read_to_end(&mut text),
    };
    match done {
        Ok(0) => Err(Failure::new(
            ErrorKind::Usage,
            "no session arrived on standard input",
            "The other side gave up, or the connection was lost before: log in there again. This machine is as it was.",
        )),
        Ok(_) => Ok(text),
        Err(error) => {
            Err(Failure::new(ErrorKind::Other, "cannot read the session on standard input", "")
                .because(&error))
        }
    }
}

fn send(message: &impl serde::Serialize) -> Result<(), Failure> {
    let line = serde_json::to_string(message).map_err(|error| unwritable(&error))?;
    terminal::print_json(&(line + "\n"))
}

fn unwritable(error: &serde_json::Error) -> Failure {
    Failure::new(ErrorKind::Other, "cannot write the answer", "").because(error)
}
