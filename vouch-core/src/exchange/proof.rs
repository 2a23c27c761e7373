//! Whether a registration works: what CodeArtifact says of the repository, then the first request that the client itself
//! would make.

use std::fmt;
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::body::SdkBody;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Request, header};

use super::error::ExchangeError;
use super::{Aws, Exchange, RoleCredentials, Token, codeartifact, sts, twice};
use crate::config::{Config, Registration};
use crate::endpoint::{Asker, Domain, Endpoint, Format, USER, shown};
use crate::failure::{Diagnostic, ErrorKind};
use crate::hint::DOCTOR_ONLINE;
use crate::home::Home;
use crate::http::HttpError;
use crate::profile::{ProfileError, Role};

/// For the token, and again for each registration.
const DEADLINE: Duration = Duration::from_secs(14);

/// The shortest token that CodeArtifact gives, in seconds.
const TOKEN_SECONDS: u32 = 900;

/// Asks with a token of 15 minutes, which is never written anywhere. It goes to the URLs of registrations alone, and no
/// redirect is followed.
pub struct Prover {
    home: Home,
    credentials: RoleCredentials,
    role: Role,
    domain: Domain,
    token: Token,
}

impl fmt::Debug for Prover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prover")
            .field("role", &self.role)
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}

/// The first request of a client that has no package to ask for yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstRequest {
    /// `config.json` of the index (the Cargo book, "Registry Index").
    CargoIndex,
    /// The list of all projects (Simple Repository API).
    PythonIndex,
    /// `npm ping` (CodeArtifact user guide, "npm command support").
    NpmPing,
    /// The repository itself: in Maven's layout, nothing has to be there.
    MavenRoot,
    /// None: only an upload would tell, and a role that may upload need not be one that may read.
    Upload(Format),
}

impl FirstRequest {
    /// That of a client that reads a format.
    pub fn of(format: Format) -> Self {
        match format {
            Format::Cargo => Self::CargoIndex,
            Format::Pypi => Self::PythonIndex,
            Format::Npm => Self::NpmPing,
            Format::Maven => Self::MavenRoot,
            Format::Generic | Format::Nuget | Format::Ruby | Format::Swift => Self::Upload(format),
        }
    }

    fn format(self) -> Format {
        match self {
            Self::CargoIndex => Format::Cargo,
            Self::PythonIndex => Format::Pypi,
            Self::NpmPing => Format::Npm,
            Self::MavenRoot => Format::Maven,
            Self::Upload(format) => format,
        }
    }

    /// Below the endpoint, and by which rule the URL may have a token.
    fn place(self) -> Option<(&'static str, Asker)> {
        match self {
            Self::CargoIndex => Some(("config.json", Asker::CARGO)),
            Self::PythonIndex => Some(("simple/", Asker::KEYRING)),
            Self::NpmPing => Some(("-/ping", Asker::NPM)),
            Self::MavenRoot => Some(("", Asker::default())),
            Self::Upload(_) => None,
        }
    }

    fn authorization(self, prefix: &str, token: &str) -> String {
        match self {
            Self::CargoIndex => format!("{prefix}{token}"),
            Self::NpmPing => format!("Bearer {token}"),
            _ => format!("Basic {}", STANDARD.encode(format!("{USER}:{token}"))),
        }
    }
}

/// Why a registration is not proven.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The registration itself allows no token.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    #[error("the repository could not be asked")]
    Http(#[source] HttpError),
    #[error("{url} refused the token with status {status}")]
    TokenRefused { url: String, status: u16 },
    #[error("{url} has no list of its packages, so only a package would tell")]
    NoList { url: String },
    #[error("only an upload to {url} would tell")]
    OnlyUpload { url: String },
    #[error("nothing tells whether {url} is there: the role may not ask CodeArtifact for it")]
    Untold { url: String },
    #[error("{url} answered with status {status}, as no registry does")]
    Status { url: String, status: u16 },
    #[error("CodeArtifact has the repository at {answered}, not at {url}")]
    Elsewhere { url: String, answered: String },
}

impl Diagnostic for ProofError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Exchange(error) => error.kind(),
            Self::Profile(error) => error.kind(),
            Self::Http(error) => error.kind(),
            Self::Elsewhere { .. } => ErrorKind::Configuration,
            Self::TokenRefused { .. } | Self::Untold { .. } => ErrorKind::Refused,
            Self::NoList { .. } | Self::OnlyUpload { .. } | Self::Status { .. } => ErrorKind::Network,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Exchange(error) => return error.hint(),
            Self::Profile(error) => return error.hint(),
            Self::Http(error) => return error.hint(),
            Self::TokenRefused { .. } => {
                "The role needs codeartifact:ReadFromRepository on the repository; a domain of another account must \
                 also allow the role in its own policy."
                    .into()
            }
            Self::NoList { .. } | Self::OnlyUpload { .. } => return None,
            Self::Untold { .. } => {
                "The first package tells; or give the role codeartifact:GetRepositoryEndpoint on the repository.".into()
            }
            Self::Status { .. } => format!("Run {DOCTOR_ONLINE} later: it asks again."),
            Self::Elsewhere { .. } => {
                "Set it up again without `--endpoint`, and with the domain that you mean.".into()
            }
        })
    }
}

impl ProofError {
    /// Whether the setup was refused: by 401 or 403, as something that AWS does not have, or as a host name that does not
    /// exist. Everything else leaves it as it is, and only not proven.
    pub fn refuses_setup(&self) -> bool {
        match self {
            Self::Exchange(error) => error.refuses_setup(),
            Self::TokenRefused { .. } => true,
            _ => false,
        }
    }

    /// Whether there was nothing to be had that would have told: nothing is wrong then.
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::NoList { .. } | Self::OnlyUpload { .. })
    }
}

impl Prover {
    /// Gets the token. Nothing is written.
    ///
    /// # Errors
    /// When AWS gave none.
    pub fn new(
        home: &Home,
        credentials: RoleCredentials,
        role: &Role,
        domain: &Domain,
    ) -> Result<Self, ExchangeError> {
        let exchange = exchange(home)?;
        let asked = exchange.token(&credentials, role, domain, TOKEN_SECONDS);
        let token = match asked {
            Err(ExchangeError::Http { service, source }) => {
                return Err(match exchange.lacks_host(role, &source) {
                    true => ExchangeError::NoHost { source },
                    false => ExchangeError::Http { service, source },
                });
            }
            answer => answer?,
        };
        Ok(Self { home: home.clone(), credentials, role: role.clone(), domain: domain.clone(), token })
    }

    /// Asks whether a registration of the domain works.
    ///
    /// # Errors
    /// When it does not, or nothing tells: [`ProofError::refuses_setup`] tells these apart.
    pub fn prove(
        &self,
        config: &Config,
        registration: &Registration,
        first: FirstRequest,
    ) -> Result<(), ProofError> {
        let url = registration.endpoint.trim_start_matches("sparse+");
        let url = format!("{}/", url.trim_end_matches('/'));
        let place = first.place().map(|(below, asker)| (format!("{url}{below}"), asker));
        // Before anything is asked: the one rule of which URL may have a token, and what is below it is as plain.
        if let Some((place, asker)) = &place {
            let targets =
                [config.target_of_url(&url, *asker)?, config.target_of_url(place, Asker::default())?];
            if targets.iter().any(|target| target.domain != self.domain) {
                return Err(ProfileError::NotSetUp(self.domain.clone()).into());
            }
        }
        let exchange = exchange(&self.home)?;
        let is_there = self.ask_codeartifact(&exchange, registration, first.format(), &url)?;
        let asked = match place {
            Some((place, _)) => self.ask_repository(&exchange, registration, first, &place),
            None => Err(ProofError::OnlyUpload { url: url.clone() }),
        };
        match asked {
            Err(error) if error.is_silence() && !is_there => Err(ProofError::Untold { url }),
            asked => asked,
        }
    }

    /// Whether CodeArtifact says that it has the repository there; it does not where the role may not ask.
    fn ask_codeartifact(
        &self,
        exchange: &Exchange,
        registration: &Registration,
        format: Format,
        url: &str,
    ) -> Result<bool, ProofError> {
        let client = SharedHttpClient::new(exchange.http.clone());
        let asked = (&self.domain, &registration.repository, format);
        let ask =
            async || codeartifact::repository_endpoint(&client, &self.credentials, &self.role, asked).await;
        let Some(answered) = exchange.run(twice(exchange.deadline, ask))? else { return Ok(false) };
        // A host of one's own leads to it in its own way.
        let Ok(ours) = url.parse::<Endpoint>() else { return Ok(true) };
        let is_same = answered.parse::<Endpoint>().is_ok_and(|theirs| {
            let Endpoint { domain, format, repository, dualstack: _ } = theirs;
            (domain, format, repository) == (ours.domain, ours.format, ours.repository)
        });
        match is_same {
            true => Ok(true),
            false => Err(ProofError::Elsewhere { url: shown(url), answered: shown(&answered) }),
        }
    }

    /// The client's first request.
    fn ask_repository(
        &self,
        exchange: &Exchange,
        registration: &Registration,
        first: FirstRequest,
        place: &str,
    ) -> Result<(), ProofError> {
        let value = first.authorization(&registration.token_prefix, self.token.value.expose());
        let mut value = HeaderValue::try_from(value)
            .map_err(|error| ProofError::Http(HttpError::Request(error.into())))?;
        value.set_sensitive(true);
        let request = Request::get(place)
            .header(header::AUTHORIZATION, value)
            .header(header::USER_AGENT, concat!("vouch/", env!("CARGO_PKG_VERSION")))
            .body(SdkBody::empty())
            .map_err(|error| ProofError::Http(HttpError::Request(error.into())))?;
        // The connection's own errors are told apart below.
        let asked = exchange.run(async { Ok(exchange.http.request(request).await) })?;
        let answer = match asked {
            Err(source) if exchange.lacks_host(&self.role, &source) => {
                return Err(ExchangeError::NoHost { source }.into());
            }
            answer => answer.map_err(ProofError::Http)?,
        };
        let url = shown(place);
        match answer.status().as_u16() {
            200 if first != FirstRequest::CargoIndex || is_index(answer.body().bytes()) => Ok(()),
            status @ (401 | 403) => Err(ProofError::TokenRefused { url, status }),
            404 if matches!(first, FirstRequest::PythonIndex | FirstRequest::MavenRoot) => {
                Err(ProofError::NoList { url })
            }
            status => Err(ProofError::Status { url, status }),
        }
    }
}

fn exchange(home: &Home) -> Result<Exchange, ExchangeError> {
    let exchange = Exchange::new(home, Instant::now() + DEADLINE)?;
    exchange.http.forget();
    Ok(exchange)
}

impl Exchange {
    /// Whether a request failed as its host name does not exist: the resolver says so, and STS, whose name does exist, can be
    /// reached right now.
    fn lacks_host(&self, role: &Role, error: &HttpError) -> bool {
        let reaches = async { Ok(self.http.reaches(&sts::host(&role.region)).await) };
        error.is_unknown_name() && self.run(reaches).unwrap_or_default()
    }
}

/// Whether it is the configuration of an index.
fn is_index(body: Option<&[u8]>) -> bool {
    let document: Option<serde_json::Value> = body.and_then(|body| serde_json::from_slice(body).ok());
    document.is_some_and(|document| document.get("dl").is_some_and(serde_json::Value::is_string))
}

#[cfg(test)]
#[path = "proof_tests.rs"]
mod tests;
