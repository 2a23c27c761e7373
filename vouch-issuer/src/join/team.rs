//! The team file, from which an administrator makes the join file: the same fields, in TOML.

use super::error::{JoinError, on_one_line};
use super::file::JoinFile;
use super::{FILE, JoinAddress, VERSION};

impl JoinFile {
    /// Reads `team.toml`.
    ///
    /// # Errors
    /// When `vouch join` would not take the join file that it makes.
    pub fn from_team(text: &str) -> Result<Self, JoinError> {
        let wrong = |place: String, reason: &str| JoinError::Team { place, reason: on_one_line(reason) };
        let file: Self = toml_edit::de::from_str(text).map_err(|error| {
            let place = error.span().map_or_else(String::new, |span| place(text, span.start));
            wrong(place, error.message())
        })?;
        if file.version != VERSION {
            return Err(JoinError::Version { version: file.version });
        }
        file.check().map_err(|reason| wrong(String::new(), &reason))?;
        // What is published is read once as users will read it.
        let address = file.address()?;
        Self::parse(&file.to_json()?, &address)
    }

    /// Where the file belongs: at the root of its issuers' host.
    ///
    /// # Errors
    /// When that host has no plain name.
    pub fn address(&self) -> Result<JoinAddress, JoinError> {
        format!("https://{}/{FILE}", self.issuer().host()).parse()
    }
}

/// Line and column of a byte, counted from 1.
fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(" (line {line}, column {column})")
}
