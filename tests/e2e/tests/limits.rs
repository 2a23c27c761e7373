//! Limits of the process that Vouch runs in: each is named with what raises it, and costs neither PIN nor touch.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use vouch_e2e::helper::INDEX;
use vouch_e2e::python::index;
use vouch_e2e::{MY_DOMAIN, Run, Sandbox, in_sandbox};

/// A command under a limit, as `prlimit` takes it.
fn under(sandbox: &Sandbox, limit: &str, command: &[&str]) -> Run {
    sandbox.run("prlimit").arg(limit).args(command)
}

#[test]
fn a_limit_on_open_files_is_named() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let mut named = 0;
        for most in 4..20 {
            sandbox.forget();
            let limit = format!("--nofile={most}");
            let done = under(sandbox, &limit, &["vouch", "credential", "codeartifact"]).done();
            assert!(!done.stderr.contains("panicked"), "{done}");
            // Where the system's resolver meets it, nobody is told why.
            if done.stderr.contains("Too many open files") {
                assert!(done.stderr.contains("`ulimit -n 256`"), "{done}");
                named += 1;
            }
        }
        assert!(named > 1, "it says little");
        let _ = under(sandbox, "--nofile=256", &["vouch", "credential", "codeartifact"]).ok();
    });
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_no_sudden_end() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let before = sandbox.read(".vouch/config.json");
        let signs = sandbox.count("/card/signs");
        let login = under(sandbox, "--fsize=0", &["vouch", "login", "--pin-stdin"]).stdin("000000\n");
        let _ = login.fails(7).says("ulimit -f unlimited").never_says("wrong PIN");
        assert_eq!((sandbox.count("/card/signs"), sandbox.count("/card/pin_failures")), (signs, 0));
        // The session before goes on, and who fetches keeps nothing, as on a full disk.
        let request =
            format!(r#"{{"v":1,"registry":{{"index-url":"{INDEX}"}},"kind":"get","operation":"read"}}"#);
        let index = index("", "my-repo");
        let _ = sandbox
            .vouch(&["setup", "codeartifact", "--tool", "pip", "--repository", "my-repo"])
            .args(MY_DOMAIN)
            .ok();
        let before_pip = sandbox.read(".vouch/config.json");
        assert_ne!(before_pip, before);
        for command in [
            &["vouch", "credential", "codeartifact"][..],
            &["pip-keyring-vouch", "get", &index, "aws"],
            &["cargo-credential-vouch", "--cargo-plugin"],
        ] {
            sandbox.forget();
            let done = under(sandbox, "--fsize=0", command).stdin(format!("{request}\n")).ok();
            assert!(done.stdout.contains("eyJ"), "{done}");
        }
        for command in [
            &["vouch", "setup", "codeartifact", "--tool", "npm", "--repository", "my-repo"][..],
            &["vouch", "setup", "aws", "--role", "arn:aws:iam::123456789012:role/Other"],
            &["vouch", "undo", "pip"],
        ] {
            let done = under(sandbox, "--fsize=0", command).fails(7);
            assert!(done.stderr.contains("ulimit -f unlimited"), "{done}");
            assert_eq!(sandbox.read(".vouch/config.json"), before_pip);
        }
        assert!(!sandbox.file(".npmrc").exists());
        // What Vouch starts has the system's way again.
        let exec = ["vouch", "exec", "--type", "codeartifact", "--", "sh", "-c", "exec echo x >file"];
        let _ = under(sandbox, "--fsize=0", &exec).fails(153);
        let _ = fs::remove_file(sandbox.file("file"));
    });
}

#[test]
fn an_answer_that_nobody_can_read_is_an_error() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        for tool in ["cargo", "pip", "npm"] {
            let set_up = ["setup", "codeartifact", "--tool", tool, "--repository", "my-repo"];
            let _ = sandbox.vouch(&set_up).args(MY_DOMAIN).ok();
        }
        let index = index("", "my-repo");
        for command in [
            &["vouch", "credential", "codeartifact"][..],
            &["vouch", "credential", "aws"],
            &["vouch", "env", "--type", "codeartifact", "--force"],
            &["vouch", "status"],
            &["vouch", "status", "--json"],
            &["vouch", "doctor"],
            &["vouch", "--version"],
            &["pip-keyring-vouch", "get", &index, "aws"],
            &["pip-keyring-vouch", "--version"],
            &["npm-token-vouch"],
            &["npm-token-vouch", "status"],
            &["npm-token-vouch", "--help"],
            &["cargo-credential-vouch", "--version"],
        ] {
            let closed = [&["sh", "-c", "exec \"$@\" >&-", "sh"], command].concat();
            let done = sandbox.run("env").args(&closed).done();
            assert_ne!(done.code, 0, "{done}");
            assert!(done.stderr.contains("stdout is closed"), "{done}");
            let full = [&["sh", "-c", "exec \"$@\" >/dev/full", "sh"], command].concat();
            let done = sandbox.run("env").args(&full).done();
            assert_ne!(done.code, 0, "{done}");
            assert!(done.stderr.contains("No space left"), "{done}");
        }
        // Thrown away is another matter.
        let thrown = ["-c", "exec vouch credential codeartifact 1<>/dev/null"];
        let _ = sandbox.run("sh").args(thrown).ok();
    });
}

#[test]
fn where_there_may_be_no_more_threads_no_command_breaks_down() {
    in_sandbox(&[], |sandbox| {
        // The superuser has no such limit. Somebody else's home and programs lie where anybody may go.
        let home = PathBuf::from("/run/vouch-for-all");
        fs::create_dir(&home).unwrap();
        for name in ["vouch", "cargo-credential-vouch", "pip-keyring-vouch"] {
            let program = sandbox.run("sh").args(["-c", &format!("command -v {name}")]).ok().stdout;
            fs::copy(program.trim(), home.join(name)).unwrap();
        }
        let _ = Run::new("chown").args(["-R", "65534:65534"]).arg(&home).ok();
        let run = |limit: &[String], args: &[&str]| {
            Run::new("setpriv")
                .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
                .args(limit)
                .arg(home.join("vouch"))
                .args(args)
                .env("HOME", &home)
                .env("VOUCH_HOME", home.join(".vouch"))
                .within(&home)
                .done()
        };
        for tool in ["cargo", "pip"] {
            let setup = ["setup", "codeartifact", "--tool", tool, "--repository", "my-repo"];
            let done = run(&[], &setup.into_iter().chain(MY_DOMAIN).collect::<Vec<_>>());
            assert_eq!(done.code, 0, "{done}");
        }
        for most in 1..6 {
            let limit = ["prlimit".to_owned(), format!("--nproc={most}")];
            let done = run(&limit, &["doctor", "--all"]);
            assert!(done.stdout.contains("cargo my-repo") && done.stdout.contains("pip "), "{most} {done}");
            assert!(!done.stdout.contains("a fault of its own"), "{most} {done}");
            for args in [&["status"][..], &["credential", "codeartifact"], &["undo", "--dry-run", "--all"]] {
                let done = run(&limit, args);
                assert!(!done.stderr.contains("a fault of its own"), "{most} {args:?} {done}");
            }
        }
    });
}

/// Whoever has too little memory gets an end that is no answer, and the next one goes on.
#[test]
fn a_limit_on_memory_costs_the_answer_and_nothing_else() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let before = sandbox.setup_files();
        let mut failed = 0;
        for megabytes in [4, 8, 12, 16, 20, 24, 32, 48, 64, 128, 512] {
            sandbox.forget();
            let limit = format!("--as={}", megabytes << 20);
            let done = under(sandbox, &limit, &["vouch", "credential", "codeartifact"]).done();
            let is_token = done.stdout.starts_with("eyJ") && done.stdout.lines().count() == 1;
            assert!(if done.code == 0 { is_token } else { done.stdout.is_empty() }, "{done}");
            failed += usize::from(done.code != 0);
            let next = sandbox.vouch(&["credential", "codeartifact"]).ok();
            assert!(next.took < Duration::from_secs(5), "{next}");
            assert_eq!(sandbox.setup_files(), before);
        }
        assert!((1..11).contains(&failed), "{failed}");
    });
}

#[test]
fn a_kernel_keyring_that_is_full_costs_neither_pin_nor_touch() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        // The superuser may have as many keys as nobody makes.
        let home = PathBuf::from("/run/vouch-for-all");
        fs::create_dir(&home).unwrap();
        let program = sandbox.run("sh").args(["-c", "command -v vouch"]).ok().stdout;
        fs::copy(program.trim(), home.join("vouch")).unwrap();
        fs::create_dir(home.join(".vouch")).unwrap();
        fs::copy(sandbox.file(".vouch/config.json"), home.join(".vouch/config.json")).unwrap();
        let _ = Run::new("chown").args(["-R", "60123:60123"]).arg(&home).ok();
        let _ = Run::new("chmod").args(["-R", "go="]).arg(home.join(".vouch")).ok();
        let run = |command: &str| {
            Run::new("setpriv")
                .args(["--reuid", "60123", "--regid", "60123", "--clear-groups", "sh", "-c", command])
                .env("HOME", &home)
                .env("VOUCH_HOME", home.join(".vouch"))
                .within(&home)
        };
        let signs = sandbox.count("/card/signs");
        let fill = "n=0; while keyctl add user fill$n x @u >/dev/null 2>&1; do n=$((n+1)); done; echo $n";
        let filled = run(fill).ok();
        assert_ne!(filled.stdout.trim(), "0", "{filled}");
        let done = run("echo 000000 | ./vouch login --pin-stdin").done();
        let emptied = run("keyctl clear @u").ok();
        assert_eq!(done.code, 7, "{done} {emptied}");
        let _ = done.says("keyctl show @u").never_says("PIN");
        assert_eq!((sandbox.count("/card/signs"), sandbox.count("/card/pin_failures")), (signs, 0));
    });
}
