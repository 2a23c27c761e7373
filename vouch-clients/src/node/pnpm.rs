//! pnpm: it asks a helper for the token, so nothing secret is in a file.
//!
//! The helper is told nothing, and pnpm 10 takes no arguments in its path, so it is called by a name that carries the
//! profile: a link in the home folder of Vouch.

use std::fs;
use std::path::{Path, PathBuf};

use crate::node::npm::registration::{key, registry_key};
use crate::node::npm::{BareValue, Npmrc};
use crate::tool::Tool;
use vouch_core::Failure;
use vouch_core::config::{ConfigLock, Registration};
use vouch_core::home::Home;
use vouch_core::partition::RepositoryName;

use super::{helper, home, packages, project, user_npmrc};
use crate::client::{Client, Edit, Edits, SetupRequest};
use crate::edited_file::EditedFile;
use crate::program::{self, Asked};
use vouch_core::env;

/// Major and minor version.
type Version = (u32, u32);

/// The first that takes a helper in a file of its own (pnpm 11.0 to 11.12 refuse it there).
const AUTH_INI: Version = (11, 13);

pub(super) const PROGRAM: &str = if cfg!(windows) { "pnpm.cmd" } else { "pnpm" };

/// The oldest that was tried with a helper for installing and publishing.
pub(super) const OLDEST: Version = (10, 0);

/// pnpm, for the file that its version reads a helper from.
#[derive(Debug)]
pub struct Pnpm {
    version: Option<Version>,
    file: PathBuf,
    helper: PathBuf,
    /// The folder of the links.
    links: PathBuf,
}

impl Pnpm {
    pub fn new(vouch: &Home) -> Result<Self, Failure> {
        let version = version();
        let file = match version {
            Some(version) if version < AUTH_INI => user_npmrc(None)?,
            _ => config_folder()?.join("auth.ini"),
        };
        let links = vouch.path().join("bin");
        Ok(Self { version, file, helper: helper()?, links })
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
        let link = self.links.join(format!("npm-token-vouch-{profile}{}", std::env::consts::EXE_SUFFIX));
        // pnpm splits the path at blanks and takes no quotes (measured with 10 to 12).
        let text = link.to_str().filter(|text| BareValue::new(&text.replace('\\', "/")).is_some());
        if text.is_none() {
            return Err(Failure::configuration(
                format!(
                    "pnpm cannot call a helper at `{}`: it takes no blanks and quotes in the path",
                    link.display()
                ),
                "Set VOUCH_HOME to a folder with a plain name, for good; or use `vouch exec --type codeartifact -- pnpm` \
                 with `vouch setup codeartifact --tool npm --mode env`.",
            ));
        }
        Ok(link)
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
        Ok(match self.version {
            None => {
                vec!["`pnpm` could not be asked for its version; 11.13 or later is taken for granted".into()]
            }
            Some(old) if old < OLDEST => vec![format!(
                "{} may not use the helper for publishing: update it, or run it with `vouch exec`",
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
        let file = EditedFile::read(self.file.clone())?;
        let mut npmrc = Npmrc::parse(file.text().as_bytes());
        let before = npmrc.value(&registry_key(wanted.registration));
        self.lines(&mut npmrc, wanted.registration)?;
        let url = &wanted.registration.endpoint;
        let mut notes = Vec::new();
        if let Some(before) =
            before.filter(|before| before.trim_end_matches('/') != url.trim_end_matches('/'))
        {
            notes.push(format!("{} came from {before} before", packages(scope)));
        }
        notes.extend(project::warnings(&self.file, wanted));
        let after = String::from_utf8_lossy(&npmrc.to_bytes()).into_owned();
        Ok(Edits { files: vec![Edit { file, after }], notes })
    }

    fn snippet(&self, wanted: &SetupRequest<'_>) -> Result<String, Failure> {
        let mut npmrc = Npmrc::default();
        self.lines(&mut npmrc, wanted.registration)?;
        Ok(String::from_utf8_lossy(&npmrc.to_bytes()).into_owned())
    }

    fn without_secrets(&self, text: &str) -> String {
        String::from_utf8_lossy(&Npmrc::parse(text.as_bytes()).without_secrets().to_bytes()).into_owned()
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

    fn pnpm(links: &str) -> Pnpm {
        Pnpm { version: None, file: "/x".into(), helper: "/h".into(), links: links.into() }
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(parse_version("11.28.11\n"), Some((11, 28)));
        assert_eq!(parse_version("10.34.9"), Some((10, 34)));
        assert_eq!(parse_version("oops"), None);
        assert!((11, 9) < AUTH_INI && (11, 13) >= AUTH_INI && (12, 0) >= AUTH_INI);
    }

    #[test]
    fn a_path_that_pnpm_cannot_call_is_refused_with_a_way_out() {
        assert_eq!(
            pnpm("/home/alice/.vouch/bin").link("default").unwrap(),
            Path::new("/home/alice/.vouch/bin/npm-token-vouch-default")
        );
        for (links, profile) in
            [("/home/Jane Doe/bin", "default"), ("/x/$HOME", "default"), ("/x", "a b"), ("/x", "../a")]
        {
            let failed = pnpm(links).link(profile).unwrap_err();
            assert!(failed.hint.is_some());
        }
    }
}
