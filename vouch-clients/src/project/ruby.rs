//! What Bundler reads in a project: `.bundle/config` and the `Gemfile`. The commands that setup shows hold back what leads to
//! another place than the repository's URL; a credential by host they cannot.

use std::path::Path;

use super::found::{Effect, Found, Network, upwards};
use super::setting::{Setting, of_yaml};
use super::urls::plain_urls;

/// Looks at what Bundler finds from a folder upwards, without the user's own.
pub(super) fn look(found: &mut Found<'_>, folder: &Path) {
    if let Some(file) = upwards(folder, "Gemfile", None).first() {
        plain(found, file);
    }
    let user = vouch_core::env::home_dir().map(|home| home.join(".bundle/config"));
    for file in upwards(folder, ".bundle/config", user.as_deref()).into_iter().take(1) {
        let settings = found.files.text(&file).map(|text| of_yaml(&file, &text)).unwrap_or_default();
        for setting in &settings {
            let is_mirror = setting.key().starts_with("BUNDLE_MIRROR__");
            if is_mirror && found.targets.plain_on_any_port(&setting.value).is_some() {
                found.warn(setting, Effect::Plain, &[]);
            }
        }
        let first = |key: &str| settings.iter().find(|it| it.key() == key);
        // OpenSSL's number for "verify none". Whatever does not begin with a number is that to Ruby.
        let is_none = |value: &str| {
            let value = value.trim_start();
            value.trim_start_matches('0').is_empty() || !value.starts_with(|c: char| c.is_ascii_digit())
        };
        let unchecked = first("BUNDLE_SSL_VERIFY_MODE").filter(|setting| is_none(&setting.value));
        let authority = first("BUNDLE_SSL_CA_CERT");
        Network { unchecked, authority, proxy: None, is_held: true }.judge(found);
    }
}

fn plain(found: &mut Found<'_>, file: &Path) {
    let Some(text) = found.files.text(file) else { return };
    for (line, url) in plain_urls(&text, true) {
        if let Some(host) = found.targets.plain_on_any_port(&url) {
            found.warn(&Setting::new(file, line, &format!("http://{host}"), url), Effect::Plain, &[]);
        }
    }
}
