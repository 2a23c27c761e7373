//! Who is trusted by which role, and what the roles may do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use sha2::{Digest, Sha256};
use vouch_core::identity::{IssuerUrl, Subject};
use vouch_core::partition::{AccountId, DomainName};
use vouch_core::session::REMOTE_AUDIENCE;

use super::document::{Node, Piece};
use super::error::IamError;
use super::limits::{
    AUDIENCE_SIZE, BUCKET_POLICY_SIZE, MANAGED_POLICY_SIZE, MAX_REMOTE_TOKEN_DURATION, MAX_TOKEN_DURATION,
    PROVIDERS_PER_ACCOUNT, ROLE_NAME_SIZE, ROLES_PER_ACCOUNT, TRUST_POLICY_SIZE, TRUST_POLICY_SIZE_RAISED,
};
use super::request::{BucketName, Roles, TemplateOptions, role_name};
use crate::documents;
use crate::enrollment::VerifiedEnrollment;

const VERSION: &str = "2012-10-17";

/// Of whom the policy of the roles for other machines is.
pub(super) const REMOTE_DESCRIPTION: &str = "What users may do on other machines";

/// Everything that a template holds.
#[derive(Debug)]
pub(super) struct Plan {
    /// By issuer.
    pub(super) providers: Vec<Provider>,
    pub(super) roles: Vec<Role>,
    pub(super) permissions: Node,
    /// What the roles for other machines may do, where there are any.
    pub(super) remote_permissions: Option<Node>,
    pub(super) bucket: Option<(BucketName, Node)>,
    /// Of whom the template is.
    pub(super) description: &'static str,
    /// Of whom the policy is.
    pub(super) policy_description: &'static str,
}

/// An OpenID Connect provider of the account.
#[derive(Debug)]
pub(super) struct Provider {
    /// Letters and digits: the name in a template.
    pub(super) id: String,
    pub(super) issuer: IssuerUrl,
    pub(super) client_ids: Vec<String>,
}

/// A user, with an issuer of their own.
#[derive(Debug, Clone)]
pub(super) struct TrustedUser {
    /// Letters and digits: the name in a template.
    pub(super) id: String,
    pub(super) issuer: IssuerUrl,
    pub(super) subject: Subject,
    pub(super) audience: String,
    /// All that the provider lists.
    pub(super) client_ids: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Role {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) trust: Node,
    /// Whether it is for sessions on other machines.
    pub(super) is_remote: bool,
}

impl Plan {
    pub(super) fn new(
        enrollments: &[VerifiedEnrollment],
        wanted: &TemplateOptions,
    ) -> Result<Self, IamError> {
        let mut users = users(enrollments)?;
        let mut roles = roles(&users, &wanted.roles)?;
        let allowed = |token_seconds, publish| {
            permissions(wanted.owner.as_ref(), &wanted.domains, token_seconds, publish)
        };
        let permissions = allowed(MAX_TOKEN_DURATION, wanted.publish)?;
        let mut remote_permissions = None;
        if wanted.remote {
            remote_permissions = Some(allowed(MAX_REMOTE_TOKEN_DURATION, false)?);
            roles.extend(remote_roles(&mut users, &wanted.roles)?);
            refuse_same_names(&roles)?;
        }
        let bucket = wanted.bucket.clone().map(|bucket| {
            let policy = readable(&bucket, &users, &wanted.public_files);
            (bucket, policy)
        });
        if let Some(size) = bucket.as_ref().map(|(_, policy)| policy.size())
            && size > BUCKET_POLICY_SIZE
        {
            return Err(IamError::BucketPolicySize { size });
        }
        let providers = users.into_iter().map(TrustedUser::provider).collect();
        let description = "Issuers of users who sign with a YubiKey, and their roles for CodeArtifact";
        let policy_description = "What users may do who come through their own issuers";
        Ok(Self {
            providers,
            roles,
            permissions,
            remote_permissions,
            bucket,
            description,
            policy_description,
        })
    }

    /// One role, for the jobs of a project; `may` says in which domains, and whether they may publish.
    pub(super) fn of_job(
        providers: Vec<Provider>,
        name: String,
        statement: Node,
        (owner, domains, publish): (Option<&AccountId>, &[DomainName], bool),
    ) -> Result<Self, IamError> {
        Ok(Self {
            providers,
            roles: vec![role("Ci", name, vec![statement])?],
            permissions: permissions(owner, domains, MAX_TOKEN_DURATION, publish)?,
            remote_permissions: None,
            bucket: None,
            description: "A role for CodeArtifact that the jobs of one project assume",
            policy_description: "What the jobs of one project may do",
        })
    }

    /// Quotas of the account that this needs, and those that it may exceed.
    pub(super) fn notices(&self) -> Vec<String> {
        let (providers, roles) = (self.providers.len(), self.roles.len());
        let mut notices = vec![format!(
            "providers: {providers} of the {PROVIDERS_PER_ACCOUNT} that an account has room for; roles: {roles} of \
             {ROLES_PER_ACCOUNT}"
        )];
        if providers > PROVIDERS_PER_ACCOUNT {
            notices.push(format!(
                "{providers} providers are more than the {PROVIDERS_PER_ACCOUNT} of an account: have the quota \
                 \"OpenId connect providers per account\" raised first, or divide the users between accounts"
            ));
        }
        if roles > ROLES_PER_ACCOUNT {
            notices.push(format!(
                "{roles} roles are more than the {ROLES_PER_ACCOUNT} of an account: have the quota raised first"
            ));
        }
        notices.extend(self.trust_notices());
        notices
    }

    /// Trust policies that need a raised quota.
    pub(super) fn trust_notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        for role in &self.roles {
            let size = role.trust.size();
            if size > TRUST_POLICY_SIZE {
                notices.push(format!(
                    "the trust policy of role {} needs up to {size} characters, more than the {TRUST_POLICY_SIZE} of \
                     an account: have the quota \"Role trust policy length\" raised first (at most \
                     {TRUST_POLICY_SIZE_RAISED})",
                    role.name
                ));
            }
        }
        notices
    }
}

impl TrustedUser {
    fn provider(self) -> Provider {
        Provider { id: self.id, issuer: self.issuer, client_ids: self.client_ids }
    }
}

fn users(enrollments: &[VerifiedEnrollment]) -> Result<Vec<TrustedUser>, IamError> {
    let mut users = Vec::new();
    for (issuer, keys) in documents::by_issuer(enrollments)? {
        let mut statements = keys.values();
        let Some(first) = statements.next() else { continue };
        if let Some(other) = statements.find(|other| other.audience != first.audience) {
            return Err(IamError::TwoAudiences {
                issuer: issuer.clone(),
                one: first.audience.clone(),
                other: other.audience.clone(),
            });
        }
        let (subject, audience) = (first.subject.clone(), first.audience.clone());
        if !(1..=AUDIENCE_SIZE).contains(&audience.len()) {
            return Err(IamError::AudienceSize { issuer: issuer.clone(), length: audience.len() });
        }
        for text in [subject.as_str(), &audience] {
            if text.contains("${") || text.contains(['*', '?']) || !text.is_ascii() {
                return Err(IamError::Pattern(text.to_owned()));
            }
        }
        let id = id(issuer, &subject);
        // The name in a template of either format.
        if users.iter().any(|user: &TrustedUser| user.id == id) {
            return Err(IamError::SameName(id));
        }
        let client_ids = vec![audience.clone()];
        users.push(TrustedUser { id, issuer: issuer.clone(), subject, audience, client_ids });
    }
    Ok(users)
}

/// The subject's letters and digits, and enough of a hash that no two are alike.
fn id(issuer: &IssuerUrl, subject: &Subject) -> String {
    let words = subject.as_str().split(|c: char| !c.is_ascii_alphanumeric());
    let mut name: String = words
        .flat_map(|word| word.chars().take(1).map(|c| c.to_ascii_uppercase()).chain(word.chars().skip(1)))
        .collect();
    name.truncate(40);
    let digest = Sha256::digest(issuer.as_str());
    digest.iter().take(16).fold(name, |name, byte| name + &format!("{byte:02x}"))
}

fn roles(users: &[TrustedUser], wanted: &Roles) -> Result<Vec<Role>, IamError> {
    match wanted {
        Roles::Each { prefix } => one_each(users, prefix),
        Roles::Shared { name } => {
            Ok(vec![role("Shared", name.clone(), users.iter().map(trusted).collect())?])
        }
    }
}

/// A second role of each user, which trusts only what was signed for another machine; the providers list its audience.
fn remote_roles(users: &mut [TrustedUser], wanted: &Roles) -> Result<Vec<Role>, IamError> {
    let there: Vec<_> = users
        .iter()
        .map(|user| TrustedUser { audience: REMOTE_AUDIENCE.to_owned(), ..user.clone() })
        .collect();
    for user in users {
        // A daily role that trusted this audience would be open to every machine with such a session.
        if user.audience == REMOTE_AUDIENCE {
            return Err(IamError::RemoteAudience { issuer: user.issuer.clone() });
        }
        user.client_ids.push(REMOTE_AUDIENCE.to_owned());
    }
    let wanted = match wanted {
        Roles::Each { prefix } => Roles::Each { prefix: format!("{prefix}remote-") },
        Roles::Shared { name } => Roles::Shared { name: format!("{name}-remote") },
    };
    let roles = roles(&there, &wanted)?.into_iter();
    Ok(roles.map(|role| Role { id: format!("{}Remote", role.id), is_remote: true, ..role }).collect())
}

/// A user may be called as another one's role for other machines is.
fn refuse_same_names(roles: &[Role]) -> Result<(), IamError> {
    let mut names = BTreeSet::new();
    match roles.iter().find(|role| !names.insert(role.name.to_ascii_lowercase())) {
        Some(role) => Err(IamError::SameName(role.name.clone())),
        None => Ok(()),
    }
}

fn one_each(users: &[TrustedUser], prefix: &str) -> Result<Vec<Role>, IamError> {
    let mut taken = BTreeMap::new();
    let mut roles = Vec::new();
    for user in users {
        let name = role_name(prefix, &user.subject);
        // IAM tells roles apart without regard to case.
        if let Some(other) = taken.insert(name.to_ascii_lowercase(), &user.subject) {
            return Err(IamError::SameRole { name, one: other.clone(), other: user.subject.clone() });
        }
        roles.push(role(&user.id, name, vec![trusted(user)])?);
    }
    Ok(roles)
}

fn role(id: &str, name: String, statements: Vec<Node>) -> Result<Role, IamError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if name.is_empty() || !name.chars().all(allowed) {
        return Err(IamError::RoleName(name));
    }
    if name.len() > ROLE_NAME_SIZE {
        return Err(IamError::RoleNameSize { name });
    }
    let trust = Node::map([("Version", Node::text(VERSION)), ("Statement", Node::list(statements))]);
    let size = trust.size();
    if size > TRUST_POLICY_SIZE_RAISED {
        return Err(IamError::TrustSize { role: name, size });
    }
    Ok(Role { id: id.to_owned(), name, trust, is_remote: false })
}

fn trusted(user: &TrustedUser) -> Node {
    let host_and_path = user.issuer.host_and_path();
    let condition = Node::Map(vec![
        (format!("{host_and_path}:aud"), Node::text(&user.audience)),
        (format!("{host_and_path}:sub"), Node::text(user.subject.as_str())),
    ]);
    let provider = Node::Provider { id: user.id.clone(), host_and_path: host_and_path.to_owned() };
    Node::map([
        ("Effect", Node::text("Allow")),
        ("Principal", Node::map([("Federated", provider)])),
        ("Action", Node::text("sts:AssumeRoleWithWebIdentity")),
        ("Condition", Node::map([("StringEquals", condition)])),
    ])
}

/// What a role may do. Tokens are for one domain; reading and publishing are allowed on its repositories and packages.
fn permissions(
    owner: Option<&AccountId>,
    domains: &[DomainName],
    token_seconds: u32,
    publish: bool,
) -> Result<Node, IamError> {
    let owner = owner.map_or(Piece::Account, |owner| Piece::Text(owner.as_str()));
    let every = ["*"];
    let mut domains: Vec<&str> = domains.iter().map(DomainName::as_str).collect();
    domains.sort_unstable();
    domains.dedup();
    let domains = if domains.is_empty() { &every[..] } else { &domains };
    let arns = |kind: &str, below: &str| {
        Node::list(domains.iter().map(|domain| {
            let resource = format!(":{kind}/{domain}{below}");
            Node::name(&[
                Piece::Text("arn:"),
                Piece::Partition,
                Piece::Text(":codeartifact:*:"),
                owner,
                Piece::Text(&resource),
            ])
        }))
    };
    let statement = |sid: &str, actions: Node, resources: Node| {
        vec![
            ("Sid".to_owned(), Node::text(sid)),
            ("Effect".to_owned(), Node::text("Allow")),
            ("Action".to_owned(), actions),
            ("Resource".to_owned(), resources),
        ]
    };
    let token = statement("Token", Node::texts(["codeartifact:GetAuthorizationToken"]), arns("domain", ""));
    let mut bearer = statement("BearerToken", Node::texts(["sts:GetServiceBearerToken"]), Node::texts(["*"]));
    let limits = Node::map([
        ("StringEquals", Node::map([("sts:AWSServiceName", Node::text("codeartifact.amazonaws.com"))])),
        (
            "NumericLessThanEquals",
            Node::map([("sts:DurationSeconds", Node::text(token_seconds.to_string()))]),
        ),
    ]);
    bearer.push(("Condition".to_owned(), limits));
    let read = statement(
        "Read",
        Node::texts(["codeartifact:GetRepositoryEndpoint", "codeartifact:ReadFromRepository"]),
        arns("repository", "/*"),
    );
    let mut statements = vec![token, bearer, read];
    if publish {
        let publish = ["codeartifact:PublishPackageVersion", "codeartifact:PutPackageMetadata"];
        statements.push(statement("Publish", Node::texts(publish), arns("package", "/*")));
    }
    let policy = Node::map([
        ("Version", Node::text(VERSION)),
        ("Statement", Node::list(statements.into_iter().map(Node::Map))),
    ]);
    match policy.size() {
        size if size > MANAGED_POLICY_SIZE => Err(IamError::PolicySize { size }),
        _ => Ok(policy),
    }
}

/// Everyone may read the documents of these issuers, and nothing else in the bucket.
fn readable(bucket: &BucketName, users: &[TrustedUser], others: &[&str]) -> Node {
    let others = others.iter().map(PathBuf::from);
    let paths = users.iter().flat_map(|user| documents::paths(&user.issuer)).chain(others);
    let objects = paths.map(|path| {
        let object = format!(":s3:::{}/{}", bucket.as_str(), path.display());
        Node::name(&[Piece::Text("arn:"), Piece::Partition, Piece::Text(&object)])
    });
    Node::map([
        ("Version", Node::text(VERSION)),
        (
            "Statement",
            Node::list([Node::map([
                ("Sid", Node::text("IssuerDocuments")),
                ("Effect", Node::text("Allow")),
                ("Principal", Node::text("*")),
                ("Action", Node::text("s3:GetObject")),
                ("Resource", Node::list(objects)),
            ])]),
        ),
    ])
}
