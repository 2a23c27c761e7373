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
    fn user_information_does_not_count() {
        assert!(same("https://aws:hunter2@x/simple", "https://x/simple/"));
        assert!(!same("https://x/simple", "https://x/other"));
        assert!(!same("https://x/a@b", "https://b"));
        assert!(!same("https://x\\@y/simple", "https://y/simple"));
    }
}
