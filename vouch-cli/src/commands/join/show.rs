//! What a join would allow, in a few lines, and what is other than at the last one.

use vouch_clients::tool::Tool;
use vouch_issuer::join::{JoinAddress, JoinFile};

use super::plan::Plan;
use super::tools::Offer;
use crate::commands::setup::{NewAwsProfile, NewProfile};
use crate::region_table::{Service, oddity};
use crate::terminal;

/// Shows all of it.
pub(super) fn overview(address: &JoinAddress, file: &JoinFile, plan: &Plan, offers: &[Offer]) {
    terminal::say(&format!("{} would set up, for {}:", address.url(), plan.subject));
    row("issuer", plan.issuer.as_str());
    for NewAwsProfile { name, role, region } in &plan.aws {
        row("AWS profile", &format!("`{name}`: {role} in {region}"));
    }
    for (NewProfile { name, domain, aws_profile }, entry) in &plan.profiles {
        row("profile", &format!("`{name}`: {domain}, read by AWS profile `{aws_profile}`"));
        for (format, names) in entry.repositories.iter() {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            row("", &format!("{} from {}", format.as_str(), names.join(", ")));
        }
    }
    for offer in offers {
        row(offer.tool.name(), &effect(offer));
    }
    if let Some(url) = file.questions() {
        row("questions", url.as_str());
    }
    // The question below is about them, too.
    let of_roles = plan.aws.iter().filter_map(|new| oddity(&new.region, Service::Sts));
    let of_domains =
        plan.profiles.iter().filter_map(|(new, _)| oddity(&new.domain.region, Service::CodeArtifact));
    of_roles.chain(of_domains).for_each(|odd| terminal::warn(&odd.to_string()));
    terminal::say(&format!(
        "Whoever can write to {} chooses whose packages your builds then take.",
        address.host()
    ));
}

fn row(label: &str, text: &str) {
    terminal::say(&format!("  {label:<13}{text}"));
}

/// What a package manager will do that it did not do before.
fn effect(Offer { tool, repository, .. }: &Offer) -> String {
    match tool {
        tool if tool.takes_all_packages() => {
            let what = if tool.is_nodes() { "registry" } else { "index" };
            format!("takes all packages from `{repository}`: it becomes the default {what}")
        }
        Tool::Cargo => format!("knows `{repository}` as a registry; crates.io stays the default"),
        Tool::Twine => format!("publishes to `{repository}` where it is named"),
        Tool::Poetry | Tool::Gradle => format!("has credentials for `{repository}` where a project names it"),
        Tool::Maven => format!("takes repositories with the id `{repository}` from there"),
        _ => format!("needs lines for `{repository}` that you add yourself"),
    }
}

/// What has changed since the last join, as lines that begin with `+`, `-` or `~`; none where nothing has.
pub(super) fn changes(before: &JoinFile, after: &JoinFile) -> Vec<String> {
    let (before, after) = (facts(before), facts(after));
    let mut lines = Vec::new();
    for (label, value) in &after {
        match before.iter().find(|(known, _)| known == label) {
            None => lines.push(format!("+ {label}: {value}")),
            Some((_, was)) if was != value => lines.push(format!("~ {label}: {value} (was {was})")),
            Some(_) => {}
        }
    }
    let gone = before.iter().filter(|(label, _)| !after.iter().any(|(known, _)| known == label));
    lines.extend(gone.map(|(label, value)| format!("- {label}: {value} (what is set up for it here stays)")));
    lines
}

/// Everything that a file says, each under a name of its own.
fn facts(file: &JoinFile) -> Vec<(String, String)> {
    let mut facts = vec![("issuer".to_owned(), file.issuer().to_string())];
    for (name, entry) in file.aws().iter() {
        facts.push((format!("AWS profile `{name}`"), format!("{} in {}", entry.role_arn, entry.region)));
    }
    for (name, entry) in file.codeartifact().iter() {
        let value = format!("{}, read by AWS profile `{}`", entry.domain(), entry.aws_profile);
        facts.push((format!("profile `{name}`"), value));
        for (format, names) in entry.repositories.iter() {
            let names: Vec<_> = names.iter().map(|name| name.as_str()).collect();
            facts.push((format!("{} repositories of `{name}`", format.as_str()), names.join(", ")));
        }
    }
    facts.extend(file.questions().map(|url| ("questions".to_owned(), url.to_string())));
    facts
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn file(change: impl FnOnce(&mut Value)) -> JoinFile {
        let mut text = json!({
            "version": 1,
            "issuer": "https://id.example.com/{subject}",
            "aws": { "vouch": { "role_arn": "arn:aws:iam::123456789012:role/CodeArtifact", "region": "us-east-1" } },
            "codeartifact": { "default": {
                "domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1", "aws_profile": "vouch",
                "repositories": { "cargo": ["my-repo"] },
            } },
        });
        change(&mut text);
        let address = "https://id.example.com/vouch.json".parse().unwrap();
        JoinFile::parse(text.to_string().as_bytes(), &address).unwrap()
    }

    #[test]
    fn every_change_is_told() {
        let before = file(|_| {});
        assert!(changes(&before, &before).is_empty());
        let after = file(|text| {
            text["issuer"] = json!("https://id.example.com/u/{subject}");
            text["questions"] = json!("https://wiki.example.com/vouch");
            text["aws"]["vouch"]["region"] = json!("eu-west-1");
            text["codeartifact"]["default"]["domain_owner"] = json!("999999999999");
            text["codeartifact"]["default"]["repositories"] = json!({ "pypi": ["my-pypi-repo"] });
        });
        assert_eq!(
            changes(&before, &after),
            [
                "~ issuer: https://id.example.com/u/{subject} (was https://id.example.com/{subject})",
                "~ AWS profile `vouch`: arn:aws:iam::123456789012:role/CodeArtifact in eu-west-1 \
                 (was arn:aws:iam::123456789012:role/CodeArtifact in us-east-1)",
                "~ profile `default`: my-domain of account 999999999999 in us-east-1, read by AWS profile `vouch` \
                 (was my-domain of account 123456789012 in us-east-1, read by AWS profile `vouch`)",
                "+ pypi repositories of `default`: my-pypi-repo",
                "+ questions: https://wiki.example.com/vouch",
                "- cargo repositories of `default`: my-repo (what is set up for it here stays)",
            ]
        );
    }
}
