//! The sum of what can go wrong between a request and a token.

use crate::config::ConfigError;
use crate::endpoint::EndpointError;
use crate::exchange::ExchangeError;
use crate::failure::{Diagnostic, ErrorKind, Failure};
use crate::hint::DOCTOR_ONLINE;
use crate::home::HomeError;
use crate::keystore::KeystoreError;
use crate::profile::ProfileError;
use crate::session::SessionError;
use crate::vault::VaultError;

/// Why the broker gave no credential. The variants name the part; their own enums name the situation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    #[error(transparent)]
    Profile(#[from] ProfileError),
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    FromOtherProcess(#[from] SharedFailure),
    #[error(transparent)]
    OutOfTime(#[from] OutOfTime),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// The exchange had too little time, as this process had waited for others that made the same credential.
#[derive(Debug, thiserror::Error)]
#[error("{waited} s went by while other processes fetched the same credential, and too little time was left")]
pub struct OutOfTime {
    /// In seconds.
    pub waited: u64,
    pub source: ExchangeError,
}

impl Diagnostic for OutOfTime {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Network
    }

    /// What the exchange would have said, such as about a proxy that hangs.
    fn hint(&self) -> Option<String> {
        let again = || format!("Run the command again; if it stays so, run {DOCTOR_ONLINE}.");
        Some(self.source.hint().unwrap_or_else(again))
    }
}

/// Another process tried the same a moment ago, and this is what it met.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SharedFailure(pub Failure);

impl Diagnostic for SharedFailure {
    fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    fn hint(&self) -> Option<String> {
        self.0.hint.clone()
    }

    /// As the process that met it told it.
    fn failure(&self) -> Failure {
        self.0.clone()
    }
}

impl Error {
    /// Whether the URL that was asked about is none of Vouch's business: somebody else may know it.
    pub fn is_not_codeartifact(&self) -> bool {
        matches!(self, Self::Profile(ProfileError::Endpoint(EndpointError::NotCodeArtifact(_))))
    }

    fn part(&self) -> &dyn Diagnostic {
        match self {
            Self::Config(error) => error,
            Self::Exchange(error) => error,
            Self::Home(error) => error,
            Self::Keystore(error) => error,
            Self::Profile(error) => error,
            Self::Session(error) => error,
            Self::FromOtherProcess(error) => error,
            Self::OutOfTime(error) => error,
            Self::Vault(error) => error,
        }
    }
}

impl Diagnostic for Error {
    fn kind(&self) -> ErrorKind {
        self.part().kind()
    }

    fn hint(&self) -> Option<String> {
        self.part().hint()
    }

    fn failure(&self) -> Failure {
        self.part().failure()
    }
}
