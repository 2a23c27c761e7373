//! Somebody who types what a page of the documentation says.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{CommandOutput, Run};
use crate::doc_blocks::Block;
use crate::python::{Package, installed, site_packages, upload, wheel_of_installed};
use crate::sandbox::{Sandbox, programs};

/// A reader, on a terminal, with an environment of their own that has some clients in it and nothing of Vouch's.
#[derive(Debug)]
pub struct Reader<'a> {
    sandbox: &'a Sandbox,
    /// What setup said had to be typed, which a person puts into `~/.profile`.
    profile: String,
    project: PathBuf,
    /// The folder of the environment's packages.
    site: PathBuf,
}

/// The package that pages install, and the one that builds the reader's.
const GREETING: &str = "greeting";
const BUILDER: &str = "builder";

/// Where the Debian package has the wheel.
const PACKAGE: &str = "/usr/lib/vouch";

impl<'a> Reader<'a> {
    /// Has enrolled, and has a project that is a package. In `my-pypi-repo` is what pages install.
    pub fn new(sandbox: &'a Sandbox, clients: &[&str]) -> Self {
        sandbox.enroll();
        sandbox.log_in();
        // Only so that something can be uploaded.
        sandbox.set_up_cargo();
        let greeting = Package::new(GREETING).code("def main():\n    print('hello')\n").command();
        let pip = wheel_of_installed("pip-26.3", "pip");
        fs::create_dir_all(sandbox.file("wheels")).expect("the home is writable");
        fs::write(sandbox.file("wheels").join(&pip.0), &pip.1).expect("the home is writable");
        upload(sandbox, "my-pypi-repo", &[greeting.wheel(), Package::build_backend(BUILDER).wheel(), pip]);
        let _ = sandbox.vouch(&["undo", "cargo"]).ok();
        let _ = sandbox.vouch(&["logout"]).ok();
        let _ = sandbox.ctl(&["reset"]);

        let site = install(sandbox, clients);
        let reader = Self { sandbox, profile: String::new(), project: sandbox.file("project"), site };
        reader.check_out();
        let project = format!(
            "[project]\nname = \"mine\"\nversion = \"1.0\"\nrequires-python = \">=3.9\"\n\
             [build-system]\nrequires = [\"{BUILDER}\"]\nbuild-backend = \"{BUILDER}\"\n"
        );
        sandbox.write("project/pyproject.toml", &project);
        sandbox.write("project/mine.py", "");
        reader
    }

    /// Takes the Python package `keyring` away, as where a client was installed without it.
    #[must_use]
    pub fn without_keyring_package(self) -> Self {
        self.sandbox.write("env/hidden/keyring.py", "raise ImportError('hidden')\n");
        let hide = "import sys; sys.path.insert(0, sys.prefix + '/hidden')\n";
        self.sandbox.write(&format!("{}/hide.pth", self.site.display()), hide);
        self
    }

    /// The clone and the package that pages install the wheel from. Building it again here would take minutes: the wheel is the one
    /// that was built from the same sources before the tests.
    fn check_out(&self) {
        let wheels = programs().parent().expect("the target folder").join("wheels");
        let built = fs::read_dir(&wheels).into_iter().flatten().flatten().map(|entry| entry.path());
        let wheel = built.filter(|path| path.extension().is_some_and(|extension| extension == "whl")).max();
        let wheel =
            wheel.unwrap_or_else(|| panic!("no wheel in {}: `make test` builds it", wheels.display()));
        let project = "[build-system]\nrequires = []\nbuild-backend = \"built\"\nbackend-path = [\".\"]\n";
        self.sandbox.write("project/pip-keyring-vouch/pyproject.toml", project);
        let backend = format!(
            "import os, shutil\n\n\
             def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):\n    \
             return os.path.basename(shutil.copy({:?}, wheel_directory))\n",
            wheel.display().to_string()
        );
        self.sandbox.write("project/pip-keyring-vouch/built.py", &backend);
        let package = self.sandbox.file("package");
        fs::create_dir_all(&package).expect("the home is writable");
        fs::copy(&wheel, package.join(wheel.file_name().expect("a file"))).expect("the home is writable");
    }

    /// Types the blocks of a page in the project; a block that is not to be typed is in the file that `setup` wrote.
    pub fn follow(&mut self, blocks: &[Block], file: &str) {
        assert!(blocks.iter().any(Block::is_typed), "nothing to type");
        for block in blocks {
            if !block.is_typed() {
                block.assert_in(self.sandbox, &self.sandbox.read(file));
                continue;
            }
            let done = self.types(&block.text).expect_code(0);
            for advice in done.stderr.split('`').filter(|text| text.starts_with("export PATH=")) {
                self.profile += &format!("{advice}\n");
            }
        }
    }

    /// Types commands on a terminal, and the PIN when they ask for it.
    pub fn types(&self, text: &str) -> CommandOutput {
        // No Debian package is installed on the machine that tests: the same file is elsewhere.
        let typed = text.replace(PACKAGE, self.sandbox.file("package").to_str().expect("text"));
        self.sandbox.write("typed.sh", &format!("set -euo pipefail\n{}{typed}", self.profile));
        let path = std::env::var("PATH").expect("the sandbox sets it");
        let mut terminal = Run::new("bash")
            .arg(self.sandbox.file("typed.sh"))
            .within(&self.project)
            .env("PATH", format!("{}:{path}", self.sandbox.file("env/bin").display()))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            // What the page of pip tells those to do whose Python is older needs PyPI.
            .env("PIP_FIND_LINKS", self.sandbox.file("wheels"))
            .env("UV_PYTHON_DOWNLOADS", "never")
            .env("NO_COLOR", "1")
            .on_terminal();
        for _ in 0..text.matches("vouch login").count() {
            terminal.wait_for("PIN of YubiKey");
            terminal.type_line(self.sandbox.pin());
        }
        terminal.wait()
    }

    /// The project.
    pub fn project(&self) -> &Path {
        &self.project
    }
}

/// An environment in which the clients are installed: their packages are where they are, their commands here.
fn install(sandbox: &Sandbox, clients: &[&str]) -> PathBuf {
    let python = installed(clients[0]).join("bin/python");
    let venv = ["-m", "venv", "--without-pip", "env"];
    let _ = sandbox.run(python.to_str().expect("text")).args(venv).ok();
    let site = fs::read_dir(sandbox.file("env/lib")).expect("an environment").flatten().next();
    let site = site.expect("one Python").path().join("site-packages");
    let folders = clients.iter().map(|client| format!("{}\n", site_packages(client).display()));
    fs::write(site.join("clients.pth"), folders.collect::<String>()).expect("the home is writable");
    for client in clients {
        let name = client.split('-').next().unwrap_or_default();
        let command = match name {
            "uv" => format!("exec '{}' \"$@\"\n", installed(client).join("bin/uv").display()),
            _ => format!("exec '{}' -m {name} \"$@\"\n", sandbox.file("env/bin/python").display()),
        };
        sandbox.write(&format!("env/bin/{name}"), &format!("#!/bin/sh\n{command}"));
        let _ = sandbox.run("chmod").args(["+x", &format!("env/bin/{name}")]).ok();
    }
    site
}
