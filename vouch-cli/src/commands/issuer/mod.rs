//! `vouch issuer`: the static files from which AWS learns the public keys, and all that belongs to them.

mod check;
mod iam;
mod revoke;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use vouch_core::home::HomeError;
use vouch_core::{Context, Diagnostic, Failure, UnixTime, files};
use vouch_issuer::attestation::Authorities;
use vouch_issuer::documents;
use vouch_issuer::enrollment::{Enrollment, EnrollmentError, VerifiedEnrollment};

use crate::terminal;

#[derive(Debug, Subcommand)]
pub(crate) enum Issuer {
    /// Write discovery document and keys for every enrollment
    Build(Build),
    /// Compare what is hosted, and what a role trusts, with what should be
    Check(check::Check),
    /// Print providers, roles and policies for IAM
    Iam(iam::Iam),
    /// Print what to do when a person leaves or a YubiKey is lost
    Revoke(revoke::Revoke),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Build {
    /// The folder for the files: the root of the web host
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    trust: Trust,
    /// The files that `vouch enroll` wrote
    #[arg(required = true, value_name = "ENROLLMENT")]
    enrollments: Vec<PathBuf>,
}

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
        let all = paths.iter().map(|path| read(path, &authorities)).collect::<Result<Vec<_>, _>>()?;
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

pub(crate) fn run(context: Result<Context, HomeError>, issuer: Issuer) -> Result<(), Failure> {
    match issuer {
        Issuer::Build(args) => build(&args),
        Issuer::Check(args) => check::run(&context?, &args),
        Issuer::Iam(args) => iam::run(args),
        Issuer::Revoke(args) => revoke::run(context, &args),
    }
}

fn build(args: &Build) -> Result<(), Failure> {
    let enrollments = args.trust.read_all(&args.enrollments)?;
    let written = documents::build(&enrollments)?;
    for (path, contents) in &written {
        let path = args.out.join(path);
        write(&path, contents).map_err(|error| {
            Failure::configuration(
                format!("cannot write `{}`", path.display()),
                "Make the folder writable and room on the disk, then run the command again.",
            )
            .because(&error)
        })?;
        terminal::done(&format!("`{}`", path.display()));
    }
    let mut issuers: Vec<_> = enrollments.iter().map(|enrollment| &enrollment.statement().issuer).collect();
    issuers.sort();
    issuers.dedup();
    for issuer in issuers {
        terminal::next(&format!(
            "serve `{}` so that {issuer}/.well-known/openid-configuration answers, and register {issuer} in IAM as an \
             OpenID Connect provider",
            args.out.display()
        ));
    }
    Ok(())
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

fn write(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // A web server of another user has to read them.
    files::write_atomic(path, contents, 0o644)
}
