//! Every failure: what failed, why, and what to type next.

use std::error::Error as StdError;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    config::ConfigError, endpoint::EndpointError, exchange::ExchangeError, home::HomeError,
    identity::IdentityError, keystore::KeystoreError, npm::NpmError, profile::ProfileError,
    session::SessionError, vault::VaultError,
};

/// A failure of any part of the library. The variants name the part; their own enums name the situation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    #[error(transparent)]
    Npm(#[from] NpmError),
    #[error(transparent)]
    Profile(#[from] ProfileError),
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Another process tried the same a moment ago, and this is what it met.
    #[error(transparent)]
    Shared(Failure),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[cfg(feature = "issuer")]
    #[error(transparent)]
    Enrollment(#[from] crate::enrollment::EnrollmentError),
    #[cfg(feature = "issuer")]
    #[error(transparent)]
    Issuer(#[from] crate::issuer::IssuerError),
    #[cfg(feature = "yubikey")]
    #[error(transparent)]
    Card(#[from] crate::yubikey::CardError),
}

/// What a failure is about; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Class {
    Other,
    Usage,
    NoSession,
    Card,
    Network,
    Refused,
    Configuration,
}

impl Class {
    /// The exit code of a command that ends with such a failure.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Other => 1,
            Self::Usage => 2,
            Self::NoSession => 3,
            Self::Card => 4,
            Self::Network => 5,
            Self::Refused => 6,
            Self::Configuration => 7,
        }
    }
}

/// What each part's error says about itself beside its message.
pub trait Explain: StdError {
    /// What the failure is about.
    fn class(&self) -> Class;

    /// The next thing to type or to look at, as one sentence.
    fn hint(&self) -> Option<String>;

    /// The failure as plain text, with all its causes.
    fn failure(&self) -> Failure {
        let mut causes = Vec::new();
        let mut source = self.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        Failure { class: self.class(), message: self.to_string(), causes, hint: self.hint() }
    }
}

impl Error {
    fn part(&self) -> &dyn Explain {
        match self {
            Self::Config(error) => error,
            Self::Endpoint(error) => error,
            Self::Exchange(error) => error,
            Self::Home(error) => error,
            Self::Identity(error) => error,
            Self::Keystore(error) => error,
            Self::Npm(error) => error,
            Self::Profile(error) => error,
            Self::Session(error) => error,
            Self::Shared(failure) => failure,
            Self::Vault(error) => error,
            #[cfg(feature = "issuer")]
            Self::Enrollment(error) => error,
            #[cfg(feature = "issuer")]
            Self::Issuer(error) => error,
            #[cfg(feature = "yubikey")]
            Self::Card(error) => error,
        }
    }
}

impl Explain for Error {
    fn class(&self) -> Class {
        self.part().class()
    }

    fn hint(&self) -> Option<String> {
        self.part().hint()
    }

    fn failure(&self) -> Failure {
        self.part().failure()
    }
}

/// A failure as plain text: what waiting processes and package managers are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub class: Class,
    pub message: String,
    /// The chain of causes, outermost first.
    pub causes: Vec<String>,
    pub hint: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Failure {}

impl Explain for Failure {
    fn class(&self) -> Class {
        self.class
    }

    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }

    /// As the process that met it told it.
    fn failure(&self) -> Failure {
        self.clone()
    }
}
