//! `vouch profile`: the names under which domains and roles are kept.

mod change;
mod named;
mod output;

use clap::Subcommand;
use vouch_core::{Context, Failure};

use self::named::Named;
use crate::terminal;
pub(super) use output::{aws_profiles, profiles, registration};
use output::{profiles_json, profiles_text};

/// What to do with a profile.
#[derive(Debug, Subcommand)]
pub(crate) enum Profile {
    /// List the CodeArtifact profiles with the role that reads each domain, and the AWS profiles
    List(ListArgs),
    /// Show one with everything that uses it
    Show(ShowArgs),
    /// Let a profile serve where none is named
    Default(Named),
    /// Forget a profile that nothing uses
    Remove(Named),
}

#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    named: Named,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(context: &Context, profile: Profile) -> Result<(), Failure> {
    match profile {
        Profile::List(args) => list(context, args.json),
        Profile::Show(args) => show(context, &args),
        Profile::Default(named) => change::make_default(context.home(), &named),
        Profile::Remove(named) => change::remove(context.home(), &named),
    }
}

/// All of them, with or without a session.
pub(super) fn list(context: &Context, json: bool) -> Result<(), Failure> {
    let config = context.config()?;
    match json {
        true => terminal::print_json(&format!("{:#}\n", profiles_json(&config))),
        false => terminal::print(&profiles_text(&config)),
    }
}

fn show(context: &Context, args: &ShowArgs) -> Result<(), Failure> {
    let config = context.config()?;
    let shown = output::Shown::of(&config, &args.named.name, args.named.aws)?;
    match args.json {
        true => terminal::print_json(&format!("{:#}\n", shown.json())),
        false => terminal::print(&shown.text()),
    }
}
