//! The one entry point of every helper.

use crate::config::Config;
use crate::error::Error;
use crate::exchange::{ExchangeError, HttpError, RoleCredentials, Token};
use crate::home::Home;
use crate::keystore::Keystore;
use crate::profile::{Role, Target};

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

/// Hands out credentials: from the vault, or fetched once for any number of processes.
#[derive(Debug)]
pub struct Broker {
    config: Config,
}

impl Broker {
    /// With home, configuration and keystore as the environment names them. Cheap; no network.
    ///
    /// # Errors
    /// When one of them cannot be used.
    pub fn from_env() -> Result<Self, Error> {
        let home = Home::from_env()?;
        let config = Config::load(&home)?;
        let keystore = Keystore::from_env(&home)?;
        Ok(Self::new(home, config, keystore))
    }

    /// With what the caller has loaded.
    pub fn new(_home: Home, config: Config, _keystore: Keystore) -> Self {
        Self { config }
    }

    /// The configuration in use.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The token for a URL that a package manager asks about, and its target. Only what a registration allows gets one.
    ///
    /// # Errors
    /// [`crate::endpoint::EndpointError::Foreign`] for a registry that is none of ours; else as [`Broker::token`].
    pub fn token_for_url(&self, url: &str, lifetime: Lifetime) -> Result<(Token, Target), Error> {
        let target = self.config.target_of_url(url)?;
        let token = self.token(&target, lifetime)?;
        Ok((token, target))
    }

    /// The token of a target.
    ///
    /// # Errors
    /// When there is no session, or AWS gave nothing.
    pub fn token(&self, _target: &Target, _lifetime: Lifetime) -> Result<Token, Error> {
        Err(ExchangeError::Http(HttpError { host: String::new() }).into())
    }

    /// The credentials of a role, good for five minutes or more.
    ///
    /// # Errors
    /// As [`Broker::token`].
    pub fn role_credentials(&self, _role: &Role) -> Result<RoleCredentials, Error> {
        Err(ExchangeError::Http(HttpError { host: String::new() }).into())
    }
}
