//! Maven, started by `vouch exec`: what the project's POMs do with the id that has the token, and which variable Maven should
//! have it from.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use vouch_clients::inspect;
use vouch_clients::jvm::{self, project};
use vouch_clients::options::Options;
use vouch_clients::project::readers;
use vouch_clients::tool::Tool;
use vouch_clients::variable;
use vouch_core::config::{Config, Registration};
use vouch_core::{Context, Failure};

use crate::credential_args::Kind;
use crate::terminal;

/// Looks at the project before Maven does.
///
/// # Errors
/// When a POM of the project names another place under an id that was set up.
pub(super) fn look(
    context: &Context,
    kind: Kind,
    program: &OsStr,
    words: &[OsString],
) -> Result<(), Failure> {
    let is_maven = readers(program) == [Tool::Maven];
    if kind == Kind::Aws || (kind == Kind::Codeartifact && !is_maven) {
        return Ok(());
    }
    let config = context.config()?;
    let folder = env::current_dir().unwrap_or_default();
    let settings = settings(&folder, words);
    let registrations: Vec<_> = of_settings(&config, settings.as_deref()).collect();
    let poms = project::poms(&project::pom_of(&folder, words));
    for (file, reason) in poms.unread.iter().filter(|_| !registrations.is_empty()) {
        terminal::warn(&format!("`{}` was not looked at: {reason}", file.display()));
    }
    for registration in &registrations {
        let works_as_before = Options::maven_names(registration).is_none();
        for conflict in project::conflicts(&config, registration, &poms) {
            if conflict.is_certain() && !works_as_before {
                return Err(Failure::configuration(conflict.to_string(), conflict.fix(registration)));
            }
            terminal::warn(&conflict.to_string());
        }
    }
    tell_safer(kind, &config, settings.as_deref(), &registrations);
    Ok(())
}

/// What keeps the token from POMs, if Maven can read these settings with it; and what has no token without the public variable.
fn tell_safer(kind: Kind, config: &Config, settings: Option<&Path>, registrations: &[&Registration]) {
    let by_hand = settings.map(|file| jvm::inspect::servers_by_hand(config, file)).unwrap_or_default();
    let by_hand = by_hand.first().map(String::as_str);
    let earlier = registrations.iter().find(|known| Options::maven_names(known).is_none());
    let set_up_by_hand = || {
        let usual = jvm::usual_settings().ok();
        let named = settings.filter(|file| Some(*file) != usual.as_deref());
        format!("Run {}, then use `--type maven`.", jvm::inspect::setup_by_hand(by_hand, named))
    };
    let public = variable::DEFAULT;
    let server = earlier.and_then(|known| known.name.as_deref()).or(by_hand);
    let instead = match (earlier, by_hand) {
        (Some(earlier), _) => inspect::setup(earlier),
        (None, None) if !registrations.is_empty() => {
            "Use `--type maven`, which sets a variable that none of them can name.".to_owned()
        }
        (None, _) => set_up_by_hand(),
    };
    match (kind, server) {
        (Kind::Codeartifact, _) => {
            terminal::hint(&format!("The POM of any dependency can read {public}. {instead}"))
        }
        (_, Some(id)) => {
            terminal::warn(&format!(
                "server `{id}` has its token from {public}, which is not set here. {instead}"
            ));
        }
        (_, None) => {}
    }
}

/// The registrations of the settings that Maven reads.
fn of_settings<'a>(config: &'a Config, settings: Option<&'a Path>) -> impl Iterator<Item = &'a Registration> {
    let is_read =
        move |known: &Registration| known.file.as_deref().is_none_or(|file| same_file(Some(file), settings));
    config.codeartifact.registrations.iter().filter(move |known| project::is_mavens(known) && is_read(known))
}

fn settings(folder: &Path, words: &[OsString]) -> Option<PathBuf> {
    project::settings_of(folder, words).or_else(|| jvm::usual_settings().ok())
}

fn same_file(one: Option<&Path>, other: Option<&Path>) -> bool {
    let real = |path: Option<&Path>| path.and_then(|path| path.canonicalize().ok());
    one == other || real(one).is_some_and(|one| real(other) == Some(one))
}
