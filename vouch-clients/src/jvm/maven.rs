//! Maven, for `settings.xml`.

use std::path::{Path, PathBuf};

use vouch_core::Failure;
use vouch_core::config::Registration;

use super::id;
use super::settings::{self, SettingsError};
use crate::client::{Client, Edit, Edits, SetupRequest};
use crate::options::Options;
use crate::text::redact::Dialect;
use crate::tool::Tool;
use crate::variable::exec;

/// Maven, for one settings file.
#[derive(Debug)]
pub struct Maven {
    file: PathBuf,
}

impl Maven {
    /// Names the file: the one that was typed, else the user's. No variable moves that.
    pub fn new(options: &Options) -> Result<Self, Failure> {
        let file = match &options.file {
            Some(path) => std::path::absolute(path).map_err(|error| {
                Failure::configuration(format!("`{}` cannot be the file", path.display()), "").because(&error)
            })?,
            None => super::home()?.join(".m2").join("settings.xml"),
        };
        Ok(Self { file })
    }

    fn refused(&self, error: &SettingsError) -> Failure {
        let file = self.file.display();
        let hint = match error {
            SettingsError::Occupied { .. } => {
                "Give this one another id with `--registry ID`, or remove that server first"
            }
            _ => "Correct the file, or add the lines that `--print` shows",
        };
        Failure::configuration(
            format!("`{file}` cannot be edited: {error}"),
            format!("{hint}; nothing was changed."),
        )
    }
}

impl Client for Maven {
    fn tool(&self) -> Tool {
        Tool::Maven
    }

    fn file(&self) -> &Path {
        &self.file
    }

    fn plan(&self, wanted: &SetupRequest<'_>) -> Result<Edits, Failure> {
        let id = id(wanted.registration)?;
        let file = wanted.read(&self.file)?;
        let after = settings::with_server(file.text(), id).map_err(|error| self.refused(&error))?;
        Ok(Edits { files: vec![Edit { file, after }], notes: Vec::new() })
    }

    fn snippet(&self, wanted: &SetupRequest<'_>) -> Result<String, Failure> {
        let Registration { endpoint, .. } = wanted.registration;
        let id = id(wanted.registration)?;
        let server = settings::server_lines(id);
        Ok(format!(
            "<!-- in settings.xml, below <servers> -->\n{server}\n\
             <!-- in pom.xml, below <project>: to use packages, and to publish them -->\n\
             <repositories>\n  <repository>\n    <id>{id}</id>\n    <url>{endpoint}</url>\n  </repository>\n\
             </repositories>\n\
             <distributionManagement>\n  <repository>\n    <id>{id}</id>\n    <url>{endpoint}</url>\n  </repository>\n\
             </distributionManagement>\n"
        ))
    }

    fn dialect(&self, _file: &Path) -> Dialect {
        Dialect::Xml
    }

    fn done(&self, wanted: &SetupRequest<'_>) -> Vec<String> {
        let Registration { name, endpoint, .. } = wanted.registration;
        let id = name.as_deref().unwrap_or_default();
        vec![
            format!("server `{id}` has the token of `CODEARTIFACT_AUTH_TOKEN`, in `{}`", self.file.display()),
            format!(
                "a repository of a POM with the id `{id}` and the URL {endpoint} uses it; `--print` shows one"
            ),
        ]
    }

    fn next(&self, wanted: &SetupRequest<'_>) -> String {
        exec(wanted, "mvn deploy")
    }
}
