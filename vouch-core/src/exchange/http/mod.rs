//! HTTPS to AWS: the SDK's connector.
//!
//! The SDK's own reads no proxy from the environment, cannot open a connection ahead, and tells hardly one failure from
//! another. This one keeps one connection a host for as long as the exchange lasts, reads every answer whole and within
//! a limit, and ends by one deadline whatever happens.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use tokio::task::JoinHandle;
use tokio::time::timeout_at;

use super::connect::Connector;
use crate::failure::{Class, Explain};
use crate::home::Home;

/// What AWS answers is a few KiB; more is none of it.
const BODY_LIMIT: usize = 64 * 1024;

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
    /// The SDK built what is no request.
    #[error("cannot put a request together")]
    Request(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Explain for HttpError {
    fn class(&self) -> Class {
        match self {
            Self::Roots { .. } | Self::ProxyName { .. } => Class::Configuration,
            Self::TlsSetup(_) | Self::Request(_) => Class::Other,
            _ => Class::Network,
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
            Self::TlsSetup(_) | Self::Request(_) => return None,
        })
    }
}

impl HttpError {
    /// Whether another try at once may go better.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }
}

/// A connection that can take a request.
type Connection = SendRequest<SdkBody>;

/// A connection for a host that nothing uses at the moment.
#[derive(Debug)]
enum Spare {
    Opening(JoinHandle<Result<Connection, HttpError>>),
    Idle(Connection),
}

/// The SDK's HTTP client for one exchange. Clones share their connections.
#[derive(Debug, Clone)]
pub(super) struct Http(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connector: Connector,
    /// By authority: the host, and a port where it is not 443.
    spare: Mutex<HashMap<String, Spare>>,
    deadline: Instant,
}

impl Http {
    /// With the roots and proxies that `variable` tells. No network.
    ///
    /// # Errors
    /// When a variable names a file of certificates that cannot be used.
    pub(super) fn new(
        home: &Home,
        deadline: Instant,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, HttpError> {
        let connector = Connector::new(home, variable)?;
        Ok(Self(Arc::new(Inner { connector, spare: Mutex::default(), deadline })))
    }

    /// From now on nothing is written, not even which roots were needed.
    pub(super) fn forget(&self) {
        self.0.connector.forget();
    }

    /// Begins to connect to a host that will be asked soon. Within the runtime only.
    pub(super) fn open_ahead(&self, authority: &str) {
        let (this, host) = (self.clone(), authority.to_owned());
        let opening = tokio::spawn(async move { this.connect(&host).await });
        self.keep(authority, Spare::Opening(opening));
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let request = request.try_into_http1x().map_err(|error| HttpError::Request(error.into()))?;
        let response = self.request(request).await?;
        HttpResponse::try_from(response).map_err(|error| HttpError::Request(error.into()))
    }

    /// Sends a request whose URI names its host, and reads the answer whole.
    pub(super) async fn request(&self, request: Request<SdkBody>) -> Result<Response<SdkBody>, HttpError> {
        let (request, authority) = in_origin_form(request)?;
        let host = host_of(&authority).to_owned();
        let answered = timeout_at(self.0.deadline.into(), self.exchange(request, &authority, &host)).await;
        answered.unwrap_or(Err(HttpError::AnswerTimedOut { host }))
    }

    async fn exchange(
        &self,
        request: Request<SdkBody>,
        authority: &str,
        host: &str,
    ) -> Result<Response<SdkBody>, HttpError> {
        let mut connection = self.connection(authority).await?;
        let first = connection.try_send_request(request).await;
        let response = match first {
            Ok(response) => response,
            Err(mut error) => match error.take_message() {
                // The host had closed a kept connection; nothing of the request was sent.
                Some(request) => {
                    connection = self.connect(authority).await?;
                    connection.send_request(request).await.map_err(|error| broken(host, error))?
                }
                None => return Err(broken(host, error.into_error())),
            },
        };
        let response = read_whole(response, host).await?;
        self.keep(authority, Spare::Idle(connection));
        Ok(response)
    }

    async fn connection(&self, authority: &str) -> Result<Connection, HttpError> {
        let spare = self.0.spare.lock().unwrap_or_else(PoisonError::into_inner).remove(authority);
        let kept = match spare {
            Some(Spare::Idle(connection)) => Some(connection),
            Some(Spare::Opening(opening)) => opening.await.ok().transpose()?,
            None => None,
        };
        if let Some(mut connection) = kept
            && connection.ready().await.is_ok()
        {
            return Ok(connection);
        }
        self.connect(authority).await
    }

    async fn connect(&self, authority: &str) -> Result<Connection, HttpError> {
        let opened = timeout_at(self.0.deadline.into(), self.0.connector.connect(authority)).await;
        opened.unwrap_or_else(|_| Err(self.0.connector.timed_out(authority)))
    }

    fn keep(&self, authority: &str, spare: Spare) {
        self.0.spare.lock().unwrap_or_else(PoisonError::into_inner).insert(authority.to_owned(), spare);
    }
}

impl HttpConnector for Http {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            this.send(request).await.map_err(|error| ConnectorError::io(error.into()))
        })
    }
}

impl HttpClient for Http {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// The request as it goes to the host itself, with its `Host`; and the authority that it goes to.
fn in_origin_form(mut request: Request<SdkBody>) -> Result<(Request<SdkBody>, String), HttpError> {
    let wrong = |reason: &str| HttpError::Request(reason.into());
    let authority = request.uri().authority().ok_or_else(|| wrong("it has no host"))?.to_string();
    let host = HeaderValue::from_str(&authority).map_err(|error| HttpError::Request(error.into()))?;
    request.headers_mut().entry(header::HOST).or_insert(host);
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse::<Uri>().map_err(|error| HttpError::Request(error.into()))?;
    Ok((request, authority))
}

/// Reads an answer to its end, errors' bodies and those of unknown length too.
async fn read_whole(response: Response<Incoming>, host: &str) -> Result<Response<SdkBody>, HttpError> {
    let (parts, body) = response.into_parts();
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(HttpError::TooLong { host: host.to_owned() });
        }
        Err(error) => return Err(classify(host, error)),
    };
    Ok(Response::from_parts(parts, SdkBody::from(body)))
}

/// A failure of hyper's on an open connection.
pub(super) fn broken(host: &str, error: hyper::Error) -> HttpError {
    classify(host, error.into())
}

fn classify(host: &str, error: Box<dyn std::error::Error + Send + Sync>) -> HttpError {
    let host = host.to_owned();
    let parse = error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse);
    match super::connect::cause::<io::Error>(&*error).map(io::Error::kind) {
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

#[cfg(test)]
mod tests;
