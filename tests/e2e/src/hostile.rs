//! A host of an adversary on loopback: plain HTTP, TLS with certificates of its own authority, and a CONNECT proxy that opens TLS
//! with them.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};
use vouch_sandbox::tls::Authority;

use crate::python::HOST;

/// What a token of the sandbox looks like: as it is, and behind `aws:` in base64.
const TOKENS: [&str; 2] = ["eyJ", "YXdzOmV5S"];

/// The names of the sandbox, its own copy.
const HOSTS: &str = "/etc/hosts";

/// An address of loopback at which the sandbox serves nothing.
const MIDDLE: &str = "127.0.0.66";

/// Puts the names back.
#[derive(Debug)]
pub struct InTheMiddle {
    honest: String,
}

impl Drop for InTheMiddle {
    fn drop(&mut self) {
        fs::write(HOSTS, &self.honest).expect("the sandbox's root writes it");
    }
}

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
        Self::listen(("0.0.0.0", 0), HOST)
    }

    /// Starts it with a certificate for a name of the sandbox.
    pub fn start_as(name: &'static str) -> Self {
        Self::listen(("0.0.0.0", 0), name)
    }

    /// Starts it where plain HTTP to any host of the sandbox leads.
    pub fn start_plain() -> Self {
        Self::listen(("0.0.0.0", 80), HOST)
    }

    /// Starts it where the registry is looked for once it is [in the middle](Self::in_the_middle).
    pub fn start_in_the_middle() -> Self {
        Self::listen((MIDDLE, 443), HOST)
    }

    fn listen(address: (&str, u16), name: &'static str) -> Self {
        let listener = TcpListener::bind(address).expect("nobody else listens there");
        let address = listener.local_addr().expect("it listens");
        let authority = Arc::new(Authority::generate("hostile").expect("keys can be made"));
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let host = Self { address, authority: Arc::clone(&authority), heads: Arc::clone(&heads) };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (authority, heads) = (Arc::clone(&authority), Arc::clone(&heads));
                thread::spawn(move || serve(stream, name, &authority, &heads));
            }
        });
        host
    }

    /// Stands between the clients and the host of the registry until what is answered is dropped.
    pub fn in_the_middle(&self) -> InTheMiddle {
        let honest = fs::read_to_string(HOSTS).expect("the sandbox has hosts");
        let led = |line: &str| match line.split_whitespace().any(|word| word == HOST) {
            true => format!("{MIDDLE} {HOST}\n"),
            false => format!("{line}\n"),
        };
        fs::write(HOSTS, honest.lines().map(led).collect::<String>()).expect("the sandbox's root writes it");
        InTheMiddle { honest }
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
        self.arrived().iter().any(|head| Self::has_token(head))
    }

    /// Whether a head has a token.
    pub fn has_token(head: &str) -> bool {
        TOKENS.iter().any(|token| head.contains(token))
    }
}

/// Whatever a test looks at: a token that arrived and that it did not ask about is a failure.
impl Drop for HostileHost {
    fn drop(&mut self) {
        if !thread::panicking() {
            let left = self.arrived();
            let tokens: Vec<_> = left.iter().filter(|head| Self::has_token(head)).collect();
            assert!(
                tokens.is_empty(),
                "a token arrived at the hostile host, and nobody expected it: {tokens:#?}"
            );
        }
    }
}

fn serve(mut stream: TcpStream, name: &str, authority: &Authority, heads: &Mutex<Vec<String>>) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    // Who comes without a tunnel was led here by name.
    let host = match begins_tls(&stream) {
        true => name.to_owned(),
        false => {
            let Some(first) = head(&mut stream, heads) else { return };
            let Some(target) = first.strip_prefix("CONNECT ") else { return refuse(&mut stream, &first) };
            let host = target.split(':').next().unwrap_or_default().to_owned();
            if stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").is_err() {
                return;
            }
            // Some clients open a tunnel for plain HTTP, too.
            if !begins_tls(&stream) {
                if let Some(head) = head(&mut stream, heads) {
                    refuse(&mut stream, &head);
                }
                return;
            }
            host
        }
    };
    let Ok(config) = authority.config(&host) else { return };
    let Ok(connection) = ServerConnection::new(config) else { return };
    let mut stream = StreamOwned::new(connection, stream);
    if let Some(head) = head(&mut stream, heads) {
        refuse(&mut stream, &head);
    }
}

/// Whether what comes next is TLS.
fn begins_tls(stream: &TcpStream) -> bool {
    let mut first = [0];
    stream.peek(&mut first).is_ok_and(|_| first == [TLS_HANDSHAKE])
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

/// Asks whoever shows no token for one: most clients in Python send it only then.
fn refuse(stream: &mut impl Write, head: &str) {
    let status = match HostileHost::has_token(head) {
        true => "404 Not Found",
        false => "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"packages\"",
    };
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(answer.as_bytes());
    let _ = stream.flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(host: &HostileHost, head: &str) {
        let mut stream = TcpStream::connect(("127.0.0.1", host.port())).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let _ = stream.read(&mut [0; 16]);
    }

    #[test]
    #[should_panic(expected = "nobody expected it")]
    fn a_token_that_a_test_does_not_ask_about_fails_it() {
        let host = HostileHost::start();
        send(&host, "GET / HTTP/1.1\r\nAuthorization: Bearer eyJx\r\n\r\n");
    }

    #[test]
    fn one_that_it_asks_about_is_its_own_matter() {
        let host = HostileHost::start();
        send(&host, "GET / HTTP/1.1\r\nAuthorization: Basic YXdzOmV5Sng=\r\n\r\n");
        assert!(host.got_a_token());
    }
}
