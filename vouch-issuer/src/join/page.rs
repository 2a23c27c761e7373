//! The page that a new user opens from a chat message: plain HTML and CSS, without a script, and with nothing to load from
//! anywhere. It names no user and no key.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use vouch_core::hint::JOIN;

use super::address::JoinAddress;
use super::file::JoinFile;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

/// What only our own pages say: another page is not overwritten.
pub const MARK: &str = r#"<meta name="generator" content="vouch issuer build --team">"#;

/// The page for the users of a join file that is at `address`.
pub fn page(file: &JoinFile, address: &JoinAddress) -> Vec<u8> {
    let questions = match file.questions() {
        Some(url) => {
            let url = escaped(url.as_str());
            format!("Ask at <a href=\"{url}\" rel=\"noopener noreferrer\">{url}</a>.")
        }
        None => "Ask the sender of this page.".to_owned(),
    };
    let values = [
        ("STYLE-HASH", STANDARD.encode(Sha256::digest(STYLE))),
        ("STYLE", STYLE.to_owned()),
        ("HOST", escaped(address.host())),
        ("COMMAND", escaped(&JOIN.fill("URL", address.url()).command())),
        ("ROWS", rows(file)),
        ("QUESTIONS", questions),
    ];
    filled(&values).into_bytes()
}

/// The template with its places filled, each once: a value is never looked at for places.
fn filled(values: &[(&str, String)]) -> String {
    let mut page = String::new();
    let mut rest = TEMPLATE;
    while let Some((before, name, after)) = next_place(rest) {
        page.push_str(before);
        let value = values.iter().find(|(known, _)| *known == name);
        page.push_str(value.map_or("", |(_, value)| value));
        rest = after;
    }
    page + rest
}

fn next_place(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('@')?;
    let (name, after) = rest.split_once('@')?;
    Some((before, name, after))
}

fn rows(file: &JoinFile) -> String {
    let mut rows = String::new();
    for (_, entry) in file.codeartifact().iter() {
        let domain = escaped(&entry.domain().to_string());
        for (format, names) in entry.repositories.iter() {
            for name in names {
                // Writing into a string does not fail.
                let _ = writeln!(
                    rows,
                    "<tr><td><code>{}</code></td><td>{}</td><td>{domain}</td></tr>",
                    escaped(name.as_str()),
                    escaped(format.as_str())
                );
            }
        }
    }
    if rows.is_empty() {
        rows.push_str(
            "<tr><td colspan=\"3\">Your administrator tells you which repositories there are.</td></tr>\n",
        );
    }
    rows
}

/// A text in HTML, inside of an element or of a quoted attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            c => shown.push(c),
        }
    }
    shown
}
