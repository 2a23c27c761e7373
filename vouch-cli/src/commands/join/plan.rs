//! What a join would do to a configuration. It adds; what is there and says something else stays, and is an error.

use vouch_core::config::Config;
use vouch_core::hint::JOIN;
use vouch_core::identity::{IssuerUrl, Subject};
use vouch_core::{ErrorKind, Failure};
use vouch_issuer::join::{DomainEntry, JoinAddress, JoinFile, Personal, ProfileName};

use crate::commands::enroll::{self, Applicant};
use crate::commands::setup::{NewAwsProfile, NewProfile, add_aws_profile, add_profile};

/// The profiles that Vouch itself names so: with `--as`, they get that name alone.
const USUAL: [&str; 2] = ["vouch", "default"];

/// What is to be, under the names that it gets here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) issuer: IssuerUrl,
    pub(super) subject: Subject,
    pub(super) aws: Vec<NewAwsProfile>,
    pub(super) profiles: Vec<(NewProfile, DomainEntry)>,
}

impl Plan {
    /// Of a file for a user.
    pub(super) fn new(
        file: &JoinFile,
        subject: &Subject,
        name: Option<&ProfileName>,
    ) -> Result<Self, Failure> {
        let Personal { issuer, aws, codeartifact } = file.for_subject(subject)?;
        let here = |of_file: &ProfileName| named(of_file, name);
        let aws = aws.into_iter();
        let aws = aws.map(|(of_file, role, region)| NewAwsProfile { name: here(&of_file), role, region });
        let profiles = codeartifact.into_iter().map(|(of_file, entry)| {
            let (name, aws_profile) = (here(&of_file), here(&entry.aws_profile));
            (NewProfile { name, domain: entry.domain(), aws_profile }, entry)
        });
        Ok(Self { issuer, subject: subject.clone(), aws: aws.collect(), profiles: profiles.collect() })
    }

    /// Who enrolls.
    pub(super) fn applicant(&self) -> Applicant {
        Applicant { issuer: self.issuer.clone(), subject: self.subject.clone(), command: "vouch join" }
    }

    /// Whether the configuration has every profile of it already.
    ///
    /// # Errors
    /// When it says something else under one of the names, or is of another user.
    pub(super) fn is_there(&self, config: &Config, address: &JoinAddress) -> Result<bool, Failure> {
        enroll::check_identity(config.identity.as_ref(), &self.applicant())?;
        let mut all = true;
        for NewAwsProfile { name, role, region } in &self.aws {
            match config.aws.profiles.get(name) {
                None => all = false,
                Some(known) if known.role_arn == *role && known.region == *region => {}
                Some(known) => {
                    let what = format!("AWS profile `{name}` is {} in {}", known.role_arn, known.region);
                    return Err(self.conflict(config, address, &what, &format!("{role} in {region}")));
                }
            }
        }
        for (NewProfile { name, domain, aws_profile }, _) in &self.profiles {
            match config.codeartifact.profiles.get(name) {
                None => all = false,
                Some(known) if known.domain() != *domain => {
                    let what = format!("profile `{name}` is {}", known.domain());
                    return Err(self.conflict(config, address, &what, &domain.to_string()));
                }
                Some(known) => match &known.aws_profile {
                    Some(link) if link != aws_profile => {
                        let what = format!("profile `{name}` is read by AWS profile `{link}`");
                        return Err(self.conflict(
                            config,
                            address,
                            &what,
                            &format!("AWS profile `{aws_profile}`"),
                        ));
                    }
                    _ => {}
                },
            }
        }
        Ok(all)
    }

    /// Adds what is not there. What serves what by now goes on to serve it, also where nobody has written that down.
    pub(super) fn add(&self, config: &mut Config, address: &JoinAddress) -> Result<(), Failure> {
        // It may have changed while the user was asked.
        if self.is_there(config, address)? {
            return Ok(());
        }
        keep_defaults(config);
        let serving = serving(config);
        for new in &self.aws {
            if !config.aws.profiles.contains_key(&new.name) {
                add_aws_profile(config, new)?;
            }
        }
        for (new, _) in &self.profiles {
            if !config.codeartifact.profiles.contains_key(&new.name) {
                add_profile(config, new)?;
            }
        }
        keep_roles(config, serving);
        Ok(())
    }

    fn conflict(&self, config: &Config, address: &JoinAddress, what: &str, wanted: &str) -> Failure {
        let name = free_name(config, self);
        Failure::new(
            ErrorKind::Configuration,
            format!("{what}, and the join file has {wanted}; nothing was changed"),
            format!(
                "A join never changes a profile. To have both, give the new ones another name: \
                 {}.",
                JOIN.fill("URL", address.to_string()).fill("NAME", self.subject.as_str()).flag("--as", name)
            ),
        )
    }
}

/// Records the defaults that go without saying while there is one profile: with more of them it would be another one, or none.
fn keep_defaults(config: &mut Config) {
    if config.codeartifact.default.is_none() {
        config.codeartifact.default = config.default_profile().ok().map(str::to_owned);
    }
    if let (None, [only]) = (&config.aws.default, config.aws.profiles.keys().collect::<Vec<_>>().as_slice()) {
        config.aws.default = Some((*only).clone());
    }
}

/// The AWS profiles that read profiles which name none.
fn serving(config: &Config) -> Vec<(String, String)> {
    let unlinked = config.codeartifact.profiles.iter().filter(|(_, profile)| profile.aws_profile.is_none());
    unlinked
        .filter_map(|(name, profile)| Some((name.clone(), config.role_for(profile, None).ok()?.profile)))
        .collect()
}

/// Names them where another one would read the profile now.
fn keep_roles(config: &mut Config, serving: Vec<(String, String)>) {
    for (name, link) in serving {
        let role =
            config.codeartifact.profiles.get(&name).and_then(|profile| config.role_for(profile, None).ok());
        if role.is_some_and(|role| role.profile == link) {
            continue;
        }
        if let Some(profile) = config.codeartifact.profiles.get_mut(&name) {
            profile.aws_profile = Some(link);
        }
    }
}

/// What a profile of the file is called here.
fn named(of_file: &ProfileName, name: Option<&ProfileName>) -> String {
    match name {
        None => of_file.to_string(),
        Some(name) if USUAL.contains(&of_file.as_str()) => name.to_string(),
        Some(name) => format!("{name}-{of_file}"),
    }
}

/// A name for `--as` under which nothing is set up.
fn free_name(config: &Config, plan: &Plan) -> String {
    let base = plan.profiles.first().map_or("team", |(new, _)| new.domain.name.as_str());
    // At most as long as a profile's name may be, with room for a number.
    let base: String = base.chars().take(24).collect();
    let names = config.aws.profiles.keys().chain(config.codeartifact.profiles.keys());
    let taken: Vec<&String> = names.collect();
    let is_free =
        |name: &String| !taken.iter().any(|known| *known == name || known.starts_with(&format!("{name}-")));
    let mut names = std::iter::once(base.clone()).chain((2u32..).map(|number| format!("{base}-{number}")));
    names.find(is_free).unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn address() -> JoinAddress {
        "https://id.example.com/vouch.json".parse().unwrap()
    }

    fn file(owner: &str, region: &str) -> JoinFile {
        let text = json!({
            "version": 1,
            "issuer": "https://id.example.com/{subject}",
            "aws": { "vouch": { "role_arn": "arn:aws:iam::123456789012:role/CodeArtifact", "region": region } },
            "codeartifact": {
                "default": { "domain": "my-domain", "domain_owner": owner, "region": region, "aws_profile": "vouch" },
                "shared": { "domain": "shared", "domain_owner": owner, "region": region, "aws_profile": "vouch" },
            },
        });
        JoinFile::parse(text.to_string().as_bytes(), &address()).unwrap()
    }

    fn plan(owner: &str, region: &str, name: Option<&str>) -> Plan {
        let name = name.map(|name| name.parse::<ProfileName>().unwrap());
        Plan::new(&file(owner, region), &"alice".parse().unwrap(), name.as_ref()).unwrap()
    }

    #[test]
    fn profiles_are_added_once_and_the_first_is_the_default() {
        let mut config = Config::default();
        let plan = plan("123456789012", "us-east-1", None);
        assert!(!plan.is_there(&config, &address()).unwrap());
        plan.add(&mut config, &address()).unwrap();
        assert!(plan.is_there(&config, &address()).unwrap());
        assert_eq!(config.aws.default.as_deref(), Some("vouch"));
        assert_eq!(config.codeartifact.default.as_deref(), Some("default"));
        let names: Vec<_> = config.codeartifact.profiles.keys().collect();
        assert_eq!(names, ["default", "shared"]);
        let before = config.clone();
        plan.add(&mut config, &address()).unwrap();
        assert_eq!(config, before);
    }

    #[test]
    fn what_is_there_is_never_changed() {
        let mut config = Config::default();
        plan("123456789012", "us-east-1", None).add(&mut config, &address()).unwrap();
        let before = config.clone();
        for (owner, region, said) in [
            (
                "999999999999",
                "us-east-1",
                "profile `default` is my-domain of account 123456789012 in us-east-1",
            ),
            (
                "123456789012",
                "eu-west-1",
                "AWS profile `vouch` is arn:aws:iam::123456789012:role/CodeArtifact in us-east-1",
            ),
        ] {
            let other = plan(owner, region, None);
            let failed = other.add(&mut config, &address()).unwrap_err();
            assert!(failed.message.starts_with(said), "{failed:?}");
            assert_eq!(config, before);
            // The hint's own name serves.
            let hint = failed.hint.unwrap();
            let name = hint.split("--as ").nth(1).unwrap().trim_end_matches("`.");
            assert_eq!(name, "my-domain");
            let mut with_both = config.clone();
            plan(owner, region, Some(name)).add(&mut with_both, &address()).unwrap();
            assert_eq!(
                with_both.codeartifact.profiles.get_index(0),
                before.codeartifact.profiles.get_index(0)
            );
            let names: Vec<_> = with_both.codeartifact.profiles.keys().skip(2).collect();
            assert_eq!(names, ["my-domain", "my-domain-shared"]);
            assert_eq!(with_both.codeartifact.default.as_deref(), Some("default"));
            // And where that is taken, too, the next one is named.
            let failed =
                plan("888888888888", region, Some(name)).add(&mut with_both, &address()).unwrap_err();
            assert!(failed.hint.unwrap().contains("--as my-domain-2"), "{}", failed.message);
        }
    }

    #[test]
    fn what_serves_without_being_named_goes_on_to_serve() {
        // One profile of each kind, and no default: those serve. The role is in another account than the domain.
        let mut config: Config = serde_json::from_value(json!({
            "version": 1,
            "aws": { "profiles": { "mine": { "role_arn": "arn:aws:iam::222222222222:role/Mine", "region": "us-east-1" } } },
            "codeartifact": { "profiles": {
                "work": { "domain": "work", "domain_owner": "123456789012", "region": "us-east-1" },
            } },
        }))
        .unwrap();
        let served = |config: &Config| {
            let name = config.default_profile().unwrap().to_owned();
            let profile = config.profile_named("work").unwrap();
            (name, config.role_for(profile, None).unwrap().profile, config.aws.default.clone())
        };
        assert_eq!(served(&config), ("work".into(), "mine".into(), None));
        // The file brings a profile `default`, and a role in the account of the domain.
        plan("123456789012", "us-east-1", None).add(&mut config, &address()).unwrap();
        assert_eq!(served(&config), ("work".into(), "mine".into(), Some("mine".into())));
    }

    #[test]
    fn a_link_to_another_role_is_not_changed() {
        let mut config = Config::default();
        let plan = plan("123456789012", "us-east-1", None);
        plan.add(&mut config, &address()).unwrap();
        config.codeartifact.profiles.get_mut("default").unwrap().aws_profile = Some("mine".into());
        let failed = plan.is_there(&config, &address()).unwrap_err();
        assert!(failed.message.contains("read by AWS profile `mine`"), "{failed:?}");
    }
}
