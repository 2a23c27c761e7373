//! What one setup is going to do.

use vouch_clients::client::{Client, Edits, SetupRequest};
use vouch_clients::project::Targets;
use vouch_core::config::{Config, Registration};

use super::profile::Chosen;

/// Everything that is decided before anything is written.
pub(super) struct Plan {
    /// As the registration says it is set up.
    pub(super) client: Box<dyn Client>,
    pub(super) chosen: Chosen,
    pub(super) registration: Registration,
    pub(super) corrects: Option<Registration>,
    /// The registration in whose place it comes.
    pub(super) replaced: Option<Registration>,
    pub(super) edits: Edits,
    /// The configuration before.
    pub(super) before: Config,
    /// Whether the configuration changes.
    pub(super) records: bool,
}

impl Plan {
    /// As its client wants it.
    pub(super) fn wanted(&self) -> SetupRequest<'_> {
        let Self { registration, corrects, before, .. } = self;
        SetupRequest { registration, corrects: corrects.as_ref(), config: before }
    }

    /// Where tokens belong once it is done.
    pub(super) fn targets(&self) -> Targets {
        Targets::of(&self.before).with_registration(&self.registration)
    }
}
