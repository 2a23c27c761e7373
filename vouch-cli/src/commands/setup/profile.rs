//! Which CodeArtifact profile a setup uses, makes or changes.
//!
//! A profile that registrations use is theirs: setting up another domain gives it a profile of its own. What AWS refused is
//! corrected in place, and so is what `--move` is for. Otherwise only typing the profile's name together with other values
//! changes it, as long as AWS did not answer for it. All of that only while nothing else depends on it.

use vouch_core::config::{Config, Profile, Registration};
use vouch_core::endpoint::Domain;
use vouch_core::partition::RepositoryName;
use vouch_core::profile::ProfileError;
use vouch_core::{Failure, Verdict};

use super::correction::Standing;
use crate::domain::{Completed, DomainFlags};
use crate::region::Reason;

/// The profile that serves, and what that means for the configuration.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) name: String,
    pub(crate) profile: Profile,
    pub(crate) region: Reason,
    pub(crate) change: Change,
    pub(crate) role: RoleState,
}

/// What becomes of the stored profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Kept,
    Made,
    /// Made beside the one that would have served, whose domain is another.
    MadeBeside {
        name: String,
        domain: Domain,
    },
    /// It stood for this domain before.
    Changed {
        was: Domain,
    },
    Relinked,
}

/// Whether a role reads the domain yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RoleState {
    /// The AWS profile, and whether its role lives in the account of the domain.
    Served { aws_profile: String, own_account: bool },
    /// `vouch setup aws` is still to be run, for this AWS profile if one was named.
    Missing { aws_profile: Option<String> },
}

/// Where a setup is for: one tool's use of one repository.
#[derive(Debug, Clone, Copy)]
pub(super) struct Use<'a> {
    pub(super) tool: &'a str,
    pub(super) repository: &'a RepositoryName,
    /// The registration that gives way to it.
    pub(super) corrects: Option<&'a Registration>,
    pub(super) standing: &'a Standing,
}

impl Use<'_> {
    /// Whether a registration is of another use.
    fn is_other(&self, known: &Registration) -> bool {
        let is_same = known.tool == self.tool && known.repository == *self.repository;
        !is_same && self.corrects != Some(known)
    }
}

const DEFAULT: &str = "default";

/// Chooses the profile.
pub(super) fn choose(config: &Config, flags: &DomainFlags, usage: Use<'_>) -> Result<Chosen, Failure> {
    let (name, named) = candidate(config, flags, usage)?;
    let stored = config.codeartifact.profiles.get(&name);
    let completed = flags.complete(stored)?;
    match stored {
        Some(profile) if profile.domain() == completed.domain => {
            finish(config, flags, name, Some(profile), completed, Change::Kept)
        }
        None => finish(config, flags, name, None, completed, Change::Made),
        Some(profile) => {
            let was = profile.domain();
            let users: Vec<_> = users(config, &name).collect();
            let others = users.iter().any(|user| usage.is_other(user));
            let proven = usage.standing.verdict(&name) == Verdict::Answered;
            let corrects = usage.corrects.is_some_and(|known| known.profile == name);
            if users.is_empty() || (!others && (corrects || (named && !proven))) {
                return finish(config, flags, name, Some(profile), completed, Change::Changed { was });
            }
            if named {
                return Err(match others {
                    true => in_use(&name, &was, &users, &completed.domain),
                    false => answered(&name, &was, &completed.domain),
                });
            }
            beside(config, flags, (name, was), completed)
        }
    }
}

/// Makes a profile under a name that is free.
pub(super) fn make(config: &Config, flags: &DomainFlags, name: &str) -> Result<Chosen, Failure> {
    let completed = flags.complete(None)?;
    finish(config, flags, name.to_owned(), None, completed, Change::Made)
}

/// The profile to start from, and whether the person named it.
fn candidate(config: &Config, flags: &DomainFlags, usage: Use<'_>) -> Result<(String, bool), Failure> {
    if let Some(name) = flags.profile_name() {
        if !flags.names_a_domain() {
            config.profile_named(&name)?;
        }
        return Ok((name, true));
    }
    if !flags.names_a_domain() {
        // A repository that is set up again stays with the profile that it has.
        let moved = usage.corrects.filter(|_| usage.standing.moves).map(|known| known.profile.as_str());
        let name = match recorded(config, usage).or(moved) {
            Some(name) => name,
            None => config.default_profile()?,
        };
        return Ok((name.to_owned(), false));
    }
    let name = config.codeartifact.default.clone().unwrap_or_else(|| DEFAULT.to_owned());
    let profiles = &config.codeartifact.profiles;
    let fits = |profile: &Profile| {
        let Profile { domain, domain_owner, region, .. } = profile;
        flags.domain.as_ref() == Some(domain)
            && flags.domain_owner.as_ref().is_none_or(|owner| owner == domain_owner)
            && flags.region.as_ref().is_none_or(|flag| flag == region)
    };
    if profiles.get(&name).is_some_and(fits) {
        return Ok((name, false));
    }
    // A domain that one profile stands for needs no `--profile`.
    let mut fitting = profiles.iter().filter(|(_, profile)| fits(profile));
    match (fitting.next(), fitting.next()) {
        (Some((only, _)), None) => Ok((only.clone(), false)),
        // What is corrected keeps its name.
        _ => Ok((usage.corrects.map_or(name, |known| known.profile.clone()), false)),
    }
}

/// The one profile that a tool's repository was set up with.
fn recorded<'a>(config: &'a Config, usage: Use<'_>) -> Option<&'a str> {
    let registrations = config.codeartifact.registrations.iter();
    let mut of_repository = registrations
        .filter(|known| known.tool == usage.tool && known.repository == *usage.repository)
        .map(|known| known.profile.as_str());
    let first = of_repository.next()?;
    of_repository.all(|other| other == first).then_some(first)
}

fn users<'a>(config: &'a Config, profile: &str) -> impl Iterator<Item = &'a Registration> {
    config.codeartifact.registrations.iter().filter(move |registration| registration.profile == profile)
}

/// Another domain than the default profile's gets a profile named after it.
fn beside(
    config: &Config,
    flags: &DomainFlags,
    (name, domain): (String, Domain),
    completed: Completed,
) -> Result<Chosen, Failure> {
    let profiles = &config.codeartifact.profiles;
    if let Some((name, profile)) = profiles.iter().find(|(_, profile)| profile.domain() == completed.domain) {
        return finish(config, flags, name.clone(), Some(profile), completed, Change::Kept);
    }
    let new = completed.domain.name.to_string();
    if profiles.contains_key(&new) {
        return Err(Failure::configuration(
            format!("profile `{name}` is in use for {domain}, and `{new}` is another profile"),
            format!("Choose a name for {}: add `--profile NAME`.", completed.domain),
        ));
    }
    finish(config, flags, new, None, completed, Change::MadeBeside { name, domain })
}

fn finish(
    config: &Config,
    flags: &DomainFlags,
    name: String,
    stored: Option<&Profile>,
    completed: Completed,
    change: Change,
) -> Result<Chosen, Failure> {
    if let Some(name) = &flags.aws_profile {
        unless_mistyped(config, name)?;
    }
    let Completed { domain, region, aws_profile: link } = completed;
    let mut profile = Profile {
        domain: domain.name,
        domain_owner: domain.owner,
        region: domain.region,
        aws_profile: flags.aws_profile.clone().or(link),
        other: stored.map(|profile| profile.other.clone()).unwrap_or_default(),
    };
    if profile.aws_profile.is_none() {
        profile.aws_profile = settled(config, &profile);
    }
    let role = role_state(config, &profile)?;
    let relinked = stored.is_some_and(|stored| stored.aws_profile != profile.aws_profile);
    let change = if change == Change::Kept && relinked { Change::Relinked } else { change };
    Ok(Chosen { name, profile, region: region.reason, change, role })
}

/// Before there is a role, any name is one for later; then it is one of those that there are.
fn unless_mistyped(config: &Config, name: &str) -> Result<(), Failure> {
    let profiles = &config.aws.profiles;
    if profiles.is_empty() || profiles.contains_key(name) {
        return Ok(());
    }
    let known = profiles.keys().cloned().collect();
    Err(ProfileError::NoAwsProfile { name: name.to_owned(), known }.into())
}

/// The one AWS profile of the owner's account. A role that serves for want of a better one is not written down: a better
/// one may be set up later.
fn settled(config: &Config, profile: &Profile) -> Option<String> {
    let mut own =
        config.aws.profiles.iter().filter(|(_, aws)| aws.role_arn.account() == profile.domain_owner);
    match (own.next(), own.next()) {
        (Some((name, _)), None) => Some(name.clone()),
        _ => None,
    }
}

fn role_state(config: &Config, profile: &Profile) -> Result<RoleState, Failure> {
    match config.role_for(profile, None) {
        Ok(role) => Ok(RoleState::Served {
            own_account: role.arn.account() == profile.domain_owner,
            aws_profile: role.profile,
        }),
        Err(ProfileError::NoRole) => Ok(RoleState::Missing { aws_profile: None }),
        Err(ProfileError::NoAwsProfile { name, .. }) => Ok(RoleState::Missing { aws_profile: Some(name) }),
        Err(error) => Err(error.into()),
    }
}

fn in_use(name: &str, was: &Domain, users: &[&Registration], wanted: &Domain) -> Failure {
    let users: Vec<_> = users.iter().map(|user| format!("{} `{}`", user.tool, user.repository)).collect();
    Failure::configuration(
        format!("profile `{name}` stands for {was} and is in use by {}", users.join(", ")),
        format!("Give {wanted} a profile of its own: `--profile {}`, or another free name.", wanted.name),
    )
}

fn answered(name: &str, was: &Domain, wanted: &Domain) -> Failure {
    Failure::configuration(
        format!("profile `{name}` stands for {was}, for which AWS answered"),
        format!(
            "To change it all the same, add `--move`; or give {wanted} a profile of its own: `--profile {}`, or another \
             free name.",
            wanted.name
        ),
    )
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
