//! The static tokens, as commands renew and remove them.

use vouch_clients::node::npm::registration::Filter;
use vouch_clients::node::npm::tokens::{self, Removed};
use vouch_clients::node::{self, Refreshed};
use vouch_core::{Context, Diagnostic, ErrorKind, Failure};
use vouch_helper::output::one_line;

use crate::terminal;

/// Renews every static token of a tool, as typed without a repository.
pub(crate) fn refresh_all(context: &Context, tool: &str) -> Result<(), Failure> {
    let Refreshed { lines, failures } =
        node::refresh(context, Filter { tool: Some(tool), ..Filter::default() })?;
    for line in &lines {
        terminal::done(line);
    }
    let mut failures: Vec<Failure> = failures.iter().map(Diagnostic::failure).collect();
    if let Some(last) = failures.pop() {
        failures.iter().for_each(tell);
        return Err(last);
    }
    if lines.is_empty() {
        return Err(Failure::new(
            ErrorKind::Usage,
            format!("no static token was set up for {tool}: there is nothing to refresh"),
            "Name a repository to set up: `--repository REPOSITORY`.",
        ));
    }
    Ok(())
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
        terminal::hint("`npm-token-vouch refresh` tries again.");
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
