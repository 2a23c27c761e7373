//! Whether our wheel is beside a client that imports the Python package `keyring`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::finding::Finding;
use crate::inspect::HELPER;
use crate::program;
use vouch_core::files::{self, shell_quoted};
use vouch_core::home::Home;

const MODULE: &str = "keyring_vouch";

/// What stands before a client's command where the home is not the usual one: what the wheel brings asks the home that
/// `VOUCH_HOME` names.
pub(super) fn home(home: &Home) -> Option<String> {
    (!home.is_usual()).then(|| format!("VOUCH_HOME={} ", shell_quoted(home.path())))
}

/// What there is to say for a client, if it has an environment of its own that can be looked into.
pub(super) fn look(client: &str) -> Option<Finding> {
    let script = program::on_path(client)?;
    let environment = environment_of(&script)?;
    if has_module(&environment) {
        return None;
    }
    Some(Finding::fail(
        HELPER,
        format!("the wheel of `pip-keyring-vouch` is not installed in `{}`", environment.display()),
        format!("{client} finds Vouch there and nowhere else."),
        format!(
            "Install it beside {client}: `{} -m pip install pip-keyring-vouch`, or `pipx inject {client} pip-keyring-vouch`.",
            environment.join("bin/python").display()
        ),
    ))
}

/// Whether it is in the environment of a script.
pub(super) fn is_beside(script: &Path) -> bool {
    environment_of(script).is_some_and(|environment| has_module(&environment))
}

/// The virtual environment of a script, by its first line.
fn environment_of(script: &Path) -> Option<PathBuf> {
    let text = files::read(&script.canonicalize().ok()?).ok()?;
    let line = text.split(|byte| *byte == b'\n').next()?;
    let python = std::str::from_utf8(line).ok()?.strip_prefix("#!")?.trim();
    let environment = Path::new(python).parent()?.parent()?;
    environment.join("pyvenv.cfg").is_file().then(|| environment.to_owned())
}

fn has_module(environment: &Path) -> bool {
    let entries = fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
    let mut packages = entries.map(|entry| entry.path().join("site-packages"));
    packages.any(|packages| {
        // Installed for development, it is only named there.
        packages.join(MODULE).is_dir() || packages.join(format!("{MODULE}.pth")).is_file()
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_environment_of_a_script_is_looked_into() {
        let dir = tempfile::tempdir().unwrap();
        let packages = dir.path().join("lib/python3.13/site-packages");
        fs::create_dir_all(&packages).unwrap();
        fs::create_dir_all(dir.path().join("bin")).unwrap();
        let script = dir.path().join("bin/twine");
        fs::write(&script, format!("#!{}\nimport sys\n", dir.path().join("bin/python").display())).unwrap();
        assert_eq!(environment_of(&script), None, "no environment of its own");
        fs::write(dir.path().join("pyvenv.cfg"), "").unwrap();
        assert_eq!(environment_of(&script).as_deref(), Some(dir.path()));
        assert!(!has_module(dir.path()));
        fs::create_dir(packages.join(MODULE)).unwrap();
        assert!(has_module(dir.path()));
    }
}
