//! npm's, pnpm's, yarn's and bun's part of `vouch doctor`.

use std::path::{Path, PathBuf};

use vouch_core::UnixTime;
use vouch_core::config::Registration;
use vouch_core::env;
use vouch_core::files;
use vouch_core::hint::{LOGIN, NPM_REFRESH, SETUP_TOOL, VOUCH_LOGOUT};
use vouch_core::http::NamedProxy;

use super::workspace::ProjectLocation;
use super::{Pnpm, Yarn, home, named_npmrc, pnpm, project, user_npmrc};
use crate::client::{Client, SetupRequest};
use crate::finding::{Finding, Status};
use crate::inspect::{self, ENTRY, InspectContext, LOCKFILE, NETWORK, OVERRIDDEN, VERSION};
use crate::node::npm::registration::{TokenEntry, key, registry_key};
use crate::node::npm::tokens::{self, State};
use crate::node::npm::{Mode, file};
use crate::text::yaml as yarnrc;
use crate::tool::Tool;

/// One that reads a token out of an `.npmrc`.
#[derive(Debug)]
pub struct NpmrcReader {
    tool: Tool,
    program: &'static str,
    oldest: &'static [u32],
}

pub const NPM: NpmrcReader = NpmrcReader { tool: Tool::Npm, program: "npm", oldest: &[8, 0] };
pub const YARN_CLASSIC: NpmrcReader =
    NpmrcReader { tool: Tool::YarnClassic, program: "yarn", oldest: &[1, 0] };
pub const BUN: NpmrcReader = NpmrcReader { tool: Tool::Bun, program: "bun", oldest: &[1, 0] };

impl NpmrcReader {
    pub fn inspect(&self, case: &InspectContext<'_>) -> Vec<Finding> {
        let registration = case.registration;
        let file = named_npmrc(registration).unwrap_or_else(|| user_npmrc(None).unwrap_or_default());
        let planned = case.by_plan();
        let found = planned.entry.status() == Status::Ok;
        let reader = project::Reader { tool: self.tool, major: None };
        let mut findings = with_project(case, planned, &file, Some(reader));
        if found && Mode::of(registration) == Some(Mode::Static) {
            findings.extend(self.token(case));
        }
        let version = version(self.program, self.oldest, self.tool == Tool::YarnClassic);
        if version.message().starts_with("npm 10.") {
            findings.extend(connect(case, &file, reader));
        }
        findings.push(version);
        findings
    }

    /// The static token of the registration's file.
    fn token(&self, case: &InspectContext<'_>) -> Option<Finding> {
        const WHY: &str = "The client asks nobody: it has only the token in that file.";
        let fix = || format!("Run {NPM_REFRESH}; without a session, {LOGIN} does it, too.");
        let registration = case.registration;
        let place = TokenEntry::of(registration)?;
        let file = place.file.display().to_string();
        match tokens::state(case.home, &place) {
            Ok(State::Missing) => {
                Some(Finding::warn(ENTRY, format!("there is no token in `{file}`"), WHY, fix()))
            }
            Ok(State::Written { expires_at }) if expires_at <= UnixTime::now() => {
                Some(Finding::warn(ENTRY, format!("the token in `{file}` has expired"), WHY, fix()))
            }
            Ok(State::Written { .. }) => None,
            Ok(State::Unknown) => Some(Finding::warn(
                ENTRY,
                format!("the token in `{file}` was not written by Vouch"),
                format!(
                    "Nobody knows how long it is good for; Vouch neither renews it nor takes it out at {VOUCH_LOGOUT}."
                ),
                inspect::setup(registration),
            )),
            // The entry would have failed before.
            Err(_) => None,
        }
    }
}

pub fn pnpm(case: &InspectContext<'_>) -> Vec<Finding> {
    let client = Pnpm::new(case.home);
    let link = client.as_ref().ok().and_then(|client| client.link(&case.registration.profile).ok());
    let file = user_npmrc(None).unwrap_or_default();
    let reader = client.as_ref().ok().map(Pnpm::reader);
    let mut findings = with_project(case, case.by_plan(), &file, reader);
    let auth_file = client.as_ref().ok().map(|client| client.file().to_owned());
    if let Some(named) = auth_file.and_then(|file| pnpm::home_of(&file, case.registration)) {
        case.judge_home(&mut findings, named.as_deref());
    }
    findings.extend(client.as_ref().ok().and_then(|client| client.left_out(case.folder)));
    findings.extend(link.and_then(|link| inspect::helper(&link, case.registration)));
    let (major, minor) = pnpm::OLDEST;
    findings.push(version(pnpm::PROGRAM, &[major, minor], false).softened());
    findings
}

pub fn yarn(case: &InspectContext<'_>) -> Vec<Finding> {
    let named = Yarn::new(case.home, true).ok().and_then(|yarn| yarn.named_helper());
    let mut findings = case.by_plan().findings();
    findings.extend(named.and_then(|helper| inspect::helper(&helper, case.registration)));
    findings.extend(yarn_variables(case.registration));
    findings.extend(yarn_project(case));
    findings.extend(case.lock_files(&["yarn.lock"]));
    findings.push(version("yarn", &[3, 2], false));
    findings
}

fn yarn_variables(registration: &Registration) -> Vec<Finding> {
    let server = registration.name.is_none().then_some("YARN_NPM_REGISTRY_SERVER");
    let names = server.into_iter().chain(["YARN_NPM_AUTH_TOKEN", "YARN_NPM_AUTH_IDENT", "YARN_RC_FILENAME"]);
    names.filter(|name| env::var(name).is_some()).map(inspect::overriding_variable).collect()
}

/// yarn reads every `.yarnrc.yml` from the folder upwards, the nearest first.
fn yarn_project(case: &InspectContext<'_>) -> Vec<Finding> {
    let user = home().map(|home| home.join(".yarnrc.yml")).unwrap_or_default().canonicalize().ok();
    let mut findings = Vec::new();
    for folder in case.folder.ancestors() {
        let path = folder.join(".yarnrc.yml");
        let Ok(text) = files::read_text(&path) else { continue };
        if path.canonicalize().ok() == user {
            continue;
        }
        for (name, value) in yarnrc::settings(&text) {
            let own = value.trim_end_matches('/') == case.registration.endpoint.trim_end_matches('/');
            let overrides = match name.as_str() {
                "npmRegistryServer" => case.registration.name.is_none() && !own,
                "npmAuthToken" | "npmAuthIdent" => true,
                "npmScopes" => case.registration.name.as_deref().is_some_and(|scope| {
                    text.lines().any(|line| line.trim() == format!("{}:", scope.trim_start_matches('@')))
                }),
                _ => false,
            };
            if overrides {
                let note =
                    format!("`{}` sets `{name}`, which goes before your own in that project", path.display());
                findings.push(inspect::overridden(note));
            }
        }
    }
    findings
}

/// npm 10.9 sends the token to a proxy inside its CONNECT; npm 8, 11 and 12 do not (measured).
fn connect(case: &InspectContext<'_>, user_file: &Path, reader: project::Reader) -> Option<Finding> {
    const SETTINGS: [&str; 2] = ["https-proxy", "proxy"];
    let place = ProjectLocation::of(case.folder);
    let files = reader.npmrcs(&place, user_file).into_iter().chain([user_file.to_owned()]);
    let names_one = |path: &PathBuf| {
        let npmrc = file::load(path).unwrap_or_default();
        SETTINGS
            .iter()
            .any(|key| npmrc.value(key).is_some_and(|value| !["", "null"].contains(&value.as_str())))
    };
    let by_file = files.into_iter().find(names_one).map(|path| format!("`{}`", path.display()));
    let host = case.registration.endpoint.trim_start_matches("https://").split(['/', ':']).next()?;
    let by_variable = || NamedProxy::from_env(host).ok().flatten().map(|proxy| proxy.variable.to_string());
    let by = by_file.or_else(by_variable)?;
    Some(Finding::warn(
        NETWORK,
        format!("npm 10 sends the token to the proxy that {by} names"),
        "The token stands in the CONNECT request: the proxy reads it, and so does whoever is on the way there.",
        "Update to npm 11 or later.",
    ))
}

/// What plan and project say, told apart.
fn with_project(
    case: &InspectContext<'_>,
    planned: inspect::Planned,
    user_file: &Path,
    reader: Option<project::Reader>,
) -> Vec<Finding> {
    let Some(reader) = reader else { return planned.findings() };
    let wanted =
        SetupRequest { registration: case.registration, corrects: None, config: case.config, bases: &[] };
    let place = ProjectLocation::of(case.folder);
    let locks = project::lock_files(&place, &wanted);
    let slashes = project::without_slash(&place, user_file, case.registration, reader);
    let inspect::Planned { entry, mut notes } = planned;
    notes.retain(|note| !locks.contains(note) && !slashes.contains(note));
    let mut findings = inspect::Planned { entry, notes }.findings();
    findings.extend(variables(case.registration));
    findings.extend(slashes.into_iter().map(|note| {
        let why = "Installing works; for publishing, the client looks for a token one folder further up.";
        Finding::warn(OVERRIDDEN, note, why, "Add the `/`.")
    }));
    findings.extend(locks.into_iter().map(|note| {
        let why = "npm refuses it, or takes packages from where Vouch gives no token for.";
        Finding::warn(LOCKFILE, note, why, "Have the client write the lock file again.")
    }));
    findings.extend(case.lock_files(&["pnpm-lock.yaml", "yarn.lock", "bun.lock"]));
    findings
}

/// npm's settings in variables, in any case of letters; pnpm has a prefix of its own, too.
fn variables(registration: &Registration) -> Vec<Finding> {
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter_map(|name| judge_variable(&name, registration)).collect()
}

fn judge_variable(name: &str, registration: &Registration) -> Option<Finding> {
    let lower = name.to_ascii_lowercase();
    let setting = lower.strip_prefix("npm_config_").or_else(|| lower.strip_prefix("pnpm_config_"))?;
    let ours = key(&registration.endpoint, "").unwrap_or_default().to_ascii_lowercase();
    let credential = setting.starts_with("//") && setting.starts_with(ours.trim_end_matches([':', '/']));
    let route = setting == registry_key(registration).to_ascii_lowercase();
    (credential || route).then(|| inspect::overriding_variable(name))
}

/// The version, and for yarn 1 that it is not a later one.
fn version(program: &str, oldest: &[u32], is_classic: bool) -> Finding {
    let finding = inspect::version(program, oldest);
    let later = finding.status() == Status::Ok && is_classic && !finding.message().starts_with("yarn 1.");
    if !later {
        return finding;
    }
    Finding::warn(
        VERSION,
        format!("{} is not yarn 1", finding.message()),
        "yarn 2 and later do not read `.npmrc`.",
        format!("Set it up with {}.", SETUP_TOOL.fill("TOOL", "yarn")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration(scope: Option<&str>) -> Registration {
        let text = serde_json::json!({
            "tool": "npm", "repository": "my-repo", "profile": "default", "name": scope,
            "endpoint": "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/npm/my-repo/",
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn variables_of_npm_are_known_in_any_case() {
        let host = "//my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/npm/my-repo/";
        let overrides = |name: &str, scope| judge_variable(name, &registration(scope)).is_some();
        for name in ["npm_config_registry", "NPM_CONFIG_REGISTRY", "pnpm_config_registry"] {
            assert!(overrides(name, None), "{name}");
            assert!(!overrides(name, Some("@acme")), "{name}");
        }
        assert!(overrides("npm_config_@acme:registry", Some("@acme")));
        assert!(overrides(&format!("npm_config_{host}:_authToken"), None));
        for name in ["npm_config_cafile", "npm_config_//registry.npmjs.org/:_authToken", "REGISTRY"] {
            assert!(!overrides(name, None), "{name}");
        }
    }
}
