//! Requests, answers, and a SigV4 signer that shares nothing with the verifier: ring instead of hmac and sha2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use ring::{digest, hmac};
use serde_json::Value;
use vouch_sandbox::http::{Request, Response};

pub(crate) fn request(
    method: Method,
    host: &str,
    path: &str,
    query: Option<&str>,
    body: impl Into<Bytes>,
) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_str(host).unwrap());
    Request {
        method,
        host: host.into(),
        path: path.into(),
        query: query.map(String::from),
        headers,
        body: body.into(),
    }
}

pub(crate) fn get(host: &str, path: &str) -> Request {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    request(Method::GET, host, path, query, "")
}

pub(crate) fn head(host: &str, path: &str) -> Request {
    request(Method::HEAD, host, path, None, "")
}

pub(crate) fn put(host: &str, path: &str, body: impl Into<Bytes>) -> Request {
    request(Method::PUT, host, path, None, body)
}

pub(crate) fn delete(host: &str, path: &str) -> Request {
    request(Method::DELETE, host, path, None, "")
}

pub(crate) fn post(host: &str, path: &str, query: Option<&str>, body: impl Into<Bytes>) -> Request {
    request(Method::POST, host, path, query, body)
}

/// A POST of form fields.
pub(crate) fn form(host: &str, fields: &[(&str, &str)]) -> Request {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    with_header(
        post(host, "/", None, body),
        "content-type",
        "application/x-www-form-urlencoded; charset=utf-8",
    )
}

pub(crate) fn with_header(mut request: Request, name: &str, value: &str) -> Request {
    let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
    request.headers.insert(name, HeaderValue::from_str(value).unwrap());
    request
}

pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// With a token as clients send a password.
pub(crate) fn with_password(request: Request, token: &str) -> Request {
    with_header(request, "authorization", &basic("aws", token))
}

/// A response and what tests ask of it.
#[derive(Debug)]
pub(crate) struct Answer(pub(crate) Response);

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.body().to_vec()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(self.0.body()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.0.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The text of an XML element without attributes.
    pub(crate) fn element(&self, name: &str) -> String {
        let text = self.text();
        let (_, rest) =
            text.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {text}"));
        rest.split_once('<').unwrap().0.to_string()
    }

    /// Status, code and message of an STS error.
    #[track_caller]
    pub(crate) fn is_sts_error(&self, status: u16, code: &str, message: &str) {
        assert_eq!(self.status(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "text/xml");
        assert_eq!(self.element("Code"), code, "{}", self.text());
        assert!(self.element("Message").contains(message), "{}", self.text());
        assert!(!self.header("x-amzn-requestid").is_empty());
    }

    /// Status, code and message of an error of CodeArtifact, control plane or data plane.
    #[track_caller]
    pub(crate) fn is_json_error(&self, status: u16, code: &str, message: &str) {
        assert_eq!(self.status(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.header("x-amzn-errortype"), code, "{}", self.text());
        assert!(self.json()["message"].as_str().unwrap().contains(message), "{}", self.text());
    }

    /// The credentials that STS granted.
    #[track_caller]
    pub(crate) fn credentials(&self) -> Credentials {
        assert_eq!(self.status(), 200, "{}", self.text());
        Credentials {
            access_key_id: self.element("AccessKeyId"),
            secret: self.element("SecretAccessKey"),
            session_token: Some(self.element("SessionToken")),
        }
    }
}

/// Role credentials.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) access_key_id: String,
    pub(crate) secret: String,
    pub(crate) session_token: Option<String>,
}

/// How to sign.
#[derive(Debug, Clone)]
pub(crate) struct Sign {
    pub(crate) service: &'static str,
    pub(crate) region: String,
    /// Seconds since 1970.
    pub(crate) time: i64,
    /// Left out of the signature although it is sent.
    pub(crate) unsigned: &'static str,
}

impl Sign {
    pub(crate) fn codeartifact(host: &str) -> Sign {
        Sign { service: "codeartifact", ..Sign::sts(host) }
    }

    /// For the region in the host's name.
    pub(crate) fn sts(host: &str) -> Sign {
        Sign {
            service: "sts",
            region: host.split('.').nth(1).unwrap().into(),
            time: super::now(),
            unsigned: "",
        }
    }

    /// The request with date, session token and signature. Queries have to be sorted and encoded already.
    pub(crate) fn sign(&self, request: Request, credentials: &Credentials) -> Request {
        let time = jiff::Timestamp::from_second(self.time).unwrap().strftime("%Y%m%dT%H%M%SZ").to_string();
        let date = &time[..8];
        let mut request = with_header(request, "x-amz-date", &time);
        if let Some(token) = &credentials.session_token {
            request = with_header(request, "x-amz-security-token", token);
        }
        let mut headers: Vec<(&str, &str)> = request
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .filter(|(name, _)| *name != self.unsigned)
            .collect();
        headers.sort_unstable();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let canonical = format!(
            "{}\n{}\n{}\n{lines}\n{names}\n{}",
            request.method,
            request.path,
            request.query.as_deref().unwrap_or_default(),
            hex(digest::digest(&digest::SHA256, &request.body).as_ref())
        );
        let scope = format!("{date}/{}/{}/aws4_request", self.region, self.service);
        let hash = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
        let mut key = format!("AWS4{}", credentials.secret).into_bytes();
        for part in [date, &self.region, self.service, "aws4_request"] {
            key = mac(&key, part);
        }
        let signature = hex(&mac(&key, &format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{hash}")));
        let value = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            credentials.access_key_id
        );
        with_header(request, "authorization", &value)
    }
}

fn mac(key: &[u8], message: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
