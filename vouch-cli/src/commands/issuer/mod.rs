//! `vouch issuer`: the static files from which AWS learns the public keys, and all that belongs to them.

mod check;
mod iam;
mod iam_ci;
mod revoke;
mod team;
mod trust;

use std::fs;
use std::path::PathBuf;

use clap::Subcommand;
use vouch_core::home::HomeError;
use vouch_core::{Context, Failure, files};
use vouch_issuer::documents;

use self::team::TeamSite;
use self::trust::Trust;
use crate::prompt;
use crate::terminal;

#[derive(Debug, Subcommand)]
pub(crate) enum Issuer {
    /// Write discovery document and keys for every enrollment
    Build(Build),
    /// Compare what is hosted, and what a role trusts, with what should be
    Check(check::Check),
    /// Print providers, roles and policies for IAM
    Iam(Box<iam::Iam>),
    /// Print what to do when a user leaves or a YubiKey is lost
    Revoke(revoke::Revoke),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Build {
    /// The directory for the files: the root of the web host
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A team file: also write `vouch.json`, with which users join, and a page for them
    #[arg(long, value_name = "FILE")]
    team: Option<PathBuf>,
    #[command(flatten)]
    trust: Trust,
    /// Let a key that is published disappear: its key ID, as the refusal names it
    #[arg(long, value_name = "KID")]
    allow_removal: Vec<String>,
    /// The files that `vouch enroll` wrote, or directories of them
    #[arg(required_unless_present = "team", value_name = "ENROLLMENT")]
    enrollments: Vec<PathBuf>,
}

pub(crate) fn run(context: Result<Context, HomeError>, issuer: Issuer) -> Result<(), Failure> {
    match issuer {
        Issuer::Build(args) => build(&args),
        Issuer::Check(args) => check::run(&context?, &args),
        Issuer::Iam(args) => iam::run(*args),
        Issuer::Revoke(args) => revoke::run(context, &args),
    }
}

fn build(args: &Build) -> Result<(), Failure> {
    let team = args.team.as_deref().map(TeamSite::read).transpose()?;
    let enrollments = args.trust.read_all(&args.enrollments)?;
    // A team can publish how to join before anybody has.
    let mut written = match enrollments.is_empty() && team.is_some() {
        true => Vec::new(),
        false => documents::build(&enrollments)?,
    };
    let of_team = match &team {
        Some(team) => {
            team.check(&enrollments, &written)?;
            team.files(&args.out)?
        }
        None => Vec::new(),
    };
    check_removals(args, &written)?;
    written.extend(of_team);
    let mut files: Vec<_> =
        written.iter().map(|(path, contents)| (args.out.join(path), contents.as_slice())).collect();
    // Keys come first: who finds an issuer's discovery document finds its keys, wherever this may be ended.
    files.sort_by_key(|(path, _)| path.ends_with(documents::DISCOVERY));
    // A web server of another user has to read them.
    files::write_all_atomic(&files, 0o644).map_err(|(path, error)| {
        Failure::configuration(
            format!("cannot write `{}`", path.display()),
            "Make the directory writable and room on the disk, then run the command again.",
        )
        .because(&error)
    })?;
    for (path, _) in &written {
        terminal::done(&format!("`{}`", args.out.join(path).display()));
    }
    let mut issuers: Vec<_> = enrollments.iter().map(|enrollment| &enrollment.claims().issuer).collect();
    issuers.sort();
    issuers.dedup();
    for issuer in issuers {
        terminal::next(&format!(
            "serve `{}` so that {issuer}/.well-known/openid-configuration answers, and register {issuer} in IAM as an \
             OpenID Connect provider",
            args.out.display()
        ));
    }
    if let Some(team) = team {
        team.tell_next();
    }
    Ok(())
}

/// Asks before a key that the directory publishes disappears: whoever signs with it is locked out.
fn check_removals(args: &Build, written: &[documents::StaticFile]) -> Result<(), Failure> {
    let mut left = Vec::new();
    for (path, contents) in written {
        let file = args.out.join(path);
        let unreadable = |error: &dyn std::error::Error| {
            Failure::configuration(
                format!("cannot tell which keys `{}` publishes", file.display()),
                "Move that file away to build it from these enrollments alone.",
            )
            .because(error)
        };
        let before = match fs::read(&file) {
            Ok(before) => before,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unreadable(&error)),
        };
        let gone = documents::removed_keys(&before, contents).map_err(|error| unreadable(&error))?;
        left.extend(gone.into_iter().map(|kid| (file.clone(), kid)));
    }
    left.retain(|(_, kid)| !args.allow_removal.contains(kid));
    if left.is_empty() {
        return Ok(());
    }
    for (file, kid) in &left {
        terminal::warn(&format!("key `{kid}` is in `{}` and in none of these enrollments", file.display()));
    }
    let question = match left.len() {
        1 => "Remove this key? Whoever signs with it can no longer log in.".to_owned(),
        count => format!("Remove these {count} keys? Whoever signs with them can no longer log in."),
    };
    if prompt::agrees(&question)? {
        return Ok(());
    }
    let flags: Vec<String> =
        left.iter().map(|(_, kid)| format!("--allow-removal {}", shell_word(kid))).collect();
    Err(Failure::configuration(
        "published keys would disappear; nothing was written",
        format!(
            "Name every enrollment of these issuers, or the directory that they are in. To remove the keys, add `{}`.",
            flags.join(" ")
        ),
    ))
}

/// A key ID of a published file, which somebody else may have written, for a command that is to be pasted.
fn shell_word(kid: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !kid.is_empty() && kid.chars().all(plain) { kid.to_owned() } else { "KID".into() }
}
