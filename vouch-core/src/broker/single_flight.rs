//! One caller's way to a credential that any number of processes want: one of them fetches under the entry's lock while the
//! others wait for what it seals.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::entries::{has_left, limit_entry, limit_of, role_entry};
use super::error::{Error, OutOfTime, SharedFailure};
use super::lifetime::{RoleUse, most_of};
use crate::endpoint::Domain;
use crate::exchange::{Aws, ExchangeError, RoleCredentials, role_seconds};
use crate::failure::{Diagnostic, Failure};
use crate::http;
use crate::profile::Role;
use crate::session::Session;
use crate::time::UnixTime;
use crate::vault::{EntryName, Vault, VaultError};

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
pub(super) const BURST: u64 = 1000;

/// A failure as the process that met it left it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RecordedFailure {
    pub(super) failure: Failure,
    /// Milliseconds since 1970.
    pub(super) at: u64,
    /// A failure behind another proxy says nothing to this caller.
    pub(super) network: String,
}

/// One caller's way to a credential, with its deadline.
pub(super) struct SingleFlight<'a> {
    pub(super) vault: &'a Vault,
    began: u64,
    pub(super) deadline: Instant,
}

impl<'a> SingleFlight<'a> {
    pub(super) fn begin(vault: &'a Vault) -> Self {
        Self { vault, began: milliseconds(), deadline: Instant::now() + DEADLINE }
    }

    /// An entry that is `fresh`, made by one process while the others wait.
    pub(super) fn get_or_fetch<T: Serialize + DeserializeOwned>(
        &self,
        name: &EntryName,
        fresh: impl Fn(&T) -> bool,
        expires_at: impl Fn(&T) -> UnixTime,
        fetch: impl FnOnce(&Self, Instant) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let look = || match self.vault.read(name).filter(&fresh) {
            Some(found) => {
                tracing::debug!(entry = %name, "fetched by another process");
                Some(Ok(found))
            }
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
        tracing::debug!(entry = %name, "fetching");
        let now = Instant::now();
        let end = (now + EXCHANGE_TIME).min(self.deadline.checked_sub(MARGIN).unwrap_or(now));
        let fetched = fetch(self, end).map_err(|error| self.out_of_time(error, now, end));
        let is_known = match &fetched {
            Ok(value) => self.keep(name, value, expires_at(value)),
            // Who was stopped meanwhile knows nothing of the network: whoever waits is to find out.
            Err(_) if Instant::now() > end + MARGIN => true,
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

    pub(super) fn role_credentials<A: std::ops::Deref<Target = dyn Aws>>(
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
            tracing::debug!(expires_at = found.expires_at.0, "role credentials from the vault");
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
    pub(super) fn note_limit(&self, name: &EntryName, asked: i64, expires_at: UnixTime, until: UnixTime) {
        let given = expires_at.since(UnixTime::now());
        if given < most_of(asked) {
            self.keep(&limit_entry(name), &given, until);
        }
    }

    /// Seals a failure for those who wait, and says whether they will see it.
    fn tell(&self, name: &EntryName, error: &Error) -> bool {
        // Each caller finds the others out by itself, at once; what a job offers depends on the caller's environment.
        let of_caller = matches!(error, Error::Exchange(ExchangeError::IdToken(_)));
        if of_caller || !matches!(error, Error::Exchange(_) | Error::FromOtherProcess(_)) {
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

pub(super) fn milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
