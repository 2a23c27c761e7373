//! `vouch login`: one PIN, one touch, and a session for the day; or a session of a job.

mod job;

use vouch_core::hint::{ENROLL_SPARE, SETUP_AWS, SETUP_FIRST};
use vouch_core::identity::{EnrolledKey, Identity, IdentityError};
use vouch_core::session::{self, Session, SessionDuration};
use vouch_core::{Context, ErrorKind, Failure};
use vouch_yubikey::CardSigner;

use crate::card::{PinFlags, ServiceFlags, TouchNotice, WaitFlags};
use crate::home_choice::HomeFlag;
use crate::parse;
use crate::{static_tokens, terminal};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long the session lasts, 15m to 12h
    #[arg(long, value_name = "TIME", default_value_t, value_parser = parse::argument::<SessionDuration>)]
    duration: SessionDuration,
    /// Do nothing while a session has enough time left, for scripts and the start of a shell
    #[arg(long)]
    if_needed: bool,
    /// How much is enough, 15m to 12h [default: 30m; a quarter of a session under two hours]
    #[arg(long, value_name = "TIME", requires = "if_needed", value_parser = parse::argument::<SessionDuration>)]
    min: Option<SessionDuration>,
    /// The serial number of the YubiKey, where several enrolled ones are plugged in
    #[arg(long, value_name = "NUMBER")]
    serial: Option<u32>,
    #[command(flatten)]
    pin: PinFlags,
    #[command(flatten)]
    wait: WaitFlags,
    #[command(flatten)]
    service: ServiceFlags,
    #[command(flatten)]
    job: job::Flags,
}

pub(crate) fn run(context: &Context, home: &HomeFlag, args: Args) -> Result<(), Failure> {
    if let Some(from) = args.job.from {
        return job::run(context, from, &args.job, args.duration);
    }
    args.check()?;
    let (config, keystore) = (context.config()?, context.keystore()?);
    let identity = config.identity.filter(|identity| !identity.keys.is_empty());
    let identity = identity.ok_or(IdentityError::NotEnrolled)?;
    if let Some(session) = session_of(context, &identity) {
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
    args.service.choose()?;
    let _quiet = args.pin.keep_quiet();
    let enrolled: Vec<u32> = identity.keys.iter().map(|key| key.serial).collect();
    if let Some(serial) = args.serial.filter(|serial| !enrolled.contains(serial)) {
        // As where the card itself turns out not to be enrolled.
        return Err(Failure::new(
            ErrorKind::Card,
            format!("YubiKey {serial} is not enrolled; {} is", list(&enrolled)),
            format!(
                "Leave `--serial` out, or enroll it: {}.",
                ENROLL_SPARE.fill("SERIAL", serial.to_string())
            ),
        ));
    }
    home.confirm(context.home(), &identity.subject)?;
    session::check_room(context.home(), &keystore)?;
    let mut card = args.wait.open(args.serial, &enrolled)?;
    let key = key_of(&identity, card.serial())?.clone();
    let pin = args.pin.ask(&card)?;
    let notice = TouchNotice::new("vouch login", &identity.subject);
    let on_touch = |prompt| notice.show(prompt);
    let signer = CardSigner { card: &mut card, key: &key, pin: &pin, on_touch: &on_touch };
    let session = session::login(context.home(), &keystore, &identity, &key, args.duration, signer);
    drop(notice);
    let session = session?;
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

impl Args {
    /// Refuses what no session could ever meet.
    fn check(&self) -> Result<(), Failure> {
        let Some(min) = self.min.filter(|min| *min >= self.duration) else { return Ok(()) };
        Err(Failure::new(
            ErrorKind::Usage,
            format!("a session of {} never has {min} left", self.duration),
            "Give a shorter `--min`, or a longer `--duration`.",
        ))
    }

    /// Whether a session spares the login.
    fn is_enough(&self, session: &Session) -> bool {
        let has_time = match self.min {
            Some(min) => session.seconds_left() >= min.seconds().into(),
            None => !session.ends_soon(),
        };
        self.if_needed && has_time
    }
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

fn key_of(identity: &Identity, serial: u32) -> Result<&EnrolledKey, Failure> {
    // The card was chosen among these.
    identity.keys.iter().find(|key| key.serial == serial).ok_or_else(|| IdentityError::NotEnrolled.into())
}

fn list(serials: &[u32]) -> String {
    serials.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}
