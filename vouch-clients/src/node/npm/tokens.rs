//! The static tokens of the registrations: written, renewed, looked at and taken out.

use std::path::PathBuf;

use super::error::NpmError;
use super::file::{self, Change};
use super::record::Record;
use super::registration::{self, Filter, Place};
use crate::text::npmrc::BareValue;
use vouch_core::broker::{Broker, Lifetime};
use vouch_core::config::Config;
use vouch_core::endpoint::Asker;
use vouch_core::exchange::Token;
use vouch_core::home::Home;
use vouch_core::time::UnixTime;

/// What became of one file.
#[derive(Debug)]
pub struct Renewed {
    pub file: PathBuf,
    /// Each token that is in the file now, and the expiry that CodeArtifact answered; or why there is none.
    pub tokens: Vec<(Place, Result<UnixTime, NpmError>)>,
    /// What was done to the file, or why it was not written.
    pub change: Result<Change, NpmError>,
}

impl Renewed {
    /// When the first of the file's tokens expires.
    pub fn earliest(&self) -> Option<UnixTime> {
        self.tokens.iter().filter_map(|(_, expiry)| expiry.as_ref().ok()).min().copied()
    }

    /// The first thing that failed.
    pub fn failure(&self) -> Option<&NpmError> {
        let token = self.tokens.iter().find_map(|(_, expiry)| expiry.as_ref().err());
        self.change.as_ref().err().or(token)
    }
}

/// Brings every static token that is meant up to date: one that has enough life left stays, others are fetched.
pub fn refresh(home: &Home, broker: &Broker, filter: Filter<'_>) -> Vec<Renewed> {
    let places = registration::places(broker.config(), filter);
    by_file(places).into_iter().map(|(file, places)| refresh_file(home, broker, file, places)).collect()
}

fn refresh_file(home: &Home, broker: &Broker, path: PathBuf, places: Vec<Place>) -> Renewed {
    // Before the lock of the file: others must not wait for AWS.
    let fetched: Vec<_> = places
        .into_iter()
        .map(|place| {
            let token =
                broker.token_for_url(&place.endpoint, Asker::NPM, Lifetime::Session).map(|(token, _)| token);
            (place, token.map_err(NpmError::from).and_then(checked))
        })
        .collect();
    let good: Vec<_> =
        fetched.iter().filter_map(|(place, token)| Some((place, token.as_ref().ok()?))).collect();
    let change = if good.is_empty() { Ok(Change::None) } else { put(home, broker, &path, &good) };
    let expiry = |token: Result<Token, NpmError>| token.map(|token| token.expires_at);
    let tokens = fetched.into_iter().map(|(place, token)| (place, expiry(token))).collect();
    Renewed { file: path, tokens, change }
}

fn put(
    home: &Home,
    broker: &Broker,
    path: &std::path::Path,
    tokens: &[(&Place, &Token)],
) -> Result<Change, NpmError> {
    let edited = file::edit(home, path, true, |npmrc| {
        // A logout that came between has taken its lines out, or is waiting to: they must not come back.
        broker.session_expiry()?;
        for (place, token) in tokens {
            let value = BareValue::new(token.value.expose()).ok_or(NpmError::Token)?;
            npmrc.set(&place.key, value);
        }
        Ok::<_, NpmError>(())
    });
    let ((), change) = edited?;
    let written: Vec<_> = tokens
        .iter()
        .map(|(place, token)| (place.key.as_str(), token.value.expose().as_str(), token.expires_at))
        .collect();
    let kept = file::load(path)?;
    if let Some((key, ..)) = written.iter().find(|(key, token, _)| kept.value(key).as_deref() != Some(token))
    {
        return Err(NpmError::NotKept { path: path.to_owned(), key: (*key).to_owned() });
    }
    Record::save(home, path, &written);
    Ok(change)
}

fn checked(token: Token) -> Result<Token, NpmError> {
    match BareValue::new(token.value.expose()) {
        Some(_) => Ok(token),
        None => Err(NpmError::Token),
    }
}

/// Takes the static tokens that are meant out of their files. Answers for each file whether there was one.
pub fn remove(home: &Home, config: &Config, filter: Filter<'_>) -> Vec<(PathBuf, Result<bool, NpmError>)> {
    let remove_from = |(path, places): (PathBuf, Vec<Place>)| {
        // A file that is not there needs no lock, and no folder for it.
        if !path.exists() {
            return (path, Ok(false));
        }
        let edited = file::edit(home, &path, false, |npmrc| {
            let mut found = false;
            for place in &places {
                // What names a variable is no token.
                let held = npmrc.value(&place.key);
                if held.is_some_and(|value| !value.contains("${")) {
                    found |= npmrc.remove(&place.key);
                }
            }
            Ok::<_, NpmError>(found)
        });
        (path, edited.map(|(found, _)| found))
    };
    by_file(registration::places(config, filter)).into_iter().map(remove_from).collect()
}

/// A static token as it stands in its file.
#[derive(Debug)]
pub struct Held {
    pub place: Place,
    pub state: Result<State, NpmError>,
}

/// What is known of a static token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// There is none.
    Missing,
    /// It is Vouch's and expires, or has expired, at this time.
    Written { expires_at: UnixTime },
    /// Something else wrote it.
    Unknown,
}

/// Looks at the static tokens that are meant. No network, no session needed.
pub fn held(home: &Home, config: &Config, filter: Filter<'_>) -> Vec<Held> {
    let look = |place: Place| {
        let state = file::load(&place.file).map(|npmrc| match npmrc.value(&place.key) {
            None => State::Missing,
            Some(token) => Record::load(home, &place.file)
                .expiry(&place.key, &token)
                .map_or(State::Unknown, |expires_at| State::Written { expires_at }),
        });
        Held { place, state }
    };
    registration::places(config, filter).into_iter().map(look).collect()
}

fn by_file(places: Vec<Place>) -> Vec<(PathBuf, Vec<Place>)> {
    let mut files: Vec<(PathBuf, Vec<Place>)> = Vec::new();
    for place in places {
        match files.iter_mut().find(|(file, _)| *file == place.file) {
            Some((_, places)) => places.push(place),
            None => files.push((place.file.clone(), vec![place])),
        }
    }
    files
}
