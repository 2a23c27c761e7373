//! What one setup is going to do.

use std::path::PathBuf;

use vouch_clients::client::{Client, Edits, SetupRequest};
use vouch_clients::journal::FormerProfile;
use vouch_clients::project::Targets;
use vouch_core::config::{Config, Registration};

use super::correction::Standing;
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
    /// The profile that that one had, where the setup changes it or takes it away.
    pub(super) former: Option<FormerProfile>,
    pub(super) edits: Edits,
    /// Files without what is replaced.
    pub(super) bases: Vec<(PathBuf, Option<String>)>,
    /// The configuration before.
    pub(super) before: Config,
    /// Whether the configuration changes.
    pub(super) records: bool,
    pub(super) standing: Standing,
    /// Whether the person gave a host that is not AWS's own.
    pub(super) is_custom: bool,
}

impl Plan {
    /// As its client wants it.
    pub(super) fn wanted(&self) -> SetupRequest<'_> {
        let Self { registration, corrects, before, bases, .. } = self;
        SetupRequest { registration, corrects: corrects.as_ref(), config: before, bases }
    }

    /// Where tokens belong once it is done.
    pub(super) fn targets(&self) -> Targets {
        Targets::of(&self.before).with_registration(&self.registration)
    }
}
