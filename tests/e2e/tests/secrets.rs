//! After a whole day's work no secret is found anywhere but where it belongs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use vouch_e2e::{in_sandbox, secrets_of_the_session};

#[test]
fn no_secret_in_files_arguments_or_logs() {
    in_sandbox(&[], |sandbox| {
        let watching = Arc::new(AtomicBool::new(true));
        let watcher = thread::spawn({
            let watching = Arc::clone(&watching);
            move || {
                let mut seen = BTreeSet::new();
                while watching.load(Ordering::Relaxed) {
                    sample_processes(&mut seen);
                    thread::sleep(Duration::from_millis(2));
                }
                seen
            }
        });
        sandbox.ready();
        sandbox.library("greeting");
        let publish = ["publish", "--registry", "my-repo", "--manifest-path", "greeting/Cargo.toml"];
        let mut said = Vec::new();
        said.push(sandbox.cargo(&publish).env("VOUCH_LOG", "trace").env("CARGO_LOG", "debug").ok());
        sandbox.program("hello", "greeting", "my-repo");
        said.push(
            sandbox.cargo(&["build", "-vv"]).within(sandbox.file("hello")).env("VOUCH_LOG", "trace").ok(),
        );
        said.push(sandbox.vouch(&["status"]).env("VOUCH_LOG", "trace").ok());
        let secrets = secrets_of_the_session(sandbox);
        said.push(sandbox.vouch(&["logout"]).env("VOUCH_LOG", "trace").ok());
        watching.store(false, Ordering::Relaxed);
        let seen = watcher.join().unwrap();
        assert!(seen.len() > 20, "the watcher has seen something");

        let mut searched = 0;
        let mut search = |what: &str, bytes: &[u8]| {
            searched += 1;
            for secret in &secrets {
                let found = bytes.windows(secret.len()).any(|window| window == secret);
                assert!(!found, "a secret is in {what}");
            }
        };
        for done in &said {
            search("what a command said", format!("{done}").as_bytes());
        }
        for line in &seen {
            search("a command line or an environment", line);
        }
        for file in files_below(sandbox.home()) {
            search(&file.display().to_string(), &fs::read(&file).unwrap());
        }
        let log = std::env::var("VOUCH_SANDBOX_LOG").unwrap();
        search(&log, &fs::read(&log).unwrap());
        assert!(searched > 100);
    });
}

/// Command lines of everything that runs, and the environment of Vouch's own programs.
fn sample_processes(seen: &mut BTreeSet<Vec<u8>>) {
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let folder = process.path();
        let Ok(arguments) = fs::read(folder.join("cmdline")) else { continue };
        if arguments.is_empty() {
            continue;
        }
        seen.insert(arguments);
    }
}

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            files.extend(files_below(&entry.path()));
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    files
}
