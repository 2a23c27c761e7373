//! From a request of Cargo's to an answer.

use std::error::Error as StdError;
use std::fmt;
use std::path::{Path, PathBuf};

use cargo_credential::{Action, CacheControl, Credential, CredentialResponse, Error, RegistryInfo};
use time::OffsetDateTime;
use vouch_core::broker::Lifetime;
use vouch_core::endpoint::Asker;
use vouch_core::hint::{LOGIN, LOGOUT};
use vouch_core::{Diagnostic, ErrorKind, Failure};
use vouch_helper::guard::guarded;
use vouch_helper::home;
use vouch_helper::text::printable_line;
use vouch_helper::token::sendable;

/// Answers for the registries that `vouch setup codeartifact --tool cargo` registered.
#[derive(Debug)]
pub(crate) struct Provider {
    /// The home that the program's own command line names.
    pub(crate) home: Option<PathBuf>,
}

impl Credential for Provider {
    fn perform(
        &self,
        registry: &RegistryInfo<'_>,
        action: &Action<'_>,
        args: &[&str],
    ) -> Result<CredentialResponse, Error> {
        // Cargo hands on the arguments of its configuration here.
        let (named, words) = home::flag(args).map_or((None, 0), |(path, words)| (Some(path), words));
        if args.len() > words {
            tracing::debug!(count = args.len() - words, "arguments from Cargo's configuration are ignored");
        }
        let home = named.as_deref().or(self.home.as_deref());
        // The inner result is Cargo's: what it is told needs no guard of ours.
        guarded(|| Ok(answer(home, registry.index_url, action))).unwrap_or_else(|fault| Err(chain(fault)))
    }
}

fn answer(home: Option<&Path>, url: &str, action: &Action<'_>) -> Result<CredentialResponse, Error> {
    match action {
        Action::Get(_) => token(home, url),
        Action::Login(options) => {
            let typed =
                options.token.as_ref().is_some_and(|token| !token.as_ref().expose().trim().is_empty());
            login(home, url, typed)
        }
        Action::Logout => logout(home, url),
        _ => Err(Error::OperationNotSupported),
    }
}

/// One token serves every operation: CodeArtifact tells none apart.
fn token(home: Option<&Path>, url: &str) -> Result<CredentialResponse, Error> {
    let given = || home::context(home)?.broker()?.token_for_url(url, Asker::CARGO, Lifetime::Request);
    let (token, target) = given().map_err(refusal)?;
    let value = sendable(token.value.expose()).map_err(chain)?;
    let expiration = OffsetDateTime::from_unix_timestamp(token.expires_at.0)
        .map_err(|_| Chain::new(["AWS CodeArtifact answered with an expiry that is no time".into()]))?;
    Ok(CredentialResponse::Get {
        token: format!("{}{value}", target.token_prefix).into(),
        cache: CacheControl::Expires { expiration },
        operation_independent: true,
    })
}

/// `cargo login` has nothing to keep: it succeeds where the registry is ours and a session is there.
fn login(home: Option<&Path>, url: &str, typed: bool) -> Result<CredentialResponse, Error> {
    session_for(home, url).map_err(refusal)?;
    if typed {
        return Err(Chain::new([
            "Vouch keeps no token that was typed or piped in".into(),
            format!("hint: This registry needs none: {LOGIN} once a day is all."),
        ])
        .into());
    }
    Ok(CredentialResponse::Login)
}

/// `cargo logout` names one registry, the session serves all of them and other tools: it is not Cargo's to end.
fn logout(home: Option<&Path>, url: &str) -> Result<CredentialResponse, Error> {
    match session_for(home, url) {
        Ok(()) => Err(Chain::new([
            "your Vouch session serves more than this registry and goes on".into(),
            format!("hint: {LOGOUT} ends it."),
        ])
        .into()),
        // Cargo then says "not currently logged in", which is so.
        Err(error) if error.kind() == ErrorKind::NoSession => Err(Error::NotFound),
        Err(error) => Err(refusal(error)),
    }
}

/// Whether the registry is ours and a session is there. No network.
fn session_for(home: Option<&Path>, url: &str) -> Result<(), vouch_core::Error> {
    let context = home::context(home)?;
    context.config()?.target_of_url(url, Asker::CARGO)?;
    context.session()?;
    Ok(())
}

/// A registry that is none of ours is for Cargo's next provider; everything else is told as it is.
fn refusal(error: vouch_core::Error) -> Error {
    if error.is_not_codeartifact() {
        return Error::UrlNotSupported;
    }
    let failure = error.failure();
    tracing::debug!(message = %failure.message, "no token");
    chain(failure)
}

fn chain(Failure { message, causes, hint, .. }: Failure) -> Error {
    let hint = hint.map(|hint| format!("hint: {hint}"));
    Chain::new(std::iter::once(message).chain(causes).chain(hint)).into()
}

/// A message with what is behind it, for Cargo's "Caused by" blocks.
#[derive(Debug)]
struct Chain {
    message: String,
    source: Option<Box<Self>>,
}

impl Chain {
    /// Cargo shows a message byte by byte: control characters in it would reach the terminal.
    fn new(messages: impl IntoIterator<Item = String>) -> Self {
        let mut messages: Vec<_> = messages.into_iter().map(|text| printable_line(&text)).collect();
        let mut chain = None;
        while let Some(message) = messages.pop() {
            chain = Some(Box::new(Self { message, source: chain }));
        }
        chain.map_or_else(|| Self { message: String::new(), source: None }, |chain| *chain)
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Chain {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|chain| chain as &(dyn StdError + 'static))
    }
}

impl From<Chain> for Error {
    fn from(chain: Chain) -> Self {
        Self::Other(Box::new(chain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_answer() {
        let fault = guarded::<()>(|| panic!("hunter2")).unwrap_err();
        let _ = std::panic::take_hook();
        let json = serde_json::to_string(&chain(fault)).unwrap();
        assert!(json.contains("a fault of its own") && !json.contains("hunter2"), "{json}");
    }

    #[test]
    fn a_chain_keeps_its_order_and_shows_no_control_character() {
        let chain = Chain::new(["a\u{1b}[31m".into(), "b\nc".into(), "d".into()]);
        let json = serde_json::to_value(Error::from(chain)).unwrap();
        let expected = serde_json::json!(
            { "kind": "other", "message": "a\\u{1b}[31m", "caused-by": ["b\\nc", "d"] }
        );
        assert_eq!(json, expected);
    }
}
