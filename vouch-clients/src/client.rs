//! What each package manager brings for itself; what is common to all of them is in the command.

use std::path::{Path, PathBuf};

use vouch_core::Failure;
use vouch_core::config::{Config, Registration};
use vouch_core::home::Home;
use vouch_core::partition::RepositoryName;

use crate::edited_file::EditedFile;
use crate::text::redact::Dialect;
use crate::tool::Tool;

/// A package manager with the flags that were typed for it.
pub trait Client {
    /// Its row in the table: name, format, where its token comes from.
    fn tool(&self) -> Tool;

    /// The file that a registration of it names: the one that the client itself would read.
    fn file(&self) -> &Path;

    /// Whether a file is one that this client's registrations name: more than one, where versions read different ones.
    fn wrote(&self, file: &Path) -> bool {
        file == self.file()
    }

    /// What the registration is called where nobody chose a name, if it has one at all.
    fn default_name(&self, repository: &RepositoryName) -> Option<String> {
        Some(repository.to_string())
    }

    /// Whether a name that was chosen once for a URL stays where none is typed.
    fn keeps_name(&self) -> bool {
        true
    }

    /// Adds what a registration of this client says beyond the common.
    ///
    /// # Errors
    /// When it contradicts another registration.
    fn complete(&self, _registration: &mut Registration, _config: &Config) -> Result<(), Failure> {
        Ok(())
    }

    /// Whether a registration of the same file gives way to a new one. Only one of the same repository does, such as when
    /// its URL is corrected: setting up another one adds it, and what worked before goes on.
    fn replaces(&self, known: &Registration, new: &Registration) -> bool {
        known.endpoint == new.endpoint || is_corrected(known, new)
    }

    /// What stands before the token on the wire, if that was typed.
    fn token_prefix(&self) -> Option<&'static str> {
        None
    }

    /// Looks at the client itself, such as its version: what a person should know first.
    ///
    /// # Errors
    /// When it cannot work with Vouch at all.
    fn check(&self) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }

    /// Plans every edit. Writes nothing.
    ///
    /// # Errors
    /// When a file cannot be read or edited, or says something that contradicts.
    fn plan(&self, wanted: &SetupRequest<'_>) -> Result<Edits, Failure>;

    /// The lines to add by hand, for `--print`. Holds no secret.
    ///
    /// # Errors
    /// When there can be no such lines.
    fn snippet(&self, wanted: &SetupRequest<'_>) -> Result<String, Failure>;

    /// How a file that it edits is written, which tells what is secret in it.
    fn dialect(&self, file: &Path) -> Dialect;

    /// What a file will say after all of setup, for `--dry-run`: the plan, and a mark in place of what is written once it is there.
    fn preview(&self, after: &str, _wanted: &SetupRequest<'_>) -> String {
        after.to_owned()
    }

    /// What setup has done, in the client's words; said only when a file was edited.
    fn done(&self, wanted: &SetupRequest<'_>) -> Vec<String>;

    /// What [`Self::finish`] would make beside the files, for `--dry-run`.
    fn would_make(&self) -> Vec<String> {
        Vec::new()
    }

    /// Does what only a recorded registration allows, such as asking for its token. Answers what it did.
    ///
    /// # Errors
    /// When it failed. Setup is then taken back, unless nobody refused it: a failure of the network, or for want of a session.
    fn finish(&self, _home: &Home, _registration: &Registration) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }

    /// Commands to type next.
    fn next(&self, wanted: &SetupRequest<'_>) -> String;
}

/// Whether two registrations are of one repository under one name, the new one perhaps with another URL.
pub(crate) fn is_corrected(known: &Registration, new: &Registration) -> bool {
    known.name == new.name && known.repository == new.repository && known.profile == new.profile
}

/// What a client's files are to say.
#[derive(Debug, Clone, Copy)]
pub struct SetupRequest<'a> {
    pub registration: &'a Registration,
    /// What an earlier setup wrote in its place, and that the person now corrects.
    pub corrects: Option<&'a Registration>,
    /// The configuration as it was before.
    pub config: &'a Config,
    /// Files that give way in part, and what edits of them start from.
    pub bases: &'a [(PathBuf, Option<String>)],
}

impl SetupRequest<'_> {
    /// Reads a file to plan an edit of it.
    ///
    /// # Errors
    /// As [`EditedFile::read`].
    pub fn read(&self, path: &Path) -> Result<EditedFile, Failure> {
        let file = EditedFile::read(path.to_owned())?;
        Ok(match self.bases.iter().find(|(known, _)| known == path) {
            Some((_, base)) => file.starting_from(base.clone()),
            None => file,
        })
    }

    /// Whether it is set up in this home already, so that what its lines say is this home's to decide.
    pub fn is_known(&self) -> bool {
        let Registration { tool, endpoint, file, .. } = self.registration;
        let is_it = |known: &&Registration| {
            (&known.tool, &known.endpoint) == (tool, endpoint)
                && (known.file.is_none() || known.file == *file)
        };
        self.corrects.is_some() || self.config.codeartifact.registrations.iter().any(|known| is_it(&known))
    }
}

/// Planned edits of files.
#[derive(Debug, Default)]
pub struct Edits {
    pub files: Vec<Edit>,
    /// What the person should know, whether or not anything changes.
    pub notes: Vec<String>,
}

/// A planned edit of one file.
#[derive(Debug, Clone)]
pub struct Edit {
    pub file: EditedFile,
    pub after: String,
}

impl Edit {
    pub fn changes(&self) -> bool {
        self.after != self.file.present_text()
    }
}
