//! twine, for `.pypirc`.

use std::path::{Path, PathBuf};

use vouch_core::Failure;
use vouch_core::endpoint::USER;
use vouch_core::home::Home;

use super::pip::refused;
use super::{folders, name, occupied, overrides, url, wheel};
use crate::client::{Client, Edit, Edits, SetupRequest};
use crate::text::ini::{Ini, lower_case};
use crate::text::redact::Dialect;
use crate::tool::Tool;

const LIST: (&str, &str) = ("distutils", "index-servers");

/// twine, for its user's file.
#[derive(Debug)]
pub struct Twine {
    file: PathBuf,
    home: Option<String>,
}

impl Twine {
    /// Names the file. No variable moves it (twine's source, `DEFAULT_CONFIG_FILE`).
    pub fn new(home: &Home) -> Result<Self, Failure> {
        Ok(Self { file: folders::home()?.join(".pypirc"), home: wheel::home(home) })
    }

    fn edited(
        &self,
        text: &str,
        wanted: &SetupRequest<'_>,
        notes: &mut Vec<String>,
    ) -> Result<String, Failure> {
        let name = name(wanted.registration)?;
        if matches!(name, "distutils" | "server-login" | "pypi" | "testpypi") {
            return Err(Failure::new(
                vouch_core::ErrorKind::Usage,
                format!("`{name}` is a name of twine's own"),
                "Give the repository another name with `--registry NAME`.",
            ));
        }
        let endpoint = &wanted.registration.endpoint;
        let ini = self.parse(text)?;
        let there = ini.value(name, "repository").unwrap_or_default();
        if !there.is_empty() && !url::gives_way(&there, wanted) {
            let hint = "Give this one another name with `--registry NAME`, or remove that section first";
            return Err(occupied(&format!("`[{name}]`"), &self.file, &there, hint));
        }
        let listed = ini.value(LIST.0, LIST.1);
        let mut text = text.to_owned();
        match listed {
            // Without a list, twine knows these two.
            None => text = ini.set(LIST.0, LIST.1, &format!("\npypi\ntestpypi\n{name}")),
            Some(listed) if listed.split_whitespace().any(|known| known == name) => {}
            Some(_) => text = ini.append(LIST.0, LIST.1, name),
        }
        for (key, value) in [("repository", endpoint.as_str()), ("username", USER)] {
            let ini = self.parse(&text)?;
            if ini.value(name, key).as_deref() != Some(value) {
                text = ini.set(name, key, value);
            }
        }
        if self.parse(&text)?.value(name, "password").is_some() {
            notes.push(format!(
                "twine takes `password` of `[{name}]` instead of asking Vouch: remove that line"
            ));
        }
        notes.extend(other_passwords(&self.parse(&text)?, name, endpoint));
        Ok(text)
    }

    fn parse<'t>(&self, text: &'t str) -> Result<Ini<'t>, Failure> {
        Ini::parse(text, lower_case).map_err(|error| refused(&self.file, &error))
    }
}

/// Other sections with a password for the same repository, as `aws codeartifact login` writes one: `-r` with their name, or
/// `--repository-url`, takes it.
fn other_passwords(ini: &Ini<'_>, name: &str, endpoint: &str) -> Vec<String> {
    let is_other = |section: &&str| {
        *section != name
            && ini.value(section, "repository").is_some_and(|there| url::same(&there, endpoint))
            && ini.value(section, "password").is_some()
    };
    let note = |section: &str| {
        format!(
            "`[{section}]` has a password for the same repository, which `twine upload -r {section}` takes instead of \
             asking Vouch: remove that section, or upload with `-r {name}`"
        )
    };
    ini.sections().filter(is_other).map(note).collect()
}

impl Client for Twine {
    fn tool(&self) -> Tool {
        Tool::Twine
    }

    fn file(&self) -> &Path {
        &self.file
    }

    fn check(&self) -> Result<Vec<String>, Failure> {
        Ok(wheel::missing(self.tool().name()).into_iter().collect())
    }

    fn plan(&self, wanted: &SetupRequest<'_>) -> Result<Edits, Failure> {
        let mut notes = Vec::new();
        let file = wanted.read(&self.file)?;
        let after = self.edited(file.text(), wanted, &mut notes)?;
        notes.extend(overrides::variables(["TWINE_REPOSITORY_URL", "TWINE_USERNAME", "TWINE_PASSWORD"]));
        Ok(Edits { files: vec![Edit { file, after }], notes })
    }

    fn snippet(&self, wanted: &SetupRequest<'_>) -> Result<String, Failure> {
        self.edited("", wanted, &mut Vec::new())
    }

    fn dialect(&self, _file: &Path) -> Dialect {
        Dialect::Ini
    }

    fn done(&self, wanted: &SetupRequest<'_>) -> Vec<String> {
        let registration = wanted.registration;
        let name = registration.name.as_deref().unwrap_or_default();
        let file = self.file.display();
        let mut done = vec![format!("repository `{name}`: {}, in `{file}`", registration.endpoint)];
        done.extend(wheel::found(self.tool().name()));
        done
    }

    fn next(&self, wanted: &SetupRequest<'_>) -> String {
        let name = wanted.registration.name.as_deref().unwrap_or_default();
        format!("`{}twine upload -r {name} dist/*`", self.home.as_deref().unwrap_or_default())
    }
}
