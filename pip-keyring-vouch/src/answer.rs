//! From a request to an answer.

use std::path::Path;

use serde_json::json;
use vouch_core::broker::{Broker, Lifetime};
use vouch_core::config::Config;
use vouch_core::endpoint::{Asker, EndpointError, USER, domain_of_url};
use vouch_core::hint::{LOGIN, LOGOUT};
use vouch_core::profile::{ProfileError, Target};
use vouch_core::{Context, Diagnostic, Error, ErrorKind, Failure, Secret};
use vouch_helper::home;
use vouch_helper::token::sendable;

use crate::arguments::{Mode, Output, Request};
use crate::service::Service;

/// What pdm asks for once more after it got nothing, in a form of its own: the reason was told then. What PyPI's own
/// tokens go by, too, so that a user may have typed it.
const PYPI_TOKEN_USER: &str = "__token__";

/// What a request comes to.
#[derive(Debug)]
pub(crate) enum Answer {
    /// For stdout.
    Text(Secret<String>),
    /// Ours, and there is nothing to answer, for a reason that the person should know.
    Refused(Failure),
    /// A CodeArtifact domain that was not set up here.
    NotSetUp(Failure),
    /// Ours, and there is nothing to answer or to say.
    Nothing,
    /// None of our business.
    NotCodeArtifact,
}

impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        match error {
            error if error.is_not_codeartifact() => Self::NotCodeArtifact,
            Error::Profile(ProfileError::NotSetUp(_)) => Self::NotSetUp(error.failure()),
            error => Self::Refused(error.failure()),
        }
    }
}

/// Answers a request.
pub(crate) fn to(request: &Request, home: Option<&Path>) -> Answer {
    match request {
        Request::Get { service, user, mode, output, names_mode } => {
            let retry = match Service::read(service) {
                Service::Url { retry } => retry,
                Service::Host => return Answer::Nothing,
                Service::NotCodeArtifact => return Answer::NotCodeArtifact,
            };
            let other = user.as_deref().filter(|user| ![USER, ""].contains(user));
            let is_pdms = *names_mode && *mode == Mode::Password && other == Some(PYPI_TOKEN_USER);
            match get(home, service, other, (*mode, *output)) {
                Answer::Refused(_) if retry || is_pdms => Answer::Nothing,
                answer => answer,
            }
        }
        Request::Set { service } | Request::Delete { service } => match is_ours(home, service) {
            true => Answer::Refused(nothing_stored()),
            false => Answer::NotCodeArtifact,
        },
        Request::Help | Request::Version => Answer::NotCodeArtifact,
    }
}

/// When somebody else's secret is to be stored or deleted and no other `keyring` is there to do it.
pub(crate) fn no_storage() -> Failure {
    failure(
        ErrorKind::Configuration,
        "nothing was stored or deleted: this program keeps no passwords, and there is no other `keyring` on PATH",
        "`pip install keyring`, or `pipx install keyring`, brings one.",
    )
}

fn nothing_stored() -> Failure {
    failure(
        ErrorKind::Usage,
        "nothing was stored or deleted: Vouch fetches the token of this registry by itself",
        &format!("{LOGIN} once a day is all; {LOGOUT} ends it."),
    )
}

fn failure(kind: ErrorKind, message: &str, hint: &str) -> Failure {
    Failure::new(kind, message, hint)
}

/// `other` is a user name that is not ours.
fn get(home: Option<&Path>, url: &str, other: Option<&str>, (mode, output): (Mode, Output)) -> Answer {
    match token(home, url, other) {
        Ok(token) => Answer::Text(written(&token, mode, output)),
        Err(answer) => answer,
    }
}

fn token(home: Option<&Path>, url: &str, other: Option<&str>) -> Result<Secret<String>, Answer> {
    let (context, config, target) = target(home, url)?;
    if other.is_some() {
        return Err(Answer::Refused(wrong_user()));
    }
    let keystore = context.keystore().map_err(Error::from)?;
    let broker = Broker::new(context.home().clone(), config, keystore);
    let token = broker.token(&target, Lifetime::Run)?;
    // Clients take the answer apart by lines and send it in a header.
    let value = sendable(token.value.expose()).map_err(Answer::Refused)?;
    Ok(Secret::new(value.to_owned()))
}

/// What serves a URL. A foreign one is foreign even where the configuration cannot be read.
fn target(home: Option<&Path>, url: &str) -> Result<(Context, Config, Target), Error> {
    let foreign = match domain_of_url(url, Asker::KEYRING) {
        Err(error @ EndpointError::NotCodeArtifact(_)) => Some(error),
        _ => None,
    };
    let read = || {
        let context = home::context(home)?;
        let config = context.config()?;
        Ok::<_, Error>((context, config))
    };
    let (context, config) = match (read(), foreign) {
        (Err(error), Some(foreign)) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "no configuration");
            return Err(ProfileError::from(foreign).into());
        }
        (read, _) => read?,
    };
    let target = config.target_of_url(url, Asker::KEYRING)?;
    Ok((context, config, target))
}

/// Whether a service is one that tokens are answered for, by URL or by host.
fn is_ours(home: Option<&Path>, service: &str) -> bool {
    match Service::read(service) {
        Service::Url { .. } => match target(home, service) {
            Err(Error::Profile(ProfileError::NotSetUp(_))) => false,
            Err(error) => !error.is_not_codeartifact(),
            Ok(_) => true,
        },
        Service::Host => !matches!(
            target(home, &format!("https://{service}/")),
            Err(Error::Profile(ProfileError::NotSetUp(_)))
        ),
        Service::NotCodeArtifact => false,
    }
}

/// The name is not shown: the client may have taken it out of a URL, where some people have a token in its place.
fn wrong_user() -> Failure {
    failure(
        ErrorKind::Configuration,
        &format!("CodeArtifact knows no user but `{USER}`"),
        "Write `aws@` before the host in the URL, `username = aws`, or no user name at all.",
    )
}

/// As keyring 25 writes it.
fn written(token: &Secret<String>, mode: Mode, output: Output) -> Secret<String> {
    let token = token.expose();
    let text = match (mode, output) {
        (Mode::Password, Output::Plain) => format!("{token}\n"),
        (Mode::Credentials, Output::Plain) => format!("{USER}\n{token}\n"),
        (Mode::Password, Output::Json) => format!("{}\n", json!({ "password": token })),
        (Mode::Credentials, Output::Json) => format!("{}\n", json!({ "username": USER, "password": token })),
    };
    Secret::new(text)
}
