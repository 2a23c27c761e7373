//! What yarn 2 and later read in a project: `.yarnrc.yml`. Vouch's plugin refuses to send its token under most of these; a
//! token that a project's file takes from the environment, it does not see.

use std::collections::HashSet;
use std::path::Path;

use glob::Pattern;

use super::found::{Effect, Found, Network, is_off, upwards};
use super::setting::{Beside, Setting, of_yaml};

/// Looks at every `.yarnrc.yml` from a folder upwards, without the user's own.
pub(super) fn look(found: &mut Found<'_>, folder: &Path) {
    let user = vouch_core::env::home_dir().map(|home| home.join(".yarnrc.yml"));
    let mut settings: Vec<Setting> = Vec::new();
    for file in upwards(folder, ".yarnrc.yml", user.as_deref()) {
        let here = found.files.text(&file).map(|text| of_yaml(&file, &text)).unwrap_or_default();
        // The nearest file counts.
        let known: HashSet<&[String]> = settings.iter().map(|known| known.path.as_slice()).collect();
        let new: Vec<_> = here.into_iter().filter(|it| !known.contains(it.path.as_slice())).collect();
        settings.extend(new);
    }
    let servers = Beside::in_all(&settings, "npmRegistryServer");
    for setting in &settings {
        if is_server(setting) && found.targets.plain(&setting.expanded()).is_some() {
            found.warn(setting, Effect::Plain, &[]);
        }
        if found.targets.variable_in(&setting.value).is_some() && goes_elsewhere(found, setting, &servers) {
            found.fail(setting, Effect::Elsewhere, &[]);
        }
    }
    network(found, &settings);
}

fn is_server(setting: &Setting) -> bool {
    ["npmRegistryServer", "npmPublishRegistry", "npmAuditRegistry"].contains(&setting.key())
}

/// Whether what is filled into a value goes to another host than ours, as the project's files say.
fn goes_elsewhere(found: &Found<'_>, setting: &Setting, servers: &Beside<'_>) -> bool {
    if !["npmAuthToken", "npmAuthIdent"].contains(&setting.key()) {
        return !found.targets.leads_here(&setting.expanded());
    }
    if let ["npmRegistries", registry, ..] = setting.keys().as_slice() {
        let url =
            if registry.starts_with("//") { format!("https:{registry}") } else { (*registry).to_owned() };
        return !found.targets.leads_here(&url);
    }
    let server = servers.find(setting);
    // Where none is named, the user's own counts.
    server.is_some_and(|server| !found.targets.leads_here(&server.expanded()))
}

fn network(found: &mut Found<'_>, settings: &[Setting]) {
    const BLOCK: &str = "networkSettings";
    let is_for_ours = |setting: &Setting| match setting.keys().as_slice() {
        [_] => true,
        [BLOCK, pattern, _] => {
            Pattern::new(pattern).is_ok_and(|pattern| found.targets.hosts().any(|host| pattern.matches(host)))
        }
        _ => false,
    };
    let first = |names: &[&str]| settings.iter().find(|it| names.contains(&it.key()) && is_for_ours(it));
    let unchecked = first(&["enableStrictSsl"]).filter(|setting| is_off(&setting.value));
    // Written on one line it is not taken apart.
    let opens = |it: &&Setting| {
        it.is(&[BLOCK]) && ["enableStrictSsl", "CaFilePath"].iter().any(|key| it.value.contains(key))
    };
    let unchecked = unchecked.or_else(|| settings.iter().find(opens));
    let authority = first(&["httpsCaFilePath", "caFilePath"]);
    let proxy = first(&["httpsProxy", "httpProxy"]);
    Network { unchecked, authority, proxy, is_held: true }.judge(found);
}
