//! HTTPS, for AWS and for public documents: roots, proxies, one connection a host, every answer within a limit.

mod client;
mod connect;
mod error;
mod fetch;
pub(crate) mod local;
#[cfg(test)]
pub(crate) mod loopback;
mod proxy;
mod roots;

use sha2::{Digest, Sha256};

use crate::env;
use crate::home;
pub(crate) use client::Http;
pub use error::HttpError;
pub use fetch::{FetchedDocument, Fetcher};
pub use proxy::NamedProxy;
pub use roots::Roots;

/// Tells apart environments in which an exchange can end differently: by the hash of what names proxies and roots.
pub(crate) fn network_fingerprint() -> String {
    let variables = proxy::VARIABLES.into_iter().chain(proxy::EXCEPTIONS).chain(roots::VARIABLES);
    let mut digest = Sha256::new();
    for (name, value) in variables.filter_map(|name| Some((name, env::var_os(name)?))) {
        digest.update(name);
        digest.update(value.as_encoded_bytes());
        digest.update([0]);
    }
    home::hex(&digest.finalize(), 16)
}

#[cfg(test)]
mod tests;
