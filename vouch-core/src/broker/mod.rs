//! The one entry point of every helper: a credential from the vault, or fetched once for any number of processes.
//!
//! What the vault has is answered without a runtime, TLS or a word to AWS. Otherwise one process fetches under the
//! entry's lock while the others wait for what it seals: the credential or, for a moment, the failure. Locks are taken
//! in one order: token, then role credentials.

mod entries;
mod error;
mod lifetime;
mod single_flight;

use std::fmt;
use std::time::Instant;

use crate::config::{Config, Profile};
use crate::endpoint::{Asker, Domain};
use crate::exchange::{Aws, Exchange, ExchangeError, Probe, Prover, RoleCredentials, Token, longest_token};
use crate::home::Home;
use crate::keystore::Keystore;
use crate::profile::{Role, Target};
use crate::secret::Secret;
use crate::session::{self, Session};
use crate::time::UnixTime;
use crate::vault::Vault;
use crate::verdict;
use entries::{has_left, limit_of, role_entry, token_entry};
pub use error::{Error, OutOfTime, SharedFailure};
pub use lifetime::{Lifetime, RoleUse};
use single_flight::SingleFlight;

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
        Ok(self.session()?.expires_at)
    }

    /// The session itself.
    ///
    /// # Errors
    /// When there is no session.
    pub fn session(&self) -> Result<Session, Error> {
        let vault = session::open(&self.home, &self.keystore)?;
        Ok(Session::read(&vault, &self.home)?)
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

    /// What proves registrations of a profile. Its token is not kept; the role credentials are, as for every token. What AWS
    /// said of the domain is noted.
    ///
    /// # Errors
    /// As [`Broker::token`], but never with what another process met.
    pub fn prover(&self, profile: &Profile) -> Result<Prover, Error> {
        let role = self.config.role_for(profile, None)?;
        let vault = session::open(&self.home, &self.keystore)?;
        let credentials = match self.role_credentials_in(&vault, &role, RoleUse::Exchange) {
            Err(Error::FromOtherProcess(_)) => {
                let session = Session::read(&vault, &self.home)?;
                Probe::new(&self.home).role_credentials(&session, &role)?
            }
            answer => answer?,
        };
        let domain = profile.domain();
        let answer = Prover::new(&self.home, credentials, &role, &domain);
        match &answer {
            Ok(_) => verdict::record_answer(&self.home, &domain),
            Err(error) if error.refuses_domain() => {
                verdict::record_refusal(&self.home, &domain, &role.arn);
            }
            Err(ExchangeError::CredentialsRefused { .. }) => vault.remove(&role_entry(&role)),
            Err(_) => {}
        }
        Ok(answer?)
    }

    /// The tokens that this session has for the profiles of the configuration, and when each expires; the longest-lived
    /// one of each domain. No network, and nothing secret.
    ///
    /// # Errors
    /// When there is no session.
    pub fn live_tokens(&self) -> Result<Vec<(Domain, UnixTime)>, Error> {
        let mut live: Vec<(Domain, UnixTime)> = Vec::new();
        for (domain, token) in self.kept_tokens()? {
            match live.iter_mut().find(|(known, _)| *known == domain) {
                Some((_, known)) => *known = token.expires_at.max(*known),
                None => live.push((domain, token.expires_at)),
            }
        }
        Ok(live)
    }

    /// The same tokens themselves, every one, to look for them where they should not be. No network.
    ///
    /// # Errors
    /// When there is no session.
    pub fn live_secrets(&self) -> Result<Vec<Secret<String>>, Error> {
        Ok(self.kept_tokens()?.into_iter().map(|(_, token)| token.value).collect())
    }

    fn kept_tokens(&self) -> Result<Vec<(Domain, Token)>, Error> {
        let vault = session::open(&self.home, &self.keystore)?;
        let mut kept = Vec::new();
        for profile in self.config.codeartifact.profiles.values() {
            // Whichever role was named for it: `--aws-profile` may have named another than the usual one.
            let names = self.config.aws.profiles.keys();
            let roles = names.filter_map(|name| self.config.role_for(profile, Some(name)).ok());
            let targets =
                roles.map(|role| Target { domain: profile.domain(), role, token_prefix: String::new() });
            let entries = targets.flat_map(|target| {
                [Lifetime::Request, Lifetime::Session].map(|lifetime| token_entry(&target, lifetime))
            });
            let tokens = entries.filter_map(|entry| vault.read::<Token>(&entry));
            kept.extend(tokens.map(|token| (profile.domain(), token)));
        }
        Ok(kept)
    }

    fn token_in(&self, vault: &Vault, target: &Target, lifetime: Lifetime) -> Result<Token, Error> {
        let name = token_entry(target, lifetime);
        tracing::debug!(domain = %target.domain, role = %target.role.arn, aws_profile = target.role.profile, "token");
        let found = vault.read::<Token>(&name);
        // Only the longer lifetimes depend on the session; Cargo's answer costs one file less.
        if let (Lifetime::Request, Some(token)) = (lifetime, &found)
            && has_left(token.expires_at, lifetime.min_remaining(0))
        {
            tracing::debug!(expires_at = token.expires_at.0, "token from the vault");
            return Ok(token.clone());
        }
        let session = Session::read(vault, &self.home)?;
        let limit = limit_of(vault, &name);
        let seconds = lifetime.seconds(&session);
        let obtainable = i64::from(seconds).min(limit);
        let fresh = |token: &Token| has_left(token.expires_at, lifetime.min_remaining(obtainable));
        if let Some(token) = found.filter(fresh) {
            tracing::debug!(expires_at = token.expires_at.0, "token from the vault");
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
        let seconds = session.source.token_seconds(seconds);
        let answer = longest_token(&*aws, &credentials, role, domain, seconds);
        // There are no others to come, so it is the session that is over.
        let answer = answer.map_err(|error| match error {
            ExchangeError::CredentialsRefused { source, .. } if !session.source.is_renewed() => {
                ExchangeError::SessionExpired { source }
            }
            other => other,
        });
        match &answer {
            Ok(_) => verdict::record_answer(&self.home, domain),
            Err(error) if error.refuses_domain() => verdict::record_refusal(&self.home, domain, &role.arn),
            Err(ExchangeError::CredentialsRefused { .. }) => flight.vault.remove(&role_entry(role)),
            Err(_) => {}
        }
        Ok(answer?)
    }
}

#[cfg(test)]
mod tests;
