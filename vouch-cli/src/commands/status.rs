//! `vouch status`: identity, session, and what is set up.

use std::process::ExitCode;

use serde_json::{Value, json};
use vouch_core::config::Config;
use vouch_core::endpoint::Domain;
use vouch_core::hint::{ENROLL, LOGIN};
use vouch_core::home::HomeError;
use vouch_core::session::{Session, SessionError};
use vouch_core::{Context, Diagnostic, ErrorKind, Failure, UnixTime};

use super::profile;
use crate::remote::{Remote, RemoteFlags};
use crate::terminal;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Show the profiles alone; exit code 0 with or without a session
    #[arg(long)]
    profiles: bool,
    /// Show the time that is left in a word, for a shell's prompt; nothing without a session
    #[arg(long, conflicts_with_all = ["json", "profiles"])]
    short: bool,
    #[command(flatten)]
    remote: RemoteFlags,
}

/// What there is to tell.
struct Status {
    config: Config,
    /// The session, or why there is none.
    session: Result<Session, SessionError>,
    tokens: Vec<(Domain, UnixTime)>,
}

pub(crate) fn run(context: Result<Context, HomeError>, args: Args) -> Result<ExitCode, Failure> {
    if let Some(remote) = args.remote.remote()? {
        return run_there(&remote, &args);
    }
    let context = &context?;
    if args.profiles {
        profile::list(context, args.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let config = context.config()?;
    // A keystore that does not work is more than the lack of a session.
    let session = match context.session() {
        Err(error) if error.kind() != ErrorKind::NoSession => return Err(error.into()),
        session => session,
    };
    if args.short {
        return short(session.as_ref());
    }
    let tokens = context.broker()?.live_tokens().unwrap_or_default();
    let status = Status { config, session, tokens };
    match args.json {
        true => terminal::print_json(&format!("{:#}\n", status.json()))?,
        false => terminal::print(&status.text())?,
    }
    let code = status.session.as_ref().map_or_else(|error| error.kind().exit_code(), |_| 0);
    Ok(ExitCode::from(code))
}

/// What a machine answers is printed as text of somebody else's.
fn run_there(remote: &Remote, args: &Args) -> Result<ExitCode, Failure> {
    let flags = [(args.json, "--json"), (args.profiles, "--profiles"), (args.short, "--short")];
    let typed = flags.iter().filter(|(typed, _)| *typed).map(|(_, flag)| *flag);
    let words: Vec<_> = std::iter::once("status").chain(typed).collect();
    let done = remote.output(&words)?;
    if let Some(failure) = remote.failure(done.status) {
        return Err(failure);
    }
    let answer = String::from_utf8_lossy(&done.stdout);
    match args.json {
        true => terminal::print_json(&answer)?,
        false => terminal::print(&answer)?,
    }
    Ok(ExitCode::from(done.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}

/// What a prompt shows. It has no room for what else there is to say, and nobody to say it to.
fn short(session: Result<&Session, &SessionError>) -> Result<ExitCode, Failure> {
    match session {
        Ok(session) => {
            terminal::print(&format!("vouch {}\n", terminal::short_span(session.seconds_left())))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Ok(ExitCode::from(error.kind().exit_code())),
    }
}

impl Status {
    fn json(&self) -> Value {
        let time = |at: UnixTime| Value::from(terminal::utc_time(at));
        let session = match &self.session {
            Ok(session) => json!({
                "active": true,
                "subject": session.subject,
                "issuer": session.issuer,
                "serial": session.source.serial(),
                "source": session.source.kind(),
                "from": session.source.from(),
                "issued_at": time(session.issued_at),
                "expires_at": time(session.expires_at),
                "seconds_left": session.seconds_left(),
            }),
            Err(error) => json!({ "active": false, "reason": error.to_string() }),
        };
        let identity = self.config.identity.as_ref().map(|identity| {
            let key = |key: &vouch_core::identity::EnrolledKey| {
                json!({ "serial": key.serial, "slot": key.slot, "kid": key.kid })
            };
            json!({
                "issuer": identity.issuer,
                "subject": identity.subject,
                "keys": identity.keys.iter().map(key).collect::<Vec<_>>(),
            })
        });
        let registrations = self.config.codeartifact.registrations.iter().map(profile::registration);
        let tokens = self.tokens.iter().map(|(domain, expires_at)| {
            json!({
                "domain": domain.name,
                "domain_owner": domain.owner,
                "region": domain.region,
                "expires_at": time(*expires_at),
            })
        });
        json!({
            "version": 1,
            "session": session,
            "identity": identity,
            "aws_profiles": profile::aws_profiles(&self.config),
            "profiles": profile::profiles(&self.config),
            "registrations": registrations.collect::<Vec<_>>(),
            "tokens": tokens.collect::<Vec<_>>(),
        })
    }

    fn text(&self) -> String {
        let mut lines = Vec::new();
        let mut row = |label: &str, text: String| lines.push(format!("{label:<10}{text}"));
        match &self.config.identity {
            Some(identity) => {
                row("identity", format!("{} of {}", identity.subject, identity.issuer));
                for key in &identity.keys {
                    row("", format!("YubiKey {}, slot {}", key.serial, key.slot));
                }
            }
            None => match self.session.as_ref().ok().filter(|session| session.source.serial().is_none()) {
                Some(session) if !session.source.is_of_job() => {
                    row("identity", format!("{} of {}", session.subject, session.issuer));
                }
                Some(session) => {
                    let (subject, issuer, source) = (&session.subject, &session.issuer, &session.source);
                    if source.is_of_role() {
                        row("identity", subject.to_string());
                        row("", format!("a job: its role credentials come from {source}"));
                    } else {
                        row("identity", format!("{subject} of {issuer}"));
                        row("", format!("a job: its ID token comes from {source}"));
                    }
                }
                None => row("identity", format!("none: run {ENROLL}")),
            },
        }
        match &self.session {
            Ok(session) => {
                row(
                    "session",
                    format!(
                        "until {}, {} left",
                        terminal::local_time(session.expires_at),
                        terminal::span(session.seconds_left())
                    ),
                );
                if let Some(from) = session.source.from() {
                    row("", format!("imported: a YubiKey signed it for this machine at {from}"));
                }
            }
            Err(error @ SessionError::NotYetValid { issued_at }) => row(
                "session",
                format!(
                    "none, {error} but at {}: set the clock, then run {LOGIN}",
                    terminal::local_time(*issued_at)
                ),
            ),
            Err(error @ SessionError::KeyMissing(_)) => {
                row("session", format!("none, {error}"));
                row("", error.hint().unwrap_or_default());
            }
            Err(error) => row("session", format!("none, {error}: run {LOGIN}")),
        }
        for (name, profile) in &self.config.aws.profiles {
            row("role", format!("{name}: {} ({})", profile.role_arn, profile.region));
        }
        for (name, profile) in &self.config.codeartifact.profiles {
            row("domain", format!("{name}: {}", profile.domain()));
        }
        for registration in &self.config.codeartifact.registrations {
            let name = registration.name.as_deref().unwrap_or(registration.repository.as_str());
            row("registry", format!("{} {name}: {}", registration.tool, registration.endpoint));
        }
        for (domain, expires_at) in &self.tokens {
            row("token", format!("{domain}, until {}", terminal::local_time(*expires_at)));
        }
        lines.join("\n") + "\n"
    }
}
