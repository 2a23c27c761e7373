//! The world of the product's documentation, so that its commands run literally.

use super::config::{
    Account, Config, Domain, ForeignCrate, ForeignRegistry, Permission, Principal, Provider, Role, Trust,
    defaults,
};
use super::metadata::Metadata;

const AUDIENCE: &str = "sts.amazonaws.com";
const READ: [&str; 3] = [
    "codeartifact:GetAuthorizationToken",
    "codeartifact:GetRepositoryEndpoint",
    "codeartifact:ReadFromRepository",
];
const PUBLISH: [&str; 2] = ["codeartifact:PublishPackageVersion", "codeartifact:PutPackageMetadata"];

impl Default for Config {
    fn default() -> Config {
        Config {
            issuer_hosts: defaults::issuer_hosts(),
            regions: defaults::regions(),
            disabled_regions: vec!["eu-south-1".into()],
            accounts: vec![
                account(
                    "123456789012",
                    "aws",
                    &["alice", "bob"],
                    role("CodeArtifact", true),
                    domain(
                        "my-domain",
                        "us-east-1",
                        &["my-repo", "my-pypi-repo", "my-npm-repo", "my-maven-repo"],
                    ),
                ),
                account(
                    "111111111111",
                    "aws",
                    &["alice"],
                    role("CodeArtifactReader", false),
                    domain("shared-packages", "us-east-1", &["cargo-store", "npm-store"]),
                ),
                account(
                    "222222222222",
                    "aws",
                    &["alice", "bob"],
                    capped(role("Team", true), 28_800),
                    domain("team-packages", "us-east-1", &["team-cargo"]),
                ),
                account(
                    "333333333333",
                    "aws-cn",
                    &["alice", "bob"],
                    role("CodeArtifact", true),
                    domain("china-packages", "cn-north-1", &["my-repo"]),
                ),
                account(
                    "444444444444",
                    "aws-us-gov",
                    &["alice", "bob"],
                    role("CodeArtifact", true),
                    domain("gov-packages", "us-gov-west-1", &["my-repo"]),
                ),
            ],
            metadata: Metadata::default(),
            cargo_registries: vec![
                foreign("crates.example.net", None, "public-greeting"),
                foreign("private.example.net", Some("private-registry-secret"), "private-greeting"),
            ],
        }
    }
}

fn account(id: &str, partition: &str, people: &[&str], mut role: Role, domain: Domain) -> Account {
    role.trust = people.iter().map(|person| trust(person)).collect();
    Account {
        id: id.into(),
        partition: partition.into(),
        providers: people
            .iter()
            .map(|person| Provider { issuer: issuer(person), client_ids: vec![AUDIENCE.into()] })
            .collect(),
        roles: vec![role],
        domains: vec![domain],
    }
}

fn issuer(person: &str) -> String {
    format!("https://id.example.com/{person}")
}

fn trust(person: &str) -> Trust {
    Trust {
        principal: Principal::Federated(issuer(person)),
        aud: vec![AUDIENCE.into()],
        sub: vec![person.into()],
        sub_like: Vec::new(),
        tag_session: false,
        set_source_identity: false,
    }
}

fn role(name: &str, publishes: bool) -> Role {
    let mut permissions: Vec<_> = READ.iter().map(|action| Permission::on_everything(action)).collect();
    permissions.push(Permission {
        service: Some("codeartifact.amazonaws.com".into()),
        ..Permission::on_everything("sts:GetServiceBearerToken")
    });
    if publishes {
        permissions.extend(PUBLISH.map(Permission::on_everything));
    }
    Role { name: name.into(), max_session_duration: 3600, trust: Vec::new(), permissions }
}

/// The same role with a limit on how long its tokens may live.
fn capped(mut role: Role, seconds: u32) -> Role {
    for permission in role.permissions.iter_mut().filter(|p| p.action == "sts:GetServiceBearerToken") {
        permission.max_duration = Some(seconds);
    }
    role
}

fn domain(name: &str, region: &str, repositories: &[&str]) -> Domain {
    Domain {
        name: name.into(),
        region: region.into(),
        repositories: repositories.iter().map(|r| (*r).to_string()).collect(),
        token_life: None,
        allow: Vec::new(),
    }
}

fn foreign(host: &str, token: Option<&str>, name: &str) -> ForeignRegistry {
    ForeignRegistry {
        host: host.into(),
        token: token.map(String::from),
        crates: vec![ForeignCrate { name: name.into(), version: "1.0.0".into() }],
    }
}
