//! Every rule of the services, driven in memory: what is accepted, and how each refusal looks.
//! `RULES.md` says where each rule comes from.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail as loudly as the tests"
)]

mod cargo_registry;
mod codeartifact;
mod config;
mod foreign_registry;
mod issuer;
mod maven_registry;
mod metadata;
mod npm_registry;
mod pypi_registry;
mod rules_file;
mod sigv4;
mod sts;
mod sts_keys;
mod sts_token;
mod support;
mod world;
