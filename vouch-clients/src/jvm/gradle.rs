//! Gradle, by init scripts of our own: they ask `vouch credential` while a build runs.

use std::path::{Path, PathBuf};

use vouch_core::config::Registration;
use vouch_core::files;
use vouch_core::home::Home;
use vouch_core::{ErrorKind, Failure};

use crate::cargo;
use crate::client::{Client, Edit, Edits, SetupRequest};
use crate::home_argument::{HomeArgument, named_in, other_owner, taken};
use crate::text::redact::Dialect;
use crate::tool::Tool;

const SCRIPT: &str = include_str!("vouch.gradle");
const TOKEN_SCRIPT: &str = include_str!("vouch-token.gradle");
/// What stands in the first line of either script.
const MARK: &str = "Written by `vouch setup codeartifact --tool gradle`";
/// What the list of URLs begins and ends with.
const LIST: (&str, &str) = ("def served = [\n", "]\n");

/// Gradle, for its user's folder.
#[derive(Debug)]
pub struct Gradle {
    file: PathBuf,
    token_file: PathBuf,
    home: Home,
}

impl Gradle {
    /// Finds the folder: `GRADLE_USER_HOME`, else `.gradle` in the home folder.
    pub fn new(home: &Home) -> Result<Self, Failure> {
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
        Ok(Self { file, token_file, home: home.clone() })
    }

    /// The script with a line for the repository in its list.
    fn script(&self, text: &str, registration: &Registration, vouch: String) -> Result<String, Failure> {
        let text = if text.is_empty() { SCRIPT } else { text };
        let foreign = || foreign(&self.file);
        let list = list_of(text).ok_or_else(foreign)?;
        // All but the list is Vouch's own: an earlier Vouch may have written it, with weaker checks.
        let (before, after) = SCRIPT.split_once(LIST.0).ok_or_else(foreign)?;
        let key = key(&registration.endpoint);
        let command = ["credential", "codeartifact", "--profile", &registration.profile];
        let words = std::iter::once(vouch).chain(command.map(str::to_owned));
        let words = words.chain(HomeArgument::new(&self.home)?.words());
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
        let file = wanted.read(&self.file)?;
        let endpoint = &wanted.registration.endpoint;
        if let Some(written) = command_of(file.text(), endpoint).filter(|_| !wanted.is_known())
            && let Some(owner) = other_owner(&self.home, named_in(&written).as_deref())
        {
            return Err(taken(&self.file, &format!("the line of {endpoint}"), &owner, self.tool().name()));
        }
        let after = self.script(file.text(), wanted.registration, vouch()?)?;
        let token = wanted.read(&self.token_file)?;
        // Whichever Vouch wrote it, its first line says so.
        let first = token.text().lines().next().unwrap_or_default();
        if !token.text().trim().is_empty() && !first.contains(MARK) {
            return Err(foreign(&self.token_file));
        }
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

fn foreign(file: &Path) -> Failure {
    Failure::configuration(
        format!("`{}` is not as Vouch writes it", file.display()),
        "Move the file away and run the command again; nothing was changed.",
    )
}

/// The home that the script asks for a repository, if it has a line of it.
pub(super) fn home_of(file: &Path, endpoint: &str) -> Option<Option<PathBuf>> {
    let command = command_of(&files::read_text(file).ok()?, endpoint)?;
    Some(named_in(&command))
}

/// The command that a script has for a repository.
fn command_of(script: &str, endpoint: &str) -> Option<Vec<String>> {
    let key = key(endpoint);
    let command = list_of(script)?.lines().find_map(|line| line.strip_prefix(&key))?;
    strings(command)
}

/// What the line of a repository begins with.
fn key(endpoint: &str) -> String {
    format!("    {}: ", quoted(endpoint))
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

/// A string of Groovy in which nothing is replaced. Scripts are read in the encoding of the system, escapes in all.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        match c {
            '\\' | '\'' => quoted.extend(['\\', c]),
            c if c.is_ascii() => quoted.push(c),
            c => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| quoted.push_str(&format!("\\u{unit:04x}")))
            }
        }
    }
    quoted + "'"
}

/// The strings of a list, as [`quoted`] writes them.
fn strings(list: &str) -> Option<Vec<String>> {
    let mut units = Vec::new();
    let (mut all, mut inside) = (Vec::new(), false);
    let mut rest = list.chars();
    while let Some(c) = rest.next() {
        match c {
            '\'' if inside => {
                all.push(String::from_utf16(&units).ok()?);
                units.clear();
                inside = false;
            }
            '\'' => inside = true,
            _ if !inside => {}
            '\\' => match rest.next()? {
                'u' => {
                    let digits: String = rest.by_ref().take(4).collect();
                    units.push(u16::from_str_radix(&digits, 16).ok()?);
                }
                c => units.extend(c.encode_utf16(&mut [0; 2]).iter()),
            },
            c => units.extend(c.encode_utf16(&mut [0; 2]).iter()),
        }
    }
    (!inside).then_some(all)
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

    fn of_home(folder: &Path) -> Gradle {
        let home = Home::at(folder.join("it's \\ a $HOME # h\u{f6}me\u{1f511}")).unwrap();
        Gradle { file: "/x".into(), token_file: "/y".into(), home }
    }

    #[test]
    fn the_command_of_a_line_says_whose_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let gradle = of_home(dir.path());
        let endpoint = "https://one/maven/a/";
        let script = gradle.script("", &registration(endpoint, "p"), "/a 'b'/vouch".into()).unwrap();
        assert!(
            script.is_ascii() && script.contains(r"it\'s \\ a $HOME # h\u00f6me\ud83d\udd11'],"),
            "{script}"
        );
        let command = command_of(&script, endpoint).unwrap();
        let home = gradle.home.path().to_str().unwrap();
        assert_eq!(command, ["/a 'b'/vouch", "credential", "codeartifact", "--profile", "p", "--home", home]);
        assert_eq!(command_of(&script, "https://one/maven/"), None);
        assert_eq!(strings("['a"), None);
    }

    #[test]
    fn each_url_has_one_line() {
        let dir = tempfile::tempdir().unwrap();
        let gradle = of_home(dir.path());
        let script = |text: &str, registration| gradle.script(text, &registration, "/bin/vouch".into());
        let one = script("", registration("https://one/maven/a/", "default")).unwrap();
        let both = script(&one, registration("https://two/it's\\/", "p")).unwrap();
        assert!(
            both.contains("    'https://one/maven/a/': ['")
                && both.contains("'--profile', 'default', '--home', '")
        );
        assert!(both.contains("    'https://two/it\\'s\\\\/': ['"));
        let changed = script(&both, registration("https://one/maven/a/", "other")).unwrap();
        assert_eq!(changed.matches("https://one/maven/a/").count(), 1);
        assert!(changed.contains("'--profile', 'other', '--home', '") && changed.contains("'],\n]\n"));
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
