//! What `vouch login` is typed with, and the PIN and the touch that every login with a YubiKey takes.

use vouch_core::config::Config;
use vouch_core::hint::{ENROLL_SPARE, VOUCH_ENROLL};
use vouch_core::identity::{EnrolledKey, Identity, IdentityError};
use vouch_core::session::{Session, SessionDuration, SessionError};
use vouch_core::{Context, ErrorKind, Failure};
use vouch_yubikey::CardSigner;

use super::job;
use crate::card::{PinFlags, ServiceFlags, TouchNotice, WaitFlags};
use crate::home_choice::HomeFlag;
use crate::parse;
use crate::remote::RemoteFlags;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long the session lasts, 15m to 12h
    #[arg(long, value_name = "TIME", default_value_t, value_parser = parse::argument::<SessionDuration>)]
    pub(super) duration: SessionDuration,
    /// Do nothing while a session has enough time left, for scripts and the start of a shell
    #[arg(long, conflicts_with_all = ["remote", "print_session"])]
    pub(super) if_needed: bool,
    /// How much is enough, 15m to 12h [default: 30m; a quarter of a session under two hours]
    #[arg(long, value_name = "TIME", requires = "if_needed", value_parser = parse::argument::<SessionDuration>)]
    pub(super) min: Option<SessionDuration>,
    /// The serial number of the YubiKey, where several enrolled ones are plugged in
    #[arg(long, value_name = "NUMBER")]
    pub(super) serial: Option<u32>,
    #[command(flatten)]
    pub(super) pin: PinFlags,
    #[command(flatten)]
    pub(super) wait: WaitFlags,
    #[command(flatten)]
    pub(super) service: ServiceFlags,
    #[command(flatten)]
    pub(super) job: job::Flags,
    #[command(flatten)]
    pub(super) elsewhere: ElsewhereFlags,
}

#[derive(Debug, Clone, clap::Args)]
#[group(id = "elsewhere")]
pub(super) struct ElsewhereFlags {
    #[command(flatten)]
    pub(super) machine: RemoteFlags,
    /// Put it in the place of a session of yours that a YubiKey signed there
    #[arg(long, requires = "remote", help_heading = "On another machine")]
    pub(super) replace: bool,
    /// Print a session for `vouch session import` on another machine, into a pipe
    #[arg(long, conflicts_with_all = ["remote", "from", "if_needed"], help_heading = "On another machine")]
    pub(super) print_session: bool,
}

impl ElsewhereFlags {
    /// Refuses flags that mean nothing to the login that was typed. `--from` has been dealt with.
    pub(super) fn check(&self, has_audience: bool) -> Result<(), Failure> {
        if has_audience && !self.print_session && self.machine.remote.is_none() {
            return Err(Failure::new(
                ErrorKind::Usage,
                "`--audience` means nothing to a session of this machine",
                format!("Leave it out; the audience of your own sessions is chosen by {VOUCH_ENROLL}."),
            ));
        }
        Ok(())
    }
}

impl Args {
    /// Refuses what no session could ever meet.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.elsewhere.check(self.job.audience.is_some())?;
        let Some(min) = self.min.filter(|min| *min >= self.duration) else { return Ok(()) };
        Err(Failure::new(
            ErrorKind::Usage,
            format!("a session of {} never has {min} left", self.duration),
            "Give a shorter `--min`, or a longer `--duration`.",
        ))
    }

    /// One PIN, one touch, for what `sign` has signed. `prepare` is the last that is done before the card is asked for.
    pub(super) fn signed<T>(
        &self,
        context: &Context,
        home: &HomeFlag,
        identity: &Identity,
        prepare: impl FnOnce() -> Result<(), Failure>,
        sign: impl FnOnce(&EnrolledKey, CardSigner<'_>) -> Result<T, SessionError>,
    ) -> Result<T, Failure> {
        self.service.choose()?;
        let _quiet = self.pin.keep_quiet();
        let enrolled: Vec<u32> = identity.keys.iter().map(|key| key.serial).collect();
        if let Some(serial) = self.serial.filter(|serial| !enrolled.contains(serial)) {
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
        prepare()?;
        let mut card = self.wait.open(self.serial, &enrolled)?;
        let key = key_of(identity, card.serial())?;
        let pin = self.pin.ask(&card)?;
        let notice = TouchNotice::new("vouch login", &identity.subject);
        let on_touch = |prompt| notice.show(prompt);
        let signer = CardSigner { card: &mut card, key, pin: &pin, on_touch: &on_touch };
        let answer = sign(key, signer);
        drop(notice);
        Ok(answer?)
    }

    /// Whether a session spares the login.
    pub(super) fn is_enough(&self, session: &Session) -> bool {
        let has_time = match self.min {
            Some(min) => session.seconds_left() >= min.seconds().into(),
            None => !session.ends_soon(),
        };
        self.if_needed && has_time
    }
}

/// The identity of this home.
pub(super) fn enrolled(config: &Config) -> Result<&Identity, IdentityError> {
    let identity = config.identity.as_ref().filter(|identity| !identity.keys.is_empty());
    identity.ok_or(IdentityError::NotEnrolled)
}

fn key_of(identity: &Identity, serial: u32) -> Result<&EnrolledKey, Failure> {
    // The card was chosen among these.
    identity.keys.iter().find(|key| key.serial == serial).ok_or_else(|| IdentityError::NotEnrolled.into())
}

fn list(serials: &[u32]) -> String {
    serials.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}
