//! A fake HTTP client under the SDK, and the answers of both services, for the tests of the exchange.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use url::form_urlencoded;

use super::*;
use crate::http::HttpError;
use crate::secret::Secret;
use crate::session::Source;
use crate::time::UnixTime;

/// Answers in turn, the last one for ever, and keeps what was asked.
#[derive(Debug, Clone)]
pub(super) struct Canned(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    answers: Vec<Answer>,
    asked: Vec<(String, String)>,
    headers: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) enum Answer {
    Http(u16, &'static [(&'static str, &'static str)], String),
    Closed,
    Late,
}

impl Canned {
    pub(super) fn new(answers: &[Answer]) -> Self {
        Self(Arc::new(Mutex::new(State { answers: answers.to_vec(), asked: vec![], headers: vec![] })))
    }

    /// The headers of the last request.
    pub(super) fn headers(&self) -> Vec<String> {
        self.0.lock().unwrap().headers.clone()
    }

    pub(super) fn asked(&self) -> Vec<(String, String)> {
        self.0.lock().unwrap().asked.clone()
    }

    pub(super) fn run<T>(
        &self,
        work: impl AsyncFn(&SharedHttpClient) -> Result<T, ExchangeError>,
    ) -> Result<T, ExchangeError> {
        let client = SharedHttpClient::new(self.clone());
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let deadline = Instant::now() + Duration::from_secs(14);
        runtime.block_on(twice(deadline, async || work(&client).await))
    }

    pub(super) fn role_credentials(&self) -> Result<RoleCredentials, ExchangeError> {
        let session = session(28800);
        let ask = async |http: &SharedHttpClient| {
            sts::role_credentials(http, &session, session.source.id_token().unwrap(), &role(3600)).await
        };
        self.run(ask)
    }

    pub(super) fn token(&self) -> Result<Token, ExchangeError> {
        self.run(async |http| {
            let given = RoleCredentials {
                access_key_id: "ASIAEXAMPLE".into(),
                secret_access_key: Secret::new("secret".into()),
                session_token: Secret::new("session".into()),
                expires_at: UnixTime::now().plus(3600),
            };
            codeartifact::token(http, &given, &role(3600), &domain("us-east-1"), 3600).await
        })
    }
}

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut state = self.0.lock().unwrap();
        let body = request.body().bytes().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        state.asked.push((request.uri().to_owned(), body.unwrap_or_default()));
        state.headers = request.headers().iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let answer = if state.answers.len() > 1 { state.answers.remove(0) } else { state.answers[0].clone() };
        let host = || "sts.us-east-1.amazonaws.com".to_owned();
        let failed = |error: HttpError| Err(ConnectorError::io(error.into()));
        HttpConnectorFuture::ready(match answer {
            Answer::Http(status, headers, body) => {
                let mut answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
                for (name, value) in headers {
                    answer.headers_mut().insert(*name, *value);
                }
                Ok(answer)
            }
            Answer::Closed => failed(HttpError::Closed { host: host(), source: "reset".into() }),
            Answer::Late => failed(HttpError::AnswerTimedOut { host: host() }),
        })
    }
}

impl HttpClient for Canned {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

pub(super) fn session(seconds: i64) -> Session {
    Session {
        source: Source::Yubikey {
            id_token: Secret::new("head.body.signature".into()),
            kid: "kid".into(),
            serial: 1,
        },
        issued_at: UnixTime::now(),
        expires_at: UnixTime::now().plus(seconds),
        issuer: "https://id.example.com/alice".parse().unwrap(),
        subject: "alice".parse().unwrap(),
    }
}

pub(super) fn role(duration: u32) -> Role {
    Role {
        profile: "vouch".into(),
        arn: "arn:aws:iam::123456789012:role/CodeArtifact".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        duration,
    }
}

pub(super) fn domain(region: &str) -> Domain {
    Domain {
        name: "my-domain".parse().unwrap(),
        owner: "123456789012".parse().unwrap(),
        region: region.parse().unwrap(),
    }
}

pub(super) fn granted(expiration: &str, token: &str) -> Answer {
    let body = format!(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>\
         <SecretAccessKey>secret</SecretAccessKey><SessionToken>{token}</SessionToken>\
         <Expiration>{expiration}</Expiration></Credentials></AssumeRoleWithWebIdentityResult>\
         </AssumeRoleWithWebIdentityResponse>"
    );
    Answer::Http(200, &[], body)
}

pub(super) fn far() -> Answer {
    granted("2099-01-01T00:00:00Z", "session")
}

pub(super) fn sts_error(status: u16, code: &str, message: &str) -> Answer {
    let body = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>request-1</RequestId></ErrorResponse>"
    );
    Answer::Http(status, &[("x-amzn-requestid", "request-1")], body)
}

pub(super) fn given(body: &str) -> Answer {
    Answer::Http(200, &[], body.into())
}

pub(super) fn refused(status: u16, code: &'static str, message: &str) -> Answer {
    let body = format!("{{\"__type\":\"{code}\",\"message\":\"{message}\"}}");
    Answer::Http(status, &[("x-amzn-requestid", "request-2")], body)
}

pub(super) fn fields(body: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

pub(super) fn field(body: &str, name: &str) -> Option<String> {
    fields(body).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}
