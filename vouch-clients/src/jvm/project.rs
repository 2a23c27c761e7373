//! Whether what a project's POMs name under the id of a registration is what was set up for it. Maven chooses a server, and so
//! the token, by the id alone.
//!
//! A warning, not a boundary: the POMs of dependencies are not looked at. What holds for these are the names of
//! [`super::names`] and the mirror.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use vouch_core::config::{Config, Registration};
use vouch_core::endpoint::{Asker, PlainUrl};
use vouch_core::files;

use super::pom::{self, PomRepository, Poms, Usage};
use crate::inspect;
use crate::options::Options;
use crate::text::redact::shown_url;
use crate::tool::Tool;

/// A repository of a POM that is not what was set up under its id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    #[error("{place} names {url} as the repository `{id}`, and Maven would read {endpoint} in its place")]
    Mirrored { place: String, id: String, url: String, endpoint: String },
    #[error("{place} names {url} as the repository `{id}`: that place would get the token of {endpoint}")]
    Diverted { place: String, id: String, url: String, endpoint: String },
    #[error("{place} deploys to {url} as `{id}`, which is the server of {endpoint}")]
    NotSetUp { place: String, id: String, url: String, endpoint: String },
    #[error("{place} names {url} as `{id}`: where that is, only Maven can tell")]
    Unknown { place: String, id: String, url: String },
}

impl Conflict {
    /// Whether the token goes elsewhere, or packages come from elsewhere, without any doubt.
    pub fn is_certain(&self) -> bool {
        matches!(self, Self::Mirrored { .. } | Self::Diverted { .. })
    }

    /// Why it matters.
    pub fn why(&self) -> &'static str {
        match self {
            Self::Mirrored { .. } => {
                "The project would get packages of that name from another repository than it means."
            }
            Self::Diverted { .. } => {
                "Maven chooses the token by the id alone: who has that place could read it."
            }
            Self::NotSetUp { .. } => "Maven would publish there, with the token of the domain.",
            Self::Unknown { .. } => "Maven chooses the token by the id alone.",
        }
    }

    /// What to do about it.
    pub fn fix(&self, registration: &Registration) -> String {
        match self {
            Self::Mirrored { .. } => {
                let options =
                    Options { no_mirror: true, ..Options::recorded(registration).unwrap_or_default() };
                let setup = inspect::setup_with(registration, &options);
                let setup = setup.replacen("Run", "If both are yours, in one domain:", 1);
                format!("Give that repository another id in the POM. {setup}")
            }
            Self::Diverted { .. } => {
                "Give that repository another id in the POM, if you trust the project at all.".into()
            }
            Self::NotSetUp { .. } | Self::Unknown { .. } => "See whether you mean that place.".into(),
        }
    }
}

/// The POM that Maven reads when it is started in a folder with these words.
pub fn pom_of(folder: &Path, words: &[OsString]) -> PathBuf {
    let named = named(folder, words, "-f", "--file");
    let path = named.unwrap_or_else(|| folder.to_owned());
    if path.is_dir() { path.join("pom.xml") } else { path }
}

/// The settings file that the words of a command name.
pub fn settings_of(folder: &Path, words: &[OsString]) -> Option<PathBuf> {
    named(folder, words, "-s", "--settings")
}

/// The file that an option names, of those that are typed or else of those in the project's `.mvn/maven.config`.
fn named(folder: &Path, words: &[OsString], short: &str, long: &str) -> Option<PathBuf> {
    let typed = argument(words, short, long);
    typed.or_else(|| argument(&configured(folder), short, long)).map(|file| folder.join(file))
}

/// The nearest `.mvn` from a folder upwards, which is the one that Maven takes.
pub(crate) fn mvn_folder(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().map(|folder| folder.join(".mvn")).find(|folder| folder.is_dir())
}

/// The words that Maven adds to those that are typed.
fn configured(folder: &Path) -> Vec<OsString> {
    let text = mvn_folder(folder).and_then(|folder| files::read_text(&folder.join("maven.config")).ok());
    let text = text.unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(str::split_whitespace).map(OsString::from).collect()
}

/// Reads the POMs of a project.
pub fn poms(pom: &Path) -> Poms {
    pom::read(pom)
}

/// What of the POMs is not what a registration of Maven's says.
pub fn conflicts(config: &Config, registration: &Registration, poms: &Poms) -> Vec<Conflict> {
    let mut found = Vec::new();
    for repository in poms.repositories.iter().filter(|found| Some(&found.id) == registration.name.as_ref()) {
        found.extend(judge(config, registration, repository));
    }
    found
}

fn judge(config: &Config, registration: &Registration, repository: &PomRepository) -> Option<Conflict> {
    let PomRepository { file, line, usage, id, url } = repository;
    let place = format!("`{}`, line {line},", file.display());
    let (id, endpoint) = (id.clone(), registration.endpoint.clone());
    let is_known = literal_host(url).is_some_and(|start| !is_of_one_domain(start, &endpoint));
    if url.contains("${") && !is_known {
        return Some(Conflict::Unknown { place, id, url: shown_url(url) });
    }
    if is_same(url, &endpoint) {
        return None;
    }
    let shown = shown_url(url);
    let has_mirror = Options::maven_names(registration).is_some()
        && !Options::recorded(registration).unwrap_or_default().no_mirror;
    match usage {
        Usage::Read if has_mirror => Some(Conflict::Mirrored { place, id, url: shown, endpoint }),
        // Nothing is sent to a folder.
        _ if url.starts_with("file:") => None,
        _ if !is_of_one_domain(url, &endpoint) => {
            Some(Conflict::Diverted { place, id, url: shown, endpoint })
        }
        Usage::Read => None,
        Usage::Deploy => {
            let mut known = config.codeartifact.registrations.iter();
            let is_set_up = known.any(|known| is_mavens(known) && is_same(url, &known.endpoint));
            (!is_set_up).then_some(Conflict::NotSetUp { place, id, url: shown, endpoint })
        }
    }
}

/// Whether a registration is one of Maven's.
pub fn is_mavens(registration: &Registration) -> bool {
    Tool::named(&registration.tool) == Some(Tool::Maven)
}

/// What of a URL stands before the first variable, where that has its host and more.
pub(crate) fn literal_host(url: &str) -> Option<&str> {
    let start = url.split("${").next()?;
    let (_, rest) = start.split_once("://")?;
    rest.contains(['/', '?', '#']).then_some(start)
}

/// Whether two URLs are one repository: the final slash is nothing, and the two hosts of a domain are one.
fn is_same(url: &str, endpoint: &str) -> bool {
    let read = |text| PlainUrl::read(text, Asker::default());
    let (Ok(one), Ok(other)) = (read(url), read(endpoint)) else { return false };
    let path = |url: &PlainUrl<'_>| url.path().trim_end_matches('/').to_owned();
    path(&one) == path(&other) && is_of_one_domain(url, endpoint)
}

/// Whether a token of the endpoint's domain is for that URL, too.
fn is_of_one_domain(url: &str, endpoint: &str) -> bool {
    let read = |text| PlainUrl::read(text, Asker::default());
    let (Ok(one), Ok(other)) = (read(url), read(endpoint)) else { return false };
    let domain = |url: &PlainUrl<'_>| url.domain().ok().flatten().map(|(domain, _)| domain);
    match (domain(&one), domain(&other)) {
        (Some(one), Some(other)) => one == other,
        // Of another host than CodeArtifact's own, what was recorded is the whole of it.
        _ => one.is_below(&other),
    }
}

/// The value of an option as Maven reads it.
fn argument(words: &[OsString], short: &str, long: &str) -> Option<OsString> {
    let joined = format!("{long}=");
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == OsStr::new(short) || word == OsStr::new(long) {
            return words.next().cloned();
        }
        if let Some(value) = word.to_str().and_then(|word| word.strip_prefix(&joined)) {
            return Some(value.into());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    const OURS: &str = "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/maven/my-repo/";

    /// What is said of a repository under our id.
    fn judged(options: serde_json::Value, usage: Usage, url: &str) -> Option<Conflict> {
        let registration = |repository: &str| {
            json!({ "tool": "maven", "repository": repository, "profile": "p", "name": repository,
                    "endpoint": OURS.replace("my-repo", repository), "options": options })
        };
        let config: Config = serde_json::from_value(json!({ "version": 1, "codeartifact": {
            "profiles": { "p": { "domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1" } },
            "registrations": [registration("my-repo"), registration("other-repo")] } }))
        .unwrap();
        let repository = |id: &str| PomRepository {
            file: "/p/pom.xml".into(),
            line: 7,
            usage,
            id: id.into(),
            url: url.into(),
        };
        let poms = Poms {
            repositories: BTreeSet::from([repository("my-repo"), repository("mine")]),
            unread: Vec::new(),
        };
        let found = conflicts(&config, &config.codeartifact.registrations[0], &poms);
        assert!(found.len() < 2, "{found:?}");
        found.into_iter().next()
    }

    fn names() -> serde_json::Value {
        serde_json::to_value(super::super::names::MavenNames::generate().unwrap()).unwrap()
    }

    #[test]
    fn what_the_pom_names_is_what_was_set_up() {
        let other = OURS.replace("my-repo", "other-repo");
        let unknown = OURS.replace("my-repo", "third-repo");
        let dual = OURS.replace(".d.", ".").replace("amazonaws.com", "on.aws");
        let mirror = json!({ "maven": names() });
        let plain = json!({ "maven": names(), "no-mirror": true });
        let kind = |options: &serde_json::Value, usage, url: &str| {
            judged(options.clone(), usage, url).map(|conflict| match conflict {
                Conflict::Mirrored { .. } => "mirrored",
                Conflict::Diverted { .. } => "diverted",
                Conflict::NotSetUp { .. } => "not set up",
                Conflict::Unknown { .. } => "unknown",
            })
        };
        for options in [&mirror, &plain, &json!({})] {
            for same in [OURS, OURS.trim_end_matches('/'), &dual] {
                for usage in [Usage::Read, Usage::Deploy] {
                    assert_eq!(kind(options, usage, same), None, "{same}");
                }
            }
            for foreign in [
                "http://127.0.0.1:1/",
                "https://evil.example/maven/my-repo/",
                &OURS.replace("https", "http"),
                &OURS.replace(".com/", ".com:8443/"),
                &OURS.replace(".com/", ".com@evil.example/"),
                &OURS.replace("123456789012", "111111111111"),
                "https://evil.example/${env.USER}/",
                &(OURS.replace(".com/", ".com@evil.example/") + "${x}"),
            ] {
                let read = if options == &mirror { "mirrored" } else { "diverted" };
                assert_eq!(kind(options, Usage::Read, foreign), Some(read), "{foreign}");
                assert_eq!(kind(options, Usage::Deploy, foreign), Some("diverted"), "{foreign}");
            }
            assert_eq!(kind(options, Usage::Deploy, "file:///tmp/x"), None);
            assert_eq!(kind(options, Usage::Deploy, &other), None);
            assert_eq!(kind(options, Usage::Deploy, &unknown), Some("not set up"));
            for url in ["https://${host}/", "${url}", "https://evil.example${x}/", &format!("{OURS}${{x}}")] {
                assert_eq!(kind(options, Usage::Read, url), Some("unknown"), "{url}");
            }
        }
        assert_eq!(kind(&mirror, Usage::Read, &other), Some("mirrored"));
        assert_eq!(kind(&plain, Usage::Read, &other), None);
    }

    #[test]
    fn no_password_of_a_url_is_said() {
        let conflict = judged(json!({}), Usage::Read, "https://alice:hunter2@evil.example/x").unwrap();
        let said = conflict.to_string();
        assert!(
            !said.contains("hunter2") && said.contains("evil.example") && said.contains("line 7"),
            "{said}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn the_words_of_a_command_name_files() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        let folder = tempfile::tempdir().unwrap();
        let pom = |line| pom_of(folder.path(), &words(line));
        std::fs::create_dir(folder.path().join("app")).unwrap();
        assert_eq!(pom("deploy"), folder.path().join("pom.xml"));
        assert_eq!(pom("-f app deploy"), folder.path().join("app/pom.xml"));
        assert_eq!(pom("deploy --file=other.xml"), folder.path().join("other.xml"));
        let settings = |line| settings_of(folder.path(), &words(line));
        assert_eq!(settings("deploy -s settings.xml"), Some(folder.path().join("settings.xml")));
        assert_eq!(settings("--settings /x deploy"), Some("/x".into()));
        assert_eq!(settings("deploy -s"), None);
        // What the project adds to them counts where nothing is typed.
        std::fs::create_dir(folder.path().join(".mvn")).unwrap();
        let config = "-B\n# -f no.xml\n-f\nother.xml\n--settings=s.xml\n";
        std::fs::write(folder.path().join(".mvn/maven.config"), config).unwrap();
        assert_eq!(pom("deploy"), folder.path().join("other.xml"));
        assert_eq!(pom("deploy -f app"), folder.path().join("app/pom.xml"));
        assert_eq!(settings("deploy"), Some(folder.path().join("s.xml")));
    }
}
