//! Every package manager that there is: the one place that builds clients.

use vouch_core::Failure;
use vouch_core::config::Registration;
use vouch_core::home::Home;

use crate::client::Client;
use crate::finding::Finding;
use crate::inspect::{ENTRY, InspectContext};
use crate::manual::ManualTool;
use crate::options::Options;
use crate::tool::Tool;
use crate::{cargo, jvm, node, project, python};

/// The client of a tool, with options that were typed or are recorded. For what is `written` already, the helper is the one
/// that its files name: one of another place is as good, and whether it is there is a question of its own.
///
/// # Errors
/// When its file or its helper cannot be found.
pub fn client(
    home: &Home,
    tool: Tool,
    options: &Options,
    written: Option<&Registration>,
) -> Result<Box<dyn Client>, Failure> {
    Ok(match tool {
        Tool::Cargo => {
            Box::new(cargo::Cargo::new(home, options, written.and_then(|known| known.name.as_deref()))?)
        }
        Tool::Npm | Tool::YarnClassic | Tool::Bun => {
            Box::new(node::NpmrcClient::new(home, tool, options, written.is_some())?)
        }
        Tool::Pnpm => Box::new(node::Pnpm::new(home)?),
        Tool::Yarn => Box::new(node::Yarn::new(home, written.is_some())?),
        Tool::Pip => Box::new(python::Pip::new(home, options)?),
        Tool::Uv => Box::new(python::Uv::new(home, options, written.is_some())?),
        Tool::Twine => Box::new(python::Twine::new(home)?),
        Tool::Poetry => Box::new(python::Poetry::new(home)?),
        Tool::Pdm => Box::new(python::Pdm::new(home, options)?),
        Tool::Maven => Box::new(jvm::Maven::new(options)?),
        Tool::Gradle => Box::new(jvm::Gradle::new(home)?),
        Tool::Sbt => Box::new(ManualTool::sbt(home)?),
        Tool::Nuget => Box::new(ManualTool::nuget(home)?),
        Tool::Ruby => Box::new(ManualTool::ruby(home)?),
        Tool::Swift => Box::new(ManualTool::swift(home)?),
    })
}

/// The client of a registration, as it was set up.
///
/// # Errors
/// As [`client`]; or this Vouch does not know the tool.
pub fn client_of(home: &Home, registration: &Registration) -> Result<Box<dyn Client>, Failure> {
    let tool = Tool::named(&registration.tool).ok_or_else(|| {
        Failure::configuration(
            format!("this Vouch does not know `{}`", registration.tool),
            "Install a Vouch at least as new as the one that set it up.",
        )
    })?;
    client(home, tool, &options_of(tool, registration), Some(registration))
}

/// The options of a registration. For one that records none, those that its file tells; others take their default.
pub fn options_of(tool: Tool, registration: &Registration) -> Options {
    let recorded = Options::recorded(registration);
    let name = registration.name.as_deref().unwrap_or_default();
    let told = || match tool {
        Tool::Cargo => Options {
            replace_crates_io: registration
                .file
                .as_deref()
                .is_some_and(|file| cargo::replaces_crates_io(file, name)),
            ..Options::default()
        },
        Tool::Pip => Options { extra: registration.name.is_some(), ..Options::default() },
        Tool::Pdm => Options { extra: python::is_extra(registration), ..Options::default() },
        _ => Options::default(),
    };
    let file = match tool {
        Tool::Npm | Tool::YarnClassic | Tool::Bun => node::named_npmrc(registration),
        Tool::Maven => registration.file.clone(),
        _ => None,
    };
    Options { file, ..recorded.unwrap_or_else(told) }
}

/// Lets the module of the registration's client look, and at the project.
pub fn inspect(case: &InspectContext<'_>) -> Vec<Finding> {
    let mut findings = by_client(case);
    if case.is_first {
        findings.extend(project::inspect(case));
    }
    findings
}

fn by_client(case: &InspectContext<'_>) -> Vec<Finding> {
    match Tool::named(&case.registration.tool) {
        Some(Tool::Cargo) => cargo::inspect::cargo(case),
        Some(Tool::Npm) => node::inspect::NPM.inspect(case),
        Some(Tool::YarnClassic) => node::inspect::YARN_CLASSIC.inspect(case),
        Some(Tool::Bun) => node::inspect::BUN.inspect(case),
        Some(Tool::Pnpm) => node::inspect::pnpm(case),
        Some(Tool::Yarn) => node::inspect::yarn(case),
        Some(Tool::Pip) => python::inspect::pip(case),
        Some(Tool::Uv) => python::inspect::uv(case),
        Some(Tool::Twine) => python::inspect::twine(case),
        Some(Tool::Poetry) => python::inspect::poetry(case),
        Some(Tool::Pdm) => python::inspect::pdm(case),
        Some(Tool::Maven) => jvm::inspect::maven(case),
        Some(Tool::Gradle) => jvm::inspect::gradle(case),
        // Setup registers none of these.
        Some(Tool::Sbt | Tool::Nuget | Tool::Ruby | Tool::Swift) | None => {
            vec![Finding::skip(ENTRY, format!("this Vouch does not know `{}`", case.registration.tool))]
        }
    }
}
