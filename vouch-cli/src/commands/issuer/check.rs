//! `vouch issuer check`: what is hosted and what a role trusts, against what should be.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vouch_core::files;
use vouch_core::http::Fetcher;
use vouch_core::identity::{Identity, IdentityError, IssuerUrl};
use vouch_core::{Context, ErrorKind, Failure};
use vouch_issuer::check::{self, Expected, ExpectedKeys, Finding, Severity};
use vouch_issuer::enrollment::VerifiedEnrollment;
use vouch_issuer::trust::{self, Trusted};

use super::team::TeamSite;
use crate::parse;
use crate::terminal;

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// The issuer to look at; by default those of the enrollments, or your own
    #[arg(long, value_name = "URL", value_parser = parse::argument::<IssuerUrl>)]
    issuer: Option<IssuerUrl>,
    /// A role's trust policy in JSON, alone or as `aws iam get-role` prints it
    #[arg(long, value_name = "FILE")]
    trust: Vec<PathBuf>,
    /// The team file: also compare the join file that its users fetch
    #[arg(long, value_name = "FILE")]
    team: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    trust_store: super::trust::Trust,
    /// Enrollments of every key that should be there
    #[arg(value_name = "ENROLLMENT")]
    enrollments: Vec<PathBuf>,
}

/// What was looked at, and what is wrong with it.
struct Looked {
    /// An issuer, a URL, or a file.
    at: String,
    keys: Option<usize>,
    findings: Vec<Finding>,
}

pub(super) fn run(context: &Context, args: &Check) -> Result<(), Failure> {
    let home = context.home();
    let team = args.team.as_deref().map(TeamSite::read).transpose()?;
    let enrollments = args.trust_store.read_all(&args.enrollments)?;
    let identity = if enrollments.is_empty() { context.config()?.identity } else { None };
    let expected = expected(args, &enrollments, identity.as_ref())?;
    let fetcher = Fetcher::new(home)?;
    let mut issuers = Vec::new();
    for expected in &expected {
        terminal::say(&format!("fetching the issuer files of {}", expected.issuer));
        let findings = check::check(expected, |url| fetcher.fetch(url));
        let keys = match &expected.keys {
            ExpectedKeys::Any => None,
            ExpectedKeys::AtLeast(keys) | ExpectedKeys::Exactly(keys) => Some(keys.len()),
        };
        issuers.push(Looked { at: expected.issuer.to_string(), keys, findings });
    }
    let joins: Vec<_> = team
        .iter()
        .map(|team| {
            terminal::say(&format!("fetching {}", team.url()));
            Looked { at: team.url().to_owned(), keys: None, findings: team.look(home) }
        })
        .collect();
    let trusted = trusted(args, &enrollments, identity.as_ref());
    let policies = args.trust.iter().map(|file| policy(file, &trusted)).collect::<Result<Vec<_>, _>>()?;

    match args.json {
        true => terminal::print_json(&as_json(&issuers, &joins, &policies))?,
        false => terminal::print(&as_text(issuers.iter().chain(&joins).chain(&policies)))?,
    }
    verdict(issuers.iter().chain(&joins).chain(&policies).flat_map(|looked| &looked.findings))
}

fn expected(
    args: &Check,
    enrollments: &[VerifiedEnrollment],
    identity: Option<&Identity>,
) -> Result<Vec<Expected>, Failure> {
    if !enrollments.is_empty() {
        let mut all = Expected::of_enrollments(enrollments)?;
        if let Some(issuer) = &args.issuer {
            all.retain(|expected| expected.issuer == *issuer);
            if all.is_empty() {
                return Err(Failure::new(
                    ErrorKind::Usage,
                    format!("none of the enrollments is for {issuer}"),
                    "Leave `--issuer` out, or give the enrollments of that issuer.",
                ));
            }
        }
        return Ok(all);
    }
    match (&args.issuer, identity) {
        (None, Some(identity)) => Ok(vec![Expected::of_identity(identity)]),
        (Some(issuer), Some(identity)) if *issuer == identity.issuer => {
            Ok(vec![Expected::of_identity(identity)])
        }
        (Some(issuer), _) => Ok(vec![Expected { issuer: issuer.clone(), keys: ExpectedKeys::Any }]),
        // A policy can be judged by itself, and so can a join file.
        (None, None) if !args.trust.is_empty() || args.team.is_some() => Ok(Vec::new()),
        (None, None) => Err(IdentityError::NotEnrolled.into()),
    }
}

/// Whom the roles should trust, as far as that is known.
fn trusted(args: &Check, enrollments: &[VerifiedEnrollment], identity: Option<&Identity>) -> Vec<Trusted> {
    let of_enrollments = enrollments.iter().map(VerifiedEnrollment::claims).map(|claims| Trusted {
        issuer: claims.issuer.clone(),
        subject: claims.subject.clone(),
        audience: claims.audience.clone(),
    });
    let mut all: Vec<_> = of_enrollments.chain(identity.map(Trusted::from)).collect();
    all.retain(|user| args.issuer.as_ref().is_none_or(|issuer| *issuer == user.issuer));
    all.sort_by(|one, other| one.issuer.cmp(&other.issuer));
    all.dedup();
    all
}

fn policy(file: &Path, trusted: &[Trusted]) -> Result<Looked, Failure> {
    let wrong = |error: &dyn std::error::Error| {
        Failure::configuration(
            format!("cannot read a policy from `{}`", file.display()),
            "Give a file with what `aws iam get-role --role-name NAME` prints.",
        )
        .because(error)
    };
    let text = files::read_text(file).map_err(|error| wrong(&error))?;
    let document: Value = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
    let findings = trust::check(&document, trusted);
    Ok(Looked { at: file.display().to_string(), keys: None, findings })
}

fn as_json(issuers: &[Looked], joins: &[Looked], policies: &[Looked]) -> String {
    let issuers: Vec<_> =
        issuers.iter().map(|looked| json!({ "issuer": looked.at, "findings": looked.findings })).collect();
    let policies: Vec<_> =
        policies.iter().map(|looked| json!({ "file": looked.at, "findings": looked.findings })).collect();
    let joins: Vec<_> =
        joins.iter().map(|looked| json!({ "url": looked.at, "findings": looked.findings })).collect();
    let answer = json!({ "version": 1, "issuers": issuers, "join_files": joins, "policies": policies });
    format!("{answer:#}\n")
}

fn as_text<'a>(all: impl Iterator<Item = &'a Looked>) -> String {
    let mut text = String::new();
    for looked in all {
        let keys = match looked.keys {
            Some(1) => ", 1 key checked".to_owned(),
            Some(keys) => format!(", {keys} keys checked"),
            None => String::new(),
        };
        let verdict = if looked.findings.is_empty() { "ok" } else { "not ok" };
        text += &format!("{}: {verdict}{keys}\n", looked.at);
        for finding in &looked.findings {
            let label = match finding.severity {
                Severity::Problem => "problem",
                Severity::Warning => "warning",
            };
            text += &format!("  {label} [{}] {}: {}\n", finding.code, finding.place, finding.message);
            text += &format!("    {}\n", finding.hint);
        }
    }
    text
}

/// Problems make the command fail; warnings do not.
fn verdict<'a>(findings: impl Iterator<Item = &'a Finding>) -> Result<(), Failure> {
    let problems: Vec<_> = findings.filter(|finding| finding.severity == Severity::Problem).collect();
    let count = match problems.len() {
        0 => return Ok(()),
        1 => "1 problem".to_owned(),
        several => format!("{several} problems"),
    };
    let network = problems.iter().all(|finding| finding.code == "unreachable");
    let class = if network { ErrorKind::Network } else { ErrorKind::Configuration };
    Err(Failure::new(class, format!("{count} found"), "See the findings above."))
}
