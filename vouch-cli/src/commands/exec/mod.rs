//! `vouch exec`: a command with a credential in its environment.

mod maven;

use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitCode};

use clap::ValueHint;
use vouch_core::home::HomeError;
use vouch_core::{Context, ErrorKind, Failure};

use crate::credential_args::{CredentialRequest, Kind, variable_name};
use crate::project_trust::{self, Start};
use crate::{reminder, terminal};

/// Vouch itself failed, before the command was started.
pub(crate) const FAILED: u8 = 125;
/// The command is there and cannot be run.
const NOT_EXECUTABLE: u8 = 126;
/// The command is not there.
const NOT_FOUND: u8 = 127;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    wanted: CredentialRequest,
    /// Set the token under this name, too, such as NPM_TOKEN
    #[arg(long, value_name = "NAME", value_parser = variable_name)]
    export: Vec<String>,
    /// Start the command although this project would give the token away: asks on a terminal, elsewhere takes the DIGEST that
    /// the refusal names
    #[arg(long, value_name = "DIGEST", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    trust_project: Option<String>,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    command: Vec<OsString>,
}

/// Becomes the command where the system can do that; else answers its exit code.
pub(crate) fn run(context: Result<Context, HomeError>, args: Args) -> ExitCode {
    match context.map_err(Failure::from).and_then(|context| prepare(&context, args)) {
        Ok(command) => start(command),
        Err(failed) => {
            let _ = terminal::report(&failed);
            ExitCode::from(FAILED)
        }
    }
}

fn prepare(context: &Context, args: Args) -> Result<Command, Failure> {
    reminder::show_before_long(context);
    if args.wanted.kind != Kind::Codeartifact && !args.export.is_empty() {
        return Err(Failure::new(
            ErrorKind::Usage,
            "`--export` is for the one value of `--type codeartifact`",
            "Leave it out: what reads a credential of another type reads the variables that are set.",
        ));
    }
    if args.wanted.kind != Kind::Aws {
        judge_project(context, &args)?;
    }
    let mut words = args.command.into_iter();
    let program = words.next().unwrap_or_default();
    let words: Vec<_> = words.collect();
    maven::look(context, args.wanted.kind, &program, &words)?;
    let mut command = Command::new(find(&program));
    command.args(words);
    let issued = args.wanted.fetch(context)?;
    for name in &issued.unset {
        command.env_remove(name);
    }
    for (name, value) in &issued.set {
        command.env(name, value.expose());
    }
    for (name, token) in args.export.iter().zip(issued.token.iter().cycle()) {
        command.env(name, token.expose());
    }
    Ok(command)
}

/// Looks at the project of the working directory before any token is asked for.
fn judge_project(context: &Context, args: &Args) -> Result<(), Failure> {
    let exported = args.export.iter().map(|name| format!(" --export {name}"));
    project_trust::judge(&Start {
        home: context.home(),
        targets: &args.wanted.targets(&context.config()?).with_variables(&args.export),
        command: &args.command,
        trust: args.trust_project.as_deref(),
        typed: exported.fold(args.wanted.arguments(), |typed, export| typed + &export),
    })
}

#[cfg(unix)]
fn start(mut command: Command) -> ExitCode {
    use std::os::unix::process::CommandExt;

    let error = command.exec();
    not_started(&command, &error)
}

#[cfg(not(unix))]
fn start(mut command: Command) -> ExitCode {
    match command.status() {
        Ok(status) => {
            let code = status.code().unwrap_or(1);
            // A code of more than a byte, such as that of a crash, still reads as a failure.
            ExitCode::from(u8::try_from(code).unwrap_or(1))
        }
        Err(error) => not_started(&command, &error),
    }
}

fn not_started(command: &Command, error: &io::Error) -> ExitCode {
    let program = command.get_program().to_string_lossy();
    if error.kind() == io::ErrorKind::NotFound {
        terminal::error(&format!("the command `{program}` is not found"));
        terminal::hint("Check its spelling, and PATH.");
        return ExitCode::from(NOT_FOUND);
    }
    terminal::error(&format!("the command `{program}` cannot be run"));
    terminal::cause(&error.to_string());
    ExitCode::from(NOT_EXECUTABLE)
}

#[cfg(not(windows))]
fn find(program: &OsString) -> OsString {
    program.clone()
}

/// With the ending that it has on PATH: the system itself only looks for `.exe`, and `mvn`, `npm` and `gradle` are
/// scripts.
#[cfg(windows)]
fn find(program: &OsString) -> OsString {
    let endings = vouch_core::env::var("PATHEXT").unwrap_or_else(|| ".COM;.EXE;.BAT;.CMD".into());
    let folders = vouch_core::env::var_os("PATH").unwrap_or_default();
    find_in(program, std::env::split_paths(&folders), &endings).unwrap_or_else(|| program.clone())
}

/// The first file of that name with one of some endings. Nothing for a name with a folder or an ending of its own.
#[cfg(any(windows, test))]
fn find_in(
    program: &std::ffi::OsStr,
    folders: impl Iterator<Item = std::path::PathBuf>,
    endings: &str,
) -> Option<OsString> {
    let path = std::path::Path::new(program);
    if path.components().count() > 1 || path.extension().is_some() {
        return None;
    }
    let endings: Vec<_> = endings.split(';').filter(|ending| !ending.is_empty()).collect();
    for folder in folders {
        for ending in &endings {
            let mut name = program.to_owned();
            name.push(ending);
            let file = folder.join(name);
            if file.is_file() {
                return Some(file.into_os_string());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;

    use super::*;

    #[test]
    fn scripts_are_found_by_the_endings_that_the_system_names() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (dir.path().join("first"), dir.path().join("second"));
        for file in
            ["first/mvn", "first/gradle.bat/x", "second/mvn.cmd", "second/mvn.exe", "second/gradle.bat"]
        {
            let file = dir.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let found = |program: &str, endings: &str| {
            let folders = [dir.path().join("missing"), first.clone(), second.clone()];
            find_in(OsStr::new(program), folders.into_iter(), endings)
        };
        let second = |name: &str| Some(second.join(name).into_os_string());
        // The script for other systems beside it, and a folder of that name, are none.
        assert_eq!(found("mvn", ".com;.exe;.bat;.cmd"), second("mvn.exe"));
        assert_eq!(found("mvn", ";.cmd;.exe"), second("mvn.cmd"));
        assert_eq!(found("gradle", ".bat"), second("gradle.bat"));
        for (program, endings) in [
            ("npm", ".cmd"),
            ("mvn", ""),
            // As it was named.
            ("mvn.cmd", ".cmd"),
            ("./mvn", ".cmd"),
            ("", ".cmd"),
        ] {
            assert_eq!(found(program, endings), None, "{program} {endings}");
        }
    }
}
