//! Which registration, CodeArtifact profile and role serve an endpoint.

use crate::config::{AwsProfile, Config, Profile, Registration};
use crate::endpoint::{self, Asker, Domain, EndpointError, PlainUrl};
use crate::failure::{Diagnostic, ErrorKind};
use crate::hint::{SETUP_AWS, SETUP_AWS_DEFAULT, SETUP_AWS_REGION, SETUP_DOMAIN, VOUCH_SETUP};
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
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

fn listed(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!("; there is {}", known.join(", ")) }
}

impl Diagnostic for ProfileError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotSetUp(Domain { name, owner, region }) => format!(
                "If it is yours: {}.",
                SETUP_DOMAIN
                    .fill("DOMAIN", name.as_str())
                    .fill("ACCOUNT", owner.as_str())
                    .flag("--region", region.as_str())
            ),
            Self::NoProfile { name, .. } => format!("Run {}.", SETUP_DOMAIN.flag("--profile", name)),
            Self::NoProfiles => {
                format!("Run {SETUP_DOMAIN}.")
            }
            Self::NoAwsProfile { name, .. } => format!("Run {}.", SETUP_AWS.flag("--profile", name)),
            Self::NoRole => format!("Run {SETUP_AWS}."),
            Self::Ambiguous { .. } => {
                format!(
                    "Run {VOUCH_SETUP} again with `--aws-profile NAME`, or make one the default with {SETUP_AWS_DEFAULT}."
                )
            }
            Self::Endpoint(error) => return error.hint(),
            Self::PartitionMismatch { profile, .. } => format!(
                "Give a role and a region of one partition: {}.",
                SETUP_AWS_REGION.flag("--profile", profile)
            ),
        })
    }
}

impl Config {
    /// The target for a URL that a package manager asks about: the one way from a URL to a token. Only what a registration
    /// allows gets one.
    ///
    /// # Errors
    /// [`EndpointError::NotCodeArtifact`] for a registry that is none of ours; [`ProfileError::NotSetUp`] for a CodeArtifact
    /// domain without a registration; else why no role serves it.
    pub fn target_of_url(&self, url: &str, asker: Asker) -> Result<Target, ProfileError> {
        let registration = self.registration_of(url, asker)?;
        let profile = self.profile_named(&registration.profile)?;
        let role = self.role_for(profile, None)?;
        Ok(Target { domain: profile.domain(), role, token_prefix: registration.token_prefix.clone() })
    }

    /// Whether a registration lets a URL receive tokens, of whichever of its clients.
    pub fn allows(&self, url: &str) -> bool {
        self.registration_of(url, Asker::default()).is_ok()
    }

    /// The registration that allows a URL.
    fn registration_of(&self, url: &str, asker: Asker) -> Result<&Registration, ProfileError> {
        let registrations = &self.codeartifact.registrations;
        // What is recorded and not plain, as somebody may have typed it into the file, allows nothing.
        let recorded = registrations.iter().filter_map(|registration| {
            Some((registration, PlainUrl::read(&registration.endpoint, Asker::default()).ok()?))
        });
        let refused = |reason| endpoint::refusal(url, reason, recorded.clone().map(|(_, base)| base));
        let plain = PlainUrl::read(url, asker).map_err(refused)?;
        let Some((domain, _)) = plain.domain().map_err(refused)? else {
            let found = recorded.clone().find(|(_, base)| plain.is_recorded_as(base, asker));
            return found
                .map(|(registration, _)| registration)
                .ok_or_else(|| refused(endpoint::ANOTHER_PATH).into());
        };
        let mut of_domain = recorded
            .clone()
            .map(|(registration, base)| (registration, plain.is_below(&base)))
            .filter(|(registration, _)| {
                let profile = self.codeartifact.profiles.get(&registration.profile);
                profile.is_some_and(|profile| profile.domain() == domain)
            });
        // The repository that was named wins: two registrations of one domain may have different profiles.
        let exact = of_domain.clone().find(|(_, exact)| *exact);
        let (found, _) = exact.or_else(|| of_domain.next()).ok_or(ProfileError::NotSetUp(domain))?;
        match plain.is_repository_of(asker) {
            true => Ok(found),
            false => Err(refused(endpoint::ANOTHER_PATH).into()),
        }
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

    /// An AWS profile by its name.
    ///
    /// # Errors
    /// [`ProfileError::NoAwsProfile`], with the names that there are.
    pub fn aws_profile_named(&self, name: &str) -> Result<&AwsProfile, ProfileError> {
        let profiles = &self.aws.profiles;
        profiles.get(name).ok_or_else(|| ProfileError::NoAwsProfile {
            name: name.to_owned(),
            known: profiles.keys().cloned().collect(),
        })
    }

    /// A role by its AWS profile's name.
    ///
    /// # Errors
    /// [`ProfileError::NoAwsProfile`], or [`ProfileError::PartitionMismatch`] when STS of the profile's region would
    /// not know the role.
    pub fn role_named(&self, name: &str) -> Result<Role, ProfileError> {
        let profile = self.aws_profile_named(name)?;
        let (arn, region) = (profile.role_arn.clone(), profile.region.clone());
        if arn.partition() != region.partition() {
            return Err(ProfileError::PartitionMismatch { profile: name.to_owned(), role: arn, region });
        }
        Ok(Role { profile: name.to_owned(), arn, region, duration: profile.role_duration })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPO: &str = "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/";

    fn config(aws: &[(&str, &str, &str)], profile: &str, registrations: &str) -> Config {
        let profiles: Vec<_> = aws
            .iter()
            .map(|(name, arn, region)| format!(r#""{name}": {{"role_arn": "{arn}", "region": "{region}"}}"#))
            .collect();
        let text = format!(
            r#"{{"version": 1, "aws": {{"profiles": {{{}}}}},
                "codeartifact": {{"profiles": {{"default": {profile}}}, "registrations": [{registrations}]}}}}"#,
            profiles.join(",")
        );
        serde_json::from_str(&text).unwrap()
    }

    const OWN: (&str, &str, &str) = ("own", "arn:aws:iam::123456789012:role/CodeArtifact", "us-east-1");
    const OTHER: (&str, &str, &str) = ("other", "arn:aws:iam::111111111111:role/Reader", "us-east-1");
    const THIRD: (&str, &str, &str) = ("third", "arn:aws:iam::222222222222:role/Team", "us-east-1");
    const CHINA: (&str, &str, &str) =
        ("china", "arn:aws-cn:iam::123456789012:role/CodeArtifact", "cn-north-1");
    const PROFILE: &str = r#"{"domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1"}"#;

    fn registration(endpoint: &str) -> String {
        format!(
            r#"{{"tool": "cargo", "repository": "my-repo", "profile": "default", "endpoint": "{endpoint}"}}"#
        )
    }

    fn role(config: &Config, aws_profile: Option<&str>) -> Result<String, ProfileError> {
        config.role_for(config.profile_named("default")?, aws_profile).map(|role| role.profile)
    }

    #[test]
    fn the_role_is_the_typed_one_then_the_linked_one_then_the_owners() {
        let linked = PROFILE.replace('}', r#", "aws_profile": "other"}"#);
        let mut both = config(&[OTHER, OWN], &linked, "");
        assert_eq!(role(&both, Some("own")).unwrap(), "own");
        assert_eq!(role(&both, None).unwrap(), "other");
        both = config(&[OTHER, OWN], PROFILE, "");
        both.aws.default = Some("other".into());
        assert_eq!(role(&both, None).unwrap(), "own", "the owner's account comes before the default");
    }

    #[test]
    fn the_role_is_never_just_the_first() {
        let mut two = config(&[OTHER, THIRD], PROFILE, "");
        assert!(
            matches!(role(&two, None), Err(ProfileError::Ambiguous { candidates, .. }) if candidates.len() == 2)
        );
        two.aws.default = Some("third".into());
        assert_eq!(role(&two, None).unwrap(), "third");
        assert_eq!(role(&config(&[OTHER], PROFILE, ""), None).unwrap(), "other");
        assert_eq!(role(&config(&[], PROFILE, ""), None), Err(ProfileError::NoRole));
        assert!(
            matches!(role(&two, Some("nobody")), Err(ProfileError::NoAwsProfile { known, .. }) if known.len() == 2)
        );
    }

    #[test]
    fn partitions_are_compared_before_anything_else() {
        let crossed = config(&[CHINA], PROFILE, "");
        assert!(matches!(role(&crossed, None), Err(ProfileError::PartitionMismatch { .. })));
        let crossed = config(&[("own", OWN.1, "cn-north-1")], PROFILE, "");
        assert!(matches!(crossed.role_named("own"), Err(ProfileError::PartitionMismatch { .. })));
    }

    #[test]
    fn only_registered_domains_are_served() {
        let mut config = config(&[OWN], PROFILE, &registration(REPO));
        assert_eq!(config.target_of_url(REPO, Asker::default()).unwrap().role.profile, "own");
        // A token is for the domain: another repository of it is served, too.
        assert!(config.target_of_url(&REPO.replace("my-repo", "my-npm-repo"), Asker::default()).is_ok());
        for other in [
            REPO.replace("my-domain", "other-domain"),
            REPO.replace("123456789012", "210987654321"),
            REPO.replace("us-east-1", "us-east-2"),
        ] {
            let refused = config.target_of_url(&other, Asker::default());
            assert!(matches!(refused, Err(ProfileError::NotSetUp(_))), "{other}");
        }
        let foreign = config.target_of_url("sparse+https://index.crates.io/", Asker::default());
        assert!(matches!(foreign, Err(ProfileError::Endpoint(EndpointError::NotCodeArtifact(_)))));
        // Allowed it is as long as any registration of the domain is left, with a role or without.
        config.aws.profiles.clear();
        assert!(config.allows(&REPO.replace("my-repo", "my-npm-repo")));
        config.codeartifact.registrations.clear();
        assert!(!config.allows(REPO));
    }

    #[test]
    fn a_recorded_host_is_served_below_its_path_alone() {
        let config = config(&[OWN], PROFILE, &registration("https://packages.example.com/cargo/my-repo/"));
        for good in [
            "https://packages.example.com/cargo/my-repo",
            "sparse+https://packages.example.com/cargo/my-repo/x",
            "https://packages.example.com:443/cargo/my-repo/",
        ] {
            assert!(config.target_of_url(good, Asker::default()).is_ok(), "{good}");
        }
        for bad in [
            "https://packages.example.com/",
            "https://packages.example.com/cargo/my-repository/",
            "https://packages.example.com/cargo/my-repo/../other/",
            "https://packages.example.com/cargo/my-repo/%2e%2e/other/",
            "https://packages.example.com/cargo/my-repo/..;/other/",
            "https://packages.example.com/cargo/my-repo%2f..%2fother/",
            "https://packages.example.com/cargo/x/../my-repo/",
            "https://packages.example.com//cargo/my-repo/",
            "https://packages.example.com\\@evil.example/cargo/my-repo/",
            "https://evil.example\\@packages.example.com/cargo/my-repo/",
            "https://PACKAGES.example.com/cargo/my-repo/",
            "http://packages.example.com/cargo/my-repo/",
            "https://packages.example.com:8443/cargo/my-repo/",
            "https://aws@packages.example.com/cargo/my-repo/",
            "https://packages.example.com.evil.example/cargo/my-repo/",
        ] {
            assert!(config.target_of_url(bad, Asker::default()).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_recorded_otherwise_than_setup_writes_it_allows_nothing() {
        for recorded in [
            "https://PACKAGES.example.com/cargo/my-repo/",
            "https://packages.example.com\\\\@evil.example/cargo/my-repo/",
            "http://packages.example.com/cargo/my-repo/",
            "https://aws@packages.example.com/cargo/my-repo/",
            "https://packages.example.com/x/../cargo/my-repo/",
            "packages.example.com",
            "",
        ] {
            let config = config(&[OWN], PROFILE, &registration(recorded));
            let url = "https://packages.example.com/cargo/my-repo/";
            assert!(config.target_of_url(url, Asker::default()).is_err(), "{recorded}");
        }
    }

    #[test]
    fn the_repository_that_was_named_decides_between_two_profiles_of_one_domain() {
        let other = PROFILE.replace('}', r#", "aws_profile": "other"}"#);
        let second = registration(&REPO.replace("my-repo", "our-repo")).replace("default", "second");
        let mut config = config(&[OWN, OTHER], PROFILE, &[registration(REPO), second].join(","));
        config.codeartifact.profiles.insert("second".into(), serde_json::from_str(&other).unwrap());
        let role = |url: &str| config.target_of_url(url, Asker::default()).unwrap().role.profile;
        assert_eq!(role(REPO), "own");
        assert_eq!(role(&REPO.replace("my-repo", "our-repo")), "other");
        assert_eq!(role(&REPO.replace("my-repo", "else")), "own", "the first of the domain");
    }

    #[test]
    fn the_default_profile_is_the_recorded_one_or_named_so_or_the_only_one() {
        let mut config = config(&[], PROFILE, "");
        assert_eq!(config.default_profile(), Ok("default"));
        let profile = config.codeartifact.profiles.shift_remove("default").unwrap();
        assert_eq!(config.default_profile(), Err(ProfileError::NoProfiles));
        config.codeartifact.profiles.insert("team".into(), profile.clone());
        assert_eq!(config.default_profile(), Ok("team"));
        config.codeartifact.profiles.insert("shared".into(), profile);
        assert!(config.default_profile().is_err());
        config.codeartifact.default = Some("shared".into());
        assert_eq!(config.default_profile(), Ok("shared"));
    }
}
