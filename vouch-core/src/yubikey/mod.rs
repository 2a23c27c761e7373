//! The card: find it, PIN, sign, enrol, attestation.

use crate::error::{Class, Explain};

/// What went wrong with the card.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    #[error("no YubiKey is plugged in")]
    NoCard,
}

impl Explain for CardError {
    fn class(&self) -> Class {
        Class::Card
    }

    fn hint(&self) -> Option<String> {
        None
    }
}
