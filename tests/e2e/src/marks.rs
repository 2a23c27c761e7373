//! Every line with a check mark, looked at: what it says is so. A line that nobody knows how to look at is a failure, too.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use vouch_core::config::{Config, Registration};
use vouch_core::home::Home;

use crate::command::CommandOutput;
use crate::files::Files;
use crate::sandbox::Sandbox;

/// How the tokens of the sandbox begin.
const TOKEN: &str = "eyJ2ZXI";

/// The lines, each by what stands between its values, and how it is looked at.
const LINES: &[(&str, Look)] = &[
    // Setup: what each client's file says.
    ("registry `{}`: {}, in `{}`", |case, [name, url, file]| case.says(file, url) && case.says(file, name)),
    ("repository `{}`: {}, in `{}`", |case, [name, url, file]| case.says(file, url) && case.says(file, name)),
    ("index `{}`: {}, in `{}`", |case, [name, url, file]| case.says(file, url) && case.says(file, name)),
    ("packages come from {}, in `{}`", |case, [url, file, _]| case.says(file, url)),
    ("packages come also from {}, in `{}`", |case, [url, file, _]| case.says(file, url)),
    ("all packages come from {}, in `{}`", |case, [url, file, _]| case.says(file, url)),
    ("packages of {} come from {}, in `{}`", |case, [scope, url, file]| {
        case.says(file, url) && case.says(file, scope.trim_start_matches('@'))
    }),
    ("crates.io is replaced with it: `Cargo.lock` files then name it as their source", |case, _| {
        case.says(".cargo/config.toml", "replace-with")
    }),
    ("server `{}` has the token of a variable that no POM can name, in `{}`", |case, [id, file, _]| {
        case.says(file, &format!("<id>{id}</id>")) && case.says(file, "${env.VOUCH_MAVEN_")
    }),
    (
        "every repository of a POM with the id `{}` is read from {}; `--print` shows one",
        |case, [id, url, _]| {
            let (file, mirrored) = (".m2/settings.xml", format!("<mirrorOf>{id}</mirrorOf>"));
            case.says(file, &mirrored) && case.says(file, &format!("<url>{url}</url>"))
        },
    ),
    (
        "`vouch exec --type maven` sets that variable; where CODEARTIFACT_AUTH_TOKEN alone is set, Maven has no token from this file",
        |case, _| !case.says(".m2/settings.xml", "CODEARTIFACT_AUTH_TOKEN"),
    ),
    (
        "a repository of a POM with the id `{}` and the URL {} uses it; `--print` shows one",
        |case, [id, url, _]| {
            case.registrations().any(|known| known.name.as_deref() == Some(id) && known.endpoint == url)
        },
    ),
    ("a build that names {} gets its token from `{}`", |case, [url, file, _]| case.says(file, url)),
    // What follows on the registration.
    ("`{}` is the helper that pnpm calls", |case, [link, ..]| case.leads_to(link, "npm-token-vouch")),
    ("`{}` is the `keyring` that clients start", |case, [link, ..]| case.leads_to(link, "pip-keyring-vouch")),
    ("`{}` is Vouch's, and hands other requests on to `{}`", |case, [link, other, _]| {
        case.leads_to(link, "pip-keyring-vouch") && Path::new(other).exists()
    }),
    ("made `{}`, which clients start once its folder is on PATH", |case, [link, ..]| {
        case.leads_to(link, "pip-keyring-vouch")
    }),
    (
        "{} finds Vouch by the wheel of `pip-keyring-vouch`, which is installed beside it",
        |case, [client, ..]| case.has_wheel(client),
    ),
    (
        "the token for {} is in `{}`, which could not be replaced as a whole, until {}",
        |case, [url, file, _]| case.has_token(file, url),
    ),
    ("the token for {} is in `{}`, until {}", |case, [url, file, _]| case.has_token(file, url)),
    // The proof.
    ("{}: {} answers ({}", |case, [tool, repository, of]| case.is_proven(tool, repository, of)),
    ("{}: {} is there ({}", |case, [tool, repository, of]| case.is_proven(tool, repository, of)),
    // The configuration.
    ("{} may receive tokens of profile `{}`, in `{}`", |case, [url, profile, _]| {
        case.registrations().any(|known| known.endpoint == url && known.profile == profile)
    }),
    ("profile `{}`: AWS profile `{}` reads {}", |case, [profile, link, _]| {
        case.profile(profile)["aws_profile"] == link
    }),
    ("profile `{}`: {} of account {}", |case, [profile, domain, _]| {
        case.profile(profile)["domain"] == domain
    }),
    ("profile `{}` in `{}` gets its credentials from `vouch credential aws`", |case, [name, file, _]| {
        case.says(file, &format!("credential aws --profile {name}"))
    }),
    ("nothing to change: registry `{}` in `{}` is set up for profile `{}`", |case, [_, file, profile]| {
        let is_its = |known: &Registration| known.file.as_deref() == Some(Path::new(file));
        case.registrations().any(|known| is_its(known) && known.profile == profile)
    }),
    ("nothing to change: AWS profile `{}` is {} in {}", |case, [name, role, region]| {
        let profile = case.aws_profile(name);
        profile["role_arn"] == role && profile["region"] == region
    }),
    ("AWS profile `{}`: {}", |case, [name, role, _]| case.aws_profile(name)["role_arn"] == role),
    ("region {} ({})", |case, [region, ..]| case.value["aws"].to_string().contains(region)),
    ("`{}` serves where nothing else decides", |case, [name, ..]| case.value["aws"]["default"] == name),
    // It is said of a dry run.
    ("nothing would change", |_, _| true),
    // Undo.
    ("`{}` is gone: nothing to undo in it", |_, [file, ..]| !Path::new(file).exists()),
    ("`{}` is removed: it was made by setup", |_, [file, ..]| Path::new(file).symlink_metadata().is_err()),
    ("`{}` is already as it was before setup", |case, [file, ..]| case.is_before(file)),
    ("`{}` is as it was before setup", |case, [file, ..]| case.is_before(file)),
    ("`{}` is already as it was before the setup of {}", |case, [file, ..]| case.is_edited(file)),
    ("`{}` is as it was before the setup of {}", |case, [file, ..]| case.is_edited(file)),
    ("the lines of {} are out of `{}`; what setup did there since stays", |_, [_, file, _]| {
        Path::new(file).exists()
    }),
    (
        "the lines in `{}` stay, because {} needs them: `vouch undo {}` takes them out",
        |case, [file, tool, _]| {
            case.registrations()
                .any(|known| known.tool == tool && known.file.as_deref() == Some(Path::new(file)))
        },
    ),
    (
        "{} is no longer set up for {}; by another registration it may receive tokens",
        |case, [url, tool, _]| {
            case.config.allows(url)
                && !case.registrations().any(|known| known.endpoint == url && known.tool == tool)
        },
    ),
    ("{} is still set up for {}: only one of its registrations is gone", |case, [url, tool, _]| {
        case.registrations().any(|known| known.endpoint == url && known.tool == tool)
    }),
    ("{} no longer receives tokens", |case, [url, ..]| !case.config.allows(url)),
    // Login and logout.
    ("logged in as {} until {}", |case, _| case.has_session()),
    ("logged out", |case, _| !case.has_session()),
    ("you were not logged in; nothing of a session is left", |case, _| !case.has_session()),
    ("the token is out of `{}`", |_, [file, ..]| {
        !fs::read_to_string(file).unwrap_or_default().contains(TOKEN)
    }),
];

/// Looks at what stands in a line.
type Look = fn(&Case<'_>, [&str; 3]) -> bool;

/// The state after a command.
struct Case<'a> {
    sandbox: &'a Sandbox,
    config: Config,
    value: Value,
    /// The user's files before any setup, where nobody but Vouch edits them.
    before: Option<&'a Files>,
}

/// Looks at every line with a check mark that a command printed, and answers which lines these were. `before` are the user's
/// files before any setup, where nobody but Vouch edits them.
pub fn look(sandbox: &Sandbox, done: &CommandOutput, before: Option<&Files>) -> Vec<&'static str> {
    let lines: Vec<_> = done.stderr.lines().filter_map(|line| line.strip_prefix("\u{2713} ")).collect();
    if lines.is_empty() {
        return Vec::new();
    }
    let home = Home::at(sandbox.file(".vouch")).expect("a home");
    let config = Config::load(&home).expect("a configuration");
    let value = serde_json::to_value(&config).expect("JSON");
    let case = Case { sandbox, config, value, before };
    let mut seen = Vec::new();
    for (at, line) in lines.iter().copied().enumerate() {
        let found = LINES.iter().find_map(|(form, look)| Some((*form, look, values(form, line)?)));
        let (form, look, values) = found.unwrap_or_else(|| panic!("nobody looks at: {line}\n{done}"));
        // What was so may be past: what is said last has to be so.
        let mut later = lines.iter().skip(at + 1);
        let file = format!("`{}`", values[0]);
        let is_past = (form.starts_with("`{}` is ") && later.clone().any(|line| line.contains(&file)))
            || (form.starts_with("{} is ") && later.any(|line| line.contains(" no longer ")));
        assert!(
            is_past || look(&case, values),
            "it is not so: {line}\n{done}\n{:#}",
            case.value["codeartifact"]
        );
        seen.push(form);
    }
    seen
}

/// All lines that there are.
pub fn all() -> impl Iterator<Item = &'static str> {
    LINES.iter().map(|(form, _)| *form)
}

/// What stands in the places of a form, if a line has it.
fn values<'l>(form: &str, line: &'l str) -> Option<[&'l str; 3]> {
    let mut values = [""; 3];
    let mut parts = form.split("{}");
    let mut rest = line.strip_prefix(parts.next()?)?;
    let mut parts = parts.enumerate().peekable();
    if parts.peek().is_none() && !rest.is_empty() {
        return None;
    }
    while let Some((at, part)) = parts.next() {
        let end = match (part, parts.peek()) {
            ("", _) => rest.len(),
            (part, None) => rest.strip_suffix(part)?.len(),
            (part, Some(_)) => rest.find(part)?,
        };
        *values.get_mut(at)? = &rest[..end];
        rest = &rest[end + part.len()..];
    }
    Some(values)
}

impl Case<'_> {
    /// Whether it is set up so, in that file, with a session to ask with and AWS's word for it.
    fn is_proven(&self, tool: &str, repository: &str, of: &str) -> bool {
        let Some((domain, file)) = of.split_once(") \u{b7} ") else { return false };
        let file = file.replacen("~/", &format!("{}/", self.sandbox.home().display()), 1);
        let is_its = |known: &Registration| known.tool == tool && known.repository.as_str() == repository;
        let is_of = |profile: &Value| {
            let text = |key: &str| profile[key].as_str().unwrap_or_default();
            domain == format!("{}, {}", text("domain"), text("region"))
        };
        Path::new(&file).exists()
            && self.has_session()
            && self.registrations().any(|known| is_its(known) && is_of(self.profile(&known.profile)))
            && self.sandbox.count("/codeartifact/get_repository_endpoint") > 0
    }

    fn registrations(&self) -> impl Iterator<Item = &Registration> {
        self.config.codeartifact.registrations.iter()
    }

    fn profile(&self, name: &str) -> &Value {
        &self.value["codeartifact"]["profiles"][name]
    }

    fn aws_profile(&self, name: &str) -> &Value {
        &self.value["aws"]["profiles"][name]
    }

    /// Whether a file has a text, a URL with or without user and final slash.
    fn says(&self, file: &str, text: &str) -> bool {
        let text = text.trim_start_matches("https://").trim_end_matches('/');
        fs::read_to_string(self.path(file)).unwrap_or_default().contains(text)
    }

    fn has_token(&self, file: &str, url: &str) -> bool {
        let key = format!("{}:_authToken={TOKEN}", url.trim_start_matches("https:"));
        fs::read_to_string(self.path(file)).unwrap_or_default().contains(&key)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.sandbox.home().join(file)
    }

    fn leads_to(&self, link: &str, program: &str) -> bool {
        let target = Path::new(link).canonicalize();
        target.is_ok_and(|target| target.file_name().is_some_and(|name| name == program))
    }

    /// An environment in the home has the client and our module.
    fn has_wheel(&self, client: &str) -> bool {
        let entries = fs::read_dir(self.sandbox.home()).into_iter().flatten().flatten();
        let folders = entries.map(|entry| entry.path());
        folders.filter(|folder| folder.join("bin").join(client).is_file()).any(|environment| {
            let python = environment.join("bin/python");
            let python = python.to_str().expect("the home's path is UTF-8");
            self.sandbox.run(python).args(["-c", "import keyring_vouch"]).done().code == 0
        })
    }

    fn has_session(&self) -> bool {
        self.sandbox.vouch(&["status"]).done().code != 3
    }

    /// No edit of setup is left in a file, and it is as before all of them.
    fn is_before(&self, file: &str) -> bool {
        let is_same = |before: &Files| before.get(Path::new(file)) == fs::read(file).ok().as_ref();
        Path::new(file).exists() && !self.is_edited(file) && self.before.is_none_or(is_same)
    }

    /// An edit of setup is left in a file.
    fn is_edited(&self, file: &str) -> bool {
        let journal = fs::read_to_string(self.path(".vouch/journal.json")).unwrap_or_default();
        let journal: Value = serde_json::from_str(&journal).unwrap_or_default();
        let entries = journal["entries"].as_array().into_iter().flatten();
        let mut of_file = entries.filter(|entry| entry["file"] == file);
        of_file.any(|entry| entry["reverted_at"].is_null())
    }
}

#[cfg(test)]
mod tests {
    use super::values;

    #[test]
    fn a_line_is_told_by_its_form() {
        let form = "registry `{}`: {}, in `{}`";
        let line = "registry `a`: https://x/, in `/y`";
        assert_eq!(values(form, line), Some(["a", "https://x/", "/y"]));
        assert_eq!(values("logged out", "logged out"), Some(["", "", ""]));
        assert_eq!(values("logged out", "logged out of it"), None);
        assert_eq!(
            values("logged in as {} until {}", "logged in as a until 18:04 (8h)"),
            Some(["a", "18:04 (8h)", ""])
        );
        assert_eq!(
            values("{} no longer receives tokens", "https://x/ no longer receives tokens"),
            Some(["https://x/", "", ""])
        );
        for other in ["registry `a`: https://x/", "repository `a`: https://x/, in `/y`", ""] {
            assert_eq!(values(form, other), None, "{other}");
        }
    }
}
