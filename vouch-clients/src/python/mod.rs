//! pip, uv, twine, poetry and pdm, as clients to set up. Facts: the documentation and source of each, and measurements
//! with pip 23.0 to 26.3, uv 0.9 and 0.13, twine 7, poetry 2.5 and pdm 2.29.
//!
//! No token is ever written: each client asks `keyring`, and that is [`keyring`]'s to arrange.

mod folders;
pub mod inspect;
mod keyring;
mod overrides;
mod pdm;
mod pip;
mod poetry;
mod toml;
mod twine;
mod url;
mod uv;
mod uv_exception;
mod uv_project;
mod wheel;

use vouch_core::config::Registration;
use vouch_core::{ErrorKind, Failure};

pub use pdm::Pdm;
pub(crate) use pdm::is_extra;
pub use pip::Pip;
pub(crate) use pip::{NAME as PIP_CONF, fold as pip_key};
pub use poetry::Poetry;
pub use twine::Twine;
pub use uv::Uv;
pub(crate) use uv_exception::holds as holds_proxies;

/// What stands in the way of an index of ours, and whose it is.
fn occupied(place: &str, file: &std::path::Path, there: &str, hint: &str) -> Failure {
    Failure::configuration(
        format!("`{}`: {place} is {} already", file.display(), url::shown(there)),
        format!("{hint}; nothing was changed."),
    )
}

/// The name of a registration, if every one of these clients takes it for an index.
fn name(registration: &Registration) -> Result<&str, Failure> {
    let name = registration.name.as_deref().unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !name.is_empty() && name.bytes().all(plain) && name.bytes().next() != Some(b'-') {
        return Ok(name);
    }
    Err(Failure::new(
        ErrorKind::Usage,
        format!("`{name}` cannot be the name of an index: letters, digits, `-` and `_` are taken"),
        "Give it another name with `--registry NAME`.",
    ))
}
