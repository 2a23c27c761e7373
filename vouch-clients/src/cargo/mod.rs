//! Cargo, as a client to set up. Facts: the Cargo reference, "Configuration" and "Registry Authentication", and
//! measurements with cargo 1.95.

mod client;
mod config_hierarchy;
mod edit;
mod helper;
pub mod inspect;
mod program;
mod registries;

use std::path::PathBuf;

use vouch_core::{Diagnostic, ErrorKind};

pub use client::Cargo;
pub(crate) use client::replaces_crates_io;
pub(crate) use config_hierarchy::files_of_project;
pub use helper::find_program;
use registries::EditError;

/// Why Cargo cannot be set up.
#[derive(Debug, thiserror::Error)]
enum CargoError {
    #[error("the home directory of Cargo is not known")]
    NoHome,
    #[error("`cargo-credential-vouch` is missing: it is neither beside `vouch` nor on PATH")]
    NoHelper,
    #[error("the path `{0}` cannot be written into Cargo's configuration: it is not Unicode")]
    NotUnicode(PathBuf),
    #[error("{found} is too old: 1.74 is the first that knows credential providers")]
    TooOld { found: String },
    #[error("`{name}` cannot be the name of a registry: {reason}")]
    Name { name: String, reason: &'static str },
    #[error("`{file}` names this registry in another way: {reason}")]
    Level { file: PathBuf, reason: String },
}

impl Diagnostic for CargoError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::TooOld { .. } => ErrorKind::Other,
            Self::Name { .. } => ErrorKind::Usage,
            _ => ErrorKind::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoHome => "Set HOME, or CARGO_HOME to an absolute path.".into(),
            Self::NoHelper => "Install `cargo-credential-vouch` into the folder of `vouch`.".into(),
            Self::NotUnicode(_) => "Install Vouch in a folder with a plain name.".into(),
            Self::TooOld { .. } => "Update it, such as with `rustup update stable`.".into(),
            Self::Name { name, .. } => {
                let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' };
                let suggestion: String = name.chars().map(plain).collect();
                format!(
                    "Give the registry another name, such as `--registry r-{}`.",
                    suggestion.trim_matches('-')
                )
            }
            Self::Level { .. } => "Correct that file, or run the command in another folder.".into(),
        })
    }
}

/// Checks that Cargo takes a name for a registry: letters, digits, `-` and `_`, and no digit first (measured).
fn check_name(name: &str) -> Result<(), CargoError> {
    let wrong = |reason| Err(CargoError::Name { name: name.to_owned(), reason });
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
        return wrong("Cargo takes letters, digits, `-` and `_`");
    }
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return wrong("Cargo wants a letter first");
    }
    if name == "crates-io" {
        return wrong("it is Cargo's own name for crates.io");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cargo_refuses_are_refused_with_one_that_it_takes() {
        for name in ["a.b", "1ab", "-ab", "", "ä", "a b", "crates-io"] {
            let error = check_name(name).unwrap_err();
            let hint = error.hint().unwrap();
            let suggested = hint.split("--registry ").nth(1).unwrap().trim_end_matches("`.");
            check_name(suggested).unwrap();
        }
        for name in ["my-repo", "my_repo", "A1", "_x"] {
            check_name(name).unwrap();
        }
    }
}
