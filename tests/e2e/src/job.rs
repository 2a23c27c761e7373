//! A job of a CI: an issuer whose keys are in software, and the place where GitHub Actions gives a job its ID tokens.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::{ServerConnection, StreamOwned};
use serde_json::json;
use vouch_sandbox::tls::Authority;

use crate::{Run, Sandbox};

/// The issuer of GitHub Actions.
pub const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Whom the role of `worlds/job.json` trusts.
pub const SUBJECT: &str = "repo:acme/app:ref:refs/heads/main";

/// The role of `worlds/job.json`.
pub const ROLE: &str = "arn:aws:iam::123456789012:role/Build";

const AUDIENCE: &str = "sts.amazonaws.com";
const HOST: &str = "pipelines.actions.githubusercontent.com";
const REQUEST_TOKEN: &str = "the-request-token-of-this-job";

/// Signs ID tokens for the issuer, whose documents it publishes.
#[derive(Debug, Clone)]
pub struct Issuer {
    key: PathBuf,
    url: String,
}

impl Issuer {
    /// Makes a key and publishes it where STS looks for that of GitHub Actions.
    pub fn publish(sandbox: &Sandbox) -> Self {
        Self::publish_as(sandbox, ISSUER)
    }

    /// The same for the issuer of this URL.
    pub fn publish_as(sandbox: &Sandbox, url: &str) -> Self {
        let key = sandbox.file("issuer.pem");
        let openssl = |args: &[&str]| Run::new("openssl").args(args).ok();
        let path = key.to_str().expect("a plain path").to_owned();
        let _ = openssl(&["genrsa", "-out", &path, "2048"]);
        let modulus = openssl(&["rsa", "-in", &path, "-modulus", "-noout"]).stdout;
        let digits = modulus.trim().strip_prefix("Modulus=").expect("openssl says it so");
        let bytes: Vec<u8> = (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal digits"))
            .collect();
        let site = PathBuf::from(std::env::var_os("VOUCH_SANDBOX_SITE").expect("the sandbox names it"));
        let path =
            url.strip_prefix("https://").and_then(|rest| rest.split_once('/')).map_or("", |(_, path)| path);
        let site = site.join(path).join(".well-known");
        fs::create_dir_all(&site).expect("the site is writable");
        let discovery = json!({
            "issuer": url,
            "jwks_uri": format!("{url}/.well-known/jwks.json"),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        let key_set = json!({ "keys": [{
            "kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k1",
            "n": URL_SAFE_NO_PAD.encode(bytes), "e": "AQAB",
        }] });
        for (name, document) in [("openid-configuration", discovery), ("jwks.json", key_set)] {
            fs::write(site.join(name), document.to_string()).expect("the site is writable");
        }
        Self { key, url: url.to_owned() }
    }

    /// An ID token that is good for so many seconds.
    pub fn token(&self, subject: &str, audience: &str, seconds: i64) -> String {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs());
        let now = now.expect("before the end of time");
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(json!({ "alg": "RS256", "kid": "k1", "typ": "JWT" }));
        let issued = now.min(now + seconds - 60);
        let claims = part(json!({
            "iss": self.url, "sub": subject, "aud": audience, "iat": issued, "nbf": issued, "exp": now + seconds,
        }));
        let input = format!("{header}.{claims}");
        let (text, signature) = (self.key.with_extension("input"), self.key.with_extension("signature"));
        fs::write(&text, &input).expect("the home is writable");
        let sign = Run::new("openssl").args(["dgst", "-sha256", "-sign"]).arg(&self.key).arg("-out");
        let _ = sign.arg(&signature).arg(&text).ok();
        let signature = fs::read(signature).expect("openssl wrote it");
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Gives ID tokens to who shows the token of the job, as GitHub does.
#[derive(Debug)]
pub struct GithubJob {
    port: u16,
    bundle: PathBuf,
    subject: Arc<Mutex<String>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl GithubJob {
    /// Starts it; it runs until the test ends.
    pub fn start(sandbox: &Sandbox, issuer: &Issuer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there are ports");
        let port = listener.local_addr().expect("it listens").port();
        let authority = Authority::generate("github").expect("keys can be made");
        let mut hosts = OpenOptions::new().append(true).open("/etc/hosts").expect("the sandbox has its own");
        writeln!(hosts, "127.0.0.1 {HOST}").expect("the sandbox's root writes it");
        let usual = std::env::var_os("AWS_CA_BUNDLE").expect("the sandbox names it");
        let bundle = sandbox.file("bundle.pem");
        let both = fs::read_to_string(usual).expect("it is there") + authority.pem();
        fs::write(&bundle, both).expect("the home is writable");
        let subject = Arc::new(Mutex::new(SUBJECT.to_owned()));
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (answered, recorded, issuer) = (subject.clone(), asked.clone(), issuer.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let subject = answered.lock().expect("no holder panics").clone();
                serve(stream, &authority, &issuer, &subject, &recorded);
            }
        });
        Self { port, bundle, subject, asked }
    }

    /// A command as a step of the job starts it.
    pub fn step(&self, run: Run) -> Run {
        let url = format!("https://{HOST}:{}/1/idtoken?api-version=2.0", self.port);
        let run = run.env("ACTIONS_ID_TOKEN_REQUEST_URL", url).env("AWS_CA_BUNDLE", &self.bundle);
        run.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN)
    }

    /// From now on its tokens are somebody else's.
    pub fn turn_into(&self, subject: &str) {
        subject.clone_into(&mut self.subject.lock().expect("no holder panics"));
    }

    /// The request lines since the last call.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("no holder panics"))
    }
}

fn serve(
    stream: TcpStream,
    authority: &Authority,
    issuer: &Issuer,
    subject: &str,
    asked: &Mutex<Vec<String>>,
) {
    let Ok(config) = authority.config(HOST) else { return };
    let Ok(connection) = ServerConnection::new(config) else { return };
    let mut stream = StreamOwned::new(connection, stream);
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.extend(byte),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let line = head.lines().next().unwrap_or_default().to_owned();
    asked.lock().expect("no holder panics").push(line.clone());
    let shown =
        head.lines().any(|line| line.eq_ignore_ascii_case(&format!("authorization: Bearer {REQUEST_TOKEN}")));
    let (status, body) = match (shown, line.contains(&format!("&audience={AUDIENCE}"))) {
        (true, true) => ("200 OK", json!({ "value": issuer.token(subject, AUDIENCE, 300) }).to_string()),
        (true, false) => ("400 Bad Request", "{}".to_owned()),
        (false, _) => ("401 Unauthorized", "{}".to_owned()),
    };
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    let _ = stream.write_all(answer.as_bytes());
    let _ = stream.flush();
}
