//! The flags of `vouch setup codeartifact` that are meant for Maven.

use std::path::PathBuf;

#[derive(Debug, Clone, Default, clap::Args)]
#[group(id = "jvm")]
#[command(next_help_heading = "Maven")]
pub struct Flags {
    /// Maven's settings file [default: ~/.m2/settings.xml]
    #[arg(long, value_name = "FILE")]
    pub(super) settings: Option<PathBuf>,
}

impl Flags {
    /// The first flag that was typed.
    pub fn typed(&self) -> Option<&'static str> {
        self.settings.as_ref().map(|_| "--settings")
    }
}
