//! The built `vouch` in a home of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use snapbox::cmd::Command;

/// A person with an empty home, `vouch` and its helper in a folder with a space in its name, and a `cargo`.
pub(crate) struct TestUser {
    dir: tempfile::TempDir,
}

impl TestUser {
    pub(crate) fn new() -> Self {
        let person = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir_all(person.bin()).unwrap();
        fs::create_dir_all(person.path("home/here")).unwrap();
        person.install_vouch();
        person.program("cargo-credential-vouch", "exit 1");
        person.cargo("1.95.0");
        person
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(crate) fn bin(&self) -> PathBuf {
        self.path("my tools")
    }

    pub(crate) fn program(&self, name: &str, script: &str) {
        shell(
            r#"printf '#!/bin/sh\n%s\n' "$2" > "$1" && chmod 755 "$1""#,
            &[self.bin().join(name), script.into()],
        );
    }

    fn install_vouch(&self) {
        let vouch = env!("CARGO_BIN_EXE_vouch").into();
        shell(r#"ln "$1" "$2" 2>/dev/null || cp "$1" "$2""#, &[vouch, self.bin().join("vouch")]);
    }

    pub(crate) fn cargo(&self, version: &str) {
        self.program("cargo", &format!("echo 'cargo {version} (0000000 2026-01-01)'"));
    }

    /// `vouch` with arguments as they would be typed, in `~/here`.
    pub(crate) fn vouch(&self, arguments: &str) -> Command {
        Command::new(self.bin().join("vouch"))
            .args(arguments.split_whitespace())
            .env_clear()
            .env("HOME", self.path("home"))
            .env("PATH", self.bin())
            .current_dir(self.path("home/here"))
    }

    /// Runs `vouch` and answers its exit code, stdout and stderr.
    pub(crate) fn run(&self, arguments: &str) -> (i32, String, String) {
        read(self.vouch(arguments))
    }

    /// Runs `vouch`, which must succeed, and answers stderr.
    pub(crate) fn succeed(&self, arguments: &str) -> String {
        let (code, _, stderr) = self.run(arguments);
        assert_eq!(code, 0, "{arguments}: {stderr}");
        stderr
    }

    pub(crate) fn cargo_config(&self) -> PathBuf {
        self.path("home/.cargo/config.toml")
    }

    pub(crate) fn config(&self) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.path("home/.vouch/config.json")).unwrap()).unwrap()
    }

    /// A configuration, for its owner alone as Vouch writes it.
    pub(crate) fn write_config(&self, config: &str) {
        let file = self.path("home/.vouch/config.json");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, config).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Runs the command that a hint shows between backquotes and that begins so.
    pub(crate) fn type_from_hint(&self, said: &str, beginning: &str) {
        let command = said.split('`').rfind(|part| part.starts_with(beginning));
        shell(command.unwrap_or("false # the hint shows no such command"), &[]);
    }

    /// Every file below a folder, with its contents and mode.
    pub(crate) fn files(&self) -> Vec<(PathBuf, u32, Vec<u8>)> {
        fn walk(folder: &Path, files: &mut Vec<(PathBuf, u32, Vec<u8>)>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let metadata = path.metadata().unwrap();
                if metadata.is_dir() {
                    walk(&path, files);
                } else if path.extension().is_none_or(|extension| extension != "lock") {
                    files.push((path.clone(), metadata.permissions().mode(), fs::read(path).unwrap()));
                }
            }
        }
        let mut files = Vec::new();
        walk(&self.path("home"), &mut files);
        files.sort();
        files
    }
}

pub(crate) fn read(command: Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Programs are not written by this process: one that a child of any thread still has open for writing cannot be
/// executed.
fn shell(script: &str, arguments: &[PathBuf]) {
    let status = std::process::Command::new("/bin/sh").args(["-c", script, "sh"]).args(arguments).status();
    assert!(status.unwrap().success());
}
