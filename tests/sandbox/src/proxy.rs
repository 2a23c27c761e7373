//! An HTTP proxy that knows `CONNECT` only and leads nowhere: the tunnel ends in the sandbox's own services.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::journal::Count;
use crate::pace::Paced;
use crate::server::{Server, converse};

/// The longest head of a request that is read.
const HEAD_LIMIT: u64 = 16 << 10;

/// What the proxy asks of its clients: `USER:PASSWORD`, or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access(Option<String>);

impl Access {
    /// Everybody may use the proxy if `credentials` (`USER:PASSWORD`) is none.
    #[must_use]
    pub fn new(credentials: Option<&str>) -> Self {
        Self(credentials.map(|text| format!("Basic {}", STANDARD.encode(text))))
    }

    fn admits(&self, header: Option<&str>) -> bool {
        match &self.0 {
            None => true,
            Some(wanted) => header.is_some_and(|header| header.trim() == wanted),
        }
    }
}

/// The head of a request to the proxy.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    method: String,
    target: String,
    authorization: Option<String>,
}

/// What becomes of a request to the proxy.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Tunnel(String),
    Refused(&'static str),
    Unauthenticated,
    Unreachable,
}

/// Serves the proxy's clients.
///
/// # Errors
/// Never returns otherwise.
pub async fn listen(server: Arc<Server>, listener: TcpListener, access: Access) -> io::Result<()> {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (server, access) = (server.clone(), access.clone());
        tokio::spawn(async move {
            // A client that goes away in the middle is no event.
            let _ = serve(server, stream, &access).await;
        });
    }
}

async fn serve(server: Arc<Server>, stream: TcpStream, access: &Access) -> io::Result<()> {
    let mut stream = BufReader::new(Paced::new(stream, server.round_trip));
    loop {
        let Some(head) = read_head(&mut stream).await? else { return Ok(()) };
        let verdict = judge(&server, access, &head);
        let (status, outcome) = match &verdict {
            Verdict::Tunnel(_) => ("200 Connection established", "tunnels"),
            Verdict::Refused(_) => ("403 Forbidden", "refused"),
            Verdict::Unauthenticated => ("407 Proxy Authentication Required", "unauthenticated"),
            Verdict::Unreachable => ("502 Bad Gateway", "refused"),
        };
        server.journal.count_proxy(outcome);
        server.journal.log(&json!({
            "event": "proxy",
            "method": head.method,
            "target": head.target,
            "status": status.get(..3).and_then(|code| code.parse::<u16>().ok()),
            "reason": match verdict { Verdict::Refused(reason) => Some(reason), _ => None },
        }));
        let mut answer = format!("HTTP/1.1 {status}\r\n");
        match verdict {
            Verdict::Tunnel(host) => {
                answer.push_str("\r\n");
                stream.write_all(answer.as_bytes()).await?;
                stream.flush().await?;
                if let Some(service) = server.world.service(&host) {
                    server.journal.count(Count::Connections, service);
                }
                converse(server, stream, Some(host)).await;
                return Ok(());
            }
            // Clients that learn the password's need here try again on the same connection.
            Verdict::Unauthenticated => {
                answer.push_str(
                    "Proxy-Authenticate: Basic realm=\"vouch-sandbox\"\r\nContent-Length: 0\r\n\r\n",
                );
                stream.write_all(answer.as_bytes()).await?;
                stream.flush().await?;
            }
            Verdict::Refused(_) | Verdict::Unreachable => {
                answer.push_str("Content-Length: 0\r\nConnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).await?;
                return stream.shutdown().await;
            }
        }
    }
}

fn judge(server: &Server, access: &Access, head: &Head) -> Verdict {
    if head.method != "CONNECT" {
        return Verdict::Refused("only CONNECT is served");
    }
    if !access.admits(head.authorization.as_deref()) {
        return Verdict::Unauthenticated;
    }
    let Some(host) = head.target.strip_suffix(":443").map(str::to_ascii_lowercase) else {
        return Verdict::Refused("only port 443 is served");
    };
    match server.world.service(&host) {
        None => Verdict::Refused("no service has this name"),
        Some(service) if server.faults.refuses(service) => Verdict::Unreachable,
        Some(_) => Verdict::Tunnel(host),
    }
}

/// Reads up to the empty line. `None` when the client has nothing more to ask.
async fn read_head(stream: &mut BufReader<Paced<TcpStream>>) -> io::Result<Option<Head>> {
    let mut text = String::new();
    let mut limited = stream.take(HEAD_LIMIT);
    loop {
        let before = text.len();
        if limited.read_line(&mut text).await? == 0 {
            return if text.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        if text.get(before..).is_some_and(|line| line.trim_end().is_empty()) {
            return Ok(Some(parse_head(&text)));
        }
    }
}

fn parse_head(text: &str) -> Head {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let mut words = first.split_whitespace().map(str::to_owned);
    let authorization = rest.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("proxy-authorization").then(|| value.trim().to_owned())
    });
    Head { method: words.next().unwrap_or_default(), target: words.next().unwrap_or_default(), authorization }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_whatever_its_letters() {
        let head = parse_head(
            "CONNECT a.example:443 HTTP/1.0\r\nHost: x\r\nPROXY-authorization:  Basic eA==\r\n\r\n",
        );
        assert_eq!(head.method, "CONNECT");
        assert_eq!(head.target, "a.example:443");
        assert_eq!(head.authorization.as_deref(), Some("Basic eA=="));
    }

    #[test]
    fn a_broken_head_names_nothing() {
        assert_eq!(parse_head("\r\n").method, "");
        assert_eq!(parse_head("CONNECT").target, "");
    }

    #[test]
    fn only_the_right_password_is_admitted() {
        let access = Access::new(Some("user:secret"));
        assert!(access.admits(Some("Basic dXNlcjpzZWNyZXQ=")));
        assert!(!access.admits(Some("Basic dXNlcjpTZWNyZXQ=")));
        assert!(!access.admits(Some("Basic ")));
        assert!(!access.admits(None));
        assert!(Access::new(None).admits(None));
    }
}
