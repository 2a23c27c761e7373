//! Where a URL holds a secret. It is judged as text, since programs differ in how they read one.

use std::ops::Range;

use vouch_core::endpoint::USER;

/// User information, query and fragment of what may be a URL. Where it is not certain where they end, what may be them.
pub(super) fn of_word(word: &str) -> Vec<Range<usize>> {
    let start = scheme(word).map_or(0, str::len);
    let mut spans: Vec<_> = user_information(word).into_iter().collect();
    let host = end_of_user_information(word);
    let after = word.get(host..).unwrap_or_default();
    let is_url = start > 0 || host > start || after.contains('=');
    if let Some(cut) = after.find(['?', '#']).filter(|_| is_url) {
        spans.push(host + cut + 1..word.len());
    }
    spans
}

/// What stands before the host, unless that is the user of ours alone.
pub(super) fn user_information(word: &str) -> Option<Range<usize>> {
    let scheme = scheme(word).unwrap_or_default();
    let rest = word.get(scheme.len()..).unwrap_or_default();
    let end = end_of_user_information(word);
    // What stands where a scheme does is a secret as likely as what is behind it.
    let start = if end > scheme.len() && !is_well_known(scheme) { 0 } else { scheme.len() };
    let found = match word.get(start..end) {
        // Maybe a password whose `@` was forgotten.
        Some("") | None if start > 0 && !is_place(rest) => start..word.len(),
        Some("") | None => return None,
        Some(found) if found.strip_suffix('@') == Some(USER) => return None,
        Some(found) => start..end - usize::from(found.ends_with('@')),
    };
    (!found.is_empty()).then_some(found)
}

/// Behind the last of what some program may take for the end of user information; else where the host begins.
fn end_of_user_information(word: &str) -> usize {
    const AT: [&str; 5] = ["@", "%40", "\u{ff20}", "\u{fe6b}", "%ef%bc%a0"];
    let start = scheme(word).map_or(0, str::len);
    let rest = word.get(start..).unwrap_or_default().to_ascii_lowercase();
    AT.iter().filter_map(|at| rest.rfind(at).map(|place| start + place + at.len())).max().unwrap_or(start)
}

/// The scheme of a URL with the slashes behind it; `//` alone is one, too.
pub(super) fn scheme(word: &str) -> Option<&str> {
    if word.starts_with("//") {
        return word.get(..2);
    }
    let (name, after) = word.split_once(':')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let lower = name.to_ascii_lowercase();
    let is_known = lower.ends_with("http") || lower.ends_with("https");
    // One letter is a drive of Windows.
    let is_other = after.starts_with("//") && name.len() > 1;
    let slashes = after.len() - after.trim_start_matches(['/', '\\']).len();
    (name.chars().all(is_name) && (is_known || is_other)).then(|| word.get(..name.len() + 1 + slashes))?
}

/// A scheme that is surely no password. Clients put the name of a version control system or a protocol before some.
fn is_well_known(scheme: &str) -> bool {
    const NAMES: [&str; 12] =
        ["", "http", "https", "file", "ftp", "ssh", "git", "socks", "socks4", "socks4a", "socks5", "socks5h"];
    const PREFIXES: [&str; 6] = ["sparse", "registry", "git", "hg", "svn", "bzr"];
    let lower = scheme.trim_end_matches(['/', '\\', ':']).to_ascii_lowercase();
    match lower.split_once('+') {
        Some((prefix, name)) => PREFIXES.contains(&prefix) && NAMES.contains(&name),
        None => NAMES.contains(&lower.as_str()),
    }
}

/// A host, maybe a port, maybe a path.
fn is_place(text: &str) -> bool {
    let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, "0"));
    let of_a_host = |c: char| c.is_ascii_alphanumeric() || "-._[]${}".contains(c);
    host.chars().all(of_a_host) && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Where the words of a value stand.
pub(super) fn words(value: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    cut(value, |c| c.is_whitespace() || c.is_control())
}

pub(super) fn cut(text: &str, is_end: impl Fn(char) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.find(|c| !is_end(c))?;
        let rest = text.get(start..)?;
        at = start + rest.find(&is_end).unwrap_or(rest.len());
        Some(start..at)
    })
}
