//! What was found in a project, and what a client does with the token because of it.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::files::Files;
use super::setting::Setting;
use super::targets::Targets;
use crate::text::redact::shown_path;

/// What a client does with the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It sends the token without encryption.
    Plain,
    /// It lets the project's own proxy read the token.
    Intercepted,
    /// It fills the token into what goes to another host.
    Elsewhere,
    /// It takes anybody's certificate for the registry's.
    Unchecked,
    /// It believes other authorities about the registry's certificate.
    Authority,
    /// It asks by way of a proxy of the project's.
    Proxy,
    /// It asks another host for a package of the registry.
    OtherHost,
    /// It keeps its cache in the project.
    Cache,
    /// There is no telling: the file was not looked at.
    LeftOut,
    /// There is no telling what it holds once it is there.
    Missing,
}

/// A value in force, or a file that was not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectFinding {
    pub file: PathBuf,
    /// Counted from one; none for a file as a whole.
    pub line: Option<usize>,
    /// The name of the setting, or why the file was not looked at.
    pub setting: String,
    pub effect: Effect,
    /// Whether the token is surely lost, with no adversary but who wrote the project.
    pub is_certain: bool,
    /// Over the settings that make it, and the contents of files that they name.
    pub(super) evidence: [u8; 32],
}

/// Collects findings.
pub(super) struct Found<'a> {
    pub(super) targets: &'a Targets,
    pub(super) files: Files,
    list: Vec<ProjectFinding>,
}

impl<'a> Found<'a> {
    pub(super) fn new(targets: &'a Targets) -> Self {
        Self { targets, files: Files::default(), list: Vec::new() }
    }

    /// A finding that others would need more for.
    pub(super) fn warn(&mut self, setting: &Setting, effect: Effect, with: &[&Setting]) {
        self.add(setting, effect, with, false);
    }

    /// A finding by which the token is lost.
    pub(super) fn fail(&mut self, setting: &Setting, effect: Effect, with: &[&Setting]) {
        self.add(setting, effect, with, true);
    }

    /// All of it, each line once, and the files that were left out.
    pub(super) fn finish(mut self) -> Vec<ProjectFinding> {
        for (file, reason) in std::mem::take(&mut self.files.left_out) {
            let evidence = Sha256::digest(file.as_os_str().as_encoded_bytes()).into();
            let effect = Effect::LeftOut;
            self.list.push(ProjectFinding {
                file,
                line: None,
                setting: reason,
                effect,
                is_certain: false,
                evidence,
            });
        }
        // What is certain for one client is told in place of what may be for another.
        self.list.sort_by(|one, other| {
            let place = |it: &ProjectFinding| (!it.is_certain, it.file.clone(), it.line, it.effect);
            place(one).cmp(&place(other))
        });
        let mut list: Vec<ProjectFinding> = Vec::new();
        for finding in self.list {
            let same = |known: &ProjectFinding| {
                (&known.file, known.line, &known.setting) == (&finding.file, finding.line, &finding.setting)
            };
            if !list.iter().any(same) {
                list.push(finding);
            }
        }
        list
    }

    fn add(&mut self, setting: &Setting, effect: Effect, with: &[&Setting], is_certain: bool) {
        let mut evidence = Sha256::new();
        let mut part = |bytes: &[u8]| {
            evidence.update((bytes.len() as u64).to_be_bytes());
            evidence.update(bytes);
        };
        for setting in std::iter::once(&setting).chain(with) {
            part(setting.file.as_os_str().as_encoded_bytes());
            part(setting.path.join("\n").as_bytes());
            part(setting.value.as_bytes());
            part(self.contents(setting).as_bytes());
        }
        self.list.push(ProjectFinding {
            file: setting.file.clone(),
            line: Some(setting.line),
            setting: shown_path(&setting.shown_path()),
            effect,
            is_certain,
            evidence: evidence.finalize().into(),
        });
    }

    /// What is in the file that a value names, if it is the path of one.
    fn contents(&mut self, setting: &Setting) -> std::rc::Rc<str> {
        let is_path =
            !setting.value.is_empty() && setting.value.len() < 4096 && !setting.value.contains("://");
        let path = setting.named_file();
        let left_out = self.files.left_out.len();
        let text =
            Some(path).filter(|path| is_path && path.is_file()).and_then(|path| self.files.text(&path));
        // It is no file that a client takes settings from.
        self.files.left_out.truncate(left_out);
        text.unwrap_or_default()
    }
}

/// Settings for the network that would let others read along.
pub(super) struct Network<'s> {
    pub(super) unchecked: Option<&'s Setting>,
    pub(super) authority: Option<&'s Setting>,
    pub(super) proxy: Option<&'s Setting>,
    /// Whether something else holds the token back.
    pub(super) is_held: bool,
}

impl Network<'_> {
    /// A proxy by itself sees which host is asked. Together with what makes the client believe it, it reads the token.
    pub(super) fn judge(&self, found: &mut Found<'_>) {
        let opening = [(self.unchecked, Effect::Unchecked), (self.authority, Effect::Authority)];
        let opening = opening.into_iter().filter_map(|(setting, effect)| Some((setting?, effect)));
        let opening: Vec<_> = opening.collect();
        for (setting, effect) in &opening {
            match self.proxy {
                Some(proxy) if !self.is_held => found.fail(setting, Effect::Intercepted, &[proxy]),
                _ => found.warn(setting, *effect, &[]),
            }
        }
        if let Some(proxy) = self.proxy.filter(|_| opening.is_empty() || self.is_held) {
            found.warn(proxy, Effect::Proxy, &[]);
        }
    }
}

/// Whether a switch is off, in the spellings of npm, YAML and TOML.
pub(super) fn is_off(value: &str) -> bool {
    ["false", "0", "null", "no", "off", "n"].contains(&value.trim().to_ascii_lowercase().as_str())
}

/// The files of some names in a folder and all above it, the nearest first, without one that is the user's own.
pub(super) fn upwards(folder: &Path, name: &str, user_file: Option<&Path>) -> Vec<PathBuf> {
    let users = user_file.and_then(|file| file.canonicalize().ok());
    let files = folder.ancestors().map(|folder| folder.join(name)).filter(|path| path.is_file());
    files.filter(|path| users.is_none() || path.canonicalize().ok() != users).collect()
}
