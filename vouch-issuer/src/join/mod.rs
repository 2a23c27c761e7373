//! The join file: what a team publishes next to its issuers, so that `vouch join` can set a user up.
//!
//! Whoever writes to its host chooses whose packages a laptop builds, so the file can say little: names of AWS that are put
//! together by rules of ours. It has no path, no command, and no host that could get a token.

mod address;
mod error;
mod file;
mod page;
mod pattern;
mod team;
mod values;

pub use address::{Digest, JoinAddress};
pub use error::JoinError;
pub use file::{AwsEntry, DomainEntry, JoinFile, Personal, Repositories};
pub use page::{MARK, page};
pub use pattern::{IssuerPattern, RolePattern, SUBJECT};
pub use values::{ProfileName, QuestionsUrl, RepositoryList, Table};

/// The most bytes of a join file.
pub const LIMIT: usize = 64 * 1024;

/// The schema that this version reads and writes.
pub const VERSION: u64 = 1;

/// Where the file is, below the root of the web host.
pub const FILE: &str = "vouch.json";

/// Where the page for people is, below the root of the web host.
pub const PAGE: &str = "index.html";

#[cfg(test)]
mod tests;
