//! The flags that choose registrations.

use std::path::PathBuf;

use clap::Args;
use vouch_clients::node::npm::registration::Filter;

/// Which registrations are meant: all of them, of a profile, of a file.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Only those of this CodeArtifact profile
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Only those in this file
    #[arg(long, value_name = "FILE")]
    npmrc: Option<PathBuf>,
}

impl Which {
    pub(crate) fn filter(&self) -> Filter<'_> {
        Filter { profile: self.profile.as_deref(), file: self.npmrc.as_deref(), tool: None }
    }
}
