//! Every token that Vouch wrote is known, and gone when it should be; what somebody else wrote stays. Two commands at once
//! leave neither a token nor a line that nobody answers for.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use vouch_e2e::node::{Client, REGISTRY};
use vouch_e2e::{MY_DOMAIN, Run, Sandbox, in_sandbox};

const NPM: Client = Client("npm-11");

/// How the tokens of the sandbox begin.
const TOKEN: &str = "eyJ2ZXI";

/// Times that two commands race.
const ROUNDS: usize = 25;

fn begin(sandbox: &Sandbox) {
    sandbox.enroll();
    sandbox.log_in();
}

fn set_up(sandbox: &Sandbox, tool: &str, repository: &str) -> Run {
    sandbox.vouch(&["setup", "codeartifact", "--tool", tool, "--repository", repository]).args(MY_DOMAIN)
}

fn tokens(sandbox: &Sandbox) -> usize {
    fs::read_to_string(sandbox.file(".npmrc")).unwrap_or_default().matches(TOKEN).count()
}

/// The files of the home, Vouch's own among them, that have a token in them which can be read.
fn files_with_tokens(sandbox: &Sandbox) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                walk(&path, found);
            } else if String::from_utf8_lossy(&fs::read(&path).unwrap()).contains(TOKEN) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&sandbox.file("."), &mut found);
    found
}

#[test]
fn a_logout_takes_every_token_out_that_was_ever_written() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        sandbox.write(".npmrc", "; mine\n//registry.example.com/:_authToken=theirs-alone\n");
        let _ = set_up(sandbox, "npm", "my-npm-repo").ok();
        let _ = set_up(sandbox, "npm", "my-repo").ok();
        for scope in ["@a", "@b"] {
            let _ = set_up(sandbox, "npm", "my-pypi-repo").args(["--scope", scope]).ok();
        }
        let _ = set_up(sandbox, "npm", "my-maven-repo").args(["--npmrc", "other/.npmrc"]).ok();
        assert!(tokens(sandbox) >= 2, "{}", sandbox.read(".npmrc"));
        let text = sandbox.read(".vouch/ledger.json");
        assert!(!text.contains("registry.example.com") && !text.contains(TOKEN), "{text}");
        // A registration that is gone without an undo, and a line that was moved by hand.
        let moved = sandbox.read(".npmrc") + "[section]\n" + &sandbox.read("other/.npmrc");
        sandbox.write(".npmrc", &moved);
        let config = sandbox.read(".vouch/config.json").replace("\"npm\"", "\"of-tomorrow\"");
        sandbox.write(".vouch/config.json", &config);
        let _ = sandbox.vouch(&["logout"]).ok().says("the token is out of");
        let left = sandbox.read(".npmrc");
        // The token of another file that was copied into this one is the same.
        assert!(!left.contains(TOKEN), "{left}");
        assert!(left.contains("//registry.example.com/:_authToken=theirs-alone\n"), "{left}");
        assert_eq!(files_with_tokens(sandbox), Vec::<PathBuf>::new());
        assert!(!sandbox.file(".vouch/ledger.json").exists());
    });
}

#[test]
fn a_logout_tries_every_removal_and_reports_every_failure() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let _ = set_up(sandbox, "npm", "my-npm-repo").ok();
        let _ = set_up(sandbox, "npm", "my-repo").args(["--npmrc", "locked/.npmrc"]).ok();
        // What is no file in the vault, a file that does not let go of its token, a keystore that is none.
        fs::create_dir(sandbox.file(".vouch/vault/token-x.sealed")).unwrap();
        let _ = sandbox.run("chmod").args(["a-w", "locked/.npmrc"]).ok();
        let done = sandbox.vouch(&["logout"]).fails(7);
        let done = done.says("cannot delete what is in").says("locked/.npmrc` is read-only");
        let _ = done.says(".npmrc`").never_says("logged out");
        assert_eq!(tokens(sandbox), 0);
        fs::remove_dir(sandbox.file(".vouch/vault/token-x.sealed")).unwrap();
        let _ = sandbox.run("chmod").args(["u+w", "locked/.npmrc"]).ok();
        let _ = sandbox.vouch(&["logout"]).ok();
        assert_eq!(files_with_tokens(sandbox), Vec::<PathBuf>::new());
        sandbox.log_in();
        assert_eq!(tokens(sandbox), 1);
        let refused = sandbox.vouch(&["logout"]).env("VOUCH_KEYSTORE", "nonsense").done();
        assert_ne!(refused.code, 0, "{refused}");
        assert_eq!(tokens(sandbox), 0);
        let _ = sandbox.vouch(&["status"]).fails(3);
        let _ = sandbox.vouch(&["logout"]).ok();
        // A ledger that cannot be read keeps nobody logged in, and is not passed over.
        sandbox.log_in();
        sandbox.write(".vouch/ledger.json", "{ oops");
        let said = sandbox.vouch(&["logout"]).fails(7).says("the ledger of the tokens that Vouch wrote");
        let hint = said.stderr.split('`').find(|part| part.starts_with("mv ")).expect("a command").to_owned();
        let _ = sandbox.vouch(&["status"]).fails(3);
        let _ = sandbox.run("sh").args(["-c", &hint]).ok();
        let _ = sandbox.vouch(&["logout"]).ok();
    });
}

#[test]
fn what_a_killed_refresh_left_goes_with_the_next_one_and_with_a_logout() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let _ = set_up(sandbox, "npm", "my-npm-repo").ok();
        let token = sandbox.read(".npmrc");
        let left = [".npmrc.vouch-new", ".npmrc.vouch-"];
        let id = vouch_core::home::Home::at(sandbox.file(".vouch")).unwrap().id();
        let left = [format!(".{}", left[0]), format!(".{}{id}", left[1])];
        for command in [["npm-token-vouch", "refresh"], ["vouch", "logout"]] {
            left.iter().for_each(|name| sandbox.write(name, &token));
            let _ = sandbox.run(command[0]).arg(command[1]).ok();
            assert!(left.iter().all(|name| !sandbox.file(name).exists()), "{command:?}");
        }
        assert_eq!(files_with_tokens(sandbox), Vec::<PathBuf>::new());
        // After a kill between ledger and rename there is only the ledger to know it, and no registration.
        sandbox.log_in();
        let ledger = sandbox.read(".vouch/ledger.json");
        let _ = sandbox.vouch(&["undo", "npm"]).ok();
        assert!(!sandbox.file(".npmrc").exists());
        sandbox.write(".vouch/ledger.json", &ledger);
        left.iter().for_each(|name| sandbox.write(name, &token));
        let _ = sandbox.vouch(&["logout"]).ok();
        assert_eq!(files_with_tokens(sandbox), Vec::<PathBuf>::new());
        assert!(!sandbox.file(".npmrc").exists());
    });
}

#[test]
fn a_logout_between_a_fetch_and_its_edit_leaves_no_token() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let _ = set_up(sandbox, "npm", "my-npm-repo").ok();
        sandbox.forget();
        let held = sandbox.hold("codeartifact");
        let refresh = sandbox.run("npm-token-vouch").arg("refresh").start();
        held.wait_for_request();
        let _ = sandbox.vouch(&["logout"]).ok();
        drop(held);
        let _ = refresh.wait().expect_code(3).says("vouch login");
        assert_eq!(files_with_tokens(sandbox), Vec::<PathBuf>::new());
    });
}

#[test]
fn an_edit_that_another_program_undoes_is_told() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let _ = set_up(sandbox, "npm", "my-npm-repo").ok();
        let without = "; somebody else's\n";
        sandbox.write(".npmrc", without);
        // Every replaced file is there for a while before the program goes on.
        let strace = [
            "-f",
            "-qqq",
            "-o",
            "/dev/null",
            "-e",
            "trace=/^rename",
            "-e",
            "inject=/^rename:delay_exit=500000",
        ];
        let refresh = sandbox.run("strace").args(strace).args(["npm-token-vouch", "refresh"]).start();
        let start = std::time::Instant::now();
        while sandbox.read(".npmrc") == without {
            assert!(start.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(5));
        }
        sandbox.write(".npmrc", without);
        let _ = refresh
            .wait()
            .expect_code(7)
            .says("does not read back as it was written")
            .says("another program");
        assert_eq!(sandbox.read(".npmrc"), without);
        let _ = sandbox.run("npm-token-vouch").arg("refresh").ok();
        assert!(sandbox.read(".npmrc").contains("_authToken"));
    });
}

#[test]
fn a_token_of_somebody_else_is_neither_replaced_nor_removed() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let theirs = format!("{}:_authToken=theirs-alone\n", REGISTRY.trim_start_matches("https:"));
        sandbox.write(".npmrc", &theirs);
        let said = set_up(sandbox, "npm", "my-npm-repo").ok().says("is not Vouch's and gives way");
        let _ = said.never_says("theirs-alone");
        assert!(!sandbox.read(".npmrc").contains("theirs-alone"));
        // What undo cannot put back it names, without the secret.
        let said = sandbox.vouch(&["undo", "npm"]).ok().says("the journal does not keep the value of");
        let _ = said.never_says("theirs-alone");
        let _ = set_up(sandbox, "npm", "my-npm-repo").ok();
        let ours = sandbox.read(".npmrc");
        let by_hand: String = ours
            .lines()
            .map(|line| if line.contains("_authToken") { theirs.clone() } else { format!("{line}\n") })
            .collect();
        sandbox.write(".npmrc", &by_hand);
        sandbox.log_in();
        let said =
            sandbox.run("npm-token-vouch").arg("refresh").fails(7).says("that Vouch did not write: it stays");
        assert_eq!(sandbox.read(".npmrc"), by_hand);
        let _ = sandbox.vouch(&["logout"]).ok();
        assert_eq!(sandbox.read(".npmrc"), by_hand);
        sandbox.log_in();
        // The hint works.
        let hint = said.stderr.split('`').find(|part| part.starts_with("vouch setup")).expect("a command");
        let _ = sandbox.run("sh").args(["-c", hint]).ok();
        assert_eq!((tokens(sandbox), sandbox.read(".npmrc").contains("theirs-alone")), (1, false));
        let _ = NPM.run(sandbox, &["ping"]).ok();
    });
}

#[test]
fn a_refresh_beside_an_undo_puts_nothing_back() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        for round in 0..ROUNDS {
            let _ = set_up(sandbox, "npm", "my-npm-repo").ok();
            sandbox.forget();
            let refresh = sandbox.run("npm-token-vouch").arg("refresh").start();
            let undo = sandbox.vouch(&["undo", "npm"]).start();
            let (refreshed, undone) = (refresh.wait(), undo.wait().expect_code(0));
            assert!([0, 3].contains(&refreshed.code), "{refreshed}");
            assert!(
                !sandbox.file(".npmrc").exists(),
                "round {round}: {}\n{refreshed}\n{undone}",
                sandbox.read(".npmrc")
            );
        }
        let _ = sandbox.vouch(&["logout"]).ok();
        assert_eq!(files_with_tokens(sandbox), Vec::<PathBuf>::new());
    });
}

#[test]
fn a_login_beside_an_undo_makes_no_file_again() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        for round in 0..ROUNDS {
            let _ = set_up(sandbox, "npm", "my-npm-repo").ok();
            let login = sandbox.vouch_with_pin(&["login"]).start();
            // From its start to its end.
            std::thread::sleep(Duration::from_millis(20 * round as u64));
            let _ = sandbox.vouch(&["undo", "npm"]).ok();
            let _ = login.wait().expect_code(0);
            assert!(!sandbox.file(".npmrc").exists(), "round {round}: {}", sandbox.read(".npmrc"));
        }
    });
}

#[test]
fn a_setup_beside_an_undo_leaves_lines_and_registration_or_neither() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        for round in 0..ROUNDS {
            let _ = set_up(sandbox, "cargo", "my-repo").ok();
            let setup = set_up(sandbox, "cargo", "my-npm-repo").start();
            std::thread::sleep(Duration::from_millis(round as u64));
            let undo = sandbox.vouch(&["undo", "cargo"]).start();
            let (setup, _) = (setup.wait(), undo.wait().expect_code(0));
            let lines = fs::read_to_string(sandbox.file(".cargo/config.toml")).unwrap_or_default();
            let config = sandbox.read(".vouch/config.json");
            // It says that it is there if it is, and that it was taken back if it is not.
            let is_there = config.contains("/cargo/my-npm-repo/");
            let setup = if setup.code == 0 { setup } else { setup.says("took this setup back") };
            assert!(setup.code == 0 || !is_there, "round {round}: {setup}");
            for repository in ["my-repo", "my-npm-repo"] {
                let url = format!("/cargo/{repository}/");
                assert_eq!(lines.contains(&url), config.contains(&url), "round {round}: {lines}\n{config}");
            }
            let _ = sandbox.vouch(&["undo", "cargo"]).done();
            assert!(!sandbox.file(".cargo/config.toml").exists(), "round {round}: {lines}");
        }
    });
}

#[test]
fn setups_at_once_all_succeed() {
    const SCOPES: [&str; 6] = ["@a", "@b", "@c", "@d", "@e", "@f"];
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        for round in 0..ROUNDS {
            let all: Vec<_> = SCOPES
                .map(|scope| set_up(sandbox, "npm", "my-npm-repo").args(["--scope", scope]).start())
                .into_iter()
                .map(|running| running.wait().expect_code(0))
                .collect();
            let text = sandbox.read(".npmrc");
            for scope in SCOPES {
                assert!(
                    text.contains(&format!("{scope}:registry={REGISTRY}")),
                    "round {round}: {text}\n{all:?}"
                );
            }
            assert_eq!(tokens(sandbox), 1);
            let _ = sandbox.vouch(&["undo", "npm"]).ok();
            assert!(!sandbox.file(".npmrc").exists(), "round {round}: {}", sandbox.read(".npmrc"));
        }
    });
}
