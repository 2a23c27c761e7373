//! Maven's and Gradle's part of `vouch doctor`.

use std::path::Path;

use vouch_core::config::{Config, Registration};
use vouch_core::env;
use vouch_core::files;
use vouch_core::hint::SETUP_TOOL;

use super::{gradle, project, settings};
use crate::finding::{Finding, Status};
use crate::inspect::{self, InspectContext};
use crate::options::Options;
use crate::variable;

pub fn maven(case: &InspectContext<'_>) -> Vec<Finding> {
    let mut findings = case.by_plan().findings();
    if findings.first().is_some_and(|entry| entry.status() == Status::Ok)
        && Options::maven_names(case.registration).is_none()
    {
        findings.push(public_variable(
            &format!("server `{}`", case.registration.name.as_deref().unwrap_or_default()),
            case.registration.file.as_deref().unwrap_or(Path::new("settings.xml")),
            inspect::setup(case.registration),
        ));
    }
    findings.extend(of_project(case));
    // Maven 3.9 and later reads it.
    if env::var("MAVEN_ARGS").is_some_and(|arguments| arguments.split_whitespace().any(names_settings)) {
        findings.push(inspect::overriding_variable("MAVEN_ARGS"));
    }
    if let Some(file) = project::mvn_folder(case.folder).map(|folder| folder.join("maven.config"))
        && files::read_text(&file).is_ok_and(|text| text.split_whitespace().any(names_settings))
    {
        let note = format!("`{}` names other settings, which Maven reads in place of yours", file.display());
        findings.push(inspect::overridden(note));
    }
    findings.push(inspect::version("mvn", &[3, 8]));
    findings
}

/// Servers in the user's settings that were written by hand, with the variable that every POM knows.
pub fn by_hand(config: &Config) -> Option<Finding> {
    let file = super::usual_settings().ok()?;
    let ids = servers_by_hand(config, &file);
    let id = ids.first()?;
    let names: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    let fix = format!("Run {}.", setup_by_hand(Some(id), None));
    Some(public_variable(&format!("server {}", names.join(", ")), &file, fix).about("maven"))
}

/// The ids of servers with that variable, but for those that setup wrote.
pub fn servers_by_hand(config: &Config, settings: &Path) -> Vec<String> {
    let mut ids = settings::public_servers(&files::read_text(settings).unwrap_or_default());
    let is_ours = |id: &String, known: &Registration| {
        project::is_mavens(known)
            && known.name.as_ref() == Some(id)
            && known.file.as_deref() == Some(settings)
    };
    ids.retain(|id| !config.codeartifact.registrations.iter().any(|known| is_ours(id, known)));
    ids
}

/// The command that gives a server of that id a variable of its own.
pub fn setup_by_hand(id: Option<&str>, settings: Option<&Path>) -> String {
    let command =
        SETUP_TOOL.fill("TOOL", "maven").optional("--registry", id).optional("--settings", settings);
    format!("{command}, with your repository's name")
}

fn public_variable(server: &str, file: &Path, fix: String) -> Finding {
    Finding::warn(
        inspect::VARIABLE,
        format!("{server} in `{}` has its token from {}", file.display(), variable::DEFAULT),
        "The POM of any dependency can put that variable into a URL of any host.",
        fix,
    )
}

/// What the project's POMs name under the id of the registration.
fn of_project(case: &InspectContext<'_>) -> Vec<Finding> {
    let poms = project::poms(&project::pom_of(case.folder, &[]));
    let unread = poms.unread.iter().map(|(file, reason)| {
        Finding::warn(
            inspect::PROJECT,
            format!("`{}` was not looked at: {reason}", file.display()),
            "It may name another place under the id that has your token.",
            "Look at the repositories in it yourself.",
        )
    });
    let conflicts = project::conflicts(case.config, case.registration, &poms);
    let conflicts = conflicts.into_iter().map(|conflict| {
        let (said, fix) = (conflict.to_string(), conflict.fix(case.registration));
        match conflict.is_certain() {
            true => Finding::fail(inspect::PROJECT, said, conflict.why(), fix),
            false => Finding::warn(inspect::PROJECT, said, conflict.why(), fix),
        }
    });
    unread.chain(conflicts).collect()
}

pub fn gradle(case: &InspectContext<'_>) -> Vec<Finding> {
    let mut findings = case.by_plan().findings();
    let script = case.registration.file.as_deref();
    if let Some(named) = script.and_then(|file| gradle::home_of(file, &case.registration.endpoint)) {
        case.judge_home(&mut findings, named.as_deref());
    }
    // Its version is not asked for: where it was never started it takes half a minute and unpacks files into the home.
    findings
}

fn names_settings(word: &str) -> bool {
    word == "-s" || word == "--settings" || word.starts_with("--settings=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_settings_are_told_by_their_flags() {
        assert!(names_settings("-s") && names_settings("--settings=x") && !names_settings("-sx"));
    }
}
