//! Files of package managers that are edited and shown.

use vouch_clients::text::npmrc::{BareValue, Npmrc};
use vouch_clients::text::redact::{Dialect, shown, shown_program, shown_url, shown_value};

const DIALECTS: [Dialect; 6] =
    [Dialect::NpmIni, Dialect::Ini, Dialect::Toml, Dialect::Yaml, Dialect::Xml, Dialect::Code];

/// The first byte is the dialect; a zero parts what a file said before from what it says.
pub fn texts(data: &[u8]) {
    let Some((dialect, rest)) = data.split_first() else { return };
    npmrc(rest);
    let text = String::from_utf8_lossy(rest);
    let (before, after) = text.split_once('\0').unwrap_or(("", &text));
    let dialect = DIALECTS[usize::from(*dialect) % DIALECTS.len()];
    let _ = shown(dialect, before, after);
    let _ = (shown_url(before), shown_value(before, after), shown_program(after));
}

/// What is not edited stays, and what was set is read.
fn npmrc(bytes: &[u8]) {
    const KEY: &str = "//h/:_authToken";
    let mut npmrc = Npmrc::parse(bytes);
    assert_eq!(npmrc.to_bytes(), bytes);
    npmrc.set(KEY, BareValue::new("TOKEN").expect("a plain value"));
    assert_eq!(npmrc.value(KEY).as_deref(), Some("TOKEN"));
    let again = Npmrc::parse(&npmrc.to_bytes());
    assert_eq!(again.value(KEY).as_deref(), Some("TOKEN"));
    npmrc.remove(KEY);
    assert_eq!(npmrc.value(KEY), None);
}
