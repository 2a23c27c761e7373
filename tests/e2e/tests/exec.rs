//! `vouch exec`: the command's environment, exit code and signals.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use vouch_e2e::{Run, Sandbox, in_sandbox};

fn exec<'a>(sandbox: &Sandbox, command: impl IntoIterator<Item = &'a str>) -> Run {
    sandbox.vouch(&["exec", "--type", "codeartifact", "--"]).args(command)
}

/// A build tool that reads the token from its environment.
fn install_mvn(sandbox: &Sandbox) -> String {
    sandbox.write(
        "tools/mvn",
        "#!/bin/sh\ntouch started\necho \"$CODEARTIFACT_AUTH_TOKEN\"\nfor word; do echo \"<$word>\"; done\n",
    );
    fs::set_permissions(sandbox.file("tools/mvn"), fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", sandbox.file("tools").display(), std::env::var("PATH").unwrap())
}

#[test]
fn the_command_gets_the_token_and_its_words_as_they_were_typed() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let path = install_mvn(sandbox);
        let token = sandbox.vouch(&["credential", "codeartifact"]).ok().stdout;
        let done = exec(sandbox, ["mvn", "deploy", "-s", "settings.xml", "two words", "--", "$HOME"])
            .env("PATH", &path)
            .ok();
        assert_eq!(
            done.stdout,
            format!("{token}<deploy>\n<-s>\n<settings.xml>\n<two words>\n<-->\n<$HOME>\n")
        );
        // A stale value is replaced, other variables stay, and only what the type names is set.
        let print =
            "printenv CODEARTIFACT_AUTH_TOKEN; printenv MINE; printenv NPM_TOKEN; env | grep -c ^AWS_SECRET";
        let done = exec(sandbox, ["sh", "-c", print])
            .env("CODEARTIFACT_AUTH_TOKEN", "stale")
            .env("MINE", "x")
            .done();
        assert_eq!(done.stdout, format!("{token}x\n0\n"));
        let exported = sandbox.vouch(&[
            "exec",
            "--type",
            "codeartifact",
            "--export",
            "NPM_TOKEN",
            "--export",
            "CARGO_REGISTRIES_X_TOKEN",
            "--",
        ]);
        let done = exported.args(["sh", "-c", "printenv NPM_TOKEN CARGO_REGISTRIES_X_TOKEN"]).ok();
        assert_eq!(done.stdout, token.repeat(2));
        let aws = sandbox.vouch(&["exec", "--type", "aws", "--", "sh", "-c", "printenv AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN && ! printenv CODEARTIFACT_AUTH_TOKEN"]);
        assert_eq!(aws.ok().stdout.lines().count(), 3);
    });
}

#[test]
fn exit_codes_and_signals_are_the_commands_own() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        for code in [1, 3, 42, 255] {
            let _ = exec(sandbox, ["sh", "-c", &format!("exit {code}")]).fails(code);
        }
        let _ = exec(sandbox, ["sh", "-c", "kill -KILL $$"]).fails(128 + 9);
        // The command has taken the place of `vouch`: a signal reaches it and nothing is left between.
        let running = exec(
            sandbox,
            ["sh", "-c", "trap 'exit 7' TERM; echo $$; touch ready; while :; do sleep 0.05; done"],
        )
        .start();
        let pid = running.child.id();
        while !sandbox.file("ready").exists() {
            std::thread::sleep(Duration::from_millis(10));
        }
        kill(Pid::from_raw(i32::try_from(pid).unwrap()), Signal::SIGTERM).unwrap();
        let done = running.wait().expect_code(7);
        assert_eq!(done.stdout.trim(), pid.to_string());
        // A pipe that closes ends the command as ever.
        let _ = sandbox
            .run("bash")
            .args(["-c", "set -o pipefail; vouch exec --type codeartifact -- yes | head -1"])
            .fails(128 + 13);
    });
}

#[test]
fn what_cannot_be_started_is_told_as_shells_tell_it() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let _ = exec(sandbox, ["no-such-command"]).fails(127).says("`no-such-command` is not found");
        sandbox.write("plain", "no program");
        let _ = exec(sandbox, ["./plain"]).fails(126).says("`./plain` cannot be run");
        let _ = exec(sandbox, [sandbox.home().to_str().unwrap()]).fails(126);
    });
}

#[test]
fn without_a_session_nothing_is_started() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let path = install_mvn(sandbox);
        let _ = sandbox.vouch(&["logout"]).ok();
        let done =
            exec(sandbox, ["mvn", "deploy"]).env("PATH", &path).env("CODEARTIFACT_AUTH_TOKEN", "stale");
        let _ = done.fails(125).says("you are not logged in").says("vouch login");
        let _ = sandbox
            .vouch(&["exec", "--type", "codeartifact", "--typo", "--", "mvn"])
            .env("PATH", &path)
            .fails(125);
        assert!(!sandbox.file("started").exists());
    });
}
