//! A CA, servers and proxies on loopback, for the tests of the exchange.

use std::fs;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::home::Home;

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// A CA, and what a server of `localhost` shows.
pub(crate) struct Authority {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) acceptor: TlsAcceptor,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::named("CA")
    }

    pub(crate) fn named(name: &str) -> Self {
        Self::made(name, |_| {})
    }

    pub(crate) fn issuing(change: impl FnOnce(&mut rcgen::CertificateParams)) -> Self {
        Self::made("CA", change)
    }

    fn made(name: &str, change: impl FnOnce(&mut rcgen::CertificateParams)) -> Self {
        let (key, leaf_key) = (rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap());
        let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let ca = params.self_signed(&key).unwrap();
        let mut leaf = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap();
        change(&mut leaf);
        let leaf = leaf.signed_by(&leaf_key, &rcgen::Issuer::new(params, key)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("ca.pem"), ca.pem()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivateKeyDer::try_from(leaf_key.serialize_der()).unwrap(),
            )
            .unwrap();
        Self { dir, acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    pub(crate) fn home(&self) -> Home {
        Home::at(self.dir.path()).unwrap()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// Serves every connection with `behave`, which gets the counts so far and the head of the first request.
    pub(crate) async fn serve<F>(
        &self,
        behave: impl Fn(Arc<Counts>, Tls, String) -> F + Send + Sync + 'static,
    ) -> Server
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (port, counts) = (listener.local_addr().unwrap().port(), Arc::new(Counts::default()));
        let (acceptor, counted, behave) = (self.acceptor.clone(), Arc::clone(&counts), Arc::new(behave));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counted.accepted.fetch_add(1, Ordering::SeqCst);
                let (acceptor, behave, counts) =
                    (acceptor.clone(), Arc::clone(&behave), Arc::clone(&counted));
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    counts.secured.fetch_add(1, Ordering::SeqCst);
                    let Some(head) = head(&mut stream).await else { return };
                    behave(counts, stream, head).await;
                });
            }
        });
        Server { port, counts }
    }

    /// Serves every request with the same bytes, then closes.
    pub(crate) async fn answering(&self, answer: &str) -> Server {
        let answer = answer.to_owned();
        self.serve(move |_, mut stream, _| {
            let answer = answer.clone();
            async move {
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        })
        .await
    }
}

pub(crate) type Tls = tokio_rustls::server::TlsStream<TcpStream>;

#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) accepted: AtomicUsize,
    /// Connections whose TLS handshake is done.
    pub(crate) secured: AtomicUsize,
}

pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) counts: Arc<Counts>,
}

impl Server {
    pub(crate) fn authority(&self) -> String {
        format!("localhost:{}", self.port)
    }

    pub(crate) fn connections(&self) -> usize {
        self.counts.accepted.load(Ordering::SeqCst)
    }
}

pub(crate) async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

pub(crate) fn unused_port() -> u16 {
    StdListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// What a proxy was asked.
pub(crate) type Heads = Arc<Mutex<Vec<String>>>;

/// A proxy that answers `CONNECT` with a status; whatever host it names, the way leads to one port here.
pub(crate) async fn proxy(status: &'static str, to: u16, heads: Heads, tls: Option<TlsAcceptor>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (heads, tls) = (Arc::clone(&heads), tls.clone());
            tokio::spawn(async move {
                match tls {
                    Some(acceptor) => {
                        tunnel(acceptor.accept(stream).await.unwrap(), status, to, &heads).await
                    }
                    None => tunnel(stream, status, to, &heads).await,
                }
            });
        }
    });
    port
}

async fn tunnel(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    status: &str,
    to: u16,
    heads: &Mutex<Vec<String>>,
) {
    let request = head(&mut stream).await.unwrap();
    heads.lock().unwrap().push(request);
    stream.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).await.unwrap();
    if status.starts_with("200") {
        let mut upstream = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).await.unwrap();
        let _ = copy_bidirectional(&mut stream, &mut upstream).await;
    }
}
