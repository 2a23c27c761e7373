//! `vouch issuer iam --ci`: the role that the jobs of a project assume.

use vouch_core::identity::IssuerUrl;
use vouch_core::partition::{AccountId, DomainName};
use vouch_core::{ErrorKind, Failure};
use vouch_issuer::iam::{CiOptions, CiProject, Format, ci_template};

use crate::parse;
use crate::terminal;

/// Flags for the role of a project's jobs.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "For jobs in CI")]
pub(super) struct Flags {
    /// A project whose jobs get a role: github:OWNER/REPO, gitlab:GROUP/PROJECT, buildkite:ORGANIZATION/PIPELINE or
    /// circleci:ORGANIZATION_ID/PROJECT_ID
    #[arg(
        long, value_name = "PROJECT", value_parser = parse::argument::<CiProject>,
        conflicts_with_all = ["shared_role", "bucket", "join_file", "attestation_root"],
    )]
    ci: Option<CiProject>,
    /// The environment of GitHub that the jobs run in
    #[arg(long, value_name = "NAME", requires = "ci")]
    environment: Option<String>,
    /// The branch that the jobs run on
    #[arg(long, value_name = "BRANCH", requires = "ci")]
    branch: Option<String>,
    /// GitHub's number of the owner
    #[arg(long, value_name = "NUMBER", requires_all = ["ci", "repository_id"])]
    owner_id: Option<u64>,
    /// GitHub's number of the repository
    #[arg(long, value_name = "NUMBER", requires_all = ["ci", "owner_id"])]
    repository_id: Option<u64>,
    /// The issuer of a GitHub Enterprise Server, or of a GitLab of your own
    #[arg(long, value_name = "URL", requires = "ci", value_parser = parse::argument::<IssuerUrl>)]
    issuer: Option<IssuerUrl>,
    /// The account has the OIDC provider already
    #[arg(long, requires = "ci")]
    existing_provider: bool,
    /// The version of the GitLab
    #[arg(long, value_name = "VERSION", requires = "ci", value_parser = version)]
    gitlab_version: Option<[u32; 3]>,
}

/// What the role may do, as it is asked for users, too.
pub(super) struct Access {
    pub(super) publish: bool,
    pub(super) role_prefix: String,
    pub(super) owner: Option<AccountId>,
    pub(super) domains: Vec<DomainName>,
}

impl Flags {
    /// What is asked for, where it is a role for jobs.
    pub(super) fn options(&self, access: Access) -> Option<CiOptions> {
        let Access { publish, role_prefix, owner, domains } = access;
        Some(CiOptions {
            project: self.ci.clone()?,
            environment: self.environment.clone(),
            branch: self.branch.clone(),
            ids: self.owner_id.zip(self.repository_id),
            issuer: self.issuer.clone(),
            existing_provider: self.existing_provider,
            publish,
            gitlab_version: self.gitlab_version,
            role_prefix,
            owner,
            domains,
        })
    }

    /// For enrollments none of these flags means anything; a flag that conflicts with `--ci` would let them pass.
    pub(super) fn check_alone(&self) -> Result<(), Failure> {
        let given = [
            ("--environment", self.environment.is_some()),
            ("--branch", self.branch.is_some()),
            ("--owner-id", self.owner_id.is_some()),
            ("--repository-id", self.repository_id.is_some()),
            ("--issuer", self.issuer.is_some()),
            ("--existing-provider", self.existing_provider),
            ("--gitlab-version", self.gitlab_version.is_some()),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(Failure::new(
                ErrorKind::Usage,
                format!("`{flag}` is for `--ci PROJECT` alone"),
                "Leave it out, or name the project of the jobs in place of enrollments.",
            )),
            None => Ok(()),
        }
    }
}

pub(super) fn run(wanted: &CiOptions, format: Format) -> Result<(), Failure> {
    let template = ci_template(wanted, format)?;
    for notice in &template.notices {
        terminal::say(&format!("note: {notice}"));
    }
    terminal::print(&template.text)
}

/// Such as `18.2.2` or `18.2.2-ee`.
fn version(text: &str) -> Result<[u32; 3], String> {
    let plain = text.split('-').next().unwrap_or_default();
    let parts: Result<Vec<u32>, _> = plain.split('.').map(str::parse).collect();
    let numbers = parts.ok().and_then(|parts| parts.try_into().ok());
    numbers.ok_or_else(|| "give it in full, such as `18.2.2`".to_owned())
}
