//! Keystore, session and vault.

use std::fs;

use vouch_clients::finding::Finding;
use vouch_core::config::Config;
use vouch_core::files;
use vouch_core::hint::LOGIN;
use vouch_core::home::Home;
use vouch_core::keystore::{Keystore, KeystoreError};
use vouch_core::session::{self, Session, SessionError};
use vouch_core::{Diagnostic, ErrorKind, UnixTime};

use super::context::DoctorContext;
use crate::terminal;

const KEYSTORE: &str = "keystore";
const SESSION: &str = "session";
const VAULT: &str = "vault";

/// Seconds for which a session should still last.
const SHORT: i64 = 20 * 60;

pub(super) fn look(context: &DoctorContext) -> (Option<Session>, Vec<Finding>) {
    let Some(home) = &context.home else {
        let skipped =
            [KEYSTORE, SESSION, VAULT].map(|check| Finding::skip(check, "the directory cannot be used"));
        return (None, skipped.into());
    };
    let vault = vault(home);
    let (keystore, finding) = keystore(home);
    let Some(keystore) = keystore else {
        return (None, vec![finding, Finding::skip(SESSION, "the keystore cannot be asked"), vault]);
    };
    let opened = session::open(home, &keystore).and_then(|vault| Session::read(&vault, home));
    let told = told(&opened, context.config.as_ref());
    (opened.ok(), vec![finding, told, vault])
}

fn keystore(home: &Home) -> (Option<Keystore>, Finding) {
    let why = "Nothing but the keystore holds the key of a session.";
    let keystore = match Keystore::from_env(home) {
        Ok(keystore) => keystore,
        Err(error) => return (None, Finding::error(KEYSTORE, &error, why)),
    };
    match keystore.load() {
        Ok(_) => {
            let finding = Finding::ok(KEYSTORE, format!("{} holds the session key", keystore.name()));
            (Some(keystore), finding)
        }
        Err(KeystoreError::Missing | KeystoreError::Expired) => {
            let finding =
                Finding::ok(KEYSTORE, format!("{} works and holds no session key", keystore.name()));
            (Some(keystore), finding)
        }
        Err(error) => (None, Finding::error(KEYSTORE, &error, why)),
    }
}

fn told(opened: &Result<Session, SessionError>, config: Option<&Config>) -> Finding {
    let session = match opened {
        Ok(session) => session,
        Err(error) if error.kind() == ErrorKind::NoSession => {
            let enrolled = config.is_none_or(|config| config.identity.is_some() || config.job().is_some());
            if !enrolled {
                return Finding::skip(SESSION, "nobody is enrolled");
            }
            let when = match error {
                SessionError::Expired { at: Some(at) } => {
                    format!(" at {}", terminal::local_time(*at))
                }
                SessionError::NotYetValid { issued_at } => {
                    format!(" but at {}", terminal::local_time(*issued_at))
                }
                _ => String::new(),
            };
            let why = "Package managers get no token without a session.";
            let fix = error.hint().unwrap_or_default();
            return Finding::warn(SESSION, format!("{error}{when}"), why, fix);
        }
        Err(error) => {
            return Finding::error(SESSION, error, "Package managers get no token without a session.");
        }
    };
    let left = session.expires_at.since(UnixTime::now());
    let until = format!("until {}, {} left", terminal::local_time(session.expires_at), terminal::span(left));
    if let Some(config) = config
        && !is_of(session, config)
    {
        return Finding::warn(
            SESSION,
            format!(
                "{until}, signed for {} of {} by a key that is not enrolled now",
                session.subject, session.issuer
            ),
            "The configuration has changed since: the next session will be another user's, or another key's.",
            format!("Run {LOGIN}."),
        );
    }
    if left < SHORT {
        return Finding::warn(SESSION, until, "A long build may outlast it.", format!("Run {LOGIN}."));
    }
    match session.source.from() {
        Some(from) => Finding::ok(SESSION, format!("{until}, imported from {from}")),
        None => Finding::ok(SESSION, until),
    }
}

fn is_of(session: &Session, config: &Config) -> bool {
    if config.identity.is_none() && (session.source.is_of_job() || session.source.from().is_some()) {
        return true;
    }
    config.identity.as_ref().is_some_and(|identity| {
        identity.issuer == session.issuer
            && identity.subject == session.subject
            && session.source.kid().is_none_or(|kid| identity.keys.iter().any(|key| key.kid == kid))
    })
}

fn vault(home: &Home) -> Finding {
    let folder = home.vault();
    let shown = folder.display();
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect::<Vec<_>>(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Finding::ok(VAULT, "empty");
        }
        Err(error) => {
            return Finding::fail(
                VAULT,
                format!("cannot read `{shown}`: {error}"),
                "Sessions and tokens are kept there, sealed.",
                format!("Make `{shown}` a directory of your own, or move it away and run {LOGIN}."),
            );
        }
    };
    let sealed: Vec<_> = entries
        .into_iter()
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "sealed"))
        .collect();
    let unreadable = sealed.iter().find_map(|path| Some((path, files::read(path).err()?)));
    match unreadable {
        None if sealed.is_empty() => Finding::ok(VAULT, "empty"),
        None if sealed.len() == 1 => Finding::ok(VAULT, "1 sealed entry"),
        None => Finding::ok(VAULT, format!("{} sealed entries", sealed.len())),
        Some((path, error)) => Finding::fail(
            VAULT,
            format!("cannot read `{}`: {error}", path.display()),
            "It counts as missing: what it holds is fetched again and again.",
            format!("Make it readable for yourself, or remove it: `rm -r '{}'`.", path.display()),
        ),
    }
}
