//! The one place that decides what of somebody's file may be seen, and what of it Vouch may keep.
//!
//! A dialect cuts a text into pieces and blanks none. Two uses:
//!
//! - *Shown* is what a person sees: values of a short list of harmless keys, and what Vouch itself writes. Nothing else.
//! - *Kept* is what the journal holds: a line that was replaced stays whole, so that it can be put back. Blanked are values
//!   whose keys name a credential, user information and queries of URLs, defaults of variables, and comments.
//!
//! What cannot be taken apart is blanked in both.

mod rules;
mod url;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};
use vouch_core::endpoint;

use super::piece::{Kind, Piece};
use super::{code, ini, npm_ini, toml, xml, yaml_pieces};
use rules::{is_harmless, secrets_of, whole};
use url::user_information;

/// What stands in place of a secret.
pub(crate) const BLANK: &str = "[redacted]";

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
            true => secrets_of(piece, raw),
            false => whole(raw),
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
    let of_before = secrets(dialect, before, secrets_of);
    // An edit may turn a part of a comment into a value.
    let hidden: BTreeSet<&str> =
        of_before.iter().filter_map(|secret| Some(before.get(secret.span.clone())?.trim())).collect();
    let of_after = secrets(dialect, after, |piece, raw| match hidden.contains(raw.trim()) {
        true => whole(raw),
        false => secrets_of(piece, raw),
    });
    (lines(before, &of_before, &mut number), lines(after, &of_after, &mut number))
}

/// What may be kept of a text by itself, line by line: two that differ in secrets alone are the same.
pub(crate) fn kept_lines(dialect: Dialect, text: &str) -> Vec<String> {
    let secrets = secrets(dialect, text, secrets_of);
    lines(text, &secrets, &mut |_, _| Part::Text(BLANK.into())).iter().map(|line| joined(line)).collect()
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
    secrets_of(&Piece::value(Vec::new(), 0..value.len()), value).is_empty()
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
    for word in url::cut(raw, |c| c.is_whitespace() || "\"'`<>(){}[],=".contains(c)) {
        let start = gap.start + word.start;
        let found = user_information(raw.get(word).unwrap_or_default());
        secrets.extend(found.map(|span| Secret {
            span: start + span.start..start + span.end,
            key: "the name of a key".into(),
        }));
    }
}

/// Keys for a message: a URL in one may name a user.
pub(crate) fn shown_path(path: &[String]) -> String {
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
mod tests;
