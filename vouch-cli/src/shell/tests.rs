use std::path::PathBuf;
use std::process::Command;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::*;

#[test]
fn the_parent_decides_and_then_the_environment() {
    let detect = |parent: Option<&str>, variables: &[(&str, &str)], windows: bool| {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Shell::detect_with(parent, variable, windows)
    };
    let login = [("SHELL", "/usr/bin/fish")];
    assert_eq!(detect(Some("zsh\n"), &login, false), Shell::Zsh);
    assert_eq!(detect(Some("-bash"), &login, false), Shell::Bash);
    assert_eq!(detect(Some("make"), &login, false), Shell::Fish);
    assert_eq!(detect(None, &[("NU_VERSION", "0.100"), ("SHELL", "/bin/zsh")], false), Shell::Nushell);
    assert_eq!(detect(None, &[("SHELL", "/bin/tcsh")], false), Shell::Sh);
    assert_eq!(detect(None, &[], false), Shell::Sh);
    assert_eq!(detect(None, &[("PSModulePath", "C:\\Users\\a\\Modules;C:\\x")], true), Shell::Pwsh);
    assert_eq!(detect(None, &[("PSModulePath", "C:\\Windows\\Modules")], true), Shell::Cmd);
}

#[test]
fn what_is_printed_for_each_shell() {
    let variables = [("A", "it's \\ $x"), ("B", "2")];
    for (shell, set, fail) in [
        (Shell::Bash, "export A='it'\\''s \\ $x';\nexport B='2';\n", "unset A;\nunset B;\nfalse;\n"),
        (Shell::Fish, "set -gx A 'it\\'s \\\\ $x';\nset -gx B '2';\n", "set -e A;\nset -e B;\nfalse;\n"),
        (
            Shell::Pwsh,
            "$env:A = 'it''s \\ $x';\n$env:B = '2';\n",
            "Remove-Item -ErrorAction Ignore Env:A;\nRemove-Item -ErrorAction Ignore Env:B;\nthrow 'vouch env failed';\n",
        ),
        (
            Shell::Cmd,
            "set \"A=it's \\ $x\"\r\nset \"B=2\"\r\n",
            "set \"A=\"\r\nset \"B=\"\r\ncmd /c exit 1\r\n",
        ),
        (Shell::Nushell, "{\"A\":\"it's \\\\ $x\",\"B\":\"2\"}\n", "vouch env failed\n"),
    ] {
        assert_eq!(shell.set(&variables).unwrap(), set);
        assert_eq!(shell.fail(&["A", "B"]), fail);
    }
    assert_eq!(Shell::Zsh.set(&variables), Shell::Sh.set(&variables));
    assert_eq!(Shell::Pwsh.set(&[("A", "\u{2019}")]).unwrap(), "$env:A = '\u{2019}\u{2019}';\n");
    assert_eq!(Shell::Cmd.set(&[("A", "100%")]), Err(Unwritable));
    assert_eq!(Shell::Bash.set(&[("A", "\0")]), Err(Unwritable));
}

#[test]
fn nushell_forgets_first_what_it_may_not_get() {
    let usage = Shell::Nushell.usage("env --type aws", &["A", "B"]);
    assert_eq!(usage, "hide-env -i A B; vouch env --type aws | from json | load-env");
}

/// Texts of every printable character, and many random ones.
fn texts() -> Vec<String> {
    let printable: String = (' '..='~').collect();
    let mut texts =
        vec![printable.clone(), printable.chars().rev().collect(), "\u{2019}\u{201a}é\n\t".into()];
    let mut runner = TestRunner::default();
    let random = proptest::prop_oneof!["[ -~]{1,60}", "[ -~\n\t\u{a0}-\u{ff}\u{2018}-\u{201b}]{1,20}"];
    texts.extend((0..10_000).map(|_| random.new_tree(&mut runner).unwrap().current()));
    texts
}

/// A real shell: its program, and how it is started without the person's own settings.
struct Real {
    shell: Shell,
    program: &'static str,
    arguments: &'static [&'static str],
    /// Whether `make test` sees to it that it is there.
    installed: bool,
}

const REAL: [Real; 7] = [
    Real { shell: Shell::Bash, program: "bash", arguments: &["--norc", "--noprofile"], installed: true },
    Real { shell: Shell::Zsh, program: "zsh", arguments: &["-f"], installed: true },
    Real { shell: Shell::Sh, program: "dash", arguments: &[], installed: true },
    Real { shell: Shell::Fish, program: "fish", arguments: &["--no-config"], installed: true },
    // Its registry's package is for x86-64 alone.
    Real {
        shell: Shell::Nushell,
        program: "nu",
        arguments: &["-n"],
        installed: cfg!(target_arch = "x86_64"),
    },
    Real { shell: Shell::Pwsh, program: "pwsh", arguments: &["-NoProfile", "-File"], installed: false },
    Real { shell: Shell::Sh, program: "busybox", arguments: &["sh"], installed: false },
];

impl Real {
    /// Runs a script; nothing where the shell is not here and need not be.
    fn run(&self, script: &str) -> Option<std::process::Output> {
        let clients = vouch_core::env::var_os("VOUCH_TEST_CLIENTS").map(PathBuf::from);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("script.ps1");
        std::fs::write(&file, script).unwrap();
        let own = clients.iter().map(|clients| clients.join("nushell/bin"));
        let path = vouch_core::env::var_os("PATH").unwrap();
        let path = std::env::join_paths(own.chain(std::env::split_paths(&path))).unwrap();
        let output = Command::new(self.program)
            .args(self.arguments)
            .arg(&file)
            .env_clear()
            .env("PATH", path)
            .env("HOME", dir.path())
            .env("LC_ALL", "C.UTF-8")
            .output();
        let missing = output.is_err();
        assert!(!(missing && self.installed && clients.is_some()), "{} is not installed", self.program);
        output.ok()
    }

    /// Sets each text and prints it back with a NUL.
    fn round_trip(&self, texts: &[String]) -> String {
        let set = |text: &String| self.shell.set(&[("V", text)]).unwrap();
        let print = match self.shell {
            Shell::Nushell => {
                // It evaluates nothing, so that it reads what is printed as it would from `vouch`.
                let printed = texts.iter().map(set).collect::<String>();
                return format!(
                    "for line in (r###'{printed}'### | lines) {{ $line | from json | load-env; print -n $\"($env.V)(char nul)\" }}"
                );
            }
            Shell::Fish => "printf '%s\\0' $V\n",
            Shell::Pwsh => "[Console]::Out.Write($env:V + [char]0)\n",
            _ => "printf '%s\\0' \"$V\"\n",
        };
        texts.iter().map(|text| set(text) + print).collect()
    }

    /// Tries to set the variables of a failed command where one is stale, then prints what is left.
    fn failure(&self) -> String {
        let failed = self.shell.fail(&["V"]);
        let quoted = failed.replace('\n', " ");
        match self.shell {
            Shell::Fish => {
                format!("set -gx V stale\necho '{quoted}' | source; and echo went on\nsh -c 'echo left:$V'\n")
            }
            Shell::Nushell => format!(
                "$env.V = 'stale'\nhide-env -i V\ntry {{ '{quoted}' | from json | load-env; print 'went on' }}\n^sh -c 'echo left:$V'\n"
            ),
            Shell::Pwsh => format!(
                "$env:V = 'stale'\ntry {{ @'\n{failed}\n'@ | Invoke-Expression; 'went on' }} catch {{ }}\nsh -c 'echo left:$V'\n"
            ),
            _ => format!("export V=stale\neval '{quoted}' && echo went on\nsh -c 'echo left:$V'\n"),
        }
    }
}

#[cfg(unix)]
#[test]
fn every_printable_character_is_read_back_by_real_shells() {
    let texts = texts();
    let check = |real: &Real| {
        let Some(output) = real.run(&real.round_trip(&texts)) else { return false };
        let program = real.program;
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        let read = String::from_utf8(output.stdout).unwrap();
        let read: Vec<_> = read.split_terminator('\0').collect();
        for (text, read) in texts.iter().zip(&read) {
            assert_eq!(text, read, "{program}");
        }
        assert_eq!(texts.len(), read.len(), "{program}");
        true
    };
    let present = std::thread::scope(|scope| {
        let running: Vec<_> = REAL.iter().map(|real| scope.spawn(|| check(real))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).filter(|present| *present).count()
    });
    assert!(present > 0, "there is a shell");
}

#[test]
fn a_failure_fails_and_leaves_nothing_stale_in_real_shells() {
    for real in &REAL {
        let Some(output) = real.run(&real.failure()) else { continue };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "left:\n", "{}: {said}", real.program);
    }
}

/// The text of a single-quoted string as PowerShell's `about_Quoting_Rules` tells it: everything stands for itself, and
/// two quotes for one; its tokenizer takes the typographic quotes U+2018 to U+201B for plain ones, and keeps the second
/// of a pair. Nothing where the string ends early or not at all.
fn power_shell_reads(quoted: &str) -> Option<String> {
    let mut letters = quoted.strip_prefix('\'')?.chars().peekable();
    let quote = |letter: char| "'\u{2018}\u{2019}\u{201a}\u{201b}".contains(letter);
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        if !quote(letter) {
            text.push(letter);
            continue;
        }
        match letters.next() {
            Some(second) if quote(second) => text.push(second),
            None => return Some(text),
            Some(_) => return None,
        }
    }
    None
}

/// Beside the real one, which few machines that test this have.
#[test]
fn power_shells_own_rules_read_back_every_text() {
    assert_eq!(power_shell_reads("'it's'"), None);
    assert_eq!(power_shell_reads("'it"), None);
    for text in texts() {
        let line = Shell::Pwsh.set(&[("V", &text)]).unwrap();
        let quoted = line.strip_prefix("$env:V = ").and_then(|line| line.strip_suffix(";\n")).unwrap();
        assert_eq!(power_shell_reads(quoted).as_ref(), Some(&text));
    }
}
