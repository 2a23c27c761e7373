//! The commands, one file each.

mod completions;
mod credential;
mod doctor;
mod enroll;
mod env;
mod exec;
mod help;
mod issuer;
mod join;
mod login;
mod logout;
mod profile;
mod session;
mod setup;
mod status;
mod undo;

#[cfg(test)]
mod hint_tests;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use vouch_core::{ErrorKind, Failure};
use vouch_helper::home;
use vouch_helper::output::{answer, answer_by, usage_error};

use crate::home_choice::HomeFlag;
use crate::{reminder, terminal, version};

const VERBOSE: [&str; 2] = ["--verbose", "-v"];

/// Hardware-backed, short-lived AWS CodeArtifact credentials for package managers.
#[derive(Debug, Parser)]
#[command(name = "vouch", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) home: HomeFlag,
    /// Say on stderr what is done: configuration, profile, vault, requests, files; never a secret. With --version: what a bug
    /// report needs of the build and of this system
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The command line of this run.
///
/// # Errors
/// When it does not parse, or asks for help or the version.
pub(crate) fn parse() -> Result<Cli, clap::Error> {
    let mut command = help::dressed(Cli::command());
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Set up what your team publishes: enroll, roles, repositories, package managers
    Join(Box<join::Args>),
    /// Generate a key on a YubiKey and write its enrollment
    Enroll(enroll::Args),
    /// Build, check and manage an OpenID Connect issuer
    #[command(subcommand)]
    Issuer(issuer::Issuer),
    /// Start a session: one PIN, one touch
    Login(login::Args),
    /// End the session
    Logout(logout::Args),
    /// Take a session from another machine
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// Show identity, session and registrations (exit code 3: no session)
    Status(status::Args),
    /// Set up a role or a package manager
    #[command(subcommand)]
    Setup(setup::Setup),
    /// List, show and change profiles
    #[command(subcommand)]
    Profile(profile::Profile),
    /// Print a credential
    #[command(subcommand)]
    Credential(credential::Credential),
    /// Print shell commands that export a credential
    Env(env::Args),
    /// Run a command with a credential in its environment
    Exec(exec::Args),
    /// Diagnose problems and suggest fixes (exit code 1: a check failed)
    Doctor(doctor::Args),
    /// Undo the changes that setup made to your files
    Undo(undo::Args),
    /// Print the completions for a shell
    Completions(completions::Args),
    /// Write the man pages
    Man(completions::ManArgs),
}

impl Command {
    /// Whether a session that ends soon is worth a word before the command: not where the command is about the session, and
    /// `exec` has a word of its own.
    fn reminds(&self) -> bool {
        !matches!(
            self,
            Self::Login(_)
                | Self::Logout(_)
                | Self::Session(_)
                | Self::Status(_)
                | Self::Exec(_)
                | Self::Completions(_)
                | Self::Man(_)
        )
    }
}

/// The context is made before anything else is done; a command that can do without a home works where there is none.
pub(crate) fn run(command: Command, home: &HomeFlag) -> Result<ExitCode, Failure> {
    let context = home.context();
    if let (true, Ok(context)) = (command.reminds(), &context) {
        reminder::show(context);
    }
    match command {
        Command::Join(args) => join::run(&context?, &args)?,
        Command::Enroll(args) => enroll::run(&context?, args)?,
        Command::Issuer(issuer) => issuer::run(context, issuer)?,
        Command::Login(args) => login::run(&context?, home, args)?,
        Command::Logout(args) => logout::run(context, &args)?,
        Command::Session(session) => session::run(&context?, &session)?,
        Command::Status(args) => return status::run(context, args),
        Command::Setup(setup) => setup::run(&context?, setup)?,
        Command::Profile(profile) => profile::run(&context?, profile)?,
        Command::Credential(credential) => credential::run(&context?, credential)?,
        Command::Env(args) => env::run(context, args)?,
        Command::Exec(args) => return Ok(exec::run(context, args)),
        Command::Doctor(args) => return doctor::run(context, args),
        Command::Undo(args) => undo::run(&context?, args)?,
        Command::Completions(args) => completions::run(&args, help::dressed(Cli::command()))?,
        Command::Man(args) => completions::man(&args, help::dressed(Cli::command()))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Ends a run whose arguments do not parse, or that asked for help.
pub(crate) fn wrong_usage(error: &clap::Error) -> ExitCode {
    // The home, and more of the version, may be asked for before the command.
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let is_verbose = arguments.iter().any(|word| VERBOSE.iter().any(|verbose| word == verbose));
    if error.kind() == clap::error::ErrorKind::DisplayVersion && is_verbose {
        let home = home::flag(&arguments).map(|(path, _)| path);
        return answer(&version::verbose(home::context(home.as_deref())));
    }
    if !error.use_stderr() {
        // Help and version were asked for.
        return answer_by(|| error.print());
    }
    usage_error(|| error.print(), &error.render().to_string());
    let named = home::flag(&arguments).map_or(0, |(_, words)| words);
    let arguments: Vec<_> =
        arguments.iter().skip(named).map(|argument| argument.to_string_lossy().into_owned()).collect();
    if let Some(answer) = env::answer_to_wrong_usage(&arguments) {
        let _ = terminal::print_raw(&answer);
    }
    let is_exec = arguments.first().is_some_and(|command| command == "exec");
    ExitCode::from(if is_exec { exec::FAILED } else { ErrorKind::Usage.exit_code() })
}
