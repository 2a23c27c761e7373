//! The one place that decides what of somebody's file may be seen, and what of it Vouch may keep.
//!
//! A dialect cuts a text into pieces and blanks none. Two uses:
//!
//! - *Shown* is what a person sees: values of a short list of harmless keys, and what Vouch itself writes. Nothing else.
//! - *Kept* is what the journal holds: a line that was replaced stays whole, so that it can be put back. Blanked are values
//!   whose keys name a credential, user information and queries of URLs, defaults of variables, and comments.
//!
//! What cannot be taken apart is blanked in both.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};
use vouch_core::endpoint::{self, USER};

use super::piece::{Kind, Piece};
use super::{code, ini, npm_ini, toml, xml, yaml_pieces};

/// What stands in place of a secret.
pub(crate) const BLANK: &str = "[redacted]";

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// npm's INI: `.npmrc`, pnpm's `auth.ini`.
    NpmIni,
    /// configparser's INI, and that of the AWS tools.
    Ini,
    Toml,
    Yaml,
    Xml,
    /// Groovy or JavaScript.
    Code,
}

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Part {
    Text(String),
    /// What is not kept. The same number stands for the same text, so that an undo finds what is still in the file.
    Secret {
        secret: usize,
        key: String,
    },
}

/// A text and another one that takes its place, as a person may see them, line by line.
#[derive(Debug)]
pub struct Shown {
    pub before: Vec<String>,
    pub after: Vec<String>,
    /// The lines before without any value, for those round a change.
    pub context: Vec<String>,
}

/// A blanked part of a text, and the key whose value it is.
struct Secret {
    span: Range<usize>,
    key: String,
}

impl Part {
    /// The number of a secret.
    pub(crate) fn secret(&self) -> Option<usize> {
        match self {
            Self::Text(_) => None,
            Self::Secret { secret, .. } => Some(*secret),
        }
    }
}

impl Dialect {
    fn pieces(self, text: &str) -> Vec<Piece> {
        match self {
            Self::NpmIni => npm_ini::pieces(text),
            Self::Ini => ini::pieces(text),
            Self::Toml => toml::pieces(text),
            Self::Yaml => yaml_pieces::pieces(text),
            Self::Xml => xml::pieces(text),
            Self::Code => code::pieces(text),
        }
    }
}

/// What a person may see of a change.
pub fn shown(dialect: Dialect, before: &str, after: &str) -> Shown {
    // No edit puts what was there and what is new into one value.
    let is_ours = |value: &str| !before.contains(value.trim());
    let judged = |text: &str, harmless: &dyn Fn(&Piece, &str) -> bool| {
        let pieces = match dialect {
            // Of a script that somebody changed, any word may be a secret.
            Dialect::Code => Piece::lines(text),
            _ => dialect.pieces(text),
        };
        let secrets = secrets_in(pieces, text, |piece, raw| match harmless(piece, raw) {
            true => of_value(piece, raw),
            false => all(raw),
        });
        lines(text, &secrets, &mut |_, _| Part::Text(BLANK.into())).iter().map(|line| joined(line)).collect()
    };
    Shown {
        before: judged(before, &|piece, raw| is_harmless(piece, raw)),
        after: judged(after, &|piece, raw| is_harmless(piece, raw) || is_ours(raw)),
        context: judged(before, &|_, _| false),
    }
}

/// What the journal may keep of a change: the lines before, and those after.
pub(crate) fn kept(dialect: Dialect, before: &str, after: &str) -> (Vec<Vec<Part>>, Vec<Vec<Part>>) {
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut number = |text: &str, key: &str| {
        let next = numbers.len();
        let secret = *numbers.entry(text.to_owned()).or_insert(next);
        Part::Secret { secret, key: key.to_owned() }
    };
    let of_before = secrets(dialect, before, of_value);
    // An edit may turn a part of a comment into a value.
    let hidden: BTreeSet<&str> =
        of_before.iter().filter_map(|secret| Some(before.get(secret.span.clone())?.trim())).collect();
    let of_after = secrets(dialect, after, |piece, raw| match hidden.contains(raw.trim()) {
        true => all(raw),
        false => of_value(piece, raw),
    });
    (lines(before, &of_before, &mut number), lines(after, &of_after, &mut number))
}

/// A value of a file for a message, if its key is harmless.
pub fn shown_value(key: &str, value: &str) -> String {
    let piece = Piece::value(vec![key.to_owned()], 0..value.len());
    match is_harmless(&piece, value) {
        true => endpoint::shown(value),
        false => BLANK.to_owned(),
    }
}

/// The URL of a registry for a message.
pub fn shown_url(url: &str) -> String {
    shown_value("url", url)
}

/// A program that a client starts, for a message: a path, or one of Cargo's own.
pub fn shown_program(program: &str) -> String {
    let is_path = std::path::Path::new(program).is_absolute();
    let is_cargos = [
        "cargo:token",
        "cargo:token-from-stdout",
        "cargo:wincred",
        "cargo:macos-keychain",
        "cargo:libsecret",
    ];
    match (is_path || is_cargos.contains(&program)) && may_be_kept(program) {
        true => vouch_helper::text::printable_line(program),
        false => BLANK.to_owned(),
    }
}

/// Whether a value may be kept as it is, where its key is harmless.
pub(crate) fn may_be_kept(value: &str) -> bool {
    of_value(&Piece::value(Vec::new(), 0..value.len()), value).is_empty()
}

/// Whether a value is no secret, but for what is in its URLs: its key is harmless, and it is what that key takes.
fn is_harmless(piece: &Piece, raw: &str) -> bool {
    piece.kind == Kind::Value
        && (is_variable(raw)
            || is_our_user(piece, raw)
            || piece.path.last().and_then(|key| is_fit(key, raw)) == Some(true))
}

/// Whether a value is what a harmless key takes; none for other keys.
fn is_fit(key: &str, raw: &str) -> Option<bool> {
    const CHOICES: [&str; 9] =
        ["true", "false", "auto", "disabled", "import", "subprocess", "always", "never", ""];
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.@/".contains(c);
    Some(match plain_key(key).as_str() {
        "registry" | "index" | "index-url" | "extra-index-url" | "url" | "publish-url" | "repository"
        | "npmregistryserver" | "npmpublishregistry" | "endpoint-url" => words(raw).all(|word| {
            let word = raw.get(word).unwrap_or_default();
            is_variable(word) || scheme(word).is_some_and(|scheme| scheme.contains("://"))
        }),
        "always-auth" | "npmalwaysauth" | "keyring-provider" | "authenticate" | "default" => {
            CHOICES.contains(&raw.trim())
        }
        "name" | "id" | "region" => raw.trim().chars().all(is_name),
        "tokenhelper" => std::path::Path::new(raw.trim()).is_absolute(),
        _ => return None,
    })
}

/// The user name that every one of our repositories has. Others are tokens as often as not.
fn is_our_user(piece: &Piece, raw: &str) -> bool {
    raw.trim() == USER && piece.path.last().is_some_and(|key| plain_key(key).contains("user"))
}

/// As far as clients tell keys apart; of npm's, what is set for a registry.
fn plain_key(key: &str) -> String {
    key.rsplit(':').next().unwrap_or_default().to_lowercase().replace('_', "-")
}

/// Whether a key says that its value is a credential.
fn names_credential(path: &[String]) -> bool {
    const PARTS: [&str; 17] = [
        "token",
        "passw",
        "passphrase",
        "passwd",
        "secret",
        "auth",
        "ident",
        "credential",
        "cookie",
        "header",
        "login",
        "user",
        "apikey",
        "api-key",
        "access-key",
        "accesskey",
        "private",
    ];
    const WORDS: [&str; 6] = ["key", "pass", "pwd", "otp", "value", "bearer"];
    // Named as credentials are, and settings all the same.
    const HARMLESS: [&str; 9] = [
        "tokenhelper",
        "always-auth",
        "npmalwaysauth",
        "authenticate",
        "credential-provider",
        "credential-process",
        "global-credential-providers",
        "userconfig",
        "user-agent",
    ];
    // Where the name of a registry is the key, or anything may be one.
    const TABLES: [&str; 4] = ["pypi-token", "http-basic", "configuration", "httpheaders"];
    let Some((key, tables)) = path.split_last() else { return false };
    let key = plain_key(key);
    tables.iter().any(|table| TABLES.contains(&plain_key(table).as_str()))
        || (!HARMLESS.contains(&key.as_str())
            && (PARTS.iter().any(|part| key.contains(part))
                || key.split(|c: char| !c.is_alphanumeric()).any(|word| WORDS.contains(&word))))
}

/// What of a piece is blanked even where it is kept.
fn of_value(piece: &Piece, raw: &str) -> Vec<Range<usize>> {
    if piece.kind != Kind::Value {
        return all(raw);
    }
    if is_variable(raw) {
        return Vec::new();
    }
    if names_credential(&piece.path) && !is_our_user(piece, raw) {
        return all(raw);
    }
    if piece.path.last().and_then(|key| is_fit(key, raw)) == Some(false) {
        return all(raw);
    }
    // An escape may hide what makes a URL of it.
    let is_escaped = ["\\u", "\\U", "\\x", "&#"].iter().any(|escape| raw.contains(escape));
    if is_escaped || (raw.contains("${") && !raw.split("${").skip(1).all(is_bare_variable)) {
        return all(raw);
    }
    let mut spans = Vec::new();
    let mut option = false;
    for word in words(raw) {
        let text = raw.get(word.clone()).unwrap_or_default();
        if std::mem::take(&mut option) {
            spans.push(word);
            continue;
        }
        if text.starts_with('-') {
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            if names_credential(&[name.trim_start_matches('-').to_owned()]) {
                option = !text.contains('=');
                spans.push(word.end - value.len()..word.end);
                continue;
            }
        }
        spans.extend(of_word(text).into_iter().map(|span| word.start + span.start..word.start + span.end));
    }
    spans.retain(|span| !span.is_empty());
    match raw.contains('\n') && !spans.is_empty() {
        true => all(raw),
        false => spans,
    }
}

/// User information, query and fragment of what may be a URL. Where it is not certain where they end, what may be them.
fn of_word(word: &str) -> Vec<Range<usize>> {
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
fn user_information(word: &str) -> Option<Range<usize>> {
    let start = scheme(word).map_or(0, str::len);
    let rest = word.get(start..).unwrap_or_default();
    let end = end_of_user_information(word);
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
fn scheme(word: &str) -> Option<&str> {
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

/// A host, maybe a port, maybe a path.
fn is_place(text: &str) -> bool {
    let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, "0"));
    let of_a_host = |c: char| c.is_ascii_alphanumeric() || "-._[]${}".contains(c);
    host.chars().all(of_a_host) && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// `${NAME}`, and nothing else: the secret is elsewhere.
fn is_variable(value: &str) -> bool {
    let value = value.trim();
    value
        .strip_prefix("${")
        .is_some_and(|rest| is_bare_variable(rest) && rest.find('}') == Some(rest.len() - 1))
}

/// What follows `${`, up to another one: a name without a default.
fn is_bare_variable(rest: &str) -> bool {
    let Some((name, _)) = rest.split_once('}') else { return false };
    let name = name.strip_suffix(":-").or_else(|| name.strip_suffix(['?', '-'])).unwrap_or(name);
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c))
}

fn all(raw: &str) -> Vec<Range<usize>> {
    vec![0..raw.len()]
}

/// Where the words of a value stand.
fn words(value: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    cut(value, |c| c.is_whitespace() || c.is_control())
}

fn cut(text: &str, is_end: impl Fn(char) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.find(|c| !is_end(c))?;
        let rest = text.get(start..)?;
        at = start + rest.find(&is_end).unwrap_or(rest.len());
        Some(start..at)
    })
}

/// What a judge blanks of a text, and user information in what is no piece: a URL may be a key.
fn secrets(dialect: Dialect, text: &str, judge: impl Fn(&Piece, &str) -> Vec<Range<usize>>) -> Vec<Secret> {
    secrets_in(dialect.pieces(text), text, judge)
}

fn secrets_in(
    mut pieces: Vec<Piece>,
    text: &str,
    judge: impl Fn(&Piece, &str) -> Vec<Range<usize>>,
) -> Vec<Secret> {
    pieces.sort_by_key(|piece| piece.span.start);
    let mut secrets = Vec::new();
    let mut at = 0;
    for piece in &mut pieces {
        if piece.kind == Kind::Comment {
            // The sign that begins it stays, so that it is one still.
            let raw = text.get(piece.span.clone()).unwrap_or_default();
            piece.span.start += raw.len() - raw.trim_start_matches([' ', '\t', '#', ';']).len();
        }
        structure(text, at..piece.span.start, &mut secrets);
        at = piece.span.end.max(at);
        let raw = text.get(piece.span.clone()).unwrap_or_default();
        let key = match piece.kind {
            Kind::Comment => "a comment".to_owned(),
            _ => shown_path(&piece.path),
        };
        secrets.extend(judge(piece, raw).into_iter().map(|span| Secret {
            span: piece.span.start + span.start..piece.span.start + span.end,
            key: key.clone(),
        }));
    }
    structure(text, at..text.len(), &mut secrets);
    secrets
}

fn structure(text: &str, gap: Range<usize>, secrets: &mut Vec<Secret>) {
    let raw = text.get(gap.clone()).unwrap_or_default();
    for word in cut(raw, |c| c.is_whitespace() || "\"'`<>(){}[],=".contains(c)) {
        let start = gap.start + word.start;
        let found = user_information(raw.get(word).unwrap_or_default());
        secrets.extend(found.map(|span| Secret {
            span: start + span.start..start + span.end,
            key: "the name of a key".into(),
        }));
    }
}

fn shown_path(path: &[String]) -> String {
    let plain = |key: &String| match user_information(key).is_none() {
        true => key.clone(),
        false => BLANK.to_owned(),
    };
    path.iter().map(plain).collect::<Vec<_>>().join(".")
}

/// The lines of a text, each with its end, cut where something is blanked. Blanks round a blanked part stay.
fn lines(text: &str, secrets: &[Secret], blanked: &mut dyn FnMut(&str, &str) -> Part) -> Vec<Vec<Part>> {
    let mut secrets = secrets.iter().peekable();
    let mut start = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let mut parts = Vec::new();
        let mut at = start;
        while let Some(secret) = secrets.peek().filter(|secret| secret.span.start < end) {
            let span = secret.span.start.max(at)..secret.span.end.min(end).max(at);
            let raw = text.get(span.clone()).unwrap_or_default();
            let hidden = raw.trim();
            if !hidden.is_empty() {
                let from = span.end - raw.trim_start().len();
                parts.push(Part::Text(text.get(at..from).unwrap_or_default().to_owned()));
                parts.push(blanked(hidden, &secret.key));
                at = from + hidden.len();
            }
            if secret.span.end > end {
                break;
            }
            secrets.next();
        }
        parts.push(Part::Text(text.get(at..end).unwrap_or_default().to_owned()));
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        lines.push(parts);
        start = end;
    }
    lines
}

/// A line with the mark in place of what is blanked.
pub(crate) fn joined(parts: &[Part]) -> String {
    let part = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Secret { .. } => BLANK.to_owned(),
    };
    parts.iter().map(part).collect()
}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;
