//! The one judge of a URL that may receive a token. It reads the text itself, before any parser does: parsers disagree
//! (`https://OURS\@THEIRS/` is one host to a browser and another to most HTTP libraries), and the client that sends the
//! token has a parser of its own.

use std::fmt;
use std::net::Ipv4Addr;

use url::Url;

use super::domain::{Domain, domain_of_host};
use super::format::Format;
use crate::partition::RepositoryName;

const HTTPS: &str = "https://";
const SPARSE: &str = "sparse+";
const HTTPS_PORT: u16 = 443;

/// What the clients that ask through a program of Vouch are known to write into a URL. By default no user name, and any path:
/// for URLs that a person typed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asker {
    user: Option<&'static str>,
    format: Option<Format>,
}

/// The only user that CodeArtifact's Basic authentication knows (CodeArtifact user guide, "Using CodeArtifact with pip").
pub const USER: &str = "aws";

impl Asker {
    /// Cargo, which asks with the URL of an index.
    pub const CARGO: Self = Self { user: None, format: Some(Format::Cargo) };
    /// A client of `keyring`, which asks about an index, its pages and its files. The user name of CodeArtifact's Basic
    /// authentication may stand before the host.
    pub const KEYRING: Self = Self { user: Some(USER), format: Some(Format::Pypi) };
    /// npm, pnpm and yarn, which ask with the URL of a registry.
    pub const NPM: Self = Self { user: None, format: Some(Format::Npm) };
}

/// Why a text is not a plain URL, to go on with after "no token for `URL`: ".
pub type Reason = &'static str;

pub(crate) const ANOTHER_PATH: Reason = "its path is not one that this client has for a repository";
pub(super) const ANOTHER_PORT: Reason = "it names a port other than 443";

/// A URL in which every parser reads the same scheme, host, port and path: printable ASCII, `https` in lower case, a host
/// in lower case, and a path that nothing on the way rewrites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlainUrl<'a> {
    host: &'a str,
    port: u16,
    path: &'a str,
}

impl<'a> PlainUrl<'a> {
    /// Judges a text, with or without Cargo's `sparse+`.
    ///
    /// # Errors
    /// The reason why two parsers could read two places in it, or why it may not carry a token.
    pub fn read(text: &'a str, asker: Asker) -> Result<Self, Reason> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("it has a blank, a control character or a letter outside of ASCII in it");
        }
        if text.contains('\\') {
            return Err("it has a backslash in it");
        }
        let rest = text.strip_prefix(SPARSE).unwrap_or(text).strip_prefix(HTTPS);
        let rest = rest.ok_or_else(|| wrong_scheme(text))?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority),
        };
        match user {
            Some(user) if asker.user.is_some() && !user.contains([':', '@']) && asker.user != Some(user) => {
                return Err("CodeArtifact knows no user but `aws`; `aws@` may stand before the host");
            }
            Some(_) if user != asker.user => return Err("it has a user name or password in it"),
            _ => {}
        }
        let (host, port) = match place.split_once(':') {
            Some((host, port)) => (host, plain_port(port).ok_or("its port is not a plain number")?),
            None => (place, HTTPS_PORT),
        };
        if !is_plain_host(host) {
            return Err("its host is not written in lower-case letters, digits, hyphens and dots");
        }
        judge_path(path)?;
        Ok(Self { host, port, path })
    }

    /// The host, in lower case.
    pub fn host(&self) -> &'a str {
        self.host
    }

    /// The path as it is written: empty, or with a slash at its front.
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The domain whose host this is, and whether it is the dual-stack host. The path does not count: a token is good for
    /// the whole domain.
    ///
    /// # Errors
    /// When the host is CodeArtifact's and the port is not.
    pub fn domain(&self) -> Result<Option<(Domain, bool)>, Reason> {
        match domain_of_host(self.host) {
            Some(_) if self.port != HTTPS_PORT => Err(ANOTHER_PORT),
            found => Ok(found),
        }
    }

    /// Whether a client that asks has such a path on a host of CodeArtifact's: `/FORMAT/REPOSITORY` of its own format, with or
    /// without a slash at its end, and what belongs to it below. A token is good for the whole domain, and whoever can put
    /// a file at another path could tell the client there where to send it.
    pub fn is_repository_of(&self, asker: Asker) -> bool {
        let Some(format) = asker.format else { return true };
        let mut parts = self.path.splitn(4, '/').skip(1);
        let is_format = parts.next() == Some(format.as_str());
        let is_repository = parts.next().is_some_and(|name| name.parse::<RepositoryName>().is_ok());
        is_format && is_repository && goes_on(parts.next().unwrap_or_default(), format)
    }

    /// Whether a client that asks has such a URL for the repository that is recorded as `base`.
    pub fn is_recorded_as(&self, base: &PlainUrl<'_>, asker: Asker) -> bool {
        let below = self.path.get(base.path.trim_end_matches('/').len()..).unwrap_or_default();
        self.is_below(base)
            && match asker.format {
                // The page of an index may be what is recorded.
                None | Some(Format::Pypi) => true,
                Some(format) => goes_on(below.trim_start_matches('/'), format),
            }
    }

    /// Whether this is `base` or below it: host and port are the same, and the path goes on only after a slash.
    pub fn is_below(&self, base: &PlainUrl<'_>) -> bool {
        (self.host, self.port) == (base.host, base.port) && path_is_below(self.path, base.path)
    }
}

/// Without user name, `sparse+` and the port that goes without saying.
impl fmt::Display for PlainUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, path } = self;
        match *port {
            HTTPS_PORT => write!(f, "{HTTPS}{host}{path}"),
            _ => write!(f, "{HTTPS}{host}:{port}{path}"),
        }
    }
}

/// Whether a client asks about this below a repository.
fn goes_on(below: &str, format: Format) -> bool {
    below.is_empty() || (format == Format::Pypi && path_is_below(below, "simple"))
}

fn path_is_below(path: &str, base: &str) -> bool {
    let rest = path.strip_prefix(base.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn wrong_scheme(text: &str) -> Reason {
    let text = text.strip_prefix(SPARSE).unwrap_or(text);
    match text.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:")) {
        true => "it does not begin with `https://`, letter for letter",
        false => "only https may carry one",
    }
}

/// A port in one spelling alone.
fn plain_port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port: &u16| *port != 0 && port.to_string() == text)
}

/// A DNS name in one spelling alone, or an IPv4 address in dotted decimals: what ends in a number any other way is an address
/// to some parsers (`127.1`, `0x7f.1`) and a name to others.
fn is_plain_host(host: &str) -> bool {
    let of_a_label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(of_a_label);
    let last = host.rsplit('.').next().unwrap_or_default();
    host.split('.').all(is_label)
        && (last.starts_with(|first: char| first.is_ascii_lowercase()) || host.parse::<Ipv4Addr>().is_ok())
}

/// Nothing, or a path that clients, proxies and servers leave as it is.
fn judge_path(path: &str) -> Result<(), Reason> {
    if path.contains(['?', '#']) {
        return Err("it has a query or a fragment");
    }
    // Taken by itself, such a path is the address of another host.
    if path.starts_with("//") {
        return Err("its path begins with two slashes");
    }
    if !path.split('%').next().is_none_or(is_literal) {
        return Err("its path has a character that does not belong into one");
    }
    for escaped in path.split('%').skip(1) {
        let (escape, rest) = escaped.split_at_checked(2).ok_or("its path has a broken percent escape")?;
        let byte = match escape.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => u8::from_str_radix(escape, 16).ok(),
            false => None,
        };
        let byte = byte.ok_or("its path has a broken percent escape")?;
        // What stands for a letter is that letter wherever it is read. All else, such as a slash, a dot or the sign of
        // another escape, means one thing to who unescapes it and another to who does not.
        if !is_path_byte(byte) || b"/.;".contains(&byte) {
            return Err("its path has a percent escape that is not for a plain letter");
        }
        if !is_literal(rest) {
            return Err("its path has a character that does not belong into one");
        }
    }
    // Some servers cut a segment at `;` before they look for dots.
    let name = |segment: &'_ str| segment.split(';').next().unwrap_or_default().len();
    let dots = |segment: &str| {
        let name = segment.get(..name(segment)).unwrap_or_default();
        !name.is_empty() && name.bytes().all(|byte| byte == b'.')
    };
    if path.split('/').any(dots) {
        return Err("its path has a segment of dots, which leads elsewhere");
    }
    Ok(())
}

fn is_literal(text: &str) -> bool {
    text.bytes().all(is_path_byte)
}

/// Of RFC 3986's `pchar`, and the slash between segments.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte)
}

/// The places that parsers may read in a text that is not plain. Never for an answer: only to tell a refusal from what is none
/// of ours.
pub(super) struct Readings(Vec<Reading>);

struct Reading {
    host: String,
    port: Option<u16>,
    path: String,
}

impl Readings {
    pub(super) fn of(text: &str) -> Self {
        let text = text.strip_prefix(SPARSE).unwrap_or(text);
        // WHATWG: browsers, Node, Cargo, uv.
        let whatwg = Url::parse(text).ok().and_then(|url| {
            let (host, port) = (url.host_str()?.to_owned(), url.port_or_known_default());
            Some(Reading { host, port, path: url.path().to_owned() })
        });
        // RFC 3986, leniently: Python, curl, Java. A backslash is a letter like any other.
        let rfc = text.split_once("://").map(|(scheme, rest)| {
            let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
            let place = authority.rsplit('@').next().unwrap_or_default();
            let (host, port) = match place.split_once(':') {
                Some((host, port)) => (host, port.parse().ok()),
                None => (place, scheme.eq_ignore_ascii_case("https").then_some(HTTPS_PORT)),
            };
            Reading { host: host.to_ascii_lowercase(), port, path: path.to_owned() }
        });
        Self(whatwg.into_iter().chain(rfc).collect())
    }

    /// Whether one of them is on a host of CodeArtifact's.
    pub(super) fn any_of_aws(&self) -> bool {
        self.0.iter().any(|reading| domain_of_host(&reading.host).is_some())
    }

    /// Whether one of them is below `base`. Where they do not agree on the host, the path of one is part of the host to the
    /// other, and does not count.
    pub(super) fn any_below(&self, base: &PlainUrl<'_>) -> bool {
        let agreed = matches!(self.0.as_slice(), [one, other] if one.host == other.host);
        let is_below = |Reading { host, port, path }: &Reading| {
            host == base.host && *port == Some(base.port) && (!agreed || path_is_below(path, base.path))
        };
        self.0.iter().any(is_below)
    }
}
