//! Role credentials that a container, an instance or the environment of the login has, in place of an ID token.
//!
//! They are used as they are: the caller must be the role that the session is for, and STS says who it is, each time. Nothing
//! of them is exchanged for another role's. The place that is asked was sealed at login.

use aws_sdk_sts::Client;
use aws_sdk_sts::config::{Builder, Credentials};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::Format;
use http::{HeaderValue, Method, Request, Response, header};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::credentials::{MAX_CREDENTIAL, RoleCredentials};
use super::error::{ExchangeError, Refusal, Service};
use super::refusal;
use super::role_error::RoleSourceError;
use super::sdk::sdk_config;
use super::shown::shown;
use crate::files;
use crate::http::{Http, HttpError, local};
use crate::partition::RoleArn;
use crate::profile::Role;
use crate::secret::{self, Secret};
use crate::session::{EndpointAuthorization, RoleUrl, Session, Source};
use crate::time::UnixTime;

/// Where an instance's metadata service names its role, and gives the credentials of it (EC2 user guide, "Retrieve security
/// credentials from instance metadata").
const IMDS_ROLE: &str = "latest/meta-data/iam/security-credentials/";
const IMDS_TOKEN: &str = "latest/api/token";

/// How long a session with the metadata service lives, in seconds: for three requests.
const IMDS_SECONDS: &str = "60";

/// As the endpoints of containers and the metadata service write them.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_id: String,
    #[serde(with = "secret::sealed")]
    secret_access_key: Secret<String>,
    #[serde(with = "secret::sealed")]
    token: Secret<String>,
    expiration: String,
}

/// The credentials that the session's source has now, of a caller that STS says is the session's role.
pub(super) async fn role_credentials(
    http: &Http,
    session: &Session,
    role: &Role,
) -> Result<RoleCredentials, ExchangeError> {
    if session.subject.as_str() != role.arn.as_str() {
        let own = session.subject.to_string();
        return Err(RoleSourceError::OtherRole { own, role: role.arn.clone() }.into());
    }
    let given = fetch(http, session).await?;
    let caller = caller(http, &given, session, role).await?;
    if !is_of_role(&caller, &role.arn) {
        let from = session.source.to_string();
        let caller = shown(&caller);
        return Err(RoleSourceError::OtherCaller { from, caller, role: role.arn.clone() }.into());
    }
    Ok(given)
}

async fn fetch(http: &Http, session: &Session) -> Result<RoleCredentials, RoleSourceError> {
    let from = session.source.to_string();
    let ask = Endpoint { http, from: &from };
    match &session.source {
        Source::Container { url, authorization } => {
            let value = match authorization {
                EndpointAuthorization::None => None,
                EndpointAuthorization::Value { value } => Some(value.clone()),
                EndpointAuthorization::File { path } => {
                    let text = files::read_text(path).map_err(|source| RoleSourceError::Read {
                        from: from.clone(),
                        path: path.clone(),
                        source,
                    })?;
                    let text = Zeroizing::new(text);
                    Some(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
                }
            };
            let shown = value.as_ref().map(|value| (header::AUTHORIZATION.as_str(), value.expose().as_str()));
            ask.credentials(url, "", shown).await
        }
        Source::Instance { endpoint } => {
            let ttl = ("x-aws-ec2-metadata-token-ttl-seconds", IMDS_SECONDS);
            let token = ask.text(Method::PUT, endpoint, IMDS_TOKEN, Some(ttl)).await?;
            let shown = Some(("x-aws-ec2-metadata-token", token.as_str()));
            let name = match ask.text(Method::GET, endpoint, IMDS_ROLE, shown).await {
                Err(RoleSourceError::Refused { status: 404, .. }) => {
                    return Err(RoleSourceError::NoInstanceRole);
                }
                name => name?,
            };
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@-_".contains(&byte);
            match name.trim() {
                name if !name.is_empty() && name.bytes().all(plain) => {
                    ask.credentials(endpoint, &format!("{IMDS_ROLE}{name}"), shown).await
                }
                _ => Err(ask.wrong("it names no role")),
            }
        }
        Source::Environment { access_key_id, secret_access_key, session_token, expires_at } => {
            Ok(RoleCredentials {
                access_key_id: access_key_id.clone(),
                secret_access_key: secret_access_key.clone(),
                session_token: session_token.clone(),
                // Where nobody told, the session's end is the latest: CodeArtifact and STS know better.
                expires_at: expires_at.unwrap_or(session.expires_at),
            })
        }
        _ => Err(ask.wrong("it gives ID tokens")),
    }
}

/// One endpoint, asked without redirects.
struct Endpoint<'a> {
    http: &'a Http,
    from: &'a str,
}

impl Endpoint<'_> {
    fn wrong(&self, reason: &'static str) -> RoleSourceError {
        RoleSourceError::Answer { from: self.from.to_owned(), reason }
    }

    async fn credentials(
        &self,
        url: &RoleUrl,
        below: &str,
        header: Option<(&str, &str)>,
    ) -> Result<RoleCredentials, RoleSourceError> {
        let text = self.text(Method::GET, url, below, header).await?;
        let answer: Answer =
            serde_json::from_str(&text).map_err(|_| self.wrong("the answer has another form"))?;
        let parts = [&answer.access_key_id, answer.secret_access_key.expose(), answer.token.expose()];
        let plain = |text: &str| {
            (1..=MAX_CREDENTIAL).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !parts.into_iter().all(|part| plain(part)) {
            return Err(self.wrong("a part is missing, or has characters that no credential has"));
        }
        let expires_at = DateTime::from_str(&answer.expiration, Format::DateTime)
            .map_err(|_| self.wrong("their end is not a time"))?;
        let expires_at = UnixTime(expires_at.secs());
        if expires_at <= UnixTime::now() {
            return Err(self.wrong("they have already expired by the clock of this machine"));
        }
        Ok(RoleCredentials {
            access_key_id: answer.access_key_id,
            secret_access_key: answer.secret_access_key,
            session_token: answer.token,
            expires_at,
        })
    }

    async fn text(
        &self,
        method: Method,
        url: &RoleUrl,
        below: &str,
        header: Option<(&str, &str)>,
    ) -> Result<Zeroizing<String>, RoleSourceError> {
        let http = |source| RoleSourceError::Http { from: self.from.to_owned(), source: Box::new(source) };
        let response = self.send(method, url, below, header).await.map_err(http)?;
        match response.status().as_u16() {
            200 => {}
            status => return Err(RoleSourceError::Refused { from: self.from.to_owned(), status }),
        }
        let body = response.body().bytes().unwrap_or_default().to_vec();
        String::from_utf8(body).map(Zeroizing::new).map_err(|_| self.wrong("the answer is not text"))
    }

    async fn send(
        &self,
        method: Method,
        url: &RoleUrl,
        below: &str,
        header: Option<(&str, &str)>,
    ) -> Result<Response<SdkBody>, HttpError> {
        let wrong = |error: http::Error| HttpError::Request(error.into());
        let url_text = match below {
            "" => url.as_str().to_owned(),
            below => format!("{}/{below}", url.as_str().trim_end_matches('/')),
        };
        let plain = url.plain_address();
        let origin = url.place();
        let target = match plain {
            // The address is given beside it.
            Some(_) => url_text.strip_prefix(&origin).unwrap_or("/"),
            None => &url_text,
        };
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(header::ACCEPT, "*/*")
            .header(header::USER_AGENT, concat!("vouch/", env!("CARGO_PKG_VERSION")));
        if let Some((name, value)) = header {
            let mut value = HeaderValue::from_str(value).map_err(|error| HttpError::Request(error.into()))?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        let request = request.body(SdkBody::empty()).map_err(wrong)?;
        match plain {
            Some(address) => local::request(address, request).await,
            None => self.http.request(request).await,
        }
    }
}

/// Who the credentials belong to, by STS.
async fn caller(
    http: &Http,
    given: &RoleCredentials,
    session: &Session,
    role: &Role,
) -> Result<String, ExchangeError> {
    let shared = SharedHttpClient::new(http.clone());
    let config = Builder::from(&sdk_config(&shared, &role.region)).credentials_provider(Credentials::new(
        &given.access_key_id,
        given.secret_access_key.expose(),
        Some(given.session_token.expose().clone()),
        None,
        "vouch",
    ));
    match Client::from_conf(config.build()).get_caller_identity().send().await {
        Ok(answer) => Ok(answer.arn().unwrap_or_default().to_owned()),
        Err(error) => Err(situation(refusal::of(Service::Sts, error)?, session, role)),
    }
}

/// Whether a caller's ARN is that of a session of the role: partition, account and name, as an ARN of a session has no path.
fn is_of_role(caller: &str, role: &RoleArn) -> bool {
    let start =
        format!("arn:{}:sts::{}:assumed-role/{}/", role.partition().name, role.account(), role.role_name());
    caller.strip_prefix(&start).is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

fn situation(source: Box<Refusal>, session: &Session, role: &Role) -> ExchangeError {
    let is_copy = !session.source.is_renewed();
    match source.code.as_str() {
        "RequestExpired" | "RequestTimeTooSkewed" => ExchangeError::Clock { source },
        "SignatureDoesNotMatch" if refusal::says(&source, &["signature expired", "not yet current"]) => {
            ExchangeError::Clock { source }
        }
        "ExpiredToken" | "ExpiredTokenException" if is_copy => ExchangeError::SessionExpired { source },
        "ExpiredToken" | "ExpiredTokenException" | "InvalidClientTokenId" | "SignatureDoesNotMatch" => {
            ExchangeError::CredentialsRefused { role: role.arn.clone(), source }
        }
        "RegionDisabledException" | "RegionDisabled" => {
            ExchangeError::RegionDisabled { region: role.region.clone(), role: role.arn.clone(), source }
        }
        _ => refusal::by_status(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_the_role_by_partition_account_and_name() {
        let role: RoleArn = "arn:aws:iam::123456789012:role/team/Build".parse().unwrap();
        assert!(is_of_role("arn:aws:sts::123456789012:assumed-role/Build/i-0123", &role));
        for caller in [
            "",
            "arn:aws:sts::123456789012:assumed-role/Build/",
            "arn:aws:sts::123456789012:assumed-role/Build",
            "arn:aws:sts::123456789012:assumed-role/Builder/i-0123",
            "arn:aws:sts::123456789012:assumed-role/build/i-0123",
            "arn:aws:sts::123456789012:assumed-role/team/Build/i-0123",
            "arn:aws:sts::210987654321:assumed-role/Build/i-0123",
            "arn:aws-cn:sts::123456789012:assumed-role/Build/i-0123",
            "arn:aws:iam::123456789012:user/Build",
            "arn:aws:sts::123456789012:federated-user/Build",
            "arn:aws:iam::123456789012:root",
        ] {
            assert!(!is_of_role(caller, &role), "{caller}");
        }
    }
}
