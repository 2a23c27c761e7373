//! The static tokens, as `vouch` writes and removes them.

use crate::node::npm::NpmError;
use crate::node::npm::file::Change;
use crate::node::npm::registration::Filter;
use crate::node::npm::tokens::{self, Renewed};
use vouch_core::{Context, Diagnostic, Error, ErrorKind, Failure};
use vouch_helper::time::local_time;

/// Writes the tokens of a setup; before the first login, or without a role, there is none to write.
pub fn renew(context: &Context, filter: Filter<'_>) -> Result<Vec<String>, Failure> {
    match refresh(context, filter) {
        Ok(lines) => Ok(lines),
        Err(error)
            if error.kind() == ErrorKind::NoSession
                || matches!(error, NpmError::Broker(Error::Profile(_))) =>
        {
            Ok(Vec::new())
        }
        Err(error) => Err(error.into()),
    }
}

/// Renews the static tokens that are meant; a line for each that says where it is.
pub fn refresh(context: &Context, filter: Filter<'_>) -> Result<Vec<String>, NpmError> {
    let broker = context.broker()?;
    let mut lines = Vec::new();
    for Renewed { file, tokens, change } in tokens::refresh(context.home(), &broker, filter) {
        let change = change?;
        for (place, expiry) in tokens {
            let file = file.display();
            let until = local_time(expiry?);
            let how = if change == Change::InPlace { ", which could not be replaced as a whole" } else { "" };
            lines.push(format!("the token for {} is in `{file}`{how}, until {until}", place.endpoint));
        }
    }
    Ok(lines)
}
