//! CodeArtifact repository URLs, taken apart strictly and put together.
//!
//! Host forms: `DOMAIN-OWNER.d.codeartifact.REGION.SUFFIX` (CodeArtifact user guide) and the dual-stack
//! `DOMAIN-OWNER.codeartifact.REGION.on.aws`, which has no `.d.` (GetRepositoryEndpoint).

mod domain;
mod format;
mod plain;
mod shown;

use std::fmt;
use std::str::FromStr;

pub(crate) use self::plain::ANOTHER_PATH;
use self::plain::Readings;
use crate::failure::{Diagnostic, ErrorKind};
use crate::hint::VOUCH_SETUP;
use crate::partition::{PARTITIONS, Partition, Region, RepositoryName};
pub use domain::Domain;
pub use format::Format;
pub use plain::{Asker, PlainUrl, Reason, USER};
pub use shown::shown;

/// A CodeArtifact repository, seen through one package format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub domain: Domain,
    pub format: Format,
    pub repository: RepositoryName,
    /// `on.aws` in place of the IPv4 host.
    pub dualstack: bool,
}

/// Why a URL is not an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// Some other registry: none of Vouch's business.
    #[error("`{0}` is not an AWS CodeArtifact repository")]
    NotCodeArtifact(String),
    /// Some client may read a place of ours in the URL, and some other one another place.
    #[error("no token for `{url}`: {reason}")]
    Unsafe { url: String, reason: Reason },
    #[error("`{0}` names no CodeArtifact repository: `/FORMAT/REPOSITORY/` is missing after the host")]
    Path(String),
}

impl Diagnostic for EndpointError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Configuration
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotCodeArtifact(_) => None,
            Self::Unsafe { .. } | Self::Path(_) => {
                Some(format!("Use the URL as {VOUCH_SETUP} wrote it, letter for letter."))
            }
        }
    }
}

impl Endpoint {
    /// The IPv4 endpoint of a repository.
    pub fn new(domain: Domain, format: Format, repository: RepositoryName) -> Self {
        Self { domain, format, repository, dualstack: false }
    }

    /// The exact host name.
    pub fn host(&self) -> String {
        let Domain { name, owner, region } = &self.domain;
        match region.partition().dualstack_suffix.filter(|_| self.dualstack) {
            Some(suffix) => format!("{name}-{owner}.codeartifact.{region}.{suffix}"),
            None => Self::host_of(&self.domain),
        }
    }

    /// The IPv4 host name of every repository of a domain.
    pub fn host_of(Domain { name, owner, region }: &Domain) -> String {
        format!("{name}-{owner}.d.codeartifact.{region}.{}", region.partition().dns_suffix)
    }

    /// The repository's URL with its trailing slash, which every client needs.
    pub fn url(&self) -> String {
        format!("https://{}/{}/{}/", self.host(), self.format.as_str(), self.repository)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url())
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    /// Reads a repository URL, with or without Cargo's `sparse+` and with or without a path below the repository.
    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (domain, dualstack) = domain_of_url(text, Asker::default())?;
        let missing = || EndpointError::Path(shown(text));
        let url = PlainUrl::read(text, Asker::default()).map_err(|_| missing())?;
        let mut segments = url.path().split('/').skip(1);
        let format =
            segments.next().and_then(|text| Format::ALL.into_iter().find(|format| format.as_str() == text));
        let repository = segments.next().and_then(|text| text.parse().ok());
        match (format, repository) {
            (Some(format), Some(repository)) => Ok(Self { domain, format, repository, dualstack }),
            _ => Err(missing()),
        }
    }
}

/// The domain that a URL's host belongs to, whatever its path.
///
/// # Errors
/// [`EndpointError::NotCodeArtifact`] when the host is not exactly one of CodeArtifact's forms, [`EndpointError::Unsafe`] when
/// a client may take it for one, but the URL is not plain.
pub fn domain_of_url(url: &str, asker: Asker) -> Result<(Domain, bool), EndpointError> {
    let found = PlainUrl::read(url, asker).and_then(|url| url.domain());
    match found {
        Ok(found) => found.ok_or_else(|| EndpointError::NotCodeArtifact(shown(url))),
        Err(reason) => Err(refusal(url, reason, [])),
    }
}

/// What is said about a URL that is not plain. It is none of ours only if no parser reads a place of ours in it: a host of
/// CodeArtifact's, or something below one of `bases`.
pub(crate) fn refusal<'a>(
    url: &str,
    reason: Reason,
    bases: impl IntoIterator<Item = PlainUrl<'a>>,
) -> EndpointError {
    let readings = Readings::of(url);
    match readings.any_of_aws() || bases.into_iter().any(|base| readings.any_below(&base)) {
        true => EndpointError::Unsafe { url: shown(url), reason },
        false => EndpointError::NotCodeArtifact(shown(url)),
    }
}

/// Whether a host has the form of CodeArtifact's, but the region of one partition and the suffix of another: no host of
/// AWS, whatever it looks like.
pub fn crosses_partitions(host: &str) -> bool {
    let Some((_, rest)) = host.split_once(".codeartifact.") else { return false };
    let Some((region, suffix)) = rest.split_once('.') else { return false };
    let suffixes = |partition: &Partition| [Some(partition.dns_suffix), partition.dualstack_suffix];
    let of_aws = PARTITIONS.iter().flat_map(suffixes).flatten().any(|known| known == suffix);
    let own = region.parse::<Region>().map(|region| suffixes(&region.partition()).contains(&Some(suffix)));
    of_aws && own == Ok(false)
}

#[cfg(test)]
mod tests;
