//! Session to role credentials to token: the two calls to AWS.

use crate::error::{Class, Explain};

/// Why AWS gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    #[error("no answer in time")]
    TimedOut,
}

impl Explain for ExchangeError {
    fn class(&self) -> Class {
        Class::Network
    }

    fn hint(&self) -> Option<String> {
        None
    }
}
