//! What an issuer should serve.

use vouch_core::identity::{Identity, IssuerUrl, SigningKey};

use crate::documents::{self, IssuerError};
use crate::enrollment::VerifiedEnrollment;

/// An issuer, and the keys that it should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    pub issuer: IssuerUrl,
    pub keys: ExpectedKeys,
}

/// The keys that an issuer should serve, as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedKeys {
    /// Nothing is known: any key is as good as another.
    Any,
    /// These should be there; whether there are others cannot be told.
    AtLeast(Vec<Key>),
    /// These and no others.
    Exactly(Vec<Key>),
}

/// A key, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub kid: String,
    pub serial: u32,
    pub public_key: SigningKey,
}

impl Expected {
    /// What the identity of this machine tells: its own keys. A spare may have been enrolled elsewhere.
    pub fn of_identity(identity: &Identity) -> Self {
        let keys = identity.keys.iter().map(|key| Key {
            kid: key.kid.clone(),
            serial: key.serial,
            public_key: key.public_key.clone(),
        });
        Self { issuer: identity.issuer.clone(), keys: ExpectedKeys::AtLeast(keys.collect()) }
    }

    /// What enrollments tell: every key of every issuer among them.
    ///
    /// # Errors
    /// As for [`crate::documents::build`].
    pub fn of_enrollments(enrollments: &[VerifiedEnrollment]) -> Result<Vec<Self>, IssuerError> {
        let expected = documents::by_issuer(enrollments)?.into_iter().map(|(issuer, keys)| {
            let keys = keys.into_iter().map(|(kid, claims)| Key {
                kid,
                serial: claims.serial,
                public_key: claims.public_key.clone(),
            });
            Self { issuer: issuer.clone(), keys: ExpectedKeys::Exactly(keys.collect()) }
        });
        Ok(expected.collect())
    }
}
