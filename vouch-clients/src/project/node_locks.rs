//! Locks of npm, pnpm and yarn, and what a `package.json` takes from a URL.

use std::path::Path;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::found::{Effect, Found};
use super::setting::Setting;
use super::urls::{LineEnds, plain_urls, unescaped};
use crate::node::workspace::ProjectLocation;
use crate::tool::Tool;

/// Looks at the lock and at the dependencies of the project that a folder belongs to.
pub(super) fn look(found: &mut Found<'_>, folder: &Path, tool: Tool) {
    let place = ProjectLocation::of(folder);
    let workspace = match tool {
        Tool::Pnpm => place.pnpm_workspace.as_ref(),
        _ => place.workspace.as_ref(),
    };
    let root = workspace.unwrap_or(&place.root);
    let locks: &[(&str, bool)] = match tool {
        Tool::Npm => &[("npm-shrinkwrap.json", false), ("package-lock.json", false)],
        Tool::Pnpm => &[("pnpm-lock.yaml", true)],
        Tool::YarnClassic => &[("yarn.lock", true)],
        // bun sends no token there (measured).
        _ => &[],
    };
    for (name, has_comments) in locks {
        plain(found, &root.join(name), *has_comments);
    }
    match tool {
        Tool::Yarn => archive_urls(found, &root.join("yarn.lock")),
        Tool::Npm | Tool::Pnpm | Tool::YarnClassic => {
            for folder in [Some(&place.root), workspace].into_iter().flatten() {
                dependencies(found, &folder.join("package.json"));
            }
        }
        _ => {}
    }
}

/// URLs of ours without encryption.
fn plain(found: &mut Found<'_>, file: &Path, has_comments: bool) {
    let Some(text) = found.files.text(file) else { return };
    for (line, url) in plain_urls(&text, has_comments) {
        if let Some(host) = found.targets.plain(&url) {
            found.fail(&Setting::new(file, line, &format!("http://{host}"), url), Effect::Plain, &[]);
        }
    }
}

/// A package of the registry that yarn 4 would take from another host: Vouch's plugin refuses that.
fn archive_urls(found: &mut Found<'_>, file: &Path) {
    const MARK: &str = "::__archiveUrl=";
    let Some(text) = found.files.text(file) else { return };
    let lines = LineEnds::of(&text);
    let mut looked = 0;
    for (place, _) in text.match_indices(MARK) {
        let rest = text.get(place + MARK.len()..).unwrap_or_default();
        // A mark within the URL of another one is of a URL of its own.
        let rest = rest.split(MARK).next().unwrap_or_default();
        let end = rest.find(['"', '\'', '&', '\n']).unwrap_or(rest.len());
        let url = percent_decode_str(rest.get(..end).unwrap_or_default()).decode_utf8_lossy().into_owned();
        let before = text.get(looked..place).unwrap_or_default();
        looked = place;
        let resolution = before.rsplit(['"', '\'', '\n']).next().unwrap_or_default();
        // A scope has a registry of its own as often as not.
        if !resolution.starts_with('@') && !found.targets.leads_here(&url) {
            let setting = Setting::new(file, lines.line(place), "__archiveUrl", url);
            found.warn(&setting, Effect::OtherHost, &[]);
        }
    }
}

/// How many values are looked for from the beginning of a text again: then their lines are not worth it.
const MISSES: usize = 100;

/// The values of a `package.json` that package managers fetch or send to.
fn dependencies(found: &mut Found<'_>, file: &Path) {
    const MAPS: [&str; 8] = [
        "dependencies",
        "devDependencies",
        "optionalDependencies",
        "peerDependencies",
        "overrides",
        "resolutions",
        "pnpm",
        "publishConfig",
    ];
    let Some(text) = found.files.text(file) else { return };
    if plain_urls(&text, false).is_empty() {
        return;
    }
    let Ok(package) = serde_json::from_str::<Value>(&text) else { return };
    let plain = unescaped(&text);
    let lines = LineEnds::of(&plain);
    // They stand one after the other, but for what is written with other escapes.
    let (mut looked, mut missed) = (0, 0);
    let mut line_of = |value: &str| {
        if missed == MISSES {
            return 1;
        }
        let next = plain.get(looked..).and_then(|rest| rest.find(value)).map(|place| looked + place);
        missed += usize::from(next.is_none());
        let place = next.or_else(|| plain.find(value));
        looked = place.unwrap_or(looked);
        place.map_or(1, |place| lines.line(place))
    };
    for name in &MAPS {
        let mut values = Vec::new();
        strings(package.get(name), &mut vec![(*name).to_owned()], &mut values);
        for (path, value) in values {
            if found.targets.plain(&value).is_some() {
                let line = line_of(&value);
                found.fail(&Setting::at(file, line, path, value), Effect::Plain, &[]);
            }
        }
    }
}

fn strings(value: Option<&Value>, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, String)>) {
    match value {
        Some(Value::String(text)) => found.push((path.clone(), text.clone())),
        Some(Value::Object(map)) => {
            for (name, value) in map {
                path.push(name.clone());
                strings(Some(value), path, found);
                path.pop();
            }
        }
        _ => {}
    }
}
