//! Shells: which one asks, and how it is told to set a variable.

use std::ffi::OsStr;
use std::path::Path;

use clap::ValueEnum;
use vouch_core::process;

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
        Self::detect_with(process::parent_name().as_deref(), vouch_core::env::var, cfg!(windows))
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
        let failure = match self {
            Self::Pwsh => "throw 'vouch env failed';\n",
            Self::Cmd => "cmd /c exit 1\r\n",
            // No JSON, so that `from json` stops.
            Self::Nushell => "vouch env failed\n",
            _ => "false;\n",
        };
        self.unset(names) + failure
    }

    /// What the shell is to run so that variables are gone. nushell evaluates no text, so nothing can be unset by it: what
    /// it runs does that beforehand.
    pub(crate) fn unset(self, names: &[&str]) -> String {
        let unset = |name: &&str| match self {
            Self::Fish => format!("set -e {name};\n"),
            Self::Pwsh => format!("Remove-Item -ErrorAction Ignore Env:{name};\n"),
            Self::Cmd => format!("set \"{name}=\"\r\n"),
            Self::Nushell => String::new(),
            _ => format!("unset {name};\n"),
        };
        names.iter().map(unset).collect()
    }

    /// How a person has the shell set variables by what `vouch` prints for these arguments.
    pub(crate) fn usage(self, arguments: &str, names: &[&str]) -> String {
        match self {
            Self::Fish => format!("vouch {arguments} | source"),
            Self::Pwsh => format!("vouch {arguments} | Out-String | Invoke-Expression"),
            Self::Cmd => format!("for /f \"delims=\" %i in ('vouch {arguments}') do @%i"),
            Self::Nushell => {
                format!("hide-env -i {}; vouch {arguments} | from json | load-env", names.join(" "))
            }
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

#[cfg(test)]
mod tests;
