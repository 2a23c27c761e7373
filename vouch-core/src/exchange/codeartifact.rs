//! AWS CodeArtifact: GetAuthorizationToken and GetRepositoryEndpoint.

use aws_sdk_codeartifact::Client;
use aws_sdk_codeartifact::config::{Builder, Credentials};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::credentials::{RoleCredentials, Token, credential, expiry};
use super::error::{ExchangeError, Refusal, Service};
use super::refusal;
use super::sdk::sdk_config;
use crate::endpoint::{Domain, Format};
use crate::partition::{Region, RepositoryName};
use crate::profile::Role;
use crate::secret::Secret;

const SERVICE: Service = Service::CodeArtifact;

/// Where CodeArtifact of a region is asked (its endpoint rule set).
pub(super) fn host(region: &Region) -> String {
    format!("codeartifact.{region}.{}", region.partition().dns_suffix)
}

/// Asks for a token for so many seconds, 900 to 43200.
pub(super) async fn token(
    http: &SharedHttpClient,
    credentials: &RoleCredentials,
    role: &Role,
    domain: &Domain,
    seconds: u32,
) -> Result<Token, ExchangeError> {
    let answer = client(http, credentials, domain)
        .get_authorization_token()
        .domain(domain.name.as_str())
        .domain_owner(domain.owner.as_str())
        .duration_seconds(seconds.into())
        .customize()
        // As other SDKs do; some proxies refuse a POST that does not tell its length.
        .mutate_request(|request| {
            request.headers_mut().insert("content-length", "0");
        })
        .send()
        .await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Err(situation(refusal::of(SERVICE, error)?, role, domain)),
    };
    Ok(Token {
        value: Secret::new(credential(SERVICE, "the token", answer.authorization_token())?),
        expires_at: expiry(SERVICE, "the token", answer.expiration().map(|at| at.secs()))?,
    })
}

/// The URL of a repository in a format, as CodeArtifact has it; none where the role may not ask for it, as package managers
/// never do.
pub(super) async fn repository_endpoint(
    http: &SharedHttpClient,
    credentials: &RoleCredentials,
    role: &Role,
    (domain, repository, format): (&Domain, &RepositoryName, Format),
) -> Result<Option<String>, ExchangeError> {
    let answer = client(http, credentials, domain)
        .get_repository_endpoint()
        .domain(domain.name.as_str())
        .domain_owner(domain.owner.as_str())
        .repository(repository.as_str())
        .format(format.as_str().into())
        .send()
        .await;
    let error = match answer {
        Ok(answer) => return Ok(answer.repository_endpoint),
        Err(error) => refusal::of(SERVICE, error)?,
    };
    // The domain has given a token before.
    match situation(error, role, domain) {
        ExchangeError::NoDomain { domain, source } => {
            Err(ExchangeError::NoRepository { repository: repository.clone(), domain, source })
        }
        ExchangeError::TokenRefused { .. } => Ok(None),
        other => Err(other),
    }
}

fn client(http: &SharedHttpClient, credentials: &RoleCredentials, domain: &Domain) -> Client {
    let config = Builder::from(&sdk_config(http, &domain.region)).credentials_provider(Credentials::new(
        &credentials.access_key_id,
        credentials.secret_access_key.expose(),
        Some(credentials.session_token.expose().clone()),
        None,
        "vouch",
    ));
    Client::from_conf(config.build())
}

/// Whether it is STS's part of a token that the role may not have: never, or not for so long.
fn is_of_bearer_token(refusal: &Refusal) -> bool {
    refusal::says(refusal, &["sts:getservicebearertoken"])
}

fn situation(source: Box<Refusal>, role: &Role, domain: &Domain) -> ExchangeError {
    let (role, domain) = (role.arn.clone(), domain.clone());
    match source.code.as_str() {
        "RequestExpired" | "RequestTimeTooSkewed" => ExchangeError::Clock { source },
        "InvalidSignatureException" | "SignatureDoesNotMatch" | "AccessDeniedException"
            if refusal::says(&source, &["signature expired", "not yet current", "signature not yet"]) =>
        {
            ExchangeError::Clock { source }
        }
        "AccessDeniedException" | "AccessDenied" if is_of_bearer_token(&source) => {
            ExchangeError::BearerTokenRefused { role, domain, source }
        }
        "AccessDeniedException" | "AccessDenied" => ExchangeError::TokenRefused { role, domain, source },
        "ExpiredTokenException" | "ExpiredToken" | "UnrecognizedClientException" | "InvalidClientTokenId" => {
            ExchangeError::CredentialsRefused { role, source }
        }
        "ResourceNotFoundException" => ExchangeError::NoDomain { domain, source },
        _ => refusal::by_status(source),
    }
}
