//! Every rule of the services, driven in memory: what is accepted, and how each refusal looks.
//! `RULES.md` says where each rule comes from.

mod cargo_registry;
mod codeartifact;
mod config;
mod foreign_registry;
mod issuer;
mod sigv4;
mod sts;
mod sts_keys;
mod sts_token;
mod support;
mod world;
