//! Projects that a user trusts although their files would give the token away: each as it was when the user said so.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use vouch_core::hint::VOUCH_EXEC_TRUST;
use vouch_core::home::{Home, hex};

use super::found::ProjectFinding;
use crate::record_file::{self, Record, RecordError};

/// Over a project's path, the client, the settings that were found, and the contents of files that these name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest(String);

impl Digest {
    /// What the files of a project say now. Where one of them changes what was found, it is another digest.
    pub fn of(folder: &Path, client: &OsStr, findings: &[ProjectFinding]) -> Self {
        let mut digest = Sha256::new();
        let mut part = |bytes: &[u8]| {
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        };
        let folder = dunce::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        part(folder.as_os_str().as_encoded_bytes());
        part(client.as_encoded_bytes());
        for finding in findings.iter().filter(|finding| finding.is_certain) {
            part(&finding.evidence);
        }
        Self(hex(&digest.finalize(), 16))
    }

    /// Whether it is the one that was typed.
    pub fn is(&self, typed: &str) -> bool {
        self.0 == typed.trim().to_ascii_lowercase()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A project that is trusted for one client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedProject {
    folder: PathBuf,
    client: String,
    digest: String,
}

impl TrustedProject {
    /// Whether a project is trusted as it is now.
    ///
    /// # Errors
    /// When the record cannot be read: then none is.
    pub fn is_known(home: &Home, digest: &Digest) -> Result<bool, RecordError> {
        let trusted: TrustedProjects = record_file::load(home)?;
        Ok(trusted.projects.iter().any(|known| digest.is(&known.digest)))
    }

    /// Records that a project is trusted as it is now, and no longer as it was.
    ///
    /// # Errors
    /// When the record cannot be read or written.
    pub fn record(home: &Home, folder: &Path, client: &OsStr, digest: &Digest) -> Result<(), RecordError> {
        let project = Self {
            folder: dunce::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()),
            client: client.to_string_lossy().into_owned(),
            digest: digest.to_string(),
        };
        record_file::update(home, |trusted: &mut TrustedProjects| {
            trusted
                .projects
                .retain(|known| (&known.folder, &known.client) != (&project.folder, &project.client));
            trusted.projects.push(project);
            trusted.version = TrustedProjects::VERSION;
            Ok(())
        })
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct TrustedProjects {
    version: u64,
    projects: Vec<TrustedProject>,
}

impl Record for TrustedProjects {
    const NAME: &'static str = "trusted-projects";
    const TITLE: &'static str = "the record of projects that you trust";
    const VERSION: u64 = 1;

    fn without() -> String {
        format!("{VOUCH_EXEC_TRUST} then asks again about each of them")
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn is_empty(&self) -> bool {
        self.projects.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::found::Effect;
    use super::*;

    fn finding(evidence: u8, is_certain: bool) -> ProjectFinding {
        ProjectFinding {
            file: "/p/.npmrc".into(),
            line: Some(1),
            setting: "registry".into(),
            effect: Effect::Plain,
            is_certain,
            evidence: [evidence; 32],
        }
    }

    #[test]
    fn a_digest_is_of_one_project_one_client_and_what_was_found() {
        let of = |folder: &str, client: &str, findings: &[ProjectFinding]| {
            Digest::of(Path::new(folder), OsStr::new(client), findings)
        };
        let known = of("/p", "npm", &[finding(1, true)]);
        assert_eq!(known, of("/p", "npm", &[finding(1, true), finding(9, false)]));
        assert!(known.is(&format!(" {}\n", known.to_string().to_uppercase())));
        for other in [
            of("/q", "npm", &[finding(1, true)]),
            of("/p", "sh", &[finding(1, true)]),
            of("/p", "npm", &[finding(2, true)]),
            of("/p", "npm", &[finding(1, true), finding(2, true)]),
            of("/p", "npm", &[]),
        ] {
            assert_ne!(known, other);
            assert!(!known.is(&other.to_string()));
        }
        assert!(!known.is(""));
    }

    #[test]
    fn a_project_is_trusted_as_it_was_and_its_former_state_no_longer() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        let folder = dir.path().join("app");
        let digest = |evidence| Digest::of(&folder, OsStr::new("npm"), &[finding(evidence, true)]);
        assert!(!TrustedProject::is_known(&home, &digest(1)).unwrap());
        for evidence in [1, 2] {
            TrustedProject::record(&home, &folder, OsStr::new("npm"), &digest(evidence)).unwrap();
            assert!(TrustedProject::is_known(&home, &digest(evidence)).unwrap());
        }
        assert!(!TrustedProject::is_known(&home, &digest(1)).unwrap());
        TrustedProject::record(&home, &folder, OsStr::new("sh"), &digest(3)).unwrap();
        assert!(TrustedProject::is_known(&home, &digest(2)).unwrap());
        std::fs::write(home.path().join("trusted-projects.json"), "{ oops").unwrap();
        assert!(TrustedProject::is_known(&home, &digest(2)).is_err());
    }
}
