//! Which profile is meant.

/// A profile of one of the two kinds.
#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// The profile
    #[arg(value_parser = crate::parse::name)]
    pub(super) name: String,
    /// An AWS profile is meant: a role with its region
    #[arg(long)]
    pub(super) aws: bool,
}
