//! Connections: TCP, TLS and HTTP/1.1 around the services, with the faults that were asked for.

use std::future::pending;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, RETRY_AFTER,
};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::fault::{Fault, Faults, Spoil};
use crate::http::{Request, Response, Service};
use crate::journal::{Count, Journal, scheme};
use crate::pace::Paced;
use crate::payload::Payload;
use crate::tls::{Authority, Validity};
use crate::world::World;

/// The largest request body. CodeArtifact takes package files up to 5 GB; no test comes near this.
const BODY_LIMIT: usize = 256 << 20;

/// What every connection needs.
#[derive(Debug)]
pub struct Server {
    /// The services behind the host names.
    pub world: Arc<World>,
    /// Signs the certificates that clients are told to trust.
    pub authority: Authority,
    /// Signs the certificates that nobody trusts.
    pub impostor: Authority,
    /// Faults in force.
    pub faults: Faults,
    /// Counters and log.
    pub journal: Journal,
    /// How far away the services are.
    pub round_trip: Duration,
}

impl Server {
    /// Lets STS feel the faults of the issuer's host, whose documents it reads inside this process.
    pub fn connect_issuer(self: &Arc<Self>) {
        let server = Arc::downgrade(self);
        self.world.on_issuer_fetch(move |_| answer_sts(server.upgrade()?.as_ref()));
    }
}

/// A connection that can be reset.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    fn tcp(&self) -> &TcpStream;
}

impl Wire for Paced<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref()
    }
}

impl Wire for BufReader<Paced<TcpStream>> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().get_ref()
    }
}

/// The loopback address of a service. Each has its own, so that one can refuse connections alone.
#[must_use]
pub const fn address(service: Service) -> Ipv4Addr {
    match service {
        Service::Sts => Ipv4Addr::new(127, 0, 0, 10),
        Service::CodeArtifact => Ipv4Addr::new(127, 0, 0, 11),
        Service::Issuer => Ipv4Addr::new(127, 0, 0, 12),
        Service::Registry => Ipv4Addr::new(127, 0, 0, 13),
    }
}

/// Listens for one service as long as no fault forbids it; `listening` says whether it does.
///
/// # Errors
/// When the address cannot be bound.
pub async fn listen(server: Arc<Server>, service: Service, listening: watch::Sender<bool>) -> io::Result<()> {
    let mut changes = server.faults.changes();
    loop {
        let listener = TcpListener::bind(SocketAddr::from((address(service), 443))).await?;
        listening.send_replace(true);
        while !server.faults.refuses(service) {
            tokio::select! {
                accepted = listener.accept() => {
                    let Ok((stream, _)) = accepted else { continue };
                    server.journal.count(Count::Connections, service);
                    let wire = Paced::new(stream, server.round_trip);
                    tokio::spawn(converse(server.clone(), wire, None));
                }
                _ = changes.changed() => {}
            }
        }
        drop(listener);
        listening.send_replace(false);
        while server.faults.refuses(service) {
            let _ = changes.changed().await;
        }
    }
}

/// Serves one connection until it ends. `tunnel` is the host that a `CONNECT` named.
pub(crate) async fn converse<W: Wire>(server: Arc<Server>, wire: W, tunnel: Option<String>) {
    let _ = wire.tcp().set_nodelay(true);
    let Some((host, service, stream)) = secure(&server, wire, tunnel).await else { return };
    let mut changes = server.faults.changes();
    let (reset, mut resets) = mpsc::unbounded_channel::<()>();
    let respond = service_fn(|request| respond(&server, &host, service, &reset, request));
    let mut connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), respond);
    loop {
        let severed = tokio::select! {
            _ = &mut connection => return,
            Some(()) = resets.recv() => break,
            _ = changes.changed() => server.faults.severs(service),
        };
        if severed {
            Pin::new(&mut connection).graceful_shutdown();
        }
    }
    // Without lingering, closing sends RST instead of FIN.
    let stream: TlsStream<W> = connection.into_parts().io.into_inner();
    let _ = stream.get_ref().0.tcp().set_zero_linger();
}

/// The TLS handshake, with the certificate for the name that the client asks for.
async fn secure<W: Wire>(
    server: &Server,
    wire: W,
    tunnel: Option<String>,
) -> Option<(String, Service, TlsStream<W>)> {
    let fail = |host: Option<&str>, service: Option<Service>, error: &dyn std::fmt::Display| {
        if let Some(service) = service {
            server.journal.count(Count::TlsFailures, service);
        }
        let service = service.map(Service::name);
        let error = error.to_string();
        server.journal.log(&json!({ "event": "tls", "service": service, "host": host, "error": error }));
    };
    let named = tunnel.as_deref().and_then(|host| server.world.service(host));
    let start = match LazyConfigAcceptor::new(rustls::server::Acceptor::default(), wire).await {
        Ok(start) => start,
        Err(error) => {
            fail(tunnel.as_deref(), named, &error);
            return None;
        }
    };
    let Some(host) = start.client_hello().server_name().map(str::to_ascii_lowercase) else {
        fail(tunnel.as_deref(), named, &"the client names no server");
        return None;
    };
    if tunnel.as_ref().is_some_and(|tunnel| *tunnel != host) {
        fail(Some(&host), named, &"the server name is not the one of the tunnel");
        return None;
    }
    let Some(service) = server.world.service(&host) else {
        fail(Some(&host), None, &"no service has this name");
        return None;
    };
    let spoil = server.faults.take_connection(service);
    if spoil.is_some() {
        server.journal.count(Count::Faulted, service);
    }
    let config = match spoil {
        // What the client sent is unread: closing sends RST.
        Some(Spoil::ResetEarly) => {
            let _ = start.io.tcp().set_zero_linger();
            return None;
        }
        Some(Spoil::Stall) => return pending().await,
        Some(Spoil::BadTls) => server.impostor.config(&host),
        Some(Spoil::WrongHost) => server.authority.config("elsewhere.example.com"),
        Some(Spoil::Expired) => server.authority.config_of(&host, Validity::Past),
        Some(Spoil::NotYetValid) => server.authority.config_of(&host, Validity::Future),
        _ => server.authority.config(&host),
    };
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            fail(Some(&host), Some(service), &error);
            return None;
        }
    };
    match start.into_stream(config).await {
        Ok(stream) => Some((host, service, stream)),
        Err(error) => {
            fail(Some(&host), Some(service), &error);
            None
        }
    }
}

/// Reads one request, answers it, and writes it down.
async fn respond(
    server: &Server,
    host: &str,
    service: Service,
    reset: &mpsc::UnboundedSender<()>,
    request: http::Request<Incoming>,
) -> Result<http::Response<Payload>, hyper::Error> {
    let (head, body) = request.into_parts();
    let entry = json!({
        "service": service.name(),
        "host": host,
        "method": head.method.as_str(),
        "path": head.uri.path(),
        "auth": scheme(&head.headers),
    });
    let log = |fault: Option<&Fault>, status: Option<u16>| {
        let mut entry = entry.clone();
        if let Value::Object(entry) = &mut entry {
            entry.extend(fault.map(|fault| ("fault".to_owned(), json!(fault))));
            entry.insert("status".to_owned(), json!(status));
        }
        server.journal.log(&entry);
    };
    server.journal.count(Count::Requests, service);
    // From before the fault is taken: no change is missed.
    let mut changes = server.faults.changes();
    let fault = server.faults.take_request(service);
    if fault.is_some() {
        server.journal.count(Count::Faulted, service);
    }
    let response = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(_) if named_host(&head).as_deref() != Some(host) => {
            plain(421, "the Host header is not the name of the TLS handshake")
        }
        Ok(body) => {
            let request = Request {
                host: host.to_owned(),
                path: head.uri.path().to_owned(),
                query: head.uri.query().map(str::to_owned),
                method: head.method,
                headers: head.headers,
                body: body.to_bytes(),
            };
            // A client that was killed lets go of its lock and of its connection: the end of that comes first.
            tokio::time::sleep(Duration::from_millis(1)).await;
            let _flight = wanted(service, &request).map(|wanted| server.journal.begin(wanted));
            let spoil = fault.as_ref().and_then(|fault| fault.spoil);
            if matches!(spoil, Some(Spoil::Reset | Spoil::Hang)) {
                server.world.count_unserved(&request);
                log(fault.as_ref(), None);
                wait(fault.as_ref(), &mut changes).await;
                if spoil == Some(Spoil::Reset) {
                    let _ = reset.send(());
                }
                return pending().await;
            }
            wait(fault.as_ref(), &mut changes).await;
            answer(server, service, fault.as_ref(), &request)
        }
        Err(_) => plain(413, "the body is too large or incomplete"),
    };
    log(fault.as_ref(), Some(response.status().as_u16()));
    Ok(response)
}

/// What a request for a credential asks for.
fn wanted(service: Service, request: &Request) -> Option<String> {
    match service {
        Service::Sts => {
            let form = url::form_urlencoded::parse(&request.body);
            let shaping = form.filter(|(key, _)| key == "RoleArn" || key == "DurationSeconds");
            Some(shaping.map(|(_, value)| value.into_owned()).collect::<Vec<_>>().join(" "))
        }
        Service::CodeArtifact => request.query.clone(),
        Service::Issuer | Service::Registry => None,
    }
}

async fn wait(fault: Option<&Fault>, changes: &mut watch::Receiver<u64>) {
    let Some(fault) = fault else { return };
    tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
    if fault.hold {
        let _ = changes.changed().await;
    }
}

fn answer(
    server: &Server,
    service: Service,
    fault: Option<&Fault>,
    request: &Request,
) -> http::Response<Payload> {
    let Some(fault) = fault else { return whole(server.world.handle(request)) };
    let mut response = match fault.refusal_status() {
        None => server.world.handle(request),
        Some(status) => {
            server.world.count_unserved(request);
            let message = fault.message.as_deref().unwrap_or("the sandbox was asked to fail");
            let code = fault.code_for(service, status);
            let mut response = server.world.refusal(service, status, &code, message);
            if let Some(seconds) = fault.retry_after {
                response.headers_mut().insert(RETRY_AFTER, seconds.into());
            }
            response
        }
    };
    let is_meant = fault.status.is_some() || response.status().is_success();
    for (name, value) in fault.headers.iter().filter(|_| is_meant) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    match fault.spoil {
        Some(Spoil::Truncate) => {
            let (mut head, body) = response.into_parts();
            head.headers.insert(CONTENT_LENGTH, (body.len().max(1) as u64).into());
            http::Response::from_parts(head, Payload::cut(body))
        }
        Some(Spoil::Garbage) => whole(spoiled(response, Bytes::from_static(GARBAGE))),
        Some(Spoil::Endless) => spoiled(response, Bytes::new()).map(|_| Payload::endless()),
        Some(Spoil::Drip) => response.map(Payload::drip),
        Some(Spoil::Compressed) => {
            let mut packed = GzEncoder::new(Vec::new(), Compression::default());
            // Memory takes whatever is written to it.
            let _ = packed.write_all(response.body());
            let mut response = spoiled(response, packed.finish().unwrap_or_default().into());
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            whole(response)
        }
        Some(Spoil::WrongTypes) => whole(spoiled(response, Bytes::from_static(wrong_types(service)))),
        _ => whole(response),
    }
}

/// What STS gets when it reads an issuer's document: faults of the issuer's host are STS's too. Delays are not;
/// STS does not say how long it waits.
fn answer_sts(server: &Server) -> Option<Response> {
    let service = Service::Issuer;
    let cut_off = || server.world.refusal(service, 502, "Unreachable", "the issuer cannot be reached");
    if server.faults.refuses(service) {
        return Some(cut_off());
    }
    if server.faults.take_connection(service).is_some() {
        server.journal.count(Count::Faulted, service);
        return Some(cut_off());
    }
    let fault = server.faults.take_request(service)?;
    server.journal.count(Count::Faulted, service);
    match fault.spoil {
        Some(Spoil::Garbage) => Some(Response::new(Bytes::from_static(GARBAGE))),
        Some(_) => Some(cut_off()),
        None => {
            let status = fault.refusal_status()?;
            Some(server.world.refusal(service, status, &fault.code_for(service, status), "asked to fail"))
        }
    }
}

const GARBAGE: &[u8] = b"<<<{ neither XML nor JSON \xff";

/// Where a text should be there is a number, a list or nothing.
fn wrong_types(service: Service) -> &'static [u8] {
    match service {
        Service::Sts => {
            b"<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
              <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId><a/></AccessKeyId>\
              <SecretAccessKey/><SessionToken></SessionToken><Expiration>soon</Expiration></Credentials>\
              </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        }
        _ => br#"{"authorizationToken":7,"expiration":"soon","keys":{},"issuer":[]}"#,
    }
}

fn whole(response: Response) -> http::Response<Payload> {
    response.map(|body| Payload::Whole(Some(body)))
}

/// A success of the service's usual content type with another body.
fn spoiled(response: Response, body: Bytes) -> Response {
    let mut spoiled = Response::new(body);
    if let Some(kind) = response.headers().get(CONTENT_TYPE) {
        spoiled.headers_mut().insert(CONTENT_TYPE, kind.clone());
    }
    spoiled
}

fn plain(status: u16, text: &'static str) -> http::Response<Payload> {
    let mut response = http::Response::new(Payload::Whole(Some(Bytes::from_static(text.as_bytes()))));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::BAD_REQUEST);
    response
}

/// The host that a request is for, without its port.
fn named_host(head: &http::request::Parts) -> Option<String> {
    let text = match head.uri.authority() {
        Some(authority) => authority.as_str(),
        None => head.headers.get(HOST)?.to_str().ok()?,
    };
    let authority: http::uri::Authority = text.parse().ok()?;
    matches!(authority.port_u16(), None | Some(443)).then(|| authority.host().to_ascii_lowercase())
}
