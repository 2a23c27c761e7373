//! Gradle, by init scripts of our own: they ask `vouch credential` while a build runs.

use std::path::{Path, PathBuf};

use vouch_core::config::Registration;
use vouch_core::{ErrorKind, Failure};

use crate::cargo;
use crate::client::{Client, Edit, Edits, SetupRequest};
use crate::edited_file::EditedFile;
use crate::text::redact::Dialect;
use crate::tool::Tool;

const SCRIPT: &str = include_str!("vouch.gradle");
const TOKEN_SCRIPT: &str = include_str!("vouch-token.gradle");
/// What the list of URLs begins and ends with.
const LIST: (&str, &str) = ("def served = [\n", "]\n");

/// Gradle, for its user's folder.
#[derive(Debug)]
pub struct Gradle {
    file: PathBuf,
    token_file: PathBuf,
}

impl Gradle {
    /// Finds the folder: `GRADLE_USER_HOME`, else `.gradle` in the home folder.
    pub fn new() -> Result<Self, Failure> {
        let named = vouch_core::env::var_os("GRADLE_USER_HOME").map(PathBuf::from);
        let folder = match named {
            Some(folder) => std::path::absolute(&folder).map_err(|error| {
                Failure::configuration(format!("`{}` cannot be the folder", folder.display()), "")
                    .because(&error)
            })?,
            None => super::home()?.join(".gradle"),
        };
        let (file, token_file) =
            (folder.join("init.d").join("vouch.gradle"), folder.join("vouch-token.gradle"));
        Ok(Self { file, token_file })
    }

    /// The script with a line for the repository in its list.
    fn script(&self, text: &str, registration: &Registration, vouch: String) -> Result<String, Failure> {
        let text = if text.is_empty() { SCRIPT } else { text };
        let foreign = || {
            Failure::configuration(
                format!("`{}` is not as Vouch writes it", self.file.display()),
                "Move the file away and run the command again; nothing was changed.",
            )
        };
        let list = list_of(text).ok_or_else(foreign)?;
        // All but the list is Vouch's own: an earlier Vouch may have written it, with weaker checks.
        let (before, after) = SCRIPT.split_once(LIST.0).ok_or_else(foreign)?;
        let key = format!("    {}: ", quoted(&registration.endpoint));
        let command = ["credential", "codeartifact", "--profile", &registration.profile];
        let words = std::iter::once(vouch).chain(command.map(str::to_owned));
        let words: Vec<String> = words.map(|word| quoted(&word)).collect();
        let line = format!("{key}[{}],", words.join(", "));
        let mut lines = list.to_owned();
        if !list.lines().any(|known| known == line) {
            lines = list.split_inclusive('\n').filter(|line| !line.starts_with(&key)).collect();
            lines.push_str(&format!("{line}\n"));
        }
        Ok(format!("{before}{}{lines}{after}", LIST.0))
    }
}

impl Client for Gradle {
    fn tool(&self) -> Tool {
        Tool::Gradle
    }

    fn file(&self) -> &Path {
        &self.file
    }

    fn default_name(&self, _repository: &vouch_core::partition::RepositoryName) -> Option<String> {
        None
    }

    fn keeps_name(&self) -> bool {
        false
    }

    fn replaces(&self, known: &Registration, new: &Registration) -> bool {
        known.endpoint == new.endpoint
    }

    fn plan(&self, wanted: &SetupRequest<'_>) -> Result<Edits, Failure> {
        let file = EditedFile::read(self.file.clone())?;
        let after = self.script(file.text(), wanted.registration, vouch()?)?;
        let token = EditedFile::read(self.token_file.clone())?;
        let files = vec![Edit { file, after }, Edit { file: token, after: TOKEN_SCRIPT.into() }];
        Ok(Edits { files, notes: Vec::new() })
    }

    fn snippet(&self, wanted: &SetupRequest<'_>) -> Result<String, Failure> {
        let script = self.script("", wanted.registration, vouch()?)?;
        let token_file = self.token_file.display();
        Ok(format!("{script}\n// ---- for `{token_file}`\n{TOKEN_SCRIPT}"))
    }

    fn dialect(&self, _file: &Path) -> Dialect {
        Dialect::Code
    }

    fn done(&self, wanted: &SetupRequest<'_>) -> Vec<String> {
        let endpoint = &wanted.registration.endpoint;
        vec![format!("a build that names {endpoint} gets its token from `{}`", self.file.display())]
    }

    fn next(&self, wanted: &SetupRequest<'_>) -> String {
        format!(
            "add `maven {{ url = uri(\"{}\") }}` to `repositories` of the build",
            wanted.registration.endpoint
        )
    }
}

/// The lines of the list in a script, if it is one of ours.
fn list_of(script: &str) -> Option<&str> {
    let (_, rest) = script.split_once(LIST.0)?;
    let end = if rest.starts_with(LIST.1) { 0 } else { rest.find("\n]\n")? + 1 };
    rest.get(..end)
}

/// `vouch`, by a path that stays good.
fn vouch() -> Result<String, Failure> {
    let found = cargo::find_program("vouch").and_then(|path| path.into_os_string().into_string().ok());
    found.ok_or_else(|| {
        Failure::new(
            ErrorKind::Other,
            "the path of `vouch` is not known",
            "Install it in a folder with a plain name.",
        )
    })
}

/// A string of Groovy in which nothing is replaced.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration(endpoint: &str, profile: &str) -> Registration {
        serde_json::from_value(serde_json::json!({
            "tool": "gradle", "repository": "my-repo", "profile": profile, "endpoint": endpoint
        }))
        .unwrap()
    }

    #[test]
    fn each_url_has_one_line() {
        let gradle = Gradle { file: "/x".into(), token_file: "/y".into() };
        let script = |text: &str, registration| gradle.script(text, &registration, "/bin/vouch".into());
        let one = script("", registration("https://one/maven/a/", "default")).unwrap();
        let both = script(&one, registration("https://two/it's\\/", "p")).unwrap();
        assert!(
            both.contains("    'https://one/maven/a/': ['") && both.contains("'--profile', 'default'],\n")
        );
        assert!(both.contains("    'https://two/it\\'s\\\\/': ['"));
        let changed = script(&both, registration("https://one/maven/a/", "other")).unwrap();
        assert_eq!(changed.matches("https://one/maven/a/").count(), 1);
        assert!(changed.contains("'--profile', 'other'],\n]\n"));
        assert_eq!(both.replace("    'https://two", "x").lines().count(), SCRIPT.lines().count() + 2);
        // What an earlier Vouch wrote round the list gives way; the list stays.
        let old = both.replace("startsWith", "contains");
        assert_ne!(old, both);
        assert_eq!(script(&old, registration("https://one/maven/a/", "default")).unwrap(), both);
        for foreign in ["println 'x'", "def served = [\n"] {
            assert!(script(foreign, registration("https://one/", "p")).is_err());
        }
    }
}
