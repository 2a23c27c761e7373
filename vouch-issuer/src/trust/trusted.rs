//! Whom a role should trust.

use vouch_core::identity::{Identity, IssuerUrl, Subject};

/// Whom a role should trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted {
    pub issuer: IssuerUrl,
    pub subject: Subject,
    pub audience: String,
}

impl From<&Identity> for Trusted {
    fn from(identity: &Identity) -> Self {
        Self {
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            audience: identity.audience.clone(),
        }
    }
}
