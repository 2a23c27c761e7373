//! What an undo makes of registrations and of the profiles that a setup changed for them.

use vouch_core::config::{Config, Registration};
use vouch_core::endpoint::Domain;

use crate::inspect;
use crate::journal::{FormerProfile, Registered};

/// Puts the registration back that was there before, with its profile; whether that takes one away.
pub(super) fn unregister(config: &mut Config, registered: &Registered) -> bool {
    let Registered { before, after, profile, .. } = registered;
    let is_lost = is_lost(config, registered);
    let registrations = &mut config.codeartifact.registrations;
    let Some(place) = registrations.iter().position(|known| known.is_same_entry(after)) else { return false };
    let Some(before) = before.as_ref().filter(|_| !is_lost) else {
        registrations.remove(place);
        return true;
    };
    if let Some(known) = registrations.get_mut(place) {
        known.clone_from(before);
    }
    if let Some(former) = profile {
        restore(config, former, &after.profile);
    }
    before.endpoint != after.endpoint
}

/// Why the registration of before does not come back, and how to have it all the same.
pub(super) fn unrestored(config: &Config, registered: &Registered) -> Option<String> {
    let (before, former) = (registered.before.as_ref()?, registered.profile.as_ref()?);
    if !is_lost(config, registered) {
        return None;
    }
    let now = config.codeartifact.profiles.get(&former.name)?.domain();
    let Domain { name, owner, region } = former.profile.domain();
    let profile = format!("--profile {}", former.name);
    let domain = format!("--domain {name} --domain-owner {owner} --region {region}");
    Some(format!(
        "{} does not receive tokens: profile `{}` is {now} by now, for others, too. {}",
        before.endpoint,
        former.name,
        inspect::setup(before).replacen(&profile, &domain, 1)
    ))
}

/// What is so of a registration's URL once the registration is gone.
pub fn without_registration(gone: &Registration, config: &Config) -> String {
    Left::of(gone, config).told(gone)
}

/// What is left of a registration's URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// The same tool has it under another name, such as for another scope.
    SetUp,
    /// Another registration of the domain allows it.
    Allowed,
    Nothing,
}

impl Left {
    pub(super) fn of(gone: &Registration, config: &Config) -> Self {
        let mut registrations = config.codeartifact.registrations.iter();
        if registrations.any(|known| (&known.tool, &known.endpoint) == (&gone.tool, &gone.endpoint)) {
            return Self::SetUp;
        }
        if config.allows(&gone.endpoint) { Self::Allowed } else { Self::Nothing }
    }

    /// As a user is told.
    pub(super) fn told(self, Registration { tool, endpoint, .. }: &Registration) -> String {
        match self {
            Self::SetUp => {
                format!("{endpoint} is still set up for {tool}: only one of its registrations is gone")
            }
            Self::Allowed => format!(
                "{endpoint} is no longer set up for {tool}; by another registration it may receive tokens"
            ),
            Self::Nothing => format!("{endpoint} no longer receives tokens"),
        }
    }

    /// The same of what has not happened yet.
    pub(super) fn foretold(self, Registration { tool, endpoint, .. }: &Registration) -> String {
        match self {
            Self::SetUp => format!("{endpoint} would still be set up for {tool}"),
            Self::Allowed => format!("{endpoint} would no longer be set up for {tool}"),
            Self::Nothing => format!("{endpoint} would no longer receive tokens"),
        }
    }
}

/// Whether the profile of before has another domain by now, of which others live.
fn is_lost(config: &Config, Registered { after, profile, .. }: &Registered) -> bool {
    let Some(former) = profile else { return false };
    let now = config.codeartifact.profiles.get(&former.name);
    let is_other = now.is_some_and(|now| now.domain() != former.profile.domain());
    let mut registrations = config.codeartifact.registrations.iter();
    is_other && registrations.any(|known| known.profile == former.name && !known.is_same_entry(after))
}

/// Puts a profile back; `present` is the one that the setup chose.
fn restore(config: &mut Config, FormerProfile { name, profile, is_default }: &FormerProfile, present: &str) {
    let codeartifact = &mut config.codeartifact;
    // One of the same domain may have got another role since.
    let is_there = codeartifact.profiles.get(name).is_some_and(|now| now.domain() == profile.domain());
    if !is_there {
        codeartifact.profiles.insert(name.clone(), profile.clone());
    }
    if *is_default && codeartifact.default.as_deref().is_none_or(|default| default == present) {
        codeartifact.default = Some(name.clone());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn registration(tool: &str, profile: &str, domain: &str) -> Registration {
        serde_json::from_value(json!({
            "tool": tool, "repository": "my-repo", "profile": profile, "endpoint": url(domain)
        }))
        .unwrap()
    }

    fn url(domain: &str) -> String {
        format!("https://{domain}-123456789012.d.codeartifact.us-east-1.amazonaws.com/npm/my-repo/")
    }

    fn config(default: &str, profiles: &[(&str, &str)], registrations: &[Registration]) -> Config {
        let profile =
            |domain| json!({ "domain": domain, "domain_owner": "123456789012", "region": "us-east-1" });
        let profiles: serde_json::Map<_, _> =
            profiles.iter().map(|(name, domain)| ((*name).to_owned(), profile(domain))).collect();
        serde_json::from_value(json!({
            "version": 1,
            "codeartifact": { "default": default, "profiles": profiles, "registrations": registrations }
        }))
        .unwrap()
    }

    /// A correction of `wrong` in the profile `default`, which comes to serve `right` by `profile`.
    fn corrected(profile: &str) -> Registered {
        let before = config("default", &[("default", "wrong")], &[]);
        let former = FormerProfile {
            name: "default".into(),
            profile: before.codeartifact.profiles["default"].clone(),
            is_default: true,
        };
        Registered {
            before: Some(registration("npm", "default", "wrong")),
            after: registration("npm", profile, "right"),
            profile: Some(former),
            other: serde_json::Map::new(),
        }
    }

    #[test]
    fn a_profile_that_was_changed_or_taken_away_comes_back() {
        for (now, profile) in [(vec![("default", "right")], "default"), (vec![("right", "right")], "right")] {
            let registered = corrected(profile);
            let mut config = config(profile, &now, std::slice::from_ref(&registered.after));
            assert_eq!(unrestored(&config, &registered), None);
            assert!(unregister(&mut config, &registered));
            let codeartifact = &config.codeartifact;
            assert_eq!(codeartifact.default.as_deref(), Some("default"));
            assert_eq!(codeartifact.profiles["default"].domain.as_str(), "wrong");
            assert!(config.allows(&url("wrong")) && !config.allows(&url("right")));
            assert!(!unregister(&mut config, &registered), "it was done already");
        }
    }

    #[test]
    fn what_is_left_of_a_url_is_told() {
        let gone = registration("npm", "default", "right");
        let scoped = Registration { name: Some("@a".into()), ..gone.clone() };
        let other = registration("bun", "default", "right");
        for (left, told) in [
            (vec![scoped, other.clone()], "is still set up for npm"),
            (vec![other], "is no longer set up for npm; by another registration"),
            (vec![registration("bun", "other", "wrong")], "no longer receives tokens"),
            (vec![], "no longer receives tokens"),
        ] {
            let config = config("default", &[("default", "right"), ("other", "wrong")], &left);
            let said = without_registration(&gone, &config);
            assert!(said.contains(told), "{said}");
        }
    }

    #[test]
    fn a_profile_that_others_live_on_stays_and_the_way_back_is_told() {
        let registered = corrected("default");
        let others = [registered.after.clone(), registration("bun", "default", "right")];
        let mut config = config("default", &[("default", "right")], &others);
        let told = unrestored(&config, &registered).unwrap();
        assert!(told.contains("--domain wrong --domain-owner 123456789012 --region us-east-1"), "{told}");
        assert!(unregister(&mut config, &registered));
        assert_eq!(config.codeartifact.registrations, others[1..]);
        assert!(!config.allows(&url("wrong")) && config.allows(&url("right")));
    }
}
