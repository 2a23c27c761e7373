//! Where a run of a program works: made once, in `main`, and handed to everything that needs it.

use crate::broker::{self, Broker};
use crate::config::{Config, ConfigError};
use crate::home::{Home, HomeError};
use crate::keystore::{Keystore, KeystoreError};
use crate::session::{self, Session, SessionError};

/// The home of Vouch, with the configuration and the keystore that belong to it. Both are opened when they are asked
/// for: a helper that answers from the vault pays for nothing else, and `vouch logout` works beside a broken
/// configuration.
#[derive(Debug, Clone)]
pub struct Context {
    home: Home,
}

impl Context {
    /// With the home that `VOUCH_HOME` names, else the usual one.
    ///
    /// # Errors
    /// When that home cannot be used.
    pub fn from_env() -> Result<Self, HomeError> {
        Home::from_env().map(Self::new)
    }

    /// With a given home.
    pub fn new(home: Home) -> Self {
        Self { home }
    }

    /// The home of Vouch.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The configuration as it is now.
    ///
    /// # Errors
    /// When there is one that cannot be read.
    pub fn config(&self) -> Result<Config, ConfigError> {
        Config::load(&self.home)
    }

    /// The keystore of this system, or the one that `VOUCH_KEYSTORE` names.
    ///
    /// # Errors
    /// When the variable names none that can be used.
    pub fn keystore(&self) -> Result<Keystore, KeystoreError> {
        Keystore::from_env(&self.home)
    }

    /// The session as it is now.
    ///
    /// # Errors
    /// When there is none, or the keystore does not work.
    pub fn session(&self) -> Result<Session, SessionError> {
        let vault = session::open(&self.home, &self.keystore()?)?;
        Session::read(&vault, &self.home)
    }

    /// A broker for the configuration as it is now. No network.
    ///
    /// # Errors
    /// When configuration or keystore cannot be used.
    pub fn broker(&self) -> Result<Broker, broker::Error> {
        Ok(Broker::new(self.home.clone(), self.config()?, self.keystore()?))
    }
}
