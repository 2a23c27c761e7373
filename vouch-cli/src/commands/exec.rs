//! `vouch exec`: a command with a credential in its environment.

use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitCode};

use vouch_core::Class;

use crate::handout::{Kind, Wanted, variable_name};
use crate::report::Failed;
use crate::terminal;

/// Vouch itself failed, before the command was started.
pub(crate) const FAILED: u8 = 125;
/// The command is there and cannot be run.
const NOT_EXECUTABLE: u8 = 126;
/// The command is not there.
const NOT_FOUND: u8 = 127;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    wanted: Wanted,
    /// Set the token under this name, too, such as NPM_TOKEN
    #[arg(long, value_name = "NAME", value_parser = variable_name)]
    export: Vec<String>,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Becomes the command where the system can do that; else answers its exit code.
pub(crate) fn run(args: Args) -> ExitCode {
    match prepare(args) {
        Ok(command) => start(command),
        Err(failed) => {
            let _ = failed.report();
            ExitCode::from(FAILED)
        }
    }
}

fn prepare(args: Args) -> Result<Command, Failed> {
    if args.wanted.kind == Kind::Aws && !args.export.is_empty() {
        return Err(Failed::new(
            Class::Usage,
            "`--export` is for the one value of `--type codeartifact`",
            "Leave it out: AWS tools read the three variables that are set.",
        ));
    }
    let mut words = args.command.into_iter();
    let program = words.next().unwrap_or_default();
    let mut command = Command::new(find(&program));
    command.args(words);
    for (name, value) in args.wanted.fetch()? {
        for name in std::iter::once(name).chain(args.export.iter().map(String::as_str)) {
            command.env(name, value.expose().trim());
        }
    }
    Ok(command)
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
    use std::env;
    use std::path::Path;

    let path = Path::new(program);
    if path.components().count() > 1 || path.extension().is_some() {
        return program.clone();
    }
    let endings = env::var("PATHEXT").unwrap_or_else(|_| ".COM;.EXE;.BAT;.CMD".into());
    let folders = env::var_os("PATH").unwrap_or_default();
    for folder in env::split_paths(&folders) {
        for ending in endings.split(';').filter(|ending| !ending.is_empty()) {
            let file = folder.join(format!("{}{ending}", path.display()));
            if file.is_file() {
                return file.into_os_string();
            }
        }
    }
    program.clone()
}
