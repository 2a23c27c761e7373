//! The `cargo` that is installed.

use super::CargoError;
use crate::program::{self, Asked};

/// The first minor version of Cargo 1 with credential providers and registry authentication.
pub(super) const OLDEST: u32 = 74;

/// Checks that Cargo is new enough; answers with a warning when it cannot be asked.
pub(crate) fn check_version() -> Result<Option<&'static str>, CargoError> {
    match program::ask_version("cargo") {
        Asked::Version(text) => judge(&text),
        Asked::Absent | Asked::Silent => {
            Ok(Some("`cargo` could not be asked for its version; 1.74 or later is needed"))
        }
    }
}

fn judge(answer: &str) -> Result<Option<&'static str>, CargoError> {
    let number = answer.trim().strip_prefix("cargo ").and_then(|rest| rest.split([' ', '-']).next());
    let parts: Vec<u32> = number.unwrap_or_default().split('.').map_while(|part| part.parse().ok()).collect();
    match parts.as_slice() {
        [1, minor, ..] if *minor < OLDEST => {
            Err(CargoError::TooOld { found: format!("cargo {}", number.unwrap_or_default()) })
        }
        [0, ..] => Err(CargoError::TooOld { found: format!("cargo {}", number.unwrap_or_default()) }),
        [_, _, ..] => Ok(None),
        _ => Ok(Some("`cargo --version` answers in an unknown way; 1.74 or later is needed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_before_1_74_are_too_old() {
        for old in
            ["cargo 1.73.0 (9c4383fb5 2023-08-26)", "cargo 0.58.0", "cargo 1.9.0", "cargo 1.73.0-nightly"]
        {
            assert!(matches!(judge(old), Err(CargoError::TooOld { .. })), "{old}");
        }
        for new in [
            "cargo 1.74.0 (ecb9851af 2023-10-18)\n",
            "cargo 1.95.0",
            "cargo 1.97.0-nightly (x)",
            "cargo 2.0.0",
        ] {
            assert_eq!(judge(new).unwrap(), None, "{new}");
        }
        for odd in ["", "rustc 1.95.0", "cargo next"] {
            assert!(judge(odd).unwrap().is_some(), "{odd}");
        }
    }
}
