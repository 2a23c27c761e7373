//! Where each client looks for its user's configuration.

use std::path::PathBuf;

use vouch_core::Failure;
use vouch_core::env;

/// The person's home folder.
pub(super) fn home() -> Result<PathBuf, Failure> {
    env::home_dir().ok_or_else(|| Failure::configuration("the home directory is not known", "Set HOME."))
}

/// `XDG_CONFIG_HOME`, else `.config` (XDG Base Directory Specification).
pub(super) fn xdg() -> Result<PathBuf, Failure> {
    match env::var("XDG_CONFIG_HOME") {
        Some(folder) => Ok(PathBuf::from(folder)),
        None => Ok(home()?.join(".config")),
    }
}

/// A folder that a variable of Windows names, else the usual place below the home folder.
pub(super) fn windows(variable: &str, usual: &str) -> Result<PathBuf, Failure> {
    match env::var(variable) {
        Some(folder) => Ok(PathBuf::from(folder)),
        None => Ok(home()?.join(usual)),
    }
}

/// As Python's platformdirs 4 has it for an application.
pub(super) fn platform(
    application: &str,
    on_windows: fn(&str) -> Result<PathBuf, Failure>,
) -> Result<PathBuf, Failure> {
    if cfg!(windows) {
        return on_windows(application);
    }
    if cfg!(target_os = "macos") {
        return Ok(home()?.join("Library/Application Support").join(application));
    }
    Ok(xdg()?.join(application))
}

/// The file that a variable names; relative to the current folder, as the client takes it.
pub(super) fn named(variable: &str) -> Result<Option<PathBuf>, Failure> {
    let Some(path) = env::var(variable) else { return Ok(None) };
    std::path::absolute(&path)
        .map(Some)
        .map_err(|error| Failure::configuration(format!("{variable} cannot be used"), "").because(&error))
}

/// The file that uv reads of its user's where none is named.
pub(super) fn uv_toml() -> Result<PathBuf, Failure> {
    match cfg!(windows) {
        true => Ok(windows("APPDATA", r"AppData\Roaming")?.join(r"uv\uv.toml")),
        // On macOS, too (uv's documentation, "Configuration files").
        false => Ok(xdg()?.join("uv/uv.toml")),
    }
}
