//! What anybody may hand to Vouch, each kind as a function that takes any bytes and panics where Vouch would do wrong.
//!
//! `make test` runs them over the seeds and over everything that ever broke one; `make fuzz` has libFuzzer make up more.

mod aws_files;
mod helpers;
mod home;
mod issuers;
mod projects;
mod texts;
mod urls;

pub use aws_files::aws_config;
pub use helpers::{cargo_requests, keyring_arguments};
pub use home::{config, journal, vault};
pub use issuers::{attestations, enrollments, issuer_documents};
pub use projects::projects;
pub use texts::texts;
pub use urls::urls;

/// A function over any bytes.
pub type Target = fn(&[u8]);

/// All of them by their names, which the folders of seeds have, too.
pub const TARGETS: [(&str, Target); 12] = [
    ("attestations", attestations),
    ("aws_config", aws_config),
    ("cargo_requests", cargo_requests),
    ("config", config),
    ("enrollments", enrollments),
    ("issuer_documents", issuer_documents),
    ("journal", journal),
    ("keyring_arguments", keyring_arguments),
    ("projects", projects),
    ("texts", texts),
    ("urls", urls),
    ("vault", vault),
];
