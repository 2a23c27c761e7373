//! A CodeArtifact domain from flags and profiles.

use clap::Args;
use vouch_core::Failure;
use vouch_core::config::Profile;
use vouch_core::endpoint::Domain;
use vouch_core::env;
use vouch_core::partition::{AccountId, DomainName, PARTITIONS, Region};

use crate::parse;
use crate::region::{self, Choice};

/// Names a CodeArtifact domain, in full or through a profile.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DomainFlags {
    /// The CodeArtifact domain
    #[arg(long, value_name = "NAME")]
    pub(crate) domain: Option<DomainName>,
    /// The AWS account that owns the domain
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) domain_owner: Option<AccountId>,
    /// The AWS region of the domain [default: the profile's, AWS_REGION, AWS_DEFAULT_REGION, us-east-1]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<Region>,
    /// The CodeArtifact profile [default: VOUCH_PROFILE, else the default profile]
    #[arg(long, value_name = "NAME", value_parser = parse::name)]
    pub(crate) profile: Option<String>,
    /// The AWS profile whose role reads the domain
    #[arg(long, value_name = "NAME", value_parser = parse::name)]
    pub(crate) aws_profile: Option<String>,
}

/// A domain and what it was put together from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Completed {
    pub(crate) domain: Domain,
    pub(crate) region: Choice,
    /// The AWS profile that the stored profile links to; none for another domain than the profile's.
    pub(crate) aws_profile: Option<String>,
}

impl DomainFlags {
    /// The profile that was named, by flag or by `VOUCH_PROFILE`.
    pub(crate) fn profile_name(&self) -> Option<String> {
        self.profile.clone().or_else(|| env::var("VOUCH_PROFILE"))
    }

    /// Whether the domain itself is named in any part.
    pub(crate) fn names_a_domain(&self) -> bool {
        self.domain.is_some() || self.domain_owner.is_some() || self.region.is_some()
    }

    /// Fills in what the flags leave out. Owner, region and role of a profile belong to its domain: another domain
    /// inherits none of them.
    pub(crate) fn complete(&self, stored: Option<&Profile>) -> Result<Completed, Failure> {
        let missing = |what: &str, flag: &str| {
            let (message, hint) = match (&self.domain, stored) {
                (Some(domain), Some(profile)) => (
                    format!(
                        "{what} of domain `{domain}` is not known: the profile is for `{}`",
                        profile.domain
                    ),
                    format!("Give `{flag}` too, or choose the right profile with `--profile`."),
                ),
                _ => (format!("{what} is not known"), format!("Give `{flag}`.")),
            };
            Failure::configuration(message, hint)
        };
        let name = self.domain.clone().or_else(|| stored.map(|profile| profile.domain.clone()));
        let name = name.ok_or_else(|| missing("the CodeArtifact domain", "--domain NAME"))?;
        let stored_domain = stored.filter(|profile| profile.domain == name);
        let owner = self.domain_owner.clone();
        let owner = owner.or_else(|| stored_domain.map(|profile| profile.domain_owner.clone()));
        let owner = owner.ok_or_else(|| missing("the owner", "--domain-owner ACCOUNT"))?;
        let same = stored_domain.filter(|profile| profile.domain_owner == owner);
        let region =
            region::choose(self.region.as_ref(), same.map(|profile| &profile.region), PARTITIONS[0])?;
        Ok(Completed {
            domain: Domain { name, owner, region: region.region.clone() },
            region,
            aws_profile: same.and_then(|profile| profile.aws_profile.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(domain: &str, owner: &str, region: &str) -> DomainFlags {
        DomainFlags {
            domain: domain.parse().ok(),
            domain_owner: owner.parse().ok(),
            region: region.parse().ok(),
            ..DomainFlags::default()
        }
    }

    fn stored() -> Profile {
        serde_json::from_value(serde_json::json!({
            "domain": "my-domain", "domain_owner": "123456789012", "region": "eu-west-1", "aws_profile": "vouch"
        }))
        .unwrap()
    }

    fn shown(completed: &Completed) -> String {
        format!("{} / {:?}", completed.domain, completed.aws_profile.as_deref())
    }

    #[test]
    fn flags_win_and_the_profile_fills_in() {
        let full = "my-domain of account 123456789012 in eu-west-1 / Some(\"vouch\")";
        assert_eq!(shown(&flags("", "", "").complete(Some(&stored())).unwrap()), full);
        assert_eq!(shown(&flags("my-domain", "", "").complete(Some(&stored())).unwrap()), full);
        assert_eq!(
            shown(&flags("", "", "us-west-2").complete(Some(&stored())).unwrap()),
            "my-domain of account 123456789012 in us-west-2 / Some(\"vouch\")"
        );
    }

    #[test]
    fn another_domain_inherits_nothing() {
        let failed = flags("other", "", "").complete(Some(&stored())).unwrap_err();
        assert!(failed.message.contains("`other`"));
        assert!(failed.hint.as_ref().unwrap().contains("--domain-owner"));
        let other = flags("other", "111111111111", "us-west-2").complete(Some(&stored())).unwrap();
        assert_eq!(shown(&other), "other of account 111111111111 in us-west-2 / None");
        // The same name in another account is another domain.
        let other = flags("", "111111111111", "us-west-2").complete(Some(&stored())).unwrap();
        assert_eq!(other.aws_profile, None);
    }

    #[test]
    fn what_is_missing_is_named() {
        for (flags, part) in [
            (flags("", "", ""), "--domain NAME"),
            (flags("", "123456789012", ""), "--domain NAME"),
            (flags("my-domain", "", ""), "--domain-owner ACCOUNT"),
        ] {
            let failed = flags.complete(None).unwrap_err();
            assert!(failed.hint.as_ref().unwrap().contains(part), "{failed:?}");
        }
    }
}
