//! AWS, an issuer host and package registries in one process, as strict as the real ones.
//!
//! [`world::World`] answers requests in memory. `tests/sandbox/RULES.md` lists every rule it enforces,
//! where the rule comes from, and the test that shows the refusal.

pub mod http;
pub mod services;
pub mod world;
