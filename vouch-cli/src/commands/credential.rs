//! `vouch credential`: a credential on stdout, for whatever has no helper of its own.

use clap::Subcommand;
use serde_json::json;
use vouch_core::broker::RoleUse;
use vouch_core::endpoint::{Domain, Endpoint};
use vouch_core::{Context, Failure};
use vouch_helper::token::sendable;

use crate::credential_choice::{self, Spelling};
use crate::domain::DomainFlags;
use crate::parse;
use crate::terminal;

/// What to print.
#[derive(Debug, Subcommand)]
pub(crate) enum Credential {
    /// Print a CodeArtifact authorization token
    Codeartifact(Codeartifact),
    /// Print credentials of a role, as AWS tools expect it of a credential_process
    Aws(Aws),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Codeartifact {
    #[command(flatten)]
    domain: DomainFlags,
    /// Print the token with its expiry, profile and endpoint as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Aws {
    /// The AWS profile, as `vouch setup aws --profile` named it [default: the default one, else the only one]
    #[arg(long, value_name = "NAME", value_parser = parse::name)]
    profile: Option<String>,
}

pub(crate) fn run(context: &Context, credential: Credential) -> Result<(), Failure> {
    let answer = match credential {
        Credential::Codeartifact(args) => codeartifact(context, &args)?,
        Credential::Aws(args) => aws(context, &args)?,
    };
    terminal::print_raw(&answer)
}

fn codeartifact(context: &Context, args: &Codeartifact) -> Result<String, Failure> {
    let (token, named) = credential_choice::token(context, &args.domain, Spelling::Plain)?;
    let value = sendable(token.value.expose())?;
    if !args.json {
        return Ok(format!("{value}\n"));
    }
    let domain = &named.target.domain;
    let answer = json!({
        "version": 1,
        "token": value,
        "expiration": terminal::utc_time(token.expires_at),
        "profile": named.profile,
        "endpoint": endpoint(domain),
        "domain": domain.name,
        "domain_owner": domain.owner,
        "region": domain.region,
    });
    Ok(format!("{answer}\n"))
}

/// Where every repository of a domain is.
fn endpoint(domain: &Domain) -> String {
    format!("https://{}/", Endpoint::host_of(domain))
}

fn aws(context: &Context, args: &Aws) -> Result<String, Failure> {
    let (given, _) = credential_choice::role_credentials(context, args.profile.as_deref(), RoleUse::Process)?;
    let answer = json!({
        "Version": 1,
        "AccessKeyId": given.access_key_id,
        "SecretAccessKey": given.secret_access_key.expose(),
        "SessionToken": given.session_token.expose(),
        "Expiration": terminal::utc_time(given.expires_at),
    });
    Ok(format!("{answer}\n"))
}
