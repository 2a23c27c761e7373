//! Whether what was set up works: asked right away, with a token that is never written.

use std::path::Path;

use vouch_clients::inspect;
use vouch_clients::options::Options;
use vouch_core::exchange::{ExchangeError, ProofError};
use vouch_core::files::shell_word;
use vouch_core::hint::{DOCTOR_ONLINE, Hint, SETUP_AWS, SETUP_TOOL};
use vouch_core::home::Home;
use vouch_core::profile::ProfileError;
use vouch_core::{Context, Diagnostic, Error, ErrorKind, Failure, env};

use super::plan::Plan;
use super::profile::{Change, Chosen, RoleState};
use crate::terminal;

/// What is known of a setup that nobody refused.
#[derive(Debug)]
pub(super) enum Proof {
    /// The repository answered as a registry does.
    Answered,
    /// The repository is there, and only a package would tell more.
    Silent(String),
    /// Nobody answered, or not about this setup.
    Unproven(Failure),
    /// There is no session to ask with.
    NoSession,
    /// No role reads the domain yet, or another process changed the configuration.
    NotAsked,
}

/// Asks. Nothing is taken back here.
///
/// # Errors
/// When the setup was refused, with what to type.
pub(super) fn of(home: &Home, plan: &Plan) -> Result<Proof, Failure> {
    let context = Context::new(home.clone());
    if context.session().is_err() {
        return Ok(Proof::NoSession);
    }
    if plan.client.tool().is_manual() {
        return Ok(Proof::NotAsked);
    }
    match ask(&context, plan) {
        Ok(()) => Ok(Proof::Answered),
        Err(Unproven::Setup(error)) if error.refuses_setup() => Err(refused(plan, &error)),
        Err(Unproven::Setup(error)) if error.is_silence() => Ok(Proof::Silent(error.to_string())),
        Err(Unproven::Setup(ProofError::Profile(
            ProfileError::NoRole | ProfileError::NoAwsProfile { .. },
        ))) => Ok(Proof::NotAsked),
        Err(Unproven::Setup(error)) => Ok(Proof::Unproven(error.failure())),
        Err(Unproven::Other(failure)) if failure.kind == ErrorKind::NoSession => Ok(Proof::NoSession),
        Err(Unproven::Other(failure)) => Ok(Proof::Unproven(failure)),
    }
}

/// Why there is no proof: for a reason of the setup's, or for one that has nothing to do with it.
enum Unproven {
    Setup(ProofError),
    Other(Failure),
}

impl<E: Into<ProofError>> From<E> for Unproven {
    fn from(error: E) -> Self {
        Self::Setup(error.into())
    }
}

fn ask(context: &Context, plan: &Plan) -> Result<(), Unproven> {
    let registration = &plan.registration;
    let of_broker = |error| match error {
        Error::Exchange(error) => Unproven::Setup(error.into()),
        Error::Profile(error) => Unproven::Setup(error.into()),
        other => Unproven::Other(other.failure()),
    };
    let broker = context.broker().map_err(of_broker)?;
    let config = broker.config();
    let profile = config.profile_named(&registration.profile)?;
    let prover = broker.prover(profile).map_err(of_broker)?;
    Ok(prover.prove(config, registration, plan.client.tool().first_request())?)
}

/// Tells it in one line.
pub(super) fn tell(plan: &Plan, proof: &Proof) {
    let tool = plan.client.tool().name();
    let (repository, domain) = (&plan.registration.repository, plan.chosen.profile.domain());
    let of_domain = format!("({}, {})", domain.name, domain.region);
    let file = short(plan.client.file());
    match proof {
        Proof::Answered => terminal::done(&format!("{tool}: {repository} answers {of_domain} · {file}")),
        Proof::Silent(why) => {
            terminal::done(&format!("{tool}: {repository} is there {of_domain} · {file}"));
            terminal::say(&format!("not proven yet that {tool} reads it: {why}"));
        }
        Proof::Unproven(failure) => {
            let causes = failure.causes.iter().map(|cause| format!(": {cause}"));
            let why = failure.message.clone() + &causes.collect::<String>();
            terminal::warn(&format!("not proven that {repository} answers {of_domain}: {why}"));
            terminal::next(&format!("{DOCTOR_ONLINE} asks again; nothing was undone"));
        }
        Proof::NoSession | Proof::NotAsked => {}
    }
}

/// A path with `~` for the home directory.
fn short(path: &Path) -> String {
    let home = env::home_dir();
    match home.as_deref().and_then(|home| path.strip_prefix(home).ok()) {
        Some(below) => format!("~/{}", below.display()),
        None => path.display().to_string(),
    }
}

/// The refusal, and the command that corrects it.
fn refused(plan: &Plan, error: &ProofError) -> Failure {
    let failure = error.failure();
    let again = command(plan, &plan.registration.repository.to_string(), None);
    let correction = match error {
        ProofError::Exchange(ExchangeError::NoRepository { .. }) => {
            format!("With the right name: {}.", command(plan, "REPOSITORY", None))
        }
        ProofError::Exchange(ExchangeError::NoDomain { .. } | ExchangeError::NoHost { .. }) => {
            let unknown = ("DOMAIN", "ACCOUNT", "REGION");
            let repository = plan.registration.repository.to_string();
            format!("With the right values: {}.", command(plan, &repository, Some(unknown)))
        }
        ProofError::Exchange(ExchangeError::RoleRefused { .. } | ExchangeError::RegionDisabled { .. }) => {
            let profile = match &plan.chosen.role {
                RoleState::Served { aws_profile, .. } => Some(aws_profile),
                RoleState::Missing { .. } => None,
            };
            format!(
                "With another role: {}, then {again}. {}",
                SETUP_AWS.optional("--profile", profile),
                failure.hint.as_deref().unwrap_or_default()
            )
        }
        _ => {
            let unknown = ("DOMAIN", "ACCOUNT", "REGION");
            let repository = plan.registration.repository.to_string();
            format!(
                "{} Once it has: {again}; where another domain was meant: {}.",
                failure.hint.as_deref().unwrap_or_default(),
                command(plan, &repository, Some(unknown))
            )
        }
    };
    Failure { hint: Some(format!("Nothing was changed. {correction}").trim_end().to_owned()), ..failure }
}

/// The command of this setup, for a repository and, where one is to be named, a domain.
fn command(plan: &Plan, repository: &str, domain: Option<(&str, &str, &str)>) -> Hint {
    let Chosen { name, profile, change, .. } = &plan.chosen;
    let (own, owner) = (profile.domain.to_string(), profile.domain_owner.to_string());
    let region = profile.region.to_string();
    let is_kept = matches!(change, Change::Kept | Change::Relinked);
    let flags = |(name, owner, region)| format!(" --domain {name} --domain-owner {owner} --region {region}");
    let domain = match domain {
        Some(domain) => flags(domain),
        None if is_kept => String::new(),
        None => flags((own.as_str(), owner.as_str(), region.as_str())),
    };
    // Another domain has no business under the name of one that is kept, or that the domain itself gave.
    let is_named = match change {
        Change::Kept | Change::Relinked => domain.is_empty(),
        Change::MadeBeside { .. } => false,
        Change::Made | Change::Changed { .. } => name != "default",
    };
    let named = if is_named { format!(" --profile {}", shell_word(name.as_ref())) } else { String::new() };
    let moved = if plan.standing.moves { " --move" } else { "" };
    let more = inspect::flags(&plan.registration, &Options::recorded(&plan.registration).unwrap_or_default());
    let tool = plan.client.tool().name();
    let again = SETUP_TOOL.fill("TOOL", tool).fill("REPOSITORY", repository);
    again.words(&format!("{domain}{named}{more}{moved}"))
}
