//! The addresses at which AWS has role credentials for containers and instances: plain HTTP, on this machine's link.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

use crate::http::Request;
use crate::server::Server;
use crate::services::metadata::{ECS, EKS, INSTANCE};

/// Each of them.
pub(crate) const ADDRESSES: [Ipv4Addr; 3] = [INSTANCE, ECS, EKS];

/// No request to them has a body.
const BODY_LIMIT: usize = 1024;

/// Listens at an address.
///
/// # Errors
/// When it cannot be bound.
pub(crate) async fn bind(address: Ipv4Addr) -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((address, 80))).await
}

/// Serves an address for as long as the sandbox runs.
pub(crate) async fn listen(server: Arc<Server>, listener: TcpListener) -> io::Result<()> {
    let address = listener.local_addr()?.ip().to_string();
    loop {
        let (stream, _) = listener.accept().await?;
        let (server, address) = (server.clone(), address.clone());
        tokio::spawn(async move {
            let respond = service_fn(|request| respond(&server, &address, request));
            // A client that goes away is no matter.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), respond)
                .await;
        });
    }
}

async fn respond(
    server: &Server,
    address: &str,
    request: http::Request<Incoming>,
) -> Result<http::Response<Full<bytes::Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY_LIMIT).collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let (method, path) = (head.method.clone(), head.uri.path().to_owned());
    let response = server.world.handle_metadata(&Request {
        method: head.method,
        host: address.to_owned(),
        path: path.clone(),
        query: head.uri.query().map(str::to_owned),
        headers: head.headers,
        body,
    });
    let status = response.status().as_u16();
    server.journal.log(&json!({
        "service": "metadata", "host": address, "method": method.as_str(), "path": path, "status": status,
    }));
    Ok(response.map(Full::new))
}
