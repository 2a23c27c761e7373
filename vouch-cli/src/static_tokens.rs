//! The static tokens, as commands renew and remove them.

use vouch_clients::node::npm::registration::{Filter, TokenEntry, token_entries};
use vouch_clients::node::npm::tokens::{self, Removed};
use vouch_clients::node::{self, Refreshed};
use vouch_core::hint::NPM_REFRESH;
use vouch_core::{Context, Diagnostic, ErrorKind, Failure};
use vouch_helper::output::one_line;

use crate::terminal;

/// Renews the static tokens that are meant, as typed without a repository.
pub(crate) fn refresh_all(context: &Context, filter: Filter<'_>) -> Result<(), Failure> {
    let Refreshed { lines, failures } = node::refresh(context, filter)?;
    for line in &lines {
        terminal::done(line);
    }
    let mut failures: Vec<Failure> = failures.iter().map(Diagnostic::failure).collect();
    if let Some(last) = failures.pop() {
        failures.iter().for_each(tell);
        return Err(last);
    }
    if lines.is_empty() { Err(nothing_to_refresh(filter)) } else { Ok(()) }
}

/// Says which static tokens [`refresh_all`] would look at. Writes nothing and asks nobody.
pub(crate) fn show_all(context: &Context, filter: Filter<'_>) -> Result<(), Failure> {
    let entries = token_entries(&context.config()?, filter);
    for TokenEntry { file, endpoint, .. } in &entries {
        terminal::say(&format!("the token for {endpoint} in `{}` would be refreshed", file.display()));
    }
    if entries.is_empty() { Err(nothing_to_refresh(filter)) } else { Ok(()) }
}

fn nothing_to_refresh(filter: Filter<'_>) -> Failure {
    let tool = filter.tool.unwrap_or("npm");
    let profile = filter.profile.map(|name| format!(" with profile `{name}`")).unwrap_or_default();
    let file = filter.file.map(|file| format!(" in `{}`", file.display())).unwrap_or_default();
    Failure::new(
        ErrorKind::Usage,
        format!("no static token was set up for {tool}{profile}{file}: there is nothing to refresh"),
        "Name a repository to set up: `--repository REPOSITORY`.",
    )
}

/// After a login: every static token anew. What fails there is a warning; the session is there.
pub(crate) fn renew_after_login(context: &Context) {
    let failures = match node::refresh(context, Filter::default()) {
        Ok(Refreshed { lines, failures }) => {
            lines.iter().for_each(|line| terminal::done(line));
            failures
        }
        Err(error) => vec![error],
    };
    for error in &failures {
        let failure = error.failure();
        let causes: String = failure.causes.iter().map(|cause| format!(": {cause}")).collect();
        terminal::warn(&format!("the token of npm was not renewed: {failure}{causes}"));
    }
    if !failures.is_empty() {
        terminal::hint(&format!("{NPM_REFRESH} tries again."));
    }
}

/// At a logout: every static token out of its file, registered or not. Answers what failed, after all were tried.
pub(crate) fn remove_all(context: &Context) -> Vec<Failure> {
    let removed = match tokens::remove_all(context.home()) {
        Ok(removed) => removed,
        Err(error) => return vec![error.failure()],
    };
    let mut failures = Vec::new();
    for Removed { file, outcome } in removed {
        match outcome {
            Ok(true) => terminal::done(&format!("the token is out of `{}`", file.display())),
            Ok(false) => {}
            Err(error) => failures.push(error.failure()),
        }
    }
    failures
}

fn tell(failure: &Failure) {
    terminal::warn(&one_line(failure));
}
