//! The static tokens, as commands renew and remove them.

use vouch_clients::node;
use vouch_clients::node::npm::registration::Filter;
use vouch_clients::node::npm::tokens;
use vouch_core::{Context, Diagnostic, ErrorKind, Failure};

use crate::terminal;

/// Renews every static token of a tool, as typed without a repository.
pub(crate) fn refresh_all(context: &Context, tool: &str) -> Result<(), Failure> {
    let lines = node::refresh(context, Filter { tool: Some(tool), ..Filter::default() })?;
    if lines.is_empty() {
        return Err(Failure::new(
            ErrorKind::Usage,
            format!("no static token was set up for {tool}: there is nothing to refresh"),
            "Name a repository to set up: `--repository REPOSITORY`.",
        ));
    }
    for line in &lines {
        terminal::done(line);
    }
    Ok(())
}

/// After a login: every static token anew. What fails there is a warning; the session is there.
pub(crate) fn renew_after_login(context: &Context) {
    match node::refresh(context, Filter::default()) {
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
pub(crate) fn remove_all(context: &Context) {
    // A broken configuration keeps nobody logged in.
    let Ok(config) = context.config() else { return };
    for (file, removed) in tokens::remove(context.home(), &config, Filter::default()) {
        match removed {
            Ok(true) => terminal::done(&format!("the token is out of `{}`", file.display())),
            Ok(false) => {}
            Err(error) => terminal::warn(&format!("the token may still be in `{}`: {error}", file.display())),
        }
    }
}
