//! The part of pip, uv, twine, poetry and pdm in `vouch doctor`.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use toml_edit::{Document, Item};
use vouch_core::files;

use super::keyring::{Found, Keyring, Standing};
use super::wheel::Environment;
use super::{pdm, pip, url, uv_exception, uv_project};
use crate::finding::Finding;
use crate::inspect::{self, ELSEWHERE, ENTRY, HELPER, InspectContext, OVERRIDDEN, Planned};
use crate::options::Options;
use crate::program;
use crate::text::document;

pub fn pip(case: &InspectContext<'_>) -> Vec<Finding> {
    let mut planned = case.by_plan();
    // Said at setup, and true of every extra index.
    planned.notes.retain(|note| note != pip::CONFUSION);
    let mut findings = with_keyring(case, planned);
    findings.extend(requirements(case, pip_needs_user()));
    findings.push(inspect::version("pip", &[23, 0]));
    findings
}

pub fn uv(case: &InspectContext<'_>) -> Vec<Finding> {
    let mut planned = case.by_plan();
    let project = uv_project::Project::of(case.folder);
    let asked_nobody = project.iter().flat_map(|project| project.asked_nobody(case.registration));
    let asked_nobody: Vec<_> = asked_nobody.collect();
    // Setup says the same, in fewer words.
    planned.notes.retain(|note| !asked_nobody.contains(note));
    let mut findings = with_keyring(case, planned);
    findings.extend(project.iter().flat_map(|project| project.findings(case.registration)));
    findings.extend(asked_nobody.into_iter().map(|note| {
        let why =
            "uv asks `keyring` only for an index that says so, or that has a user name: it gets 401 there.";
        Finding::warn(OVERRIDDEN, note, why, "Add `authenticate = \"always\"` to that index.")
    }));
    findings.extend(uv_exception::findings(case.registration));
    findings.extend(case.lock_files(&["uv.lock"]));
    findings.push(inspect::version("uv", &[0, 9]));
    findings
}

pub fn twine(case: &InspectContext<'_>) -> Vec<Finding> {
    let mut findings = case.by_plan().findings();
    findings.extend(Environment::of_client("twine").and_then(|found| found.look("twine")));
    findings.push(inspect::version("twine", &[]));
    findings
}

pub fn poetry(case: &InspectContext<'_>) -> Vec<Finding> {
    let mut findings = case.by_plan().findings();
    let registry = case.registration.name.as_deref().unwrap_or_default();
    let nested = |document: &Document<String>, table: &str| {
        document.get(table).and_then(|table| table.get(registry)).is_some()
    };
    if let Some((path, document)) = nearest(case.folder, "poetry.toml")
        && nested(&document, "repositories")
    {
        findings.push(inspect::overridden(format!("`{}` has a `{registry}` of its own", path.display())));
    }
    findings.extend(Environment::of_client("poetry").and_then(|found| found.look("poetry")));
    findings.extend(case.lock_files(&["poetry.lock"]));
    findings.push(inspect::version("poetry", &[]));
    findings
}

pub fn pdm(case: &InspectContext<'_>) -> Vec<Finding> {
    let mut findings = match pdm::importing() {
        Some(environment) => {
            let wheel = environment.look("pdm");
            case.by_plan().findings().into_iter().chain(wheel).collect()
        }
        None => with_keyring(case, case.by_plan()),
    };
    if let Some((path, document)) = nearest(case.folder, "pdm.toml")
        && let Some(settings) = document.get("pypi")
    {
        let other = settings.get("url").and_then(Item::as_str);
        if other.is_some_and(|other| !url::same(other, &url::index(case.registration))) {
            findings.push(inspect::overridden(format!("`{}` sets `pypi.url`", path.display())));
        }
    }
    findings.extend(case.lock_files(&["pdm.lock"]));
    findings.push(inspect::version("pdm", &[]));
    findings
}

/// What clients start by the name of `keyring`; takes the note of setup's about it from the others.
fn keyring(case: &InspectContext<'_>, planned: &mut Planned) -> Option<Finding> {
    let registration = case.registration;
    let recorded = Options::recorded(registration).unwrap_or_default();
    // Why our program is not to be had is told with the entry.
    let keyring = Keyring::new(case.home, recorded.chain).ok()?;
    if let Some(taken) = keyring.taken() {
        let setup = inspect::setup(registration);
        let then = if keyring.has_own() { "." } else { &format!("; then: {setup}") };
        planned.entry =
            Finding::fail(ENTRY, taken.message, ELSEWHERE, format!("{}{then}", keyring.put_first()));
        return None;
    }
    let said = keyring.notes().unwrap_or_default();
    planned.notes.retain(|note| !said.contains(note));
    let other = match keyring.found() {
        Found::Ours(link) => return judge_link(case, &keyring, &link, &mut planned.entry),
        Found::Other(other, _) if is_served(&other) => return None,
        Found::Other(other, _) => other,
        Found::None => {
            return Some(Finding::fail(
                HELPER,
                "there is no `keyring` on PATH",
                "The client gets its token from it.",
                // Setup would change nothing where all that is missing is PATH.
                keyring.off_path().map_or_else(|| inspect::setup(registration), |fix| format!("{fix}.")),
            ));
        }
    };
    let mut message = format!("`{}` is the `keyring` that is started, not that of Vouch", other.display());
    let behind: Vec<String> = keyring.behind().iter().map(|path| format!("`{}`", path.display())).collect();
    if !behind.is_empty() {
        message.push_str(&format!("; behind it on PATH: {}", behind.join(", ")));
    }
    Some(Finding::warn(
        HELPER,
        message,
        "It knows nothing of Vouch, unless the wheel of `pip-keyring-vouch` is installed beside it.",
        keyring.way_past(&other, &inspect::setup_with(registration, &Options { chain: true, ..recorded })),
    ))
}

/// Whether a `keyring` answers for Vouch by the wheel beside it.
fn is_served(keyring: &Path) -> bool {
    Environment::of(keyring).is_some_and(|environment| environment.has_backend())
}

/// Whose the link is that clients start: told with the entry, where it says so.
fn judge_link(
    case: &InspectContext<'_>,
    keyring: &Keyring,
    link: &Path,
    entry: &mut Finding,
) -> Option<Finding> {
    let shown = format!("`{}`", link.display());
    match keyring.standing(link) {
        Standing::Former => return Some(case.unnamed(&shown)),
        Standing::Named | Standing::Of(_) => {
            entry.add(&format!("{shown} is for the home `{}`", case.home.path().display()));
        }
        // Somebody made it who may know why, such as for a `VOUCH_HOME` that is always set.
        Standing::Unnamed => entry.add(&format!("{shown} names no home")),
    }
    None
}

/// Entry, notes and `keyring` of a client that starts that.
fn with_keyring(case: &InspectContext<'_>, mut planned: Planned) -> Vec<Finding> {
    let keyring = keyring(case, &mut planned);
    planned.findings().into_iter().chain(keyring).collect()
}

/// Whether pip asks only about a user that it knows.
fn pip_needs_user() -> bool {
    let program::Asked::Version(text) = program::ask_version("pip") else { return false };
    program::numbers(&text).is_some_and(|numbers| numbers.as_slice() < [26, 2].as_slice())
}

/// Options of a project's `requirements.txt`, which go before every configuration.
fn requirements(case: &InspectContext<'_>, needs_user: bool) -> Vec<Finding> {
    let path = case.folder.join("requirements.txt");
    let text = files::read_text(&path).unwrap_or_default();
    let option = |line: &str| {
        let (option, value) = line.trim().split_once([' ', '='])?;
        let value = value.trim();
        match option {
            "-i" | "--index-url" | "--extra-index-url"
                if needs_user && url::is_without_user(value, case.registration) =>
            {
                Some(Finding::warn(
                    OVERRIDDEN,
                    format!("`{}` names {} without a user", path.display(), url::shown(value)),
                    "pip before 26.2 asks `keyring` only about a user that it knows: it gets 401 there.",
                    "Write `aws@` before the host, or update pip.",
                ))
            }
            "-i" | "--index-url" if !url::same(value, &url::index(case.registration)) => {
                Some(inspect::overridden(format!(
                    "`{}` names the index {}, which goes before your own",
                    path.display(),
                    url::shown(value)
                )))
            }
            _ => None,
        }
    };
    text.lines().filter_map(option).collect()
}

fn nearest(folder: &Path, name: &str) -> Option<(PathBuf, Rc<Document<String>>)> {
    let at = |folder: &Path| {
        let file = folder.join(name);
        document::in_file(&file).map(|document| (file, document))
    };
    folder.ancestors().find_map(at)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use vouch_core::config::Registration;

    use super::*;

    /// What a project's `requirements.txt` says.
    fn seen(text: &str, needs_user: bool) -> Vec<&'static str> {
        let dir = tempfile::tempdir().unwrap();
        let registration: Registration = serde_json::from_value(serde_json::json!({
            "tool": "pip", "repository": "my-repo", "profile": "default", "name": "my-repo",
            "endpoint": "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/pypi/my-repo/",
        }))
        .unwrap();
        fs::write(dir.path().join("requirements.txt"), text).unwrap();
        let home = vouch_core::home::Home::at(dir.path().join("vouch")).unwrap();
        let config = vouch_core::config::Config::default();
        let case = InspectContext {
            registration: &registration,
            config: &config,
            home: &home,
            folder: dir.path(),
            is_first: true,
            client: crate::all::client_of,
        };
        requirements(&case, needs_user).iter().map(Finding::check).collect()
    }

    #[test]
    fn options_of_requirements_are_named() {
        let text = "six\n--index-url https://user:secret@else.example/simple\n--trusted-host x\n";
        assert_eq!(seen(text, true), ["overridden"]);
        const OURS: &str =
            "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/pypi/my-repo/simple/";
        for option in ["-i", "--index-url", "--extra-index-url"] {
            for (user, needs_user, wanted) in
                [("aws@", true, &[][..]), ("", false, &[]), ("", true, &["overridden"])]
            {
                assert_eq!(
                    seen(&format!("{option} https://{user}{OURS}\n"), needs_user),
                    wanted,
                    "{option} {user}"
                );
            }
        }
    }
}
