//! `vouch setup codeartifact`: a package manager, a repository, and the profile that serves them.

use std::path::PathBuf;

use clap::ValueEnum;
use vouch_core::config::{Config, Registration};
use vouch_core::endpoint::{Domain, Endpoint, Format};
use vouch_core::home::Home;
use vouch_core::keystore::Keystore;
use vouch_core::partition::RepositoryName;
use vouch_core::{Class, session};

use super::preview;
use super::profile::{self, Change, Chosen, RoleState, Use};
use super::registration::{self, GivenEndpoint, Planned};
use crate::cargo::{self, EditError, Wanted};
use crate::domain::DomainFlags;
use crate::edited_file::{EditedFile, Written};
use crate::journal::{Author, Registered};
use crate::report::Failed;
use crate::terminal;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The package manager
    #[arg(long)]
    tool: Tool,
    /// The CodeArtifact repository
    #[arg(long, value_name = "NAME")]
    repository: RepositoryName,
    #[command(flatten)]
    domain: DomainFlags,
    /// The name of the registry in Cargo [default: the repository's]
    #[arg(long, value_name = "NAME")]
    registry: Option<String>,
    /// The repository's URL, where it is not the usual one: dual-stack, VPC endpoint, CloudFront
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Let Cargo fetch from the repository instead of crates.io
    #[arg(long)]
    replace_crates_io: bool,
    /// What stands before the token on the wire [default: raw, as AWS documents it]
    #[arg(long, value_name = "FORM")]
    token_prefix: Option<TokenPrefix>,
    /// Show the lines for Cargo's configuration and write nothing
    #[arg(long, conflicts_with = "dry_run")]
    print: bool,
    /// Show what would change and write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Tool {
    Cargo,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TokenPrefix {
    Raw,
    Bearer,
}

impl TokenPrefix {
    fn text(self) -> &'static str {
        match self {
            Self::Raw => "",
            Self::Bearer => "Bearer ",
        }
    }
}

/// Everything that is decided before anything is written.
struct Plan {
    chosen: Chosen,
    registration: Registration,
    /// The registration in whose place it comes.
    before: Option<Registration>,
    file: EditedFile,
    after: String,
    notes: Vec<String>,
    /// Whether the configuration changes.
    records: bool,
}

/// What does not depend on the configuration.
struct Request {
    args: Args,
    endpoint: Option<GivenEndpoint>,
    helper: String,
    file: PathBuf,
}

pub(crate) fn run(mut args: Args) -> Result<(), Failed> {
    let Tool::Cargo = args.tool;
    let endpoint = args.endpoint.as_deref().map(registration::endpoint).transpose()?;
    if let Some(GivenEndpoint::Aws(endpoint)) = &endpoint {
        registration::name_domain(&mut args.domain, &args.repository, endpoint)?;
    }
    let home = Home::from_env()?;
    let helper = cargo::find_helper()?;
    let file = cargo::config_file(&cargo::cargo_home()?);
    let request = Request { args, endpoint, helper, file };
    if request.args.print {
        return print(&request, &Config::load(&home)?);
    }
    if let Some(warning) = cargo::check_version()? {
        terminal::warn(warning);
    }
    if request.args.dry_run {
        return dry_run(&request, &home);
    }
    let (plan, changed) = write(&request, &home)?;
    tell(&plan, &request, &home, &changed);
    Ok(())
}

fn print(request: &Request, config: &Config) -> Result<(), Failed> {
    let (_, planned) = decide(request, config)?;
    let index = index(&planned.registration);
    let name = planned.registration.name.as_deref().unwrap_or_default();
    let snippet = cargo::snippet(&wanted(request, name, &index, None));
    terminal::say(&format!("for `{}`:", request.file.display()));
    out(&snippet)
}

fn dry_run(request: &Request, home: &Home) -> Result<(), Failed> {
    let before = Config::load(home)?;
    let mut config = before.clone();
    let plan = plan(request, &mut config)?;
    for note in &plan.notes {
        terminal::warn(note);
    }
    let blank = |text: &str| cargo::without_secrets(text);
    let mut diff = preview::diff(plan.file.path(), &blank(plan.file.text()), &blank(&plan.after));
    if plan.records {
        // As it stands on disk, so that the diff is about that.
        let text = EditedFile::read(home.config_file())?;
        let after = serde_json::to_string_pretty(&config).unwrap_or_default();
        diff.push_str(&preview::diff(&home.config_file(), text.text(), &format!("{after}\n")));
    }
    if diff.is_empty() {
        terminal::done("nothing would change");
    }
    out(&diff)
}

fn out(text: &str) -> Result<(), Failed> {
    terminal::answer(text)
        .map_err(|error| Failed::new(Class::Other, "cannot write the answer", "").because(&error))
}

/// Writes Cargo's file and then the configuration; if the second fails, the first is as it was.
fn write(request: &Request, home: &Home) -> Result<(Plan, Changed), Failed> {
    let mut written: Option<Written> = None;
    let outcome = Config::update(home, |config| {
        let plan = plan(request, config)?;
        let changed = Changed { file: plan.after != plan.file.text(), config: plan.records };
        if changed.file {
            let registered = Registered { before: plan.before.clone(), after: plan.registration.clone() };
            let author =
                Author { home, client: "cargo", secrets: cargo::secrets, registration: Some(registered) };
            written = Some(plan.file.clone().write(&plan.after, &author)?);
        }
        Ok((plan, changed))
    });
    match (outcome, written) {
        (Err(failed), Some(written)) => {
            if let Err(error) = written.take_back() {
                terminal::warn(&format!("`{}` could not be put back: {error}", request.file.display()));
            }
            Err(failed)
        }
        (outcome, _) => outcome,
    }
}

/// Decides everything, changes `config`, writes nothing.
fn plan(request: &Request, config: &mut Config) -> Result<Plan, Failed> {
    let (chosen, planned) = decide(request, config)?;
    let file = EditedFile::read(request.file.clone())?;
    let registration = planned.registration.clone();
    let name = registration.name.clone().unwrap_or_default();
    let before = planned.before(config).cloned();
    // What an earlier setup of this very repository wrote may be corrected, if that is what the person typed.
    let typed = matches!(chosen.change, Change::Changed { .. }) || request.endpoint.is_some();
    let corrects = before.as_ref().filter(|before| {
        typed && before.profile == chosen.name && before.repository == request.args.repository
    });
    let corrects = corrects.map(index);
    let index = index(&registration);
    let wanted = wanted(request, &name, &index, corrects.as_deref());
    let edited =
        cargo::edit(file.text(), &wanted).map_err(|error| refused(&error, request, config, &chosen))?;
    let folder = std::env::current_dir().unwrap_or_default();
    let mut notes = edited.notes;
    notes.extend(cargo::warnings(&folder, &request.file, &wanted)?);
    let unchanged = config.clone();
    let profiles = &mut config.codeartifact.profiles;
    if chosen.name == "default" && profiles.is_empty() && config.codeartifact.default.is_none() {
        config.codeartifact.default = Some(chosen.name.clone());
    }
    profiles.insert(chosen.name.clone(), chosen.profile.clone());
    planned.record(config);
    Ok(Plan { chosen, registration, before, file, after: edited.text, notes, records: *config != unchanged })
}

fn decide(request: &Request, config: &Config) -> Result<(Chosen, Planned), Failed> {
    let args = &request.args;
    let usage = Use { tool: "cargo", repository: &args.repository };
    let chosen = profile::choose(config, &args.domain, usage)?;
    let url = match &request.endpoint {
        Some(GivenEndpoint::Custom(url)) => url.clone(),
        Some(GivenEndpoint::Aws(endpoint)) => endpoint.url(),
        None => {
            let usual =
                || Endpoint::new(chosen.profile.domain(), Format::Cargo, args.repository.clone()).url();
            let kept = matches!(chosen.change, Change::Kept | Change::Relinked);
            let place = (chosen.name.as_str(), &args.repository);
            let registry = args.registry.as_deref();
            let recorded = registration::recorded_endpoint(config, &request.file, place, registry);
            recorded.filter(|_| kept).unwrap_or_else(usual)
        }
    };
    let planned = Planned::new(
        config,
        &request.file,
        (&chosen.name, &args.repository),
        url,
        args.registry.as_deref(),
        args.token_prefix.map(TokenPrefix::text),
    );
    cargo::check_name(planned.registration.name.as_deref().unwrap_or_default())?;
    Ok((chosen, planned))
}

fn wanted<'a>(request: &'a Request, name: &'a str, index: &'a str, corrects: Option<&'a str>) -> Wanted<'a> {
    let replace_crates_io = request.args.replace_crates_io;
    Wanted { name, index, provider: &request.helper, replace_crates_io, corrects }
}

fn index(registration: &Registration) -> String {
    format!("sparse+{}", registration.endpoint)
}

/// Why Cargo's file was not edited, with the way out.
fn refused(error: &EditError, request: &Request, config: &Config, chosen: &Chosen) -> Failed {
    let file = request.file.display();
    let ours = |index: &str| {
        let known = &config.codeartifact.registrations;
        known.iter().find(|known| cargo::same_index(index, &self::index(known)))
    };
    let hint = match error {
        EditError::Parse { .. } => "Correct the file; nothing was changed.".to_owned(),
        EditError::Splice(_) | EditError::Type { .. } => {
            "Write that part as Cargo's reference shows it, or add the lines of `--print` by hand; nothing was changed."
                .to_owned()
        }
        EditError::NameTaken { name, index } => {
            let beside = "To have both, give this one another name with `--registry NAME`";
            match ours(index).filter(|known| known.repository == request.args.repository) {
                Some(known) if known.profile != chosen.name => {
                    format!("{beside}. To correct the other, add `--profile {}`.", known.profile)
                }
                _ => format!("{beside}; or remove `[registries.{name}]` from the file first."),
            }
        }
        EditError::IndexTaken { name, .. } => {
            format!("Cargo allows one name for an index: use that one with `--registry {name}`, or remove it first.")
        }
        EditError::Replaced { .. } => "Remove that `replace-with` first, or leave `--replace-crates-io` out.".to_owned(),
    };
    Failed::configuration(format!("`{file}`: {error}"), hint)
}

/// What a setup has changed.
struct Changed {
    file: bool,
    config: bool,
}

fn tell(plan: &Plan, request: &Request, home: &Home, changed: &Changed) {
    let Chosen { name: profile, change, role, region, .. } = &plan.chosen;
    let domain = plan.chosen.profile.domain();
    for note in &plan.notes {
        terminal::warn(note);
    }
    let stands_for = format!("profile `{profile}`: {domain} (region: {region})");
    match change {
        Change::Kept => {}
        Change::Relinked => {
            let link = plan.chosen.profile.aws_profile.as_deref().unwrap_or_default();
            terminal::done(&format!("profile `{profile}`: AWS profile `{link}` reads {domain}"));
        }
        Change::Made => terminal::done(&stands_for),
        Change::MadeBeside { name, domain: other } => {
            terminal::done(&format!("{stands_for}; `{name}` stays {other}"));
        }
        Change::Changed { was } => {
            terminal::warn(&format!("profile `{profile}` was {was}"));
            terminal::done(&stands_for);
        }
    }
    let registry = plan.registration.name.as_deref().unwrap_or_default();
    let file = request.file.display();
    let endpoint = &plan.registration.endpoint;
    if changed.file {
        terminal::done(&format!("registry `{registry}`: {endpoint}, in `{file}`"));
        if request.args.replace_crates_io {
            terminal::done("crates.io is replaced with it: `Cargo.lock` files then name it as their source");
        }
    }
    if changed.config {
        let config = home.config_file();
        terminal::done(&format!(
            "{endpoint} may receive tokens of profile `{profile}`, in `{}`",
            config.display()
        ));
        if matches!(request.endpoint, Some(GivenEndpoint::Custom(_))) {
            terminal::warn("that host is not AWS's own: tokens of the domain will be sent to it");
        }
    }
    if !changed.file && !changed.config {
        terminal::done(&format!(
            "nothing to change: registry `{registry}` in `{file}` is set up for profile `{profile}`"
        ));
    }
    tell_next(role, &domain, registry, home);
}

fn tell_next(role: &RoleState, domain: &Domain, registry: &str, home: &Home) {
    match role {
        RoleState::Served { own_account: true, .. } => {}
        RoleState::Served { aws_profile, .. } => terminal::say(&format!(
            "AWS profile `{aws_profile}` serves; its role is in another account than the domain, which must admit it"
        )),
        RoleState::Missing { aws_profile: None } => {
            terminal::next(&format!("`vouch setup aws --role ARN` with a role that may read {domain}"));
        }
        RoleState::Missing { aws_profile: Some(name) } => {
            terminal::next(&format!("`vouch setup aws --role ARN --profile {name}`"));
        }
    }
    let live =
        Keystore::from_env(home).map_err(Into::into).and_then(|keystore| session::open(home, &keystore));
    if live.is_err() {
        terminal::next("`vouch login`");
    }
    terminal::next(&format!("`cargo build`, `cargo publish --registry {registry}`"));
}
