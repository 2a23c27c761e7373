//! pip, for the configuration file of its user.

use std::path::{Path, PathBuf};

use vouch_core::Failure;
use vouch_core::config::Registration;
use vouch_core::env;
use vouch_core::files;
use vouch_core::home::Home;
use vouch_core::partition::RepositoryName;

use super::keyring::Keyring;
use super::{folders, occupied, overrides, url};
use crate::client::{Client, Edit, Edits, SetupRequest};
use crate::options::Options;
use crate::text::ini::{Ini, IniError};
use crate::text::redact::Dialect;
use crate::tool::Tool;

const SECTION: &str = "global";
const INDEX: &str = "index-url";
const EXTRA: &str = "extra-index-url";
const PROVIDER: &str = "keyring-provider";

pub(super) const CONFUSION: &str = "pip takes the highest version that any of its indexes has: a public package with the name of a private one \
     can win. Better let the repository have PyPI as its upstream, and leave `--extra` out";

/// pip, for one configuration file.
#[derive(Debug)]
pub struct Pip {
    file: PathBuf,
    extra: bool,
    keyring: Keyring,
}

impl Pip {
    /// Finds the file that pip reads, and our `keyring`. pip itself need not be there.
    pub fn new(home: &Home, options: &Options) -> Result<Self, Failure> {
        Ok(Self { file: user_file()?, extra: options.extra, keyring: Keyring::new(home, options.chain)? })
    }

    fn edited(
        &self,
        text: &str,
        wanted: &SetupRequest<'_>,
        notes: &mut Vec<String>,
    ) -> Result<String, Failure> {
        let mut text = text.to_owned();
        let ours = url::index_with_user(wanted.registration);
        let ini = self.parse(&text)?;
        if self.extra {
            notes.push(CONFUSION.into());
            let there = ini.value(SECTION, EXTRA).unwrap_or_default();
            let all: Vec<&str> = there.split_whitespace().collect();
            if !all.contains(&ours.as_str()) {
                let earlier = wanted.corrects.map(url::index);
                let stale = |known: &&&str| {
                    url::same(known, &ours)
                        || earlier.as_ref().is_some_and(|earlier| url::same(known, earlier))
                };
                let mut kept: Vec<&str> = all.iter().filter(|known| !stale(known)).copied().collect();
                let is_added = kept.len() == all.len() && !kept.is_empty();
                kept.push(&ours);
                let value = if kept.len() > 1 { format!("\n{}", kept.join("\n")) } else { ours.clone() };
                text = match is_added {
                    true => ini.append(SECTION, EXTRA, &ours),
                    false => ini.set(SECTION, EXTRA, &value),
                };
            }
        } else {
            let there = ini.value(SECTION, INDEX).unwrap_or_default();
            if !there.is_empty() && !url::gives_way(&there, wanted) {
                let hint = "Add `--extra` to have both, or remove that line first";
                return Err(occupied("`index-url`", &self.file, &there, hint));
            }
            if there != ours {
                if !there.is_empty() && !url::same(&there, &ours) {
                    notes.push(format!("`index-url` was {}", url::shown(&there)));
                }
                text = ini.set(SECTION, INDEX, &ours);
            }
        }
        let ini = self.parse(&text)?;
        match ini.value(SECTION, PROVIDER).as_deref() {
            Some("subprocess") => {}
            Some("import") => notes.push(
                "`keyring-provider` stays `import`: each environment of pip needs the wheel of `pip-keyring-vouch`".into(),
            ),
            _ => text = ini.set(SECTION, PROVIDER, "subprocess"),
        }
        notes.extend(self.overrides(&self.parse(&text)?));
        Ok(text)
    }

    fn parse<'t>(&self, text: &'t str) -> Result<Ini<'t>, Failure> {
        Ini::parse(text, fold).map_err(|error| refused(&self.file, &error))
    }

    /// What else pip would take before what is written here.
    fn overrides(&self, ini: &Ini<'_>) -> Vec<String> {
        let mut notes = Vec::new();
        let index = if self.extra { EXTRA } else { INDEX };
        for section in ini.sections().filter(|section| *section != SECTION) {
            for key in [index, PROVIDER].into_iter().filter(|key| ini.value(section, key).is_some()) {
                notes.push(format!("`{key}` of `[{section}]` in the same file goes before this one"));
            }
        }
        let index_variable = if self.extra { "PIP_EXTRA_INDEX_URL" } else { "PIP_INDEX_URL" };
        notes.extend(overrides::variables([index_variable, "PIP_KEYRING_PROVIDER", "PIP_NO_INDEX"]));
        if env::var("PIP_CONFIG_FILE").is_some() {
            return notes;
        }
        if let Some(venv) = env::var("VIRTUAL_ENV") {
            let file = Path::new(&venv).join(NAME);
            let text = files::read_text(&file).unwrap_or_default();
            let keys = [index, PROVIDER].into_iter();
            if let Ok(ini) = Ini::parse(&text, fold)
                && let Some(key) = keys.into_iter().find(|key| ini.value(SECTION, key).is_some())
            {
                notes.push(format!(
                    "`{key}` in `{}` goes before this file, in that environment",
                    file.display()
                ));
            }
        }
        notes
    }
}

impl Client for Pip {
    fn tool(&self) -> Tool {
        Tool::Pip
    }

    fn file(&self) -> &Path {
        &self.file
    }

    /// pip has one index without a name, and any number of others.
    fn default_name(&self, repository: &RepositoryName) -> Option<String> {
        self.extra.then(|| repository.to_string())
    }

    fn keeps_name(&self) -> bool {
        false
    }

    fn plan(&self, wanted: &SetupRequest<'_>) -> Result<Edits, Failure> {
        let mut notes = self.keyring.notes()?;
        let file = wanted.read(&self.file)?;
        let after = self.edited(file.text(), wanted, &mut notes)?;
        Ok(Edits { files: vec![Edit { file, after }], notes })
    }

    fn snippet(&self, wanted: &SetupRequest<'_>) -> Result<String, Failure> {
        self.edited("", wanted, &mut Vec::new())
    }

    fn dialect(&self, _file: &Path) -> Dialect {
        Dialect::Ini
    }

    fn done(&self, wanted: &SetupRequest<'_>) -> Vec<String> {
        let how = if self.extra { "also from" } else { "from" };
        vec![format!("packages come {how} {}, in `{}`", url::index(wanted.registration), self.file.display())]
    }

    fn would_make(&self) -> Vec<String> {
        self.keyring.would_link()
    }

    fn finish(&self, _home: &Home, _registration: &Registration) -> Result<Vec<String>, Failure> {
        self.keyring.link(self.tool().name())
    }

    fn next(&self, _wanted: &SetupRequest<'_>) -> String {
        "`pip install PACKAGE`".into()
    }
}

pub(crate) const NAME: &str = if cfg!(windows) { "pip.ini" } else { "pip.conf" };

/// The file that pip reads for its user: `PIP_CONFIG_FILE`, which goes before all others; else the one in the usual
/// folder; else the one in the folder of old, where only that is there.
fn user_file() -> Result<PathBuf, Failure> {
    if let Some(file) = folders::named("PIP_CONFIG_FILE")? {
        if file == Path::new("/dev/null") || file == Path::new(r"\\.\nul") {
            return Err(Failure::configuration(
                "PIP_CONFIG_FILE tells pip to read no file at all",
                "Unset it, or let it name a file.",
            ));
        }
        return Ok(file);
    }
    let home = folders::home()?;
    let (usual, old) = if cfg!(windows) {
        (folders::windows("APPDATA", r"AppData\Roaming")?.join("pip"), home.join("pip"))
    } else {
        let macos = home.join("Library/Application Support/pip");
        let usual =
            if cfg!(target_os = "macos") && macos.is_dir() { macos } else { folders::xdg()?.join("pip") };
        (usual, home.join(".pip"))
    };
    let (usual, old) = (usual.join(NAME), old.join(NAME));
    Ok(if !usual.exists() && old.is_file() { old } else { usual })
}

/// As pip's configuration takes keys: in any case, with `-` and `_` alike, and with dashes before them.
pub(crate) fn fold(key: &str) -> String {
    let key = key.to_lowercase().replace('_', "-");
    key.strip_prefix("--").map(str::to_owned).unwrap_or(key)
}

/// Why an INI file was not edited.
pub(super) fn refused(file: &Path, error: &IniError) -> Failure {
    Failure::configuration(format!("`{}` {error}", file.display()), "Correct the file; nothing was changed.")
}
