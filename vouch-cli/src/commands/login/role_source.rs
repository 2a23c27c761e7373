//! What a container, an instance or an environment has of role credentials, as it is sealed at login. No later process reads
//! these variables.

use std::path::PathBuf;

use vouch_core::session::{AgentOfCi, EndpointAuthorization, RoleUrl, RoleUrlError, Source};
use vouch_core::{ErrorKind, Failure, Secret, UnixTime, env};
use vouch_helper::program;

/// Where ECS and CodeBuild, and EKS, tell a container the endpoint (SDKs reference guide, "Container credential provider").
const RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

/// Where an instance's metadata service is, if not at its usual address (SDKs reference guide, "IMDS credential provider").
const METADATA_ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";

pub(super) fn container() -> Result<Source, Failure> {
    let url = match (env::var(RELATIVE_URI), env::var(FULL_URI)) {
        (Some(path), _) => RoleUrl::of_path(&path).map_err(|error| named(RELATIVE_URI, &error))?,
        (None, Some(url)) => url.parse().map_err(|error| named(FULL_URI, &error))?,
        (None, None) => {
            return Err(Failure::configuration(
                format!("this container has no role: neither {RELATIVE_URI} nor {FULL_URI} is set"),
                "ECS sets it for a task with a task role, EKS for a pod with a Pod Identity association, CodeBuild for each \
                 build; `docker build` hands none on. With `AWS_WEB_IDENTITY_TOKEN_FILE`, use `--from token-file`.",
            ));
        }
    };
    // As the SDKs have it: the file goes before the variable.
    let authorization = match (env::var_os(TOKEN_FILE), env::var(TOKEN)) {
        (Some(path), _) => {
            let path = PathBuf::from(path);
            EndpointAuthorization::File { path: std::path::absolute(&path).unwrap_or(path) }
        }
        (None, Some(value)) => EndpointAuthorization::Value { value: Secret::new(value) },
        (None, None) => EndpointAuthorization::None,
    };
    Ok(Source::Container { url, authorization })
}

pub(super) fn instance() -> Result<Source, Failure> {
    let text = env::var(METADATA_ENDPOINT).unwrap_or_else(|| RoleUrl::OF_INSTANCE.to_owned());
    let endpoint = text.parse().map_err(|error| named(METADATA_ENDPOINT, &error))?;
    Ok(Source::Instance { endpoint })
}

fn named(variable: &str, error: &RoleUrlError) -> Failure {
    Failure::configuration(
        format!("{variable} names no endpoint of AWS's: {error}"),
        format!(
            "Unset {variable}, or correct it: only https, this machine and the addresses that AWS documents are asked."
        ),
    )
}

pub(super) fn environment() -> Result<Source, Failure> {
    let part = |name: &str| {
        env::var(name).ok_or_else(|| {
            Failure::configuration(
                format!("the environment has no role credentials: {name} is not set"),
                "Vouch takes the temporary credentials of a role, all three variables of them; a user's access key is none.",
            )
        })
    };
    let [access_key_id, secret_access_key, session_token] =
        [part("AWS_ACCESS_KEY_ID")?, part("AWS_SECRET_ACCESS_KEY")?, part("AWS_SESSION_TOKEN")?];
    let expires_at = env::var("AWS_CREDENTIAL_EXPIRATION").map(|text| expiry(&text)).transpose()?;
    Ok(Source::Environment {
        access_key_id,
        secret_access_key: Secret::new(secret_access_key),
        session_token: Secret::new(session_token),
        expires_at,
    })
}

/// As `aws configure export-credentials` writes it.
fn expiry(text: &str) -> Result<UnixTime, Failure> {
    let wrong = || {
        Failure::configuration(
            "AWS_CREDENTIAL_EXPIRATION is not a time",
            "Unset it, or set it again with the credentials: `eval \"$(aws configure export-credentials --format env)\"`.",
        )
    };
    let at = UnixTime(text.parse::<jiff::Timestamp>().map_err(|_| wrong())?.as_second());
    if at > UnixTime::now() {
        return Ok(at);
    }
    Err(Failure::new(
        ErrorKind::NoSession,
        "the role credentials in the environment have expired",
        "Get new ones into the environment, then log in again.",
    ))
}

/// The agent of a CI, by the path that it has now.
pub(super) fn agent(ci: AgentOfCi, audience: String) -> Result<Source, Failure> {
    let name = ci.program();
    let program = program::on_path(name).ok_or_else(|| {
        Failure::configuration(
            format!("`{name}` is not on PATH, so this is no job of {ci}"),
            format!("{ci} has it in each job. In a container of the job's, mount it there and hand its variables on."),
        )
    })?;
    Ok(Source::Agent { ci, program, audience })
}
