//! The request and response that the services see, free of connections and TLS.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;

/// One request, read completely.
#[derive(Debug, Clone)]
pub struct Request {
    /// Method as sent.
    pub method: http::Method,
    /// Host name in lower case, without a port. TLS server name and `Host` agree: a request where they differ
    /// is answered with 421 and never gets here.
    pub host: String,
    /// Path as sent, still percent-encoded.
    pub path: String,
    /// Query as sent, without the question mark.
    pub query: Option<String>,
    /// Headers as sent.
    pub headers: http::HeaderMap,
    /// Body, without its transfer coding.
    pub body: Bytes,
}

/// One response with its whole body. Length and connection headers are the server's business.
pub type Response = http::Response<Bytes>;

/// The four services of the sandbox: what a fault is set on and what the counters are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Security Token Service.
    Sts,
    /// CodeArtifact's control plane.
    CodeArtifact,
    /// The web host of the OpenID Connect issuers.
    Issuer,
    /// CodeArtifact's data plane: the package registries.
    Registry,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 4] = [Self::Sts, Self::CodeArtifact, Self::Issuer, Self::Registry];

    /// The name on the command line, in logs and in counters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::CodeArtifact => "codeartifact",
            Self::Issuer => "issuer",
            Self::Registry => "registry",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A word that names no service.
#[derive(Debug, thiserror::Error)]
#[error("no service is called {0:?}; there are sts, codeartifact, issuer and registry")]
pub struct UnknownService(String);

impl FromStr for Service {
    type Err = UnknownService;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|service| service.name() == text)
            .ok_or_else(|| UnknownService(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_as_its_service() {
        for service in Service::ALL {
            assert_eq!(service.to_string().parse::<Service>().unwrap(), service);
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_list() {
        let error = "s3".parse::<Service>().unwrap_err().to_string();
        assert!(error.contains("\"s3\"") && error.contains("codeartifact"), "{error}");
        assert!("STS".parse::<Service>().is_err());
        assert!("".parse::<Service>().is_err());
    }
}
