use serde_json::json;

use super::*;

/// Two domains, each with a role in its account; `default` is in use by cargo's `my-repo`.
fn config() -> Config {
    serde_json::from_value(json!({
        "version": 1,
        "aws": { "default": "vouch", "profiles": {
            "vouch": { "role_arn": "arn:aws:iam::123456789012:role/CodeArtifact", "region": "us-east-1" },
            "artifacts": { "role_arn": "arn:aws:iam::111111111111:role/CodeArtifactReader", "region": "us-east-1" }
        } },
        "codeartifact": {
            "default": "default",
            "profiles": {
                "default": { "domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1", "aws_profile": "vouch" },
                "shared": { "domain": "shared-packages", "domain_owner": "111111111111", "region": "us-east-1" },
                "idle": { "domain": "idle-domain", "domain_owner": "123456789012", "region": "us-east-1" }
            },
            "registrations": [
                { "tool": "cargo", "repository": "my-repo", "profile": "default", "endpoint": "https://x/", "name": "my-repo" }
            ]
        }
    }))
    .unwrap()
}

/// `--domain --domain-owner --region --profile`, as words; `-` stands for a flag that is left out.
fn flags(words: &str) -> DomainFlags {
    let words: Vec<_> = words.split(' ').map(|word| Some(word).filter(|word| *word != "-")).collect();
    DomainFlags {
        domain: words[0].map(|word| word.parse().unwrap()),
        domain_owner: words[1].map(|word| word.parse().unwrap()),
        region: words[2].map(|word| word.parse().unwrap()),
        profile: words[3].map(str::to_owned),
        aws_profile: words.get(4).copied().flatten().map(str::to_owned),
    }
}

fn chosen_in(config: &Config, words: &str, repository: &str) -> Result<Chosen, Failure> {
    let repository = repository.parse().unwrap();
    let standing = Standing::default();
    choose(
        config,
        &flags(words),
        Use { tool: "cargo", repository: &repository, corrects: None, standing: &standing },
    )
}

fn shown(words: &str, repository: &str) -> String {
    match chosen_in(&config(), words, repository) {
        Ok(Chosen { name, profile, change, .. }) => {
            let change = match change {
                Change::Kept => "kept",
                Change::Made => "made",
                Change::MadeBeside { .. } => "beside",
                Change::Changed { .. } => "changed",
                Change::Relinked => "relinked",
            };
            format!("{change} {name}: {} as {}", profile.domain, profile.aws_profile.unwrap_or_default())
        }
        Err(failed) => format!("{}: {}", failed.kind.exit_code(), failed.message),
    }
}

#[test]
fn what_flags_do_to_profiles() {
    for (words, repository, expected) in [
        // Later calls may leave everything out.
        ("- - - -", "other", "kept default: my-domain as vouch"),
        ("- - - shared", "other", "relinked shared: shared-packages as artifacts"),
        ("my-domain - - -", "other", "kept default: my-domain as vouch"),
        ("my-domain 123456789012 us-east-1 -", "my-repo", "kept default: my-domain as vouch"),
        ("my-domain - - default", "my-repo", "kept default: my-domain as vouch"),
        // A domain that a profile stands for needs no `--profile`.
        ("shared-packages - - -", "other", "relinked shared: shared-packages as artifacts"),
        ("shared-packages 111111111111 - -", "other", "relinked shared: shared-packages as artifacts"),
        // Another domain takes nothing away from the default profile.
        ("team-packages 222222222222 - -", "team-cargo", "beside team-packages: team-packages as "),
        ("team-packages 222222222222 - -", "my-repo", "beside team-packages: team-packages as "),
        ("- - us-west-2 -", "other", "beside my-domain: my-domain as vouch"),
        // Named profiles are made and used.
        ("team-packages 222222222222 - team", "team-cargo", "made team: team-packages as "),
        ("team-packages 222222222222 - team vouch", "team-cargo", "made team: team-packages as vouch"),
        // Typed together with its name, a profile is corrected, if nothing else depends on it.
        ("right 123456789012 - default", "my-repo", "changed default: right as vouch"),
        ("- - us-west-2 default", "my-repo", "changed default: my-domain as vouch"),
        ("right 123456789012 - idle", "other", "changed idle: right as vouch"),
        // A link alone can be changed.
        ("- - - default artifacts", "my-repo", "relinked default: my-domain as artifacts"),
    ] {
        assert_eq!(shown(words, repository), expected, "{words} {repository}");
    }
}

/// What flags do for cargo's `my-repo`, or for another repository in its place, where AWS gave this verdict of a profile.
fn corrected(config: &Config, words: &str, repository: &str, standing: &Standing) -> Result<String, Failure> {
    let repository = repository.parse().unwrap();
    let known = config.codeartifact.registrations.first();
    let corrects = known.filter(|known| standing.gives_way(&known.profile));
    let usage = Use { tool: "cargo", repository: &repository, corrects, standing };
    let Chosen { name, profile, change, .. } = choose(config, &flags(words), usage)?;
    Ok(format!("{name}: {} ({change:?})", profile.domain))
}

#[test]
fn what_aws_refused_is_corrected_in_place_and_nothing_else_is() {
    let right = "right 123456789012 us-east-1 -";
    let named = "right 123456789012 us-east-1 default";
    let mut config = config();
    let is = |config: &Config, words: &str, repository: &str, verdict, moves, expected: &str| {
        let standing = Standing::with("default", verdict, moves);
        let is = corrected(config, words, repository, &standing).unwrap_or_else(|failed| failed.message);
        assert!(is.starts_with(expected), "{words} {repository} {verdict:?} {moves}: {is}");
    };
    for repository in ["my-repo", "other"] {
        is(&config, right, repository, Verdict::Refused, false, "default: right (Changed");
        is(&config, right, repository, Verdict::Unasked, false, "right: right (MadeBeside");
        is(&config, right, repository, Verdict::Answered, false, "right: right (MadeBeside");
        is(&config, right, repository, Verdict::Answered, true, "default: right (Changed");
        is(&config, right, repository, Verdict::Unasked, true, "default: right (Changed");
    }
    // The profile's name is no reason to change what works.
    is(&config, named, "my-repo", Verdict::Unasked, false, "default: right (Changed");
    is(&config, named, "my-repo", Verdict::Answered, false, "profile `default` stands for my-domain");
    is(&config, named, "my-repo", Verdict::Answered, true, "default: right (Changed");
    // Without a domain the default profile serves as ever.
    is(&config, "- - - -", "other", Verdict::Refused, false, "default: my-domain (Kept");
    // A domain that has a profile needs no other one.
    is(&config, "idle-domain - - -", "my-repo", Verdict::Refused, false, "idle: idle-domain");
    // Others live on it, too.
    let mut other = config.codeartifact.registrations[0].clone();
    other.tool = "pip".into();
    config.codeartifact.registrations.push(other);
    for (verdict, moves) in [(Verdict::Refused, false), (Verdict::Answered, true)] {
        is(&config, right, "my-repo", verdict, moves, "right: right (MadeBeside");
        is(&config, named, "my-repo", verdict, moves, "profile `default` stands for my-domain");
    }
}

#[test]
fn what_is_refused_names_the_way_out() {
    for (words, repository, message, hint) in [
        (
            "right 123456789012 - default",
            "other",
            "7: profile `default` stands for my-domain",
            "--profile right",
        ),
        (
            "team-packages - - -",
            "other",
            "7: the owner of domain `team-packages` is not known",
            "--domain-owner",
        ),
        ("team-packages - - default", "other", "7: the owner of domain `team-packages`", "--domain-owner"),
        ("team-packages - - team", "other", "7: the owner is not known", "--domain-owner"),
        (
            "- - - nowhere",
            "other",
            "7: there is no CodeArtifact profile `nowhere`",
            "vouch setup codeartifact",
        ),
        // A new profile, one that is there, and one that other registrations share.
        (
            "new 222222222222 us-east-1 new vuoch",
            "other",
            "7: there is no AWS profile `vuoch`; there is vouch, artifacts",
            "vouch setup aws --role ARN --profile vuoch",
        ),
        ("- - - default vuoch", "my-repo", "7: there is no AWS profile `vuoch`", "vouch setup aws"),
        ("- - - - vuoch", "my-repo", "7: there is no AWS profile `vuoch`", "vouch setup aws"),
        (
            "idle 123456789012 cn-north-1 x",
            "other",
            "7: the role of AWS profile `vouch` is in partition aws",
            "region",
        ),
    ] {
        assert!(shown(words, repository).starts_with(message), "{words}: {}", shown(words, repository));
        let failed = chosen_in(&config(), words, repository).unwrap_err();
        assert!(failed.hint.as_ref().unwrap().contains(hint), "{words}: {failed:?}");
    }
}

#[test]
fn the_first_setup_makes_the_default_profile_before_there_is_a_role() {
    let empty = Config::default();
    let chosen = chosen_in(&empty, "my-domain 123456789012 us-east-1 -", "my-repo").unwrap();
    assert_eq!((chosen.name.as_str(), &chosen.change), ("default", &Change::Made));
    assert_eq!(chosen.role, RoleState::Missing { aws_profile: None });
    let chosen = chosen_in(&empty, "my-domain 123456789012 us-east-1 - later", "my-repo").unwrap();
    assert_eq!(chosen.role, RoleState::Missing { aws_profile: Some("later".into()) });
    let failed = chosen_in(&empty, "- - - -", "my-repo").unwrap_err();
    assert_eq!(failed.message, "no CodeArtifact profile was set up");
}

#[test]
fn a_role_that_serves_for_want_of_a_better_one_is_not_written_down() {
    let chosen = chosen_in(&config(), "team-packages 222222222222 - -", "team-cargo").unwrap();
    assert_eq!(chosen.profile.aws_profile, None);
    assert_eq!(chosen.role, RoleState::Served { aws_profile: "vouch".into(), own_account: false });
}

#[test]
fn several_roles_and_no_default_are_for_the_person_to_choose() {
    let mut config = config();
    config.aws.default = None;
    let failed = chosen_in(&config, "team-packages 222222222222 - -", "team-cargo").unwrap_err();
    assert!(failed.message.starts_with("several AWS profiles"));
    assert!(chosen_in(&config, "team-packages 222222222222 - - vouch", "team-cargo").is_ok());
}
