//! Secrets in the log of a job on GitHub: the runner hides what it was told of, so it is told before anybody else.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded::byte_serialize;
use vouch_core::Secret;
use vouch_core::session::{Session, Source};
use zeroize::Zeroizing;

/// Whether the job's log is one to keep secrets out of.
///
/// The session says it, sealed at login: a variable could make a laptop print its secrets.
#[derive(Debug, Clone, Copy)]
pub struct Mask {
    is_github: bool,
}

impl Mask {
    /// Asked before a secret is fetched: what cannot be hidden is not handed out.
    pub fn of(session: &Session) -> Self {
        Self { is_github: matches!(session.source, Source::GithubActions { .. }) }
    }

    /// Has a runner of GitHub's hide these, in each form in which a client shows them.
    pub fn hide(&self, secrets: &[&Secret<String>]) {
        if !self.is_github {
            return;
        }
        let mut stderr = io::stderr().lock();
        for form in secrets.iter().flat_map(|secret| forms(secret.expose())) {
            // Where stderr is closed, nothing of the command gets into the log by it.
            let _ = writeln!(stderr, "::add-mask::{}", *form);
        }
    }
}

/// As it is, in a URL, and as the password of HTTP Basic for the user that CodeArtifact documents.
fn forms(secret: &str) -> Vec<Zeroizing<String>> {
    let mut forms = vec![Zeroizing::new(secret.to_owned())];
    let encoded = Zeroizing::new(byte_serialize(secret.as_bytes()).collect::<String>());
    if *encoded != secret {
        forms.push(encoded);
    }
    let pair = Zeroizing::new(format!("aws:{secret}"));
    forms.push(Zeroizing::new(STANDARD.encode(pair.as_bytes())));
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_in_each_form() {
        let told: Vec<String> = forms("a/b+c=").iter().map(|form| form.to_string()).collect();
        assert_eq!(told, ["a/b+c=", "a%2Fb%2Bc%3D", "YXdzOmEvYitjPQ=="]);
        assert_eq!(forms("abc").len(), 2);
    }
}
