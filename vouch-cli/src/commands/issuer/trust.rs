//! Whose attestations are believed, and the enrollments that lead to them.

use std::fs;
use std::path::{Path, PathBuf};

use vouch_core::{Diagnostic, Failure, UnixTime, files};
use vouch_issuer::attestation::Authorities;
use vouch_issuer::enrollment::{Enrollment, EnrollmentError, VerifiedEnrollment};

use crate::terminal;

/// Whose YubiKeys are believed.
#[derive(Debug, clap::Args)]
pub(crate) struct Trust {
    /// Also believe attestations of this authority (PEM or DER), which is not Yubico's: for simulated cards
    #[arg(long, value_name = "FILE")]
    attestation_root: Vec<PathBuf>,
}

impl Trust {
    /// Yubico's authorities and those that were named, of which the person is told.
    pub(crate) fn authorities(&self) -> Result<Authorities, Failure> {
        let mut authorities = Authorities::yubico().map_err(EnrollmentError::from)?;
        for path in &self.attestation_root {
            let unusable = || format!("cannot use `{}` as an authority for attestations", path.display());
            let hint = "Name the certificate of a root that may sign certificates, in PEM or DER.";
            let file = files::read(path)
                .map_err(|error| Failure::configuration(unusable(), hint).because(&error))?;
            let added = authorities
                .add(&file)
                .map_err(|error| Failure::configuration(unusable(), hint).because(&error))?;
            for maker in added {
                terminal::warn(&format!(
                    "believing `{}`, which is not Yubico: whoever has its key can make up YubiKeys (SHA-256 {})",
                    maker.name, maker.fingerprint
                ));
            }
        }
        Ok(authorities)
    }

    /// Reads and verifies enrollments, and tells what each is.
    pub(crate) fn read_all(&self, paths: &[PathBuf]) -> Result<Vec<VerifiedEnrollment>, Failure> {
        let authorities = self.authorities()?;
        let all = enrollment_files(paths)?
            .iter()
            .map(|path| read(path, &authorities))
            .collect::<Result<Vec<_>, _>>()?;
        for enrollment in &all {
            let (statement, genuine) = (enrollment.statement(), enrollment.genuine());
            let form = genuine.attestation.form_factor.map(|form| format!(" ({form})")).unwrap_or_default();
            terminal::say(&format!(
                "{} of {}: YubiKey {}{form}, firmware {}, slot {}, PIN {}, touch {}",
                statement.subject,
                statement.issuer,
                statement.serial,
                statement.firmware,
                statement.slot,
                statement.pin_policy,
                statement.touch_policy
            ));
            if !genuine.maker.is_yubico {
                terminal::warn(&format!(
                    "YubiKey {} of {} is attested by `{}`, not by Yubico",
                    statement.serial, statement.subject, genuine.maker.name
                ));
            }
        }
        Ok(all)
    }
}

/// The files that were named, and those with the ending `.json` of the folders that were named, in order.
fn enrollment_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let unreadable = |error: std::io::Error| {
            Failure::configuration(
                format!("cannot read the folder `{}`", path.display()),
                "Make it readable, or name the files in it.",
            )
            .because(&error)
        };
        let mut inside = Vec::new();
        for entry in fs::read_dir(path).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            if file.extension().is_some_and(|ending| ending == "json") {
                inside.push(file);
            }
        }
        if inside.is_empty() {
            return Err(Failure::configuration(
                format!("the folder `{}` has no enrollments", path.display()),
                "Name the files that `vouch enroll` wrote, or a folder of them; their names end in `.json`.",
            ));
        }
        inside.sort();
        files.extend(inside);
    }
    Ok(files)
}

fn read(path: &Path, authorities: &Authorities) -> Result<VerifiedEnrollment, Failure> {
    let text = files::read_text(path).map_err(|error| {
        Failure::configuration(
            format!("cannot read `{}`", path.display()),
            "Name the files that `vouch enroll` wrote.",
        )
        .because(&error)
    })?;
    Enrollment::verify(&text, authorities, UnixTime::now()).map_err(|error| {
        let mut failure = error.failure();
        failure.message = format!("`{}`: {}", path.display(), failure.message);
        failure
    })
}
