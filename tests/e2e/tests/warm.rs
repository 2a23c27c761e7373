//! What a warm answer does, without a clock: system calls, counted.

use std::fs;

use vouch_e2e::helper::INDEX;
use vouch_e2e::python::index;
use vouch_e2e::{MY_DOMAIN, Run, Sandbox, in_sandbox};

/// The system calls of a command that succeeds, a line each.
fn traced(sandbox: &Sandbox, program: &str, args: &[&str], stdin: &str) -> Vec<String> {
    let log = sandbox.file("calls");
    let _ = Run::new("strace")
        .args(["-f", "-qq", "-y", "-e", "signal=none", "-o"])
        .arg(&log)
        .arg(program)
        .args(args)
        .stdin(stdin)
        .within(sandbox.home())
        .ok();
    fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_warm_answer_reads_one_key_and_few_files_and_asks_nobody() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        for tool in ["pip", "npm"] {
            let setup = ["setup", "codeartifact", "--repository", "my-repo", "--tool", tool];
            let _ = sandbox.vouch(&setup).args(MY_DOMAIN).ok();
        }
        let request = format!(
            r#"{{"v":1,"registry":{{"index-url":"{INDEX}","name":"my-repo"}},"kind":"get","operation":"read"}}"#
        );
        let url = index("", "my-repo");
        // The files are the configuration, the sealed token, and for pip the sealed session.
        let cases: [(&str, Vec<&str>, String, usize); 2] = [
            ("cargo-credential-vouch", vec!["--cargo-plugin"], request + "\n", 2),
            ("pip-keyring-vouch", vec!["get", &url, "aws"], String::new(), 3),
        ];
        for (program, args, stdin, files) in cases {
            let _ = sandbox.run(program).args(&args).stdin(&stdin).ok();
            let calls = traced(sandbox, program, &args, &stdin);
            let named = |name: &str| calls.iter().filter(|call| call.contains(&format!(" {name}("))).count();
            let home = sandbox.file(".vouch").display().to_string();
            let opened: Vec<&String> = calls
                .iter()
                .filter(|call| call.contains("open") && call.contains(&home) && !call.contains("= -1"))
                .collect();
            for never in
                ["socket", "clone", "clone3", "fork", "vfork", "fsync", "rename", "unlink", "mkdir", "sendto"]
            {
                assert_eq!(named(never), 0, "{program}: {never}\n{calls:#?}");
            }
            assert!(opened.len() <= files, "{program}: {opened:#?}");
            assert!(named("keyctl") <= 3, "{program}: {calls:#?}");
            assert!(calls.len() < 130, "{program}: {}\n{calls:#?}", calls.len());
        }
    });
}
