//! The domain, and the host names that are its own.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::partition::{AccountId, DomainName, Region};

/// One CodeArtifact domain: what a token is valid for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Domain {
    pub name: DomainName,
    pub owner: AccountId,
    pub region: Region,
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of account {} in {}", self.name, self.owner, self.region)
    }
}

/// Takes a lower-case host apart; `None` unless every character fits.
pub(super) fn domain_of_host(host: &str) -> Option<(Domain, bool)> {
    let (name_and_owner, rest) = host.split_once('.')?;
    let (name, owner) = name_and_owner.rsplit_once('-')?;
    let (rest, dualstack) = match rest.strip_prefix("d.codeartifact.") {
        Some(rest) => (rest, false),
        None => (rest.strip_prefix("codeartifact.")?, true),
    };
    let (region, suffix) = rest.split_once('.')?;
    let region: Region = region.parse().ok()?;
    let expected = match dualstack {
        true => region.partition().dualstack_suffix?,
        false => region.partition().dns_suffix,
    };
    if suffix != expected {
        return None;
    }
    Some((Domain { name: name.parse().ok()?, owner: owner.parse().ok()?, region }, dualstack))
}
