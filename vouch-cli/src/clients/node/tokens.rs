//! The static tokens, as `vouch` writes and removes them.

use vouch_core::broker::Broker;
use vouch_core::config::Config;
use vouch_core::home::Home;
use vouch_core::npm::NpmError;
use vouch_core::npm::file::Change;
use vouch_core::npm::registration::Filter;
use vouch_core::npm::tokens::{self, Renewed};
use vouch_core::{Class, Error, Explain, Failure};

use crate::terminal;

/// Writes the tokens of a setup; before the first login, or without a role, there is none to write.
pub(crate) fn renew(home: &Home, filter: Filter<'_>) -> Result<Vec<String>, Failure> {
    match refresh(home, filter) {
        Ok(lines) => Ok(lines),
        Err(error)
            if error.class() == Class::NoSession || matches!(error, NpmError::Broker(Error::Profile(_))) =>
        {
            Ok(Vec::new())
        }
        Err(error) => Err(error.into()),
    }
}

/// Renews every static token of a tool, as typed without a repository.
pub(crate) fn refresh_all(home: &Home, tool: &str) -> Result<(), Failure> {
    let lines = refresh(home, Filter { tool: Some(tool), ..Filter::default() })?;
    if lines.is_empty() {
        return Err(Failure::new(
            Class::Usage,
            format!("no static token was set up for {tool}: there is nothing to refresh"),
            "Name a repository to set up: `--repository REPOSITORY`.",
        ));
    }
    for line in &lines {
        terminal::done(line);
    }
    Ok(())
}

fn refresh(home: &Home, filter: Filter<'_>) -> Result<Vec<String>, NpmError> {
    let broker = Broker::open(home.clone())?;
    let mut lines = Vec::new();
    for Renewed { file, tokens, change } in tokens::refresh(home, &broker, filter) {
        let change = change?;
        for (place, expiry) in tokens {
            let file = file.display();
            let until = terminal::local_time(expiry?);
            let how = if change == Change::InPlace { ", which could not be replaced as a whole" } else { "" };
            lines.push(format!("the token for {} is in `{file}`{how}, until {until}", place.endpoint));
        }
    }
    Ok(lines)
}

/// After a login: every static token anew. What fails there is a warning; the session is there.
pub(crate) fn renew_after_login(home: &Home) {
    match refresh(home, Filter::default()) {
        Ok(lines) => lines.iter().for_each(|line| terminal::done(line)),
        Err(error) => {
            let failure = error.failure();
            let causes: String = failure.causes.iter().map(|cause| format!(": {cause}")).collect();
            terminal::warn(&format!("the token of npm was not renewed: {failure}{causes}"));
            terminal::hint("`npm-token-vouch refresh` tries again.");
        }
    }
}

/// At a logout: every static token out of its file.
pub(crate) fn remove_all(home: &Home) {
    // A broken configuration keeps nobody logged in.
    let Ok(config) = Config::load(home) else { return };
    for (file, removed) in tokens::remove(home, &config, Filter::default()) {
        match removed {
            Ok(true) => terminal::done(&format!("the token is out of `{}`", file.display())),
            Ok(false) => {}
            Err(error) => terminal::warn(&format!("the token may still be in `{}`: {error}", file.display())),
        }
    }
}
