//! The commands, one file each.

mod credential;
mod enroll;
mod issuer;
mod login;
mod logout;
mod setup;
mod status;
mod undo;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::report::Failed;

/// Hardware-backed, short-lived AWS CodeArtifact credentials for package managers.
#[derive(Debug, Parser)]
#[command(name = "vouch", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a key on a YubiKey and the enrolment that an administrator needs
    Enroll(enroll::Args),
    /// Build the static files of an OpenID Connect issuer
    #[command(subcommand)]
    Issuer(issuer::Issuer),
    /// Start a session: one PIN, one touch
    Login(login::Args),
    /// End the session
    Logout,
    /// Show identity, session and what is set up; exit code 3 without a session
    Status(status::Args),
    /// Set up a role or a package manager
    #[command(subcommand)]
    Setup(setup::Setup),
    /// Print a credential
    #[command(subcommand)]
    Credential(credential::Credential),
    /// Take back what setup did to your files
    Undo(undo::Args),
}

pub(crate) fn run(command: Command) -> Result<ExitCode, Failed> {
    match command {
        Command::Enroll(args) => enroll::run(args)?,
        Command::Issuer(issuer) => issuer::run(issuer)?,
        Command::Login(args) => login::run(args)?,
        Command::Logout => logout::run()?,
        Command::Status(args) => return status::run(args),
        Command::Setup(setup) => setup::run(setup)?,
        Command::Credential(credential) => credential::run(credential)?,
        Command::Undo(args) => undo::run(args)?,
    }
    Ok(ExitCode::SUCCESS)
}
