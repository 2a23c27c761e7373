//! Index URLs, compared and told apart.

use vouch_core::config::Registration;
use vouch_core::endpoint::USER;
use vouch_core::endpoint::{Asker, domain_of_url, shown as without_user};

use crate::client::SetupRequest;
pub(super) use crate::text::redact::shown_url as shown;

/// The index of a repository, which is what installers want.
pub(super) fn index(registration: &Registration) -> String {
    format!("{}simple/", registration.endpoint)
}

/// The same with the user name that pip needs.
pub(super) fn index_with_user(registration: &Registration) -> String {
    index(registration).replacen("://", &format!("://{USER}@"), 1)
}

/// The host of a URL without user name and password.
pub(super) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#', ':']).next().unwrap_or_default()
}

/// Whether both name one index, whoever asks. One in which it is not certain what the host is, is shown as no other is.
pub(super) fn same(one: &str, other: &str) -> bool {
    let plain = |url: &str| without_user(url).trim_end_matches('/').to_owned();
    plain(one) == plain(other)
}

/// Whether a URL is on the host of a repository, and names no user: some clients then ask nobody for a password.
pub(super) fn is_without_user(url: &str, registration: &Registration) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.trim_end_matches(":443").eq_ignore_ascii_case(host(&registration.endpoint))
}

/// Whether ours may take the place of an index: PyPI, another of CodeArtifact (what `aws codeartifact login` writes has
/// a token in it), or one that an earlier setup wrote.
pub(super) fn gives_way(there: &str, wanted: &SetupRequest<'_>) -> bool {
    let there = without_user(there);
    let known = &wanted.config.codeartifact.registrations;
    let plain = there.trim_end_matches('/');
    matches!(
        plain,
        "https://pypi.org/simple" | "https://pypi.python.org/simple" | "https://upload.pypi.org/legacy"
    ) || domain_of_url(&there, Asker::default()).is_ok()
        || known.iter().any(|known| same(&there, &known.endpoint) || same(&there, &index(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_on_our_host_without_a_user() {
        let registration = serde_json::from_value(serde_json::json!({
            "tool": "uv", "repository": "my-repo", "profile": "default", "endpoint": "https://h.example/pypi/my-repo/"
        }))
        .unwrap();
        for (url, expected) in [
            ("https://h.example/pypi/r/simple/", true),
            ("https://H.example:443/pypi/other/simple", true),
            ("https://aws@h.example/pypi/r/simple/", false),
            ("https://h.example.evil/pypi/r/simple/", false),
            ("https://else.example/h.example/", false),
            ("./wheels", false),
        ] {
            assert_eq!(is_without_user(url, &registration), expected, "{url}");
        }
    }

    #[test]
    fn user_information_does_not_count() {
        assert!(same("https://aws:hunter2@x/simple", "https://x/simple/"));
        assert!(!same("https://x/simple", "https://x/other"));
        assert!(!same("https://x/a@b", "https://b"));
        assert!(!same("https://x\\@y/simple", "https://y/simple"));
    }
}
