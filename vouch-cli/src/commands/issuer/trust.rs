//! Whose attestations are believed, and the enrollments that lead to them.

use std::fs;
use std::path::{Path, PathBuf};

use vouch_core::hint::VOUCH_ENROLL;
use vouch_core::{Diagnostic, Failure, UnixTime, files};
use vouch_issuer::attestation::TrustStore;
use vouch_issuer::enrollment::{Enrollment, EnrollmentError, VerifiedEnrollment};

use crate::terminal;

/// Whose YubiKeys are believed.
#[derive(Debug, clap::Args)]
pub(crate) struct Trust {
    /// Also trust attestations of this root CA (PEM or DER), which is not Yubico's: for simulated cards
    #[arg(long, value_name = "FILE")]
    attestation_root: Vec<PathBuf>,
}

impl Trust {
    /// The root CAs that were named.
    pub(crate) fn roots(&self) -> &[PathBuf] {
        &self.attestation_root
    }

    /// Yubico's root CAs and those that were named, of which the user is told.
    pub(crate) fn trust_store(&self) -> Result<TrustStore, Failure> {
        let mut trust_store = TrustStore::yubico().map_err(EnrollmentError::from)?;
        for path in &self.attestation_root {
            let unusable = || format!("cannot use `{}` as a root CA of attestations", path.display());
            let hint = "Name the certificate of a root that may sign certificates, in PEM or DER.";
            let file = files::read(path)
                .map_err(|error| Failure::configuration(unusable(), hint).because(&error))?;
            let added = trust_store
                .add(&file)
                .map_err(|error| Failure::configuration(unusable(), hint).because(&error))?;
            for root in added {
                terminal::warn(&format!(
                    "trusting root CA `{}`, not Yubico's: whoever has its key can forge YubiKeys (SHA-256 {})",
                    root.name, root.fingerprint
                ));
            }
        }
        Ok(trust_store)
    }

    /// Reads and verifies enrollments, and tells what each is.
    pub(crate) fn read_all(&self, paths: &[PathBuf]) -> Result<Vec<VerifiedEnrollment>, Failure> {
        let trust_store = self.trust_store()?;
        let all = enrollment_files(paths)?
            .iter()
            .map(|path| read(path, &trust_store))
            .collect::<Result<Vec<_>, _>>()?;
        for enrollment in &all {
            let (claims, verified) = (enrollment.claims(), enrollment.verified_attestation());
            let form = verified.attestation.form_factor.map(|form| format!(" ({form})")).unwrap_or_default();
            terminal::say(&format!(
                "{} of {}: YubiKey {}{form}, firmware {}, slot {}, PIN {}, touch {}",
                claims.subject,
                claims.issuer,
                claims.serial,
                claims.firmware,
                claims.slot,
                claims.pin_policy,
                claims.touch_policy
            ));
            if !verified.root.is_yubico {
                terminal::warn(&format!(
                    "YubiKey {} of {} is attested by `{}`, not by Yubico",
                    claims.serial, claims.subject, verified.root.name
                ));
            }
        }
        Ok(all)
    }
}

/// The files that were named, and those with the ending `.json` of the directories that were named, in order.
fn enrollment_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let unreadable = |error: std::io::Error| {
            Failure::configuration(
                format!("cannot read the directory `{}`", path.display()),
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
                format!("the directory `{}` has no enrollments", path.display()),
                format!(
                    "Name the files that {VOUCH_ENROLL} wrote, or a directory of them; their names end in `.json`."
                ),
            ));
        }
        inside.sort();
        files.extend(inside);
    }
    Ok(files)
}

fn read(path: &Path, trust_store: &TrustStore) -> Result<VerifiedEnrollment, Failure> {
    let text = files::read_text(path).map_err(|error| {
        Failure::configuration(
            format!("cannot read `{}`", path.display()),
            format!("Name the files that {VOUCH_ENROLL} wrote."),
        )
        .because(&error)
    })?;
    Enrollment::verify(&text, trust_store, UnixTime::now()).map_err(|error| {
        let mut failure = error.failure();
        failure.message = format!("`{}`: {}", path.display(), failure.message);
        failure
    })
}
