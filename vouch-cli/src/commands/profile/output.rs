//! Profiles as they are shown.

use serde_json::{Value, json};
use vouch_core::Failure;
use vouch_core::config::{AwsProfile, Config, Profile, Registration};

/// One profile with what uses it.
pub(super) struct Shown<'a> {
    name: &'a str,
    is_default: bool,
    kind: ShownKind<'a>,
}

enum ShownKind<'a> {
    CodeArtifact {
        profile: &'a Profile,
        /// The role that reads the domain, or why none does.
        role: Result<String, String>,
        users: Vec<&'a Registration>,
    },
    Aws {
        profile: &'a AwsProfile,
        /// The CodeArtifact profiles whose domains its role reads.
        served: Vec<String>,
    },
}

impl<'a> Shown<'a> {
    /// A CodeArtifact profile, or an AWS profile.
    pub(super) fn of(config: &'a Config, name: &'a str, aws: bool) -> Result<Self, Failure> {
        if aws {
            let profile = config.aws_profile_named(name)?;
            let is_default = config.aws.default.as_deref() == Some(name);
            return Ok(Self {
                name,
                is_default,
                kind: ShownKind::Aws { profile, served: served(config, name) },
            });
        }
        let profile = config.profile_named(name)?;
        let is_default = config.default_profile().is_ok_and(|default| default == name);
        let role = role(config, profile);
        let users = users(config, name).collect();
        Ok(Self { name, is_default, kind: ShownKind::CodeArtifact { profile, role, users } })
    }

    pub(super) fn json(&self) -> Value {
        let (name, is_default) = (self.name, self.is_default);
        match &self.kind {
            ShownKind::CodeArtifact { profile, role, users } => json!({
                "version": 1,
                "name": name,
                "default": is_default,
                "domain": profile.domain,
                "domain_owner": profile.domain_owner,
                "region": profile.region,
                "role": role.as_ref().ok(),
                "registrations": users.iter().map(|user| registration(user)).collect::<Vec<_>>(),
            }),
            ShownKind::Aws { profile, served } => json!({
                "version": 1,
                "name": name,
                "default": is_default,
                "role_arn": profile.role_arn,
                "region": profile.region,
                "profiles": served,
            }),
        }
    }

    pub(super) fn text(&self) -> String {
        let mark = if self.is_default { " (default)" } else { "" };
        let mut lines = Vec::new();
        let mut row = |label: &str, text: String| lines.push(format!("{label:<10}{text}"));
        match &self.kind {
            ShownKind::CodeArtifact { profile, role, users } => {
                row("profile", format!("{}{mark}", self.name));
                row("domain", profile.domain().to_string());
                row("role", role.clone().unwrap_or_else(|error| format!("none: {error}")));
                for user in users {
                    row("registry", format!("{} {}", user.tool, user.endpoint));
                }
            }
            ShownKind::Aws { profile, served } => {
                row("profile", format!("{}{mark}, for AWS", self.name));
                row("role", format!("{} ({})", profile.role_arn, profile.region));
                for name in served {
                    row("reads", format!("the domain of {name}"));
                }
            }
        }
        lines.join("\n") + "\n"
    }
}

/// The registrations of a CodeArtifact profile.
pub(super) fn users<'a>(config: &'a Config, name: &str) -> impl Iterator<Item = &'a Registration> {
    config.codeartifact.registrations.iter().filter(move |known| known.profile == name)
}

/// The CodeArtifact profiles whose domains are read with the role of an AWS profile.
pub(super) fn served(config: &Config, aws_profile: &str) -> Vec<String> {
    let is_served = |profile: &Profile| {
        let linked = profile.aws_profile.as_deref() == Some(aws_profile);
        linked || config.role_for(profile, None).is_ok_and(|role| role.profile == aws_profile)
    };
    let profiles = config.codeartifact.profiles.iter().filter(|(_, profile)| is_served(profile));
    profiles.map(|(name, _)| name.clone()).collect()
}

fn role(config: &Config, profile: &Profile) -> Result<String, String> {
    match config.role_for(profile, None) {
        Ok(role) => Ok(format!("{} of AWS profile `{}`", role.arn, role.profile)),
        Err(error) => Err(error.to_string()),
    }
}

/// A registration as scripts get it.
pub(crate) fn registration(registration: &Registration) -> Value {
    json!({
        "tool": registration.tool,
        "repository": registration.repository,
        "profile": registration.profile,
        "endpoint": registration.endpoint,
        "name": registration.name,
        "file": registration.file,
    })
}

pub(crate) fn aws_profiles(config: &Config) -> Vec<Value> {
    let shown = |(name, profile): (&String, &AwsProfile)| json!({ "name": name, "role_arn": profile.role_arn, "region": profile.region });
    config.aws.profiles.iter().map(shown).collect()
}

pub(crate) fn profiles(config: &Config) -> Vec<Value> {
    let shown = |(name, profile): (&String, &Profile)| {
        json!({
            "name": name,
            "domain": profile.domain,
            "domain_owner": profile.domain_owner,
            "region": profile.region,
            "aws_profile": profile.aws_profile,
        })
    };
    config.codeartifact.profiles.iter().map(shown).collect()
}

pub(crate) fn profiles_json(config: &Config) -> Value {
    json!({
        "version": 1,
        "default_aws_profile": config.aws.default,
        "aws_profiles": aws_profiles(config),
        "default_profile": config.default_profile().ok(),
        "profiles": profiles(config),
    })
}

/// Each profile with what it stands for and the role that reads it.
pub(crate) fn profiles_text(config: &Config) -> String {
    let mut lines = Vec::new();
    let default = config.default_profile().ok();
    for (name, profile) in &config.codeartifact.profiles {
        let mark = if default == Some(name) { " (default)" } else { "" };
        let role = match role(config, profile) {
            Ok(role) => format!("role {role}"),
            Err(error) => format!("no role: {error}"),
        };
        lines.push(format!("{name}{mark}: {}, {role}", profile.domain()));
    }
    if lines.is_empty() {
        lines.push("no CodeArtifact profile was set up".into());
    }
    for (name, profile) in &config.aws.profiles {
        let mark = if config.aws.default.as_ref() == Some(name) { " (default)" } else { "" };
        lines.push(format!("AWS profile {name}{mark}: {} ({})", profile.role_arn, profile.region));
    }
    lines.join("\n") + "\n"
}
