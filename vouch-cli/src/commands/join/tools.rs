//! The package managers of this machine, for the repositories of a join file.

use vouch_clients::installed;
use vouch_clients::tool::Tool;
use vouch_core::config::Config;
use vouch_core::hint::{SETUP_TOOL, VOUCH_JOIN};
use vouch_core::partition::RepositoryName;
use vouch_core::{Context, ErrorKind, Failure};
use vouch_issuer::join::DomainEntry;

use super::plan::Plan;
use crate::commands::setup::{NewProfile, set_up_tool};
use crate::{prompt, terminal};

/// A package manager that can be set up for a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) tool: Tool,
    pub(super) repository: RepositoryName,
    pub(super) profile: String,
}

/// How the user wants to be asked.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct ToolsFlags {
    /// Set up the package managers that are found, without asking
    #[arg(long, conflicts_with = "no_tools")]
    tools: bool,
    /// Set up no package manager, without asking
    #[arg(long)]
    no_tools: bool,
}

impl ToolsFlags {
    /// What can be set up here and is not yet.
    pub(super) fn offers(self, plan: &Plan, config: &Config) -> Vec<Offer> {
        if self.no_tools { Vec::new() } else { offers(plan, config, installed::is_installed) }
    }

    /// Sets them up if the user wants it.
    pub(super) fn set_up(self, context: &Context, offers: &[Offer]) -> Result<(), Failure> {
        let (manual, offers): (Vec<_>, Vec<_>) = offers.iter().partition(|offer| offer.tool.is_manual());
        if !offers.is_empty() {
            let mut names: Vec<_> = offers.iter().map(|offer| offer.tool.name()).collect();
            names.dedup();
            if self.tools || prompt::agrees(&format!("Set up {} now, as shown above?", names.join(", ")))? {
                set_up_all(context, &offers)?;
            } else {
                offers.iter().for_each(|offer| terminal::next(&command(offer)));
            }
        }
        manual.iter().for_each(|offer| terminal::next(&format!("{} shows the lines to add", command(offer))));
        Ok(())
    }
}

/// Each package manager gets the repositories of its format. Where one takes all packages from one place, that is the first.
fn offers(plan: &Plan, config: &Config, is_installed: impl Fn(Tool) -> bool) -> Vec<Offer> {
    let mut offers = Vec::<Offer>::new();
    for tool in Tool::ALL.iter().copied() {
        let of_format =
            |(_, entry): &&(NewProfile, DomainEntry)| !entry.repositories.of(tool.format()).is_empty();
        // Nobody is looked for in vain.
        let profiles: Vec<_> = plan.profiles.iter().filter(of_format).collect();
        if profiles.is_empty() || !is_installed(tool) {
            continue;
        }
        let repositories = profiles.iter().flat_map(|(profile, entry)| {
            entry.repositories.of(tool.format()).iter().map(|repository| Offer {
                tool,
                repository: repository.clone(),
                profile: profile.name.clone(),
            })
        });
        let most = if tool.takes_all_packages() { 1 } else { usize::MAX };
        offers.extend(repositories.take(most));
    }
    let is_there = |offer: &Offer| {
        config.codeartifact.registrations.iter().any(|known| {
            known.tool == offer.tool.name()
                && known.repository == offer.repository
                && known.profile == offer.profile
        })
    };
    offers.retain(|offer| !is_there(offer));
    offers
}

/// All of them: one that cannot be set up does not hold up the others.
fn set_up_all(context: &Context, offers: &[&Offer]) -> Result<(), Failure> {
    let mut failed = Vec::new();
    for Offer { tool, repository, profile } in offers.iter().copied() {
        match set_up_tool(context, *tool, repository, profile) {
            Ok(()) => {}
            Err(failure) if failure.kind == ErrorKind::Interrupted => return Err(failure),
            // It stays set up, and its token comes with the login.
            Err(failure) if failure.kind == ErrorKind::NoSession => {}
            Err(failure) => {
                terminal::report(&failure);
                failed.push((tool.name(), failure.kind));
            }
        }
    }
    let Some((_, kind)) = failed.first() else { return Ok(()) };
    let names: Vec<_> = failed.iter().map(|(name, _)| *name).collect();
    let failure = Failure::configuration(
        format!("you joined, but not every package manager could be set up: {}", names.join(", ")),
        format!(
            "Each error above says what to do; then run the same {VOUCH_JOIN} again: it goes on with these."
        ),
    );
    Err(Failure { kind: *kind, ..failure })
}

fn command(Offer { tool, repository, profile }: &Offer) -> String {
    let command = SETUP_TOOL.fill("TOOL", tool.name()).fill("REPOSITORY", repository.as_str());
    command.flag("--profile", profile).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vouch_issuer::join::JoinFile;

    use super::*;

    #[test]
    fn one_place_for_all_packages_and_any_number_of_named_ones() {
        let text = json!({
            "version": 1,
            "issuer": "https://id.example.com/{subject}",
            "aws": { "vouch": { "role_arn": "arn:aws:iam::123456789012:role/CodeArtifact", "region": "us-east-1" } },
            "codeartifact": {
                "default": { "domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1",
                    "aws_profile": "vouch", "repositories": { "cargo": ["my-repo", "tools"], "pypi": ["one", "two"] } },
                "shared": { "domain": "shared", "domain_owner": "123456789012", "region": "us-east-1",
                    "aws_profile": "vouch", "repositories": { "cargo": ["more"], "pypi": ["three"], "npm": ["web"] } },
            },
        });
        let address = "https://id.example.com/vouch.json".parse().unwrap();
        let file = JoinFile::parse(text.to_string().as_bytes(), &address).unwrap();
        let plan = Plan::new(&file, &"alice".parse().unwrap(), None).unwrap();
        let tools = [Tool::Cargo, Tool::Npm, Tool::Pip, Tool::Twine, Tool::Maven];
        let found = |config: &Config| -> Vec<String> {
            let offers = offers(&plan, config, |tool| tools.contains(&tool));
            offers
                .iter()
                .map(|offer| format!("{} {} {}", offer.tool.name(), offer.repository, offer.profile))
                .collect()
        };
        let all = [
            "cargo my-repo default",
            "cargo tools default",
            "cargo more shared",
            "npm web shared",
            "pip one default",
            "twine one default",
            "twine two default",
            "twine three shared",
        ];
        assert_eq!(found(&Config::default()), all);
        let registration =
            json!({ "tool": "pip", "repository": "one", "profile": "default", "endpoint": "https://x/" });
        let config: Config = serde_json::from_value(
            json!({ "version": 1, "codeartifact": { "registrations": [registration] } }),
        )
        .unwrap();
        assert_eq!(found(&config).len(), all.len() - 1);
    }
}
