//! Where role credentials may be asked for: https, this machine, and the addresses of the link that AWS documents.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// ECS and CodeBuild (ECS developer guide, "Task IAM role").
const ECS: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2));

/// EKS Pod Identity (EKS user guide, "Pod Identity agent").
const EKS: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23));
const EKS_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23));

/// The metadata service of an instance (EC2 user guide, "Instance metadata").
const IMDS: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));
const IMDS_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254));

/// A URL that role credentials may be asked from. What is asked without TLS is an address, never a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleUrl(Url);

/// Why role credentials are not asked from a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoleUrlError {
    #[error("`{0}` is not a URL that AWS gives role credentials at")]
    Form(String),
    #[error(
        "`{0}` is neither https, nor of this machine, nor an address that AWS documents for role credentials"
    )]
    Place(String),
}

impl RoleUrl {
    /// Where an instance asks for its own, unless it is told otherwise.
    pub const OF_INSTANCE: &str = "http://169.254.169.254/";

    /// The URL for a path that ECS or CodeBuild names.
    ///
    /// # Errors
    /// When it is no absolute path.
    pub fn of_path(path: &str) -> Result<Self, RoleUrlError> {
        match path.starts_with('/') {
            true => format!("http://{ECS}{path}").parse(),
            false => Err(RoleUrlError::Form(path.to_owned())),
        }
    }

    /// The whole URL.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Scheme, host and port: the path may name the container.
    pub(crate) fn place(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// The address that is asked without TLS; none for https.
    pub(crate) fn plain_address(&self) -> Option<SocketAddr> {
        if self.0.scheme() != "http" {
            return None;
        }
        let address = match self.0.host()? {
            Host::Ipv4(address) => IpAddr::V4(address),
            Host::Ipv6(address) => IpAddr::V6(address),
            Host::Domain(_) => return None,
        };
        Some(SocketAddr::new(address, self.0.port_or_known_default()?))
    }
}

impl FromStr for RoleUrl {
    type Err = RoleUrlError;

    fn from_str(text: &str) -> Result<Self, RoleUrlError> {
        // What would be shown in an error is a path with an id in it; the secret of such an endpoint is a header.
        let form = || RoleUrlError::Form(text.to_owned());
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let mut url = Url::parse(text).ok().filter(|_| plain).ok_or_else(form)?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(form());
        }
        // CloudShell and Greengrass write it so. The name is this machine by definition, and is not looked up.
        if url.scheme() == "http" && url.host_str() == Some("localhost") {
            url.set_host(Some("127.0.0.1")).map_err(|_| form())?;
        }
        let url = Self(url);
        let place = || RoleUrlError::Place(text.to_owned());
        match url.0.scheme() {
            "https" if url.0.host().is_some() => Ok(url),
            "http" => {
                let address = url.plain_address().ok_or_else(place)?.ip();
                let documented = [ECS, EKS, EKS_V6, IMDS, IMDS_V6].contains(&address);
                if address.is_loopback() || documented { Ok(url) } else { Err(place()) }
            }
            _ => Err(place()),
        }
    }
}

impl fmt::Display for RoleUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl TryFrom<String> for RoleUrl {
    type Error = RoleUrlError;

    fn try_from(text: String) -> Result<Self, RoleUrlError> {
        text.parse()
    }
}

impl From<RoleUrl> for String {
    fn from(url: RoleUrl) -> Self {
        url.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_documented_addresses_are_asked_without_tls() {
        for (text, address) in [
            ("http://169.254.170.2/v2/credentials/1", "169.254.170.2:80"),
            ("http://169.254.170.23/v1/credentials", "169.254.170.23:80"),
            ("http://[fd00:ec2::23]/v1/credentials", "[fd00:ec2::23]:80"),
            ("http://169.254.169.254/", "169.254.169.254:80"),
            ("http://127.0.0.1:1338/x?y=z", "127.0.0.1:1338"),
            ("http://[::1]:8080/x", "[::1]:8080"),
            ("http://localhost:1338/x", "127.0.0.1:1338"),
        ] {
            let url: RoleUrl = text.parse().unwrap();
            assert_eq!(url.plain_address(), Some(address.parse().unwrap()), "{text}");
        }
        let https: RoleUrl = "https://credentials.example.com/x".parse().unwrap();
        assert_eq!(https.plain_address(), None);
        assert_eq!(RoleUrl::of_path("/v2/x").unwrap().as_str(), "http://169.254.170.2/v2/x");
        assert_eq!(RoleUrl::OF_INSTANCE.parse::<RoleUrl>().unwrap().as_str(), RoleUrl::OF_INSTANCE);
    }

    #[test]
    fn what_leads_elsewhere_is_refused() {
        for text in [
            "",
            "/v2/credentials/1",
            "http://example.com/x",
            "http://169.254.170.3/x",
            "http://169.254.169.254.evil.example/",
            "http://127.0.0.1.evil.example/",
            "http://localhost.evil.example/",
            "http://127.0.0.1@evil.example/",
            "http://evil.example#@127.0.0.1/",
            "http://evil.example\\@127.0.0.1/",
            "http://user@127.0.0.1/",
            "https://user:password@127.0.0.1/",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "http://[::ffff:10.0.0.1]/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "http://127.0.0.1/a b",
            "http://127.0.0.1/\n",
        ] {
            assert!(text.parse::<RoleUrl>().is_err(), "{text:?}");
        }
        for path in ["", "v2/credentials", "@evil.example/x", ":80@evil.example/", "http://evil.example/"] {
            assert!(RoleUrl::of_path(path).is_err(), "{path:?}");
        }
        // An absolute path cannot become another host.
        assert_eq!(RoleUrl::of_path("//evil.example/x").unwrap().plain_address().unwrap().ip(), ECS);
        let sealed: Result<RoleUrl, _> = serde_json::from_str("\"http://evil.example/\"");
        assert!(sealed.is_err());
    }
}
