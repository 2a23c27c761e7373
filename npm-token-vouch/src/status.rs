//! `status`: which files and registries, and when each token really expires.

use std::process::ExitCode;

use serde_json::{Value, json};
use vouch_clients::node::npm::tokens::{self, Held, State};
use vouch_clients::node::npm::{Mode, registration};
use vouch_core::config::Registration;
use vouch_core::hint::{LOGIN, VOUCH_EXEC};
use vouch_core::home::HomeError;
use vouch_core::{Context, Failure, UnixTime};
use vouch_helper::text::{printable, printable_json};
use vouch_helper::time;

use crate::output;
use crate::which::Which;

pub(crate) fn run(context: Result<Context, HomeError>, which: &Which, json: bool) -> ExitCode {
    let loaded = context.map_err(Failure::from);
    let loaded = loaded.and_then(|context| Ok((context.config()?, context)));
    let (config, context) = match loaded {
        Ok(found) => found,
        Err(error) => return output::failed(&error),
    };
    let held = tokens::held(context.home(), &config, which.filter());
    let registrations = config.codeartifact.registrations.iter();
    let rows: Vec<_> = registrations
        .filter(|registration| which.filter().matches(registration))
        .filter_map(|registration| Some((registration, Mode::of(registration)?)))
        .map(|(registration, mode)| Row { registration, mode, held: of(registration, mode, &held) })
        .collect();
    if json {
        let rows: Vec<_> = rows.iter().map(Row::json).collect();
        return output::answer(&printable_json(&format!(
            "{:#}\n",
            json!({ "version": 1, "registries": rows })
        )));
    }
    if rows.is_empty() {
        return output::answer("no npm registry was set up\n");
    }
    output::answer(&printable(&rows.iter().map(Row::text).collect::<String>()))
}

struct Row<'a> {
    registration: &'a Registration,
    mode: Mode,
    held: Option<&'a Held>,
}

fn of<'a>(registration: &Registration, mode: Mode, held: &'a [Held]) -> Option<&'a Held> {
    let key = registration::key(&registration.endpoint, "_authToken")?;
    let file = registration.file.as_ref()?;
    held.iter().find(|held| mode == Mode::Static && held.place.key == key && held.place.file == *file)
}

impl Row<'_> {
    fn mode(&self) -> &'static str {
        match self.mode {
            Mode::Static => "static",
            Mode::Env => "env",
            Mode::Helper => "helper",
        }
    }

    fn json(&self) -> Value {
        let Registration { tool, repository, profile, endpoint, name, file, .. } = self.registration;
        let (state, expires_at) = match self.held.map(|held| &held.state) {
            None => ("none-needed", None),
            Some(Err(_)) => ("unreadable", None),
            Some(Ok(State::Missing)) => ("missing", None),
            Some(Ok(State::Unknown)) => ("unknown", None),
            Some(Ok(State::Written { expires_at })) if *expires_at <= UnixTime::now() => {
                ("expired", Some(expires_at))
            }
            Some(Ok(State::Written { expires_at })) => ("valid", Some(expires_at)),
        };
        json!({
            "tool": tool,
            "repository": repository,
            "profile": profile,
            "endpoint": endpoint,
            "scope": name,
            "file": file,
            "mode": self.mode(),
            "token": state,
            "expires_at": expires_at.map(|at| time::utc_time(*at)),
        })
    }

    fn text(&self) -> String {
        let Registration { tool, endpoint, name, file, .. } = self.registration;
        let scope = name.as_deref().map(|scope| format!(" {scope}")).unwrap_or_default();
        let file = file.as_ref().map(|file| format!(" in `{}`", file.display())).unwrap_or_default();
        let token = match (self.mode, self.held.map(|held| &held.state)) {
            (Mode::Env, _) => format!("no token in the file: run it with {VOUCH_EXEC}"),
            (Mode::Helper, _) => "no token in the file: a helper is asked".to_owned(),
            (_, Some(Ok(State::Written { expires_at }))) if *expires_at <= UnixTime::now() => {
                format!("token expired {}", time::local_time(*expires_at))
            }
            (_, Some(Ok(State::Written { expires_at }))) => {
                format!("token until {}", time::local_time(*expires_at))
            }
            (_, Some(Ok(State::Unknown))) => "a token that Vouch did not write".to_owned(),
            (_, Some(Ok(State::Missing)) | None) => format!("no token yet: run {LOGIN}"),
            (_, Some(Err(error))) => error.to_string(),
        };
        format!("{tool}{scope}: {endpoint}{file}: {token}\n")
    }
}
