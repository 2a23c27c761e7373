//! `vouch setup`: roles and package managers.

mod aws;
mod codeartifact;
mod correction;
mod flags;
mod output;
mod plan;
mod profile;
mod proof;
mod registration;
mod shared;
mod transaction;

use clap::Subcommand;
use vouch_core::{Context, Failure};

pub(crate) use self::shared::{NewAwsProfile, NewProfile, add_aws_profile, add_profile, set_up_tool};

/// What to set up.
#[derive(Debug, Subcommand)]
pub(crate) enum Setup {
    /// Record the IAM role to assume with a session
    Aws(aws::Args),
    /// Set up a package manager for a CodeArtifact repository
    Codeartifact(Box<codeartifact::Args>),
}

pub(crate) fn run(context: &Context, setup: Setup) -> Result<(), Failure> {
    match setup {
        Setup::Aws(args) => aws::run(context.home(), args),
        Setup::Codeartifact(args) => codeartifact::run(context, &args),
    }
}
