//! Those who read a token out of an `.npmrc`: npm, yarn 1 and bun.

use std::path::{Path, PathBuf};

use crate::node::npm::registration::{Filter, key, registry_key};
use crate::node::npm::{BareValue, Mode, Npmrc};
use vouch_core::config::Registration;
use vouch_core::home::Home;
use vouch_core::{Context, Failure};

use super::project::{self, Reader};
use super::{packages, pnpm, tokens, user_npmrc};
use crate::client::{Client, Edit, Edits, SetupRequest};
use crate::edited_file::EditedFile;
use crate::git;
use crate::options::Options;
use crate::tool::Tool;
use crate::variable;

/// npm, yarn 1 or bun, for one `.npmrc`.
#[derive(Debug)]
pub struct NpmrcClient {
    tool: Tool,
    file: PathBuf,
    mode: Option<Mode>,
}

impl NpmrcClient {
    /// Finds the file that the client reads.
    pub fn new(tool: Tool, options: &Options) -> Result<Self, Failure> {
        Ok(Self { tool, file: user_npmrc(options.file.as_deref())?, mode: options.mode })
    }

    fn lines(&self, npmrc: &mut Npmrc, registration: &Registration) -> Result<(), Failure> {
        let url = &registration.endpoint;
        let (value, token) = BareValue::new(url).zip(key(url, "_authToken")).ok_or_else(|| {
            Failure::configuration(
                format!("`{url}` cannot stand in an .npmrc"),
                "Give a URL of plain letters with `--endpoint`.",
            )
        })?;
        npmrc.set(&registry_key(registration), value);
        let names_variable = npmrc.value(&token).is_some_and(|value| value.contains("${"));
        let variable = variable::of(registration).map(|name| format!("${{{name}}}"));
        match variable.as_deref().and_then(BareValue::variable) {
            Some(variable) => npmrc.set(&token, variable),
            // The token itself is written once it is there.
            _ if names_variable => drop(npmrc.remove(&token)),
            _ => {}
        }
        // Without it yarn 1 asks for packages that have no scope as nobody, and reports them as missing (measured).
        if let Some(always) = key(url, "always-auth").filter(|_| self.tool == Tool::YarnClassic) {
            npmrc.set(&always, BareValue::TRUE);
        }
        Ok(())
    }

    /// How the client is run in an environment with the token.
    fn command(&self) -> &'static str {
        match self.tool {
            Tool::YarnClassic => "yarn",
            tool => tool.name(),
        }
    }
}

impl Client for NpmrcClient {
    fn tool(&self) -> Tool {
        self.tool
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
        known.name == new.name
    }

    fn complete(
        &self,
        registration: &mut Registration,
        before: Option<&Registration>,
    ) -> Result<(), Failure> {
        if let Some(mode) = self.mode {
            mode.record(registration);
        }
        variable::record(registration);
        super::record_replaced(&self.file, registration, before)
    }

    fn plan(&self, wanted: &SetupRequest<'_>) -> Result<Edits, Failure> {
        let registration = wanted.registration;
        let scope = registration.name.as_deref();
        let mut notes = Vec::new();
        if Mode::of(registration) == Some(Mode::Env) {
            pnpm::refuse_variables(&self.file)?;
        }
        if Mode::of(registration) == Some(Mode::Static) {
            notes.extend(git::warning(&self.file, git::check(&self.file)?));
        }
        let file = EditedFile::read(self.file.clone())?;
        let mut npmrc = Npmrc::parse(file.text().as_bytes());
        let before = npmrc.value(&registry_key(registration));
        self.lines(&mut npmrc, registration)?;
        if let Some(before) = before.filter(|before| !same_url(before, &registration.endpoint)) {
            notes.push(format!("{} came from {before} before", packages(scope)));
        }
        let reader = Reader { tool: self.tool, major: None };
        notes.extend(project::warnings(&self.file, wanted, reader));
        Ok(Edits { files: vec![Edit { file, after: text(&npmrc) }], notes })
    }

    fn snippet(&self, wanted: &SetupRequest<'_>) -> Result<String, Failure> {
        let mut npmrc = Npmrc::default();
        let mut registration = wanted.registration.clone();
        // The lines may hold no secret, so they name the variable.
        Mode::Env.record(&mut registration);
        variable::record(&mut registration);
        self.lines(&mut npmrc, &registration)?;
        Ok(text(&npmrc))
    }

    fn without_secrets(&self, text: &str) -> String {
        self::text(&Npmrc::parse(text.as_bytes()).without_secrets())
    }

    fn preview(&self, after: &str, wanted: &SetupRequest<'_>) -> String {
        // Blanked like any other below.
        const MARK: &str = "token";
        let mut npmrc = Npmrc::parse(after.as_bytes());
        if Mode::of(wanted.registration) == Some(Mode::Static)
            && let Some((token, mark)) =
                key(&wanted.registration.endpoint, "_authToken").zip(BareValue::new(MARK))
            && npmrc.value(&token).is_none()
        {
            npmrc.set(&token, mark);
        }
        text(&npmrc.without_secrets())
    }

    fn done(&self, wanted: &SetupRequest<'_>) -> Vec<String> {
        let Registration { endpoint, name, .. } = wanted.registration;
        vec![format!("{} come from {endpoint}, in `{}`", packages(name.as_deref()), self.file.display())]
    }

    fn finish(&self, home: &Home, registration: &Registration) -> Result<Vec<String>, Failure> {
        if Mode::of(registration) != Some(Mode::Static) {
            return Ok(Vec::new());
        }
        let filter = Filter {
            profile: Some(&registration.profile),
            file: Some(&self.file),
            tool: Some(self.tool.name()),
        };
        tokens::renew(&Context::new(home.clone()), filter)
    }

    fn next(&self, wanted: &SetupRequest<'_>) -> String {
        let command = self.command();
        match Mode::of(wanted.registration) {
            Some(Mode::Env) => variable::exec(wanted, &format!("{command} install")),
            _ => format!("`{command} install`"),
        }
    }
}

fn text(npmrc: &Npmrc) -> String {
    String::from_utf8_lossy(&npmrc.to_bytes()).into_owned()
}

fn same_url(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}
