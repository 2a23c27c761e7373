//! What a client takes before it asks `keyring`, or before the file that setup writes: then the person is told, as
//! otherwise an old password looks like a Vouch that does not work. All of it measured.

use std::path::{Path, PathBuf};

use toml_edit::Item;
use vouch_core::config::Registration;
use vouch_core::env;
use vouch_core::files;

use super::{folders, url};
use crate::text::document;

/// Those variables that are set, of some that go before the file.
pub(super) fn variables<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let set = names.into_iter().filter(|name| env::var(name).is_some());
    set.map(|name| format!("{name} is set and goes before this file")).collect()
}

/// A name as it stands within a variable of poetry's or uv's.
pub(super) fn upper(name: &str) -> String {
    name.to_ascii_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

/// A password for the repository's host in `~/.netrc`, which uv sends without asking anybody. pip, with a user in the URL,
/// poetry and pdm ask all the same.
pub(super) fn netrc(registration: &Registration) -> Option<String> {
    let file = match env::var("NETRC") {
        Some(file) => PathBuf::from(file),
        None => folders::home().ok()?.join(if cfg!(windows) { "_netrc" } else { ".netrc" }),
    };
    let text = files::read_text(&file).ok()?;
    has_login(&text, url::host(&registration.endpoint)).then(|| {
        format!(
            "`{}` has a password for this host: uv sends that instead of asking Vouch; remove it",
            file.display()
        )
    })
}

fn has_login(netrc: &str, host: &str) -> bool {
    let lines = netrc.lines().filter(|line| !line.trim_start().starts_with('#'));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    words.first() == Some(&"default")
        || words.windows(2).any(|pair| {
            let [word, next] = pair else { return false };
            (*word == "machine" && next.eq_ignore_ascii_case(host))
                || (*next == "default" && !matches!(*word, "machine" | "login" | "account" | "password"))
        })
}

/// The value at a path of keys in a TOML file that a client reads besides the one that is edited.
pub(super) fn value_in(file: &Path, path: &[&str]) -> Option<String> {
    let document = document::in_file(file)?;
    let item = path.iter().try_fold(document.as_item(), |item, key| item.get(key))?;
    match item {
        Item::Value(value) => Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_of_netrc() {
        for (text, expected) in [
            ("machine x.example\nlogin aws\npassword p\n", true),
            ("machine other\nlogin a password b\nmachine X.example login c password d", true),
            ("default login a password b", true),
            ("machine other login a password b\ndefault login a password b", true),
            ("", false),
            ("machine other login x.example password default", false),
            ("machine x.example.evil login a password b", false),
            ("# machine x.example login a password b\n", false),
        ] {
            assert_eq!(has_login(text, "x.example"), expected, "{text:?}");
        }
    }

    #[test]
    fn names_in_variables() {
        assert_eq!(upper("my-pypi_repo2"), "MY_PYPI_REPO2");
    }

    #[test]
    fn values_in_other_files() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("auth.toml");
        std::fs::write(&file, "[http-basic.x]\npassword = \"p\"\n[pypi-token]\ny = 1\n").unwrap();
        assert_eq!(value_in(&file, &["http-basic", "x", "password"]), Some("p".into()));
        assert_eq!(
            value_in(&file, &["pypi-token", "y"]).map(|value| value.trim().to_owned()),
            Some("1".into())
        );
        assert_eq!(value_in(&file, &["http-basic", "x"]), None);
        assert_eq!(value_in(&file, &["http-basic", "y", "password"]), None);
        std::fs::write(&file, "[").unwrap();
        assert_eq!(value_in(&file, &["pypi-token"]), None);
        assert_eq!(value_in(&dir.path().join("none"), &["x"]), None);
    }
}
