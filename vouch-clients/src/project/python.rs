//! What uv, poetry and pdm read in a project: `uv.toml`, `pyproject.toml`, `poetry.toml`, `pdm.toml`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::found::{Effect, Found, Network, is_off};
use super::pip::{is_within, plain_values};
use super::setting::{Beside, Setting, of_toml};
use crate::python::holds_proxies;

/// uv reads the nearest `uv.toml`, or the nearest `pyproject.toml` that has a table for it.
pub(super) fn uv(found: &mut Found<'_>, folder: &Path) {
    let settings = folder.ancestors().find_map(|folder| of_uv(found, folder)).unwrap_or_default();
    let first = |key: &str| settings.iter().find(|it| it.is(&[key]));
    // Each with the hosts of ours that it is for.
    let insecure = |it: &Setting| -> Vec<String> {
        let host = it.value.split_once("://").map_or(it.value.as_str(), |(_, host)| host);
        let host = host.split(':').next().unwrap_or_default();
        let hosts = found.targets.hosts().filter(|known| host == "*" || known.eq_ignore_ascii_case(host));
        hosts.filter(|_| it.is(&["allow-insecure-host"])).map(str::to_owned).collect()
    };
    let unchecked = settings.iter().find(|it| !insecure(it).is_empty());
    let passed_by = settings
        .iter()
        .any(|it| it.is(&["no-proxy"]) && (it.value == "*" || found.targets.is_ours(&it.value)));
    let proxy = first("https-proxy").filter(|_| !passed_by);
    // What the user excepts from proxies, a project cannot send through one. To ask that starts every uv.
    let hosts: Vec<String> = settings.iter().flat_map(insecure).collect();
    let is_held = proxy.is_some() && unchecked.is_some() && holds_proxies(&hosts);
    Network { unchecked, authority: None, proxy, is_held }.judge(found);
}

fn of_uv(found: &mut Found<'_>, folder: &Path) -> Option<Vec<Setting>> {
    let file = folder.join("uv.toml");
    if let Some(text) = found.files.text(&file) {
        return Some(of_toml(&file, &text));
    }
    let file = folder.join("pyproject.toml");
    let text = found.files.text(&file)?;
    let within = |mut setting: Setting| {
        let below = setting.path.strip_prefix(&["tool".to_owned(), "uv".to_owned()])?.to_vec();
        setting.path = below;
        Some(setting)
    };
    let settings: Vec<_> = of_toml(&file, &text).into_iter().filter_map(within).collect();
    Some(settings).filter(|settings| !settings.is_empty())
}

/// poetry reads `poetry.toml` beside the nearest `pyproject.toml`.
pub(super) fn poetry(found: &mut Found<'_>, folder: &Path) {
    let Some(file) = nearest(folder, &["poetry.toml"]) else { return };
    let settings = found.files.text(&file).map(|text| of_toml(&file, &text)).unwrap_or_default();
    let project = file.with_file_name("pyproject.toml");
    let sources = found.files.text(&project).map(|text| of_toml(&project, &text)).unwrap_or_default();
    let targets = found.targets;
    // A repository of the user's, or one that the project names itself.
    let own = settings.iter().filter_map(|it| match it.keys().as_slice() {
        ["repositories", name, "url"] if targets.leads_here(&it.value) => Some((*name).to_owned()),
        _ => None,
    });
    let names = Beside::of(&sources, "name");
    let of_source = sources
        .iter()
        .filter(|it| it.is(&["tool", "poetry", "source", "url"]) && targets.leads_here(&it.value))
        .filter_map(|it| Some(names.find(it)?.value.clone()));
    let ours: HashSet<String> = own.chain(of_source).collect();
    let is_ours = |name: &str| targets.is_named(name) || ours.contains(name);
    for setting in &settings {
        match setting.keys().as_slice() {
            ["certificates", name, "cert"] if is_ours(name) && is_off(&setting.value) => {
                found.warn(setting, Effect::Unchecked, &[]);
            }
            ["certificates", name, "cert"] if is_ours(name) && setting.value != "true" => {
                found.warn(setting, Effect::Authority, &[]);
            }
            ["cache-dir"] if is_within(setting, file.parent().unwrap_or(folder)) => {
                found.warn(setting, Effect::Cache, &[]);
            }
            _ => {}
        }
    }
}

/// pdm reads `pdm.toml` beside the nearest `pyproject.toml`, and sends its token where a dependency leads on the same host.
pub(super) fn pdm(found: &mut Found<'_>, folder: &Path) {
    let root = nearest(folder, &["pyproject.toml", "pdm.toml"]);
    let root = root.as_deref().and_then(Path::parent).unwrap_or(folder).to_owned();
    for name in ["pyproject.toml", "pdm.lock", "pylock.toml"] {
        plain_values(found, &root.join(name));
    }
    let file = root.join("pdm.toml");
    let project = root.join("pyproject.toml");
    let settings = found.files.text(&file).map(|text| of_toml(&file, &text)).unwrap_or_default();
    let sources = found.files.text(&project).map(|text| of_toml(&project, &text)).unwrap_or_default();
    let urls = Beside::of(settings.iter().chain(&sources), "url");
    for setting in settings.iter().chain(&sources) {
        let leads_here = urls.find(setting).map(|url| found.targets.leads_here(&url.value));
        let keys: Vec<&str> = setting.keys().iter().flat_map(|key| key.split('.')).collect();
        let is_ours = match keys.as_slice() {
            // What is set for PyPI is set for the index that the user has in its place.
            ["pypi", _] => leads_here.unwrap_or(true),
            ["pypi", name, _] | ["repository", name, _] => {
                leads_here.unwrap_or_else(|| found.targets.is_named(name))
            }
            ["tool", "pdm", "source", _] => leads_here.unwrap_or_default(),
            ["cache_dir"] => is_within(setting, &root),
            _ => false,
        };
        let effect = match keys.last() {
            Some(&"verify_ssl") if is_off(&setting.value) => Effect::Unchecked,
            Some(&"ca_certs") => Effect::Authority,
            Some(&"cache_dir") => Effect::Cache,
            _ if found.targets.variable_in(&setting.value).is_some()
                && found.targets.leads_elsewhere(&setting.value) =>
            {
                found.fail(setting, Effect::Elsewhere, &[]);
                continue;
            }
            _ => continue,
        };
        if is_ours {
            found.warn(setting, effect, &[]);
        }
    }
}

fn nearest(folder: &Path, names: &[&str]) -> Option<PathBuf> {
    let in_folder = |folder: &Path| names.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    folder.ancestors().find_map(in_folder)
}
