//! Session to role credentials to token: the two calls to AWS.
//!
//! Everything that decides where a request goes is given here: region, roots and proxy. The SDK's own sources (profiles,
//! `AWS_ENDPOINT_URL`, ambient credentials, FIPS and dual-stack variables) are not asked, as they could send the session
//! elsewhere. Its retries and time-outs are off: one deadline holds for all.

mod agent;
#[cfg(test)]
mod canned;
mod codeartifact;
mod credentials;
mod error;
mod id_token;
mod probe;
mod proof;
mod refusal;
mod role_error;
mod role_source;
mod sdk;
mod shown;
mod sts;

use std::ffi::OsString;
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use tokio::runtime::{Builder, Runtime};

use crate::endpoint::Domain;
use crate::env;
use crate::home::Home;
use crate::http::Http;
use crate::profile::Role;
use crate::session::Session;
pub use agent::AgentError;
pub use credentials::{RoleCredentials, Token};
pub use error::{ExchangeError, Refusal, Service, USUAL_BEARER_LIMIT};
pub use id_token::{IdTokenError, github_request_url};
pub use probe::Probe;
pub use proof::{FirstRequest, ProofError, Prover};
pub use role_error::RoleSourceError;
pub(crate) use sts::seconds as role_seconds;

/// What the broker asks of AWS.
pub(crate) trait Aws {
    /// Role credentials for a session. The domain that will be asked next is told, so that the way to it can be made
    /// while STS answers.
    fn role_credentials(
        &self,
        session: &Session,
        role: &Role,
        next: Option<&Domain>,
    ) -> Result<RoleCredentials, ExchangeError>;

    /// A token that is good for so many seconds.
    fn token(
        &self,
        credentials: &RoleCredentials,
        role: &Role,
        domain: &Domain,
        seconds: u32,
    ) -> Result<Token, ExchangeError>;
}

/// One exchange with AWS: a runtime, the connections, a deadline.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// There until the exchange is dropped.
    runtime: Option<Runtime>,
    http: Http,
    deadline: Instant,
}

impl Exchange {
    /// With roots and proxy as the environment names them. No network yet.
    pub(crate) fn new(home: &Home, deadline: Instant) -> Result<Self, ExchangeError> {
        Self::with(home, deadline, env::var_os)
    }

    fn with(
        home: &Home,
        deadline: Instant,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, ExchangeError> {
        let http = Http::new(home, deadline, variable).map_err(ExchangeError::Setup)?;
        let runtime = Builder::new_current_thread().enable_io().enable_time().build();
        Ok(Self { runtime: Some(runtime.map_err(ExchangeError::Start)?), http, deadline })
    }

    fn run<T>(&self, work: impl Future<Output = Result<T, ExchangeError>>) -> Result<T, ExchangeError> {
        match &self.runtime {
            Some(runtime) => runtime.block_on(work),
            None => Err(ExchangeError::Start(std::io::ErrorKind::NotFound.into())),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // Not to wait for a name that the system is still resolving.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Aws for Exchange {
    fn role_credentials(
        &self,
        session: &Session,
        role: &Role,
        next: Option<&Domain>,
    ) -> Result<RoleCredentials, ExchangeError> {
        let http = SharedHttpClient::new(self.http.clone());
        self.run(async {
            if let Some(domain) = next {
                self.http.preconnect(&codeartifact::host(&domain.region));
            }
            // Each source of a session has its own way to an ID token, or to the role credentials themselves.
            let ask = async || {
                if session.source.is_of_role() {
                    return role_source::role_credentials(&self.http, session, role).await;
                }
                let id_token = id_token::current(&self.http, session).await?;
                sts::role_credentials(&http, session, &id_token, role).await
            };
            twice(self.deadline, ask).await
        })
    }

    fn token(
        &self,
        credentials: &RoleCredentials,
        role: &Role,
        domain: &Domain,
        seconds: u32,
    ) -> Result<Token, ExchangeError> {
        let http = SharedHttpClient::new(self.http.clone());
        self.run(twice(self.deadline, async || {
            codeartifact::token(&http, credentials, role, domain, seconds).await
        }))
    }
}

/// A token for so many seconds, or for as long as the usual policy allows where the role's refuses more.
pub(crate) fn longest_token(
    aws: &dyn Aws,
    credentials: &RoleCredentials,
    role: &Role,
    domain: &Domain,
    seconds: u32,
) -> Result<Token, ExchangeError> {
    match aws.token(credentials, role, domain, seconds) {
        Err(ExchangeError::BearerTokenRefused { .. }) if seconds > USUAL_BEARER_LIMIT => {
            tracing::info!(role = %role.arn, seconds, "the role allows only shorter tokens");
            aws.token(credentials, role, domain, USUAL_BEARER_LIMIT)
        }
        answer => answer,
    }
}

/// Tries once more after a failure that may be over in a moment, where there is time for it.
async fn twice<T>(
    deadline: Instant,
    attempt: impl AsyncFn() -> Result<T, ExchangeError>,
) -> Result<T, ExchangeError> {
    let error = match attempt().await {
        Ok(answer) => return Ok(answer),
        Err(error) => error,
    };
    match error.pause() {
        Some(pause) if Instant::now() + pause + ANSWER_TIME < deadline => {
            tracing::debug!(%error, ?pause, "trying once more");
            tokio::time::sleep(pause).await;
            attempt().await
        }
        _ => Err(error),
    }
}

/// What must be left for a second try to be worth it.
const ANSWER_TIME: Duration = Duration::from_secs(1);

impl ExchangeError {
    /// Whether AWS refused the domain itself, or the role's way to it. An explicit deny, as an organization has it, is about
    /// the role alone.
    pub(crate) fn refuses_domain(&self) -> bool {
        match self {
            Self::NoDomain { .. } => true,
            Self::TokenRefused { source, .. } => !refusal::says(source, &["explicit deny"]),
            _ => false,
        }
    }

    /// How long to wait before another try, if that may go better. Time-outs have used up their time already.
    fn pause(&self) -> Option<Duration> {
        match self {
            Self::IdToken(error) => error.is_transient().then_some(Duration::from_millis(500)),
            Self::RoleSource(error) => error.is_transient().then_some(Duration::from_millis(500)),
            Self::Http { source, .. } => source.is_transient().then_some(Duration::from_millis(100)),
            // A load balancer of AWS's in distress answers with a page, too.
            Self::NotAws { status: 500.., .. } => Some(Duration::from_millis(500)),
            Self::IssuerUnreachable { .. } | Self::Service { .. } => Some(Duration::from_millis(500)),
            Self::NoVerificationKey { .. } => Some(Duration::from_secs(1)),
            Self::Throttled { source } => Some(Duration::from_secs(source.retry_after.unwrap_or(1))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
