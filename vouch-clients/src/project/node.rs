//! What npm, pnpm, yarn 1 and bun read in a project: `.npmrc`, `.yarnrc`, `pnpm-workspace.yaml`, `bunfig.toml`, `.env`.

use std::path::{Path, PathBuf};

use super::found::{Effect, Found, Network, is_off, upwards};
use super::setting::{Beside, Setting, expanded, of_dotenv, of_npmrc, of_toml, of_yaml, of_yarnrc};
use super::targets::{Targets, host};
use crate::node::project::Reader;
use crate::node::user_npmrc;
use crate::node::workspace::ProjectLocation;
use crate::tool::Tool;

/// What a `.env` sets for Node has no key in `.npmrc`.
const UNCHECKED_BY_NODE: &str = "NODE_TLS_REJECT_UNAUTHORIZED";

const PROXIES: [&str; 3] = ["https-proxy", "proxy", "http-proxy"];

/// Looks at what one of these clients reads, but for its lock.
pub(super) fn look(found: &mut Found<'_>, folder: &Path, tool: Tool) {
    let place = ProjectLocation::of(folder);
    let mut settings = npmrc(found, folder, &place, tool);
    match tool {
        Tool::YarnClassic => {
            // What both files set, yarn takes from its own; and whether it checks certificates only from there.
            settings.retain(|setting| setting.key() != "strict-ssl");
            let mut own = yarnrc(found, folder);
            // A registry it takes from there only where no `.npmrc` names it, the user's neither.
            let user = user_npmrc(None).ok().and_then(|file| found.files.text(&file)).unwrap_or_default();
            let users = of_npmrc(Path::new(""), &user);
            let is_named = |it: &Setting| settings.iter().chain(&users).any(|other| other.path == it.path);
            own.retain(|it| plain_key(it) != "registry" || !is_named(it));
            settings = [own, settings].concat();
        }
        Tool::Pnpm => settings = [workspace_yaml(found, &place), settings].concat(),
        Tool::Bun => {
            // It takes no proxy from there (measured).
            settings.retain(|setting| !PROXIES.contains(&setting.key()));
            settings = [bunfig(found, folder, &place), dotenv(found, folder), settings].concat();
        }
        _ => {}
    }
    judge(found, &settings, tool);
}

/// The settings of the files called `.npmrc`, those in force first.
fn npmrc(found: &mut Found<'_>, folder: &Path, place: &ProjectLocation, tool: Tool) -> Vec<Setting> {
    let user = user_npmrc(None).unwrap_or_default();
    let files: Vec<PathBuf> = match tool {
        Tool::YarnClassic => upwards(folder, ".npmrc", Some(&user)),
        // One of a member is read by pnpm 10 alone, whose version is not asked for here.
        Tool::Pnpm => Reader { tool, major: Some(10) }.npmrcs(place, &user),
        _ => Reader { tool, major: None }.npmrcs(place, &user),
    };
    let mut settings: Vec<Setting> = Vec::new();
    for file in files {
        let Some(text) = found.files.text(&file) else { continue };
        let here = of_npmrc(&file, &text);
        // npm then reads that file in place of the user's.
        let other = here
            .iter()
            .find(|it| it.key() == "userconfig" && tool == Tool::Npm)
            .map(|it| folder.join(it.expanded()));
        let other = other.and_then(|path| Some(of_npmrc(&path, &found.files.text(&path)?)));
        let is_new =
            |it: &Setting| !settings.iter().any(|known| known.path == it.path && known.file != it.file);
        let new: Vec<_> = here.into_iter().filter(is_new).collect();
        settings.extend(new);
        settings.extend(other.into_iter().flatten());
    }
    settings
}

fn yarnrc(found: &mut Found<'_>, folder: &Path) -> Vec<Setting> {
    let user = vouch_core::env::home_dir().map(|home| home.join(".yarnrc"));
    let mut settings: Vec<Setting> = Vec::new();
    for file in upwards(folder, ".yarnrc", user.as_deref()) {
        let here = found.files.text(&file).map(|text| of_yarnrc(&file, &text)).unwrap_or_default();
        let is_new = |it: &Setting| !settings.iter().any(|known| known.path == it.path);
        let new: Vec<_> = here.into_iter().filter(is_new).collect();
        settings.extend(new);
    }
    settings
}

/// With the keys of `.npmrc`.
fn workspace_yaml(found: &mut Found<'_>, place: &ProjectLocation) -> Vec<Setting> {
    let folder = place.pnpm_workspace.as_ref().unwrap_or(&place.root);
    let file = folder.join("pnpm-workspace.yaml");
    let Some(text) = found.files.text(&file) else { return Vec::new() };
    let renamed = |setting: Setting| {
        let key = match (setting.keys().as_slice(), setting.key()) {
            (["registries", ..], _) => "registry",
            ([_], "strictSsl") => "strict-ssl",
            ([_], "httpsProxy") => "https-proxy",
            ([_], "httpProxy") => "http-proxy",
            ([_], "noProxy") => "noproxy",
            ([_], key) => key,
            _ => return None,
        };
        let key = key.to_owned();
        Some(setting.known_as(key))
    };
    of_yaml(&file, &text).into_iter().filter_map(renamed).collect()
}

/// With the keys of `.npmrc`; a registry that is a table has its token beside its URL.
fn bunfig(found: &mut Found<'_>, folder: &Path, place: &ProjectLocation) -> Vec<Setting> {
    let file = [folder, &place.root]
        .map(|folder| folder.join("bunfig.toml"))
        .into_iter()
        .find(|path| path.is_file());
    let Some(file) = file else { return Vec::new() };
    let text = found.files.text(&file).unwrap_or_default();
    let all = of_toml(&file, &text);
    let urls = Beside::of(&all, "url");
    let url_of = |setting: &Setting| urls.find(setting).map(|it| it.value.clone()).unwrap_or_default();
    let renamed = |setting: &Setting| {
        let keys = setting.keys();
        let (["install", section, ..], key) = (keys.as_slice(), setting.key()) else { return None };
        let key = match (*section, key) {
            ("registry" | "scopes", "token" | "password" | "username") => {
                format!(
                    "{}:_authToken",
                    url_of(setting).trim_start_matches("https:").trim_start_matches("http:")
                )
            }
            ("registry" | "scopes", _) => "registry".into(),
            ("cafile" | "ca", _) => (*section).to_owned(),
            _ => return None,
        };
        Some(setting.clone().known_as(key))
    };
    all.iter().filter_map(renamed).collect()
}

/// The variables that bun takes out of a project where the environment has none of that name (measured with 1.4), with the
/// keys of `.npmrc`.
fn dotenv(found: &mut Found<'_>, folder: &Path) -> Vec<Setting> {
    let renamed = |setting: Setting| {
        let key = match setting.key() {
            "NODE_TLS_REJECT_UNAUTHORIZED" if setting.value == "0" => UNCHECKED_BY_NODE,
            "HTTPS_PROXY" | "https_proxy" => "https-proxy",
            "NO_PROXY" | "no_proxy" => "noproxy",
            "BUN_CONFIG_REGISTRY" | "NPM_CONFIG_REGISTRY" | "npm_config_registry" => "registry",
            _ => return None,
        };
        vouch_core::env::var_os(setting.key()).is_none().then(|| setting.known_as(key))
    };
    let mut settings = Vec::new();
    for name in [".env.local", ".env.development.local", ".env.development", ".env"] {
        let file = folder.join(name);
        let Some(text) = found.files.text(&file) else { continue };
        settings.extend(of_dotenv(&file, &text).into_iter().filter_map(renamed));
    }
    settings
}

/// A key without the registry or the scope before it.
fn plain_key(setting: &Setting) -> &str {
    setting.key().rsplit(':').next().unwrap_or_default()
}

fn judge(found: &mut Found<'_>, settings: &[Setting], tool: Tool) {
    let is_credential =
        |setting: &Setting| ["_authToken", "_auth", "_password", "username"].contains(&plain_key(setting));
    let registries: Vec<_> = settings.iter().filter(|setting| plain_key(setting) == "registry").collect();
    for setting in &registries {
        if found.targets.plain(&setting.expanded()).is_some() {
            found.fail(setting, Effect::Plain, &[]);
        }
    }
    let whole = registries.iter().find(|setting| setting.key() == "registry");
    let is_here = whole.is_some_and(|setting| found.targets.leads_here(&setting.expanded()));
    for setting in settings {
        // pnpm fills no variable of a project's into a credential.
        if found.targets.variable_in(&setting.value).is_none()
            || (tool == Tool::Pnpm && is_credential(setting))
        {
            continue;
        }
        let goes_here = match (setting.key().starts_with("//"), is_credential(setting)) {
            (true, _) => is_for_ours(setting.key(), found.targets),
            (false, true) => is_here,
            (false, false) => found.targets.leads_here(&setting.expanded()),
        };
        if !goes_here {
            found.fail(setting, Effect::Elsewhere, &[]);
        }
    }
    network(found, settings);
}

fn network(found: &mut Found<'_>, settings: &[Setting]) {
    // Some are for one registry alone.
    let of_ours = |setting: &&Setting, name: &str| match setting.key().rsplit_once(':') {
        Some((_, key)) => key == name && is_for_ours(setting.key(), found.targets),
        None => setting.key() == name,
    };
    let first =
        |name: &str| settings.iter().find(|setting| of_ours(setting, name) && !setting.value.is_empty());
    let is_none = |value: &str| ["null", "false", ""].contains(&value.trim());
    let unchecked = first("strict-ssl").filter(|setting| is_off(&setting.expanded()));
    let unchecked = unchecked.or_else(|| first(UNCHECKED_BY_NODE));
    let authority = first("cafile").or_else(|| first("ca")).filter(|setting| !is_none(&setting.value));
    let passed_by = ["noproxy", "no-proxy"].into_iter().find_map(first);
    let passed_by = passed_by.is_some_and(|setting| {
        let names = setting.value.split(',').map(|name| name.trim().trim_start_matches('.'));
        let names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
        let is_excepted = |host: &str| names.iter().any(|name| *name == "*" || host.ends_with(name));
        found.targets.are_excepted(is_excepted)
    });
    let proxy = PROXIES.into_iter().find_map(first).filter(|setting| !is_none(&setting.value) && !passed_by);
    Network { unchecked, authority, proxy, is_held: false }.judge(found);
}

/// Whether a key, `//HOST/PATH/:NAME`, is about a host of ours.
fn is_for_ours(key: &str, targets: &Targets) -> bool {
    let key = expanded(key);
    let registry = key.rsplit_once(':').map_or(key.as_str(), |(registry, _)| registry);
    host(&format!("https:{registry}")).is_some_and(|host| targets.is_ours(&host))
}
