//! The JSON description of a world: accounts, providers, roles, domains, foreign registries.

use std::collections::HashSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::metadata::Metadata;
use super::partition::Partition;
use crate::services::arn::RoleArn;

/// Everything that exists in a world. [`Config::default`] is the world of the product's documentation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Host names that serve the site folder.
    #[serde(default = "defaults::issuer_hosts")]
    pub issuer_hosts: Vec<String>,
    /// Regions whose STS and CodeArtifact host names exist, besides those of the domains.
    #[serde(default = "defaults::regions")]
    pub regions: Vec<String>,
    /// Opt-in regions that were not opted into: STS answers RegionDisabledException there.
    #[serde(default)]
    pub disabled_regions: Vec<String>,
    /// The AWS accounts.
    pub accounts: Vec<Account>,
    /// Cargo registries that have nothing to do with CodeArtifact.
    #[serde(default)]
    pub cargo_registries: Vec<ForeignRegistry>,
    /// The endpoints at which this machine has role credentials, if it is one of AWS's.
    #[serde(default)]
    pub metadata: Metadata,
}

/// An AWS account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// `aws`, `aws-cn`, `aws-us-gov` or `aws-eusc`.
    #[serde(default = "defaults::partition")]
    pub partition: String,
    /// OpenID Connect providers set up in this account's IAM.
    #[serde(default)]
    pub providers: Vec<Provider>,
    /// IAM roles.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// CodeArtifact domains.
    #[serde(default)]
    pub domains: Vec<Domain>,
}

/// An IAM OpenID Connect provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The issuer URL, compared byte by byte.
    pub issuer: String,
    /// The audiences that it accepts.
    pub client_ids: Vec<String>,
}

/// An IAM role.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Name, with its path if it has one.
    pub name: String,
    /// Seconds, 3600 to 43200.
    #[serde(default = "defaults::max_session_duration")]
    pub max_session_duration: u32,
    /// Statements of the trust policy; one that matches is enough.
    #[serde(default)]
    pub trust: Vec<Trust>,
    /// What the role's identity policies allow.
    #[serde(default)]
    pub permissions: Vec<Permission>,
}

/// One statement of a trust policy that allows `sts:AssumeRoleWithWebIdentity`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// Whom it trusts.
    pub principal: Principal,
    /// `StringEquals` on the provider's `aud`; empty means no condition.
    #[serde(default)]
    pub aud: Vec<String>,
    /// `StringEquals` on the provider's `sub`; empty means no condition.
    #[serde(default)]
    pub sub: Vec<String>,
    /// `StringLike` on the provider's `sub`; empty means no condition.
    #[serde(default)]
    pub sub_like: Vec<String>,
    /// Whether it also allows `sts:TagSession`.
    #[serde(default)]
    pub tag_session: bool,
    /// Whether it also allows `sts:SetSourceIdentity`.
    #[serde(default)]
    pub set_source_identity: bool,
}

/// The principal of a trust statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Principal {
    /// An OpenID Connect provider of the same account, by issuer URL.
    Federated(String),
    /// An AWS principal, such as `*`: it never authorizes a web identity.
    Aws(String),
}

/// One allowed action.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// Such as `codeartifact:GetAuthorizationToken`.
    pub action: String,
    /// Full ARNs, or `*`.
    #[serde(default = "defaults::resources")]
    pub resources: Vec<String>,
    /// `StringEquals` on `sts:AWSServiceName`, for `sts:GetServiceBearerToken`.
    #[serde(default)]
    pub service: Option<String>,
    /// `NumericLessThanEquals` on `sts:DurationSeconds`, for `sts:GetServiceBearerToken`.
    #[serde(default)]
    pub max_duration: Option<u32>,
}

/// A CodeArtifact domain.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// 2 to 50 lower-case letters, digits and hyphens.
    pub name: String,
    /// The region it lives in.
    pub region: String,
    /// Its repositories; each serves every package format.
    pub repositories: Vec<String>,
    /// Seconds that its tokens live at most, whatever was asked for: shorter than AWS makes them, to see one expire.
    #[serde(default)]
    pub token_life: Option<u32>,
    /// Roles of other accounts that the domain's and its repositories' policies allow, by role ARN.
    #[serde(default)]
    pub allow: Vec<String>,
}

/// A sparse Cargo registry of somebody else, at `https://HOST/`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignRegistry {
    /// Its host name.
    pub host: String,
    /// The `Authorization` value it wants; none means that everybody may read.
    #[serde(default)]
    pub token: Option<String>,
    /// What it offers.
    #[serde(default)]
    pub crates: Vec<ForeignCrate>,
}

/// A crate of a foreign registry, made up at start: an empty library.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignCrate {
    /// The crate's name.
    pub name: String,
    /// Its one version.
    pub version: String,
}

impl Config {
    /// Reads a world from a JSON file.
    ///
    /// # Errors
    /// Says in one line what is wrong: the file cannot be read, is not this JSON, or contradicts itself.
    pub fn load(path: &Path) -> Result<Config, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        Config::parse(&text).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// Reads a world from JSON text.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str) -> Result<Config, String> {
        let config: Config = serde_json::from_str(text).map_err(|e| e.to_string())?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        for region in self.regions.iter().chain(&self.disabled_regions) {
            Partition::of_region(region).ok_or_else(|| format!("region {region} is in no partition"))?;
        }
        let mut ids = HashSet::new();
        for account in &self.accounts {
            account.check().map_err(|e| format!("account {}: {e}", account.id))?;
            if !ids.insert(&account.id) {
                return Err(format!("account {} is there twice", account.id));
            }
        }
        let metadata = &self.metadata;
        for role in metadata.instance.iter().chain(metadata.containers.values()).chain(metadata.pods.values())
        {
            RoleArn::parse(role).ok_or_else(|| format!("metadata: {role} is no role"))?;
        }
        for registry in &self.cargo_registries {
            for package in &registry.crates {
                semver::Version::parse(&package.version)
                    .map_err(|e| format!("crate {} {}: {e}", package.name, package.version))?;
            }
        }
        Ok(())
    }
}

impl Account {
    fn check(&self) -> Result<(), String> {
        if !is_account_id(&self.id) {
            return Err("an account id has twelve digits".into());
        }
        let partition = Partition::named(&self.partition)
            .ok_or_else(|| format!("partition {} is not known", self.partition))?;
        for provider in &self.providers {
            let rest = provider.issuer.strip_prefix("https://").unwrap_or_default();
            let host = rest.split('/').next().unwrap_or_default();
            if host.is_empty() || host.contains(':') || rest.contains('?') || provider.issuer.len() > 255 {
                return Err(format!("IAM takes no provider {}", provider.issuer));
            }
        }
        for role in &self.roles {
            if !(3600..=43200).contains(&role.max_session_duration) {
                return Err(format!("role {}: max_session_duration is 3600 to 43200", role.name));
            }
        }
        for trust in self.roles.iter().flat_map(|role| &role.trust) {
            trust.check()?;
        }
        let mut names = HashSet::new();
        for domain in &self.domains {
            let fits = Partition::of_region(&domain.region) == Some(partition);
            if !fits || !is_domain_name(&domain.name) {
                return Err(format!("domain {} in {} cannot exist", domain.name, domain.region));
            }
            if let Some(bad) = domain.repositories.iter().find(|r| !is_repository_name(r)) {
                return Err(format!("repository {bad} cannot exist"));
            }
            if !names.insert((&domain.name, &domain.region)) {
                return Err(format!("domain {} is there twice", domain.name));
            }
        }
        Ok(())
    }
}

impl Trust {
    /// IAM's own rule for an issuer that everybody shares: a trust in GitHub's names an owner.
    fn check(&self) -> Result<(), String> {
        const GITHUB: &str = "https://token.actions.githubusercontent.com";
        if self.principal != Principal::Federated(GITHUB.into()) {
            return Ok(());
        }
        let names_owner = |subject: &String| {
            let owner =
                subject.strip_prefix("repo:").and_then(|rest| rest.split_once('/')).map(|(owner, _)| owner);
            owner.is_some_and(|owner| !owner.is_empty() && !owner.contains(['*', '?']))
        };
        let mut subjects = self.sub.iter().chain(&self.sub_like).peekable();
        if subjects.peek().is_some() && subjects.all(names_owner) {
            return Ok(());
        }
        Err("MalformedPolicyDocument: a trust in GitHub's issuer needs a condition on its sub that names an owner".into())
    }
}

impl Permission {
    /// `action` on every resource, without conditions.
    pub fn on_everything(action: &str) -> Permission {
        Permission {
            action: action.into(),
            resources: defaults::resources(),
            service: None,
            max_duration: None,
        }
    }
}

/// Whether `text` is an AWS account id.
pub(crate) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether `text` may name a domain: the service model's `[a-z][a-z0-9\-]{0,48}[a-z0-9]`.
pub(crate) fn is_domain_name(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (2..=50).contains(&text.len())
        && text.bytes().all(inner)
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
}

/// Whether `text` may name a repository: the service model's `[A-Za-z0-9][A-Za-z0-9._\-]{1,99}`.
pub(crate) fn is_repository_name(text: &str) -> bool {
    (2..=100).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

pub(super) mod defaults {
    pub(in super::super) fn issuer_hosts() -> Vec<String> {
        vec!["id.example.com".into()]
    }

    /// The regions where CodeArtifact exists, and one or two of each other partition.
    pub(in super::super) fn regions() -> Vec<String> {
        [
            "us-east-1",
            "us-east-2",
            "us-west-2",
            "ap-south-1",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-northeast-1",
            "eu-central-1",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "eu-north-1",
            "eu-south-1",
            "cn-north-1",
            "cn-northwest-1",
            "us-gov-west-1",
            "us-gov-east-1",
            "eusc-de-east-1",
        ]
        .map(String::from)
        .to_vec()
    }

    pub(super) fn partition() -> String {
        "aws".into()
    }

    pub(super) fn max_session_duration() -> u32 {
        3600
    }

    pub(super) fn resources() -> Vec<String> {
        vec!["*".into()]
    }
}
