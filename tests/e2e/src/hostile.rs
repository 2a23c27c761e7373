//! A host of an adversary on loopback: plain HTTP, and a CONNECT proxy that opens TLS with certificates of its own authority.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};
use vouch_sandbox::tls::Authority;

/// What a token of the sandbox looks like: as it is, and behind `aws:` in base64.
const TOKENS: [&str; 2] = ["eyJ", "YXdzOmV5S"];

/// The first byte of a connection that begins TLS (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// Records the head of every request that arrives.
#[derive(Debug)]
pub struct HostileHost {
    address: SocketAddr,
    authority: Arc<Authority>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl HostileHost {
    /// Starts it; it runs until the test ends.
    pub fn start() -> Self {
        Self::start_at(0)
    }

    /// The same at a port, at which it is every host of the sandbox: 80 is where they would speak plain HTTP.
    pub fn start_at(port: u16) -> Self {
        let listener = TcpListener::bind(("0.0.0.0", port)).expect("loopback has ports");
        let address = listener.local_addr().expect("it listens");
        let authority = Arc::new(Authority::generate("hostile").expect("keys can be made"));
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let host = Self { address, authority: Arc::clone(&authority), heads: Arc::clone(&heads) };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (authority, heads) = (Arc::clone(&authority), Arc::clone(&heads));
                thread::spawn(move || serve(stream, &authority, &heads));
            }
        });
        host
    }

    /// Its port, at which every name of the sandbox leads to it.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Its URL over plain HTTP, without a final slash; also that of the proxy.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// The certificate of its authority.
    pub fn certificate(&self) -> &str {
        self.authority.pem()
    }

    /// What has arrived since the last call.
    pub fn arrived(&self) -> Vec<String> {
        std::mem::take(&mut *self.heads.lock().expect("no holder panics"))
    }

    /// Whether a token has arrived since the last call.
    pub fn got_a_token(&self) -> bool {
        self.arrived().iter().any(|head| TOKENS.iter().any(|token| head.contains(token)))
    }
}

fn serve(mut stream: TcpStream, authority: &Authority, heads: &Mutex<Vec<String>>) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let Some(first) = head(&mut stream, heads) else { return };
    let Some(target) = first.strip_prefix("CONNECT ") else { return refuse(&mut stream, &first) };
    let host = target.split(':').next().unwrap_or_default();
    let Ok(config) = authority.config(host) else { return };
    if stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").is_err() {
        return;
    }
    // Some clients open a tunnel for plain HTTP, too.
    let mut first = [0];
    if stream.peek(&mut first).is_ok() && first[0] != TLS_HANDSHAKE {
        if let Some(head) = head(&mut stream, heads) {
            refuse(&mut stream, &head);
        }
        return;
    }
    let Ok(connection) = ServerConnection::new(config) else { return };
    let mut stream = StreamOwned::new(connection, stream);
    if let Some(head) = head(&mut stream, heads) {
        refuse(&mut stream, &head);
    }
}

/// Reads one head and records it.
fn head(stream: &mut impl Read, heads: &Mutex<Vec<String>>) -> Option<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.extend(byte);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    heads.lock().ok()?.push(text.clone());
    Some(text)
}

/// Some clients send what they have only to who asks for it.
fn refuse(stream: &mut impl Write, head: &str) {
    let status = match TOKENS.iter().any(|token| head.contains(token)) {
        true => "404 Not Found",
        false => "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"packages\"",
    };
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let _ = stream.flush();
}
