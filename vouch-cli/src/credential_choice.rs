//! Which credential is meant: the domain, profile and role that flags and configuration name.

use vouch_core::broker::{Lifetime, RoleUse};
use vouch_core::config::{Config, Profile};
use vouch_core::endpoint::Domain;
use vouch_core::exchange::{RoleCredentials, Token};
use vouch_core::hint::SETUP_AWS_DEFAULT;
use vouch_core::profile::{ProfileError, Role, Target};
use vouch_core::{Context, ErrorKind, Failure};
use vouch_helper::masking::Mask;

use crate::domain::{Completed, DomainFlags};
use crate::terminal;

/// How the flags that name a domain are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// `--domain`
    Plain,
    /// `--ca-domain`
    Prefixed,
}

/// A domain that was named, and the profile that it came from.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) target: Target,
    pub(crate) profile: Option<String>,
}

/// A token for the rest of the session, for the domain that flags and profiles name.
pub(crate) fn token(
    context: &Context,
    flags: &DomainFlags,
    spelling: Spelling,
) -> Result<(Token, Named), Failure> {
    let broker = context.broker()?;
    let named = named(broker.config(), flags, spelling)?;
    let mask = Mask::of(&context.session()?);
    let token = broker.token(&named.target, Lifetime::Session)?;
    mask.hide(&[&token.value]);
    Ok((token, named))
}

/// The credentials of an AWS profile: the one named, else the default, else the only one.
pub(crate) fn role_credentials(
    context: &Context,
    profile: Option<&str>,
    usage: RoleUse,
) -> Result<(RoleCredentials, Role), Failure> {
    let broker = context.broker()?;
    let role = role(broker.config(), profile)?;
    let mask = Mask::of(&context.session()?);
    let given = broker.role_credentials(&role, usage)?;
    mask.hide(&[&given.secret_access_key, &given.session_token]);
    Ok((given, role))
}

/// The role of an AWS profile: the one named, else the default, else the only one.
pub(crate) fn role(config: &Config, profile: Option<&str>) -> Result<Role, Failure> {
    let profiles = &config.aws.profiles;
    let name = match (profile, &config.aws.default) {
        (Some(name), _) => name,
        (None, Some(name)) => name,
        (None, None) => match profiles.keys().collect::<Vec<_>>().as_slice() {
            [] => return Err(ProfileError::NoRole.into()),
            [only] => only,
            several => {
                let names: Vec<&str> = several.iter().map(|name| name.as_str()).collect();
                return Err(Failure::configuration(
                    format!("several AWS profiles could be meant: {}", names.join(", ")),
                    format!("Name one, or make one the default with {SETUP_AWS_DEFAULT}."),
                ));
            }
        },
    };
    Ok(config.role_named(name)?)
}

/// The domain and role that flags and profiles name. What is typed needs no registration.
pub(crate) fn named(config: &Config, flags: &DomainFlags, spelling: Spelling) -> Result<Named, Failure> {
    let from_environment = flags.profile.is_none();
    let stored = match flags.profile_name() {
        Some(name) => {
            let profile = config.profile_named(&name)?;
            match contradiction(flags, profile, spelling) {
                Some(what) if from_environment => {
                    terminal::warn(&format!("{what} of VOUCH_PROFILE: the flag counts"));
                }
                Some(what) => {
                    let hint = "Leave out the profile or the flag, whichever is wrong.";
                    return Err(Failure::new(ErrorKind::Usage, format!("{what} `{name}`"), hint));
                }
                None => {}
            }
            Some(name)
        }
        // A domain that was typed in full needs no profile at all.
        None if flags.domain.is_some() => config.default_profile().ok().map(str::to_owned),
        None => Some(config.default_profile()?.to_owned()),
    };
    let profile = stored.as_deref().map(|name| config.profile_named(name)).transpose()?;
    let Completed { domain, aws_profile, .. } = flags.complete(profile)?;
    let profile_of_domain = stored.filter(|_| profile.is_some_and(|profile| profile.domain() == domain));
    let wanted = Profile {
        domain: domain.name.clone(),
        domain_owner: domain.owner.clone(),
        region: domain.region.clone(),
        aws_profile,
        other: serde_json::Map::new(),
    };
    let role = config.role_for(&wanted, flags.aws_profile.as_deref())?;
    let target = Target { domain, role, token_prefix: String::new() };
    Ok(Named { target, profile: profile_of_domain })
}

/// The flag that says something else than a profile that is named beside it.
fn contradiction(flags: &DomainFlags, profile: &Profile, spelling: Spelling) -> Option<String> {
    let Domain { name, owner, region } = profile.domain();
    let differs = |flag: &str, typed: Option<String>, stored: String| {
        let typed = typed.filter(|typed| *typed != stored)?;
        let prefix = if spelling == Spelling::Prefixed { "ca-" } else { "" };
        Some(format!(
            "`--{prefix}{flag} {typed}` contradicts `{stored}`, the {} of profile",
            flag.replace('-', " ")
        ))
    };
    differs("domain", flags.domain.as_ref().map(ToString::to_string), name.to_string())
        .or_else(|| {
            let typed = flags.domain_owner.as_ref().map(ToString::to_string);
            differs("domain-owner", typed, owner.to_string())
        })
        .or_else(|| differs("region", flags.region.as_ref().map(ToString::to_string), region.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config() -> Config {
        serde_json::from_value(json!({
            "version": 1,
            "aws": { "profiles": {
                "vouch": { "role_arn": "arn:aws:iam::123456789012:role/CodeArtifact", "region": "us-east-1" },
                "shared": { "role_arn": "arn:aws:iam::111111111111:role/CodeArtifactReader", "region": "us-east-1" }
            } },
            "codeartifact": { "profiles": {
                "default": { "domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1" },
                "shared": { "domain": "shared-packages", "domain_owner": "111111111111", "region": "eu-west-1" }
            } }
        }))
        .unwrap()
    }

    fn shown(domain: &str, owner: &str, profile: &str, aws_profile: &str) -> String {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let flags = DomainFlags {
            domain: domain.parse().ok(),
            domain_owner: owner.parse().ok(),
            region: "us-west-2".parse().ok().filter(|_| !owner.is_empty()),
            profile: some(profile),
            aws_profile: some(aws_profile),
        };
        match named(&config(), &flags, Spelling::Plain) {
            Ok(Named { target, profile }) => {
                format!("{} / {} / {}", target.domain, target.role.profile, profile.unwrap_or_default())
            }
            Err(failed) => failed.message.clone(),
        }
    }

    #[test]
    fn flags_and_profiles_name_one_domain_and_its_role() {
        let default = "my-domain of account 123456789012 in us-east-1 / vouch / default";
        assert_eq!(shown("", "", "", ""), default);
        assert_eq!(shown("my-domain", "", "", ""), default);
        assert_eq!(
            shown("", "", "shared", ""),
            "shared-packages of account 111111111111 in eu-west-1 / shared / shared"
        );
        assert_eq!(
            shown("typed", "111111111111", "", ""),
            "typed of account 111111111111 in us-west-2 / shared / "
        );
        assert_eq!(
            shown("typed", "111111111111", "", "vouch"),
            "typed of account 111111111111 in us-west-2 / vouch / "
        );
        assert!(shown("typed", "", "", "").starts_with("the owner of domain `typed` is not known"));
        assert!(shown("", "", "nowhere", "").starts_with("there is no CodeArtifact profile `nowhere`"));
        assert!(shown("", "", "", "nowhere").starts_with("there is no AWS profile `nowhere`"));
        assert!(shown("typed", "222222222222", "", "").starts_with("several AWS profiles"));
    }

    #[test]
    fn a_flag_that_contradicts_the_profile_beside_it_is_named() {
        assert_eq!(
            shown("my-domain", "", "shared", ""),
            "`--domain my-domain` contradicts `shared-packages`, the domain of profile `shared`"
        );
        assert_eq!(
            shown("", "222222222222", "shared", ""),
            "`--domain-owner 222222222222` contradicts `111111111111`, the domain owner of profile `shared`"
        );
        assert_eq!(
            shown("", "111111111111", "shared", ""),
            "`--region us-west-2` contradicts `eu-west-1`, the region of profile `shared`"
        );
        assert!(shown("shared-packages", "", "shared", "").starts_with("shared-packages of"));
    }

    #[test]
    fn the_role_is_named_or_the_default_or_the_only_one() {
        let mut config = config();
        assert_eq!(role(&config, Some("shared")).unwrap().profile, "shared");
        let failed = role(&config, None).unwrap_err();
        assert!(failed.message.ends_with("vouch, shared"));
        config.aws.default = Some("vouch".into());
        assert_eq!(role(&config, None).unwrap().profile, "vouch");
        config.aws.default = None;
        config.aws.profiles.shift_remove("vouch");
        assert_eq!(role(&config, None).unwrap().profile, "shared");
        config.aws.profiles.clear();
        assert!(role(&config, None).is_err());
    }
}
