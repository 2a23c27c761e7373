//! Flags for pip and its relatives.

/// Flags for pip, uv and pdm alone.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(id = "python")]
#[command(next_help_heading = "pip, uv and pdm")]
pub struct Flags {
    /// Add the repository to the index that is there, instead of taking its place
    #[arg(long)]
    pub(super) extra: bool,
    /// Put Vouch's `keyring` in front of one that is there; other requests are handed on to it
    #[arg(long)]
    pub(super) chain: bool,
}

impl Flags {
    /// Names a flag that was typed: it means nothing to another package manager.
    pub fn typed(&self) -> Option<&'static str> {
        self.extra.then_some("--extra").or(self.chain.then_some("--chain"))
    }
}
