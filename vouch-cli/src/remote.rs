//! Another machine, reached by the user's own `ssh`: with their configuration, jump hosts and connections, without a forwarded
//! agent or port, and only where its host key is known.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::str::FromStr;

use vouch_core::{Diagnostic, ErrorKind, Failure};
use vouch_helper::program;

use crate::parse;

/// What ssh exits with when it failed itself (ssh(1), "EXIT STATUS").
const SSH_FAILED: i32 = 255;

/// What a shell exits with where a program cannot be started, or is not found.
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;

/// Where `ssh` connects to: `[USER@]HOST`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destination(String);

/// Why a text names no machine.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a machine that ssh could connect to")]
pub(crate) struct DestinationError(String);

impl Diagnostic for DestinationError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Usage
    }

    fn hint(&self) -> Option<String> {
        Some("Give HOST, USER@HOST, or a `Host` of your ssh configuration, without characters that a shell acts on.".into())
    }
}

impl FromStr for Destination {
    type Err = DestinationError;

    /// Nothing that ssh would take for an option, and nothing that a `ProxyCommand` with `%h` in it would hand to a shell.
    fn from_str(text: &str) -> Result<Self, DestinationError> {
        let harmless = |c: char| c.is_ascii_alphanumeric() || "@._-:[]%/+".contains(c);
        let parts = text.strip_prefix("ssh://").unwrap_or(text).split('@');
        let is_option = parts.clone().any(|part| part.starts_with('-') || part.is_empty());
        if is_option || text.starts_with('-') || !text.chars().all(harmless) {
            return Err(DestinationError(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Destination {
    /// The machine alone, without its user.
    pub(crate) fn host(&self) -> &str {
        let text = self.0.strip_prefix("ssh://").unwrap_or(&self.0);
        text.rsplit_once('@').map_or(text, |(_, host)| host)
    }
}

/// Flags that name another machine, and how it is reached.
#[derive(Debug, Clone, clap::Args)]
#[group(id = "remote_machine")]
#[command(next_help_heading = "On another machine")]
pub(crate) struct RemoteFlags {
    /// Do it on that machine, through your ssh
    #[arg(long, value_name = "[USER@]HOST", value_parser = parse::argument::<Destination>)]
    pub(crate) remote: Option<Destination>,
    /// Where `vouch` is there, if it is not on the PATH of its commands
    #[arg(long, value_name = "PATH", requires = "remote")]
    remote_command: Option<String>,
    /// The directory of Vouch there, where several users share an account
    #[arg(long, value_name = "PATH", requires = "remote")]
    remote_home: Option<String>,
    /// Your ssh, if it is not the one on PATH
    #[arg(long, value_name = "PATH", requires = "remote")]
    ssh: Option<PathBuf>,
}

/// A machine and how to reach it.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    pub(crate) destination: Destination,
    program: PathBuf,
    command: String,
    home: Option<String>,
}

impl RemoteFlags {
    /// The machine, where one was named.
    pub(crate) fn remote(&self) -> Result<Option<Remote>, Failure> {
        let Some(destination) = self.remote.clone() else { return Ok(None) };
        let found = match &self.ssh {
            Some(path) => std::path::absolute(path).ok().filter(|path| program::is_executable(path)),
            None => program::on_path("ssh"),
        };
        let program = found.ok_or_else(|| {
            Failure::configuration(
                "there is no `ssh` program to reach the other machine with",
                "Install OpenSSH's client, or name it with `--ssh PATH`.",
            )
        })?;
        let command = self.remote_command.clone().unwrap_or_else(|| "vouch".to_owned());
        Ok(Some(Remote { destination, program, command, home: self.remote_home.clone() }))
    }
}

impl Remote {
    /// `ssh` that runs `vouch` there with these words. The words are seen by all users there: nothing secret is among them.
    pub(crate) fn vouch(&self, words: &[&str]) -> Command {
        // Each outweighs the user's configuration, for this connection alone.
        const OPTIONS: [&str; 7] = [
            "ClearAllForwardings=yes",
            "ForwardAgent=no",
            "ForwardX11=no",
            "StrictHostKeyChecking=yes",
            "RemoteCommand=none",
            "RequestTTY=no",
            "StdinNull=no",
        ];

        let home = self.home.iter().flat_map(|home| ["--home", home.as_str()]);
        let line: Vec<_> = std::iter::once(self.command.as_str())
            .chain(home)
            .chain(words.iter().copied())
            .map(quoted)
            .collect();
        let mut ssh = Command::new(&self.program);
        ssh.args(["-T", "-a", "-x"]);
        ssh.args(OPTIONS.iter().flat_map(|option| ["-o", option]));
        ssh.args(["--", &self.destination.0]).arg(line.join(" "));
        ssh
    }

    /// Runs it to its end, with what it says on stderr shown as it comes.
    pub(crate) fn output(&self, words: &[&str]) -> Result<Output, Failure> {
        let mut ssh = self.vouch(words);
        ssh.stdin(Stdio::null()).stderr(Stdio::inherit());
        ssh.output().map_err(|error| self.not_started(&error))
    }

    pub(crate) fn not_started(&self, error: &std::io::Error) -> Failure {
        let program = self.program.display();
        Failure::configuration(format!("cannot start `{program}`"), "Name another with `--ssh PATH`.")
            .because(error)
    }

    /// Why nothing came of a command there; nothing where the command itself ended as told.
    pub(crate) fn failure(&self, status: ExitStatus) -> Option<Failure> {
        let host = &self.destination;
        match status.code() {
            Some(SSH_FAILED) | None => Some(Failure::new(
                ErrorKind::Network,
                format!("ssh did not get through to {host}, or lost it"),
                format!("Its own words are above. When `ssh {host} true` works, try again."),
            )),
            Some(NOT_FOUND | NOT_EXECUTABLE) => Some(Failure::configuration(
                format!("{host} does not find `{}` when ssh runs a command", self.command),
                format!(
                    "Install Vouch there, or name the program: `--remote-command PATH`. `ssh {host}`, then `command -v vouch`, shows where it is."
                ),
            )),
            Some(_) => None,
        }
    }

    /// The flags that reach the same machine, for a hint.
    pub(crate) fn flags(&self) -> String {
        let mut text = format!("--remote {}", self.destination);
        if self.command != "vouch" {
            text += &format!(" --remote-command {}", quoted(&self.command));
        }
        if let Some(home) = &self.home {
            text += &format!(" --remote-home {}", quoted(home));
        }
        if Some(self.program.as_path()) != program::on_path("ssh").as_deref().map(Path::new) {
            text += &format!(" --ssh {}", quoted(&self.program.to_string_lossy()));
        }
        text
    }
}

/// A word as every shell takes it for one.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_ssh_takes_for_a_machine_is_one() {
        for good in
            ["build1", "alice@build1", "alice@10.0.0.1", "a.b-c_d", "ssh://alice@build1:2222", "[::1]"]
        {
            assert_eq!(good.parse::<Destination>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "-oProxyCommand=x",
            "-",
            "@build1",
            "alice@",
            "alice@-oProxyCommand=x",
            "ssh://-oX",
            "a b",
            "a;b",
            "a`b`",
            "$(x)",
            "a\nb",
            "a'b",
            "a\u{e4}",
            "a|b",
            "a\0b",
        ] {
            assert!(bad.parse::<Destination>().is_err(), "{bad:?}");
        }
        assert_eq!("alice@build1".parse::<Destination>().unwrap().host(), "build1");
        assert_eq!("ssh://alice@build1".parse::<Destination>().unwrap().host(), "build1");
    }

    #[test]
    fn every_word_is_quoted_and_the_machine_stands_behind_the_options() {
        let remote = Remote {
            destination: "alice@build1".parse().unwrap(),
            program: "/usr/bin/ssh".into(),
            command: "/opt/it's here/vouch; rm -r $HOME".into(),
            home: Some("/srv/a b".into()),
        };
        let command = remote.vouch(&["session", "import"]);
        let args: Vec<_> = command.get_args().map(|arg| arg.to_str().unwrap()).collect();
        assert_eq!(
            args[args.len() - 3..],
            [
                "--",
                "alice@build1",
                r"'/opt/it'\''s here/vouch; rm -r $HOME' '--home' '/srv/a b' 'session' 'import'"
            ]
        );
        assert!(args.contains(&"StrictHostKeyChecking=yes") && args.contains(&"ClearAllForwardings=yes"));
    }
}
