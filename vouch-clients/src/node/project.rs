//! What a project's own files say about the registry: they come before the user's.

use std::env;
use std::path::{Path, PathBuf};

use serde_json::Value;
use vouch_core::config::Registration;
use vouch_core::files;

use super::workspace::ProjectLocation;
use crate::client::SetupRequest;
use crate::node::npm::registration::{key, registry_key};
use crate::node::npm::{Npmrc, file};
use crate::text::redact::shown_url;
use crate::tool::Tool;

/// Who reads a project's files: the clients differ in which ones they take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader {
    pub(crate) tool: Tool,
    /// The major version, where that matters and is known.
    pub(crate) major: Option<u32>,
}

impl Reader {
    /// Whether a URL without its final slash gets no token when it publishes (measured; ENEEDAUTH).
    fn needs_slash(self) -> bool {
        match self.tool {
            Tool::Npm | Tool::YarnClassic => true,
            Tool::Pnpm => self.major.is_some_and(|major| major < 11),
            _ => false,
        }
    }

    /// The files called `.npmrc` that the client takes in a folder, beside the user's own (measured with npm 8 to 12, pnpm
    /// 10 to 12, yarn 1.22 and bun 1.4).
    pub(crate) fn npmrcs(self, place: &ProjectLocation, user_file: &Path) -> Vec<PathBuf> {
        let workspace = match self.tool {
            Tool::Pnpm => place.pnpm_workspace.as_ref(),
            Tool::YarnClassic => None,
            _ => place.workspace.as_ref(),
        };
        // The file of a member is left out, but by pnpm 10.
        let takes_both = self.tool == Tool::Pnpm && self.major == Some(10);
        let own = Some(&place.root).filter(|_| workspace.is_none() || takes_both);
        let is_users = |path: &PathBuf| path.canonicalize().ok() == user_file.canonicalize().ok();
        let files = own.into_iter().chain(workspace).map(|folder| folder.join(".npmrc"));
        let mut files: Vec<PathBuf> = files.filter(|path| path.is_file() && !is_users(path)).collect();
        files.dedup();
        files
    }
}

/// What stands against the lines of the user's file in the project of the working directory.
pub(super) fn warnings(user_file: &Path, wanted: &SetupRequest<'_>, reader: Reader) -> Vec<String> {
    let Ok(folder) = env::current_dir() else { return Vec::new() };
    let place = ProjectLocation::of(&folder);
    [
        overriding(&place, user_file, wanted.registration, reader),
        without_slash(&place, user_file, wanted.registration, reader),
        lock_files(&place, wanted),
    ]
    .concat()
}

/// What the project's files called `.npmrc` say against them.
fn overriding(
    place: &ProjectLocation,
    user_file: &Path,
    registration: &Registration,
    reader: Reader,
) -> Vec<String> {
    let say = |path: &PathBuf| match file::load(path) {
        Ok(npmrc) => overrides_of(path, &npmrc, registration),
        Err(error) => vec![format!("`{}` was not looked at: {error}", path.display())],
    };
    reader.npmrcs(place, user_file).iter().flat_map(say).collect()
}

/// Where the repository's URL is written without the slash at its end: the token is not found for it.
pub(super) fn without_slash(
    place: &ProjectLocation,
    user_file: &Path,
    registration: &Registration,
    reader: Reader,
) -> Vec<String> {
    if !reader.needs_slash() {
        return Vec::new();
    }
    let bare = registration.endpoint.trim_end_matches('/');
    let is_registry = |key: &str| key == "registry" || key.ends_with(":registry");
    let note = |path: &Path, key: &str| {
        format!(
            "`{}` sets `{key}` to {bare} without the `/` at its end: publishing there ends in ENEEDAUTH",
            path.display()
        )
    };
    let mut notes = Vec::new();
    for path in reader.npmrcs(place, user_file).into_iter().chain([user_file.to_owned()]) {
        // Setup writes its own line with a slash.
        let ours = (path == user_file).then(|| registry_key(registration));
        let Ok(npmrc) = file::load(&path) else { continue };
        let settings = npmrc
            .settings()
            .filter(|(key, value)| is_registry(key) && value == bare && ours.as_ref() != Some(key));
        notes.extend(settings.map(|(key, _)| note(&path, &key)));
    }
    let package = place.root.join("package.json");
    let parsed: Option<Value> =
        files::read_text(&package).ok().and_then(|text| serde_json::from_str(&text).ok());
    let publish = parsed.as_ref().and_then(|package| package.get("publishConfig")?.as_object());
    let set = publish.into_iter().flatten();
    let set = set.filter(|(key, value)| is_registry(key) && value.as_str() == Some(bare));
    notes.extend(set.map(|(key, _)| note(&package, &format!("publishConfig.{key}"))));
    notes
}

/// What its lock files say against them.
pub(super) fn lock_files(place: &ProjectLocation, wanted: &SetupRequest<'_>) -> Vec<String> {
    let root = place.workspace.as_ref().unwrap_or(&place.root);
    let look = |name: &str| {
        let path = root.join(name);
        files::read_text(&path).ok().and_then(|text| elsewhere(&path, &text, wanted))
    };
    ["npm-shrinkwrap.json", "package-lock.json"].into_iter().filter_map(look).collect()
}

fn overrides_of(path: &Path, npmrc: &Npmrc, registration: &Registration) -> Vec<String> {
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
        url.starts_with("https://")
            && url.contains(".codeartifact.")
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
        let seen = |text: String| overrides_of(path, &Npmrc::parse(text.as_bytes()), &registration(None));
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
    fn a_url_without_its_final_slash_is_named_where_it_fails() {
        let dir = tempfile::tempdir().unwrap();
        let user = dir.path().join("user.npmrc");
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        let bare = ENDPOINT.trim_end_matches('/');
        let seen = |tool, major| {
            let reader = Reader { tool, major };
            without_slash(&ProjectLocation::of(dir.path()), &user, &registration(None), reader)
        };
        write("user.npmrc", &format!("registry={bare}\n@mine:registry={ENDPOINT}\n"));
        write("package.json", &format!(r#"{{"publishConfig": {{"registry": "{ENDPOINT}"}}}}"#));
        write(".npmrc", &format!("@acme:registry={ENDPOINT}\n@else:registry=https://else.example\n"));
        assert_eq!(seen(Tool::Npm, None), Vec::<String>::new());
        write("user.npmrc", &format!("@mine:registry={bare}\n"));
        write("package.json", &format!(r#"{{"publishConfig": {{"registry": "{bare}", "tag": "x"}}}}"#));
        write(".npmrc", &format!("@acme:registry={bare}\nregistry={bare}\n"));
        let found = seen(Tool::Npm, None);
        for part in ["`@acme:registry`", "`registry`", "`@mine:registry`", "`publishConfig.registry`"] {
            assert!(found.iter().any(|note| note.contains(part)), "{part}: {found:?}");
        }
        assert_eq!(found.len(), 4);
        assert_eq!(seen(Tool::Pnpm, Some(10)).len(), 4);
        for (tool, major) in [(Tool::Pnpm, Some(11)), (Tool::Pnpm, None), (Tool::Bun, None)] {
            assert_eq!(seen(tool, major), Vec::<String>::new(), "{tool:?} {major:?}");
        }
    }

    #[test]
    fn the_files_that_count_are_those_that_the_client_reads() {
        let dir = tempfile::tempdir().unwrap();
        let member = dir.path().join("packages/a");
        let bare = dir.path().join("bare");
        for folder in [&member, &bare] {
            std::fs::create_dir_all(folder).unwrap();
        }
        let (root, own) = (dir.path().join(".npmrc"), member.join(".npmrc"));
        for path in [&root, &own, &bare.join(".npmrc")] {
            std::fs::write(path, "").unwrap();
        }
        std::fs::write(member.join("package.json"), "{}").unwrap();
        let seen = |folder: &Path, tool, major| {
            Reader { tool, major }.npmrcs(&ProjectLocation::of(folder), Path::new("/nonexistent"))
        };
        for (tool, major) in [
            (Tool::Npm, None),
            (Tool::Pnpm, Some(10)),
            (Tool::Pnpm, Some(12)),
            (Tool::Bun, None),
            (Tool::YarnClassic, None),
        ] {
            assert_eq!(seen(&bare, tool, major), [bare.join(".npmrc")], "{tool:?} {major:?}");
            assert_eq!(seen(&member, tool, major), vec![own.clone()], "no workspace: {tool:?} {major:?}");
        }
        std::fs::write(dir.path().join("package.json"), r#"{"workspaces": ["packages/*"]}"#).unwrap();
        std::fs::write(dir.path().join("pnpm-workspace.yaml"), "packages:\n  - packages/*\n").unwrap();
        for (tool, major, wanted) in [
            (Tool::Npm, None, &[&root][..]),
            (Tool::Bun, None, &[&root]),
            (Tool::Pnpm, Some(10), &[&own, &root]),
            (Tool::Pnpm, Some(12), &[&root]),
            (Tool::YarnClassic, None, &[&own]),
        ] {
            let found = seen(&member, tool, major);
            assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{tool:?} {major:?}");
        }
    }

    #[test]
    fn a_lock_file_of_another_repository_is_named() {
        let config: Config = serde_json::from_str(r#"{"version": 1}"#).unwrap();
        let other = ENDPOINT.replace("my-npm-repo", "old");
        let lock = |url: &str| format!("{{\"a\": {{\n  \"resolved\": \"{url}\",\n}}}}");
        let seen = |scope, text: &str| {
            let registration = registration(scope);
            let wanted =
                SetupRequest { registration: &registration, corrects: None, config: &config, bases: &[] };
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
