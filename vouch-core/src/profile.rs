//! Which registration, CodeArtifact profile and role serve an endpoint.

use crate::config::{AwsProfile, Config, Profile, Registration};
use crate::endpoint::{self, Domain, EndpointError};
use crate::error::{Class, Explain};
use crate::partition::{AccountId, Region, RoleArn};

/// A role to assume, and where to ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The AWS profile's name.
    pub profile: String,
    pub arn: RoleArn,
    /// Where STS is asked.
    pub region: Region,
    /// Seconds to ask for.
    pub duration: u32,
}

/// A domain and the role that reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub domain: Domain,
    pub role: Role,
    /// What stands before the token on the wire; empty for the bare token.
    pub token_prefix: String,
}

/// Why nothing serves an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    #[error("nothing was set up for the CodeArtifact domain {0}")]
    NotSetUp(Domain),
    #[error("there is no CodeArtifact profile `{name}`{}", listed(.known))]
    NoProfile { name: String, known: Vec<String> },
    #[error("no CodeArtifact profile was set up")]
    NoProfiles,
    #[error("there is no AWS profile `{name}`{}", listed(.known))]
    NoAwsProfile { name: String, known: Vec<String> },
    #[error("no role was set up to reach AWS with")]
    NoRole,
    #[error("several AWS profiles could serve account {owner}: {}", .candidates.join(", "))]
    Ambiguous { owner: AccountId, candidates: Vec<String> },
    #[error(
        "the role of AWS profile `{profile}` is in partition {}, but region {region} is in {}",
        .role.partition(), .region.partition()
    )]
    PartitionMismatch { profile: String, role: RoleArn, region: Region },
}

fn listed(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!("; there is {}", known.join(", ")) }
}

impl Explain for ProfileError {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotSetUp(Domain { name, owner, region }) => format!(
                "If it is yours: `vouch setup codeartifact --tool TOOL --repository REPOSITORY --domain {name} \
                 --domain-owner {owner} --region {region}`."
            ),
            Self::NoProfile { .. } | Self::NoProfiles => {
                "Run `vouch setup codeartifact --tool TOOL --repository REPOSITORY --domain DOMAIN --domain-owner \
                 ACCOUNT --profile NAME`."
                    .into()
            }
            Self::NoAwsProfile { name, .. } => format!("Run `vouch setup aws --role ARN --profile {name}`."),
            Self::NoRole => "Run `vouch setup aws --role ARN`.".into(),
            Self::Ambiguous { .. } => {
                "Run `vouch setup codeartifact` again with `--aws-profile NAME`, or make one the default with \
                 `vouch setup aws --default NAME`."
                    .into()
            }
            Self::PartitionMismatch { .. } => {
                "Give a role and a region of one partition: `vouch setup aws --role ARN --region REGION`.".into()
            }
        })
    }
}

impl Config {
    /// The target for a URL that a package manager asks about. Only what a registration allows gets one.
    ///
    /// # Errors
    /// [`EndpointError::Foreign`] for a registry that is none of ours; [`ProfileError::NotSetUp`] for a CodeArtifact
    /// domain without a registration; else why no role serves it.
    pub fn target_of_url(&self, url: &str) -> Result<Target, crate::Error> {
        let registration = self.registration_of(url)?;
        let profile = self.profile_named(&registration.profile)?;
        let role = self.role_for(profile, None)?;
        Ok(Target { domain: profile.domain(), role, token_prefix: registration.token_prefix.clone() })
    }

    /// The registration that allows a URL.
    fn registration_of(&self, url: &str) -> Result<&Registration, crate::Error> {
        let registrations = &self.codeartifact.registrations;
        let domain = match endpoint::domain_of_url(url) {
            Ok((domain, _)) => domain,
            Err(EndpointError::Foreign(shown)) => {
                let recorded =
                    registrations.iter().find(|registration| is_below(url, &registration.endpoint));
                return recorded.ok_or_else(|| EndpointError::Foreign(shown).into());
            }
            Err(error) => return Err(error.into()),
        };
        let serves = |registration: &&Registration| {
            let profile = self.codeartifact.profiles.get(&registration.profile);
            profile.is_some_and(|profile| profile.domain() == domain)
        };
        // The repository that was named wins: two registrations of one domain may have different profiles.
        let exact =
            registrations.iter().filter(serves).find(|registration| is_below(url, &registration.endpoint));
        let found = exact.or_else(|| registrations.iter().find(serves));
        found.ok_or_else(|| ProfileError::NotSetUp(domain).into())
    }

    /// A CodeArtifact profile by its name.
    ///
    /// # Errors
    /// [`ProfileError::NoProfile`], with the names that there are.
    pub fn profile_named(&self, name: &str) -> Result<&Profile, ProfileError> {
        let profiles = &self.codeartifact.profiles;
        profiles.get(name).ok_or_else(|| ProfileError::NoProfile {
            name: name.to_owned(),
            known: profiles.keys().cloned().collect(),
        })
    }

    /// The name of the CodeArtifact profile that serves where none is named: the recorded default, else `default`,
    /// else the only one.
    ///
    /// # Errors
    /// [`ProfileError::NoProfiles`] or, when there are several, [`ProfileError::NoProfile`] for `default`.
    pub fn default_profile(&self) -> Result<&str, ProfileError> {
        let profiles = &self.codeartifact.profiles;
        if let Some(name) = &self.codeartifact.default {
            self.profile_named(name)?;
            return Ok(name);
        }
        match profiles.keys().collect::<Vec<_>>().as_slice() {
            [] => Err(ProfileError::NoProfiles),
            [only] => Ok(only),
            _ => self.profile_named("default").map(|_| "default"),
        }
    }

    /// The role that reads a profile's domain: `--aws-profile`, else the profile's link, else the one AWS profile
    /// whose role lives in the owner's account, else the default, else the only one.
    ///
    /// # Errors
    /// When none or several could serve, or role and region are in different partitions.
    pub fn role_for(&self, profile: &Profile, aws_profile: Option<&str>) -> Result<Role, ProfileError> {
        let name = match aws_profile.or(profile.aws_profile.as_deref()) {
            Some(name) => name,
            None => self.aws_profile_for(&profile.domain_owner)?,
        };
        let role = self.role_named(name)?;
        if role.arn.partition() != profile.region.partition() {
            return Err(ProfileError::PartitionMismatch {
                profile: role.profile,
                role: role.arn,
                region: profile.region.clone(),
            });
        }
        Ok(role)
    }

    /// The name of the AWS profile that serves an account where nothing else decides.
    ///
    /// # Errors
    /// [`ProfileError::NoRole`] or [`ProfileError::Ambiguous`].
    pub fn aws_profile_for(&self, owner: &AccountId) -> Result<&str, ProfileError> {
        let profiles = &self.aws.profiles;
        let in_account = |(_, profile): &(&String, &AwsProfile)| &profile.role_arn.account() == owner;
        let mut owners = profiles.iter().filter(in_account);
        if let (Some((name, _)), None) = (owners.next(), owners.next()) {
            return Ok(name);
        }
        if let Some(name) = &self.aws.default {
            return Ok(name);
        }
        match profiles.keys().collect::<Vec<_>>().as_slice() {
            [] => Err(ProfileError::NoRole),
            [only] => Ok(only),
            several => Err(ProfileError::Ambiguous {
                owner: owner.clone(),
                candidates: several.iter().map(|name| (*name).clone()).collect(),
            }),
        }
    }

    /// A role by its AWS profile's name.
    ///
    /// # Errors
    /// [`ProfileError::NoAwsProfile`], or [`ProfileError::PartitionMismatch`] when STS of the profile's region would
    /// not know the role.
    pub fn role_named(&self, name: &str) -> Result<Role, ProfileError> {
        let profiles = &self.aws.profiles;
        let profile = profiles.get(name).ok_or_else(|| ProfileError::NoAwsProfile {
            name: name.to_owned(),
            known: profiles.keys().cloned().collect(),
        })?;
        let (arn, region) = (profile.role_arn.clone(), profile.region.clone());
        if arn.partition() != region.partition() {
            return Err(ProfileError::PartitionMismatch { profile: name.to_owned(), role: arn, region });
        }
        Ok(Role { profile: name.to_owned(), arn, region, duration: profile.role_duration })
    }
}

/// Whether `url` is `base` or below it: same scheme and host, and the path goes on only after a slash.
fn is_below(url: &str, base: &str) -> bool {
    let parse = |text: &str| url::Url::parse(text.strip_prefix("sparse+").unwrap_or(text)).ok();
    let (Some(url), Some(base)) = (parse(url), parse(base)) else { return false };
    let plain = |url: &url::Url| url.username().is_empty() && url.password().is_none();
    if url.scheme() != "https" || !plain(&url) || url.origin() != base.origin() {
        return false;
    }
    let base = base.path().trim_end_matches('/');
    url.path().strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
