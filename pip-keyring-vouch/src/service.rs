//! What stands in the place of keyring's service: a URL, a host, or any other name.

use vouch_core::endpoint::{Asker, EndpointError, domain_of_url};

/// A service, by what may be answered for it. Whose URL it is, and whether it may get a token, is for vouch-core to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Service {
    Url {
        /// Clients ask with the host alone after they were refused with the whole URL, and the reason was told then.
        retry: bool,
    },
    /// The host of a CodeArtifact domain without a scheme: the client may send what it gets over plain http.
    Host,
    /// Some other name.
    NotCodeArtifact,
}

impl Service {
    /// Reads what a client gave.
    pub(crate) fn read(text: &str) -> Self {
        if let Some((_, rest)) = text.split_once("://") {
            let path = rest.split_once('/');
            return Self::Url { retry: path.is_none_or(|(_, path)| path.trim_matches('/').is_empty()) };
        }
        // No name of a host has any of these, and a longer one (RFC 1035) is none, either.
        if text.len() > 300 || text.contains(['/', '\\', '?', '#']) {
            return Self::NotCodeArtifact;
        }
        match domain_of_url(&format!("https://{text}/"), Asker::KEYRING) {
            Err(EndpointError::NotCodeArtifact(_)) => Self::NotCodeArtifact,
            // With a port or a user name it is still that host.
            Ok(_) | Err(_) => Self::Host,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOST: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";

    #[test]
    fn urls_hosts_and_other_names() {
        for (text, expected) in [
            ("https://HOST/pypi/r/simple/", Service::Url { retry: false }),
            ("https://aws:x@HOST/pypi/r", Service::Url { retry: false }),
            ("https://pypi.org/simple/", Service::Url { retry: false }),
            ("https://HOST", Service::Url { retry: true }),
            ("https://aws@HOST/", Service::Url { retry: true }),
            ("https://HOST:443", Service::Url { retry: true }),
            ("HOST", Service::Host),
            ("HOST:443", Service::Host),
            ("aws@HOST", Service::Host),
            ("bob:x@HOST", Service::Host),
            ("HOST:8443", Service::Host),
            ("HOST\\@evil.example", Service::NotCodeArtifact),
            ("HOST/pypi/r/", Service::NotCodeArtifact),
            ("pypi.org", Service::NotCodeArtifact),
            ("[::1]:443", Service::NotCodeArtifact),
            ("::1", Service::NotCodeArtifact),
            ("localhost", Service::NotCodeArtifact),
            ("poetry-repository-x", Service::NotCodeArtifact),
            ("python-poetry-check", Service::NotCodeArtifact),
            ("", Service::NotCodeArtifact),
            (" ", Service::NotCodeArtifact),
            ("evil.example#HOST", Service::NotCodeArtifact),
            ("evil.example/.HOST", Service::NotCodeArtifact),
        ] {
            assert_eq!(Service::read(&text.replace("HOST", HOST)), expected, "{text}");
        }
        assert_eq!(Service::read(&"a".repeat(1 << 20)), Service::NotCodeArtifact);
    }

    proptest! {
        /// Whatever is around it, only the bare host is one.
        #[test]
        fn look_alikes_are_no_host(before in "[a-z.]{0,5}", after in "(\\.[a-z]{1,5})?") {
            let text = format!("{before}.{HOST}{after}");
            prop_assert_eq!(Service::read(&text), Service::NotCodeArtifact);
        }

        #[test]
        fn nothing_panics(text in "\\PC*(://)?\\PC*@?\\PC*") {
            let _ = Service::read(&text);
        }
    }
}
