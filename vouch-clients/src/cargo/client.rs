//! Cargo's part of `vouch setup codeartifact`.

use std::path::{Path, PathBuf};

use vouch_core::Failure;
use vouch_core::config::Registration;
use vouch_core::files;
use vouch_core::home::Home;

use super::{EditError, config_hierarchy, edit, helper, program, registries};
use crate::client::{self, Client, Edit, Edits};
use crate::home_argument::{HomeArgument, named_in, other_owner, taken};
use crate::options::Options;
use crate::text::redact::Dialect;
use crate::tool::Tool;

/// Cargo, for its user-level configuration.
#[derive(Debug)]
pub struct Cargo {
    replace_crates_io: bool,
    token_prefix: Option<&'static str>,
    /// The credential provider and its arguments.
    provider: Vec<String>,
    home: Home,
    file: PathBuf,
}

impl Cargo {
    /// Finds Cargo's configuration and the credential provider: the one that it names for the registry already, since a
    /// provider of another place is as good, else the one beside this program.
    pub fn new(home: &Home, options: &Options, registry: Option<&str>) -> Result<Self, Failure> {
        let file = config_hierarchy::config_file(&config_hierarchy::cargo_home()?);
        let provider = match registry.and_then(|name| provider(&files::read_text(&file).ok()?, name)) {
            Some(named) => named,
            None => std::iter::once(helper::find()?).chain(HomeArgument::new(home)?.words()).collect(),
        };
        Ok(Self {
            replace_crates_io: options.replace_crates_io,
            token_prefix: options.token_prefix,
            provider,
            home: home.clone(),
            file,
        })
    }

    fn with_wanted<T>(
        &self,
        wanted: &client::SetupRequest<'_>,
        work: impl FnOnce(&edit::RegistryLines<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let index = index(wanted.registration);
        let corrects = wanted.corrects.map(self::index);
        let provider: Vec<&str> = self.provider.iter().map(String::as_str).collect();
        work(&edit::RegistryLines {
            name: name(wanted.registration),
            index: &index,
            provider: &provider,
            replace_crates_io: self.replace_crates_io,
            corrects: corrects.as_deref(),
        })
    }
}

impl Client for Cargo {
    fn tool(&self) -> Tool {
        Tool::Cargo
    }

    fn file(&self) -> &Path {
        &self.file
    }

    fn token_prefix(&self) -> Option<&'static str> {
        self.token_prefix
    }

    fn check(&self) -> Result<Vec<String>, Failure> {
        Ok(program::check_version()?.map(str::to_owned).into_iter().collect())
    }

    fn plan(&self, wanted: &client::SetupRequest<'_>) -> Result<Edits, Failure> {
        super::check_name(name(wanted.registration))?;
        let file = wanted.read(&self.file)?;
        if let Some(written) = provider(file.text(), name(wanted.registration)).filter(|_| !wanted.is_known())
            && let Some(owner) = other_owner(&self.home, named_in(&written).as_deref())
        {
            let lines = format!("`registries.{}`", name(wanted.registration));
            return Err(taken(&self.file, &lines, &owner, self.tool().name()));
        }
        self.with_wanted(wanted, |lines| {
            let edited =
                edit::edit(file.text(), lines).map_err(|error| refused(&error, &self.file, wanted))?;
            let folder = std::env::current_dir().unwrap_or_default();
            let mut notes = edited.notes;
            notes.extend(config_hierarchy::warnings(&folder, &self.file, lines)?);
            Ok(Edits { files: vec![Edit { file: file.clone(), after: edited.text }], notes })
        })
    }

    fn snippet(&self, wanted: &client::SetupRequest<'_>) -> Result<String, Failure> {
        super::check_name(name(wanted.registration))?;
        self.with_wanted(wanted, |lines| Ok(edit::snippet(lines)))
    }

    fn dialect(&self, _file: &Path) -> Dialect {
        Dialect::Toml
    }

    fn done(&self, wanted: &client::SetupRequest<'_>) -> Vec<String> {
        let registration = wanted.registration;
        let (name, file) = (name(registration), self.file.display());
        let mut done = vec![format!("registry `{name}`: {}, in `{file}`", registration.endpoint)];
        if self.replace_crates_io {
            done.push(
                "crates.io is replaced with it: `Cargo.lock` files then name it as their source".into(),
            );
        }
        done
    }

    fn next(&self, wanted: &client::SetupRequest<'_>) -> String {
        format!("`cargo build`, `cargo publish --registry {}`", name(wanted.registration))
    }
}

/// The provider of a registry with its arguments, if it is called as ours is.
pub(super) fn provider(text: &str, name: &str) -> Option<Vec<String>> {
    let words = registries::registry_named(text, name)?.words;
    let program = Path::new(words.first()?);
    let ours =
        program.is_absolute() && program.file_stem().is_some_and(|stem| stem == "cargo-credential-vouch");
    ours.then_some(words)
}

/// Whether a file says that crates.io is replaced with a registry: for a registration that does not record it.
pub(crate) fn replaces_crates_io(file: &Path, name: &str) -> bool {
    let text = files::read_text(file).unwrap_or_default();
    edit::replacement_of_crates_io(&text).is_some_and(|replacement| replacement == name)
}

pub(super) fn name(registration: &Registration) -> &str {
    registration.name.as_deref().unwrap_or_default()
}

fn index(registration: &Registration) -> String {
    format!("sparse+{}", registration.endpoint)
}

/// Why Cargo's file was not edited, with the way out.
fn refused(error: &EditError, file: &Path, wanted: &client::SetupRequest<'_>) -> Failure {
    let registration = wanted.registration;
    let ours = |index: &str| {
        let known = &wanted.config.codeartifact.registrations;
        known.iter().find(|known| registries::same_index(index, &self::index(known)))
    };
    let hint = match error {
        EditError::Parse { .. } => "Correct the file; nothing was changed.".to_owned(),
        EditError::Splice(_) | EditError::Type { .. } => {
            "Write that part as Cargo's reference shows it, or add the lines of `--print` yourself; nothing was changed."
                .to_owned()
        }
        EditError::NameTaken { name, index } => {
            let beside = "To have both, give this one another name with `--registry NAME`";
            match ours(index).filter(|known| known.repository == registration.repository) {
                Some(known) if known.profile != registration.profile => {
                    format!("{beside}. To change the other, add `--move`.")
                }
                _ => format!("{beside}; or remove `[registries.{name}]` from the file first."),
            }
        }
        EditError::IndexTaken { name, .. } => {
            format!("Cargo allows one name for an index: use that one with `--registry {name}`, or remove it first.")
        }
        EditError::Replaced { .. } => "Remove that `replace-with` first, or leave `--replace-crates-io` out.".to_owned(),
    };
    Failure::configuration(format!("`{}`: {error}", file.display()), hint)
}
