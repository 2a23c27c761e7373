//! URLs that a client, a project or a lock names.

use vouch_core::endpoint::{Asker, Endpoint, domain_of_url, shown};

/// What is taken for CodeArtifact's is so, letter by letter, and what is shown can be shown.
pub fn urls(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for asker in [Asker::default(), Asker::NPM] {
        let Ok((domain, _)) = domain_of_url(text, asker) else { continue };
        let host = Endpoint::host_of(&domain);
        let dualstack = host.replace(".amazonaws.com", ".on.aws");
        let lower = text.to_ascii_lowercase();
        let rest = lower.split_once("://").map(|(_, rest)| rest).expect("it has a scheme");
        let authority = rest.split('/').next().unwrap_or_default();
        let named = authority.rsplit('@').next().unwrap_or_default().trim_end_matches(":443");
        assert!(named == host || named.contains(&domain.name.to_string()), "{text}: {host} {dualstack}");
        assert!(!authority.contains(['\\', '%', ' ']), "{text}");
    }
    if let Ok(endpoint) = text.parse::<Endpoint>() {
        let again: Endpoint = endpoint.url().parse().expect("what it is written as can be read");
        assert_eq!(again.url(), endpoint.url());
    }
    let shown = shown(text);
    assert!(!shown.contains(|c: char| c.is_control()), "{shown:?}");
}
