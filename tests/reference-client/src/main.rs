//! `reference-client FIRST SECOND`: sends two requests that are written down, one after the other, over connections that are
//! opened at the same time. No SDK, no configuration, no vault: what is left of a cold exchange when only its network and its TLS
//! are. `AWS_CA_BUNDLE` names the roots.
//!
//! A file has a host, a path with its query, a header a line, an empty line, and the body.

use std::env;
use std::fs;
use std::io::{Write, stdout};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

type Connection = SendRequest<Full<Bytes>>;

struct Written {
    host: String,
    request: Request<Full<Bytes>>,
}

fn main() {
    let mut written = env::args_os().skip(1).map(|file| Written::read(&fs::read(file).expect("a file")));
    let (first, second) = (written.next().expect("FIRST"), written.next().expect("SECOND"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    let answer = runtime.block_on(async {
        let tls = TlsConnector::from(Arc::new(config()));
        let opened = tokio::spawn(connect(tls.clone(), second.host.clone()));
        let mut asked = connect(tls, first.host.clone()).await;
        let _ = send(&mut asked, first.request).await;
        let mut asked = opened.await.expect("a connection");
        send(&mut asked, second.request).await
    });
    stdout().write_all(&answer).expect("somebody reads");
}

impl Written {
    fn read(bytes: &[u8]) -> Self {
        let text = str::from_utf8(bytes).expect("text");
        let (head, body) = text.split_once("\n\n").expect("an empty line");
        let mut lines = head.lines();
        let (host, path) = (lines.next().expect("a host"), lines.next().expect("a path"));
        let mut request = Request::post(path).header("host", host);
        for line in lines {
            let (name, value) = line.split_once(": ").expect("a header");
            request = request.header(name, value);
        }
        let request = request.body(Full::from(body.to_owned())).expect("a request");
        Self { host: host.to_owned(), request }
    }
}

fn config() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let bundle = env::var_os("AWS_CA_BUNDLE").expect("AWS_CA_BUNDLE is set");
    for root in CertificateDer::pem_file_iter(bundle).expect("a file of certificates") {
        roots.add(root.expect("a certificate")).expect("a root");
    }
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

async fn connect(tls: TlsConnector, host: String) -> Connection {
    let tcp = TcpStream::connect((host.as_str(), 443)).await.expect("the host listens");
    tcp.set_nodelay(true).expect("a socket");
    let name = ServerName::try_from(host).expect("a host");
    let stream = tls.connect(name, tcp).await.expect("TLS");
    let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
    tokio::spawn(driver);
    sender
}

async fn send(connection: &mut Connection, request: Request<Full<Bytes>>) -> Bytes {
    let response = connection.send_request(request).await.expect("an answer");
    assert!(response.status().is_success(), "{}", response.status());
    response.into_body().collect().await.expect("a body").to_bytes()
}
