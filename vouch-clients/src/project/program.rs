//! Which clients a command is.

use std::ffi::OsStr;
use std::path::Path;

use crate::tool::Tool;

/// The clients whose files a command reads, by its name. One that is not known may start any of them.
pub fn readers(program: &OsStr) -> Vec<Tool> {
    let name = Path::new(program).file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = [".exe", ".cmd", ".bat"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let tools: &[Tool] = match stem {
        // Deno reads `.npmrc`, too.
        "npm" | "npx" | "deno" => &[Tool::Npm],
        "pnpm" | "pnpx" => &[Tool::Pnpm],
        "yarn" | "yarnpkg" => &[Tool::Yarn, Tool::YarnClassic],
        "bun" | "bunx" => &[Tool::Bun],
        "pip" | "pipx" => &[Tool::Pip],
        "uv" | "uvx" => &[Tool::Uv],
        "poetry" => &[Tool::Poetry],
        "pdm" => &[Tool::Pdm],
        "twine" => &[Tool::Twine],
        "cargo" => &[Tool::Cargo],
        "bundle" | "bundler" | "gem" => &[Tool::Ruby],
        "mvn" | "mvnw" | "mvnd" | "mvndebug" | "mvnsh" => &[Tool::Maven],
        "gradle" | "gradlew" => &[Tool::Gradle],
        "sbt" => &[Tool::Sbt],
        "dotnet" | "nuget" => &[Tool::Nuget],
        "swift" => &[Tool::Swift],
        _ => Tool::ALL,
    };
    tools.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_known_by_its_name_and_any_other_may_be_all() {
        for (program, wanted) in [
            ("npm", &[Tool::Npm][..]),
            ("/usr/bin/npm", &[Tool::Npm]),
            ("NPM.cmd", &[Tool::Npm]),
            ("pip3.12", &[Tool::Pip]),
            ("./mvnw", &[Tool::Maven]),
            ("mvn.cmd", &[Tool::Maven]),
            ("mvnDebug", &[Tool::Maven]),
            ("mvn-wrapper", Tool::ALL),
            ("mvn.sh", Tool::ALL),
            ("yarn", &[Tool::Yarn, Tool::YarnClassic]),
            ("sh", Tool::ALL),
            ("make", Tool::ALL),
            ("python3", Tool::ALL),
            ("npm-run", Tool::ALL),
            ("", Tool::ALL),
        ] {
            assert_eq!(readers(OsStr::new(program)), wanted, "{program}");
        }
    }
}
