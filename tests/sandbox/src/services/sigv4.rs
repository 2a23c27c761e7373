//! Verification of AWS Signature Version 4, written from its public description and not from a signer.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sha2::{Digest as _, Sha256};

use super::header;
use crate::http::Request;
use crate::world::{RoleSession, World, compact, parse_compact};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far the signer's clock may be from the world's.
const TOLERANCE: i64 = 300;
/// What SigV4 leaves as it is: letters, digits and these four.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What is wrong with a signed request. Services have their own codes for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Denial {
    NotSigned,
    Incomplete(String),
    Scope(String),
    Date(String),
    UnknownKey,
    Expired,
    Mismatch,
}

impl std::fmt::Display for Denial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Denial::NotSigned => "Missing Authentication Token",
            Denial::Incomplete(text) | Denial::Scope(text) | Denial::Date(text) => text,
            Denial::UnknownKey => "The security token included in the request is invalid.",
            Denial::Expired => "The security token included in the request is expired",
            Denial::Mismatch => {
                "The request signature we calculated does not match the signature you provided. Check your \
                 AWS Secret Access Key and signing method. Consult the service documentation for details."
            }
        })
    }
}

/// Whose credentials signed `request`, which was sent to `service` in `region`.
pub(crate) fn verify(
    world: &World,
    request: &Request,
    service: &str,
    region: &str,
) -> Result<Arc<RoleSession>, Denial> {
    let authorization = Authorization::of(request)?;
    authorization.check_signed_headers(request)?;
    let time = authorization.check_date(request, world.clock().seconds())?;
    authorization.check_scope(service, region)?;
    let session = world.credentials().session(authorization.access_key_id).ok_or(Denial::UnknownKey)?;
    if header(request, "x-amz-security-token") != Some(session.session_token.as_str()) {
        return Err(Denial::UnknownKey);
    }
    let payload = hex(&Sha256::digest(&request.body));
    if header(request, "x-amz-content-sha256").is_some_and(|sent| sent != payload) {
        return Err(Denial::Mismatch);
    }
    let scope = Scope { date: authorization.date, region, service };
    let expected = signature(&session.secret, request, &authorization.signed_headers, &compact(time), scope);
    if !expected.eq_ignore_ascii_case(authorization.signature) {
        return Err(Denial::Mismatch);
    }
    if session.expires <= world.clock().seconds() {
        return Err(Denial::Expired);
    }
    Ok(session)
}

/// What a signing key is good for.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// `YYYYMMDD`
    pub date: &'a str,
    /// Such as `us-east-1`.
    pub region: &'a str,
    /// Such as `codeartifact`.
    pub service: &'a str,
}

/// The signature (64 lower-case hexadecimal digits) that `secret` puts under `request` at `time`, with
/// the headers named in `signed_headers`.
pub fn signature(
    secret: &str,
    request: &Request,
    signed_headers: &[&str],
    time: &str,
    scope: Scope<'_>,
) -> String {
    let canonical = canonical_request(request, signed_headers);
    let Scope { date, region, service } = scope;
    let to_sign = format!(
        "{ALGORITHM}\n{time}\n{date}/{region}/{service}/aws4_request\n{}",
        hex(&Sha256::digest(canonical))
    );
    let key = [date, region, service, "aws4_request"]
        .into_iter()
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| hmac(&key, part));
    hex(&hmac(&key, &to_sign))
}

/// The `Authorization` header taken apart.
#[derive(Debug)]
struct Authorization<'a> {
    access_key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn of(request: &'a Request) -> Result<Authorization<'a>, Denial> {
        let value = header(request, "authorization").ok_or(Denial::NotSigned)?;
        let rest = value.strip_prefix(ALGORITHM).ok_or_else(|| {
            let scheme = value.split(' ').next().unwrap_or_default();
            let known = scheme.starts_with("AWS4-");
            if known { Denial::Incomplete("Unsupported AWS 'algorithm'".into()) } else { Denial::NotSigned }
        })?;
        let fields: BTreeMap<&str, &str> =
            rest.split(',').filter_map(|field| field.trim().split_once('=')).collect();
        let field = |name: &str| {
            fields.get(name).copied().ok_or_else(|| {
                Denial::Incomplete(format!("Authorization header requires '{name}' parameter."))
            })
        };
        let credential: Vec<&str> = field("Credential")?.split('/').collect();
        let &[access_key_id, date, region, service, "aws4_request"] = credential.as_slice() else {
            return Err(Denial::Incomplete("Credential is not KEY/DATE/REGION/SERVICE/aws4_request".into()));
        };
        let signed_headers = field("SignedHeaders")?.split(';').collect();
        Ok(Authorization {
            access_key_id,
            date,
            region,
            service,
            signed_headers,
            signature: field("Signature")?,
        })
    }

    /// `host` and everything of AWS's own that was sent.
    fn check_signed_headers(&self, request: &Request) -> Result<(), Denial> {
        let is_signed = |name: &str| self.signed_headers.contains(&name);
        if !is_signed("host") {
            let message = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
            return Err(Denial::Incomplete(message.into()));
        }
        if let Some(absent) = self.signed_headers.iter().find(|name| !request.headers.contains_key(**name)) {
            return Err(Denial::Incomplete(format!("'{absent}' is signed but was not sent.")));
        }
        let own =
            request.headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("x-amz-"));
        match own.into_iter().find(|name| !is_signed(name)) {
            Some(name) => {
                let message = format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.");
                Err(Denial::Incomplete(message))
            }
            None => Ok(()),
        }
    }

    /// The time of signing, in seconds since 1970.
    fn check_date(&self, request: &Request, now: i64) -> Result<i64, Denial> {
        let date = header(request, "x-amz-date").ok_or_else(|| {
            Denial::Incomplete("Authorization header requires existence of 'X-Amz-Date'.".into())
        })?;
        let time = parse_compact(date)
            .ok_or_else(|| Denial::Incomplete("Date must be in ISO-8601 'basic format'.".into()))?;
        if !date.starts_with(self.date) || self.date.len() != 8 {
            let message =
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.";
            return Err(Denial::Scope(message.into()));
        }
        let (earliest, latest) = (now.saturating_sub(TOLERANCE), now.saturating_add(TOLERANCE));
        let now = compact(now);
        if time < earliest {
            let earliest = compact(earliest);
            let message =
                format!("Signature expired: {date} is now earlier than {earliest} ({now} - 5 min.)");
            return Err(Denial::Date(message));
        }
        if time > latest {
            let latest = compact(latest);
            let message =
                format!("Signature not yet current: {date} is still later than {latest} ({now} + 5 min.)");
            return Err(Denial::Date(message));
        }
        Ok(time)
    }

    fn check_scope(&self, service: &str, region: &str) -> Result<(), Denial> {
        if self.region != region {
            return Err(Denial::Scope(format!(
                "Credential should be scoped to a valid region, not '{}'.",
                self.region
            )));
        }
        if self.service != service {
            return Err(Denial::Scope(format!(
                "Credential should be scoped to correct service: '{service}'."
            )));
        }
        Ok(())
    }
}

fn canonical_request(request: &Request, signed_headers: &[&str]) -> String {
    let mut canonical = format!(
        "{}\n{}\n{}\n",
        request.method,
        canonical_path(&request.path),
        canonical_query(request.query.as_deref().unwrap_or_default())
    );
    for name in signed_headers {
        let values: Vec<String> =
            request.headers.get_all(*name).iter().map(|value| collapsed(value.as_bytes())).collect();
        let _ = writeln!(canonical, "{name}:{}", values.join(","));
    }
    let payload = hex(&Sha256::digest(&request.body));
    let _ = write!(canonical, "\n{}\n{payload}", signed_headers.join(";"));
    canonical
}

/// Dot segments resolved, empty ones dropped, each segment as sent and encoded once more.
fn canonical_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    let encoded: String = segments
        .iter()
        .map(|segment| format!("/{}", percent_encode(segment.as_bytes(), UNRESERVED)))
        .collect();
    if path.ends_with('/') || encoded.is_empty() { format!("{encoded}/") } else { encoded }
}

fn canonical_query(query: &str) -> String {
    let encode = |text: &str| {
        let bytes: Vec<u8> = percent_decode_str(text).collect();
        percent_encode(&bytes, UNRESERVED).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// Trimmed, and every run of spaces one space.
fn collapsed(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn hmac(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
