//! The variables that carry a token to clients that read nothing else: one for each profile, as every client sends a
//! variable wherever its file says; for Maven one for each registration, as the POM of a dependency says so, too.

use sha2::{Digest as _, Sha256};
use vouch_core::config::{Config, Registration};
use vouch_core::endpoint::Domain;
use vouch_core::hint::EXEC;

use crate::client::SetupRequest;
use crate::node::npm::Mode;
use crate::options::Options;
use crate::tool::Tool;

/// The one of the profile `default`, and of whatever is named to `vouch env` and `vouch exec`.
pub const DEFAULT: &str = "CODEARTIFACT_AUTH_TOKEN";

/// Where a registration keeps the variable that its lines name.
const KEY: &str = "variable";

/// The variable of a profile. No two profiles have the same one, not even where letters of a variable have no case.
pub fn of_profile(profile: &str) -> String {
    if profile == "default" {
        return DEFAULT.into();
    }
    let letters = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let name: String = profile.chars().map(letters).collect();
    let is_plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if profile.split('-').all(is_plain) {
        return format!("{DEFAULT}_{name}");
    }
    // No plain name has two `_` in a row.
    let digest = Sha256::digest(profile);
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02X}")).collect();
    format!("{DEFAULT}_{name}__{digest}")
}

/// The variable that the lines of a registration name, if they name one of its own or of its profile.
pub fn of(registration: &Registration) -> Option<String> {
    if Tool::named(&registration.tool) == Some(Tool::Maven) {
        return Options::maven_names(registration).map(|names| names.variable().to_owned());
    }
    if Mode::of(registration) != Some(Mode::Env) {
        return None;
    }
    let recorded = registration.other.get(KEY).and_then(serde_json::Value::as_str);
    // Before each profile had its own, all had one.
    Some(recorded.filter(|name| name.starts_with(DEFAULT)).unwrap_or(DEFAULT).to_owned())
}

/// Lets the lines of a registration name the variable of its profile.
pub fn record(registration: &mut Registration) {
    match Mode::of(registration) {
        Some(Mode::Env) => {
            let name = of_profile(&registration.profile);
            registration.other.insert(KEY.into(), name.into());
        }
        _ => drop(registration.other.remove(KEY)),
    }
}

/// What reads a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whatever is told its name.
    Codeartifact,
    /// Maven alone, by a name that its POMs cannot know.
    Maven,
}

impl Kind {
    /// As `vouch exec --type` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Codeartifact => "codeartifact",
            Self::Maven => "maven",
        }
    }
}

/// A variable that lines written by setup name, and whose token they send with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Whose lines they are.
    pub kind: Kind,
    pub variable: String,
    pub profile: String,
    pub domain: Domain,
}

/// All of them, each once.
pub fn named(config: &Config) -> Vec<Named> {
    let mut all = Vec::new();
    for registration in &config.codeartifact.registrations {
        let Some(variable) = of(registration) else { continue };
        let Ok(profile) = config.profile_named(&registration.profile) else { continue };
        let name = registration.profile.clone();
        let kind = match Tool::named(&registration.tool) {
            Some(Tool::Maven) => Kind::Maven,
            _ => Kind::Codeartifact,
        };
        let named = Named { kind, variable, profile: name, domain: profile.domain() };
        if !all.contains(&named) {
            all.push(named);
        }
    }
    all
}

/// The command that runs another with the token of a profile.
pub(crate) fn exec(wanted: &SetupRequest<'_>, kind: Kind, command: &str) -> String {
    let kind = kind.name();
    let profile = &wanted.registration.profile;
    let is_default = match &wanted.config.codeartifact.default {
        Some(default) => default == profile,
        None => profile == "default",
    };
    let named = if is_default { None } else { Some(profile) };
    EXEC.flag("--type", kind).optional("--ca-profile", named).words(&format!("-- {command}")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jvm::names::MavenNames;

    #[test]
    fn each_profile_has_a_variable_of_its_own() {
        assert_eq!(of_profile("default"), "CODEARTIFACT_AUTH_TOKEN");
        assert_eq!(of_profile("team-2"), "CODEARTIFACT_AUTH_TOKEN_TEAM_2");
        let digest = of_profile("a_b").rsplit('_').next().unwrap().to_lowercase();
        let names = ["default", "Default", "a-b", "a_b", "A-B", "a.b", "a--b", "-a", "a-", "a", "\u{e4}"];
        let mut all: Vec<String> = names.map(of_profile).to_vec();
        // Named to look like the variable of another one.
        all.push(of_profile(&format!("a-b--{digest}")));
        all.push(of_profile(&format!("a-b-{digest}")));
        for variable in &all {
            assert!(
                variable
                    .bytes()
                    .all(|byte| byte == b'_' || byte.is_ascii_uppercase() || byte.is_ascii_digit())
            );
        }
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn variables_are_those_of_lines_that_name_one() {
        let names = MavenNames::generate().unwrap();
        let registration = |tool: &str, profile: &str, more: &str| {
            format!(
                r#"{{"tool": "{tool}", "repository": "my-repo", "profile": "{profile}", "endpoint": "https://h/npm/r/"{more}}}"#
            )
        };
        let all = [
            registration("npm", "default", r#", "mode": "env""#),
            registration("npm", "team", r#", "mode": "env", "variable": "CODEARTIFACT_AUTH_TOKEN_TEAM""#),
            registration("bun", "team", r#", "mode": "env", "variable": "CODEARTIFACT_AUTH_TOKEN_TEAM""#),
            registration("npm", "old", r#", "mode": "env""#),
            registration("npm", "static", ""),
            registration("pip", "pip", ""),
            registration(
                "maven",
                "team",
                &format!(r#", "options": {{"maven": {}}}"#, serde_json::to_string(&names).unwrap()),
            ),
            // Of an earlier Vouch: it reads what is set for everything.
            registration("maven", "default", ""),
        ];
        let profile = r#"{"domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1"}"#;
        let profiles =
            ["default", "team", "old", "static", "pip"].map(|name| format!(r#""{name}": {profile}"#));
        let config: Config = serde_json::from_str(&format!(
            r#"{{"version": 1, "codeartifact": {{"profiles": {{{}}}, "registrations": [{}]}}}}"#,
            profiles.join(","),
            all.join(",")
        ))
        .unwrap();
        let found = named(&config);
        let found: Vec<_> =
            found.iter().map(|one| (one.kind, one.profile.as_str(), one.variable.as_str())).collect();
        let any = Kind::Codeartifact;
        assert_eq!(
            found,
            [
                (any, "default", DEFAULT),
                (any, "team", "CODEARTIFACT_AUTH_TOKEN_TEAM"),
                (any, "old", DEFAULT),
                (Kind::Maven, "team", names.variable())
            ]
        );
    }
}
