//! Environment variables, read in one way: empty counts as unset.

#![expect(clippy::disallowed_methods, reason = "everybody else reads the environment here")]

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// A variable as text; none for what is not Unicode.
pub fn var(name: &str) -> Option<String> {
    var_os(name)?.into_string().ok()
}

/// A variable as the system has it.
pub fn var_os(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether a variable is there, be it empty: for what other programs make of it.
pub fn is_there(name: &str) -> bool {
    env::var_os(name).is_some()
}

/// Every variable that is set.
pub fn vars_os() -> impl Iterator<Item = (OsString, OsString)> {
    env::vars_os().filter(|(_, value)| !value.is_empty())
}

/// Every variable that is set, as text; without those that are not Unicode.
pub fn vars() -> impl Iterator<Item = (String, String)> {
    vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// The user's home directory; none for a relative one, which would be another in each working directory.
pub fn home_dir() -> Option<PathBuf> {
    env::home_dir().filter(|path| path.is_absolute())
}
