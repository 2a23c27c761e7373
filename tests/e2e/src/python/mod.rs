//! Python clients with a home of their own, private packages for them, and the number of times that they start a helper.

mod client;
mod package;
mod reader;

pub use client::{Client, installed, site_packages};
pub use package::{FIVE, Package, five_packages, upload, upload_to, wheel_of_installed};
pub use reader::Reader;

/// The host of the default world's first domain.
pub const HOST: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";

/// The index of a repository of `my-domain`; `user` is empty or ends in `@`.
pub fn index(user: &str, repository: &str) -> String {
    format!("https://{user}{HOST}/pypi/{repository}/simple/")
}

/// Where packages are uploaded to.
pub fn publish_url(repository: &str) -> String {
    format!("https://{HOST}/pypi/{repository}/")
}
