//! Which registration a setup may change: one whose domain AWS refused, or with `--move` any.

use std::collections::BTreeMap;

use vouch_clients::client::Client;
use vouch_clients::journal::FormerProfile;
use vouch_core::config::{Config, Registration};
use vouch_core::hint::UNDO_LIST;
use vouch_core::home::Home;
use vouch_core::partition::RepositoryName;
use vouch_core::{ErrorKind, Failure, Verdict};

use super::registration::is_of;

/// What AWS said of the profiles' domains, and whether the person wants a registration moved.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    verdicts: BTreeMap<String, Verdict>,
    pub(super) moves: bool,
}

impl Standing {
    /// Of the profiles that there are.
    pub(super) fn of(home: &Home, config: &Config, moves: bool) -> Self {
        let profiles = config.codeartifact.profiles.iter();
        let verdicts = profiles.map(|(name, profile)| (name.clone(), Verdict::of(home, config, profile)));
        Self { verdicts: verdicts.collect(), moves }
    }

    /// What AWS said of a profile's domain.
    pub(super) fn verdict(&self, profile: &str) -> Verdict {
        self.verdicts.get(profile).copied().unwrap_or_default()
    }

    /// Whether the registrations of a profile give way to a correction.
    pub(super) fn gives_way(&self, profile: &str) -> bool {
        self.moves || self.verdict(profile) == Verdict::Refused
    }

    #[cfg(test)]
    pub(super) fn with(profile: &str, verdict: Verdict, moves: bool) -> Self {
        Self { verdicts: BTreeMap::from([(profile.to_owned(), verdict)]), moves }
    }
}

/// What a setup is for, as far as it was typed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Typed<'a> {
    pub(super) repository: &'a RepositoryName,
    pub(super) registry: Option<&'a str>,
    pub(super) profile: Option<&'a str>,
}

/// The registration of the client's file that a setup would change, by its place in the configuration: that of the same
/// repository, else the one in whose place in the file the new one comes. Who names another profile means another one.
///
/// # Errors
/// When one is to be moved, and there is none or more than one that it could be.
pub(super) fn find(
    config: &Config,
    client: &dyn Client,
    Typed { repository, registry, profile }: Typed<'_>,
    standing: &Standing,
) -> Result<Option<usize>, Failure> {
    let name = registry.map(str::to_owned).or_else(|| client.default_name(repository));
    let is_default = |known: &Registration| known.name == client.default_name(&known.repository);
    let has_name = |known: &Registration| known.name == name || (registry.is_none() && is_default(known));
    // A name that was chosen once need not be typed again.
    let is_same = |known: &Registration| {
        known.repository == *repository && (has_name(known) || (registry.is_none() && client.keeps_name()))
    };
    let is_meant =
        |known: &Registration| standing.moves || profile.is_none_or(|profile| profile == known.profile);
    let registrations = config.codeartifact.registrations.iter().enumerate();
    let open = registrations.filter(|(_, known)| is_of(client, known) && standing.gives_way(&known.profile));
    let (same, others): (Vec<_>, Vec<_>) = open.partition(|(_, known)| is_same(known));
    let found: Vec<_> = match same.is_empty() {
        true => others.into_iter().filter(|(_, known)| has_name(known) && is_meant(known)).collect(),
        false => same,
    };
    match found.as_slice() {
        [(place, _)] => Ok(Some(*place)),
        _ if !standing.moves => Ok(None),
        [] => Err(Failure::configuration(
            format!("`--move` finds nothing to move: {} `{repository}` is not set up", client.tool().name()),
            "Leave `--move` out to set it up.",
        )),
        several => {
            let urls: Vec<_> = several.iter().map(|(_, known)| known.endpoint.as_str()).collect();
            Err(Failure::new(
                ErrorKind::Usage,
                format!("`--move` could mean more than one: {}", urls.join(", ")),
                format!("Leave `--move` out to add this one; {UNDO_LIST} shows what to undo."),
            ))
        }
    }
}

/// Takes a refused profile away that its last registration has left. Answers the profile of before of what was replaced,
/// where it is another one now.
pub(super) fn leave(
    config: &mut Config,
    before: &Config,
    replaced: &Registration,
    (chosen, standing): (&str, &Standing),
) -> Option<FormerProfile> {
    let name = &replaced.profile;
    let codeartifact = &mut config.codeartifact;
    let is_used = codeartifact.registrations.iter().any(|known| known.profile == *name);
    if name != chosen && !is_used && standing.verdict(name) == Verdict::Refused {
        codeartifact.profiles.shift_remove(name);
        if codeartifact.default.as_ref() == Some(name) {
            codeartifact.default = Some(chosen.to_owned());
        }
    }
    let profile = before.codeartifact.profiles.get(name)?;
    let now = codeartifact.profiles.get(name);
    now.is_none_or(|now| now.domain() != profile.domain()).then(|| FormerProfile {
        name: name.clone(),
        profile: profile.clone(),
        is_default: before.codeartifact.default.as_ref() == Some(name),
    })
}
