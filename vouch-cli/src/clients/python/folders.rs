//! Where each client looks for its user's configuration.

use std::path::PathBuf;

use crate::environment;
use crate::report::Failed;

/// The person's home folder.
pub(super) fn home() -> Result<PathBuf, Failed> {
    std::env::home_dir()
        .filter(|path| path.is_absolute())
        .ok_or_else(|| Failed::configuration("the home folder is not known", "Set HOME."))
}

/// `XDG_CONFIG_HOME`, else `.config` (XDG Base Directory Specification).
pub(super) fn xdg() -> Result<PathBuf, Failed> {
    match environment::variable("XDG_CONFIG_HOME") {
        Some(folder) => Ok(PathBuf::from(folder)),
        None => Ok(home()?.join(".config")),
    }
}

/// A folder that a variable of Windows names, else the usual place below the home folder.
pub(super) fn windows(variable: &str, usual: &str) -> Result<PathBuf, Failed> {
    match environment::variable(variable) {
        Some(folder) => Ok(PathBuf::from(folder)),
        None => Ok(home()?.join(usual)),
    }
}

/// As Python's platformdirs 4 has it for an application.
pub(super) fn platform(
    application: &str,
    on_windows: fn(&str) -> Result<PathBuf, Failed>,
) -> Result<PathBuf, Failed> {
    if cfg!(windows) {
        return on_windows(application);
    }
    if cfg!(target_os = "macos") {
        return Ok(home()?.join("Library/Application Support").join(application));
    }
    Ok(xdg()?.join(application))
}

/// The file that a variable names; relative to the current folder, as the client takes it.
pub(super) fn named(variable: &str) -> Result<Option<PathBuf>, Failed> {
    let Some(path) = environment::variable(variable) else { return Ok(None) };
    std::path::absolute(&path)
        .map(Some)
        .map_err(|error| Failed::configuration(format!("{variable} cannot be used"), "").because(&error))
}
