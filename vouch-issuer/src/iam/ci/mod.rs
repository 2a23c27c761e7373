//! What IAM has to hold for the jobs of a project in a CI: a provider, one role, and whom it trusts.
//!
//! The CI writes the claims, not the user: its subject is trusted in full where it can be told in advance, with a pattern after the
//! last part that can where it holds a commit or a user. Sources: "OpenID Connect reference" (GitHub), "OpenID Connect in AWS"
//! (GitLab), "buildkite-agent oidc" (Buildkite), "Using OpenID Connect tokens in jobs" (CircleCI).

mod error;
mod project;
#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};
use vouch_core::identity::{DEFAULT_AUDIENCE, IssuerUrl};
use vouch_core::partition::{AccountId, DomainName};

use super::document::{Node, Piece};
use super::plan::{Plan, Provider};
use super::{Format, ROLE_NAME_SIZE, Template};
pub use error::CiError;
pub use project::CiProject;
use project::plain;

/// The first GitLab whose forks have a subject of their own in pipelines of merge requests.
const GITLAB_FIXED: [u32; 3] = [18, 2, 2];

/// What is asked for.
#[derive(Debug, Clone)]
pub struct CiOptions {
    pub project: CiProject,
    /// GitHub's.
    pub environment: Option<String>,
    pub branch: Option<String>,
    /// GitHub's numbers of owner and repository, which a new owner of the name does not have.
    pub ids: Option<(u64, u64)>,
    /// Of GitHub Enterprise Server, or one's own GitLab.
    pub issuer: Option<IssuerUrl>,
    /// Whether the account has the provider already.
    pub existing_provider: bool,
    pub publish: bool,
    /// Major, minor and patch.
    pub gitlab_version: Option<[u32; 3]>,
    pub role_prefix: String,
    /// As in [`super::TemplateOptions`].
    pub owner: Option<AccountId>,
    pub domains: Vec<DomainName>,
}

/// Whom the role trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trusted {
    issuer: IssuerUrl,
    subject: String,
    /// Whether the subject ends in a wildcard.
    is_pattern: bool,
}

/// A template with one role for the project's jobs.
///
/// # Errors
/// See [`CiError`]; what would trust strangers is refused.
pub fn ci_template(wanted: &CiOptions, format: Format) -> Result<Template, CiError> {
    let trusted = trusted(wanted)?;
    let plan = plan(wanted, &trusted)?;
    let mut notices = notices(wanted, &trusted);
    notices.extend(plan.trust_notices());
    Ok(Template { text: super::render(&plan, format)?, notices })
}

fn plan(wanted: &CiOptions, trusted: &Trusted) -> Result<Plan, CiError> {
    let host_and_path = trusted.issuer.host_and_path();
    let provider = Provider {
        id: "Ci".to_owned(),
        issuer: trusted.issuer.clone(),
        client_ids: vec![DEFAULT_AUDIENCE.to_owned()],
    };
    let principal = match wanted.existing_provider {
        false => Node::Provider { id: provider.id.clone(), host_and_path: host_and_path.to_owned() },
        true => Node::name(&[
            Piece::Text("arn:"),
            Piece::Partition,
            Piece::Text(":iam::"),
            Piece::Account,
            Piece::Text(&format!(":oidc-provider/{host_and_path}")),
        ]),
    };
    let key = |claim: &str| format!("{host_and_path}:{claim}");
    let audience = (key("aud"), Node::text(DEFAULT_AUDIENCE));
    let subject = (key("sub"), Node::text(&trusted.subject));
    let conditions = match trusted.is_pattern {
        false => Node::map([("StringEquals", Node::Map(vec![audience, subject]))]),
        true => {
            Node::map([("StringEquals", Node::Map(vec![audience])), ("StringLike", Node::Map(vec![subject]))])
        }
    };
    let statement = Node::map([
        ("Effect", Node::text("Allow")),
        ("Principal", Node::map([("Federated", principal)])),
        ("Action", Node::text("sts:AssumeRoleWithWebIdentity")),
        ("Condition", conditions),
    ]);
    let providers = if wanted.existing_provider { Vec::new() } else { vec![provider] };
    let owned = (wanted.owner.as_ref(), wanted.domains.as_slice(), wanted.publish);
    Ok(Plan::of_job(providers, role_name(wanted), statement, owned)?)
}

/// The prefix and the project; of a name that is too long for IAM, its start and enough of a hash.
fn role_name(wanted: &CiOptions) -> String {
    let may = if wanted.publish { "-publish" } else { "" };
    let mut name = format!("{}{}{may}", wanted.role_prefix, wanted.project.role_suffix());
    if name.len() > ROLE_NAME_SIZE && name.is_ascii() {
        let digest = Sha256::digest(&name);
        name.truncate(ROLE_NAME_SIZE - 9);
        name.push('-');
        name.extend(digest.iter().take(4).map(|byte| format!("{byte:02x}")));
    }
    name
}

fn trusted(wanted: &CiOptions) -> Result<Trusted, CiError> {
    let project = &wanted.project;
    check_flags(wanted)?;
    let branch = wanted.branch.as_deref().map(|branch| plain("a branch", branch)).transpose()?;
    let environment = wanted.environment.as_deref().map(|name| plain("an environment", name)).transpose()?;
    let unscoped = || CiError::Unscoped(project.to_string());
    let (issuer, subject, is_pattern) = match project {
        CiProject::Github { owner, repository } => {
            let scope = match (environment, branch) {
                (Some(environment), _) => format!("environment:{environment}"),
                (None, Some(_)) if wanted.publish => return Err(CiError::PublishNeedsEnvironment),
                (None, Some(branch)) => format!("ref:refs/heads/{branch}"),
                (None, None) => return Err(unscoped()),
            };
            let subject = match wanted.ids {
                Some((owner_id, id)) => format!("repo:{owner}@{owner_id}/{repository}@{id}:{scope}"),
                None => format!("repo:{owner}/{repository}:{scope}"),
            };
            ("https://token.actions.githubusercontent.com".to_owned(), subject, false)
        }
        CiProject::Gitlab { path } => {
            let branch = branch.ok_or_else(unscoped)?;
            if wanted.publish && wanted.gitlab_version.is_none_or(|version| version < GITLAB_FIXED) {
                return Err(CiError::GitlabVersion);
            }
            let subject = format!("project_path:{path}:ref_type:branch:ref:{branch}");
            ("https://gitlab.com".to_owned(), subject, false)
        }
        CiProject::Buildkite { organization, pipeline } => {
            let branch = branch.ok_or_else(unscoped)?;
            let fixed =
                format!("organization:{organization}:pipeline:{pipeline}:ref:refs/heads/{branch}:commit:");
            ("https://agent.buildkite.com".to_owned(), fixed + "*", true)
        }
        CiProject::Circleci { organization, project } => {
            if wanted.publish {
                return Err(CiError::PublishCircleci);
            }
            let issuer = format!("https://oidc.circleci.com/org/{organization}");
            (issuer, format!("org/{organization}/project/{project}/user/*"), true)
        }
    };
    let issuer = match &wanted.issuer {
        Some(issuer) => issuer.clone(),
        None => issuer.parse().map_err(|_| CiError::Project(project.to_string()))?,
    };
    Ok(Trusted { issuer, subject, is_pattern })
}

/// A flag that changes nothing is an error: the user expects something of it.
fn check_flags(wanted: &CiOptions) -> Result<(), CiError> {
    let (is_github, is_gitlab) = (
        matches!(wanted.project, CiProject::Github { .. }),
        matches!(wanted.project, CiProject::Gitlab { .. }),
    );
    let has_branch = !matches!(wanted.project, CiProject::Circleci { .. });
    let flags = [
        ("--environment", wanted.environment.is_some(), is_github),
        ("--branch", wanted.branch.is_some(), has_branch && !(is_github && wanted.environment.is_some())),
        ("--owner-id", wanted.ids.is_some(), is_github),
        ("--issuer", wanted.issuer.is_some(), is_github || is_gitlab),
        ("--gitlab-version", wanted.gitlab_version.is_some(), is_gitlab),
    ];
    match flags.into_iter().find(|(_, given, means)| *given && !means) {
        Some((flag, ..)) => Err(CiError::Flag { flag, ci: wanted.project.ci() }),
        None => Ok(()),
    }
}

fn notices(wanted: &CiOptions, trusted: &Trusted) -> Vec<String> {
    let mut notices =
        vec![format!("the role trusts the subject `{}` of {}", trusted.subject, trusted.issuer)];
    match &wanted.project {
        CiProject::Github { owner, repository } if wanted.ids.is_none() => notices.push(format!(
            "whoever gets the name {owner}/{repository} later is trusted, and a repository that was made, renamed or moved after \
             2026-07-15 is not: its subject has numbers. `--owner-id` and `--repository-id` trust those; \
             `gh api repos/{owner}/{repository} --jq '.owner.id, .id'` prints them"
        )),
        CiProject::Gitlab { .. } if wanted.gitlab_version.is_none() => notices.push(
            "before GitLab 18.2.2 a pipeline for a merge request from a fork had the subject of your project; `--gitlab-version` \
             says what yours is"
                .to_owned(),
        ),
        CiProject::Buildkite { .. } => notices.push(
            "the commit and the step are not told in advance: every build of this branch is trusted. Have builds of \
             forks off in the pipeline's settings"
                .to_owned(),
        ),
        CiProject::Circleci { .. } => notices.push(
            "the subject has no branch: every job of the project is trusted, whoever started it. Have builds of forks get no secrets"
                .to_owned(),
        ),
        _ => {}
    }
    notices
}
