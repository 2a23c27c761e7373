//! Plain HTTP to an address of this machine or its link: the endpoints at which AWS gives containers and instances their role
//! credentials. No name is resolved, no proxy is asked, no redirect is followed.

use std::net::SocketAddr;
use std::time::Duration;

use aws_smithy_types::body::SdkBody;
use http::{HeaderValue, Request, Response, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::client::read_whole;
use super::error::{HttpError, broken};

/// Such an endpoint is next door; where there is none, packets to its address may vanish. The PUT of IMDSv2 does so behind one
/// hop too many.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Sends a request in origin form, and reads the answer whole.
///
/// # Errors
/// [`HttpError`], by where it failed.
pub(crate) async fn request(
    address: SocketAddr,
    mut request: Request<SdkBody>,
) -> Result<Response<SdkBody>, HttpError> {
    let host = address.ip().to_string();
    let authority =
        if address.port() == 80 && address.is_ipv4() { host.clone() } else { address.to_string() };
    let value = HeaderValue::from_str(&authority).map_err(|error| HttpError::Request(error.into()))?;
    request.headers_mut().insert(header::HOST, value);
    let opened = timeout(TIMEOUT, TcpStream::connect(address)).await;
    let stream = opened
        .map_err(|_| HttpError::ConnectTimedOut { host: host.clone() })?
        .map_err(|error| HttpError::Connect { host: host.clone(), source: error.into() })?;
    let answered = timeout(TIMEOUT, async {
        let closed = |error: hyper::Error| broken(&host, error);
        let (mut sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(closed)?;
        tokio::spawn(driver);
        let response = sender.send_request(request).await.map_err(closed)?;
        read_whole(response, &host).await
    });
    answered.await.unwrap_or_else(|_| Err(HttpError::AnswerTimedOut { host: host.clone() }))
}
