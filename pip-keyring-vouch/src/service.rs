//! What stands in the place of keyring's service: a URL, a host, or any other name.

use vouch_core::endpoint::{EndpointError, domain_of_url};

/// The only user that CodeArtifact's Basic authentication knows (CodeArtifact user guide, "Using CodeArtifact with pip").
pub(crate) const USER: &str = "aws";

/// A service, by what may be answered for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Service {
    /// A URL: what it is worth is for the configuration to say.
    Url {
        url: String,
        /// The user name in it, which is not in `url` any more.
        user: Option<String>,
        /// Clients ask with the host alone after they were refused with the whole URL, and the reason was told then.
        retry: bool,
    },
    /// The host of a CodeArtifact domain without a scheme: the client may send what it gets over plain http.
    Host,
    /// Some other name.
    Foreign,
}

impl Service {
    /// Reads what a client gave.
    pub(crate) fn read(text: &str) -> Self {
        if text.contains("://") {
            let (url, user) = split_user(text);
            let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
            let retry = path.is_none_or(|(_, path)| path.trim_matches('/').is_empty());
            return Self::Url { url, user, retry };
        }
        // No name of a host has any of these, and a longer one (RFC 1035) is none, either.
        if text.len() > 300 || text.contains(['/', '\\', '?', '#']) {
            return Self::Foreign;
        }
        match domain_of_url(&format!("https://{text}/")) {
            Err(EndpointError::Foreign(_)) => Self::Foreign,
            // With a port or a user name it is still that host.
            Ok(_) | Err(_) => Self::Host,
        }
    }
}

/// The URL without its user name, and that. What else is before the host is for the endpoint to refuse.
fn split_user(url: &str) -> (String, Option<String>) {
    let plain = |user: &str| {
        !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let split = url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?)));
    match split {
        Some((scheme, (user, rest))) if plain(user) => (format!("{scheme}://{rest}"), Some(user.to_owned())),
        _ => (url.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOST: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";

    #[test]
    fn urls_hosts_and_other_names() {
        let with = |user: Option<&str>, url: &str, retry| Service::Url {
            url: url.replace("HOST", HOST),
            user: user.map(str::to_owned),
            retry,
        };
        let url = |address: &str, retry| with(None, address, retry);
        for (text, expected) in [
            ("https://HOST/pypi/r/simple/", url("https://HOST/pypi/r/simple/", false)),
            ("https://HOST/pypi/r", url("https://HOST/pypi/r", false)),
            ("https://aws@HOST/pypi/r/", with(Some("aws"), "https://HOST/pypi/r/", false)),
            ("https://aws:x@HOST/pypi/r/", url("https://aws:x@HOST/pypi/r/", false)),
            ("https://bob@HOST/pypi/r/", with(Some("bob"), "https://HOST/pypi/r/", false)),
            ("https://%61ws@HOST/pypi/r/", url("https://%61ws@HOST/pypi/r/", false)),
            ("https://@HOST/pypi/r/", url("https://@HOST/pypi/r/", false)),
            ("https://aws@x@HOST/pypi/r/", with(Some("aws"), "https://x@HOST/pypi/r/", false)),
            ("https://HOST", url("https://HOST", true)),
            ("https://HOST/", url("https://HOST/", true)),
            ("https://HOST:443", url("https://HOST:443", true)),
            ("HOST", Service::Host),
            ("HOST:443", Service::Host),
            ("aws@HOST", Service::Host),
            ("HOST/pypi/r/", Service::Foreign),
            ("pypi.org", Service::Foreign),
            ("[::1]:443", Service::Foreign),
            ("::1", Service::Foreign),
            ("localhost", Service::Foreign),
            ("poetry-repository-x", Service::Foreign),
            ("python-poetry-check", Service::Foreign),
            ("", Service::Foreign),
            (" ", Service::Foreign),
            ("evil.example#HOST", Service::Foreign),
            ("evil.example/.HOST", Service::Foreign),
        ] {
            assert_eq!(Service::read(&text.replace("HOST", HOST)), expected, "{text}");
        }
        assert_eq!(Service::read(&"a".repeat(1 << 20)), Service::Foreign);
    }

    proptest! {
        /// Whatever is around it, only the bare host is one.
        #[test]
        fn look_alikes_are_no_host(before in "[a-z.]{0,5}", after in "(\\.[a-z]{1,5})?") {
            let text = format!("{before}.{HOST}{after}");
            prop_assert_eq!(Service::read(&text), Service::Foreign);
        }

        #[test]
        fn nothing_panics(text in "\\PC*(://)?\\PC*@?\\PC*") {
            let _ = Service::read(&text);
        }
    }
}
