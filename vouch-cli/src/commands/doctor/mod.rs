//! `vouch doctor`: every part looked at, each with what fixes it.
//!
//! It only looks: nothing is written, no PIN try is spent, no touch is asked for, no secret is printed. Without
//! `--online` it does not use the network.

mod caches;
mod card;
mod clients;
mod context;
mod environment;
mod folder;
mod online;
mod output;
mod programs;
mod roles;
mod session;

use std::io::{IsTerminal, stderr};
use std::process::ExitCode;

use vouch_clients::finding::{Finding, Status};
use vouch_core::home::HomeError;
use vouch_core::{Context, Failure};

use self::output::Extent;
use crate::card::ServiceFlags;
use crate::terminal;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Ask the issuer's host, STS and CodeArtifact, too; nothing of what they give is kept
    #[arg(long)]
    online: bool,
    /// Look for live tokens in caches and logs of the package managers, too
    #[arg(long)]
    deep: bool,
    /// List what is ok and what was skipped, too
    #[arg(long)]
    all: bool,
    /// Print JSON, with all of it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceFlags,
}

pub(crate) fn run(context: Result<Context, HomeError>, args: Args) -> Result<ExitCode, Failure> {
    args.service.choose()?;
    let progress = |what: &str| {
        if (args.online || args.deep) && stderr().is_terminal() {
            terminal::say(&format!("{what} …"));
        }
    };
    let (context, mut findings) = folder::look(context);
    findings.extend(programs::look(context.config.as_ref()));
    let (session, found) = session::look(&context);
    let enrolled = context.config.as_ref().is_some_and(|config| config.identity.is_some());
    match session.as_ref().and_then(|session| session.source.from()).filter(|_| !enrolled) {
        Some(from) => findings.extend(card::elsewhere(from)),
        None => {
            progress("looking at the card");
            findings.extend(card::look(context.config.as_ref()));
        }
    }
    findings.extend(found);
    findings.extend(roles::look(context.config.as_ref()));
    findings.extend(environment::look(&context));
    if args.online {
        findings.extend(online::look(&context, session.as_ref(), &progress));
    }
    progress("looking at the package managers");
    findings.extend(clients::look(&context));
    if args.deep {
        findings.extend(caches::look(&context, &progress));
    }
    if args.json {
        terminal::print_json(&output::json(&findings, args.online))?;
    } else {
        terminal::print_in_color(&output::text(
            &findings,
            if args.all { Extent::All } else { Extent::Faults },
            args.online,
        ))?;
    }
    Ok(verdict(&findings))
}

fn verdict(findings: &[Finding]) -> ExitCode {
    let failed = findings.iter().any(|finding| finding.status() == Status::Fail);
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
