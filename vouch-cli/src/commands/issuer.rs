//! `vouch issuer`: the static files from which AWS learns the public keys, and all that belongs to them.

mod check;
mod iam;
mod revoke;

use std::fs;
use std::path::PathBuf;

use clap::Subcommand;
use vouch_core::enrollment::{Enrollment, VerifiedEnrollment};
use vouch_core::{Explain, files, issuer};

use crate::report::Failed;
use crate::terminal;

#[derive(Debug, Subcommand)]
pub(crate) enum Issuer {
    /// Write discovery document and keys for every enrolment
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
    /// The files that `vouch enroll` wrote
    #[arg(required = true, value_name = "ENROLLMENT")]
    enrollments: Vec<PathBuf>,
}

pub(crate) fn run(issuer: Issuer) -> Result<(), Failed> {
    match issuer {
        Issuer::Build(args) => build(&args),
        Issuer::Check(args) => check::run(&args),
        Issuer::Iam(args) => iam::run(args),
        Issuer::Revoke(args) => revoke::run(&args),
    }
}

fn build(args: &Build) -> Result<(), Failed> {
    let enrollments = args.enrollments.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    for statement in enrollments.iter().map(VerifiedEnrollment::statement) {
        terminal::say(&format!(
            "{} of {}: YubiKey {}, firmware {}, slot {}",
            statement.subject, statement.issuer, statement.serial, statement.firmware, statement.slot
        ));
    }
    let written = issuer::build(&enrollments)?;
    for (path, contents) in &written {
        let path = args.out.join(path);
        write(&path, contents).map_err(|error| {
            Failed::configuration(
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

fn read(path: &PathBuf) -> Result<VerifiedEnrollment, Failed> {
    let text = fs::read_to_string(path).map_err(|error| {
        Failed::configuration(
            format!("cannot read `{}`", path.display()),
            "Name the files that `vouch enroll` wrote.",
        )
        .because(&error)
    })?;
    Enrollment::verify(&text).map_err(|error| {
        let mut failure = error.failure();
        failure.message = format!("`{}`: {}", path.display(), failure.message);
        Failed::from(failure)
    })
}

fn write(path: &std::path::Path, contents: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // A web server of another user has to read them.
    files::replace(path, contents, 0o644)
}
