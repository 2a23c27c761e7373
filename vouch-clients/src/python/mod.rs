//! pip, uv, twine, poetry and pdm, as clients to set up. Facts: the documentation and source of each, and measurements
//! with pip 23.0 to 26.3, uv 0.9 and 0.13, twine 7, poetry 2.5 and pdm 2.29.
//!
//! No token is ever written: each client asks `keyring`, and that is [`keyring`]'s to arrange.

mod folders;
mod inspect;
mod keyring;
mod overrides;
mod pdm;
mod pip;
mod poetry;
mod toml;
mod twine;
mod url;
mod uv;
mod uv_project;
mod wheel;

pub use inspect::inspector;
pub use pdm::Pdm;
pub(crate) use pdm::is_extra;
pub use pip::Pip;
pub use poetry::Poetry;
pub use twine::Twine;
pub use uv::Uv;

use vouch_core::config::Registration;
use vouch_core::{ErrorKind, Failure};

/// What stands in the way of an index of ours, and whose it is.
fn occupied(place: &str, file: &std::path::Path, there: &str, hint: &str) -> Failure {
    Failure::configuration(
        format!("`{}`: {place} is {} already", file.display(), url::shown(there)),
        format!("{hint}; nothing was changed."),
    )
}

/// The name of a registration, if every one of these clients takes it for an index.
fn name(registration: &Registration) -> Result<&str, Failure> {
    let name = registration.name.as_deref().unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !name.is_empty() && name.bytes().all(plain) && name.bytes().next() != Some(b'-') {
        return Ok(name);
    }
    Err(Failure::new(
        ErrorKind::Usage,
        format!("`{name}` cannot be the name of an index: letters, digits, `-` and `_` are taken"),
        "Give it another name with `--registry NAME`.",
    ))
}

/// A file's text with what may be secret in it blanked: passwords in URLs, and lines that name one.
fn without_secrets(text: &str) -> String {
    text.split_inclusive('\n').map(blanked).collect()
}

fn blanked(line: &str) -> String {
    let key = line.split(['=', ':']).next().unwrap_or_default().to_ascii_lowercase();
    if let Some(at) = line.find(['=', ':'])
        && ["password", "token", "secret"].iter().any(|word| key.contains(word))
    {
        let end = line.get(line.trim_end().len()..).unwrap_or_default();
        return format!("{} [redacted]{end}", line.get(..=at).unwrap_or_default());
    }
    let mut shown = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("://") {
        let authority =
            after.split(['/', '?', '#', '"', '\'', ' ', '\t', '\r', '\n']).next().unwrap_or_default();
        shown.push_str(before);
        shown.push_str("://");
        rest = after;
        if let Some((userinfo, _)) = authority.rsplit_once('@') {
            let user = userinfo.split(':').next().unwrap_or_default();
            shown.push_str(user);
            if userinfo.len() > user.len() {
                shown.push_str(":[redacted]");
            }
            rest = after.get(userinfo.len()..).unwrap_or_default();
        }
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_blanked_and_nothing_else() {
        for (text, shown) in [
            (
                "index-url = https://aws:hunter2@x/simple/\r\n",
                "index-url = https://aws:[redacted]@x/simple/\r\n",
            ),
            (
                "  https://a:hunter2@x/ https://b:hunter2@y/\n",
                "  https://a:[redacted]@x/ https://b:[redacted]@y/\n",
            ),
            ("url = \"https://aws@x/\"", "url = \"https://aws@x/\""),
            ("password: hunter2\n", "password: [redacted]\n"),
            ("token=hunter2", "token= [redacted]"),
            ("# a comment: x@y\n[global]\n", "# a comment: x@y\n[global]\n"),
            ("x = http://x/a@b", "x = http://x/a@b"),
        ] {
            assert_eq!(without_secrets(text), shown);
        }
    }
}
