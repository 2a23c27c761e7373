//! The key set.

use std::collections::BTreeSet;

use serde_json::Value;
use vouch_core::hint::VOUCH_ISSUER_BUILD;

use super::cache;
use super::document::Document;
use super::expected::{ExpectedKeys, Key};
use super::finding::{Finding, rebuild};

/// With more keys than this, STS refuses tokens (measured with RSA keys).
const MANY: usize = 100;

pub(super) fn check(known: &ExpectedKeys, url: &str, document: &Document, findings: &mut Vec<Finding>) {
    let Some(keys) = document.json.get("keys").and_then(Value::as_array) else {
        findings.push(Finding::problem("no-keys", url, "it has no list `keys`".into(), rebuild()));
        return;
    };
    if keys.len() > MANY {
        let message = format!("it has {} keys; STS has trouble with more than {MANY}", keys.len());
        findings.push(Finding::problem("many-keys", url, message, rebuild()));
    }
    if keys.is_empty() {
        findings.push(Finding::problem("no-keys", url, "it has no key".into(), rebuild()));
    }
    let mut seen = BTreeSet::new();
    for key in keys {
        usable(url, key, findings);
        if let Some(kid) = kid(key)
            && !seen.insert(kid)
        {
            let message = format!("two keys are named `{kid}`: AWS takes the later one");
            findings.push(Finding::problem("duplicate-kid", url, message, rebuild()));
        }
    }
    let (wanted, complete) = match known {
        ExpectedKeys::Any => return,
        ExpectedKeys::AtLeast(wanted) => (wanted, false),
        ExpectedKeys::Exactly(wanted) => (wanted, true),
    };
    for key in wanted {
        findings.extend(present(url, key, keys, document));
    }
    let extra = keys.iter().filter(|key| !wanted.iter().any(|wanted| Some(wanted.kid.as_str()) == kid(key)));
    findings.extend(extra.map(|key| unexpected(url, key, complete)));
}

fn kid(key: &Value) -> Option<&str> {
    key.get("kid").and_then(Value::as_str)
}

fn name(key: &Value) -> &str {
    kid(key).unwrap_or("without a name")
}

/// Whether STS can use the key.
fn usable(url: &str, key: &Value, findings: &mut Vec<Finding>) {
    let member = |name: &str| key.get(name).and_then(Value::as_str);
    let mut problem = |code, message| findings.push(Finding::problem(code, url, message, rebuild()));
    if kid(key).is_none() {
        problem("no-kid", "a key has no `kid`: AWS cannot tell which it is".into());
    }
    if key.get("key_ops").is_some() {
        problem("key-ops", format!("the key `{}` has `key_ops`, with which AWS refuses it", name(key)));
    }
    if member("use").is_some_and(|found| found != "sig") {
        problem("key-use", format!("the key `{}` is not for signatures (`use`)", name(key)));
    }
    if (member("kty"), member("crv")) != (Some("EC"), Some("P-256")) {
        problem("key-type", format!("the key `{}` is no P-256 key", name(key)));
    }
    if member("alg").is_some_and(|found| found != "ES256") {
        problem(
            "key-type",
            format!("the key `{}` is for `{}`, not ES256", name(key), member("alg").unwrap_or("")),
        );
    }
    if ["d", "p", "q", "k"].iter().any(|private| key.get(private).is_some()) {
        findings.push(Finding::problem(
            "private-key",
            url,
            format!("the key `{}` is published with its private part", name(key)),
            "Take the issuer's provider out of IAM now: everyone can sign with this key, and it was never on a YubiKey.",
        ));
    }
}

fn present(url: &str, wanted: &Key, keys: &[Value], document: &Document) -> Option<Finding> {
    let (x, y) = wanted.public_key.coordinates();
    let same = |key: &&Value| {
        key.get("x").is_some_and(|found| *found == x) && key.get("y").is_some_and(|found| *found == y)
    };
    // Of two with one name, AWS takes the later one.
    let named = keys.iter().rev().find(|key| kid(key) == Some(&wanted.kid));
    let Key { kid: wanted_kid, serial, .. } = wanted;
    if let Some(key) = named {
        return (!same(&key)).then(|| {
            Finding::problem(
                "other-key",
                url,
                format!("under the name of YubiKey {serial}'s key, `{wanted_kid}`, there is another key"),
                format!("Whoever has that key can sign in the user's name: publish the file of {VOUCH_ISSUER_BUILD} again, and find out who changed it."),
            )
        });
    }
    if let Some(key) = keys.iter().find(same) {
        return Some(Finding::problem(
            "other-kid",
            url,
            format!(
                "the key of YubiKey {serial} is named `{}`, and its tokens say `{wanted_kid}`",
                name(key)
            ),
            rebuild(),
        ));
    }
    let copy = cache::age(&document.page).filter(|age| *age > 0);
    Some(Finding::problem(
        "missing-key",
        url,
        match copy {
            Some(age) => {
                format!("the key `{wanted_kid}` of YubiKey {serial} is missing in a copy that is {age} s old")
            }
            None => format!("the key `{wanted_kid}` of YubiKey {serial} is missing"),
        },
        match copy {
            Some(_) => {
                "If the issuer files were published since, have the cache emptied; otherwise publish them."
                    .to_owned()
            }
            None => {
                format!("Add the enrollment of this YubiKey to {VOUCH_ISSUER_BUILD} and publish the result.")
            }
        },
    ))
}

fn unexpected(url: &str, key: &Value, complete: bool) -> Finding {
    let name = name(key);
    if complete {
        return Finding::problem(
            "extra-key",
            url,
            format!("there is a key that no given enrollment has: `{name}`"),
            format!(
                "Whoever has it can sign in the user's name. Give its enrollment too if it is a spare; otherwise publish the file of {VOUCH_ISSUER_BUILD} again, and find out who added it."
            ),
        );
    }
    Finding::warning(
        "extra-key",
        url,
        format!("there is a key that is not enrolled on this machine: `{name}`"),
        "If it is not a spare of yours, tell your administrator at once: whoever has it can sign in your name.",
    )
}
