//! `vouch issuer`: the static files from which AWS learns the public keys, and all that belongs to them.

mod check;
mod iam;
mod revoke;
mod trust;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use vouch_core::home::HomeError;
use vouch_core::{Context, Failure, files};
use vouch_issuer::documents;

use self::trust::Trust;
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

fn write(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // A web server of another user has to read them.
    files::write_atomic(path, contents, 0o644)
}
