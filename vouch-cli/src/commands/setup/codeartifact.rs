//! `vouch setup codeartifact`: a package manager, a repository, and the profile that serves them.

use std::path::Path;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use vouch_clients::all;
use vouch_clients::client::{Client, Edit, SetupRequest};
use vouch_clients::edited_file::EditedFile;
use vouch_clients::file_lock;
use vouch_clients::node::npm::registration::Filter;
use vouch_clients::options::Options;
use vouch_clients::tool::Tool;
use vouch_clients::undo::{Preview, Undo};
use vouch_core::config::{Config, Registration};
use vouch_core::endpoint::Endpoint;
use vouch_core::home::Home;
use vouch_core::partition::RepositoryName;
use vouch_core::{Context, ErrorKind, Failure};

use super::correction::{self, Standing, Typed};
use super::flags::ToolFlags;
use super::output;
use super::plan::Plan;
use super::profile::{self, Change, Chosen, Use};
use super::proof;
use super::registration::{self, GivenEndpoint, Place, Planned};
use super::transaction::{self, Written};
use crate::domain::DomainFlags;
use crate::region_table::Service;
use crate::{preview, project_trust, region, static_tokens, terminal};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The package manager
    #[arg(long, value_parser = tool_parser())]
    tool: Tool,
    /// The CodeArtifact repository; without it, npm's tokens are refreshed
    #[arg(long, value_name = "NAME")]
    repository: Option<RepositoryName>,
    #[command(flatten)]
    domain: DomainFlags,
    /// The name of the registry in the package manager [default: the repository's]
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    registry: Option<String>,
    /// The repository's URL, where it is not the usual one: dual-stack, VPC endpoint, CloudFront
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Change the registration that there is, in place of adding one
    #[arg(long = "move", conflicts_with = "print")]
    moves: bool,
    /// Show the lines for the package manager's configuration and write nothing
    #[arg(long, conflicts_with = "dry_run")]
    print: bool,
    /// Show what would change and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    flags: ToolFlags,
    /// Whether somebody else says what to type next.
    #[arg(skip)]
    is_part: bool,
}

impl Args {
    /// For a repository of a profile that is there, as a part of a join.
    pub(super) fn for_join(tool: Tool, repository: &RepositoryName, profile: &str) -> Self {
        Self {
            tool,
            repository: Some(repository.clone()),
            domain: DomainFlags { profile: Some(profile.to_owned()), ..DomainFlags::default() },
            registry: None,
            endpoint: None,
            moves: false,
            print: false,
            dry_run: false,
            flags: ToolFlags::default(),
            is_part: true,
        }
    }

    /// Names a flag that was typed and only means something to a setup.
    fn needs_repository(&self) -> Option<&'static str> {
        let DomainFlags { domain, domain_owner, region, profile: _, aws_profile } = &self.domain;
        let typed = [
            (domain.is_some(), "--domain"),
            (domain_owner.is_some(), "--domain-owner"),
            (region.is_some(), "--region"),
            (aws_profile.is_some(), "--aws-profile"),
            (self.registry.is_some(), "--registry"),
            (self.endpoint.is_some(), "--endpoint"),
            (self.moves, "--move"),
            (self.print, "--print"),
        ];
        let own = typed.into_iter().find(|(typed, _)| *typed).map(|(_, flag)| flag);
        own.or_else(|| self.flags.needs_repository())
    }
}

/// Reads `--tool`, and lists what there is.
fn tool_parser() -> impl TypedValueParser<Value = Tool> {
    let names = Tool::ALL.iter().map(|tool| match tool {
        Tool::Yarn => PossibleValue::new(tool.name()).help("yarn 2 and later"),
        Tool::YarnClassic => PossibleValue::new(tool.name()).help("yarn 1"),
        _ => PossibleValue::new(tool.name()),
    });
    PossibleValuesParser::new(names)
        .try_map(|name| Tool::named(&name).ok_or_else(|| format!("`{name}` is not a tool")))
}

/// What the user asked for, read once.
struct Request {
    tool: Tool,
    repository: RepositoryName,
    domain: DomainFlags,
    registry: Option<String>,
    endpoint: Option<GivenEndpoint>,
    moves: bool,
    options: Options,
    /// With the options that were typed: to find what is there.
    client: Box<dyn Client>,
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<(), Failure> {
    check_flags(args.tool, args)?;
    let home = context.home();
    let Some(repository) = args.repository.clone() else {
        return refresh(context, args);
    };
    // Each scope is a registration of its own.
    for name in args.flags.scopes() {
        run_one(args, home, &repository, args.registry.clone().or(name))?;
    }
    Ok(())
}

/// Without a repository: nothing is set up, and static tokens are refreshed, those of a profile or a file where one is typed.
fn refresh(context: &Context, args: &Args) -> Result<(), Failure> {
    if !args.tool.reads_static_token() {
        return Err(Failure::new(
            ErrorKind::Usage,
            "the repository is not named",
            "Give `--repository REPOSITORY`.",
        ));
    }
    if let Some(flag) = args.needs_repository() {
        return Err(Failure::new(
            ErrorKind::Usage,
            format!("`{flag}` means nothing without `--repository`"),
            "Give `--repository REPOSITORY` to set one up, or leave the flag out to refresh tokens.",
        ));
    }
    let config = context.config()?;
    let profile = args.domain.profile.as_deref();
    if let Some(name) = profile {
        config.profile_named(name)?;
    }
    let file = args.flags.npmrc();
    let filter = Filter { profile, file, tool: Some(args.tool.name()) };
    if args.dry_run {
        static_tokens::show_all(context, filter)
    } else {
        static_tokens::refresh_all(context, filter)
    }
}

fn run_one(
    args: &Args,
    home: &Home,
    repository: &RepositoryName,
    registry: Option<String>,
) -> Result<(), Failure> {
    let options = args.flags.options();
    let client = all::client(home, args.tool, &options, None)?;
    let mut domain = args.domain.clone();
    let endpoint = args.endpoint.as_deref().map(registration::endpoint).transpose()?;
    if let Some(GivenEndpoint::Aws(endpoint)) = &endpoint {
        registration::name_domain(&mut domain, repository, client.tool().format(), endpoint)?;
    }
    let request = Request {
        tool: args.tool,
        repository: repository.clone(),
        domain,
        registry,
        endpoint,
        moves: args.moves,
        options,
        client,
    };
    if args.print {
        return print(&request, home);
    }
    for warning in request.client.check()? {
        terminal::warn(&warning);
    }
    if args.dry_run {
        return dry_run(&request, home);
    }
    confirm_region(&request, home)?;
    let Written { plan, changed, proof, finished } =
        transaction::run(home, |config| plan(&request, home, config))?;
    let config = Config::load(home)?;
    let is_recorded = |known: &Registration| known.is_same_entry(&plan.registration);
    if !plan.client.tool().is_manual() && !config.codeartifact.registrations.iter().any(is_recorded) {
        // What setup has made since then is nobody's.
        Undo::begin(home)?.links()?.into_iter().collect::<Result<Vec<_>, _>>()?;
        return Err(Failure::new(
            ErrorKind::Other,
            "another process took this setup back meanwhile",
            "If you want it, run the command again.",
        ));
    }
    if plan.client.tool().is_manual() {
        terminal::print(&plan.client.snippet(&plan.wanted())?)?;
    }
    output::tell(&plan, &changed, home, &config, finished.as_deref().unwrap_or_default());
    proof::tell(&plan, &proof);
    if !args.is_part {
        output::tell_next(&plan, &proof);
    }
    finished.map(drop)
}

/// Asked before the configuration is locked.
fn confirm_region(request: &Request, home: &Home) -> Result<(), Failure> {
    let config = Config::load(home)?;
    let standing = Standing::of(home, &config, request.moves);
    let (chosen, _) = decide(request, &config, &standing)?;
    region::confirm(&chosen.profile.region, chosen.region, Service::CodeArtifact)
}

/// A flag that means nothing to the tool is an error: the user expects something of it.
fn check_flags(tool: Tool, args: &Args) -> Result<(), Failure> {
    let name = args
        .registry
        .as_ref()
        .filter(|_| tool.is_nodes() || matches!(tool, Tool::Pip | Tool::Gradle))
        .map(|_| "--registry");
    let moves = Some("--move").filter(|_| args.moves && tool.is_manual());
    match args.flags.foreign_to(tool).or(name).or(moves) {
        None => Ok(()),
        Some("--registry") if tool.is_nodes() => Err(Failure::new(
            ErrorKind::Usage,
            "`--registry` means nothing to this tool",
            "Registries have no names there; `--scope @SCOPE` chooses packages.",
        )),
        Some(flag) => Err(Failure::new(
            ErrorKind::Usage,
            format!("`{flag}` means nothing to this tool"),
            "Leave it out.",
        )),
    }
}

fn print(request: &Request, home: &Home) -> Result<(), Failure> {
    let config = Config::load(home)?;
    let (_, planned) = decide(request, &config, &Standing::default())?;
    let registration = &planned.registration;
    let wanted = SetupRequest { registration, corrects: None, config: &config, bases: &[] };
    let snippet = request.client.snippet(&wanted)?;
    terminal::say(&format!("for `{}`:", request.client.file().display()));
    terminal::print(&snippet)
}

fn dry_run(request: &Request, home: &Home) -> Result<(), Failure> {
    let mut config = Config::load(home)?;
    let plan = plan(request, home, &mut config)?;
    for note in &plan.edits.notes {
        terminal::warn(note);
    }
    project_trust::warn(&plan.targets(), &[plan.client.tool()]);
    let mut diff = String::new();
    for Edit { file, after } in &plan.edits.files {
        let dialect = plan.client.dialect(file.path());
        let after = plan.client.preview(after, &plan.wanted());
        diff.push_str(&preview::diff(file.path(), dialect, (file.present_text(), &after)));
    }
    if plan.records {
        // As it stands on disk, so that the diff is about that.
        let text = EditedFile::read(home.config_file())?;
        let after = config.to_json(home)?;
        diff.push_str(&preview::own_diff(&home.config_file(), (text.text(), &after)));
    }
    let made = plan.client.would_make();
    for line in &made {
        terminal::say(line);
    }
    if diff.is_empty() && made.is_empty() {
        terminal::done("nothing would change");
    }
    terminal::print(&diff)
}

/// Decides everything, changes `config`, writes nothing.
fn plan(request: &Request, home: &Home, config: &mut Config) -> Result<Plan, Failure> {
    let standing = Standing::of(home, config, request.moves);
    let (chosen, planned) = decide(request, config, &standing)?;
    let registration = planned.registration.clone();
    let replaced = planned.before(config).cloned();
    // What an earlier setup of this very repository wrote may be corrected, if that is what the person typed.
    let typed = matches!(chosen.change, Change::Changed { .. }) || request.endpoint.is_some();
    let is_its = |before: &Registration| {
        before.profile == chosen.name && before.repository == request.repository && typed
    };
    let corrects = replaced.clone().filter(|before| planned.corrects || is_its(before));
    let before = config.clone();
    let mut bases = Vec::new();
    let is_other = |known: &&Registration| planned.corrects || known.endpoint != registration.endpoint;
    if let Some(gone) = replaced.as_ref().filter(is_other) {
        let mut preview = Preview::begin(home)?;
        preview.registration(gone)?;
        bases.extend(preview.files().map(|file| (file.path.to_owned(), file.after.map(str::to_owned))));
    }
    let recorded = all::options_of(request.tool, &registration);
    let options = Options { file: request.options.file.clone(), ..recorded };
    // Setup brings the path of the helper up to date.
    let client = all::client(home, request.tool, &options, None)?;
    file_lock::check_name(client.file())?;
    let wanted = SetupRequest {
        registration: &registration,
        corrects: corrects.as_ref(),
        config: &before,
        bases: &bases,
    };
    let mut edits = client.plan(&wanted)?;
    // Another version of the client may have read another file.
    let is_planned = |path: &Path| edits.files.iter().any(|edit| edit.file.path() == path);
    let left = bases.iter().map(|(path, _)| path).filter(|path| !is_planned(path));
    let left = left.map(|path| wanted.read(path)).collect::<Result<Vec<_>, _>>()?;
    edits.files.extend(left.into_iter().map(|file| Edit { after: file.text().to_owned(), file }));
    let profiles = &mut config.codeartifact.profiles;
    if chosen.name == "default" && profiles.is_empty() && config.codeartifact.default.is_none() {
        config.codeartifact.default = Some(chosen.name.clone());
    }
    profiles.insert(chosen.name.clone(), chosen.profile.clone());
    if !request.client.tool().is_manual() {
        planned.record(config);
    }
    let former = replaced
        .as_ref()
        .and_then(|gone| correction::leave(config, &before, gone, (&chosen.name, &standing)));
    let records = *config != before;
    let is_custom = matches!(request.endpoint, Some(GivenEndpoint::Custom(_)));
    Ok(Plan {
        client,
        chosen,
        registration,
        corrects,
        replaced,
        former,
        edits,
        bases,
        before,
        records,
        standing,
        is_custom,
    })
}

fn decide(request: &Request, config: &Config, standing: &Standing) -> Result<(Chosen, Planned), Failure> {
    let Request { repository, client, options, .. } = request;
    let registry = request.registry.as_deref();
    let profile = request.domain.profile_name();
    let typed = Typed { repository, registry, profile: profile.as_deref() };
    let mut place = correction::find(config, &**client, typed, standing)?;
    let known = place.and_then(|place| config.codeartifact.registrations.get(place));
    let usage = Use { tool: client.tool().name(), repository, corrects: known, standing };
    let chosen = profile::choose(config, &request.domain, usage)?;
    // The same domain again would be refused again.
    let stored = known.and_then(|known| config.codeartifact.profiles.get(&known.profile));
    if !standing.moves && stored.is_none_or(|stored| stored.domain() == chosen.profile.domain()) {
        place = None;
    }
    let url = match &request.endpoint {
        Some(given) => given.url(),
        None => {
            let usual =
                || Endpoint::new(chosen.profile.domain(), client.tool().format(), repository.clone()).url();
            let kept = matches!(chosen.change, Change::Kept | Change::Relinked);
            let of = (chosen.name.as_str(), repository);
            let recorded = registration::recorded_endpoint(config, &**client, of, registry);
            match recorded.filter(|_| kept) {
                // It may have been typed into the file.
                Some(recorded) => registration::endpoint(&recorded)?.url(),
                None => usual(),
            }
        }
    };
    let wanted = Place { profile: &chosen.name, repository, registry, corrects: place };
    let planned = Planned::new(config, &**client, options, wanted, url)?;
    Ok((chosen, planned))
}
