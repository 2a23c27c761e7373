//! The connector against servers on loopback that do not do what they should.

use std::fs;
use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::time::Instant;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::loopback::{Authority, OK, head, proxy, unused_port};
use super::*;
use crate::exchange::ExchangeError;
use crate::failure::{Diagnostic, Failure};

impl Authority {
    /// A client that trusts this CA and goes by `more` of the environment.
    fn client(&self, seconds: f64, more: &[(&str, &str)]) -> Http {
        let deadline = Instant::now() + Duration::from_secs_f64(seconds);
        Http::new(&self.home(), deadline, |name| match name {
            "AWS_CA_BUNDLE" => Some(self.file().into()),
            _ => more.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()),
        })
        .unwrap()
    }
}

async fn get(http: &Http, authority: &str) -> Result<String, HttpError> {
    let request = HttpRequest::get(format!("https://{authority}/path?query=1")).unwrap();
    let answer = http.send(request).await?;
    Ok(String::from_utf8(answer.body().bytes().unwrap().to_vec()).unwrap())
}

/// Message, causes and hint in one text, as a user gets it.
fn told(error: HttpError) -> String {
    let error = ExchangeError::Http { service: crate::exchange::Service::Sts, source: error };
    let Failure { message, causes, hint, .. } = error.failure();
    format!("{message}\n{}\n{}", causes.join("\n"), hint.unwrap_or_default())
}

#[tokio::test]
async fn one_connection_serves_request_after_request() {
    let authority = Authority::new();
    let server = authority
        .serve(|_, mut stream, mut first| async move {
            loop {
                let lines: Vec<_> = first.lines().collect();
                assert_eq!(lines[0], "GET /path?query=1 HTTP/1.1");
                assert!(lines.iter().any(|line| line.starts_with("host: localhost:")), "{first}");
                stream.write_all(OK.as_bytes()).await.unwrap();
                match head(&mut stream).await {
                    Some(next) => first = next,
                    None => return,
                }
            }
        })
        .await;
    let http = authority.client(5.0, &[]);
    for _ in 0..3 {
        assert_eq!(get(&http, &server.authority()).await.unwrap(), "hello");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_was_opened_ahead_is_used() {
    let authority = Authority::new();
    let server = authority.answering(OK).await;
    let http = authority.client(5.0, &[]);
    http.preconnect(&server.authority());
    while server.connections() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(get(&http, &server.authority()).await.unwrap(), "hello");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_kept_connection_that_the_host_closed_is_replaced() {
    let authority = Authority::new();
    let server = authority.answering(OK).await;
    let http = authority.client(5.0, &[]);
    for _ in 0..3 {
        assert_eq!(get(&http, &server.authority()).await.unwrap(), "hello");
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn answers_that_break_off_or_are_no_http() {
    let authority = Authority::new();
    for (answer, closed) in [
        ("", true),
        ("HTTP/1.1 200", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", true),
        ("HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n", false),
        ("SSH-2.0-OpenSSH_9.9\r\n", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", false),
        ("{\"hello\": 1}", false),
    ] {
        let server = authority.answering(answer).await;
        let error = get(&authority.client(5.0, &[]), &server.authority()).await.unwrap_err();
        let fits = if closed {
            matches!(error, HttpError::Closed { .. })
        } else {
            matches!(error, HttpError::Garbage { .. })
        };
        assert!(fits, "{answer:?}: {error:?}");
        assert_eq!(error.is_transient(), closed);
        assert!(told(error).contains("localhost"));
    }
}

#[tokio::test]
async fn a_reset_is_a_closed_connection() {
    let authority = Authority::new();
    let server = authority
        .serve(|_, stream, _| async move {
            let (stream, _) = stream.into_inner();
            stream.set_zero_linger().unwrap();
        })
        .await;
    let error = get(&authority.client(5.0, &[]), &server.authority()).await.unwrap_err();
    assert!(matches!(error, HttpError::Closed { .. }), "{error:?}");
}

#[tokio::test]
async fn no_answer_is_read_beyond_the_limit() {
    let authority = Authority::new();
    for (start, block) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", "x".repeat(4096)),
        ("HTTP/1.1 200 OK\r\n\r\n", "x".repeat(4096)),
        (
            "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n",
            format!("1000\r\n{}\r\n", "x".repeat(4096)),
        ),
        ("HTTP/1.1 200 OK\r\n", format!("x: {}\r\n", "x".repeat(4096))),
    ] {
        let sent = Arc::new(AtomicUsize::new(0));
        let sending = Arc::clone(&sent);
        let server = authority
            .serve(move |_, mut stream, _| {
                let (block, sent) = (block.clone(), Arc::clone(&sending));
                async move {
                    stream.write_all(start.as_bytes()).await.unwrap();
                    while stream.write_all(block.as_bytes()).await.is_ok() {
                        sent.fetch_add(block.len(), Ordering::SeqCst);
                    }
                }
            })
            .await;
        let error = get(&authority.client(5.0, &[]), &server.authority()).await.unwrap_err();
        let header = !start.ends_with("\r\n\r\n");
        let fits = match &error {
            HttpError::TooLong { .. } => !header,
            HttpError::Garbage { .. } => header,
            _ => false,
        };
        assert!(fits, "{start:?}: {error:?}");
        // What the sockets buffer comes on top.
        assert!(sent.load(Ordering::SeqCst) < 32 * 1024 * 1024);
    }
}

#[tokio::test]
async fn silence_ends_with_the_deadline() {
    let authority = Authority::new();
    let server = authority
        .serve(|_, stream, _| async move {
            std::future::pending::<()>().await;
            drop(stream);
        })
        .await;
    let start = Instant::now();
    let error = get(&authority.client(0.3, &[]), &server.authority()).await.unwrap_err();
    assert!(matches!(error, HttpError::AnswerTimedOut { .. }), "{error:?}");
    assert!(!error.is_transient());
    // One that takes the connection and never says a word of TLS.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = format!("localhost:{}", listener.local_addr().unwrap().port());
    let error = get(&authority.client(0.3, &[]), &address).await.unwrap_err();
    assert!(matches!(error, HttpError::ConnectTimedOut { .. }), "{error:?}");
    // The same as a proxy.
    let http = authority.client(0.3, &[("HTTPS_PROXY", &address)]);
    let error = get(&http, &server.authority()).await.unwrap_err();
    assert!(matches!(error, HttpError::ProxyTimedOut { .. }), "{error:?}");
    assert!(told(error).contains("HTTPS_PROXY"));
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn certificates_of_somebody_else_are_told_apart() {
    let authority = Authority::new();
    // A CA that was made anew under its old name, and one of another name.
    for other in [Authority::new(), Authority::named("Other CA")] {
        let server = other.answering(OK).await;
        let error = get(&authority.client(5.0, &[]), &server.authority()).await.unwrap_err();
        assert!(matches!(error, HttpError::UnknownIssuer { .. }), "{error:?}");
        assert!(told(error).contains("AWS_CA_BUNDLE"));
    }

    let name = Authority::issuing(|leaf| leaf.subject_alt_names = vec![]);
    let server = name.answering(OK).await;
    let error = get(&name.client(5.0, &[]), &server.authority()).await.unwrap_err();
    assert!(matches!(error, HttpError::Tls { .. }), "{error:?}");
    assert!(!told(error).contains("clock"));

    let old = Authority::issuing(|leaf| leaf.not_after = rcgen::date_time_ymd(2001, 1, 1));
    let server = old.answering(OK).await;
    let error = get(&old.client(5.0, &[]), &server.authority()).await.unwrap_err();
    assert!(matches!(error, HttpError::Tls { .. }), "{error:?}");
    assert!(told(error).contains("clock"));
}

#[tokio::test]
async fn a_server_without_tls_is_no_server() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = format!("localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(OK.as_bytes()).await;
        std::future::pending::<()>().await;
    });
    let error = get(&Authority::new().client(5.0, &[]), &address).await.unwrap_err();
    assert!(matches!(error, HttpError::Tls { .. }), "{error:?}");
}

#[tokio::test]
async fn no_name_and_no_listener() {
    let authority = Authority::new();
    // A label that is too long fails without a question to anybody.
    let name = format!("{}.invalid", "a".repeat(64));
    let error = get(&authority.client(5.0, &[]), &name).await.unwrap_err();
    assert!(matches!(error, HttpError::Dns { .. }), "{error:?}");
    let closed = format!("localhost:{}", unused_port());
    let error = get(&authority.client(5.0, &[]), &closed).await.unwrap_err();
    assert!(matches!(error, HttpError::Connect { .. }), "{error:?}");
    assert!(told(error).contains("refused"));
}

/// The system's roots are those of `SSL_CERT_FILE`, which only a process of its own can set.
#[tokio::test]
async fn the_systems_roots_help_once_and_for_all() {
    if env::var_os("ROOTS_OF_TEST").is_some() {
        return with_the_systems_roots().await;
    }
    let this = std::env::current_exe().unwrap();
    let authority = Authority::new();
    let done = Command::new(this)
        .args(["http::tests::the_systems_roots_help_once_and_for_all", "--exact"])
        .env("ROOTS_OF_TEST", "1")
        .env("SSL_CERT_FILE", authority.file())
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    // The other process makes a CA of its own: at first the file's one is of no use to it.
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
}

/// What the test above does in the process of its own.
async fn with_the_systems_roots() {
    let authority = Authority::new();
    let server = authority.answering(OK).await;
    let new = || Http::new(&authority.home(), Instant::now() + Duration::from_secs(5), |_| None).unwrap();
    let marker = authority.dir.path().join("system-roots");
    let error = get(&new(), &server.authority()).await.unwrap_err();
    assert!(matches!(error, HttpError::UnknownIssuer { .. }), "{error:?}");
    assert!(!marker.exists(), "what did not help is not remembered");
    // The system learns of the CA.
    fs::copy(authority.file(), env::var_os("SSL_CERT_FILE").unwrap()).unwrap();
    let before = server.connections();
    assert_eq!(get(&new(), &server.authority()).await.unwrap(), "hello");
    assert_eq!(server.connections(), before + 2);
    assert!(marker.exists());
    assert_eq!(get(&new(), &server.authority()).await.unwrap(), "hello");
    assert_eq!(server.connections(), before + 3, "the system's roots are in use from the start");
}

#[tokio::test]
async fn a_proxy_is_asked_with_its_password_and_the_host_is_not() {
    let authority = Authority::new();
    let server = authority
        .serve(|_, mut stream, head| async move {
            assert!(!head.to_lowercase().contains("proxy"), "{head}");
            stream.write_all(OK.as_bytes()).await.unwrap();
        })
        .await;
    for (scheme, tls) in [("http", None), ("https", Some(authority.acceptor.clone()))] {
        let heads = Arc::default();
        let port = proxy("200 OK", server.port, Arc::clone(&heads), tls).await;
        let named = format!("{scheme}://alice:hunter2@localhost:{port}");
        let http = authority.client(5.0, &[("HTTPS_PROXY", &named)]);
        assert_eq!(get(&http, &server.authority()).await.unwrap(), "hello", "{scheme}");
        let heads = heads.lock().unwrap();
        let [head] = &heads[..] else { panic!("{heads:?}") };
        let head = head.to_lowercase();
        assert!(head.starts_with(&format!("connect {} http/1.1\r\n", server.authority())), "{head}");
        // Base64 of `alice:hunter2`.
        assert!(head.contains("proxy-authorization: basic ywxpy2u6ahvudgvymg=="), "{head}");
        assert!(!format!("{http:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn what_goes_wrong_with_a_proxy_names_its_variable() {
    let authority = Authority::new();
    let server = authority.answering(OK).await;
    for (status, says) in [
        ("407 Proxy Authentication Required", "does not accept the user and the password"),
        ("403 Forbidden", "status 403"),
        ("502 Bad Gateway", "status 502"),
        ("not even a status", "localhost did not answer in HTTP"),
    ] {
        let port = proxy(status, server.port, Arc::default(), None).await;
        let named = format!("http://alice:hunter2@localhost:{port}");
        let http = authority.client(5.0, &[("https_proxy", &named)]);
        let text = told(get(&http, &server.authority()).await.unwrap_err());
        for says in [says, "https_proxy", &format!("localhost:{port}")] {
            assert!(text.contains(says), "{status}: {text}");
        }
        assert!(!text.contains("hunter2") && !text.contains("alice"), "{text}");
    }
    let port = proxy("407 Proxy Authentication Required", server.port, Arc::default(), None).await;
    let http = authority.client(5.0, &[("https_proxy", &format!("localhost:{port}"))]);
    let text = told(get(&http, &server.authority()).await.unwrap_err());
    assert!(text.contains("asks for a user and a password"), "{text}");
    let named = format!("http://alice:hunter2@localhost:{}", unused_port());
    let http = authority.client(5.0, &[("ALL_PROXY", &named)]);
    let text = told(get(&http, &server.authority()).await.unwrap_err());
    assert!(text.contains("ALL_PROXY") && text.contains("refused") && !text.contains("hunter2"), "{text}");
    // One that is not to be used does no harm.
    let http = authority.client(5.0, &[("ALL_PROXY", &named), ("NO_PROXY", "localhost")]);
    assert_eq!(get(&http, &server.authority()).await.unwrap(), "hello");
}
