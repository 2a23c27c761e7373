//! `.netrc`: pip and uv take what it says for a host before they ask `keyring` (their documentation).

use std::fs;
use std::path::PathBuf;

use super::folders;
use crate::clients::inspect;
use crate::environment;
use crate::finding::Finding;

/// What the person's file says for the host of a URL.
pub(super) fn look(url: &str) -> Option<Finding> {
    let host = url::Url::parse(url).ok()?.host_str()?.to_owned();
    let files = match environment::variable("NETRC") {
        Some(file) => vec![PathBuf::from(file)],
        // Python's requests knows both names.
        None => {
            folders::home().map(|home| vec![home.join(".netrc"), home.join("_netrc")]).unwrap_or_default()
        }
    };
    let (file, text) =
        files.into_iter().find_map(|file| Some((file.clone(), fs::read_to_string(file).ok()?)))?;
    let what = machine(&text, &host)?;
    Some(inspect::shadow(format!(
        "`{}` has a credential for {what}: the client sends that and does not ask Vouch",
        file.display()
    )))
}

/// The entry that serves a host.
fn machine(text: &str, host: &str) -> Option<String> {
    let lines = text.lines().map(|line| line.split(" #").next().unwrap_or_default());
    let mut words = lines.filter(|line| !line.trim_start().starts_with('#')).flat_map(str::split_whitespace);
    while let Some(word) = words.next() {
        match word {
            "machine" if words.next().is_some_and(|name| name.eq_ignore_ascii_case(host)) => {
                return Some(host.to_owned());
            }
            "default" => return Some("every host (`default`)".into()),
            // A password may read like a word of the file.
            "login" | "password" | "account" => drop(words.next()),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_that_serves_a_host_is_found() {
        for (text, wanted) in [
            ("machine a.example login me password x", Some("a.example")),
            ("machine b.example\n  login me\n  password x\nmachine A.EXAMPLE login me", Some("a.example")),
            ("default login me password x", Some("every host (`default`)")),
            ("machine b.example login machine password default", None),
            ("# machine a.example", None),
            ("", None),
        ] {
            assert_eq!(machine(text, "a.example").as_deref(), wanted, "{text}");
        }
    }
}
