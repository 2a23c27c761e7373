//! `vouch-sandbox ctl`: the command line of the control socket.

use clap::{Args, Subcommand, ValueEnum};

use crate::control::{Command, TouchOrder};
use crate::fault::{Fault, Spoil};
use crate::http::Service;

/// One order to the sandbox around this command.
#[derive(Debug, Clone, Subcommand)]
pub enum Ctl {
    /// Print all counters
    Stats,
    /// Set all counters to zero
    Reset,
    /// Say how the YubiKeys are touched from now on, or touch them once
    Touch {
        /// auto, never, now, or milliseconds after the light began to blink
        how: TouchOrder,
        /// Only the YubiKey with this serial number
        #[arg(long, value_name = "SERIAL")]
        card: Option<u32>,
    },
    /// Pull the YubiKeys out or put them back
    Card {
        /// What to do
        action: CardAction,
        /// Only the YubiKey with this serial number
        #[arg(long, value_name = "SERIAL")]
        card: Option<u32>,
    },
    /// Make a service misbehave
    Fault(FaultArgs),
    /// Change how the registries behave
    Registry {
        /// How the registries want Cargo's token
        #[arg(long, value_parser = ["raw", "bearer"])]
        scheme: Option<String>,
        /// Status for a token that does not fit
        #[arg(long, value_name = "STATUS", value_parser = clap::builder::PossibleValuesParser::new(["401", "403", "404"]))]
        bad_token: Option<String>,
    },
    /// Set the clock of the services
    Clock {
        /// Seconds that it is ahead of the real one; negative for behind
        #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
        skew: i64,
    },
    /// Stop pcscd or start it again
    Pcscd {
        /// What to do
        action: PcscdAction,
    },
}

/// What can be done with a YubiKey.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum CardAction {
    /// Pull it out
    Remove,
    /// Put it back
    Insert,
}

/// What can be done with pcscd.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum PcscdAction {
    /// Stop it
    Stop,
    /// Start it
    Start,
}

/// A fault on the command line.
#[derive(Debug, Clone, Args)]
#[group(id = "fault")]
pub struct FaultArgs {
    /// sts, codeartifact, issuer or registry
    service: Service,
    /// Let it behave again
    #[arg(long, exclusive = false, conflicts_with_all = ["status", "code", "message", "retry_after", "headers", "delay", "hold", "spoil", "times"])]
    clear: bool,
    /// Answer with this status in the service's error shape
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(300..=599))]
    status: Option<u16>,
    /// Error code of that answer
    #[arg(long, value_name = "CODE", requires = "status")]
    code: Option<String>,
    /// Error message of that answer
    #[arg(long, value_name = "TEXT", requires = "status")]
    message: Option<String>,
    /// Retry-After header of that answer; 503 without --status
    #[arg(long, value_name = "SECONDS")]
    retry_after: Option<u64>,
    /// A header of each success, or of the answers with --status
    #[arg(long = "header", value_name = "NAME:VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
    /// Wait before answering
    #[arg(long, value_name = "MS", default_value_t = 0)]
    delay: u64,
    /// Answer once the faults are changed, or cleared by --clear
    #[arg(long)]
    hold: bool,
    #[command(flatten)]
    spoil: SpoilArgs,
    /// Only the next K requests; where connections are spoiled, connections
    #[arg(long, value_name = "K", conflicts_with = "refuse", value_parser = clap::value_parser!(u64).range(1..))]
    times: Option<u64>,
}

#[derive(Debug, Clone, Args)]
#[group(id = "spoil", multiple = false)]
#[expect(clippy::struct_excessive_bools, reason = "one flag each, of which one may be given")]
struct SpoilArgs {
    /// Reset the connection after the request
    #[arg(long)]
    reset: bool,
    /// Never answer
    #[arg(long)]
    hang: bool,
    /// Close in the middle of the body
    #[arg(long)]
    truncate: bool,
    /// 200 with a body that is neither XML nor JSON
    #[arg(long)]
    garbage: bool,
    /// 200 with a body that never ends
    #[arg(long)]
    endless: bool,
    /// Answer one byte at a time
    #[arg(long)]
    drip: bool,
    /// Compress the answer, which nobody asked for
    #[arg(long)]
    compressed: bool,
    /// 200 with values of other types than the usual ones
    #[arg(long)]
    wrong_types: bool,
    /// Reset connections before a word is said
    #[arg(long)]
    reset_early: bool,
    /// Take connections and never say anything
    #[arg(long)]
    stall: bool,
    /// Show a certificate of an authority that nobody trusts
    #[arg(long)]
    bad_tls: bool,
    /// Show a certificate for another host
    #[arg(long)]
    wrong_host: bool,
    /// Show a certificate that has expired
    #[arg(long)]
    expired: bool,
    /// Show a certificate that is not valid yet
    #[arg(long)]
    not_yet_valid: bool,
    /// Refuse connections (behind the proxy: 502)
    #[arg(long)]
    refuse: bool,
}

impl Ctl {
    /// The order in the form that goes over the socket.
    #[must_use]
    pub fn command(self) -> Command {
        match self {
            Self::Stats => Command::Stats,
            Self::Reset => Command::Reset,
            Self::Touch { how, card } => Command::Touch { how, card },
            Self::Card { action, card } => {
                Command::Card { present: matches!(action, CardAction::Insert), card }
            }
            Self::Fault(fault) => Command::Fault { service: fault.service.to_string(), fault: fault.fault() },
            Self::Registry { scheme, bad_token } => {
                Command::Registry { scheme, bad_token: bad_token.and_then(|status| status.parse().ok()) }
            }
            Self::Clock { skew } => Command::Clock { skew },
            Self::Pcscd { action } => Command::Pcscd { run: matches!(action, PcscdAction::Start) },
        }
    }
}

impl FaultArgs {
    fn fault(self) -> Option<Fault> {
        if self.clear {
            return None;
        }
        Some(Fault {
            status: self.status,
            code: self.code,
            message: self.message,
            retry_after: self.retry_after,
            headers: self.headers,
            delay_ms: self.delay,
            hold: self.hold,
            spoil: self.spoil.spoil(),
            times: self.times,
        })
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("expected NAME:VALUE")?;
    http::HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
    http::HeaderValue::from_str(value.trim()).map_err(|error| error.to_string())?;
    Ok((name.to_owned(), value.trim().to_owned()))
}

impl SpoilArgs {
    fn spoil(&self) -> Option<Spoil> {
        [
            (self.reset, Spoil::Reset),
            (self.hang, Spoil::Hang),
            (self.truncate, Spoil::Truncate),
            (self.garbage, Spoil::Garbage),
            (self.endless, Spoil::Endless),
            (self.drip, Spoil::Drip),
            (self.compressed, Spoil::Compressed),
            (self.wrong_types, Spoil::WrongTypes),
            (self.reset_early, Spoil::ResetEarly),
            (self.stall, Spoil::Stall),
            (self.bad_tls, Spoil::BadTls),
            (self.wrong_host, Spoil::WrongHost),
            (self.expired, Spoil::Expired),
            (self.not_yet_valid, Spoil::NotYetValid),
            (self.refuse, Spoil::Refuse),
        ]
        .into_iter()
        .find_map(|(given, spoil)| given.then_some(spoil))
    }
}
