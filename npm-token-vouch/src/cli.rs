//! The command line, for all calls but pnpm's.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use vouch_core::ErrorKind;
use vouch_helper::home;
use vouch_helper::output::{answer_by, usage_error};

use crate::which::Which;
use crate::{helper, refresh, remove, status, watch};

/// AWS CodeArtifact tokens for npm, pnpm, yarn and bun.
///
/// pnpm and yarn call it themselves once they are set up: without a command it prints `Bearer TOKEN` for the profile, as pnpm's
/// `tokenHelper`, and never asks anything. Its commands are for you: they keep the tokens that npm, yarn 1 and bun read.
#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  npm-token-vouch status
  npm-token-vouch refresh
  npm-token-vouch watch

Documentation: docs/npm.md, docs/pnpm.md")]
#[command(name = "npm-token-vouch", version, args_conflicts_with_subcommands = true)]
struct Cli {
    /// The CodeArtifact profile [default: from the name `npm-token-vouch-PROFILE`, VOUCH_PROFILE, the default profile]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The registry that is to get the token, in place of a profile; nothing is printed for one that was not set up
    #[arg(long, value_name = "URL", conflicts_with = "profile")]
    registry: Option<String>,
    /// Print nothing for a registry that only its domain allows, either
    #[arg(long, requires = "registry")]
    registered: bool,
    /// The home of Vouch, in place of VOUCH_HOME and ~/.vouch
    #[arg(long, value_name = "PATH", global = true)]
    home: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write or renew the static tokens in place
    Refresh(Which),
    /// Keep the static tokens fresh until the session ends, then take them out
    Watch(Which),
    /// Take our lines out of the files again, and forget them
    Remove(Which),
    /// Show the files, the registries and when each token expires
    Status {
        #[command(flatten)]
        which: Which,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn run(called_for: Option<&str>) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            usage_error(|| error.print(), &error.render().to_string());
            return ExitCode::from(ErrorKind::Usage.exit_code());
        }
        // Help and version were asked for.
        Err(error) => return answer_by(|| error.print()),
    };
    let context = || home::context(cli.home.as_deref());
    match cli.command {
        None => match cli.registry {
            Some(url) => helper::for_registry(context, &url, cli.registered),
            None => helper::run(context, cli.profile.as_deref().or(called_for)),
        },
        Some(Command::Refresh(which)) => refresh::run(context(), &which),
        Some(Command::Watch(which)) => watch::run(context(), &which),
        Some(Command::Remove(which)) => remove::run(context(), &which),
        Some(Command::Status { which, json }) => status::run(context(), &which, json),
    }
}
