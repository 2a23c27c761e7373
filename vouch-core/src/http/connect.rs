//! A connection to a host: name, TCP, the proxy's tunnel, TLS, HTTP/1.1.

use std::ffi::OsString;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::Empty;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiAddrs, GaiResolver, Name};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::error::{HttpError, broken, cause, host_of};
use super::proxy::{Proxies, Proxy};
use super::roots::Trust;
use crate::home::Home;

/// For name, TCP, tunnel and TLS together, by far enough for a slow link, and well within the exchange's deadline.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(6);

/// More header than this is not AWS.
const HEADER_LIMIT: usize = 64 * 1024;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

type AnyStream = Box<dyn Stream>;

/// Makes connections.
#[derive(Debug)]
pub(super) struct Connector {
    tcp: HttpConnector<Resolver>,
    proxies: Proxies,
    trust: Trust,
}

impl Connector {
    /// # Errors
    /// When a variable names a file of certificates that cannot be used.
    pub(super) fn new(home: &Home, variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, HttpError> {
        let mut tcp = HttpConnector::new_with_resolver(Resolver(GaiResolver::new()));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // Divided among the addresses of a host: one that is dead does not use up the time of the others.
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        Ok(Self { tcp, trust: Trust::new(home, &variable)?, proxies: Proxies::new(variable) })
    }

    /// From now on nothing is written, not even which roots were needed.
    pub(super) fn forget(&self) {
        self.trust.forget();
    }

    /// Connects to a host, and makes its driver a task of the runtime.
    ///
    /// # Errors
    /// [`HttpError`], by where it failed.
    pub(super) async fn connect(&self, authority: &str) -> Result<SendRequest<SdkBody>, HttpError> {
        let host = host_of(authority);
        let opened = timeout(CONNECT_TIMEOUT, self.open(authority, host)).await;
        let stream = opened.map_err(|_| self.timed_out(authority))??;
        let closed = |error: hyper::Error| HttpError::Closed { host: host.to_owned(), source: error.into() };
        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEADER_LIMIT);
        let (sender, driver) = builder.handshake(TokioIo::new(stream)).await.map_err(closed)?;
        // Its failures reach the requests.
        tokio::spawn(driver);
        Ok(sender)
    }

    /// The error of a connection that took too long.
    pub(super) fn timed_out(&self, authority: &str) -> HttpError {
        let host = host_of(authority).to_owned();
        match self.proxies.for_host(authority) {
            Ok(Some(proxy)) => {
                HttpError::ProxyTimedOut { variable: proxy.variable, proxy: proxy.address(), host }
            }
            _ => HttpError::ConnectTimedOut { host },
        }
    }

    async fn open(&self, authority: &str, host: &str) -> Result<AnyStream, HttpError> {
        let refused = self.trust.config();
        match self.open_trusting(&refused, authority, host).await {
            Err(HttpError::UnknownIssuer { host: whose, source }) if whose == host => {
                let unknown = HttpError::UnknownIssuer { host: whose, source };
                let Some(wider) = self.trust.widened(&refused) else { return Err(unknown) };
                let stream = self.open_trusting(&wider, authority, host).await?;
                self.trust.remember();
                Ok(stream)
            }
            other => other,
        }
    }

    async fn open_trusting(
        &self,
        config: &Arc<ClientConfig>,
        authority: &str,
        host: &str,
    ) -> Result<AnyStream, HttpError> {
        let stream = match self.proxies.for_host(authority)? {
            Some(proxy) => self.tunnel(&proxy, config, authority, host).await?,
            None => self.dial(authority, host, "https").await?,
        };
        secure(stream, host, config).await
    }

    async fn dial(&self, authority: &str, host: &str, scheme: &str) -> Result<AnyStream, HttpError> {
        let uri = format!("{scheme}://{authority}/").parse::<Uri>();
        let uri = uri.map_err(|error| HttpError::Request(error.into()))?;
        let host = host.to_owned();
        match self.tcp.clone().call(uri).await {
            Ok(stream) => Ok(Box::new(stream.into_inner())),
            Err(error) => Err(match cause::<DnsError>(&error) {
                Some(DnsError(source)) => {
                    HttpError::Dns { host, source: io::Error::new(source.kind(), source.to_string()) }
                }
                None => HttpError::Connect { host, source: error.into() },
            }),
        }
    }

    async fn tunnel(
        &self,
        proxy: &Proxy,
        config: &Arc<ClientConfig>,
        authority: &str,
        host: &str,
    ) -> Result<AnyStream, HttpError> {
        let variable = proxy.variable;
        let unreachable =
            |error| HttpError::ProxyUnreachable { variable, proxy: proxy.address(), source: Box::new(error) };
        let proxy_host = proxy.uri.host().unwrap_or_default();
        let closed = |error: hyper::Error| unreachable(broken(proxy_host, error));
        let scheme = proxy.uri.scheme_str().unwrap_or("http");
        let mut stream = self.dial(&proxy.address(), proxy_host, scheme).await.map_err(unreachable)?;
        if scheme == "https" {
            stream = secure(stream, proxy_host, config).await.map_err(unreachable)?;
        }
        let target = if host == authority { format!("{host}:443") } else { authority.to_owned() };
        let mut request = Request::connect(&target).header(header::HOST, &target);
        if let Some(authorization) = &proxy.authorization {
            request = request.header(header::PROXY_AUTHORIZATION, authorization);
        }
        let request =
            request.body(Empty::<Bytes>::new()).map_err(|error| HttpError::Request(error.into()))?;
        let (mut sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(closed)?;
        tokio::spawn(driver.with_upgrades());
        let response = sender.send_request(request).await.map_err(closed)?;
        match response.status().as_u16() {
            200..300 => {
                let upgraded = hyper::upgrade::on(response).await.map_err(closed)?;
                Ok(Box::new(TokioIo::new(upgraded)))
            }
            407 if proxy.authorization.is_some() => {
                Err(HttpError::ProxyCredentials { variable, proxy: proxy.address() })
            }
            407 => Err(HttpError::ProxyAuthentication { variable, proxy: proxy.address() }),
            status => Err(HttpError::ProxyRefused {
                variable,
                proxy: proxy.address(),
                host: host.to_owned(),
                status,
            }),
        }
    }
}

/// TLS on a stream, for the host that it leads to.
async fn secure(stream: AnyStream, host: &str, config: &Arc<ClientConfig>) -> Result<AnyStream, HttpError> {
    let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(name).map_err(|error| HttpError::Request(error.into()))?;
    let host = host.to_owned();
    match TlsConnector::from(Arc::clone(config)).connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            // The signature does not fit where a CA was made anew under its old name.
            Some(
                source @ rustls::Error::InvalidCertificate(
                    CertificateError::UnknownIssuer | CertificateError::BadSignature,
                ),
            ) => HttpError::UnknownIssuer { host, source: source.clone() },
            Some(source) => HttpError::Tls { host, source: source.clone() },
            None => HttpError::Closed { host, source: error.into() },
        }),
    }
}

/// The system's resolver; a type of its own tells its failures from those of connecting.
#[derive(Debug, Clone)]
struct Resolver(GaiResolver);

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct DnsError(io::Error);

impl Service<Name> for Resolver {
    type Response = GaiAddrs;
    type Error = DnsError;
    type Future = Pin<Box<dyn Future<Output = Result<GaiAddrs, DnsError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), DnsError>> {
        self.0.poll_ready(context).map_err(DnsError)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let found = self.0.call(name);
        Box::pin(async move { found.await.map_err(DnsError) })
    }
}
