//! The command in the sandbox: its exit code, its environment, its end, and that nothing of it remains.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod common;

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{answer, processes_with, run, sandbox};

const SLEEPER: &str = "trap 'echo got TERM; exit 5' TERM; echo ready; while :; do sleep 0.05; done";

#[test]
fn the_exit_code_is_the_commands() {
    assert_eq!(run(&[], "exit 0").code, Some(0));
    assert_eq!(run(&[], "exit 7").code, Some(7));
    assert_eq!(run(&[], "kill -TERM $$").code, Some(128 + 15));
    assert_eq!(run(&[], "kill -KILL $$").code, Some(128 + 9));
}

#[test]
fn a_command_that_cannot_run_is_told_apart() {
    let missing = answer(sandbox(&["--no-pcscd"]).arg("no-such-program").output().unwrap());
    assert_eq!(missing.code, Some(127));
    assert!(missing.stderr.contains("no-such-program"), "{}", missing.stderr);
    let unfit = answer(sandbox(&["--no-pcscd"]).arg("/etc/passwd").output().unwrap());
    assert_eq!(unfit.code, Some(126));
}

#[test]
fn a_sandbox_that_cannot_be_is_125_and_says_why() {
    let failed = answer(sandbox(&["--config", "/no/such/file"]).arg("true").output().unwrap());
    assert_eq!(failed.code, Some(125));
    assert!(failed.stderr.contains("/no/such/file"), "{}", failed.stderr);
    assert_eq!(failed.stdout, "");
}

#[test]
fn wrong_usage_is_2() {
    let usage = |options: &[&str]| answer(sandbox(options).arg("true").output().unwrap()).code;
    assert_eq!(usage(&["--proxy-auth", "a:b"]), Some(2));
    assert_eq!(usage(&["--proxy", "--proxy-auth", "ab"]), Some(2));
    assert_eq!(usage(&["--firmware", "new"]), Some(2));
    assert_eq!(usage(&["--cards", "17"]), Some(2));
    assert_eq!(answer(sandbox(&[]).output().unwrap()).code, Some(2));
}

#[test]
fn standard_streams_are_the_commands_alone() {
    let mut child = sandbox(&["--no-pcscd"])
        .arg("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"\x00through\n").unwrap();
    let output = answer(child.wait_with_output().unwrap());
    assert_eq!(output.output(), "\0through\n");
}

#[test]
fn nothing_of_the_callers_environment_leaks() {
    let command = r#"echo "${AWS_SECRET_ACCESS_KEY-none} ${PASSED-none} ${GIVEN-none} ${LANG-none}"; env"#;
    let output = sandbox(&["--no-pcscd", "--env", "PASSED", "--env", "GIVEN=a=b", "--env", "ABSENT"])
        .args(["sh", "-c", command])
        .env("AWS_SECRET_ACCESS_KEY", "leak")
        .env("PASSED", "passed")
        .env("LANG", "C.UTF-8")
        .env("HTTPS_PROXY", "http://leak.example")
        .env("CARGO_HOME", "/leak")
        .output()
        .unwrap();
    let text = answer(output).output();
    assert_eq!(text.lines().next(), Some("none passed a=b C.UTF-8"));
    assert!(!text.contains("leak") && !text.contains("ABSENT"), "{text}");
}

#[test]
fn the_command_has_a_private_home_runtime_folder_and_pin() {
    let lines = run(
        &[],
        r#"
        for folder in "$HOME" "$TMPDIR" "$XDG_RUNTIME_DIR" "$VOUCH_SANDBOX_SITE"; do
            touch "$folder/file" && echo writable
        done
        ls -A "$HOME"
        stat -c %a "$XDG_RUNTIME_DIR"; stat -f -c %T "$XDG_RUNTIME_DIR"
        echo "$VOUCH_SANDBOX_PIN" | grep -cE '^[0-9]{8}$'
        head -1 "$VOUCH_SANDBOX_CA"; head -1 "$VOUCH_SANDBOX_ATTESTATION_ROOT"
        command -v vouch-sandbox
        "#,
    )
    .lines();
    let program = Path::new(env!("CARGO_BIN_EXE_vouch-sandbox"));
    let certificate = "-----BEGIN CERTIFICATE-----";
    let expected = [
        "writable",
        "writable",
        "writable",
        "writable",
        "file",
        "700",
        "tmpfs",
        "1",
        certificate,
        certificate,
    ];
    assert_eq!(lines[..10], expected);
    assert_eq!(Path::new(&lines[10]), program);
}

#[test]
fn a_given_folder_comes_first_on_the_path_and_the_real_toolchain_works() {
    let folder = tempfile::tempdir().unwrap();
    let shadow = folder.path().join("vouch-sandbox");
    std::fs::write(&shadow, "#!/bin/sh\necho shadow\n").unwrap();
    std::fs::set_permissions(&shadow, std::fs::Permissions::from_mode(0o755)).unwrap();
    let options = ["--bin", folder.path().to_str().unwrap()];
    let lines = run(&options, "vouch-sandbox; cargo --version; \"$CARGO\" --version").lines();
    assert_eq!(lines[0], "shadow");
    assert!(lines[1].starts_with("cargo ") && lines[1] == lines[2], "{lines:?}");
}

#[test]
fn there_is_no_way_out() {
    let lines = run(
        &[],
        r"
        tail -n +3 /proc/net/dev | grep -vc 'lo:'
        code https://192.0.2.1/
        code https://example.org/
        ",
    )
    .lines();
    // curl: 7 cannot connect, 6 cannot resolve.
    assert_eq!(lines, ["0", "7 000", "6 000"]);
}

#[test]
fn the_hosts_are_known_inside_only() {
    let inside =
        run(&[], "getent ahostsv4 my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com").output();
    assert!(inside.starts_with("127.0.0.13 "), "{inside}");
    assert!(!std::fs::read_to_string("/etc/hosts").unwrap().contains("codeartifact"));
}

#[test]
fn nothing_is_left_behind() {
    let mark = "86399.7531";
    let script =
        format!("(setsid sleep {mark} &) ; echo \"$HOME\"; mkdir -p \"$HOME/a/b\"; chmod 500 \"$HOME/a\"");
    let home = run(&[], &script).output();
    let folder = Path::new(home.trim()).parent().unwrap();
    assert!(folder.is_absolute() && !folder.exists(), "{}", folder.display());
    assert_eq!(processes_with(mark), [""; 0]);
    assert_eq!(processes_with(folder.to_str().unwrap()), [""; 0]);
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains("vouch-sandbox-"), "{mounts}");
}

#[test]
fn the_folder_is_kept_on_request() {
    let kept = run(&["--keep"], "echo here >\"$HOME/file\"");
    let folder = kept.stderr.trim().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(std::fs::read_to_string(Path::new(&folder).join("home/file")).unwrap(), "here\n");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_signal_reaches_the_command() {
    let mut child = sleeper(SLEEPER);
    kill("-TERM", &child);
    let mut rest = String::new();
    std::io::Read::read_to_string(child.stdout.as_mut().unwrap(), &mut rest).unwrap();
    assert_eq!(rest, "got TERM\n");
    assert_eq!(child.wait().unwrap().code(), Some(5));
}

#[test]
fn a_killed_sandbox_takes_everything_with_it() {
    let mark = "86399.2468";
    let mut child = sleeper(&format!("(setsid sleep {mark} &); echo ready; sleep {mark}"));
    let folders = kept_folders(&processes_with(mark));
    kill("-KILL", &child);
    child.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    while !processes_with(mark).is_empty() {
        assert!(Instant::now() < deadline, "still there: {:?}", processes_with(mark));
        std::thread::sleep(Duration::from_millis(10));
    }
    // Nobody was left to remove it.
    folders.into_iter().for_each(|folder| std::fs::remove_dir_all(folder).unwrap());
}

#[test]
fn orphans_are_collected() {
    let lines = run(
        &[],
        r"
        (sleep 0.05 & echo $! >$HOME/orphan)
        sleep 0.3
        kill -0 $(cat $HOME/orphan) 2>/dev/null && echo zombie || echo collected
        ",
    )
    .lines();
    assert_eq!(lines, ["collected"]);
}

#[test]
fn an_ordinary_user_has_a_sandbox_too() {
    let folder =
        tempfile::Builder::new().permissions(std::fs::Permissions::from_mode(0o755)).tempdir().unwrap();
    let program = folder.path().join("vouch-sandbox");
    std::fs::copy(env!("CARGO_BIN_EXE_vouch-sandbox"), &program).unwrap();
    let script = "id -u; ulimit -c 0; vouch-sandbox ctl stats | grep -c '\"present\": true'; exit 9";
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).current_dir("/");
    command.arg(&program).args(["run", "--", "sh", "-c", script]);
    let answer = answer(command.output().unwrap());
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(9), "0\n1\n"), "{}", answer.stderr);
}

/// Starts a script and waits for the word `ready`.
fn sleeper(script: &str) -> Child {
    let mut child =
        sandbox(&["--no-pcscd"]).args(["sh", "-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    // One byte at a time: what follows is read by the caller.
    BufReader::with_capacity(1, child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    child
}

fn kill(signal: &str, child: &Child) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

/// The temporary folders that the environments of these processes name.
fn kept_folders(processes: &[String]) -> std::collections::BTreeSet<std::path::PathBuf> {
    let environments =
        processes.iter().filter_map(|process| std::fs::read(format!("/proc/{process}/environ")).ok());
    environments
        .flat_map(|environment| {
            let text = String::from_utf8_lossy(&environment).into_owned();
            let homes = text.split('\0').filter_map(|variable| variable.strip_prefix("HOME="));
            homes.filter_map(|home| Path::new(home).parent().map(Path::to_owned)).collect::<Vec<_>>()
        })
        .filter(|folder| folder.to_string_lossy().contains("vouch-sandbox-"))
        .collect()
}
