//! The one entry point of every helper: a credential from the vault, or fetched once for any number of processes.
//!
//! What the vault has is answered without a runtime, TLS or a word to AWS. Otherwise one process fetches under the
//! entry's lock while the others wait for what it seals: the credential or, for a moment, the failure. Locks are taken
//! in one order: token, then role credentials.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::endpoint::{Asker, Domain};
use crate::exchange::{Aws, Exchange, ExchangeError, RoleCredentials, Token, longest_token, role_seconds};
use crate::failure::{Diagnostic, Failure};
use crate::home::Home;
use crate::http;
use crate::keystore::Keystore;
use crate::profile::{Role, Target};
use crate::session::{self, Session};
use crate::time::UnixTime;
use crate::vault::{EntryName, Vault, VaultError};

mod error;

pub use error::{Error, OutOfTime, SharedFailure};

/// For lock and exchange together.
const DEADLINE: Duration = Duration::from_secs(20);

/// For the exchange alone: who fetches must be able to tell those who wait why it failed, before they give up.
const EXCHANGE_TIME: Duration = Duration::from_secs(14);

/// What is left for that where the lock was had late.
const MARGIN: Duration = Duration::from_secs(1);

/// How long a failure is told to others, in seconds.
const FAILURE_TTL: i64 = 5;

/// How long before its coming a failure still answers a caller, in milliseconds. Callers of one burst do not all come at
/// one moment; a user who tries again does so later.
const BURST: u64 = 1000;

/// Role credentials with less than this left are fetched anew, in seconds.
const ROLE_MIN_REMAINING: i64 = 5 * 60;

/// An SDK refreshes what has less than 15 minutes left, and would run Vouch for each call. In seconds.
const SDK_MIN_REMAINING: i64 = 20 * 60;

/// The shortest token that CodeArtifact gives, in seconds.
const MIN_TOKEN_DURATION: i64 = 900;

/// How long a credential will be used, which decides how fresh it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lifetime {
    /// Asked for again in the next run, as Cargo does.
    Request,
    /// Fetched once for a whole run, as pip, uv and twine do.
    Run,
    /// Handed out for the rest of the session: `env`, `exec`, `credential`, npm's static line.
    Session,
}

impl Lifetime {
    fn name(self) -> &'static str {
        match self {
            // A token is the same for both; they differ in how much of it must be left.
            Self::Request | Self::Run => "hour",
            Self::Session => "session",
        }
    }

    /// Seconds that the broker asks for when the session has `rest` seconds left.
    pub fn seconds(self, rest: i64) -> u32 {
        u32::try_from(self.duration(rest)).unwrap_or(u32::MAX)
    }

    /// Seconds to ask for when the session has `rest` seconds left: no more than those, but for CodeArtifact's floor.
    fn duration(self, rest: i64) -> i64 {
        let most = match self {
            Self::Request | Self::Run => 3600,
            Self::Session => 43200,
        };
        rest.clamp(MIN_TOKEN_DURATION, most)
    }

    /// Seconds that a token must have left, of those that it can have.
    fn min_remaining(self, obtainable: i64) -> i64 {
        match self {
            Self::Request => 2 * 60,
            Self::Run => (obtainable / 2).min(30 * 60),
            Self::Session => most_of(obtainable),
        }
    }
}

/// Who will use role credentials, which decides how fresh they must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoleUse {
    /// Vouch itself, at once.
    Exchange,
    /// A command or shell that keeps them in its environment and cannot ask again.
    Environment,
    /// An AWS SDK that runs Vouch again when they are about to expire.
    Process,
}

impl RoleUse {
    /// Seconds that the credentials must have left, of those that they can have.
    fn min_remaining(self, obtainable: i64) -> i64 {
        match self {
            Self::Exchange => ROLE_MIN_REMAINING,
            Self::Environment => most_of(obtainable),
            Self::Process => most_of(obtainable).min(SDK_MIN_REMAINING),
        }
    }
}

/// All that can be had, less a tenth.
fn most_of(obtainable: i64) -> i64 {
    obtainable / 10 * 9
}

/// Makes the way to AWS, for an exchange that ends by a moment.
type Connect = Box<dyn Fn(&Home, Instant) -> Result<Box<dyn Aws>, ExchangeError> + Send + Sync>;

/// Hands out credentials.
pub struct Broker {
    home: Home,
    config: Config,
    keystore: Keystore,
    connect: Connect,
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker")
            .field("home", &self.home)
            .field("keystore", &self.keystore)
            .finish_non_exhaustive()
    }
}

impl Broker {
    /// With what the caller has loaded. Cheap; no network.
    pub fn new(home: Home, config: Config, keystore: Keystore) -> Self {
        let connect = |home: &Home, deadline: Instant| -> Result<Box<dyn Aws>, ExchangeError> {
            Ok(Box::new(Exchange::new(home, deadline)?))
        };
        Self { home, config, keystore, connect: Box::new(connect) }
    }

    /// The configuration in use.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// When the session ends.
    ///
    /// # Errors
    /// When there is no session.
    pub fn session_expiry(&self) -> Result<UnixTime, Error> {
        let vault = session::open(&self.home, &self.keystore)?;
        Ok(Session::read(&vault, &self.home)?.expires_at)
    }

    /// The token for a URL that a package manager asks about, and its target. Only what a registration allows gets one.
    ///
    /// # Errors
    /// [`EndpointError::NotCodeArtifact`](crate::endpoint::EndpointError::NotCodeArtifact) for a registry that is none of ours; else as
    /// [`Broker::token`].
    pub fn token_for_url(
        &self,
        url: &str,
        asker: Asker,
        lifetime: Lifetime,
    ) -> Result<(Token, Target), Error> {
        let target = self.config.target_of_url(url, asker)?;
        let token = self.token(&target, lifetime)?;
        Ok((token, target))
    }

    /// The token of a target. What it expires at is what CodeArtifact said.
    ///
    /// # Errors
    /// When there is no session, AWS gave nothing, or another process met that a moment ago ([`Error::FromOtherProcess`]). That
    /// the vault cannot be written is none: the token is answered, and the next caller fetches again.
    pub fn token(&self, target: &Target, lifetime: Lifetime) -> Result<Token, Error> {
        let vault = session::open(&self.home, &self.keystore)?;
        self.token_in(&vault, target, lifetime)
    }

    /// The credentials of a role, with as much of their life left as their use needs.
    ///
    /// # Errors
    /// As [`Broker::token`].
    pub fn role_credentials(&self, role: &Role, usage: RoleUse) -> Result<RoleCredentials, Error> {
        let vault = session::open(&self.home, &self.keystore)?;
        self.role_credentials_in(&vault, role, usage)
    }

    fn role_credentials_in(
        &self,
        vault: &Vault,
        role: &Role,
        usage: RoleUse,
    ) -> Result<RoleCredentials, Error> {
        let session = Session::read(vault, &self.home)?;
        let flight = SingleFlight::begin(vault);
        flight.role_credentials(&session, role, usage, None, |deadline| (self.connect)(&self.home, deadline))
    }

    /// The tokens that this session has for the profiles of the configuration, and when each expires; the longest-lived
    /// one of each domain. No network, and nothing secret.
    ///
    /// # Errors
    /// When there is no session.
    pub fn live_tokens(&self) -> Result<Vec<(Domain, UnixTime)>, Error> {
        let vault = session::open(&self.home, &self.keystore)?;
        let mut live: Vec<(Domain, UnixTime)> = Vec::new();
        for profile in self.config.codeartifact.profiles.values() {
            // Whichever role was named for it: `--aws-profile` may have named another than the usual one.
            let names = self.config.aws.profiles.keys();
            let roles = names.filter_map(|name| self.config.role_for(profile, Some(name)).ok());
            let targets =
                roles.map(|role| Target { domain: profile.domain(), role, token_prefix: String::new() });
            let expiry = targets
                .flat_map(|target| {
                    [Lifetime::Request, Lifetime::Session].map(|lifetime| token_entry(&target, lifetime))
                })
                .filter_map(|entry| vault.read::<Token>(&entry))
                .map(|token| token.expires_at)
                .max();
            let Some(expiry) = expiry else { continue };
            let domain = profile.domain();
            match live.iter_mut().find(|(known, _)| *known == domain) {
                Some((_, known)) => *known = expiry.max(*known),
                None => live.push((domain, expiry)),
            }
        }
        Ok(live)
    }

    fn token_in(&self, vault: &Vault, target: &Target, lifetime: Lifetime) -> Result<Token, Error> {
        let name = token_entry(target, lifetime);
        let found = vault.read::<Token>(&name);
        // Only the longer lifetimes depend on the session; Cargo's answer costs one file less.
        if let (Lifetime::Request, Some(token)) = (lifetime, &found)
            && has_left(token.expires_at, lifetime.min_remaining(0))
        {
            return Ok(token.clone());
        }
        let session = Session::read(vault, &self.home)?;
        let rest = session.expires_at.since(UnixTime::now());
        let limit = limit_of(vault, &name);
        let seconds = lifetime.seconds(rest);
        let obtainable = i64::from(seconds).min(limit);
        let fresh = |token: &Token| has_left(token.expires_at, lifetime.min_remaining(obtainable));
        if let Some(token) = found.filter(fresh) {
            return Ok(token);
        }
        SingleFlight::begin(vault).get_or_fetch(
            &name,
            fresh,
            |token: &Token| token.expires_at,
            |flight, deadline| {
                let token = self.fetch_token(flight, &session, target, seconds, limit, deadline)?;
                flight.note_limit(&name, seconds.into(), token.expires_at, session.expires_at);
                Ok(token)
            },
        )
    }

    fn fetch_token(
        &self,
        flight: &SingleFlight<'_>,
        session: &Session,
        Target { domain, role, .. }: &Target,
        seconds: u32,
        limit: i64,
        deadline: Instant,
    ) -> Result<Token, Error> {
        let aws = (self.connect)(&self.home, deadline)?;
        let connect = |_| Ok(&*aws);
        let credentials = flight.role_credentials(session, role, RoleUse::Exchange, Some(domain), connect)?;
        // Less than was asked for once is asked for at once, and costs one call.
        let seconds = seconds.min(u32::try_from(limit).unwrap_or(u32::MAX));
        longest_token(&*aws, &credentials, role, domain, seconds).map_err(|error| {
            if matches!(error, ExchangeError::CredentialsRefused { .. }) {
                flight.vault.remove(&role_entry(role));
            }
            error.into()
        })
    }
}

/// Everything that shapes a token is in its name.
fn token_entry(Target { domain, role, .. }: &Target, lifetime: Lifetime) -> EntryName {
    let Domain { name, owner, region } = domain;
    let parts = [
        role.arn.as_str(),
        role.region.as_str(),
        name.as_str(),
        owner.as_str(),
        region.as_str(),
        lifetime.name(),
    ];
    EntryName::new("token", &parts)
}

fn role_entry(role: &Role) -> EntryName {
    EntryName::new("role", &[role.arn.as_str(), role.region.as_str(), &role.duration.to_string()])
}

fn limit_entry(name: &EntryName) -> EntryName {
    EntryName::new("limit", &[&name.to_string()])
}

/// The seconds that AWS was seen to give at most for an entry, in this session.
fn limit_of(vault: &Vault, name: &EntryName) -> i64 {
    vault.read(&limit_entry(name)).map_or(i64::MAX, |limit: i64| limit.max(MIN_TOKEN_DURATION))
}

fn has_left(expires_at: UnixTime, seconds: i64) -> bool {
    expires_at.since(UnixTime::now()) >= seconds
}

/// A failure as the process that met it left it.
#[derive(Debug, Serialize, Deserialize)]
struct RecordedFailure {
    failure: Failure,
    /// Milliseconds since 1970.
    at: u64,
    /// A failure behind another proxy says nothing to this caller.
    network: String,
}

/// One caller's way to a credential, with its deadline.
struct SingleFlight<'a> {
    vault: &'a Vault,
    began: u64,
    deadline: Instant,
}

impl<'a> SingleFlight<'a> {
    fn begin(vault: &'a Vault) -> Self {
        Self { vault, began: milliseconds(), deadline: Instant::now() + DEADLINE }
    }

    /// An entry that is `fresh`, made by one process while the others wait.
    fn get_or_fetch<T: Serialize + DeserializeOwned>(
        &self,
        name: &EntryName,
        fresh: impl Fn(&T) -> bool,
        expires_at: impl Fn(&T) -> UnixTime,
        fetch: impl FnOnce(&Self, Instant) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let look = || match self.vault.read(name).filter(&fresh) {
            Some(found) => Some(Ok(found)),
            None => self.failure_of(name).map(|failure| Err(SharedFailure(failure).into())),
        };
        let lock = match self.vault.lock_unless(name, self.deadline, look) {
            Ok(Err(answer)) => return answer,
            // Nothing can be sealed: who waited for the lock would fetch all the same, one after the other.
            Ok(Ok(lock)) if lock.is_futile() => {
                tracing::warn!("fetching without a lock: the vault keeps nothing");
                None
            }
            Ok(Ok(lock)) => Some(lock),
            // Such as in a home that cannot be written: better fetched twice than not at all.
            Err(error @ VaultError::Lock(_)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "fetching without a lock");
                None
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(answer) = look() {
            return answer;
        }
        let now = Instant::now();
        let end = (now + EXCHANGE_TIME).min(self.deadline.checked_sub(MARGIN).unwrap_or(now));
        let fetched = fetch(self, end).map_err(|error| self.out_of_time(error, now, end));
        let is_known = match &fetched {
            Ok(value) => self.keep(name, value, expires_at(value)),
            Err(error) => self.tell(name, error),
        };
        if let (Some(lock), false) = (lock, is_known) {
            lock.mark_futile();
        }
        fetched
    }

    /// A time-out of who waited so long for others that too little time was left says nothing about the network.
    fn out_of_time(&self, error: Error, began: Instant, end: Instant) -> Error {
        match error {
            Error::Exchange(error) if error.is_time_out() && began + EXCHANGE_TIME > end => {
                let waited = DEADLINE.saturating_sub(self.deadline.saturating_duration_since(began));
                OutOfTime { waited: waited.as_secs(), source: error }.into()
            }
            other => other,
        }
    }

    fn role_credentials<A: std::ops::Deref<Target = dyn Aws>>(
        &self,
        session: &Session,
        role: &Role,
        usage: RoleUse,
        next: Option<&Domain>,
        connect: impl FnOnce(Instant) -> Result<A, ExchangeError>,
    ) -> Result<RoleCredentials, Error> {
        let name = role_entry(role);
        let asked = i64::from(role_seconds(role, session, UnixTime::now()));
        let min_remaining = usage.min_remaining(asked.min(limit_of(self.vault, &name)));
        let fresh = |found: &RoleCredentials| has_left(found.expires_at, min_remaining);
        if let Some(found) = self.vault.read(&name).filter(fresh) {
            return Ok(found);
        }
        self.get_or_fetch(
            &name,
            fresh,
            |given| given.expires_at,
            |flight, deadline| {
                let given = connect(deadline)?.role_credentials(session, role, next)?;
                flight.note_limit(&name, asked, given.expires_at, session.expires_at);
                Ok(given)
            },
        )
    }

    /// Seals what was fetched, and says whether it is kept. That it cannot be must not lose it.
    fn keep<T: Serialize>(&self, name: &EntryName, value: &T, expires_at: UnixTime) -> bool {
        let kept = self.vault.write(name, value, expires_at);
        if let Err(error) = &kept {
            tracing::warn!(error = error as &dyn std::error::Error, "a credential is not kept");
        }
        kept.is_ok()
    }

    /// Seals that AWS gave clearly less than was asked for, as a role or a policy may have it: without that every caller
    /// would take the answer for stale.
    fn note_limit(&self, name: &EntryName, asked: i64, expires_at: UnixTime, until: UnixTime) {
        let given = expires_at.since(UnixTime::now());
        if given < most_of(asked) {
            self.keep(&limit_entry(name), &given, until);
        }
    }

    /// Seals a failure for those who wait, and says whether they will see it.
    fn tell(&self, name: &EntryName, error: &Error) -> bool {
        // Each caller finds the others out by itself, at once.
        if !matches!(error, Error::Exchange(_) | Error::FromOtherProcess(_)) {
            return true;
        }
        let recorded = RecordedFailure {
            failure: error.failure(),
            at: milliseconds(),
            network: http::network_fingerprint(),
        };
        self.keep(&name.failure(), &recorded, UnixTime::now().plus(FAILURE_TTL))
    }

    /// A failure that answers this caller, too.
    fn failure_of(&self, name: &EntryName) -> Option<Failure> {
        let recorded: RecordedFailure = self.vault.read(&name.failure())?;
        // One from the future was recorded before the clock was set back.
        let recent = recorded.at.saturating_add(BURST) >= self.began && recorded.at <= milliseconds();
        (recent && recorded.network == http::network_fingerprint()).then_some(recorded.failure)
    }
}

fn milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
