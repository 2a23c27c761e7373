//! `vouch env` in real shells, with real tokens.

use std::env;
use std::path::Path;

use vouch_e2e::{CommandOutput, Run, Sandbox, in_sandbox};

/// A shell, how it starts without the person's own settings, and how it evaluates what `vouch env` prints.
const SHELLS: [(&str, &[&str], &str); 5] = [
    ("bash", &["--norc", "--noprofile"], r#"eval "$(vouch env --type codeartifact)""#),
    ("dash", &[], r#"eval "$(vouch env --type codeartifact)""#),
    ("zsh", &["-f"], r#"eval "$(vouch env --type codeartifact)""#),
    ("fish", &["--no-config"], "vouch env --type codeartifact | source"),
    (
        "nu",
        &["--no-config-file"],
        "hide-env -i CODEARTIFACT_AUTH_TOKEN; vouch env --type codeartifact | from json | load-env",
    ),
];

fn run(sandbox: &Sandbox, place: usize, script: &str) -> CommandOutput {
    let (shell, arguments, evaluate) = SHELLS[place];
    let program = match shell {
        "nu" => Path::new(&env::var_os("VOUCH_TEST_CLIENTS").unwrap()).join("nushell/bin/nu"),
        _ => shell.into(),
    };
    Run::new(program)
        .within(sandbox.home())
        .args(arguments)
        .args(["-c", &script.replace("EVALUATE", evaluate)])
        .done()
}

#[test]
fn shells_are_told_apart_and_read_the_token() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let token = sandbox.vouch(&["credential", "codeartifact"]).ok().stdout;
        for (place, (shell, ..)) in SHELLS.iter().enumerate() {
            // The environment names another shell: the one that asks counts.
            let done = run(sandbox, place, "EVALUATE\nprintenv CODEARTIFACT_AUTH_TOKEN").expect_code(0);
            assert_eq!(done.stdout, token, "{shell}");
        }
        let unquoted =
            "eval $(vouch env --type aws) && printenv AWS_SESSION_TOKEN && printenv AWS_ACCESS_KEY_ID";
        let session = sandbox.run("bash").args(["-c", unquoted]).ok().stdout;
        assert_eq!(session.lines().count(), 2, "{session}");
    });
}

#[test]
fn a_stale_token_is_gone_when_there_is_no_session() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let _ = sandbox.vouch(&["logout"]).ok();
        for (place, (shell, ..)) in SHELLS.iter().enumerate() {
            let (before, after) = match *shell {
                "fish" => ("set -gx CODEARTIFACT_AUTH_TOKEN stale\n", "; and echo went on"),
                "nu" => ("$env.CODEARTIFACT_AUTH_TOKEN = 'stale'\ntry { ", "; print 'went on' }"),
                _ => ("export CODEARTIFACT_AUTH_TOKEN=stale\n", " && echo went on"),
            };
            let script = format!("{before}EVALUATE{after}\nprintenv CODEARTIFACT_AUTH_TOKEN");
            let done = run(sandbox, place, &script).expect_code(1).says("vouch login");
            assert_eq!(done.stdout, "", "{shell}: neither the command nor the stale token");
        }
        // A script that stops at the first error stops here.
        let strict = format!("set -e\n{}\necho went on", SHELLS[0].2);
        let _ = sandbox.run("bash").args(["-c", &strict]).fails(1).says("vouch login").never_says("went on");
        // A line that was mistyped is no success either.
        let _ =
            sandbox.run("bash").args(["-c", r#"eval "$(vouch env --type codeartifact --typo)""#]).fails(1);
    });
}

#[test]
fn no_secret_is_shown_on_a_terminal_unless_forced() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let token = sandbox.vouch(&["credential", "codeartifact"]).ok().stdout;
        // `script` gives the command a terminal of its own, and answers with what was shown on it.
        let on_a_terminal = |line: &str| {
            assert!(Path::new("/usr/bin/script").exists());
            Run::new("script").args(["-qec", line, "/dev/null"]).within(sandbox.home()).done()
        };
        let typed = "vouch env --type codeartifact --ca-profile default --shell zsh";
        let done =
            on_a_terminal(typed).expect_code(2).shows(&format!("eval \"$({typed})\"")).shows("--force");
        assert!(!done.stdout.contains(token.trim()));
        let fish = on_a_terminal("vouch env --type aws --shell fish").expect_code(2);
        let _ = fish.shows("vouch env --type aws --shell fish | source");
        let _ = on_a_terminal(&format!("{typed} --force")).expect_code(0).shows(token.trim());
    });
}
