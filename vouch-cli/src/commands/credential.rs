//! `vouch credential`: a credential on stdout, for whatever has no helper of its own.

use clap::Subcommand;
use serde_json::json;
use vouch_core::Class;
use vouch_core::broker::{Broker, Lifetime};
use vouch_core::config::{Config, Profile};
use vouch_core::profile::Target;

use crate::domain::{Completed, DomainFlags};
use crate::report::Failed;
use crate::terminal;

/// What to print.
#[derive(Debug, Subcommand)]
pub(crate) enum Credential {
    /// Print a CodeArtifact authorization token
    Codeartifact(Codeartifact),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Codeartifact {
    #[command(flatten)]
    domain: DomainFlags,
    /// Print the token and its expiry as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(credential: Credential) -> Result<(), Failed> {
    let Credential::Codeartifact(args) = credential;
    let broker = Broker::from_env()?;
    let target = target(broker.config(), &args.domain)?;
    let token = broker.token(&target, Lifetime::Session)?;
    let value = token.value.expose().trim();
    let answer = if args.json {
        let domain = &target.domain;
        let answer = json!({
            "version": 1,
            "token": value,
            "expiration": terminal::utc_time(token.expires_at),
            "domain": domain.name,
            "domain_owner": domain.owner,
            "region": domain.region,
        });
        format!("{answer}\n")
    } else {
        format!("{value}\n")
    };
    terminal::answer(&answer)
        .map_err(|error| Failed::new(Class::Other, "cannot write the answer", "").because(&error))
}

/// The domain and role that flags and profiles name. What is typed needs no registration.
fn target(config: &Config, flags: &DomainFlags) -> Result<Target, Failed> {
    let stored = match flags.profile_name() {
        Some(name) => Some(config.profile_named(&name)?),
        // A domain that was typed in full needs no profile at all.
        None if flags.domain.is_some() => {
            config.default_profile().ok().and_then(|name| config.profile_named(name).ok())
        }
        None => Some(config.profile_named(config.default_profile()?)?),
    };
    let Completed { domain, aws_profile, .. } = flags.complete(stored)?;
    let profile = Profile {
        domain: domain.name.clone(),
        domain_owner: domain.owner.clone(),
        region: domain.region.clone(),
        aws_profile,
        other: serde_json::Map::new(),
    };
    let role = config.role_for(&profile, flags.aws_profile.as_deref())?;
    Ok(Target { domain, role, token_prefix: String::new() })
}

#[cfg(test)]
mod tests {
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
        match target(&config(), &flags) {
            Ok(target) => format!("{} / {}", target.domain, target.role.profile),
            Err(failed) => failed.failure().message.clone(),
        }
    }

    #[test]
    fn flags_and_profiles_name_one_domain_and_its_role() {
        let default = "my-domain of account 123456789012 in us-east-1 / vouch";
        assert_eq!(shown("", "", "", ""), default);
        assert_eq!(shown("my-domain", "", "", ""), default);
        assert_eq!(
            shown("", "", "shared", ""),
            "shared-packages of account 111111111111 in eu-west-1 / shared"
        );
        assert_eq!(
            shown("typed", "111111111111", "", ""),
            "typed of account 111111111111 in us-west-2 / shared"
        );
        assert_eq!(
            shown("typed", "111111111111", "", "vouch"),
            "typed of account 111111111111 in us-west-2 / vouch"
        );
        assert!(shown("typed", "", "", "").starts_with("the owner of domain `typed` is not known"));
        assert!(shown("", "", "nowhere", "").starts_with("there is no CodeArtifact profile `nowhere`"));
        assert!(shown("", "", "", "nowhere").starts_with("there is no AWS profile `nowhere`"));
        assert!(shown("typed", "222222222222", "", "").starts_with("several AWS profiles"));
    }
}
