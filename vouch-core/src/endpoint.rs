//! CodeArtifact repository URLs, taken apart strictly and put together.
//!
//! Host forms: `DOMAIN-OWNER.d.codeartifact.REGION.SUFFIX` (CodeArtifact user guide) and the dual-stack
//! `DOMAIN-OWNER.codeartifact.REGION.on.aws`, which has no `.d.` (GetRepositoryEndpoint).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::failure::{Diagnostic, ErrorKind};
use crate::partition::{AccountId, DomainName, PARTITIONS, Partition, Region, RepositoryName};

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

/// A package format that CodeArtifact serves, as it stands in paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Cargo,
    Generic,
    Maven,
    Npm,
    Nuget,
    Pypi,
    Ruby,
    Swift,
}

impl Format {
    const ALL: [Self; 8] = [
        Self::Cargo,
        Self::Generic,
        Self::Maven,
        Self::Npm,
        Self::Nuget,
        Self::Pypi,
        Self::Ruby,
        Self::Swift,
    ];

    /// The path segment, which is also the value of the API's `format`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Generic => "generic",
            Self::Maven => "maven",
            Self::Npm => "npm",
            Self::Nuget => "nuget",
            Self::Pypi => "pypi",
            Self::Ruby => "ruby",
            Self::Swift => "swift",
        }
    }
}

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
    Foreign(String),
    /// The host is CodeArtifact's, but the URL would take the token elsewhere or show it.
    #[error("no token for `{url}`: {reason}")]
    Unsafe { url: String, reason: &'static str },
    #[error("`{0}` names no CodeArtifact repository: `/FORMAT/REPOSITORY/` is missing after the host")]
    Path(String),
}

impl Diagnostic for EndpointError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Configuration
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Foreign(_) => None,
            Self::Unsafe { .. } | Self::Path(_) => Some(
                "Use the URL as `vouch setup codeartifact` wrote it: https, the bare host, no port, no user."
                    .into(),
            ),
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
        let url = text.strip_prefix("sparse+").unwrap_or(text);
        let (domain, dualstack) = domain_of_url(url)?;
        let missing = || EndpointError::Path(url.to_owned());
        let parsed = Url::parse(url).map_err(|_| missing())?;
        let mut segments = parsed.path_segments().ok_or_else(missing)?;
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
/// [`EndpointError::Foreign`] when the host is not exactly one of CodeArtifact's forms, [`EndpointError::Unsafe`] when
/// it is, but the scheme, a port or user information would send the token where it must not go.
pub fn domain_of_url(url: &str) -> Result<(Domain, bool), EndpointError> {
    let url = url.strip_prefix("sparse+").unwrap_or(url);
    let foreign = || EndpointError::Foreign(without_userinfo(url));
    let parsed = Url::parse(url).map_err(|_| foreign())?;
    let Some(Host::Domain(host)) = parsed.host() else { return Err(foreign()) };
    let found = domain_of_host(host).ok_or_else(foreign)?;
    let reason = if parsed.scheme() != "https" {
        "only https may carry one"
    } else if !parsed.username().is_empty() || parsed.password().is_some() {
        "it has a user name or password in it"
    } else if written_authority(url).contains(':') {
        "it names a port"
    } else if !written_authority(url).eq_ignore_ascii_case(host) {
        // Percent escapes, look-alike letters and the like: clients may resolve them to another host than we do.
        "its host is not written in plain letters"
    } else {
        return Ok(found);
    };
    Err(EndpointError::Unsafe { url: without_userinfo(url), reason })
}

/// Takes a lower-case host apart; `None` unless every character fits.
fn domain_of_host(host: &str) -> Option<(Domain, bool)> {
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

/// What stands between `//` and the path, as it was written.
fn written_authority(url: &str) -> &str {
    let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#', '\\']).next().unwrap_or_default()
}

/// The URL for a message: a password in it is nobody's business.
fn without_userinfo(url: &str) -> String {
    let authority = written_authority(url);
    match authority.rsplit_once('@') {
        Some((userinfo, _)) => url.replacen(&format!("{userinfo}@"), "", 1),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/";

    #[test]
    fn the_suffix_of_another_partition_is_told_from_other_names() {
        for (host, crosses) in [
            ("d-123456789012.d.codeartifact.us-east-1.amazonaws.com.cn", true),
            ("d-123456789012.codeartifact.cn-north-1.on.aws", true),
            ("d-123456789012.d.codeartifact.cn-north-1.amazonaws.com", true),
            ("d-123456789012.d.codeartifact.cn-north-1.amazonaws.com.cn", false),
            ("d-123456789012.d.codeartifact.us-east-1.amazonaws.com", false),
            // A VPC endpoint, and a name of the person's own.
            ("vpce-1.d.codeartifact.us-east-1.vpce.amazonaws.com", false),
            ("a.codeartifact.us-east-1.example.com", false),
            ("packages.example.com", false),
        ] {
            assert_eq!(crosses_partitions(host), crosses, "{host}");
        }
    }

    #[test]
    fn reads_and_writes_the_documented_forms() {
        for (url, name, owner, region, dualstack) in [
            (GOOD, "my-domain", "123456789012", "us-east-1", false),
            (
                "https://my-domain-123456789012.codeartifact.us-east-1.on.aws/cargo/my-repo/",
                "my-domain",
                "123456789012",
                "us-east-1",
                true,
            ),
            (
                "https://a-1-333333333333.d.codeartifact.cn-north-1.amazonaws.com.cn/npm/my-repo/",
                "a-1",
                "333333333333",
                "cn-north-1",
                false,
            ),
            (
                "https://gov-444444444444.d.codeartifact.us-gov-west-1.amazonaws.com/pypi/my-repo/",
                "gov",
                "444444444444",
                "us-gov-west-1",
                false,
            ),
        ] {
            let endpoint: Endpoint = url.parse().unwrap();
            let Domain { name: n, owner: o, region: r } = &endpoint.domain;
            assert_eq!(
                (n.as_str(), o.as_str(), r.as_str(), endpoint.dualstack),
                (name, owner, region, dualstack)
            );
            assert_eq!(endpoint.url(), url);
        }
    }

    #[test]
    fn what_clients_add_is_understood() {
        let wanted: Endpoint = GOOD.parse().unwrap();
        for url in [
            format!("sparse+{GOOD}"),
            GOOD.trim_end_matches('/').to_owned(),
            format!("{GOOD}config.json"),
            format!("{GOOD}simple/x/?y#z"),
            GOOD.replace("my-domain-", "MY-DOMAIN-"),
            GOOD.replace(".com/", ".com:443/"),
        ] {
            match url.parse::<Endpoint>() {
                Ok(endpoint) => assert_eq!(endpoint, wanted, "{url}"),
                // The default port is judged as any other.
                Err(EndpointError::Unsafe { .. }) => assert!(url.contains(":443")),
                Err(error) => panic!("{url}: {error}"),
            }
        }
    }

    #[test]
    fn look_alike_hosts_are_foreign() {
        for host in [
            "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com.evil.example",
            "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.evil.example",
            "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com.",
            "my-domain-11122223333.d.codeartifact.us-east-1.amazonaws.com",
            "my-domain-1234567890123.d.codeartifact.us-east-1.amazonaws.com",
            "my-domain.d.codeartifact.us-east-1.amazonaws.com",
            "123456789012.d.codeartifact.us-east-1.amazonaws.com",
            "my_domain-123456789012.d.codeartifact.us-east-1.amazonaws.com",
            "my-domain-123456789012.d.codeartifact.us-east-1.on.aws",
            "my-domain-123456789012.codeartifact.us-east-1.amazonaws.com",
            "my-domain-123456789012.d.codeartifact.cn-north-1.amazonaws.cn",
            "my-domain-123456789012.d.codeartifact.cn-north-1.amazonaws.com",
            "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com.cn",
            "my-domain-123456789012.d.codeartifact.us-nowhere.amazonaws.com",
            "my-domain-123456789012.d.codeartifact.us-east-1.api.aws",
            "evil.example.my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com",
            "d.codeartifact.us-east-1.amazonaws.com",
            "codeartifact.us-east-1.amazonaws.com",
            "127.0.0.1",
            "[::1]",
            "index.crates.io",
        ] {
            let url = format!("https://{host}/cargo/my-repo/");
            assert!(matches!(url.parse::<Endpoint>(), Err(EndpointError::Foreign(_))), "{url}");
        }
    }

    #[test]
    fn the_right_host_in_an_unsafe_url_gets_nothing() {
        for url in [
            GOOD.replace("https:", "http:"),
            GOOD.replace(".com/", ".com:8443/"),
            GOOD.replace(".com/", ".com:443/"),
            GOOD.replace("//", "//aws@"),
            GOOD.replace("//", "//aws:hunter2@"),
            GOOD.replace("my-domain", "%6dy-domain"),
            GOOD.replace("my-domain", "ｍy-domain"),
            GOOD.replace("//", "/\\"),
            GOOD.replace("https://", "https:"),
            GOOD.replace("my-", "my\t-"),
        ] {
            let error = url.parse::<Endpoint>().unwrap_err();
            assert!(
                matches!(error, EndpointError::Unsafe { .. } | EndpointError::Foreign(_)),
                "{url}: {error}"
            );
            assert!(!error.to_string().contains("hunter2"));
        }
        // A Cyrillic letter is another host altogether.
        let url = GOOD.replace("my-domain", "mу-domain");
        assert!(matches!(url.parse::<Endpoint>(), Err(EndpointError::Foreign(_))));
    }

    #[test]
    fn the_path_must_name_format_and_repository() {
        for path in ["", "cargo", "cargo/", "docker/my-repo/", "cargo/ä/", "CARGO/my-repo/"] {
            let url = format!("https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/{path}");
            assert!(matches!(url.parse::<Endpoint>(), Err(EndpointError::Path(_))), "{url}");
        }
    }
}
