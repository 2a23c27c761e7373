//! Whether our wheel is beside a client that imports the Python package `keyring`, and how it gets there.

use std::fs;
use std::path::{Path, PathBuf};

use vouch_core::files::{self, shell_quoted};
use vouch_core::home::Home;

use crate::cargo;
use crate::finding::Finding;
use crate::inspect::HELPER;
use crate::program;
use crate::text::document;

/// The package, as installers call it.
const PACKAGE: &str = "pip-keyring-vouch";
/// Where archives and Debian packages have the wheel, beside the folder of the programs.
const PACKAGED: &str = "lib/vouch";
/// The module in it.
const MODULE: &str = "keyring_vouch";

/// What stands before a client's command where the home is not the usual one: what the wheel brings asks the home that
/// `VOUCH_HOME` names.
pub(super) fn home(home: &Home) -> Option<String> {
    (!home.is_usual()).then(|| format!("VOUCH_HOME={} ", shell_quoted(home.path())))
}

/// The virtual environment of a client that is written in Python.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Environment(PathBuf);

impl Environment {
    /// The one of a client on PATH, if it has one of its own that can be looked into.
    pub(super) fn of_client(client: &str) -> Option<Self> {
        Self::of(&program::on_path(client)?)
    }

    /// The one of a script, by its first line.
    pub(super) fn of(script: &Path) -> Option<Self> {
        let text = files::read(&script.canonicalize().ok()?).ok()?;
        let line = text.split(|byte| *byte == b'\n').next()?;
        let python = std::str::from_utf8(line).ok()?.strip_prefix("#!")?.trim();
        let environment = Path::new(python).parent()?.parent()?;
        environment.join("pyvenv.cfg").is_file().then(|| Self(environment.to_owned()))
    }

    /// Whether the package `keyring` is there to be imported.
    pub(super) fn imports_keyring(&self) -> bool {
        self.has("keyring")
    }

    /// Whether our wheel is there.
    pub(super) fn has_backend(&self) -> bool {
        self.has(MODULE)
    }

    fn has(&self, module: &str) -> bool {
        let entries = fs::read_dir(self.0.join("lib")).into_iter().flatten().flatten();
        let mut packages = entries.map(|entry| entry.path().join("site-packages"));
        packages.any(|packages| {
            // Installed for development, it is only named there.
            packages.join(module).is_dir() || packages.join(format!("{module}.pth")).is_file()
        })
    }

    /// What installs our wheel there.
    pub(super) fn install(&self, client: &str) -> String {
        let python = shell_quoted(&self.0.join("bin/python"));
        // Nobody holds our name on PyPI: only a file of our own is named.
        let (package, place) = match source() {
            Some(path) => (shell_quoted(&path), ""),
            None => (format!("./{PACKAGE}"), " in a clone of Vouch's repository"),
        };
        let command = if self.0.join("pipx_metadata.json").is_file() {
            format!("`pipx inject {client} {package}`")
        } else if self.has("pip") {
            format!("`{python} -m pip install {package}`")
        } else if program::on_path("uv").is_some() {
            format!("`uv pip install --python {python} {package}`")
        } else {
            format!("`{python} -m ensurepip` and `{python} -m pip install {package}`")
        };
        command + place
    }

    /// What doctor says of it for a client that finds Vouch by the wheel alone.
    pub(super) fn look(&self, client: &str) -> Option<Finding> {
        if self.has_backend() {
            return None;
        }
        Some(Finding::fail(
            HELPER,
            format!("the wheel of `{PACKAGE}` is not installed in `{}`", self.0.display()),
            format!("{client} finds Vouch there and nowhere else."),
            format!("Install it beside {client}: {}.", self.install(client)),
        ))
    }
}

/// What to know at setup about a client that finds Vouch by the wheel alone.
pub(super) fn missing(client: &str) -> Option<String> {
    match Environment::of_client(client) {
        Some(environment) if environment.has_backend() => None,
        Some(environment) => Some(format!(
            "{client} finds Vouch by the wheel of `{PACKAGE}` alone, which is not installed beside it: {}",
            environment.install(client)
        )),
        None => Some(format!("{client} finds Vouch by the wheel of `{PACKAGE}` alone, installed beside it")),
    }
}

/// What setup may say of the wheel once it has looked.
pub(super) fn found(client: &str) -> Option<String> {
    Environment::of_client(client)?
        .has_backend()
        .then(|| format!("{client} finds Vouch by the wheel of `{PACKAGE}`, which is installed beside it"))
}

/// What installers can take our wheel from: a file beside our program or where packages put it, or the source that
/// `cargo install` built it from.
fn source() -> Option<PathBuf> {
    let program = cargo::find_program(PACKAGE)?;
    source_beside(program.parent()?)
}

fn source_beside(programs: &Path) -> Option<PathBuf> {
    let root = programs.parent()?;
    wheel_in(programs).or_else(|| wheel_in(&root.join(PACKAGED))).or_else(|| built_from(root))
}

/// The wheel of this very version.
fn wheel_in(folder: &Path) -> Option<PathBuf> {
    let begin = concat!("pip_keyring_vouch-", env!("CARGO_PKG_VERSION"), "-");
    let names = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.file_name());
    let is_it = |name: &String| name.starts_with(begin) && name.ends_with(".whl");
    names.filter_map(|name| name.into_string().ok()).find(is_it).map(|name| folder.join(name))
}

/// Cargo notes what it has installed below a folder, and from where.
fn built_from(root: &Path) -> Option<PathBuf> {
    let notes = document::in_file(&root.join(".crates.toml"))?;
    let installed = notes.get("v1")?.as_table()?;
    let mut paths = installed.iter().filter_map(|(package, _)| {
        let rest = package.strip_prefix(PACKAGE)?.strip_prefix(' ')?;
        let (_, url) = rest.strip_suffix(')')?.split_once("(path+")?;
        ::url::Url::parse(url).ok()?.to_file_path().ok()
    });
    paths.find(|path| path.join("pyproject.toml").is_file())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    /// An environment with a script in it that belongs to a client.
    fn environment(dir: &Path) -> PathBuf {
        fs::create_dir_all(dir.join("lib/python3.13/site-packages")).unwrap();
        fs::create_dir_all(dir.join("bin")).unwrap();
        let script = dir.join("bin/twine");
        fs::write(&script, format!("#!{}\nimport sys\n", dir.join("bin/python").display())).unwrap();
        script
    }

    #[test]
    fn the_environment_of_a_script_is_looked_into() {
        let dir = tempfile::tempdir().unwrap();
        let script = environment(dir.path());
        assert_eq!(Environment::of(&script), None, "no environment of its own");
        fs::write(dir.path().join("pyvenv.cfg"), "").unwrap();
        let found = Environment::of(&script).unwrap();
        assert_eq!(found, Environment(dir.path().to_owned()));
        assert!(!found.has_backend() && !found.imports_keyring());
        let packages = dir.path().join("lib/python3.13/site-packages");
        fs::create_dir(packages.join("keyring")).unwrap();
        assert!(!found.has_backend() && found.imports_keyring());
        assert!(found.look("twine").is_some());
        fs::create_dir(packages.join(MODULE)).unwrap();
        assert!(found.has_backend() && found.look("twine").is_none());
    }

    #[test]
    fn the_advice_is_for_the_installer_that_made_the_environment() {
        let dir = tempfile::tempdir().unwrap();
        environment(dir.path());
        let found = Environment(dir.path().to_owned());
        let python = shell_quoted(&dir.path().join("bin/python"));
        fs::create_dir(dir.path().join("lib/python3.13/site-packages/pip")).unwrap();
        assert!(found.install("twine").contains(&format!("`{python} -m pip install ")));
        fs::write(dir.path().join("pipx_metadata.json"), "{}").unwrap();
        assert!(found.install("twine").contains("`pipx inject twine "));
    }

    #[test]
    fn what_it_can_be_installed_from_is_a_file_that_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let bin = dir.path().join("bin");
        fs::create_dir(&bin).unwrap();
        assert_eq!((wheel_in(&bin), built_from(dir.path())), (None, None));
        fs::write(bin.join("pip_keyring_vouch-0.0.0-py3-none-linux_x86_64.whl"), "").unwrap();
        assert_eq!(wheel_in(&bin), None, "of another version");
        let wheel = bin.join(format!("pip_keyring_vouch-{}-py3-none-any.whl", env!("CARGO_PKG_VERSION")));
        fs::write(&wheel, "").unwrap();
        assert_eq!(wheel_in(&bin), Some(wheel.clone()));
        let packaged = dir.path().join(PACKAGED);
        fs::create_dir_all(&packaged).unwrap();
        let packaged = packaged.join(wheel.file_name().unwrap());
        fs::copy(&wheel, &packaged).unwrap();
        assert_eq!(source_beside(&bin), Some(wheel.clone()), "beside the program first");
        fs::remove_file(&wheel).unwrap();
        assert_eq!(source_beside(&bin), Some(packaged.clone()));
        fs::remove_file(&packaged).unwrap();
        assert_eq!(source_beside(&bin), None);

        let source = dir.path().join("my clone/pip-keyring-vouch");
        let url = ::url::Url::from_file_path(&source).unwrap();
        let notes = format!(
            "[v1]\n\"ripgrep 14.1.0 (registry+https://else.example/)\" = [\"rg\"]\n\
             \"pip-keyring-vouch-2 0.1.0 (path+file:///else)\" = [\"x\"]\n\
             \"pip-keyring-vouch 0.1.0 (path+{url})\" = [\"pip-keyring-vouch\"]\n"
        );
        fs::write(dir.path().join(".crates.toml"), notes).unwrap();
        assert_eq!(built_from(dir.path()), None, "the clone is gone");
        fs::create_dir_all(&source).unwrap();
        fs::write(source.join("pyproject.toml"), "").unwrap();
        assert_eq!(built_from(dir.path()), Some(source));
    }
}
