//! HTTPS to AWS: the SDK's connector.
//!
//! The SDK's own reads no proxy from the environment, cannot open a connection ahead, and tells hardly one failure from
//! another. This one keeps one connection a host for as long as the exchange lasts, reads every answer whole and within
//! a limit, and ends by one deadline whatever happens.

use std::collections::HashMap;
use std::ffi::OsString;
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
use super::error::{BODY_LIMIT, HttpError, broken, classify, host_of};
use crate::home::Home;

/// What AWS calls one of its answers.
const REQUEST_ID: &str = "x-amzn-requestid";

/// A connection that can take a request.
type Connection = SendRequest<SdkBody>;

/// A connection for a host that nothing uses at the moment.
#[derive(Debug)]
enum PooledConnection {
    Opening(JoinHandle<Result<Connection, HttpError>>),
    Idle(Connection),
}

/// The SDK's HTTP client for one exchange. Clones share their connections.
#[derive(Debug, Clone)]
pub(crate) struct Http(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connector: Connector,
    /// By authority: the host, and a port where it is not 443.
    spare: Mutex<HashMap<String, PooledConnection>>,
    deadline: Instant,
}

impl Http {
    /// With the roots and proxies that `variable` tells. No network.
    ///
    /// # Errors
    /// When a variable names a file of certificates that cannot be used.
    pub(crate) fn new(
        home: &Home,
        deadline: Instant,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, HttpError> {
        let connector = Connector::new(home, variable)?;
        Ok(Self(Arc::new(Inner { connector, spare: Mutex::default(), deadline })))
    }

    /// From now on nothing is written, not even which roots were needed.
    pub(crate) fn forget(&self) {
        self.0.connector.forget();
    }

    /// Begins to connect to a host that will be asked soon. Within the runtime only.
    pub(crate) fn preconnect(&self, authority: &str) {
        let (this, host) = (self.clone(), authority.to_owned());
        let opening = tokio::spawn(async move { this.connect(&host).await });
        self.keep(authority, PooledConnection::Opening(opening));
    }

    /// Whether a host can be connected to.
    pub(crate) async fn reaches(&self, authority: &str) -> bool {
        self.connect(authority).await.is_ok()
    }

    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let request = request.try_into_http1x().map_err(|error| HttpError::Request(error.into()))?;
        let response = self.request(request).await?;
        HttpResponse::try_from(response).map_err(|error| HttpError::Request(error.into()))
    }

    /// Sends a request whose URI names its host, and reads the answer whole.
    pub(crate) async fn request(&self, request: Request<SdkBody>) -> Result<Response<SdkBody>, HttpError> {
        let (request, authority) = in_origin_form(request)?;
        let host = host_of(&authority).to_owned();
        let (began, path) = (Instant::now(), request.uri().path().to_owned());
        let answered = timeout_at(self.0.deadline.into(), self.exchange(request, &authority, &host)).await;
        let answered = answered.unwrap_or_else(|_| Err(HttpError::AnswerTimedOut { host: host.clone() }));
        // Neither queries nor bodies nor other headers: they carry secrets.
        match &answered {
            Ok(answer) => {
                let request_id = answer.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
                let (status, took) = (answer.status().as_u16(), began.elapsed());
                tracing::debug!(host, path, status, request_id, ?took, "request");
            }
            Err(error) => tracing::debug!(host, path, %error, took = ?began.elapsed(), "request"),
        }
        answered
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
        self.keep(authority, PooledConnection::Idle(connection));
        Ok(response)
    }

    async fn connection(&self, authority: &str) -> Result<Connection, HttpError> {
        let spare = self.0.spare.lock().unwrap_or_else(PoisonError::into_inner).remove(authority);
        let kept = match spare {
            Some(PooledConnection::Idle(connection)) => Some(connection),
            Some(PooledConnection::Opening(opening)) => opening.await.ok().transpose()?,
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

    fn keep(&self, authority: &str, spare: PooledConnection) {
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
pub(super) async fn read_whole(
    response: Response<Incoming>,
    host: &str,
) -> Result<Response<SdkBody>, HttpError> {
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
