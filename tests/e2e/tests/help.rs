//! Each example that a program's `--help` shows runs as it stands, and man pages render without a complaint.

use std::fs;

use vouch_e2e::{CommandOutput, MY_DOMAIN, Sandbox, in_sandbox, join};

const ENROLL: [&str; 5] = ["enroll", "--issuer", "https://id.example.com/alice", "--subject", "alice"];

/// The examples in a help text.
fn examples(help: &CommandOutput) -> Vec<String> {
    let after = help.stdout.split("Examples:\n").nth(1).unwrap_or_else(|| panic!("no examples: {help}"));
    let after = after.replace(" \\\n      ", " ");
    let lines = after.lines().take_while(|line| !line.is_empty());
    let found: Vec<_> = lines.map(|line| line.trim().to_owned()).collect();
    assert!(!found.is_empty(), "{help}");
    found
}

/// The commands of `vouch`, each after those that it contains, as the list in its help has them.
fn commands(sandbox: &Sandbox, words: &[String], found: &mut Vec<Vec<String>>) {
    let help = sandbox.run("vouch").args(words).arg("--help").ok();
    let inner = help.stdout.split("Commands:\n").nth(1).unwrap_or_default();
    let names = inner.lines().take_while(|line| !line.is_empty()).filter(|line| line.starts_with("  "));
    let names = names.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    for name in names.filter(|name| !name.is_empty() && *name != "help") {
        commands(sandbox, &[words, &[name.to_owned()]].concat(), found);
    }
    found.push(words.to_vec());
}

/// As a user types it who has the PIN, in a world whose root CA is not Yubico's.
fn typed(sandbox: &Sandbox, example: &str) -> CommandOutput {
    let root = std::env::var("VOUCH_SANDBOX_ATTESTATION_ROOT").unwrap();
    let mut line = example.replace("#sha256=DIGEST", join::pinned(sandbox).trim_start_matches(join::URL));
    let asks =
        ["vouch login", "vouch enroll", "vouch join"].iter().any(|command| example.starts_with(command));
    if asks && !line.contains("--pin-stdin") {
        line.push_str(" --pin-stdin");
    }
    if ["build", "iam", "revoke"].iter().any(|name| example.starts_with(&format!("vouch issuer {name}")))
        || example == "vouch issuer check --json enrollments"
    {
        line.push_str(&format!(" --attestation-root '{root}'"));
    }
    // Who has no terminal agrees by the digest.
    if example.starts_with("vouch join") && !line.contains("#sha256=") {
        line = line.replace(join::URL, &format!("'{}'", join::pinned(sandbox)));
    }
    sandbox.run("bash").args(["-c", &line]).stdin(format!("{}\n", sandbox.pin())).done()
}

/// What the administrator and the user have before a command is of use to them.
fn prepare(sandbox: &Sandbox) {
    let _ = sandbox.vouch(&["logout"]).done();
    let _ = sandbox.vouch(&["undo", "--all"]).done();
    for path in [".vouch", "enrollments", "site", "enrollment.json", "again.json"] {
        let path = sandbox.file(path);
        let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
    }
    let _ = sandbox.vouch_with_pin(&ENROLL).arg("--replace").ok();
    sandbox.write("enrollments/alice.json", &sandbox.read("enrollment.json"));
    sandbox.publish(&["enrollments"]);
    let _ = join::publish(sandbox, &join::team(), &["enrollments"]);
    let role = "arn:aws:iam::123456789012:role/CodeArtifact";
    let _ = sandbox.vouch(&["setup", "aws", "--role", role]).ok();
    let reader = "arn:aws:iam::111111111111:role/CodeArtifactReader";
    let _ = sandbox.vouch(&["setup", "aws", "--role", reader, "--profile", "reader"]).ok();
    sandbox.log_in();
    let _ = sandbox
        .vouch(&["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo"])
        .args(MY_DOMAIN)
        .ok();
}

#[test]
fn every_example_of_vouch_runs() {
    in_sandbox(&[], |sandbox| {
        let mut all = Vec::new();
        commands(sandbox, &[], &mut all);
        assert!(all.len() > 25, "{all:?}");
        let mut tried = 0;
        for words in all {
            let help = sandbox.run("vouch").args(&words).arg("--help").ok();
            assert!(help.stdout.contains("\nDocumentation: docs/"), "{help}");
            for example in examples(&help) {
                let is_first =
                    example.starts_with("vouch enroll --issuer") || example.starts_with("vouch join");
                prepare(sandbox);
                if is_first {
                    let _ = sandbox.vouch(&["logout"]).ok();
                    let _ = sandbox.vouch(&["undo", "--all"]).done();
                    fs::remove_dir_all(sandbox.file(".vouch")).unwrap();
                    fs::remove_file(sandbox.file("enrollment.json")).unwrap();
                }
                // The slot has the key of before: its user is the same one.
                let line = if is_first { format!("{example} --replace") } else { example.clone() };
                let done = typed(sandbox, &line);
                // A warning may end doctor and check otherwise than with 0; a wrong command ends with 2.
                let judges =
                    ["vouch doctor", "vouch issuer check"].iter().any(|name| example.starts_with(name));
                assert!(done.code == 0 || (judges && done.code == 1), "{example}: {done}");
                tried += 1;
            }
        }
        assert!(tried > 45, "{tried}");
    });
}

#[test]
fn helpers_say_what_they_are_for() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        for (program, who) in [
            ("cargo-credential-vouch", "Cargo calls it itself"),
            ("pip-keyring-vouch", "They call it"),
            ("npm-token-vouch", "call it themselves"),
        ] {
            let help = sandbox.run(program).arg("--help").ok();
            let text = help.stdout.replace('\n', " ");
            assert!(text.contains(who) && text.contains("Documentation: docs/"), "{help}");
            // Those of Vouch's own; a client's are in its page.
            for example in examples(&help).iter().filter(|example| example.contains("vouch")) {
                if example.starts_with("pip ") || example.contains("watch") {
                    continue;
                }
                let _ = sandbox.run("bash").args(["-c", example]).ok();
            }
        }
    });
}

#[test]
fn man_pages_render() {
    in_sandbox(&[], |sandbox| {
        let _ = sandbox.vouch(&["man", "pages"]).ok();
        let mut count = 0;
        for entry in fs::read_dir(sandbox.file("pages")).unwrap().flatten() {
            let text = fs::read_to_string(entry.path()).unwrap();
            for section in
                ["NAME", "SYNOPSIS", "EXAMPLES", "\"EXIT STATUS\"", "FILES", "ENVIRONMENT", "\"SEE ALSO\""]
            {
                assert!(text.contains(&format!(".SH {section}")), "{section}: {text}");
            }
            let rendered = sandbox.run("groff").args(["-man", "-Tutf8", "-ww"]).arg(entry.path()).ok();
            assert_eq!(rendered.stderr, "", "{rendered}");
            count += 1;
        }
        assert!(count > 25, "{count}");
    });
}

#[test]
fn completions_load_in_real_shells() {
    in_sandbox(&[], |sandbox| {
        let script = |shell: &str| {
            let text = sandbox.vouch(&["completions", shell]).ok().stdout;
            sandbox.write(&format!("vouch.{shell}"), &text);
        };
        ["bash", "zsh", "fish", "nushell", "elvish", "powershell"].into_iter().for_each(script);
        let bash = "source vouch.bash; COMP_WORDS=(vouch lo); COMP_CWORD=1; _vouch vouch lo vouch; echo \"${COMPREPLY[*]}\"";
        let _ = sandbox.run("bash").args(["--norc", "-c", bash]).ok().shows("login logout");
        let zsh = "autoload -U compinit; compinit -D -u; source ./vouch.zsh; whence -w _vouch";
        let _ = sandbox.run("zsh").args(["-f", "-c", zsh]).ok().shows("_vouch: function");
        let fish = "source vouch.fish; complete -C 'vouch lo'";
        let _ = sandbox.run("fish").args(["--no-config", "-c", fish]).ok().shows("login").shows("logout");
    });
}
