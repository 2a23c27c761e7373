//! Those who read a token out of an `.npmrc`: npm, yarn 1 and bun.

use std::path::{Path, PathBuf};

use vouch_core::config::{Config, Registration};
use vouch_core::hint::{UNDO_CLIENT, VOUCH_UNDO};
use vouch_core::home::Home;
use vouch_core::{Context, ErrorKind, Failure};

use super::project::{self, Reader};
use super::{packages, pnpm, tokens, user_npmrc};
use crate::client::{Client, Edit, Edits, SetupRequest};
use crate::git;
use crate::ledger::Ledger;
use crate::node::npm::registration::{Filter, key, registry_key};
use crate::node::npm::{BareValue, Mode, Npmrc};
use crate::options::Options;
use crate::real_path::real;
use crate::text::redact::{self, Dialect};
use crate::tool::Tool;
use crate::variable;

/// npm, yarn 1 or bun, for one `.npmrc`.
#[derive(Debug)]
pub struct NpmrcClient {
    tool: Tool,
    file: PathBuf,
    mode: Option<Mode>,
    vouch: Home,
    /// Whether a token of somebody else's gives way, as at setup.
    takes_over: bool,
}

impl NpmrcClient {
    /// Finds the file that the client reads. What is `written` already leaves a token that somebody put there since.
    pub fn new(vouch: &Home, tool: Tool, options: &Options, written: bool) -> Result<Self, Failure> {
        let file = user_npmrc(options.file.as_deref())?;
        Ok(Self { tool, file, mode: options.mode, vouch: vouch.clone(), takes_over: !written })
    }

    /// Takes a token out that Vouch did not write, so that the journal knows of it: Vouch's own comes in its place later,
    /// past the journal.
    fn take_over(&self, npmrc: &mut Npmrc, registration: &Registration) -> Result<Option<String>, Failure> {
        let key = key(&registration.endpoint, "_authToken").filter(|_| self.takes_over);
        let Some((key, held)) = key.and_then(|key| npmrc.value(&key).map(|held| (key, held))) else {
            return Ok(None);
        };
        let ledger = Ledger::load(&self.vouch)?;
        let is_ours = real(&self.file).is_ok_and(|file| ledger.is_ours(&file, &held));
        if held.contains("${") || is_ours {
            return Ok(None);
        }
        npmrc.remove(&key);
        Ok(Some(format!(
            "the token for {} in `{}` is not Vouch's and gives way; {VOUCH_UNDO} cannot put it back",
            registration.endpoint,
            self.file.display()
        )))
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

    fn two_modes(&self, known: &Registration) -> Failure {
        let Registration { tool, endpoint, .. } = known;
        let mode = if Mode::of(known) == Some(Mode::Env) { "env" } else { "static" };
        Failure::new(
            ErrorKind::Usage,
            format!(
                "`{}` has one line for the token of {endpoint}, which {tool} reads in mode {mode}",
                self.file.display()
            ),
            format!(
                "Leave `--mode` out to share that line; or undo the other one first: {}.",
                UNDO_CLIENT.fill("CLIENT", tool)
            ),
        )
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
        super::replaces(known, new)
    }

    /// One line of a file is read in one mode by all who read it.
    fn complete(&self, registration: &mut Registration, config: &Config) -> Result<(), Failure> {
        let shares = |known: &&Registration| {
            let is_it = (&known.tool, &known.name) == (&registration.tool, &registration.name);
            !is_it && known.endpoint == registration.endpoint && known.file == registration.file
        };
        let sharing = config.codeartifact.registrations.iter().filter(shares);
        let mut modes = sharing.filter_map(|known| Some((known, Mode::of(known)?)));
        let shared = modes.find(|(_, mode)| *mode != Mode::Helper);
        let mode = match (self.mode, shared) {
            (Some(typed), Some((known, mode))) if typed != mode => return Err(self.two_modes(known)),
            (typed, shared) => typed.or(shared.map(|(_, mode)| mode)),
        };
        if let Some(mode) = mode {
            mode.record(registration);
        }
        variable::record(registration);
        Ok(())
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
        let file = wanted.read(&self.file)?;
        let mut npmrc = Npmrc::parse(file.text().as_bytes());
        let before = npmrc.value(&registry_key(registration));
        if Mode::of(registration) != Some(Mode::Helper) {
            notes.extend(self.take_over(&mut npmrc, registration)?);
        }
        self.lines(&mut npmrc, registration)?;
        if let Some(before) = before.filter(|before| !same_url(before, &registration.endpoint)) {
            notes.push(format!("{} came from {} before", packages(scope), redact::shown_url(&before)));
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

    fn dialect(&self, _file: &Path) -> Dialect {
        Dialect::NpmIni
    }

    fn preview(&self, after: &str, wanted: &SetupRequest<'_>) -> String {
        const MARK: &str = "token";
        let mut npmrc = Npmrc::parse(after.as_bytes());
        if Mode::of(wanted.registration) == Some(Mode::Static)
            && let Some((token, mark)) =
                key(&wanted.registration.endpoint, "_authToken").zip(BareValue::new(MARK))
            && npmrc.value(&token).is_none()
        {
            npmrc.set(&token, mark);
        }
        text(&npmrc)
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
            Some(Mode::Env) => {
                variable::exec(wanted, variable::Kind::Codeartifact, &format!("{command} install"))
            }
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
