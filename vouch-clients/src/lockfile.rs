//! Lock files of projects: they name the repository that each package came from.

use std::path::Path;

use vouch_core::config::Config;
use vouch_core::files;
use vouch_core::hint::VOUCH_SETUP;

use crate::finding::Finding;
use crate::text::redact::shown_url;

/// Where a project's lock file takes packages from.
pub const LOCKFILE: &str = "lockfile";

/// URLs of CodeArtifact repositories in a text that nothing was set up for.
pub(crate) fn unregistered_urls<'t>(text: &'t str, config: &Config) -> Vec<&'t str> {
    let end = |c: char| c.is_whitespace() || "\"'`<>,;)}]".contains(c);
    let urls = text.match_indices("https://").filter_map(|(at, _)| text.get(at..)?.split(end).next());
    let known = |url: &str| {
        let plain = without_user(url);
        config.codeartifact.registrations.iter().any(|known| {
            // A lock file may name the repository without its final slash.
            format!("{}/", plain.trim_end_matches('/')).starts_with(&known.endpoint)
        })
    };
    urls.filter(|url| url.contains(".codeartifact.") && !known(url)).collect()
}

/// The lock files of these names, from a folder upwards, that take packages from elsewhere.
pub(crate) fn look(folder: &Path, names: &[&str], config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in names {
        let Some((path, text)) = folder.ancestors().find_map(|folder| {
            let path = folder.join(name);
            Some((path.clone(), files::read_text(&path).ok()?))
        }) else {
            continue;
        };
        let others = unregistered_urls(&text, config);
        let Some(first) = others.first() else { continue };
        findings.push(Finding::warn(
            LOCKFILE,
            format!("`{}` takes packages from another repository: {}", path.display(), shown_url(first)),
            "The client asks there, and Vouch gives no token for what was not set up.",
            format!(
                "Set that repository up with {VOUCH_SETUP}, or have the client write the lock file again."
            ),
        ));
    }
    findings
}

fn without_user(url: &str) -> String {
    match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?))) {
        Some((scheme, (user, rest))) if !user.contains('/') => format!("{scheme}://{rest}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const HOST: &str = "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";

    fn config() -> Config {
        let registration = serde_json::json!({
            "tool": "uv", "repository": "my-repo", "profile": "default", "endpoint": format!("{HOST}/pypi/my-repo/"),
        });
        let config = serde_json::json!({ "version": 1, "codeartifact": { "registrations": [registration] } });
        serde_json::from_value(config).unwrap()
    }

    #[test]
    fn what_was_set_up_is_no_stranger_however_it_is_written() {
        let user = HOST.replacen("://", "://aws@", 1);
        let text = format!(
            "source = {{ registry = \"{HOST}/pypi/my-repo/simple/\" }}\n<{HOST}/pypi/my-repo> '{user}/pypi/my-repo/x.whl'\n\
             https://pypi.org/simple https://evil.example/.x\n"
        );
        assert_eq!(unregistered_urls(&text, &config()), [] as [&str; 0]);
        let other = format!("\"{HOST}/pypi/my-repo-2/simple/a.whl\"");
        assert_eq!(unregistered_urls(&other, &config()), [other.trim_matches('"')]);
    }

    #[test]
    fn the_nearest_lock_file_counts_and_no_user_is_shown() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        let other = HOST.replacen("://", "://aws:secret@", 1) + "/pypi/other/simple/";
        fs::write(dir.path().join("uv.lock"), &other).unwrap();
        let found = look(&inner, &["uv.lock", "poetry.lock"], &config());
        let [finding] = found.as_slice() else { panic!("{found:?}") };
        assert!(
            finding.message().contains("/pypi/other/") && !finding.message().contains("secret"),
            "{finding:?}"
        );
        fs::write(inner.join("uv.lock"), "").unwrap();
        assert!(look(&inner, &["uv.lock"], &config()).is_empty());
    }
}
