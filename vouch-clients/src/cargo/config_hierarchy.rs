//! Cargo's configuration files and variables beside the one that setup edits.

use std::path::{Path, PathBuf};

use vouch_core::files;

use super::CargoError;
use super::edit::RegistryLines;
use super::registries::{self, Provider, Registry, same_index};

/// `CARGO_HOME`, else `.cargo` in the home folder. An empty variable counts as unset, a relative one is taken from the
/// working directory, as Cargo does.
pub(crate) fn cargo_home() -> Result<PathBuf, CargoError> {
    let named = vouch_core::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = match named {
        Some(path) => path,
        None => vouch_core::env::home_dir().ok_or(CargoError::NoHome)?.join(".cargo"),
    };
    std::path::absolute(home).map_err(|_| CargoError::NoHome)
}

/// The configuration file of a `.cargo` folder that Cargo reads. Where both are there it prefers the old name, with a
/// warning (measured).
pub(crate) fn config_file(folder: &Path) -> PathBuf {
    let old = folder.join("config");
    if old.is_file() { old } else { folder.join("config.toml") }
}

/// What else, seen from a folder, decides about the registry.
///
/// # Errors
/// Where Cargo would refuse every command in that folder.
pub(crate) fn warnings(
    from: &Path,
    user_file: &Path,
    wanted: &RegistryLines<'_>,
) -> Result<Vec<String>, CargoError> {
    let mut warnings = variables(wanted, vouch_core::env::vars());
    for file in project_files(from, user_file) {
        match files::read_text(&file)
            .map_err(|error| error.to_string())
            .and_then(|text| registries::of_text(&text).map_err(|error| error.to_string()))
        {
            Ok(registries) => level(&file, &registries, wanted, &mut warnings)?,
            Err(reason) => warnings.push(format!("`{}` was not looked at: {reason}", file.display())),
        }
    }
    Ok(warnings)
}

/// The configuration files that Cargo reads in a folder, beside the user's; the nearest first.
pub(crate) fn project_files(from: &Path, user_file: &Path) -> Vec<PathBuf> {
    let user_file = user_file.canonicalize().unwrap_or_else(|_| user_file.to_owned());
    let files = from.ancestors().map(|folder| config_file(&folder.join(".cargo")));
    files.filter(|file| file.canonicalize().is_ok_and(|canonical| canonical != user_file)).collect()
}

/// The same beside the usual file of the user's.
pub(crate) fn files_of_project(from: &Path) -> Vec<PathBuf> {
    project_files(from, &cargo_home().map(|folder| config_file(&folder)).unwrap_or_default())
}

fn level(
    file: &Path,
    registries: &registries::File,
    wanted: &RegistryLines<'_>,
    warnings: &mut Vec<String>,
) -> Result<(), CargoError> {
    let wrong = |reason| Err(CargoError::Level { file: file.to_owned(), reason });
    let shown = file.display();
    if let Some(Registry { name, .. }) = registries.under_another_name(wanted.index, wanted.name) {
        return wrong(format!("it is `{name}` there, and Cargo refuses two names for one index"));
    }
    let Some(Registry { name, index, provider, words }) = registries.named(wanted.name) else {
        return Ok(());
    };
    match provider {
        Some(Provider::String) => {
            return wrong(
                "its `credential-provider` is a string, which Cargo cannot merge with an array".into(),
            );
        }
        // The same program once more: Cargo takes the nearest.
        Some(Provider::Array) if is_vouchs(words, wanted) => {}
        Some(Provider::Array) => warnings.push(format!(
            "`{shown}` has a `credential-provider` of its own for `{name}`; below that folder it is used, not Vouch"
        )),
        None => {}
    }
    if let Some(index) = index.as_ref().filter(|index| !same_index(index, wanted.index)) {
        let index = crate::text::redact::shown_url(index);
        warnings.push(format!("`{shown}` points `{name}` to {index}; below that folder Cargo goes there"));
    }
    Ok(())
}

/// Whether a provider is the very program that setup writes, with its arguments or none: a name proves nothing.
fn is_vouchs(words: &[String], wanted: &RegistryLines<'_>) -> bool {
    let real = |path: &str| Path::new(path).canonicalize().ok();
    let (Some((program, arguments)), Some((ours, wanted))) =
        (words.split_first(), wanted.provider.split_first())
    else {
        return false;
    };
    (program == ours || real(program).is_some_and(|file| real(ours) == Some(file)))
        && (arguments.is_empty() || arguments == wanted)
}

/// A registry's name as it stands in variables.
pub(crate) fn variable_name(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}

/// Variables that rename the registry or take its provider away (measured).
fn variables(wanted: &RegistryLines<'_>, environment: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let ours = variable_name(wanted.name);
    let judge = |(variable, value): (String, String)| {
        let rest = variable.strip_prefix("CARGO_REGISTRIES_")?;
        if rest.strip_suffix("_CREDENTIAL_PROVIDER") == Some(ours.as_str()) {
            return Some(format!("{variable} is set: Cargo asks that provider, not Vouch"));
        }
        let name = rest.strip_suffix("_INDEX")?;
        if name == ours || same_index(&value, wanted.index) {
            return Some(format!(
                "{variable} is set: Cargo then knows the registry by another name and does not find its provider; unset it"
            ));
        }
        None
    };
    environment.filter_map(judge).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::text::document::PARSED;

    const INDEX: &str =
        "sparse+https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/";

    fn wanted() -> RegistryLines<'static> {
        RegistryLines {
            name: "my-repo",
            index: INDEX,
            provider: &["/p"],
            replace_crates_io: false,
            corrects: None,
        }
    }

    fn seen(text: &str) -> Result<Vec<String>, CargoError> {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path().join("a/b");
        fs::create_dir_all(project.join(".cargo")).unwrap();
        fs::create_dir_all(dir.path().join(".cargo")).unwrap();
        // The file of the user, in the same tree, is not judged.
        let user = dir.path().join(".cargo/config.toml");
        fs::write(&user, "[registries.my-repo]\ncredential-provider = \"x\"\n").unwrap();
        fs::write(project.join(".cargo/config.toml"), text).unwrap();
        warnings(&project, &user, &wanted())
    }

    #[test]
    fn what_breaks_every_cargo_command_is_an_error() {
        let string = seen("[registries.my-repo]\ncredential-provider = \"x y\"\n").unwrap_err();
        assert!(string.to_string().contains("is a string"), "{string}");
        let twice = seen(&format!("[registries.other]\nindex = \"{INDEX}\"\n")).unwrap_err();
        assert!(twice.to_string().contains("`other`"), "{twice}");
    }

    #[test]
    fn what_takes_the_registry_over_is_a_warning() {
        for (text, part) in [
            ("[registries.my-repo]\ncredential-provider = [\"x\"]\n", "of its own"),
            ("[registries.my-repo]\ncredential-provider = [\"/p\", \"--more\"]\n", "of its own"),
            ("[registries.my-repo]\nindex = \"sparse+https://else.example/\"\n", "else.example"),
            ("= nonsense", "not looked at"),
        ] {
            let warnings = seen(text).unwrap();
            assert!(warnings.iter().any(|warning| warning.contains(part)), "{text}: {warnings:?}");
        }
        let ours = "[registries.my-repo]\ncredential-provider = [\"/p\"]\n";
        for text in [ours, "", "[build]\njobs = 1\n", &format!("[registries.my-repo]\nindex = \"{INDEX}\"\n")]
        {
            assert_eq!(
                seen(text).unwrap().len(),
                variables(&wanted(), vouch_core::env::vars()).len(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_projects_file_is_parsed_once_for_all_registrations() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, user) = (dir.path().join("a"), dir.path().join("user.toml"));
        for (folder, name) in [(dir.path(), "one"), (&folder, "two")] {
            fs::create_dir_all(folder.join(".cargo")).unwrap();
            let text = format!("[registries.{name}]\nindex = \"sparse+https://{name}.example/\"\n");
            fs::write(folder.join(".cargo/config.toml"), text).unwrap();
        }
        let before = PARSED.get();
        for number in 0..50 {
            // The user's own is looked at in between, as setup's plan does.
            let text = "[registries.my-repo]\n";
            assert!(registries::registry_named(text, "my-repo").is_some());
            let name = format!("r{number}");
            let index = format!("sparse+https://{name}.example/");
            let wanted = RegistryLines { name: &name, index: &index, ..wanted() };
            assert_eq!(level_warnings(&folder, &user, &wanted), 0);
            let one = RegistryLines { name: "one", ..wanted };
            assert_eq!(level_warnings(&folder, &user, &one), 1);
        }
        assert_eq!(PARSED.get() - before, 3);
    }

    fn level_warnings(folder: &Path, user: &Path, wanted: &RegistryLines<'_>) -> usize {
        let warnings = warnings(folder, user, wanted).unwrap();
        warnings.len() - variables(wanted, vouch_core::env::vars()).len()
    }

    #[test]
    fn variables_that_take_the_provider_away_are_named() {
        let set = |name: &str, value: &str| {
            variables(&wanted(), std::iter::once((name.to_owned(), value.to_owned()))).len()
        };
        assert_eq!(set("CARGO_REGISTRIES_MY_REPO_INDEX", "x"), 1);
        assert_eq!(set("CARGO_REGISTRIES_ELSE_INDEX", INDEX), 1);
        assert_eq!(set("CARGO_REGISTRIES_MY_REPO_CREDENTIAL_PROVIDER", "x"), 1);
        assert_eq!(set("CARGO_REGISTRIES_ELSE_INDEX", "x"), 0);
        assert_eq!(set("CARGO_REGISTRIES_MY_REPO_TOKEN", "x"), 0);
    }

    #[test]
    fn the_old_name_of_the_file_wins_where_it_is_there() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(config_file(dir.path()), dir.path().join("config.toml"));
        fs::write(dir.path().join("config.toml"), "").unwrap();
        fs::write(dir.path().join("config"), "").unwrap();
        assert_eq!(config_file(dir.path()), dir.path().join("config"));
    }
}
