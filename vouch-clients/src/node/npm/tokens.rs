//! The static tokens of the registrations: written, renewed, looked at and taken out.

use std::path::{Path, PathBuf};

use vouch_core::broker::{Broker, Lifetime};
use vouch_core::config::Config;
use vouch_core::endpoint::Asker;
use vouch_core::exchange::Token;
use vouch_core::home::Home;
use vouch_core::time::UnixTime;
use vouch_helper::masking::Mask;

use super::error::NpmError;
use super::file::{self, Change, LockedNpmrc};
use super::registration::{self, Filter, TokenEntry};
use crate::inspect;
use crate::ledger::{Ledger, NewToken};
use crate::real_path::real;
use crate::text::npmrc::BareValue;

/// What became of one file.
#[derive(Debug)]
pub struct Renewed {
    pub file: PathBuf,
    /// Each token that is in the file now, and the expiry that CodeArtifact answered; or why there is none.
    pub tokens: Vec<(TokenEntry, Result<UnixTime, NpmError>)>,
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
    let entries = registration::token_entries(broker.config(), filter);
    by_file(entries).into_iter().map(|(file, entries)| refresh_file(home, broker, file, entries)).collect()
}

fn refresh_file(home: &Home, broker: &Broker, file: PathBuf, entries: Vec<TokenEntry>) -> Renewed {
    // Before the lock of the file: others must not wait for AWS. A job's log hides it before it is in a file that a step may print.
    let fetch = |place: &TokenEntry| {
        let mask = Mask::of(&broker.session()?);
        let token = checked(broker.token_for_url(&place.endpoint, Asker::NPM, Lifetime::Session)?.0)?;
        mask.hide(&[&token.value]);
        Ok(token)
    };
    let fetched =
        entries.into_iter().map(|place| (fetch(&place), place)).map(|(token, place)| (place, token));
    match put(home, broker, &file, fetched.collect()) {
        Ok((tokens, change)) => Renewed { file, tokens, change: Ok(change) },
        Err(error) => Renewed { file, tokens: Vec::new(), change: Err(error) },
    }
}

type Fetched<T> = Vec<(TokenEntry, Result<T, NpmError>)>;

/// Puts what was fetched into a file. A token that somebody else wrote stays; one of ours goes that no registration asks
/// for any more.
fn put(
    home: &Home,
    broker: &Broker,
    path: &Path,
    mut fetched: Fetched<Token>,
) -> Result<(Fetched<UnixTime>, Change), NpmError> {
    let mut file = LockedNpmrc::open(home, path)?;
    file.clear_leftovers()?;
    let ledger = Ledger::load(home)?;
    // A logout or an undo that came between has taken its lines out, or is waiting to: they must not come back.
    broker.session_expiry()?;
    let config = Config::load(home)?;
    let registered = registration::token_entries(&config, Filter::default());
    let real = file.real().to_owned();
    let is_registered = |key: &str| registered.iter().any(|place| place.is(&real, key));
    fetched.retain(|(place, _)| is_registered(&place.key));
    file.npmrc_mut().remove_lines(|key, value| ledger.is_ours(&real, value) && !is_registered(key));
    for (place, token) in &mut fetched {
        let held = file.npmrc().value(&place.key);
        let Ok(Token { value, .. }) = token else { continue };
        let is_foreign = |held: &String| held != value.expose() && !ledger.is_ours(&real, held);
        if held.as_ref().is_some_and(is_foreign) {
            *token = Err(foreign(&config, place));
        } else if let Some(value) = BareValue::new(value.expose()) {
            file.npmrc_mut().set(&place.key, value);
        }
    }
    let new = fetched.iter().filter_map(|(place, token)| Some(new_token(place, token.as_ref().ok()?)));
    let new: Vec<_> = new.collect();
    let change = file.save(&new)?;
    let kept = file::load(path)?;
    if let Some(lost) = new.iter().find(|token| kept.value(token.key).as_deref() != Some(token.value)) {
        return Err(NpmError::NotKept { path: path.to_owned(), key: lost.key.to_owned() });
    }
    let expiry =
        |(place, token): (TokenEntry, Result<Token, NpmError>)| (place, token.map(|token| token.expires_at));
    Ok((fetched.into_iter().map(expiry).collect(), change))
}

fn new_token<'a>(place: &'a TokenEntry, token: &'a Token) -> NewToken<'a> {
    NewToken { key: &place.key, value: token.value.expose(), expires_at: token.expires_at }
}

fn foreign(config: &Config, place: &TokenEntry) -> NpmError {
    let TokenEntry { file, endpoint, .. } = place;
    let mut registrations = config.codeartifact.registrations.iter();
    let known = registrations
        .find(|known| known.file.as_ref() == Some(file) && known.endpoint == *endpoint)
        .map(inspect::setup);
    NpmError::Foreign { path: file.clone(), endpoint: endpoint.clone(), fix: known.unwrap_or_default() }
}

fn checked(token: Token) -> Result<Token, NpmError> {
    match BareValue::new(token.value.expose()) {
        Some(_) => Ok(token),
        None => Err(NpmError::Token),
    }
}

/// What became of the tokens of one file.
#[derive(Debug)]
pub struct Removed {
    pub file: PathBuf,
    /// Whether there was one; or why it may still be there.
    pub outcome: Result<bool, NpmError>,
}

/// Takes every token that Vouch wrote out of its file, registered or not, and what killed writers left. Tries all of them.
///
/// # Errors
/// When it is not known which tokens these are.
pub fn remove_all(home: &Home) -> Result<Vec<Removed>, NpmError> {
    remove(home, |_, _| true)
}

/// The same for the registrations that are meant.
///
/// # Errors
/// As [`remove_all`].
pub fn remove_of(home: &Home, config: &Config, filter: Filter<'_>) -> Result<Vec<Removed>, NpmError> {
    let entries = registration::token_entries(config, filter);
    remove(home, |file, key| entries.iter().any(|entry| entry.is(file, key)))
}

fn remove(home: &Home, is_meant: impl Fn(&Path, &str) -> bool) -> Result<Vec<Removed>, NpmError> {
    let ledger = Ledger::load(home)?;
    let remove_from = |file: &Path| {
        let mut locked = LockedNpmrc::open(home, file)?;
        // What a refresh wrote before the lock was had is known inside it.
        let ledger = Ledger::load(home)?;
        let real = locked.real().to_owned();
        let is_ours = |key: &str, value: &str| ledger.is_ours(&real, value) && is_meant(file, key);
        let removed = locked.npmrc_mut().remove_lines(is_ours);
        locked.save(&[])?;
        locked.clear_leftovers()?;
        Ok(!removed.is_empty())
    };
    Ok(ledger.files().map(|file| Removed { file: file.to_owned(), outcome: remove_from(file) }).collect())
}

/// A static token as it stands in its file.
#[derive(Debug)]
pub struct Held {
    pub place: TokenEntry,
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
    let look = |place: TokenEntry| {
        let state = state(home, &place);
        Held { place, state }
    };
    registration::token_entries(config, filter).into_iter().map(look).collect()
}

/// What is known of one static token.
///
/// # Errors
/// When its file or the ledger cannot be read.
pub fn state(home: &Home, place: &TokenEntry) -> Result<State, NpmError> {
    let Some(token) = file::load(&place.file)?.value(&place.key) else { return Ok(State::Missing) };
    let file = real(&place.file).ok();
    let expiry = Ledger::look(home, |ledger| ledger.expiry(file.as_deref()?, &place.key, &token))?;
    Ok(expiry.map_or(State::Unknown, |expires_at| State::Written { expires_at }))
}

fn by_file(entries: Vec<TokenEntry>) -> Vec<(PathBuf, Vec<TokenEntry>)> {
    let mut files: Vec<(PathBuf, Vec<TokenEntry>)> = Vec::new();
    for place in entries {
        match files.iter_mut().find(|(file, _)| *file == place.file) {
            Some((_, entries)) => entries.push(place),
            None => files.push((place.file.clone(), vec![place])),
        }
    }
    files
}
