//! The lines of a registration of which the journal knows nothing, in an `.npmrc`.

use vouch_core::Failure;
use vouch_core::config::{Config, Registration};
use vouch_core::home::Home;

use crate::ledger::Ledger;
use crate::node::npm::Npmrc;
use crate::node::npm::file::{Change, LockedNpmrc};
use crate::node::npm::registration::{key, registry_key, replaced};
use crate::variable;

/// Takes them out of its file; whether there were any. `config` is the configuration without it.
pub(super) fn take_out(home: &Home, gone: &Registration, config: &Config) -> Result<bool, Failure> {
    let Some(path) = gone.file.as_deref().filter(|path| path.exists()) else { return Ok(false) };
    let mut file = LockedNpmrc::open(home, path)?;
    let ledger = Ledger::load(home)?;
    let real = file.real().to_owned();
    let npmrc = file.npmrc_mut();
    // A line that somebody has since pointed elsewhere is theirs.
    if points_to(npmrc, gone) {
        match replaced(gone) {
            Some(before) => npmrc.set(&registry_key(gone), before),
            None => drop(npmrc.remove(&registry_key(gone))),
        }
    }
    // Another scope may live on the same token.
    let mut registrations = config.codeartifact.registrations.iter();
    if !registrations.any(|known| known.endpoint == gone.endpoint && known.file == gone.file) {
        let variable = variable::of(gone).map(|name| format!("${{{name}}}"));
        let is_ours = |field: &str, value: &str| match field {
            "_authToken" => variable.as_deref() == Some(value) || ledger.is_ours(&real, value),
            "tokenHelper" => value.contains("npm-token-vouch"),
            _ => true,
        };
        for field in ["_authToken", "tokenHelper", "always-auth"] {
            let Some(line) = key(&gone.endpoint, field) else { continue };
            if npmrc.value(&line).is_some_and(|value| is_ours(field, &value)) {
                npmrc.remove(&line);
            }
        }
    }
    Ok(file.save(&[])? != Change::None)
}

fn points_to(npmrc: &Npmrc, registration: &Registration) -> bool {
    let value = npmrc.value(&registry_key(registration));
    value.is_some_and(|value| value.trim_end_matches('/') == registration.endpoint.trim_end_matches('/'))
}
