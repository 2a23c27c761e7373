//! Which package managers this machine has.

use crate::program::{Asked, ask_version, on_path};
use crate::tool::Tool;

/// Whether a package manager's program is on PATH. Of yarn it is asked which one it is.
pub fn is_installed(tool: Tool) -> bool {
    let Some(program) = programs(tool).iter().find(|name| on_path(name).is_some()) else { return false };
    match tool {
        Tool::Yarn => !is_yarn_1(program),
        Tool::YarnClassic => is_yarn_1(program),
        _ => true,
    }
}

/// What it is started by.
fn programs(tool: Tool) -> &'static [&'static str] {
    match tool {
        Tool::Cargo => &["cargo"],
        Tool::Npm => &["npm"],
        Tool::Pnpm => &["pnpm"],
        Tool::Yarn | Tool::YarnClassic => &["yarn"],
        Tool::Bun => &["bun"],
        Tool::Pip => &["pip", "pip3"],
        Tool::Uv => &["uv"],
        Tool::Twine => &["twine"],
        Tool::Poetry => &["poetry"],
        Tool::Pdm => &["pdm"],
        Tool::Maven => &["mvn"],
        Tool::Gradle => &["gradle"],
        Tool::Sbt => &["sbt"],
        Tool::Nuget => &["dotnet", "nuget"],
        Tool::Ruby => &["bundle"],
        Tool::Swift => &["swift"],
    }
}

fn is_yarn_1(program: &str) -> bool {
    matches!(ask_version(program), Asked::Version(version) if version.trim_start().starts_with("1."))
}
