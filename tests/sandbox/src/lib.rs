//! AWS, an issuer host and package registries on loopback, as strict as the real ones.
//!
//! `vouch-sandbox run` gives one command a private view of the machine (mounts, network, process tree), in which
//! the real host names lead to this program: clients that know nothing of it talk to [`world`] through their own
//! TLS and, with `--proxy`, through a proxy. `vouch-sandbox ctl` changes the world while the command runs.
//!
//! | module | what |
//! |---|---|
//! | [`cli`], [`run`], [`inside`], [`namespace`], [`environment`], [`signals`], [`reaper`] | the private view and the command in it |
//! | [`server`], [`metadata`], [`tls`], [`pace`], [`payload`], [`proxy`] | connections |
//! | [`fault`], [`control`], [`ctl`], [`journal`] | changing and watching |
//! | [`reader`] | pcscd and the virtual YubiKeys |
//! | [`http`], [`world`], [`services`] | what the services see and do; `RULES.md` lists every rule, where it comes from, and the test that shows the refusal |

pub mod http;
pub mod services;
pub mod world;

#[cfg(target_os = "linux")]
pub mod cli;
#[cfg(target_os = "linux")]
pub mod control;
#[cfg(target_os = "linux")]
pub mod ctl;
#[cfg(target_os = "linux")]
pub mod environment;
#[cfg(target_os = "linux")]
pub mod fault;
#[cfg(target_os = "linux")]
pub mod inside;
#[cfg(target_os = "linux")]
pub mod journal;
#[cfg(target_os = "linux")]
pub mod metadata;
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
pub mod run;
#[cfg(target_os = "linux")]
pub mod server;
#[cfg(target_os = "linux")]
pub mod signals;
#[cfg(target_os = "linux")]
pub mod tls;
