//! What package managers say to helpers: Cargo on a pipe, the others as arguments of `keyring`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use cargo_credential::{Action, Credential, CredentialResponse, Error, RegistryInfo};
use vouch_core::endpoint::{Asker, domain_of_url};

#[path = "../../../pip-keyring-vouch/src/arguments.rs"]
#[allow(dead_code, unreachable_pub, reason = "it is a helper's")]
mod arguments;
#[path = "../../../cargo-credential-vouch/src/protocol.rs"]
#[allow(dead_code, unreachable_pub, reason = "it is a helper's")]
mod protocol;

/// Answers as the provider does up to the URL.
struct Provider;

impl Credential for Provider {
    fn perform(
        &self,
        registry: &RegistryInfo<'_>,
        _action: &Action<'_>,
        _args: &[&str],
    ) -> Result<CredentialResponse, Error> {
        let _ = domain_of_url(registry.index_url, Asker::default());
        Err(Error::UrlNotSupported)
    }
}

/// One line is one answer.
pub fn cargo_requests(data: &[u8]) {
    for line in data.split(|byte| *byte == b'\n') {
        let answer = protocol::answer(line, &Provider);
        let text = serde_json::to_string(&answer).expect("an answer can be written");
        assert!(!text.contains('\n'));
    }
}

/// Words are parted by zeros.
pub fn keyring_arguments(data: &[u8]) {
    let words = data.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_vec()));
    let words: Vec<OsString> = words.collect();
    match arguments::parse(&words) {
        Ok(arguments::Request::Get { service, .. }) => {
            let _ = domain_of_url(&service, Asker::default());
        }
        Ok(_) => {}
        Err(wrong) => assert!(!wrong.to_string().is_empty()),
    }
}
