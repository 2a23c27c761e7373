//! `vouch doctor` before and after something was broken.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

use crate::command::{CommandOutput, Run};
use crate::node;
use crate::python::installed;
use crate::sandbox::{MY_DOMAIN, Sandbox};

/// A person with a project, and what doctor finds while all is well.
#[derive(Debug)]
pub struct Patient<'a> {
    pub sandbox: &'a Sandbox,
    flags: &'static [&'static str],
    /// PATH with the person's clients first.
    path: String,
    healthy: BTreeSet<String>,
}

/// Status, check and what it is about.
fn summary(finding: &Value) -> String {
    let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    format!("{} {} {}", text("status"), text("check"), text("about")).trim_end().to_owned()
}

/// The check of a summary.
fn check(summary: &str) -> &str {
    summary.split(' ').nth(1).unwrap_or_default()
}

/// The findings of an answer in JSON.
pub fn findings(done: &CommandOutput) -> Vec<Value> {
    let answer: Value = serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done}"));
    assert_eq!(answer["version"], 1);
    answer["findings"].as_array().expect("a list").clone()
}

impl<'a> Patient<'a> {
    /// Looks at a person of whom all is well: every finding is `ok`.
    pub fn new(sandbox: &'a Sandbox, flags: &'static [&'static str], path: String) -> Self {
        let mut patient = Self { sandbox, flags, path, healthy: BTreeSet::new() };
        sandbox.write("project/README", "");
        let done = patient.doctor().ok();
        patient.healthy = findings(&done).iter().map(summary).collect();
        assert!(patient.healthy.iter().all(|finding| finding.starts_with("ok ")), "{done}");
        patient
    }

    /// From now on clients that are slow to answer are asked no more: what they answered is answered for them. Answers
    /// PATH as it was.
    pub fn hurry(&mut self, programs: &[&str]) -> String {
        for program in programs {
            let path = format!("quick/{program}");
            let answer = self.sandbox.run(program).arg("--version").env("PATH", &self.path).ok().stdout;
            self.sandbox.write(&path, &format!("#!/bin/sh\necho '{}'\n", answer.trim()));
            let executable = fs::Permissions::from_mode(0o755);
            fs::set_permissions(self.sandbox.file(&path), executable).expect("the home is writable");
        }
        let quick = self.path_with(&self.sandbox.file("quick"));
        std::mem::replace(&mut self.path, quick)
    }

    /// `vouch` in the project.
    pub fn vouch(&self, args: &[&str]) -> Run {
        self.sandbox.vouch(args).within(self.sandbox.file("project")).env("PATH", &self.path)
    }

    /// `vouch doctor --json`.
    pub fn doctor(&self) -> Run {
        self.vouch(&["doctor", "--json"]).args(self.flags)
    }

    /// The folder that comes first on PATH, and PATH with another one before it.
    pub fn path_with(&self, folder: &Path) -> String {
        format!("{}:{}", folder.display(), self.path)
    }

    /// Asserts that a run of doctor finds exactly this, beside what it finds while all is well, and that everything
    /// else is as it was: what is well no more is among what was found.
    pub fn finds(&self, run: Run, wanted: &[&str]) -> Vec<Value> {
        let failing = wanted.iter().any(|finding| finding.starts_with("fail "));
        let done = run.done().expect_code(i32::from(failing));
        let all = findings(&done);
        let now: BTreeSet<String> = all.iter().map(summary).collect();
        let new: BTreeSet<&str> = now.difference(&self.healthy).map(String::as_str).collect();
        assert_eq!(new, wanted.iter().copied().collect(), "{done}");
        for gone in self.healthy.difference(&now) {
            assert!(wanted.iter().any(|found| check(found) == check(gone)), "{gone} is gone: {done}");
        }
        for finding in all.iter().filter(|finding| finding["status"] == "warn" || finding["status"] == "fail")
        {
            for part in ["message", "why", "fix"] {
                assert!(finding[part].as_str().is_some_and(|text| !text.is_empty()), "{part}: {finding}");
            }
        }
        let known = self.healthy.iter().map(String::as_str).collect::<Vec<_>>();
        all.into_iter().filter(|finding| !known.contains(&summary(finding).as_str())).collect()
    }

    /// The same for `vouch doctor` as it is.
    pub fn has(&self, wanted: &[&str]) -> Vec<Value> {
        self.finds(self.doctor(), wanted)
    }

    /// The same while a file of the home has other contents, or none.
    pub fn with_file(&self, name: &str, text: Option<&str>, wanted: &[&str]) -> Vec<Value> {
        let file = self.sandbox.file(name);
        let before = fs::read(&file).ok();
        match text {
            Some(text) => self.sandbox.write(name, text),
            None => fs::remove_file(&file).expect("it is there"),
        }
        let found = self.has(wanted);
        match before {
            Some(before) => fs::write(&file, before).expect("the home is writable"),
            None => fs::remove_file(&file).expect("it was written"),
        }
        found
    }

    /// The same while one text in a file of the home is another one.
    pub fn with_edit(&self, name: &str, from: &str, to: &str, wanted: &[&str]) -> Vec<Value> {
        let before = self.sandbox.read(name);
        assert!(before.contains(from), "no {from} in {before}");
        self.with_file(name, Some(&before.replace(from, to)), wanted)
    }

    /// The same with a variable.
    pub fn with_variable(&self, name: &str, value: &str, wanted: &[&str]) -> Vec<Value> {
        let run = self.doctor().env(name, value);
        let done = self.finds(run, wanted);
        for finding in &done {
            assert!(!finding.to_string().contains("hunter2"), "a value is shown: {finding}");
        }
        done
    }

    /// Sets a client up for `my-repo`, without a look at the outcome.
    pub fn set_up(&self, tool: &str, more: &[&str]) -> Run {
        set_up(self.vouch(&[]), tool, more)
    }
}

/// `setup codeartifact` for `my-repo`, as arguments of `vouch`.
pub fn set_up(vouch: Run, tool: &str, more: &[&str]) -> Run {
    let setup = ["setup", "codeartifact", "--tool", tool, "--repository", "my-repo"];
    vouch.args(setup).args(MY_DOMAIN).args(more)
}

/// Every file below a folder, with its time of change and contents: to see that nothing was written.
pub fn snapshot(folder: &Path) -> Vec<(PathBuf, SystemTime, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let metadata = path.symlink_metadata().expect("it is there");
        let contents = if metadata.is_file() { fs::read(&path).expect("readable") } else { Vec::new() };
        all.push((path.clone(), metadata.modified().expect("a time"), contents));
        if metadata.is_dir() {
            all.extend(snapshot(&path));
        }
    }
    all.sort();
    all
}

/// A folder with one client of each name in it, as a person has them on PATH; those that import
/// `keyring` have our wheel beside them. Answers PATH with the folder first.
pub fn clients(sandbox: &Sandbox) -> String {
    let folder = sandbox.file("clients");
    fs::create_dir_all(&folder).expect("the home is writable");
    let link = |target: PathBuf, name: &str| {
        assert!(target.exists(), "{} is not installed", target.display());
        symlink(target, folder.join(name)).expect("a link");
    };
    for (client, program) in [("pip-26.3", "pip"), ("uv-0.13.9", "uv")] {
        link(installed(client).join("bin").join(program), program);
    }
    for (client, program) in [("twine-", "twine"), ("poetry-", "poetry"), ("pdm-", "pdm")] {
        link(with_wheel(sandbox, &installed(client), program), program);
    }
    for client in ["npm-11", "pnpm-12", "yarn-4", "bun"].map(node::Client) {
        link(installed("node").join(client.0).join("bin").join(client.program()), client.program());
    }
    link(installed("node").join("pnpm-12/bin/node"), "node");
    let own = sandbox.file(".local/bin");
    format!("{}:{}:{}", folder.display(), own.display(), env::var("PATH").expect("the sandbox sets PATH"))
}

/// A copy of a client's environment with the module of our wheel in it. Answers its program.
fn with_wheel(sandbox: &Sandbox, client: &Path, program: &str) -> PathBuf {
    let real = client.canonicalize().expect("it is installed");
    let copy = sandbox.file("environments").join(program);
    fs::create_dir_all(copy.join("bin")).expect("the home is writable");
    fs::copy(real.join("pyvenv.cfg"), copy.join("pyvenv.cfg")).expect("an environment");
    let python = fs::canonicalize(real.join("bin/python")).expect("an environment has python");
    symlink(python, copy.join("bin/python")).expect("a link");
    let script = fs::read_to_string(real.join("bin").join(program)).expect("a script");
    let (_, rest) = script.split_once('\n').expect("a script has lines");
    let script = format!("#!{}\n{rest}", copy.join("bin/python").display());
    fs::write(copy.join("bin").join(program), script).expect("the home is writable");
    let executable = fs::metadata(real.join("bin").join(program)).expect("a script").permissions();
    fs::set_permissions(copy.join("bin").join(program), executable).expect("the home is writable");
    let versions = fs::read_dir(real.join("lib")).expect("an environment").flatten();
    for version in versions.map(|entry| entry.file_name()) {
        let packages = copy.join("lib").join(&version).join("site-packages");
        fs::create_dir_all(&packages).expect("the home is writable");
        for package in
            fs::read_dir(real.join("lib").join(&version).join("site-packages")).expect("packages").flatten()
        {
            symlink(package.path(), packages.join(package.file_name())).expect("a link");
        }
        let module =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pip-keyring-vouch/python/keyring_vouch");
        symlink(module, packages.join("keyring_vouch")).expect("a link");
    }
    copy.join("bin").join(program)
}
