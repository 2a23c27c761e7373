//! `vouch issuer build --team`: the join file and the page for users.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use vouch_core::files::{self, shell_quoted};
use vouch_core::hint::{JOIN, VOUCH_ISSUER_BUILD_TEAM, VOUCH_JOIN};
use vouch_core::home::Home;
use vouch_core::identity::IssuerUrl;
use vouch_core::{ErrorKind, Failure};
use vouch_issuer::check::{Finding, Severity};
use vouch_issuer::documents::StaticFile;
use vouch_issuer::enrollment::VerifiedEnrollment;
use vouch_issuer::join::{Digest, FILE, JoinAddress, JoinError, JoinFile, MARK, PAGE, page};

use crate::commands::join::fetch;
use crate::terminal;

/// What is published for users beside their issuers.
#[derive(Debug)]
pub(super) struct TeamSite {
    file: JoinFile,
    address: JoinAddress,
    json: Vec<u8>,
}

impl TeamSite {
    /// Reads the team file.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = files::read_text(path).map_err(|error| {
            let hint = "Name the team file; docs/join.md shows one.";
            Failure::configuration(format!("cannot read the team file `{}`", path.display()), hint)
                .because(&error)
        })?;
        let file = JoinFile::from_team(&text)?;
        let (address, json) = (file.address()?, file.to_json()?);
        Ok(Self { file, address, json })
    }

    /// Refuses enrollments whose issuers belong elsewhere, and warns of those that `vouch join` would not make.
    pub(super) fn check(
        &self,
        enrollments: &[VerifiedEnrollment],
        issuers: &[StaticFile],
    ) -> Result<(), Failure> {
        for claims in enrollments.iter().map(VerifiedEnrollment::claims) {
            let (issuer, subject) = (&claims.issuer, &claims.subject);
            if host(issuer) != self.address.host() {
                return Err(Failure::configuration(
                    format!(
                        "the issuers of the team file are on {}, but {issuer} is not",
                        self.address.host()
                    ),
                    "Correct `issuer` in the team file, or build the other host into a directory of its own.",
                ));
            }
            let usual: Result<IssuerUrl, JoinError> = self.file.issuer().issuer(subject);
            if usual.is_ok_and(|usual| usual != *issuer) {
                terminal::warn(&format!(
                    "{issuer} of {subject} does not follow the team file's pattern `{}`: {VOUCH_JOIN} enrolls with another issuer",
                    self.file.issuer()
                ));
            }
        }
        for (path, _) in issuers {
            let first =
                path.components().next().map(|part| part.as_os_str().to_string_lossy().to_ascii_lowercase());
            if let Some(taken) = first.filter(|first| [FILE, PAGE].contains(&first.as_str())) {
                return Err(Failure::configuration(
                    format!("an issuer needs the place of `{taken}` in the directory"),
                    "Give that user another subject and issuer, or build without `--team`.",
                ));
            }
        }
        Ok(())
    }

    /// The files. A page of somebody else's is not overwritten.
    pub(super) fn files(&self, out: &Path) -> Result<Vec<StaticFile>, Failure> {
        let there = out.join(PAGE);
        match fs::read(&there) {
            Ok(text) if contains(&text, MARK.as_bytes()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Ok(_) => {
                let (from, to) = (shell_quoted(&there), shell_quoted(&there.with_extension("html.old")));
                return Err(Failure::configuration(
                    format!("`{}` is not a page that Vouch wrote; nothing was written", there.display()),
                    format!("Move it away, such as with `mv {from} {to}`; then run the command again."),
                ));
            }
            Err(error) => {
                return Err(Failure::configuration(
                    format!("cannot tell whose page `{}` is; nothing was written", there.display()),
                    "Move it away, then run the command again.",
                )
                .because(&error));
            }
        }
        Ok(vec![
            (PathBuf::from(FILE), self.json.clone()),
            (PathBuf::from(PAGE), page(&self.file, &self.address)),
        ])
    }

    /// Where users fetch the join file.
    pub(super) fn url(&self) -> &str {
        self.address.url()
    }

    /// Compares what the host serves to users with what the team file makes.
    pub(super) fn look(&self, home: &Home) -> Vec<Finding> {
        let finding = |code: &'static str, message: String, hint: String| {
            vec![Finding { severity: Severity::Problem, code, place: self.url().to_owned(), message, hint }]
        };
        let failed = |code: &'static str, failure: Failure| {
            let message = [vec![failure.message], failure.causes].concat().join(": ");
            finding(code, message, failure.hint.unwrap_or_default())
        };
        let document = match fetch::ask(home, &self.address) {
            Ok(document) => document,
            Err(failure) if failure.kind == ErrorKind::Network => return failed("unreachable", failure),
            Err(failure) => return failed("join-file", failure),
        };
        match fetch::judge(&self.address, document) {
            Ok(bytes) if bytes == self.json => Vec::new(),
            Ok(bytes) => finding(
                "other-join-file",
                format!("it is not what the team file makes: its SHA-256 is {}", Digest::of(&bytes).as_str()),
                format!(
                    "Publish what {VOUCH_ISSUER_BUILD_TEAM} writes, byte by byte. If you did, find out who else writes to the host."
                ),
            ),
            Err(failure) => failed("join-file", failure),
        }
    }

    /// What to do with them.
    pub(super) fn tell_next(&self) {
        terminal::next(&format!(
            "send new users to https://{}/; they join with {}",
            self.address.host(),
            JOIN.fill("URL", self.address.url())
        ));
        terminal::say(&format!(
            "for scripts, and to be sure of this very file: {}",
            self.address.pinned(Digest::of(&self.json))
        ));
    }
}

fn host(issuer: &IssuerUrl) -> &str {
    issuer.host_and_path().split('/').next().unwrap_or_default()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
