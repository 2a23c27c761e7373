//! The vault's entries of the broker: what each is called, and whether what is in it will do.

use super::lifetime::{Lifetime, MIN_TOKEN_DURATION};
use crate::endpoint::Domain;
use crate::profile::{Role, Target};
use crate::time::UnixTime;
use crate::vault::{EntryName, Vault};

/// Everything that shapes a token is in its name.
pub(super) fn token_entry(Target { domain, role, .. }: &Target, lifetime: Lifetime) -> EntryName {
    let Domain { name, owner, region } = domain;
    let parts = [
        role.arn.as_str(),
        role.region.as_str(),
        name.as_str(),
        owner.as_str(),
        region.as_str(),
        lifetime.name(),
    ];
    EntryName::new("token", &parts)
}

pub(super) fn role_entry(role: &Role) -> EntryName {
    EntryName::new("role", &[role.arn.as_str(), role.region.as_str(), &role.duration.to_string()])
}

pub(super) fn limit_entry(name: &EntryName) -> EntryName {
    EntryName::new("limit", &[&name.to_string()])
}

/// The seconds that AWS was seen to give at most for an entry, in this session.
pub(super) fn limit_of(vault: &Vault, name: &EntryName) -> i64 {
    vault.read(&limit_entry(name)).map_or(i64::MAX, |limit: i64| limit.max(MIN_TOKEN_DURATION))
}

pub(super) fn has_left(expires_at: UnixTime, seconds: i64) -> bool {
    expires_at.since(UnixTime::now()) >= seconds
}
