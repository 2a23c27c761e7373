//! AWS, an issuer host and package registries on loopback, as strict as the real ones.
//!
//! [`world::World`] answers requests in memory. `tests/sandbox/RULES.md` lists every rule it enforces,
//! where the rule comes from, and the test that shows the refusal.

pub mod http;
pub mod services;
pub mod world;

#[cfg(target_os = "linux")]
pub mod environment;
#[cfg(target_os = "linux")]
pub mod fault;
#[cfg(target_os = "linux")]
pub mod journal;
#[cfg(target_os = "linux")]
pub mod namespace;
#[cfg(target_os = "linux")]
pub mod pace;
#[cfg(target_os = "linux")]
pub mod payload;
#[cfg(target_os = "linux")]
pub mod proxy;
#[cfg(target_os = "linux")]
pub mod reader;
#[cfg(target_os = "linux")]
pub mod reaper;
#[cfg(target_os = "linux")]
pub mod server;
#[cfg(target_os = "linux")]
pub mod signals;
#[cfg(target_os = "linux")]
pub mod tls;
