//! `vouch login --from`: a session of a job, in CI or in a container, made of the ID token or the role credentials that the job
//! has.
//!
//! Only what is typed makes one, and only in a home without an identity and without a session: a project's script cannot change
//! whom a developer acts as.

use std::path::PathBuf;

use clap::ValueEnum;
use vouch_core::broker::RoleUse;
use vouch_core::config::{Config, JobLogin};
use vouch_core::exchange::{Probe, github_request_url};
use vouch_core::hint::{LOGOUT, SETUP_AWS, SETUP_FIRST};
use vouch_core::identity::DEFAULT_AUDIENCE;
use vouch_core::partition::{Region, RoleArn};
use vouch_core::profile::Role;
use vouch_core::session::{self, AgentOfCi, IdTokenClaims, Session, SessionDuration, Source};
use vouch_core::{Context, ErrorKind, Failure, Secret, env};

use super::role_source;
use crate::commands::setup::{self, NewAwsProfile};
use crate::{credential_choice, region, static_tokens, terminal};

/// What the profile is called that a login records.
const PROFILE: &str = "vouch";

/// What the variable of a GitLab job is called unless told otherwise: the job chooses the name, under `id_tokens`.
const GITLAB_VARIABLE: &str = "VOUCH_ID_TOKEN";

/// What Bitbucket calls it (Bitbucket documentation, "Integrate Pipelines with resource servers using OIDC").
const BITBUCKET_VARIABLE: &str = "BITBUCKET_STEP_OIDC_TOKEN";

/// Where EKS and other Kubernetes name the file (EKS user guide, "IAM roles for service accounts").
const FILE_VARIABLE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";

/// Flags for a login without a YubiKey.
#[derive(Debug, Clone, clap::Args)]
#[group(id = "job")]
#[command(next_help_heading = "In CI and containers")]
pub(super) struct Flags {
    /// Take the ID token or the role credentials of the job in place of a YubiKey
    #[arg(long, value_name = "SOURCE", conflicts_with_all = ["serial", "pin_stdin", "last_try", "if_needed", "remote", "print_session"])]
    pub(super) from: Option<From>,
    /// The role that the job assumes or has, where no AWS profile is set up
    #[arg(long, value_name = "ARN", requires = "from")]
    role: Option<RoleArn>,
    /// The region to ask STS in [default: AWS_REGION, AWS_DEFAULT_REGION, that of the partition]
    #[arg(long, value_name = "REGION", requires = "role")]
    region: Option<Region>,
    /// Whom the ID token is for [default: sts.amazonaws.com; for another machine vouch-remote]
    #[arg(long, value_name = "AUDIENCE")]
    pub(super) audience: Option<String>,
    /// The file that holds the ID token [default: AWS_WEB_IDENTITY_TOKEN_FILE]
    #[arg(long, value_name = "FILE", requires = "from")]
    token_file: Option<PathBuf>,
    /// The variable that holds the ID token [default: that of the CI]
    #[arg(long, value_name = "NAME", requires = "from", value_parser = crate::credential_args::variable_name)]
    token_variable: Option<String>,
}

/// Where a job has its ID token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum From {
    /// GitHub Actions, with `permissions: id-token: write`
    GithubActions,
    /// GitLab, in the variable that the job names under `id_tokens`
    Gitlab,
    /// Bitbucket Pipelines, with `oidc: true`
    Bitbucket,
    /// A file that is renewed, such as Kubernetes has
    TokenFile,
    /// A variable
    TokenVariable,
    /// Buildkite, by its agent
    Buildkite,
    /// CircleCI, by its agent
    Circleci,
    /// The role of an ECS task, a CodeBuild build or an EKS pod
    Container,
    /// The role of an EC2 instance
    Instance,
    /// Role credentials in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, until they end
    Environment,
}

pub(super) fn run(
    context: &Context,
    from: From,
    flags: &Flags,
    duration: SessionDuration,
) -> Result<(), Failure> {
    flags.check(from)?;
    let config = context.config()?;
    refuse_another_users(context, &config)?;
    let role = flags.role(&config)?;
    let source = flags.source(from)?;
    let (home, keystore) = (context.home(), context.keystore()?);
    session::check_room(home, &keystore)?;
    let session = if source.is_of_role() {
        session::begin_as_role(home, &keystore, source, &role.arn, &role.region, duration)?
    } else {
        let claims = Probe::new(home).id_token(&source)?;
        check_audience(&claims, flags.audience())?;
        session::begin(home, &keystore, source, &claims, duration)?
    };
    // What AWS refuses is the login's to say, not the first build's. Of a login that failed no session is left.
    if let Err(failure) = prove(context, from, flags, &role) {
        session::logout(home, &keystore)?;
        return Err(failure);
    }
    terminal::done(&logged_in(&session, &role));
    static_tokens::renew_after_login(context);
    if config.codeartifact.registrations.is_empty() {
        terminal::next(&format!("{SETUP_FIRST}"));
    }
    Ok(())
}

fn logged_in(session: &Session, role: &Role) -> String {
    let until = terminal::local_time(session.expires_at);
    match session.source.is_of_role() {
        true => format!("logged in as {} until {until}", role.arn),
        false => format!("{} of {} may assume {} until {until}", session.subject, session.issuer, role.arn),
    }
}

fn prove(context: &Context, from: From, flags: &Flags, role: &Role) -> Result<(), Failure> {
    context.broker()?.role_credentials(role, RoleUse::Exchange)?;
    Config::update(context.home(), |config| {
        config.set_job(flags.job(from));
        flags.record(config).map(drop)
    })
}

/// One home is one user, and a job is none of those who log in with a YubiKey.
fn refuse_another_users(context: &Context, config: &Config) -> Result<(), Failure> {
    const OWN_HOME: &str = "Give the job a home of its own, outside of the checkout, in every step: \
                            `export VOUCH_HOME=\"$RUNNER_TEMP/vouch\"` on GitHub, elsewhere another directory of the job.";

    if let Some(identity) = &config.identity {
        return Err(Failure::configuration(
            format!("this home is that of {}, who logs in with a YubiKey", identity.subject),
            OWN_HOME,
        ));
    }
    match context.session() {
        Ok(session) => Err(Failure::configuration(
            format!(
                "{} is logged in here until {}",
                session.subject,
                terminal::local_time(session.expires_at)
            ),
            format!("Run {LOGOUT} first, if that session is yours to end."),
        )),
        Err(error) if vouch_core::Diagnostic::kind(&error) == ErrorKind::NoSession => Ok(()),
        Err(error) => Err(error.into()),
    }
}

impl Flags {
    fn audience(&self) -> &str {
        self.audience.as_deref().unwrap_or(DEFAULT_AUDIENCE)
    }

    /// The role that was typed, as it would be recorded; else the one that is set up.
    fn role(&self, config: &Config) -> Result<Role, Failure> {
        let mut planned = config.clone();
        match self.record(&mut planned)? {
            true => Ok(planned.role_named(PROFILE)?),
            false => credential_choice::role(config, None),
        }
    }

    /// Records a role that was typed, and says whether one was.
    fn record(&self, config: &mut Config) -> Result<bool, Failure> {
        let Some(role) = self.role.clone() else { return Ok(false) };
        if let Some(other) = config.aws.profiles.get(PROFILE).filter(|known| known.role_arn != role) {
            return Err(Failure::configuration(
                format!("AWS profile `{PROFILE}` is {} here", other.role_arn),
                format!("Leave `--role` out to assume that one, or change it first: {SETUP_AWS}."),
            ));
        }
        let region = region::choose(self.region.as_ref(), None, role.partition())?.region;
        setup::add_aws_profile(config, &NewAwsProfile { name: PROFILE.to_owned(), role, region })?;
        Ok(true)
    }

    /// What is typed to log in again.
    fn job(&self, from: From) -> JobLogin {
        let name = from.to_possible_value().map(|value| value.get_name().to_owned());
        let token_file = if from == From::TokenFile { self.file().ok() } else { None };
        JobLogin {
            from: name.unwrap_or_default(),
            audience: self.audience.clone(),
            token_file,
            token_variable: self.token_variable.clone(),
            other: serde_json::Map::new(),
        }
    }

    fn source(&self, from: From) -> Result<Source, Failure> {
        let audience = self.audience().to_owned();
        Ok(match from {
            From::GithubActions => {
                let origin = github_request_url().map_err(vouch_core::exchange::ExchangeError::from)?;
                Source::GithubActions { origin: origin.origin().ascii_serialization(), audience }
            }
            From::TokenFile => Source::TokenFile { path: self.file()?, audience },
            From::Gitlab => self.variable(Some(GITLAB_VARIABLE))?,
            From::Bitbucket => self.variable(Some(BITBUCKET_VARIABLE))?,
            From::TokenVariable => self.variable(None)?,
            From::Buildkite => role_source::agent(AgentOfCi::Buildkite, audience)?,
            From::Circleci => role_source::agent(AgentOfCi::Circleci, audience)?,
            From::Container => role_source::container()?,
            From::Instance => role_source::instance()?,
            From::Environment => role_source::environment()?,
        })
    }

    /// A flag that means nothing to the source is an error: the user expects something of it.
    fn check(&self, from: From) -> Result<(), Failure> {
        let has_variable = matches!(from, From::Gitlab | From::Bitbucket | From::TokenVariable);
        let has_id_token = !matches!(from, From::Container | From::Instance | From::Environment);
        let typed = [
            (self.audience.is_some(), has_id_token, "--audience"),
            (self.token_file.is_some(), from == From::TokenFile, "--token-file"),
            (self.token_variable.is_some(), has_variable, "--token-variable"),
        ];
        match typed.into_iter().find(|(typed, means, _)| *typed && !means) {
            Some((.., flag)) => Err(Failure::new(
                ErrorKind::Usage,
                format!("`{flag}` means nothing to this source"),
                "Leave it out, or name another source with `--from`.",
            )),
            None => Ok(()),
        }
    }

    /// The absolute path of the file: a later process may be in another directory.
    fn file(&self) -> Result<PathBuf, Failure> {
        let named = self.token_file.clone().or_else(|| env::var_os(FILE_VARIABLE).map(PathBuf::from));
        let path = named.ok_or_else(|| {
            Failure::new(
                ErrorKind::Usage,
                format!("no file with an ID token is named: {FILE_VARIABLE} is not set"),
                "Give `--token-file FILE`.",
            )
        })?;
        Ok(std::path::absolute(&path).unwrap_or(path))
    }

    fn variable(&self, usual: Option<&str>) -> Result<Source, Failure> {
        let name = self.token_variable.as_deref().or(usual).ok_or_else(|| {
            Failure::new(
                ErrorKind::Usage,
                "the variable with the ID token is not named",
                "Give `--token-variable NAME`.",
            )
        })?;
        let value = env::var(name).ok_or_else(|| {
            Failure::configuration(
                format!("the variable {name} is not set, so this job has no ID token"),
                "GitLab sets what the job names under `id_tokens`, Bitbucket its own with `oidc: true` of the step; name another \
                 one with `--token-variable NAME`.",
            )
        })?;
        Ok(Source::TokenVariable { id_token: Secret::new(value.trim().to_owned()), name: name.to_owned() })
    }
}

fn check_audience(claims: &IdTokenClaims, wanted: &str) -> Result<(), Failure> {
    if claims.audience == wanted {
        return Ok(());
    }
    Err(Failure::configuration(
        format!("the ID token of this job is for `{}`, not for `{wanted}`", claims.audience),
        "Have the job ask for that audience, or name the one that it has with `--audience`; the OIDC provider in IAM must list it.",
    ))
}
