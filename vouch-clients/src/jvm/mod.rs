//! Maven and Gradle, as clients to set up. Facts: the documentation of each and measurements with Maven 3.8.7 and
//! Gradle 4.4.1.
//!
//! No token is ever written: Maven reads a variable, Gradle asks `vouch credential` as it builds.

mod as_wanted;
mod gradle;
pub mod inspect;
mod maven;
pub mod names;
mod pom;
pub mod project;
mod settings;

use vouch_core::config::Registration;
use vouch_core::{ErrorKind, Failure};

pub use gradle::Gradle;
pub use maven::Maven;

/// The name of a registration, if it can be an id of Maven's.
fn id(registration: &Registration) -> Result<&str, Failure> {
    let id = registration.name.as_deref().unwrap_or_default();
    let refused = |reason: &str| {
        Failure::new(
            ErrorKind::Usage,
            format!("`{id}` cannot be the id of a server: {reason}"),
            "Give it another one with `--registry ID`.",
        )
    };
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return Err(refused("letters, digits, `-`, `_` and `.` are taken"));
    }
    if ["central", "local"].contains(&id) {
        return Err(refused("Maven has a repository of that id, which would receive the token"));
    }
    Ok(id)
}

/// The settings file of a registration of Maven's where it is not the usual one.
pub(crate) fn named_settings(registration: &Registration) -> Option<std::path::PathBuf> {
    let usual = usual_settings().ok();
    registration.file.clone().filter(|file| Some(file) != usual.as_ref())
}

/// The ids of the servers in the user's own settings whose password is the variable that every POM knows.
pub(crate) fn public_servers() -> Vec<String> {
    let text = usual_settings().ok().and_then(|file| vouch_core::files::read_text(&file).ok());
    text.map(|text| settings::public_servers(&text)).unwrap_or_default()
}

/// The settings file that Maven reads where no other is named.
///
/// # Errors
/// When the home directory is not known.
pub fn usual_settings() -> Result<std::path::PathBuf, Failure> {
    Ok(home()?.join(".m2").join("settings.xml"))
}

fn home() -> Result<std::path::PathBuf, Failure> {
    vouch_core::env::home_dir()
        .ok_or_else(|| Failure::configuration("the home directory is not known", "Set HOME."))
}
