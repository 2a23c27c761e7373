//! pnpm: it asks a helper for the token, so nothing secret is in a file.
//!
//! The helper is told nothing, and pnpm 10 takes no arguments in its path, so it is called by a name that carries the
//! profile: a link in the home folder of Vouch.

use std::fs;
use std::path::{Path, PathBuf};

use vouch_core::Failure;
use vouch_core::config::{ConfigLock, Registration};
use vouch_core::env;
use vouch_core::files;
use vouch_core::hint::{EXEC_COMMAND, SETUP_NPM_ENV, VOUCH_EXEC};
use vouch_core::home::Home;
use vouch_core::partition::RepositoryName;
use vouch_helper::home::served_by;

use super::project::{self, Reader};
use super::workspace::ProjectLocation;
use super::{helper, home, npm, packages, pnpm_env, user_npmrc};
use crate::client::{Client, Edit, Edits, SetupRequest};
use crate::finding::Finding;
use crate::home_argument::{other_owner, taken};
use crate::inspect;
use crate::node::npm::registration::{key, registry_key};
use crate::node::npm::{BareValue, Npmrc};
use crate::program::{self, Asked};
use crate::text::redact::{self, Dialect};
use crate::tool::Tool;

/// Major and minor version.
type Version = (u32, u32);

/// The first that takes a helper in a file of its own (pnpm 11.0 to 11.12 refuse it there).
const AUTH_INI: Version = (11, 13);

/// The first that reads on in a file with a variable that is not set (measured with 10.34 and 11.28).
const PASSES_OVER_UNSET: Version = (11, 0);

pub(super) const PROGRAM: &str = if cfg!(windows) { "pnpm.cmd" } else { "pnpm" };

/// The oldest that was tried with a helper for installing and publishing.
pub(super) const OLDEST: Version = (10, 0);

/// pnpm, for the file that its version reads a helper from.
#[derive(Debug)]
pub struct Pnpm {
    version: Option<Version>,
    file: PathBuf,
    helper: PathBuf,
    home: Home,
}

impl Pnpm {
    pub fn new(vouch: &Home) -> Result<Self, Failure> {
        let version = version();
        let file = match version {
            Some(version) if version < AUTH_INI => user_npmrc(None)?,
            _ => config_folder()?.join("auth.ini"),
        };
        Ok(Self { version, file, helper: helper()?, home: vouch.clone() })
    }

    /// The name by which pnpm calls the helper for a profile.
    pub(super) fn link(&self, profile: &str) -> Result<PathBuf, Failure> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !profile.bytes().all(plain) {
            return Err(Failure::configuration(
                format!("profile `{profile}` cannot be in the name of a program"),
                "Set the domain up with `--profile NAME`, of letters, digits, `-`, `_` and `.`.",
            ));
        }
        let link = self.home.bin().join(format!("npm-token-vouch-{profile}{}", std::env::consts::EXE_SUFFIX));
        // pnpm splits the path at blanks and takes no quotes (measured with 10 to 12).
        let text = link.to_str().filter(|text| BareValue::new(&text.replace('\\', "/")).is_some());
        if text.is_none() {
            return Err(Failure::configuration(
                format!(
                    "pnpm cannot call a helper at `{}`: it takes no blanks and quotes in the path",
                    link.display()
                ),
                format!(
                    "Set VOUCH_HOME to a folder with a plain name, for good; or use {} with {SETUP_NPM_ENV}.",
                    EXEC_COMMAND.fill("TYPE", "codeartifact").fill("COMMAND", "pnpm")
                ),
            ));
        }
        Ok(link)
    }

    /// Who reads the files of a project.
    pub(super) fn reader(&self) -> Reader {
        Reader { tool: Tool::Pnpm, major: self.version.map(|(major, _)| major) }
    }

    /// A file that pnpm leaves out as things are, in a folder.
    pub(super) fn left_out(&self, folder: &Path) -> Option<Finding> {
        let (major, minor) = self.version.filter(|version| *version < PASSES_OVER_UNSET)?;
        let place = ProjectLocation::of(folder);
        let files = std::iter::once(self.file.clone()).chain(self.reader().npmrcs(&place, &self.file));
        let (variable, file) = files.into_iter().find_map(|file| Some((pnpm_env::unset(&file)?, file)))?;
        let failure = left_out(&format!("pnpm {major}.{minor}"), &file, &variable);
        Some(Finding::failure(
            inspect::OVERRIDDEN,
            failure,
            "A stranger's package of that name may be installed.",
        ))
    }

    /// What was written for a pnpm that read another file: there npm warns about it, at every command.
    fn moved(&self, wanted: &SetupRequest<'_>) -> Result<Option<Edit>, Failure> {
        let registration = wanted.registration;
        let old = user_npmrc(None)?;
        let registrations = &wanted.config.codeartifact.registrations;
        let is_there = |known: &&Registration| known.file.as_ref() == Some(&old);
        let was_ours = registrations.iter().filter(is_there).any(|known| {
            known.tool == Tool::Pnpm.name()
                && known.endpoint == registration.endpoint
                && known.name == registration.name
        });
        let (false, true, Some(helper)) = (
            old == self.file,
            was_ours || self.has_line(&old, registration),
            key(&registration.endpoint, "tokenHelper"),
        ) else {
            return Ok(None);
        };
        let file = wanted.read(&old)?;
        let mut npmrc = Npmrc::parse(file.text().as_bytes());
        npmrc.remove(&helper);
        // Those who read a token out of the file need the other line.
        let shared = registrations
            .iter()
            .filter(is_there)
            .any(|known| known.tool != Tool::Pnpm.name() && known.name == registration.name);
        let route = registry_key(registration);
        if !shared && npmrc.value(&route).as_deref() == Some(&registration.endpoint) {
            npmrc.remove(&route);
        }
        let after = String::from_utf8_lossy(&npmrc.to_bytes()).into_owned();
        Ok(Some(Edit { file, after }))
    }

    /// Whether a file names our helper for a registration.
    fn has_line(&self, file: &Path, registration: &Registration) -> bool {
        let read = || {
            let npmrc = npm::file::load(file).ok()?;
            let named = npmrc.value(&key(&registration.endpoint, "tokenHelper")?)?;
            let link = self.link(&registration.profile).ok()?.display().to_string().replace('\\', "/");
            Some(named == link)
        };
        read().unwrap_or_default()
    }

    fn lines(&self, npmrc: &mut Npmrc, registration: &Registration) -> Result<(), Failure> {
        let url = &registration.endpoint;
        let link = self.link(&registration.profile)?.display().to_string().replace('\\', "/");
        let values = BareValue::new(url).zip(BareValue::new(&link)).zip(key(url, "tokenHelper"));
        let ((url, link), helper_key) = values.ok_or_else(|| {
            Failure::configuration(
                format!("`{url}` cannot stand in a file of pnpm's"),
                "Give a URL of plain letters with `--endpoint`.",
            )
        })?;
        npmrc.set(&registry_key(registration), url);
        npmrc.set(&helper_key, link);
        Ok(())
    }
}

impl Client for Pnpm {
    fn tool(&self) -> Tool {
        Tool::Pnpm
    }

    fn file(&self) -> &Path {
        &self.file
    }

    /// It reads another file from one version on.
    fn wrote(&self, file: &Path) -> bool {
        let files = [config_folder().map(|folder| folder.join("auth.ini")), user_npmrc(None)];
        file == self.file || files.iter().flatten().any(|known| known == file)
    }

    fn default_name(&self, _repository: &RepositoryName) -> Option<String> {
        None
    }

    fn keeps_name(&self) -> bool {
        false
    }

    fn replaces(&self, known: &Registration, new: &Registration) -> bool {
        super::replaces(known, new)
    }

    fn check(&self) -> Result<Vec<String>, Failure> {
        let shown = |(major, minor): Version| format!("pnpm {major}.{minor}");
        if let Some(version) = self.version.filter(|version| *version < PASSES_OVER_UNSET)
            && let Some(variable) = pnpm_env::unset(&self.file)
        {
            return Err(left_out(&shown(version), &self.file, &variable));
        }
        Ok(match self.version {
            None => {
                vec!["`pnpm` could not be asked for its version; 11.13 or later is taken for granted".into()]
            }
            Some(old) if old < OLDEST => vec![format!(
                "{} may not use the helper for publishing: update it, or run it with {VOUCH_EXEC}",
                shown(old)
            )],
            Some(old) if old < AUTH_INI => vec![format!(
                "{} takes a helper from `.npmrc` alone, where npm 11 and 12 warn about it; from pnpm 11.13 on it has a file \
                 of its own: update pnpm and run this again",
                shown(old)
            )],
            Some(_) => Vec::new(),
        })
    }

    fn plan(&self, wanted: &SetupRequest<'_>) -> Result<Edits, Failure> {
        let scope = wanted.registration.name.as_deref();
        let file = wanted.read(&self.file)?;
        let mut npmrc = Npmrc::parse(file.text().as_bytes());
        let before = npmrc.value(&registry_key(wanted.registration));
        if let Some(written) = written_helper(&npmrc, wanted.registration).filter(|_| !wanted.is_known())
            && let Some(owner) = other_owner(&self.home, served_by(&written).as_deref())
        {
            let line = format!("the `tokenHelper` of {}", wanted.registration.endpoint);
            return Err(taken(&self.file, &line, &owner, self.tool().name()));
        }
        self.lines(&mut npmrc, wanted.registration)?;
        let url = &wanted.registration.endpoint;
        let mut notes = Vec::new();
        if let Some(before) =
            before.filter(|before| before.trim_end_matches('/') != url.trim_end_matches('/'))
        {
            notes.push(format!("{} came from {} before", packages(scope), redact::shown_url(&before)));
        }
        notes.extend(project::warnings(&self.file, wanted, self.reader()));
        let after = String::from_utf8_lossy(&npmrc.to_bytes()).into_owned();
        let mut files = vec![Edit { file, after }];
        files.extend(self.moved(wanted)?);
        Ok(Edits { files, notes })
    }

    fn snippet(&self, wanted: &SetupRequest<'_>) -> Result<String, Failure> {
        let mut npmrc = Npmrc::default();
        self.lines(&mut npmrc, wanted.registration)?;
        Ok(String::from_utf8_lossy(&npmrc.to_bytes()).into_owned())
    }

    fn dialect(&self, _file: &Path) -> Dialect {
        Dialect::NpmIni
    }

    fn done(&self, wanted: &SetupRequest<'_>) -> Vec<String> {
        let Registration { endpoint, name, .. } = wanted.registration;
        vec![format!("{} come from {endpoint}, in `{}`", packages(name.as_deref()), self.file.display())]
    }

    fn finish(&self, home: &Home, registration: &Registration) -> Result<Vec<String>, Failure> {
        let link = self.link(&registration.profile)?;
        // Of two setups at once, one makes it and the other one finds it.
        let _lock = ConfigLock::acquire(home)?;
        if fs::read_link(&link).is_ok_and(|target| target == self.helper) {
            return Ok(Vec::new());
        }
        make_link(&self.helper, &link).map_err(|error| {
            Failure::configuration(
                format!("cannot make `{}`, which pnpm is to call", link.display()),
                "Make that folder writable, then run the command again.",
            )
            .because(&error)
        })?;
        Ok(vec![format!("`{}` is the helper that pnpm calls", link.display())])
    }

    fn next(&self, _wanted: &SetupRequest<'_>) -> String {
        "`pnpm install`".into()
    }
}

/// The helper of Vouch that a file names for a registry, if it can be started.
fn written_helper(npmrc: &Npmrc, registration: &Registration) -> Option<PathBuf> {
    let helper = PathBuf::from(npmrc.value(&key(&registration.endpoint, "tokenHelper")?)?);
    let ours = helper.file_stem()?.to_str()?.starts_with("npm-token-vouch");
    (ours && program::is_executable(&helper)).then_some(helper)
}

/// The home that a file's helper for a registry serves, if the file names one.
pub(super) fn home_of(file: &Path, registration: &Registration) -> Option<Option<PathBuf>> {
    let text = files::read_text(file).ok()?;
    let helper = written_helper(&Npmrc::parse(text.as_bytes()), registration)?;
    Some(served_by(&helper))
}

/// Refuses variables in a file that a pnpm on PATH would leave out whenever one of them is not set.
pub(super) fn refuse_variables(file: &Path) -> Result<(), Failure> {
    if user_npmrc(None).is_ok_and(|read| read != file) {
        return Ok(());
    }
    let Some((major, minor)) = version().filter(|version| *version < PASSES_OVER_UNSET) else {
        return Ok(());
    };
    Err(Failure::configuration(
        format!(
            "`--mode env` cannot be used beside pnpm {major}.{minor}: without the variable it leaves the whole of `{}` out, \
             and asks the public registry for private packages",
            file.display()
        ),
        "Update pnpm to 11.13 or later, or set it up with `--mode static`.",
    ))
}

/// A file that pnpm leaves out: private names would be asked for elsewhere.
fn left_out(pnpm: &str, file: &Path, variable: &str) -> Failure {
    Failure::configuration(
        format!(
            "{pnpm} leaves the whole of `{}` out, since {variable} is not set, and asks the public registry for private \
             packages",
            file.display()
        ),
        format!(
            "Update pnpm to 11.13 or later; or take the line with `${{{variable}}}` out, then run the command again."
        ),
    )
}

fn make_link(target: &Path, link: &Path) -> std::io::Result<()> {
    if let Some(folder) = link.parent() {
        fs::create_dir_all(folder)?;
    }
    match fs::remove_file(link) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    #[cfg(unix)]
    return std::os::unix::fs::symlink(target, link);
    // Links need a right there that few have.
    #[cfg(not(unix))]
    return fs::copy(target, link).map(drop);
}

/// pnpm's folder for settings of the user (its documentation, "Settings").
fn config_folder() -> Result<PathBuf, Failure> {
    if let Some(folder) = env::var("XDG_CONFIG_HOME") {
        return Ok(PathBuf::from(folder).join("pnpm"));
    }
    if cfg!(target_os = "macos") {
        return Ok(home()?.join("Library/Preferences/pnpm"));
    }
    if cfg!(windows)
        && let Some(folder) = env::var("LOCALAPPDATA")
    {
        return Ok(PathBuf::from(folder).join("pnpm").join("config"));
    }
    Ok(home()?.join(".config/pnpm"))
}

fn version() -> Option<Version> {
    match program::ask_version(PROGRAM) {
        Asked::Version(text) => parse_version(&text),
        Asked::Absent | Asked::Silent => None,
    }
}

fn parse_version(text: &str) -> Option<Version> {
    let mut parts = text.trim().split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pnpm(home: &str) -> Pnpm {
        let home = Home::at(home).unwrap();
        Pnpm { version: None, file: "/x".into(), helper: "/h".into(), home }
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(parse_version("11.28.11\n"), Some((11, 28)));
        assert_eq!(parse_version("10.34.9"), Some((10, 34)));
        assert_eq!(parse_version("oops"), None);
        assert!((11, 9) < AUTH_INI && (11, 13) >= AUTH_INI && (12, 0) >= AUTH_INI);
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_pnpm_cannot_call_is_refused_with_a_way_out() {
        assert_eq!(
            pnpm("/home/alice/.vouch").link("default").unwrap(),
            Path::new("/home/alice/.vouch/bin/npm-token-vouch-default")
        );
        for (home, profile) in [
            ("/home/Jane Doe", "default"),
            ("/x/$HOME", "default"),
            ("/x/a#b", "default"),
            ("/x/a'b", "default"),
            ("/x/\u{e9}", "default"),
            ("/x", "a b"),
            ("/x", "../a"),
        ] {
            let failed = pnpm(home).link(profile).unwrap_err();
            assert!(failed.hint.is_some());
        }
    }
}
