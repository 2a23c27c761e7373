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

const NOT_FOUND: &str = "404 Not Found";
const UNAUTHORIZED: &str = "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"packages\"";

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
        Self::answering(NOT_FOUND)
    }

    /// The same, and it asks for Basic authentication: some clients send none unasked.
    pub fn that_asks() -> Self {
        Self::answering(UNAUTHORIZED)
    }

    fn answering(answer: &'static str) -> Self {
        let listener = TcpListener::bind(("0.0.0.0", 0)).expect("loopback has ports");
        let address = listener.local_addr().expect("it listens");
        let authority = Arc::new(Authority::generate("hostile").expect("keys can be made"));
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let host = Self { address, authority: Arc::clone(&authority), heads: Arc::clone(&heads) };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (authority, heads) = (Arc::clone(&authority), Arc::clone(&heads));
                thread::spawn(move || serve(stream, &authority, &heads, answer));
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

fn serve(mut stream: TcpStream, authority: &Authority, heads: &Mutex<Vec<String>>, answer: &str) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let Some(first) = head(&mut stream, heads) else { return };
    let Some(target) = first.strip_prefix("CONNECT ") else { return refuse(&mut stream, &first, answer) };
    let host = target.split(':').next().unwrap_or_default();
    let Ok(config) = authority.config(host) else { return };
    if stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").is_err() {
        return;
    }
    let Ok(connection) = ServerConnection::new(config) else { return };
    let mut stream = StreamOwned::new(connection, stream);
    if let Some(first) = head(&mut stream, heads) {
        refuse(&mut stream, &first, answer);
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

/// Whoever has answered the question gets no other.
fn refuse(stream: &mut impl Write, head: &str, answer: &str) {
    let is_answered = head.to_ascii_lowercase().contains("\r\nauthorization:");
    let answer = if is_answered { NOT_FOUND } else { answer };
    let end = "Content-Length: 0\r\nConnection: close\r\n\r\n";
    let _ = stream.write_all(format!("HTTP/1.1 {answer}\r\n{end}").as_bytes());
    let _ = stream.flush();
}
