//! Why no answer came over HTTP.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;

use crate::failure::{Diagnostic, ErrorKind};

/// What AWS answers is a few KiB; more is none of it.
pub(super) const BODY_LIMIT: usize = 64 * 1024;

/// Why no answer came. A proxy's password is in none of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    #[error("the name {host} cannot be resolved")]
    Dns { host: String, source: io::Error },
    #[error("cannot connect to {host}")]
    Connect { host: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("the connection to {host} was closed before an answer came")]
    Closed { host: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("no connection to {host} in time")]
    ConnectTimedOut { host: String },
    #[error("no answer from {host} in time")]
    AnswerTimedOut { host: String },
    #[error("the certificate of {host} is from an unknown issuer")]
    UnknownIssuer { host: String, source: rustls::Error },
    #[error("no secure connection to {host}")]
    Tls { host: String, source: rustls::Error },
    #[error("TLS cannot be set up")]
    TlsSetup(#[source] rustls::Error),
    #[error("{variable} names `{path}`, which cannot serve as certificates: {reason}")]
    Roots { variable: &'static str, path: PathBuf, reason: String },
    #[error("{variable} names no http or https proxy that can be used")]
    ProxyName { variable: &'static str },
    #[error("cannot reach the proxy {proxy} that {variable} names")]
    ProxyUnreachable { variable: &'static str, proxy: String, source: Box<Self> },
    #[error("no connection to {host} in time through the proxy {proxy} that {variable} names")]
    ProxyTimedOut { variable: &'static str, proxy: String, host: String },
    #[error("the proxy {proxy} that {variable} names asks for a user and a password")]
    ProxyAuthentication { variable: &'static str, proxy: String },
    #[error("the proxy {proxy} does not accept the user and the password in {variable}")]
    ProxyCredentials { variable: &'static str, proxy: String },
    #[error("the proxy {proxy} that {variable} names refuses to connect to {host}: status {status}")]
    ProxyRefused { variable: &'static str, proxy: String, host: String, status: u16 },
    #[error("{host} sent more than {} KiB", BODY_LIMIT / 1024)]
    TooLong { host: String },
    #[error("{host} did not answer in HTTP")]
    Garbage { host: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("cannot start the network code")]
    Start(#[source] io::Error),
    /// The SDK built what is no request.
    #[error("cannot put a request together")]
    Request(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Diagnostic for HttpError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Roots { .. } | Self::ProxyName { .. } => ErrorKind::Configuration,
            Self::TlsSetup(_) | Self::Start(_) | Self::Request(_) => ErrorKind::Other,
            _ => ErrorKind::Network,
        }
    }

    fn hint(&self) -> Option<String> {
        use rustls::CertificateError as Certificate;

        Some(match self {
            Self::Dns { .. } | Self::Connect { .. } | Self::ConnectTimedOut { .. } => {
                "Look at your network or VPN; where a proxy is needed, set HTTPS_PROXY.".into()
            }
            Self::Closed { .. } | Self::AnswerTimedOut { .. } => {
                "Run the command again; if it stays so, look at your network, VPN and proxy.".into()
            }
            Self::UnknownIssuer { .. } => {
                "Where a proxy or firewall opens TLS connections, set AWS_CA_BUNDLE to a PEM file with its CA.".into()
            }
            Self::Tls {
                source:
                    rustls::Error::InvalidCertificate(
                        Certificate::Expired
                        | Certificate::ExpiredContext { .. }
                        | Certificate::NotValidYet
                        | Certificate::NotValidYetContext { .. },
                    ),
                ..
            } => "Look at the clock of this machine: by it, the certificate is not valid now.".into(),
            Self::Tls { .. } | Self::Garbage { .. } | Self::TooLong { .. } => {
                "Something else than AWS may be answering: look at your network, VPN and proxy.".into()
            }
            Self::Roots { variable, .. } => {
                format!("Set {variable} to a PEM file with the CA certificates to trust, or unset it.")
            }
            Self::ProxyName { variable } => format!(
                "Set {variable} to something like `http://proxy.example.com:3128`, with special characters of a user or \
                 password percent-encoded; or unset it."
            ),
            Self::ProxyUnreachable { variable, .. } | Self::ProxyTimedOut { variable, .. } => {
                format!("Look at {variable}: set it to the right proxy, or unset it; NO_PROXY makes exceptions.")
            }
            Self::ProxyAuthentication { variable, .. } => {
                format!("Put them into {variable}, as in `http://USER:PASSWORD@HOST:PORT`.")
            }
            Self::ProxyCredentials { variable, .. } => format!(
                "Correct them in {variable}; special characters of either are percent-encoded there, `@` as `%40`."
            ),
            Self::ProxyRefused { host, .. } => {
                format!("Have the proxy allow {host}, or except that name from it with NO_PROXY.")
            }
            Self::TlsSetup(_) | Self::Start(_) | Self::Request(_) => return None,
        })
    }
}

impl HttpError {
    /// Whether no answer came in time.
    pub(crate) fn is_time_out(&self) -> bool {
        matches!(
            self,
            Self::ConnectTimedOut { .. } | Self::ProxyTimedOut { .. } | Self::AnswerTimedOut { .. }
        )
    }

    /// Whether the resolver said that there is no such name, and not that it cannot tell. The system's resolver gives no code
    /// that the standard library would keep, but for that of Windows.
    pub(crate) fn is_unknown_name(&self) -> bool {
        /// WSAHOST_NOT_FOUND.
        const WINDOWS: &str = "(os error 11001)";
        /// As glibc, musl and macOS have EAI_NONAME; none of them asks for the language in a program of Rust.
        const UNIX: [&str; 3] =
            ["Name or service not known", "Name does not resolve", "nodename nor servname provided"];
        let Self::Dns { source, .. } = self else { return false };
        let text = source.to_string();
        match cfg!(windows) {
            true => text.contains(WINDOWS),
            false => UNIX.iter().any(|known| text.contains(known)),
        }
    }

    /// Whether another try at once may go better.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }
}

/// A failure of hyper's on an open connection.
pub(super) fn broken(host: &str, error: hyper::Error) -> HttpError {
    classify(host, error.into())
}

pub(super) fn classify(host: &str, error: Box<dyn std::error::Error + Send + Sync>) -> HttpError {
    let host = host.to_owned();
    let parse = error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse);
    match cause::<io::Error>(&*error).map(io::Error::kind) {
        // What is wrong with a chunk's length reads so.
        Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => {
            HttpError::Garbage { host, source: error }
        }
        _ if parse => HttpError::Garbage { host, source: error },
        _ => HttpError::Closed { host, source: error },
    }
}

/// The host of an authority, without its port.
pub(super) fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// The first error of a type in a chain of causes.
pub(super) fn cause<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
