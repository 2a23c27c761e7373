//! npm, pnpm, yarn and bun, as clients to set up. Facts: the documentation of each and measurements with npm 8 to 12,
//! pnpm 10 to 12, yarn 1.22 and 4, bun 1.4.
//!
//! No package manager's own `config set` is called: npm's takes every comment out, fails in workspaces, and is not there
//! in containers.

pub mod inspect;
pub mod npm;
mod npmrc;
mod pnpm;
mod pnpm_env;
pub(crate) mod project;
mod tokens;
pub(crate) mod workspace;
mod yarn;

use std::path::{Path, PathBuf};

use vouch_core::Failure;
use vouch_core::config::Registration;

use crate::cargo;
use crate::client::is_corrected;
pub use npmrc::NpmrcClient;
pub use pnpm::Pnpm;
pub use tokens::{Refreshed, refresh, renew};
pub use yarn::Yarn;

/// The user's `.npmrc`: `--npmrc`, else what npm's variable names in any case, else the one in the home folder.
pub(crate) fn user_npmrc(given: Option<&Path>) -> Result<PathBuf, Failure> {
    let named = || {
        let mut variables = vouch_core::env::vars_os();
        let is_it = |name: &std::ffi::OsStr| name.eq_ignore_ascii_case("npm_config_userconfig");
        variables
            .find(|(name, value)| is_it(name) && !value.is_empty())
            .map(|(_, value)| PathBuf::from(value))
    };
    let path = match given.map(Path::to_owned).or_else(named) {
        Some(path) => path,
        None => home()?.join(".npmrc"),
    };
    std::path::absolute(&path).map_err(|error| {
        Failure::configuration(format!("`{}` cannot be the file", path.display()), "").because(&error)
    })
}

fn home() -> Result<PathBuf, Failure> {
    vouch_core::env::home_dir()
        .ok_or_else(|| Failure::configuration("the home directory is not known", "Set HOME."))
}

/// The `.npmrc` of a registration where it is not the usual one: one that was named at setup is the user's to hand to the
/// client; the usual one has to be the one that the client reads.
pub(crate) fn named_npmrc(registration: &Registration) -> Option<PathBuf> {
    let usual = home().map(|home| home.join(".npmrc")).ok();
    registration.file.clone().filter(|file| Some(file) != usual.as_ref())
}

/// `npm-token-vouch`, by a path that stays good.
fn helper() -> Result<PathBuf, Failure> {
    cargo::find_program("npm-token-vouch").ok_or_else(|| {
        Failure::configuration(
            "`npm-token-vouch` is missing: it is neither beside `vouch` nor on PATH",
            "Install `npm-token-vouch` into the folder of `vouch`.",
        )
    })
}

/// Whether a registration gives way to a new one: each scope of a repository has its own.
fn replaces(known: &Registration, new: &Registration) -> bool {
    known.name == new.name && (known.endpoint == new.endpoint || is_corrected(known, new))
}

/// What comes from the repository, for a message.
fn packages(scope: Option<&str>) -> String {
    scope.map_or_else(|| "all packages".into(), |scope| format!("packages of {scope}"))
}
