//! Shells: which one asks, and how it is told to set a variable.

use std::env;
use std::ffi::OsStr;
use std::path::Path;

use clap::ValueEnum;

/// A shell that can take variables from a program's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Sh,
    Fish,
    #[value(name = "powershell", alias = "pwsh")]
    Pwsh,
    Cmd,
    #[value(name = "nushell", alias = "nu")]
    Nushell,
}

/// A value holds a character that the shell has no way to write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unwritable;

impl Shell {
    /// The shell that started this process, else what the environment names, else the plainest of the system.
    pub(crate) fn detect() -> Self {
        Self::detect_with(parent().as_deref(), |name| env::var(name).ok(), cfg!(windows))
    }

    fn detect_with(parent: Option<&str>, variable: impl Fn(&str) -> Option<String>, windows: bool) -> Self {
        let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        if let Some(shell) = parent.and_then(Self::of_program) {
            return shell;
        }
        // Exported by the shell itself; one that it starts inherits it, but then that one is the parent.
        if set("NU_VERSION") {
            return Self::Nushell;
        }
        if windows {
            // Set for programs that PowerShell starts, and nothing tells them apart from those of cmd otherwise.
            let own_modules = variable("PSModulePath").is_some_and(|path| path.contains("Users"));
            return if own_modules { Self::Pwsh } else { Self::Cmd };
        }
        variable("SHELL").as_deref().and_then(Self::of_program).unwrap_or(Self::Sh)
    }

    fn of_program(path: &str) -> Option<Self> {
        let name = Path::new(path.trim()).file_stem().and_then(OsStr::to_str)?;
        Some(match name.trim_start_matches('-') {
            "bash" => Self::Bash,
            "zsh" => Self::Zsh,
            "sh" | "dash" | "ksh" | "mksh" | "ash" | "busybox" => Self::Sh,
            "fish" => Self::Fish,
            "pwsh" | "powershell" => Self::Pwsh,
            "cmd" => Self::Cmd,
            "nu" => Self::Nushell,
            _ => return None,
        })
    }

    /// What the shell is to run so that the variables are set and exported.
    pub(crate) fn set(self, variables: &[(&str, &str)]) -> Result<String, Unwritable> {
        if self == Self::Nushell {
            let record: serde_json::Map<_, _> =
                variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
            return Ok(format!("{}\n", serde_json::Value::from(record)));
        }
        let line = |(name, value): &(&str, &str)| {
            let value = self.quote(value)?;
            Ok(match self {
                Self::Fish => format!("set -gx {name} {value};\n"),
                Self::Pwsh => format!("$env:{name} = {value};\n"),
                Self::Cmd => format!("set \"{name}={value}\"\r\n"),
                // The semicolon is for those who forget to quote the substitution.
                _ => format!("export {name}={value};\n"),
            })
        };
        variables.iter().map(line).collect()
    }

    /// What the shell is to run where there is nothing to set: a stale value goes, and the whole fails.
    pub(crate) fn fail(self, names: &[&str]) -> String {
        let unset = |name: &&str| match self {
            Self::Fish => format!("set -e {name};\n"),
            Self::Pwsh => format!("Remove-Item -ErrorAction Ignore Env:{name};\n"),
            Self::Cmd => format!("set \"{name}=\"\r\n"),
            Self::Nushell => String::new(),
            _ => format!("unset {name};\n"),
        };
        let failure = match self {
            Self::Pwsh => "throw 'vouch env failed';\n",
            Self::Cmd => "cmd /c exit 1\r\n",
            // No JSON, so that `from json` stops: nushell evaluates no text, and cannot be told to unset anything.
            Self::Nushell => "vouch env failed\n",
            _ => "false;\n",
        };
        names.iter().map(unset).collect::<String>() + failure
    }

    /// How a person has the shell run what `vouch` prints for these arguments.
    pub(crate) fn usage(self, arguments: &str) -> String {
        match self {
            Self::Fish => format!("vouch {arguments} | source"),
            Self::Pwsh => format!("vouch {arguments} | Out-String | Invoke-Expression"),
            Self::Cmd => format!("for /f \"delims=\" %i in ('vouch {arguments}') do @%i"),
            Self::Nushell => format!("vouch {arguments} | from json | load-env"),
            _ => format!("eval \"$(vouch {arguments})\""),
        }
    }

    fn quote(self, value: &str) -> Result<String, Unwritable> {
        if value.contains('\0') {
            return Err(Unwritable);
        }
        Ok(match self {
            Self::Fish => format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'")),
            // PowerShell takes typographic quotes for plain ones.
            Self::Pwsh => {
                let double = |c: char| if is_single_quote(c) { vec![c, c] } else { vec![c] };
                format!("'{}'", value.chars().flat_map(double).collect::<String>())
            }
            // Between quotes nothing else has a meaning, once `for` has put the line in; `!` has with delayed expansion.
            Self::Cmd if value.contains(['"', '!', '%', '^', '\r', '\n']) => return Err(Unwritable),
            Self::Cmd => value.to_owned(),
            _ => format!("'{}'", value.replace('\'', "'\\''")),
        })
    }
}

fn is_single_quote(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}')
}

/// The name of the program that started this one.
#[cfg(target_os = "linux")]
fn parent() -> Option<String> {
    let parent = rustix::process::getppid()?;
    std::fs::read_to_string(format!("/proc/{}/comm", parent.as_raw_nonzero())).ok()
}

#[cfg(not(target_os = "linux"))]
fn parent() -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
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

    /// A program, how it is started without the person's own settings, and how it prints a variable and a NUL.
    const REAL: [(Shell, &str, &[&str], &str); 6] = [
        (Shell::Bash, "bash", &["--norc", "--noprofile"], "printf '%s\\0' \"$V\"\n"),
        (Shell::Zsh, "zsh", &["-f"], "printf '%s\\0' \"$V\"\n"),
        (Shell::Sh, "dash", &[], "printf '%s\\0' \"$V\"\n"),
        (Shell::Fish, "fish", &["--no-config"], "printf '%s\\0' $V\n"),
        (Shell::Pwsh, "pwsh", &["-NoProfile", "-File"], "[Console]::Out.Write($env:V + [char]0)\n"),
        (Shell::Sh, "busybox", &["sh"], "printf '%s\\0' \"$V\"\n"),
    ];

    /// What a real shell reads back of texts that are printed for it; none where the shell is not installed.
    fn read_back(place: usize, texts: &[String]) -> Option<Vec<String>> {
        let (shell, program, arguments, print) = REAL[place];
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("script.ps1");
        let text: String = texts.iter().map(|text| shell.set(&[("V", text)]).unwrap() + print).collect();
        std::fs::write(&script, text).unwrap();
        let output = std::process::Command::new(program)
            .args(arguments)
            .arg(&script)
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap())
            .env("HOME", dir.path())
            .env("LC_ALL", "C.UTF-8")
            .output()
            .ok()?;
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        let read = String::from_utf8(output.stdout).unwrap();
        Some(read.split_terminator('\0').map(str::to_owned).collect())
    }

    #[test]
    fn every_printable_character_is_read_back_by_real_shells() {
        use proptest::strategy::{Strategy, ValueTree};
        use proptest::test_runner::TestRunner;

        let printable: String = (' '..='~').collect();
        let mut texts =
            vec![printable.clone(), printable.chars().rev().collect(), "\u{2019}\u{201a}é\n\t".into()];
        let mut runner = TestRunner::default();
        let random = proptest::prop_oneof!["[ -~]{1,60}", "[ -~\n\t\u{a0}-\u{ff}\u{2018}-\u{201b}]{1,20}"];
        texts.extend((0..10_000).map(|_| random.new_tree(&mut runner).unwrap().current()));
        let mut present = Vec::new();
        for (place, (_, program, ..)) in REAL.iter().enumerate() {
            let Some(read) = read_back(place, &texts) else { continue };
            present.push(*program);
            for (text, read) in texts.iter().zip(&read) {
                assert_eq!(text, read, "{program}");
            }
            assert_eq!(texts.len(), read.len(), "{program}");
        }
        assert!(!present.is_empty(), "there is a shell");
    }
}
