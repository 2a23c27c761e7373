//! Maven, for `settings.xml`.

use std::path::{Path, PathBuf};

use vouch_core::Failure;
use vouch_core::config::{Config, Registration};
use vouch_core::hint::VOUCH_EXEC_MAVEN;

use super::as_wanted;
use super::id;
use super::names::MavenNames;
use super::settings::{self, SettingsError, Wanted};
use crate::client::{Client, Edit, Edits, SetupRequest};
use crate::options::Options;
use crate::text::redact::Dialect;
use crate::tool::Tool;
use crate::variable::{self, Kind, exec};

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
            None => super::usual_settings()?,
        };
        Ok(Self { file })
    }

    fn refused(&self, error: &SettingsError) -> Failure {
        let file = self.file.display();
        let hint = match error {
            SettingsError::Occupied { .. } => {
                "Give this one another id with `--registry ID`, or remove that server first"
            }
            SettingsError::Mirrored { .. } => {
                "Give this one another id with `--registry ID`, leave its mirror out with `--no-mirror`, or remove that \
                 mirror first"
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

    fn complete(&self, registration: &mut Registration, _config: &Config) -> Result<(), Failure> {
        if Options::maven_names(registration).is_none() {
            let maven = Some(MavenNames::generate()?);
            let options = Options::recorded(registration).unwrap_or_default();
            Options { maven, ..options }.record(registration);
        }
        Ok(())
    }

    fn plan(&self, request: &SetupRequest<'_>) -> Result<Edits, Failure> {
        let names = Options::maven_names(request.registration);
        let wanted = wanted(request.registration, names.as_ref())?;
        let file = request.read(&self.file)?;
        let after = as_wanted::with(file.text(), wanted).map_err(|error| self.refused(&error))?;
        Ok(Edits { files: vec![Edit { file, after }], notes: Vec::new() })
    }

    fn snippet(&self, request: &SetupRequest<'_>) -> Result<String, Failure> {
        // Names that are not recorded are in nobody's environment.
        let is_recorded =
            |known: &Registration| Options::maven_names(known) == Options::maven_names(request.registration);
        let is_recorded = request.config.codeartifact.registrations.iter().any(is_recorded);
        let names = Options::maven_names(request.registration).filter(|_| is_recorded);
        let wanted = wanted(request.registration, names.as_ref())?;
        let Wanted { id, endpoint, .. } = wanted;
        let (servers, mirrors) = settings::lines(wanted);
        let mirrors = match mirrors.is_empty() {
            true => String::new(),
            false => format!("<!-- in settings.xml, below <mirrors> -->\n{mirrors}\n"),
        };
        let known = match names {
            Some(_) => "",
            None => {
                "<!-- the POM of any dependency can read this variable: setup without `--print` writes one that none can name -->\n"
            }
        };
        Ok(format!(
            "{known}<!-- in settings.xml, below <servers> -->\n{servers}\n{mirrors}\
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

    fn done(&self, request: &SetupRequest<'_>) -> Vec<String> {
        let Registration { name, endpoint, .. } = request.registration;
        let (id, file) = (name.as_deref().unwrap_or_default(), self.file.display());
        let no_mirror = Options::recorded(request.registration).unwrap_or_default().no_mirror;
        let reads = match no_mirror {
            true => format!(
                "a repository of a POM with the id `{id}` and the URL {endpoint} uses it; `--print` shows one"
            ),
            false => format!(
                "every repository of a POM with the id `{id}` is read from {endpoint}; `--print` shows one"
            ),
        };
        vec![
            format!("server `{id}` has the token of a variable that no POM can name, in `{file}`"),
            reads,
            format!(
                "{VOUCH_EXEC_MAVEN} sets that variable; where {} alone is set, Maven has no token from this file",
                variable::DEFAULT
            ),
        ]
    }

    fn next(&self, request: &SetupRequest<'_>) -> String {
        exec(request, Kind::Maven, "mvn deploy")
    }
}

/// What a registration says of the file.
fn wanted<'a>(registration: &'a Registration, names: Option<&'a MavenNames>) -> Result<Wanted<'a>, Failure> {
    let mirror = !Options::recorded(registration).unwrap_or_default().no_mirror;
    Ok(Wanted { id: id(registration)?, endpoint: &registration.endpoint, names, mirror })
}
