//! Which values are harmless, and which are secrets whoever looks at them.

use std::ops::Range;

use vouch_core::endpoint::USER;

use super::url::{of_word, scheme, words};
use crate::text::piece::{Kind, Piece};

/// Whether a value is no secret, but for what is in its URLs: its key is harmless, and it is what that key takes.
pub(super) fn is_harmless(piece: &Piece, raw: &str) -> bool {
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
pub(super) fn secrets_of(piece: &Piece, raw: &str) -> Vec<Range<usize>> {
    if piece.kind != Kind::Value {
        return whole(raw);
    }
    if is_variable(raw) {
        return Vec::new();
    }
    if names_credential(&piece.path) && !is_our_user(piece, raw) {
        return whole(raw);
    }
    if piece.path.last().and_then(|key| is_fit(key, raw)) == Some(false) {
        return whole(raw);
    }
    // An escape may hide what makes a URL of it.
    let is_escaped = ["\\u", "\\U", "\\x", "&#"].iter().any(|escape| raw.contains(escape));
    if is_escaped || (raw.contains("${") && !raw.split("${").skip(1).all(is_bare_variable)) {
        return whole(raw);
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
        true => whole(raw),
        false => spans,
    }
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

/// The span of a value that is blanked as a whole.
pub(super) fn whole(raw: &str) -> Vec<Range<usize>> {
    std::iter::once(0..raw.len()).collect()
}
