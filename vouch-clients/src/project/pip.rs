//! What pip reads in a project: requirements, the `pip.conf` of its virtual environment, `pylock.toml`, and what a
//! `pyproject.toml` depends on.

use std::path::{Path, PathBuf};

use super::found::{Effect, Found, Network};
use super::setting::{Setting, of_toml};
use super::urls::plain_urls;
use crate::python::{PIP_CONF, pip_key};
use crate::text::ini::Ini;

/// Names that people give to lists of requirements; each may name more.
const LISTS: [&str; 6] = [
    "requirements.txt",
    "requirements-dev.txt",
    "dev-requirements.txt",
    "requirements/base.txt",
    "constraints.txt",
    "requirements.in",
];

/// More than a project nests.
const MOST_LISTS: usize = 64;

/// Looks at a folder: pip looks no further up.
pub(super) fn look(found: &mut Found<'_>, folder: &Path) {
    let mut trusted = requirements(found, folder);
    let conf = pip_conf(found, folder);
    let first = |key: &str| conf.iter().find(|it| it.key() == key && !it.value.is_empty());
    trusted.extend(conf.iter().filter(|it| it.key() == "trusted-host").cloned());
    let is_ours = |it: &&Setting| {
        let hosts = it.value.split_whitespace().map(|host| host.split(':').next().unwrap_or_default());
        hosts.into_iter().any(|host| found.targets.is_ours(host))
    };
    let unchecked = trusted.iter().find(is_ours);
    let network = Network { unchecked, authority: first("cert"), proxy: first("proxy"), is_held: false };
    network.judge(found);
    for setting in &conf {
        let is_index = ["index-url", "extra-index-url", "find-links"].contains(&setting.key());
        if is_index && setting.value.split_whitespace().any(|url| found.targets.plain(url).is_some()) {
            found.fail(setting, Effect::Plain, &[]);
        }
        if setting.key() == "cache-dir" && is_within(setting, folder) {
            found.warn(setting, Effect::Cache, &[]);
        }
    }
    for name in ["pylock.toml", "pyproject.toml"] {
        plain_values(found, &folder.join(name));
    }
}

/// URLs of ours without encryption in the values of a TOML file.
pub(super) fn plain_values(found: &mut Found<'_>, file: &Path) {
    let Some(text) = found.files.text(file) else { return };
    // Most have no such URL at all, and need not be taken apart.
    if plain_urls(&text, false).iter().all(|(_, url)| found.targets.plain(url).is_none()) {
        return;
    }
    for setting in of_toml(file, &text) {
        let urls = plain_urls(&setting.value, false);
        if urls.iter().any(|(_, url)| found.targets.plain(url).is_some()) {
            found.fail(&setting, Effect::Plain, &[]);
        }
    }
}

/// Whether a path leads into the project.
pub(super) fn is_within(setting: &Setting, folder: &Path) -> bool {
    let value = Path::new(&setting.value);
    !setting.value.is_empty()
        && !setting.value.starts_with('~')
        && (value.is_relative() || value.starts_with(folder))
}

/// What lists say; answers their hosts that need not show a certificate.
fn requirements(found: &mut Found<'_>, folder: &Path) -> Vec<Setting> {
    let mut trusted = Vec::new();
    let mut lists: Vec<PathBuf> = LISTS.iter().map(|name| folder.join(name)).collect();
    let mut at = 0;
    while let Some(file) = lists.get(at).cloned().filter(|_| at < MOST_LISTS) {
        at += 1;
        let Some(text) = found.files.text(&file) else { continue };
        for (number, line) in text.lines().enumerate() {
            let line = line.split(" #").next().unwrap_or_default().trim();
            if line.starts_with('#') {
                continue;
            }
            let (option, value) = line.split_once([' ', '=']).unwrap_or((line, ""));
            let value = value.trim_start_matches(['=', ' ']).trim();
            let setting = |key: &str| Setting::new(&file, number + 1, key, value);
            match option {
                "-r" | "--requirement" | "-c" | "--constraint" => {
                    let named = setting(option).named_file();
                    let real = |path: &PathBuf| path.canonicalize().ok();
                    let is_known = lists.iter().any(|known| real(known) == real(&named));
                    if !value.contains("://") && !is_known {
                        lists.push(named);
                    }
                }
                "--trusted-host" => trusted.push(setting(option)),
                _ => {}
            }
            let urls = plain_urls(line, false);
            let host = urls.iter().find_map(|(_, url)| found.targets.plain(url));
            let name = if option.starts_with('-') {
                option.to_owned()
            } else {
                format!("http://{}", host.clone().unwrap_or_default())
            };
            let whole = |key: &str| Setting::new(&file, number + 1, key, line);
            if host.is_some() {
                found.fail(&whole(&name), Effect::Plain, &[]);
            } else if let Some(variable) = found.targets.variable_in(line)
                && found.targets.leads_elsewhere(line)
            {
                found.fail(&whole(variable), Effect::Elsewhere, &[]);
            }
        }
    }
    trusted
}

/// The settings of the virtual environment in the folder, and of the one that is active.
fn pip_conf(found: &mut Found<'_>, folder: &Path) -> Vec<Setting> {
    let active = vouch_core::env::var("VIRTUAL_ENV").map(PathBuf::from);
    let mut settings = Vec::new();
    for environment in active.into_iter().chain([folder.join(".venv"), folder.join("venv")]) {
        let file = environment.join(PIP_CONF);
        let Some(text) = found.files.text(&file) else { continue };
        let Ok(ini) = Ini::parse(&text, pip_key) else { continue };
        const KEYS: [&str; 7] =
            ["proxy", "cert", "trusted-host", "index-url", "extra-index-url", "find-links", "cache-dir"];
        for section in ini.sections() {
            for key in KEYS {
                let Some(value) = ini.value(section, key) else { continue };
                let line = ini.line(section, key).unwrap_or(1);
                settings.push(Setting::new(&file, line, key, value));
            }
        }
    }
    settings
}
