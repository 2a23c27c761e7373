//! What a project's own files say about the registry: they come before the user's.

use std::env;
use std::path::{Path, PathBuf};

use crate::node::npm::registration::{key, registry_key};
use crate::node::npm::{Npmrc, file};
use vouch_core::config::Registration;
use vouch_core::files;

use crate::client::SetupRequest;
use crate::text::redact::shown_url;

/// What stands against the lines of the user's file in the project of the working directory.
pub(super) fn warnings(user_file: &Path, wanted: &SetupRequest<'_>) -> Vec<String> {
    let Some(root) = env::current_dir().ok().and_then(|folder| root(&folder)) else { return Vec::new() };
    [shadowing(&root, user_file, wanted.registration), lock_files(&root, wanted)].concat()
}

/// What the project's `.npmrc` says against them.
pub(super) fn shadowing(root: &Path, user_file: &Path, registration: &Registration) -> Vec<String> {
    let Some(path) = own_npmrc(root, user_file) else { return Vec::new() };
    match file::load(&path) {
        Ok(npmrc) => shadows(&path, &npmrc, registration),
        Err(error) => vec![format!("`{}` was not looked at: {error}", path.display())],
    }
}

/// What its lock files say against them.
pub(super) fn lock_files(root: &Path, wanted: &SetupRequest<'_>) -> Vec<String> {
    let look = |name: &str| {
        let path = root.join(name);
        files::read_text(&path).ok().and_then(|text| elsewhere(&path, &text, wanted))
    };
    ["npm-shrinkwrap.json", "package-lock.json"].into_iter().filter_map(look).collect()
}

/// The settings of the project's `.npmrc` that would see the token, or let others see it.
pub(super) fn network(root: &Path, user_file: &Path) -> Vec<(PathBuf, String)> {
    let Some(path) = own_npmrc(root, user_file) else { return Vec::new() };
    let Ok(npmrc) = file::load(&path) else { return Vec::new() };
    let leads = |(key, value): (String, String)| {
        let field = key.rsplit(':').next().unwrap_or_default();
        let leads = match field {
            "strict-ssl" => value == "false",
            "proxy" | "https-proxy" | "http-proxy" | "cafile" | "ca" | "ca[]" | "certfile" | "keyfile" => {
                true
            }
            _ => false,
        };
        leads.then(|| (path.clone(), key))
    };
    npmrc.settings().filter_map(leads).collect()
}

/// The project's file, where it is not the user's own.
fn own_npmrc(root: &Path, user_file: &Path) -> Option<PathBuf> {
    let path = root.join(".npmrc");
    (path.is_file() && path.canonicalize().ok() != user_file.canonicalize().ok()).then_some(path)
}

/// npm's notion of a project: the nearest folder with a `package.json` or a `node_modules`.
pub(super) fn root(from: &Path) -> Option<PathBuf> {
    let is_root =
        |folder: &&Path| folder.join("package.json").is_file() || folder.join("node_modules").is_dir();
    from.ancestors().find(is_root).map(Path::to_owned)
}

fn shadows(path: &Path, npmrc: &Npmrc, registration: &Registration) -> Vec<String> {
    let shown = path.display();
    let ours = key(&registration.endpoint, "").unwrap_or_default();
    let ours = ours.trim_end_matches(':');
    let route = registry_key(registration);
    let mut warnings = Vec::new();
    for (key, value) in npmrc.settings() {
        let credential =
            ["_authToken", "_auth", "_password"].iter().any(|field| key.ends_with(&format!(":{field}")));
        if credential && key.starts_with(ours) {
            warnings.push(format!(
                "`{shown}` has a credential for this registry: in that project it is sent, not Vouch's"
            ));
        } else if key == route && value.trim_end_matches('/') != registration.endpoint.trim_end_matches('/') {
            warnings.push(format!(
                "`{shown}` sets `{key}` to {}: in that project packages come from there",
                shown_url(&value)
            ));
        } else if key == "userconfig" {
            warnings
                .push(format!("`{shown}` sets `userconfig`: in that project npm does not read your file"));
        }
    }
    warnings
}

/// npm 12 refuses a lock file that names another repository than the configured one (measured: EALLOWREMOTE).
fn elsewhere(path: &Path, text: &str, wanted: &SetupRequest<'_>) -> Option<String> {
    let registration = wanted.registration;
    let known = wanted.config.codeartifact.registrations.iter().map(|known| known.endpoint.as_str());
    let known: Vec<_> = known.chain([registration.endpoint.as_str()]).collect();
    let of_scope = |url: &str| {
        let scope = registration.name.as_deref();
        scope.is_none_or(|scope| url.contains(&format!("/{scope}/")) || url.contains(&format!("/{scope}%2")))
    };
    let resolved = text.split("\"resolved\": \"").skip(1).filter_map(|rest| rest.split('"').next());
    let other = |url: &&str| {
        url.contains(".codeartifact.")
            && of_scope(url)
            && !known.iter().any(|endpoint| url.starts_with(endpoint))
    };
    let others: Vec<_> = resolved.filter(other).collect();
    let first = others.first()?;
    Some(format!(
        "`{}` takes {} from another CodeArtifact repository, such as {}: npm 12 refuses that (EALLOWREMOTE). Make it \
         anew: `npm install` after deleting it",
        path.display(),
        if others.len() == 1 { "a package".into() } else { format!("{} packages", others.len()) },
        shown_url(first)
    ))
}

#[cfg(test)]
mod tests {
    use vouch_core::config::Config;

    use super::*;

    const ENDPOINT: &str =
        "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/npm/my-npm-repo/";

    fn registration(scope: Option<&str>) -> Registration {
        serde_json::from_value(serde_json::json!({
            "tool": "npm", "repository": "my-npm-repo", "profile": "default", "endpoint": ENDPOINT, "name": scope
        }))
        .unwrap()
    }

    #[test]
    fn what_a_project_says_otherwise_is_named_without_its_secret() {
        let path = Path::new("/p/.npmrc");
        let host = ENDPOINT.trim_start_matches("https:");
        let seen = |text: String| shadows(path, &Npmrc::parse(text.as_bytes()), &registration(None));
        for (text, part) in [
            (format!("{host}:_authToken=hunter2"), "a credential"),
            (format!("{host}deeper/:_authToken = hunter2"), "a credential"),
            ("registry=https://else.example/".into(), "https://else.example/"),
            ("userconfig=./x".into(), "userconfig"),
        ] {
            let warnings = seen(text.clone());
            assert!(warnings.len() == 1 && warnings[0].contains(part), "{text}: {warnings:?}");
            assert!(!warnings[0].contains("hunter2"));
        }
        for text in ["//else.example/:_authToken=x", "@a:registry=https://else.example/", "; registry=x"] {
            assert_eq!(seen(text.into()), Vec::<String>::new());
        }
        assert!(seen(format!("registry={}", ENDPOINT.trim_end_matches('/'))).is_empty());
    }

    #[test]
    fn a_lock_file_of_another_repository_is_named() {
        let config: Config = serde_json::from_str(r#"{"version": 1}"#).unwrap();
        let other = ENDPOINT.replace("my-npm-repo", "old");
        let lock = |url: &str| format!("{{\"a\": {{\n  \"resolved\": \"{url}\",\n}}}}");
        let seen = |scope, text: &str| {
            let registration = registration(scope);
            let wanted = SetupRequest { registration: &registration, corrects: None, config: &config };
            elsewhere(Path::new("/p/package-lock.json"), text, &wanted)
        };
        let plain = lock(&format!("{other}plain/-/plain-1.0.0.tgz"));
        assert!(seen(None, &plain).unwrap().contains("a package"));
        assert_eq!(seen(Some("@acme"), &plain), None);
        assert!(seen(Some("@acme"), &lock(&format!("{other}@acme/a/-/a-1.0.0.tgz"))).is_some());
        assert_eq!(seen(None, &lock(&format!("{ENDPOINT}plain/-/plain-1.0.0.tgz"))), None);
        assert_eq!(seen(None, &lock("https://registry.npmjs.org/a/-/a-1.0.0.tgz")), None);
    }
}
