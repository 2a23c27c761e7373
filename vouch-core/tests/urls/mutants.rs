//! URLs that clients send, and what becomes of them under the hands of somebody who wants the token. No test by itself:
//! the end-to-end tests give the same URLs to other parsers.

use std::collections::HashSet;

/// Hosts of CodeArtifact's whose domains are set up.
pub(crate) const AWS_HOSTS: [&str; 3] = [
    "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com",
    "my-domain-123456789012.codeartifact.us-east-1.on.aws",
    "a-1-111111111111.d.codeartifact.eu-west-1.amazonaws.com",
];

/// What is recorded on other hosts: host, port and the path that goes before a slash.
pub(crate) const RECORDED: [(&str, u16, &str); 4] = [
    ("packages.example.com", 443, "/cargo/my-repo"),
    ("packages.example.com", 8443, "/pypi/my-repo"),
    ("d1.cloudfront.net", 443, ""),
    ("10.0.0.7", 443, "/npm/my-repo"),
];

/// Whether a token that is sent there, by a client of a format, stays where it belongs.
pub(crate) fn is_registered(host: &str, port: u16, path: &str, format: &str) -> bool {
    let below =
        |base: &str| path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let recorded = |known: &&(&str, u16, &str)| (known.0, known.1) == (host, port) && below(known.2);
    let of_aws = AWS_HOSTS.contains(&host) && port == 443 && path.starts_with(&format!("/{format}/"));
    of_aws || RECORDED.iter().any(|known| recorded(&known))
}

/// A configuration in which all of these, and nothing else, are set up.
pub(crate) fn configuration() -> String {
    let recorded = RECORDED.map(|(host, port, path)| match port {
        443 => format!("https://{host}{path}/"),
        _ => format!("https://{host}:{port}{path}/"),
    });
    let aws = AWS_HOSTS.map(|host| format!("https://{host}/pypi/my-repo/"));
    let profile = |url: &String| if url.contains("//a-1-") { "other" } else { "default" };
    let registration = |url: &String| {
        format!(
            r#"{{"tool": "pip", "repository": "my-repo", "profile": "{}", "endpoint": "{url}"}}"#,
            profile(url)
        )
    };
    let registrations: Vec<_> = aws.iter().chain(&recorded).map(registration).collect();
    format!(
        r#"{{"version": 1,
            "aws": {{"profiles": {{"own": {{"role_arn": "arn:aws:iam::123456789012:role/CodeArtifact", "region": "us-east-1"}}}}}},
            "codeartifact": {{"profiles": {{
                "default": {{"domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1"}},
                "other": {{"domain": "a-1", "domain_owner": "111111111111", "region": "eu-west-1"}}}},
            "registrations": [{}]}}}}"#,
        registrations.join(",")
    )
}

/// Who was seen to ask with a URL, by the format of the client, with `HOST` for one of CodeArtifact's.
pub(crate) const SEEN: [(&str, &str, &str); 18] = [
    ("cargo", "as setup writes the index", "sparse+https://HOST/cargo/my-repo/"),
    ("cargo", "without the last slash", "sparse+https://HOST/cargo/my-repo"),
    ("cargo", "source replacement", "https://HOST/cargo/my-repo/"),
    ("pypi", "pip and uv, an index", "https://HOST/pypi/my-repo/simple/"),
    ("pypi", "pip, uv and pdm, without the last slash", "https://HOST/pypi/my-repo/simple"),
    ("pypi", "pip, a page of an index", "https://HOST/pypi/my-repo/simple/amber/"),
    ("pypi", "uv, a file", "https://HOST/pypi/my-repo/simple/amber/1.0/amber-1.0-py3-none-any.whl"),
    (
        "pypi",
        "uv, a local version",
        "https://HOST/pypi/my-repo/simple/amber/1.0/amber-1.0%2Bcu118-py3-none-any.whl",
    ),
    ("pypi", "twine and uv publish", "https://HOST/pypi/my-repo/"),
    ("pypi", "poetry publish", "https://HOST/pypi/my-repo"),
    ("npm", "npm and yarn, as setup writes the registry", "https://HOST/npm/my-repo/"),
    ("npm", "yarn, without the last slash", "https://HOST/npm/my-repo"),
    ("cargo", "a recorded host", "sparse+https://packages.example.com/cargo/my-repo/"),
    ("pypi", "a recorded host with a port", "https://packages.example.com:8443/pypi/my-repo/simple/"),
    ("npm", "a CloudFront distribution", "https://d1.cloudfront.net/"),
    ("npm", "an address", "https://10.0.0.7/npm/my-repo/"),
    ("pypi", "an index with the user name and a port", "https://aws@HOST:443/pypi/my-repo/simple/"),
    (
        "pypi",
        "a recorded host with the user name",
        "https://aws@packages.example.com:8443/pypi/my-repo/simple/",
    ),
];

/// Each of [`SEEN`] on each host: the format and the URL.
pub(crate) fn seen() -> Vec<(&'static str, String)> {
    let on_hosts = |(format, _, url): &(&'static str, &str, &str)| {
        let hosts = if url.contains("HOST") { AWS_HOSTS.as_slice() } else { &[""] };
        hosts.iter().map(|host| (*format, url.replace("HOST", host))).collect::<Vec<_>>()
    };
    SEEN.iter().flat_map(on_hosts).collect()
}

/// What parsers disagree about, and what harms nobody.
const PIECES: [&str; 92] = [
    "/",
    "//",
    "///",
    "\\",
    "\\\\",
    "/\\",
    "\\@",
    "@",
    "@@",
    ":",
    "::",
    "?",
    "#",
    "%",
    "%%",
    "&",
    "=",
    "+",
    ",",
    "!",
    "~",
    "_",
    "-",
    "*",
    "$",
    "'",
    "(",
    ")",
    ";",
    ".",
    "..",
    "...",
    "/./",
    "/../",
    "/..;/",
    "/.;x/",
    "/%2e%2e/",
    "/.%2E/",
    "%2e",
    "%2F",
    "%5c",
    "%5C",
    "%00",
    "%09",
    "%0a",
    "%20",
    "%25",
    "%252e",
    "%3b",
    "%3f",
    "%23",
    "%40",
    "%41",
    "%2B",
    "%c0%ae",
    "%ff",
    "%u002e",
    "%zz",
    "%4",
    "\t",
    "\n",
    "\r",
    " ",
    "\0",
    "\u{7f}",
    "\u{a0}",
    "é",
    "у",
    "。",
    "．",
    "／",
    "＠",
    "：",
    "\u{200d}",
    "\u{ad}",
    "\u{212a}",
    "ſ",
    "ℂ",
    "\u{202e}",
    "[",
    "]",
    "[::1]",
    "<",
    "\"",
    "{",
    "|",
    "^",
    "`",
    "xn--",
    "x",
    "simple/",
    "@scope/amber",
];
const USERS: [&str; 12] = [
    "aws@",
    "@",
    "aws:@",
    ":@",
    "aws:hunter2@",
    "bob@",
    "AWS@",
    "%61ws@",
    "aws@aws@",
    "aws%40",
    "evil.example\\@",
    "evil.example@",
];
const PORTS: [&str; 14] = [
    ":443",
    ":443",
    ":8443",
    ":80",
    ":",
    ":0443",
    ":00443",
    ":+443",
    ":443x",
    ":65979",
    ":-1",
    ":४४३",
    ":443:443",
    ":443@evil.example",
];
const SUFFIXES: [&str; 19] = [
    ".",
    ".evil.example",
    "evil.example",
    "@evil.example",
    ":443@evil.example",
    "\\@evil.example",
    "#@evil.example",
    "?@evil.example",
    "/@evil.example",
    "\\.evil.example",
    "%2eevil.example",
    "%00.evil.example",
    ";.evil.example",
    "&@evil.example",
    ".cn",
    "。evil.example",
    "@127.0.0.1",
    "\\@127.0.0.1:9443",
    "\t@evil.example",
];
const SCHEMES: [&str; 18] = [
    "https://",
    "sparse+https://",
    "sparse+sparse+https://",
    "http://",
    "HTTPS://",
    "Https://",
    "https:/",
    "https:",
    "https:///",
    "https:////",
    "https:\\\\",
    "https:/\\",
    "//",
    "ftp://",
    "sparse+http://",
    " https://",
    "https ://",
    "https://https://",
];

/// A source of mutants that gives the same ones for the same seed.
pub(crate) struct Mutants {
    state: u64,
    bases: Vec<String>,
    seen: HashSet<String>,
}

impl Mutants {
    pub(crate) fn new(seed: u64) -> Self {
        let bases: Vec<_> = seen().into_iter().map(|(_, url)| url).collect();
        let seen = bases.iter().cloned().collect();
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, bases, seen }
    }

    /// A number below `end` (xorshift64*).
    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let number = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        number as usize % end.max(1)
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    /// A place between two characters, most often one where a URL is taken apart.
    fn place(&mut self, text: &str) -> usize {
        let all = || text.char_indices().map(|(at, _)| at).chain([text.len()]);
        let is_joint = |at: &usize| {
            let joint = |sign: Option<char>| sign.is_none_or(|sign| !sign.is_ascii_alphanumeric());
            joint(text[*at..].chars().next()) || joint(text[..*at].chars().next_back())
        };
        let joints: Vec<_> = all().filter(is_joint).collect();
        match self.below(5) {
            0 => all().nth(self.below(all().count())).unwrap_or(0),
            _ => joints[self.below(joints.len())],
        }
    }

    /// Two places in their order, not far from each other.
    fn range(&mut self, text: &str) -> (usize, usize) {
        let start = self.place(text);
        let length = 1 + self.below(3);
        let end = text[start..].char_indices().map(|(at, sign)| start + at + sign.len_utf8());
        (start, end.take(length).last().unwrap_or(start))
    }

    fn edited(&mut self, text: &str) -> String {
        let host = text.find("//").map_or(0, |at| at + 2);
        let after_host = text[host..].find('/').map_or(text.len(), |at| host + at);
        let joined =
            |start: usize, piece: &str, end: usize| format!("{}{piece}{}", &text[..start], &text[end..]);
        match self.below(13) {
            0 => joined(host, self.one_of(&USERS), host),
            1 => joined(after_host, self.one_of(&PORTS), after_host),
            2 => joined(after_host, self.one_of(&SUFFIXES), after_host),
            3 => joined(0, self.one_of(&SCHEMES), host),
            4 => joined(text.len(), self.one_of(&PIECES), text.len()),
            5 => {
                let (start, end) = self.range(text);
                joined(start, "", end)
            }
            6 => {
                let (start, end) = self.range(text);
                joined(end, &text[start..end], end)
            }
            7 => {
                let (start, end) = self.range(text);
                joined(start, &text[start..end].to_uppercase(), end)
            }
            8 => {
                let (start, end) = self.range(text);
                let escaped: String = text[start..end].bytes().map(|byte| format!("%{byte:02x}")).collect();
                joined(start, &escaped, end)
            }
            9 => {
                let (start, end) = self.range(text);
                joined(start, self.one_of(&PIECES), end)
            }
            10 => {
                let (one, other) = (self.place(text), self.place(text));
                let (start, end) = (one.min(other), one.max(other));
                joined(end, &text[start..end], end)
            }
            _ => {
                let place = self.place(text);
                joined(place, self.one_of(&PIECES), place)
            }
        }
    }
}

impl Iterator for Mutants {
    type Item = String;

    /// A URL that was seen, with one to four changes, and never as it was.
    fn next(&mut self) -> Option<String> {
        loop {
            let base = self.below(self.bases.len());
            let mut text = self.bases[base].clone();
            for _ in 0..=self.below(4) {
                text = self.edited(&text);
            }
            if !self.seen.contains(&text) {
                return Some(text);
            }
        }
    }
}
