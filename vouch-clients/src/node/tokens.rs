//! The static tokens, as `vouch` writes and removes them.

use vouch_core::{Context, Diagnostic, Error, ErrorKind, Failure};
use vouch_helper::time::local_time;

use crate::node::npm::NpmError;
use crate::node::npm::file::Change;
use crate::node::npm::registration::Filter;
use crate::node::npm::tokens::{self, Renewed};

/// Writes the tokens of a setup; before the first login, or without a role, there is none to write.
pub fn renew(context: &Context, filter: Filter<'_>) -> Result<Vec<String>, Failure> {
    let refreshed = refresh(context, filter)?;
    let is_early = |error: &NpmError| {
        error.kind() == ErrorKind::NoSession || matches!(error, NpmError::Broker(Error::Profile(_)))
    };
    match refreshed.failures.into_iter().find(|error| !is_early(error)) {
        Some(error) => Err(error.into()),
        None => Ok(refreshed.lines),
    }
}

/// What became of the static tokens.
#[derive(Debug, Default)]
pub struct Refreshed {
    /// A line for each that is in its file: where it is, and until when.
    pub lines: Vec<String>,
    /// Why others are not.
    pub failures: Vec<NpmError>,
}

/// Renews the static tokens that are meant, all of them that can be.
///
/// # Errors
/// When configuration or keystore cannot be used.
pub fn refresh(context: &Context, filter: Filter<'_>) -> Result<Refreshed, NpmError> {
    let broker = context.broker()?;
    let mut refreshed = Refreshed::default();
    for Renewed { file, tokens, change } in tokens::refresh(context.home(), &broker, filter) {
        let change = match change {
            Ok(change) => change,
            Err(error) => {
                refreshed.failures.push(error);
                continue;
            }
        };
        for (place, expiry) in tokens {
            let file = file.display();
            let how = if change == Change::InPlace { ", which could not be replaced as a whole" } else { "" };
            match expiry {
                Ok(expiry) => refreshed.lines.push(format!(
                    "the token for {} is in `{file}`{how}, until {}",
                    place.endpoint,
                    local_time(expiry)
                )),
                Err(error) => refreshed.failures.push(error),
            }
        }
    }
    Ok(refreshed)
}
