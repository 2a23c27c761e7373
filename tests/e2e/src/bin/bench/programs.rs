//! The programs that are measured: those that a release has, and what they are measured against.

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use vouch_e2e::Run;
use vouch_e2e::helper::INDEX;
use vouch_e2e::python::index;

/// Where `make bench` has put them.
const PROGRAMS: &str = "VOUCH_BENCH_PROGRAMS";

/// Both ways to link a helper.
pub(crate) const LINKINGS: [&str; 2] = ["static", "dynamic"];

/// A program with what it is asked.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) name: String,
    path: PathBuf,
    args: Vec<String>,
    stdin: String,
    /// What its answer has in it.
    answer: &'static str,
}

impl Program {
    fn new(name: String, path: PathBuf, answer: &'static str) -> Self {
        Self { name, path, args: Vec::new(), stdin: String::new(), answer }
    }

    /// A static process that does nothing: nobody can be faster.
    pub(crate) fn nothing() -> Self {
        Self::new("nothing, static".into(), folder().join("nothing"), "")
    }

    /// The same of the system's, which is dynamic.
    pub(crate) fn of_the_system() -> Self {
        Self::new("true".into(), "/bin/true".into(), "")
    }

    /// `cargo-credential-vouch`, as Cargo asks for a token to read with.
    pub(crate) fn cargo(linking: &str) -> Self {
        Self::cargo_for(linking, INDEX, r#""token":"#)
    }

    /// The same for a host that nobody set up.
    pub(crate) fn foreign(linking: &str) -> Self {
        let mut program = Self::cargo_for(linking, "sparse+https://index.example/", r#""url-not-supported""#);
        program.name += ", for a host of others";
        program
    }

    fn cargo_for(linking: &str, index: &str, answer: &'static str) -> Self {
        let mut program = Self::helper(linking, "cargo-credential-vouch", answer);
        program.args = vec!["--cargo-plugin".into()];
        program.stdin = format!(
            r#"{{"v":1,"registry":{{"index-url":"{index}","name":"my-repo"}},"kind":"get","operation":"read"}}"#
        ) + "\n";
        program
    }

    /// `pip-keyring-vouch`, as pip asks.
    pub(crate) fn pip(linking: &str) -> Self {
        let mut program = Self::helper(linking, "pip-keyring-vouch", "eyJ");
        program.args = vec!["get".into(), index("", "my-repo"), "aws".into()];
        program
    }

    /// `npm-token-vouch`, as pnpm asks: by a name that says the profile.
    pub(crate) fn npm(linking: &str) -> Self {
        let mut program = Self::helper(linking, "npm-token-vouch", "eyJ");
        let bin = home().join(".vouch/bin").join(linking);
        fs::create_dir_all(&bin).expect("the home is writable");
        let link = bin.join("npm-token-vouch-default");
        if !link.exists() {
            symlink(&program.path, &link).expect("the home is writable");
        }
        program.path = link;
        program
    }

    fn helper(linking: &str, name: &str, answer: &'static str) -> Self {
        Self::new(format!("{name}, {linking}"), folder().join(linking).join(name), answer)
    }

    /// The round trips of a cold exchange and nothing else.
    pub(crate) fn reference(linking: &str, requests: &[PathBuf; 2]) -> Self {
        let path = folder().join(linking).join("reference-client");
        let mut program = Self::new(format!("the round trips alone, {linking}"), path, "authorizationToken");
        program.args = requests.iter().map(|file| file.display().to_string()).collect();
        program
    }

    /// Runs it to its end; panics unless it answers as it should.
    pub(crate) fn ask(&self) {
        let answer = finish(self.start());
        assert!(answer.contains(self.answer), "{}: {answer}", self.name);
    }

    /// Starts it and asks.
    pub(crate) fn start(&self) -> Child {
        let mut command = Command::new(&self.path);
        command.args(&self.args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
        // Some read nothing, and may have ended.
        let _ = child.stdin.take().expect("piped").write_all(self.stdin.as_bytes());
        child
    }

    /// The most memory that it had, in KiB. By another program: what is started by this one counts with this one's memory.
    pub(crate) fn resident_kib(&self) -> u64 {
        let run = Run::new("/usr/bin/time").args(["-f", "%M"]).arg(&self.path).args(&self.args);
        let done = run.stdin(self.stdin.clone()).ok();
        last_number(&done.stderr)
    }

    /// How many instructions it takes.
    pub(crate) fn instructions(&self) -> u64 {
        let valgrind = Run::new("valgrind").args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
        let done = valgrind.arg(&self.path).args(&self.args).stdin(self.stdin.clone()).ok();
        let line = done.stderr.lines().find(|line| line.contains("Collected")).unwrap_or_default();
        last_number(line)
    }

    pub(crate) fn bytes(&self) -> u64 {
        fs::metadata(&self.path).expect("it is there").len()
    }
}

/// The answer of a program that was started.
pub(crate) fn finish(mut child: Child) -> String {
    let mut answer = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut answer).expect("text");
    let status = child.wait().expect("it ends");
    assert!(status.success(), "{status}: {answer}");
    answer
}

fn last_number(text: &str) -> u64 {
    text.split_whitespace().next_back().and_then(|word| word.parse().ok()).unwrap_or_default()
}

fn folder() -> PathBuf {
    env::var_os(PROGRAMS).map(PathBuf::from).unwrap_or_else(|| panic!("{PROGRAMS} is set"))
}

pub(crate) fn home() -> PathBuf {
    env::var_os("HOME").map(PathBuf::from).expect("HOME is set")
}

/// The sealed files of the vault that are not the session's.
pub(crate) fn sealed() -> Vec<PathBuf> {
    let vault = fs::read_dir(home().join(".vouch/vault")).expect("a login has made the vault");
    let is_entry = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".sealed") && !name.starts_with("session")
    };
    vault.flatten().map(|entry| entry.path()).filter(|path| is_entry(path)).collect()
}

/// Forgets role credentials and tokens, not the session.
pub(crate) fn forget() {
    for file in sealed() {
        fs::remove_file(file).expect("the vault is writable");
    }
}
