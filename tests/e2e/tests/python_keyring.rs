//! The link by the name `keyring`: made by setup, taken back by undo, and in front of a real `keyring`.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use vouch_e2e::python::{index, installed};
use vouch_e2e::{CommandOutput, MY_DOMAIN, Run, Sandbox, in_sandbox};

fn setup(sandbox: &Sandbox, tool: &str) -> Run {
    sandbox.vouch(&["setup", "codeartifact", "--tool", tool, "--repository", "my-pypi-repo"]).args(MY_DOMAIN)
}

/// `PATH` with these folders before everything else.
fn path(folders: &[PathBuf]) -> std::ffi::OsString {
    let inherited = env::var_os("PATH").unwrap_or_default();
    env::join_paths(folders.iter().cloned().chain(env::split_paths(&inherited))).unwrap()
}

#[test]
fn the_link_goes_with_the_last_client_that_asks_it() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let link = sandbox.file(".local/bin/keyring");
        let _ = setup(sandbox, "pip")
            .arg("--dry-run")
            .ok()
            .says(".local/bin/keyring` would be made, a link to `");
        assert!(!sandbox.file(".local").exists());
        // The folder is not on PATH: nothing is said to be so that is not.
        let made = setup(sandbox, "pip")
            .ok()
            .says(".local/bin/keyring`, which clients start once its folder is on PATH");
        let _ = made.says("warning: `").says(".local/bin` is not on PATH").never_says("✓ `");
        let program = link.canonicalize().unwrap();
        assert!(program.ends_with("pip-keyring-vouch"), "{}", program.display());
        let _ = setup(sandbox, "pip")
            .arg("--dry-run")
            .ok()
            .says("nothing would change")
            .never_says("would be made");
        let _ = sandbox.vouch(&["undo", "--list", "pip"]).ok().shows(".local/bin/keyring`  (a link to `");
        let _ = setup(sandbox, "uv").ok();
        let _ = sandbox.vouch(&["undo", "pip"]).ok().says(".local/bin/keyring` stays: uv asks it");
        assert!(link.is_symlink());
        let _ = sandbox.vouch(&["undo", "uv"]).ok().says(".local/bin/keyring` is removed");
        assert!(!sandbox.file(".local").exists(), "folders that were made for it go, too");
        let _ = sandbox.vouch(&["undo", "--list"]).ok().never_says("a link to");
    });
}

#[test]
fn what_is_not_the_link_that_setup_made_stays() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let link = sandbox.file(".local/bin/keyring");
        let _ = setup(sandbox, "pip").ok();
        let program = link.canonicalize().unwrap();
        for other in ["a program of mine", "a link of mine"] {
            let _ = setup(sandbox, "pip").ok();
            fs::remove_file(&link).unwrap();
            match other {
                "a program of mine" => fs::write(&link, other).unwrap(),
                _ => symlink("/bin/true", &link).unwrap(),
            }
            let _ = sandbox.vouch(&["undo", "pip"]).ok().says("no longer what setup made: it stays");
            assert!(
                fs::read_link(&link).is_ok_and(|to| to == Path::new("/bin/true"))
                    || sandbox.read(".local/bin/keyring") == other
            );
            fs::remove_file(&link).unwrap();
        }
        // One that the person had made before is theirs.
        symlink(&program, &link).unwrap();
        let _ = setup(sandbox, "pip").ok();
        let _ = sandbox.vouch(&["undo", "pip"]).ok().never_says("keyring` is removed");
        assert_eq!(fs::read_link(&link).unwrap(), program);
        // Gone already.
        fs::remove_file(&link).unwrap();
        let _ = setup(sandbox, "pip").ok();
        fs::remove_file(&link).unwrap();
        let _ = sandbox.vouch(&["undo", "pip"]).ok();
        let _ = sandbox.vouch(&["undo", "--list"]).ok().never_says("a link to");
    });
}

/// A backend of the real keyring that keeps everything in a file.
const BACKEND: &str = r#"
import json, os
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

FILE = os.path.join(os.environ["HOME"], "stored.json")

def load():
    return json.load(open(FILE)) if os.path.exists(FILE) else {}

def save(stored):
    with open(FILE, "w") as file:
        json.dump(stored, file)

class Stored(KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        return load().get(f"{service}\n{username}")

    def set_password(self, service, username, password):
        save({**load(), f"{service}\n{username}": password})

    def delete_password(self, service, username):
        stored = load()
        if stored.pop(f"{service}\n{username}", None) is None:
            raise PasswordDeleteError("not there")
        save(stored)
"#;

/// A real `keyring` behind ours.
struct Chain<'a> {
    sandbox: &'a Sandbox,
    real: PathBuf,
}

impl Chain<'_> {
    fn ask(&self, program: &Path, folders: &[PathBuf], words: &[&str], stdin: &str) -> CommandOutput {
        let run =
            self.sandbox.run(program.to_str().unwrap()).args(words).env("PATH", path(folders)).stdin(stdin);
        let run = run
            .env("PYTHONPATH", self.sandbox.file("backend"))
            .env("PYTHON_KEYRING_BACKEND", "stored.Stored");
        run.env("COLUMNS", "100").env("NO_COLOR", "1").done()
    }

    /// Through the link, or of the real one directly; what differs is the way there.
    fn answers(&self, linked: bool, words: &[&str], stdin: &str) -> (i32, String, String) {
        let ours = self.sandbox.file(".local/bin");
        let program = if linked { ours.join("keyring") } else { self.real.join("keyring") };
        let CommandOutput { code, stdout, stderr, .. } =
            self.ask(&program, &[ours, self.real.clone()], words, stdin);
        (code, stdout, stderr)
    }
}

#[test]
fn a_real_keyring_behind_ours_notices_no_difference() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        sandbox.write("backend/stored.py", BACKEND);
        let chain = Chain { sandbox, real: installed("keyring-25.7.0").join("bin") };
        let folders = [sandbox.file(".local/bin"), chain.real.clone()];
        let set_up = || setup(sandbox, "pip").env("PATH", path(&folders));
        let _ = set_up().ok().says("or add `--chain`");
        assert!(!sandbox.file(".local").exists());
        let _ = set_up().args(["--chain", "--dry-run"]).ok().says("would be made");
        let _ = set_up().arg("--chain").ok().says("hands other requests on to");

        let service = "https://packages.example.org/simple/";
        for linked in [false, true] {
            let ask = |words: &[&str], stdin| chain.answers(linked, words, stdin);
            assert_eq!(ask(&["set", service, "alice"], "hunter2 ü\n").0, 0);
            assert!(sandbox.read("stored.json").contains("hunter2"));
            assert_eq!(ask(&["get", service, "alice"], ""), (0, "hunter2 ü\n".into(), String::new()));
            assert_eq!(ask(&["del", service, "alice"], "").0, 0);
            assert_eq!(sandbox.read("stored.json"), "{}");
        }
        let _ = chain.answers(true, &["set", service, "alice"], "hunter2\n");
        for words in [
            &["get", service, "bob"][..],
            &["--mode=creds", "--output=json", "get", service, "alice"],
            &["get", service, "--mode", "creds"],
            &["del", service, "bob"],
            &["get"],
            &["get", service],
            &["--frob"],
            &["--help"],
            &["--list-backends"],
            &["--print-completion", "bash"],
            &[],
        ] {
            // keyring lists its backends in the order of a set.
            let sorted = |(code, out, err): (i32, String, String)| {
                let mut lines: Vec<_> = out.lines().map(str::to_owned).collect();
                if words == ["--list-backends"] {
                    lines.sort_unstable();
                }
                (code, lines, err)
            };
            assert_eq!(
                sorted(chain.answers(true, words, "")),
                sorted(chain.answers(false, words, "")),
                "{words:?}"
            );
        }
        let ours = index("", "my-pypi-repo");
        let (code, token, said) = chain.answers(true, &["get", &ours, "aws"], "");
        assert!(code == 0 && token.starts_with("eyJ") && said.is_empty(), "{code} {said}");
        let (code, stdout, _) = chain.answers(true, &["set", &ours, "aws"], "x\n");
        assert_eq!((code, stdout.as_str()), (1, ""));
        assert!(!sandbox.read("stored.json").contains("codeartifact"));
        let _ = sandbox.vouch(&["undo", "pip"]).ok().says("keyring` is removed");
        assert!(!sandbox.file(".local").exists());
    });
}

#[test]
fn links_to_ours_never_hand_on_in_a_circle() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let _ = setup(sandbox, "pip").ok();
        let first = sandbox.file(".local/bin");
        let program = fs::read_link(first.join("keyring")).unwrap();
        let [second, to_the_first, to_itself, calls_again] =
            ["second", "to-the-first", "to-itself", "calls-again"].map(|name| sandbox.file(name));
        for folder in [&second, &to_the_first, &to_itself] {
            fs::create_dir(folder).unwrap();
        }
        symlink(program, second.join("keyring")).unwrap();
        symlink(first.join("keyring"), to_the_first.join("keyring")).unwrap();
        symlink("keyring", to_itself.join("keyring")).unwrap();
        sandbox.write("calls-again/keyring", "#!/bin/sh\nexec keyring \"$@\"\n");
        let _ = sandbox.run("chmod").args(["+x", "calls-again/keyring"]).ok();
        let chain = Chain { sandbox, real: PathBuf::new() };
        let folders: [&[PathBuf]; 5] = [
            &[first.clone(), first.clone()],
            &[first.clone(), second.clone(), first.clone()],
            &[to_the_first.clone(), first.clone()],
            &[to_itself.clone(), first.clone()],
            &[first.clone(), calls_again, second],
        ];
        for folders in folders {
            for words in
                [&["get", "https://pypi.org/simple/", "alice"][..], &["--mode=creds", "get", "x.example"]]
            {
                let done = chain.ask(&first.join("keyring"), folders, words, "");
                assert!(done.took < Duration::from_secs(5), "{folders:?}");
                let done = done.expect_code(1);
                assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("", ""), "{folders:?}");
            }
            let done = chain.ask(&first.join("keyring"), folders, &["set", "x", "alice"], "hunter2\n");
            let _ = done.expect_code(1).says("nothing was stored or deleted").never_says("hunter2");
        }
    });
}
