//! Where package managers keep what a registry answered: with it, some keep the token that they asked with.

use std::path::{Path, PathBuf};

use vouch_core::env;
use vouch_core::files::shell_quoted;

use crate::tool::Tool;

/// A folder of a package manager for what it may fetch again, or for its logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// Where it is. It need not be there.
    pub folder: PathBuf,
    /// The package manager's own command that empties it.
    clear: Option<&'static str>,
}

impl Cache {
    /// Those of a package manager: where its variables have them, else in the usual place. What its configuration says is
    /// not read.
    pub fn of(tool: Tool) -> Vec<Self> {
        let rooted = |root: Option<PathBuf>, parts: &[(&str, Option<&'static str>)]| -> Vec<Self> {
            let root = root.into_iter();
            root.flat_map(|root| {
                parts.iter().map(move |(part, clear)| Self {
                    folder: if part.is_empty() { root.clone() } else { root.join(part) },
                    clear: *clear,
                })
            })
            .collect()
        };
        match tool {
            Tool::Pip => {
                let folder = named("PIP_CACHE_DIR").or_else(|| platform("pip", r"pip\Cache"));
                rooted(folder, &[("", Some("pip cache purge"))])
            }
            Tool::Uv => {
                // On macOS, too, below `.cache` (uv's documentation, "Caching").
                let usual =
                    || if cfg!(windows) { platform("uv", r"uv\cache") } else { Some(xdg()?.join("uv")) };
                rooted(named("UV_CACHE_DIR").or_else(usual), &[("", Some("uv cache clean"))])
            }
            // Its virtual environments are beside these.
            Tool::Poetry => rooted(
                named("POETRY_CACHE_DIR").or_else(|| platform("pypoetry", r"pypoetry\Cache")),
                &[("cache", None), ("artifacts", None)],
            ),
            Tool::Pdm => {
                let folder = named("PDM_CACHE_DIR").or_else(|| platform("pdm", r"pdm\pdm\Cache"));
                rooted(folder, &[("", Some("pdm cache clear"))])
            }
            Tool::Npm => {
                let usual = || if cfg!(windows) { local("npm-cache") } else { home(".npm") };
                rooted(
                    named("npm_config_cache").or_else(usual),
                    &[("_cacache", Some("npm cache clean --force")), ("_logs", None)],
                )
            }
            Tool::Pnpm => rooted(platform("pnpm", "pnpm-cache"), &[("", None)]),
            Tool::YarnClassic => {
                let usual = || {
                    if cfg!(target_os = "macos") {
                        platform("Yarn", "")
                    } else {
                        platform("yarn", r"Yarn\Cache")
                    }
                };
                rooted(named("YARN_CACHE_FOLDER").or_else(usual), &[("", Some("yarn cache clean"))])
            }
            Tool::Yarn => rooted(named("YARN_GLOBAL_FOLDER").or_else(|| home(".yarn/berry")), &[("", None)]),
            Tool::Bun => rooted(
                named("BUN_INSTALL_CACHE_DIR").or_else(|| home(".bun/install/cache")),
                &[("", Some("bun pm cache rm"))],
            ),
            Tool::Cargo => rooted(named("CARGO_HOME").or_else(|| home(".cargo")), &[("registry", None)]),
            Tool::Maven => rooted(home(".m2"), &[("repository", None)]),
            Tool::Gradle => rooted(
                named("GRADLE_USER_HOME").or_else(|| home(".gradle")),
                &[("caches", None), ("daemon", None)],
            ),
            Tool::Twine | Tool::Sbt | Tool::Nuget | Tool::Ruby | Tool::Swift => Vec::new(),
        }
    }

    /// What takes a file out of it.
    pub fn fix(&self, file: &Path) -> String {
        match self.clear {
            Some(command) => format!("Run `{command}`."),
            None if cfg!(windows) => format!("Delete `{}`.", file.display()),
            None => format!("Run `rm {}`.", shell_quoted(file)),
        }
    }
}

/// The folder of pdm's cache that has the `Authorization` of requests where an answer allows caches that are shared (pdm
/// 2.29, measured).
pub fn pdm_http() -> Option<Cache> {
    Cache::of(Tool::Pdm).into_iter().next().map(|cache| Cache { folder: cache.folder.join("http"), ..cache })
}

/// The folder that a variable names; relative to the current folder, as the client takes it.
fn named(variable: &str) -> Option<PathBuf> {
    std::path::absolute(env::var_os(variable).filter(|value| !value.is_empty())?).ok()
}

fn home(below: &str) -> Option<PathBuf> {
    Some(env::home_dir()?.join(below))
}

/// `XDG_CACHE_HOME`, else `.cache` (XDG Base Directory Specification).
fn xdg() -> Option<PathBuf> {
    named("XDG_CACHE_HOME").or_else(|| home(".cache"))
}

fn local(below: &str) -> Option<PathBuf> {
    named("LOCALAPPDATA").or_else(|| home(r"AppData\Local")).map(|folder| folder.join(below))
}

/// The usual place for caches of an application on each platform.
fn platform(application: &str, on_windows: &str) -> Option<PathBuf> {
    if cfg!(windows) {
        return local(on_windows);
    }
    if cfg!(target_os = "macos") {
        return Some(home("Library/Caches")?.join(application));
    }
    Some(xdg()?.join(application))
}
