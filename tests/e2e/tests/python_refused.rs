//! What a person sees when there is no good token, in every Python client. `docs/python-clients.md` tells it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use vouch_e2e::python::{Client, Package, five_packages, index, publish_url, upload};
use vouch_e2e::{CommandOutput, Sandbox, in_sandbox};

/// A client, and what it says itself. Our own words are the same in all of them.
#[derive(Debug, Clone, Copy)]
struct Words {
    /// As the documentation calls it.
    name: &'static str,
    installed: &'static str,
    /// How it gets at Vouch.
    way: Way,
    /// Where nobody looks at a terminal, it still passes our reason on.
    passes_on: bool,
    /// There is no session.
    missing: &'static str,
    /// The registry answers 401, 403 and 404 to a token.
    by_registry: [&'static str; 3],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Program,
    Wheel,
}

const PIP_401: &str = "401 Error, Credentials not correct";
const PIP_403: &str = "No matching distribution found";
const PIP_404: &str = "No matching distribution found";

const fn pip(name: &'static str, installed: &'static str, passes_on: bool) -> Words {
    let by_registry = [PIP_401, PIP_403, PIP_404];
    Words { name, installed, way: Way::Program, passes_on, missing: PIP_401, by_registry }
}

const UV: [&str; 3] = [
    "lack of valid authentication credentials (401 Unauthorized)",
    "returned a 403 Forbidden error",
    "not found in the package registry",
];

const fn uv(name: &'static str, installed: &'static str) -> Words {
    Words {
        name,
        installed,
        way: Way::Program,
        passes_on: true,
        missing: "Missing credentials for",
        by_registry: UV,
    }
}

const PDM: [&str; 3] = [
    "Unable to find candidates for amber",
    "Unable to find candidates for amber",
    "Unable to find candidates for amber",
];

const ALL: [Words; 11] = [
    pip("pip 23.0", "pip-23.0.1", false),
    pip("pip 24.0", "pip-24.0", true),
    pip("pip 26.1", "pip-26.1", true),
    pip("pip 26.2", "pip-26.2.1", false),
    pip("pip 26.3", "pip-26.3", false),
    uv("uv 0.9", "uv-0.9.30"),
    uv("uv 0.13", "uv-0.13.9"),
    Words {
        name: "twine 7.0",
        installed: "twine-7.0.0",
        way: Way::Wheel,
        passes_on: true,
        missing: "Credential not found for password",
        by_registry: ["401 Unauthorized", "403 Forbidden", "404 Not Found"],
    },
    Words {
        name: "poetry 2.5",
        installed: "poetry-2.5.1",
        way: Way::Wheel,
        passes_on: false,
        missing: "Authorization error accessing",
        by_registry: [
            "Authorization error accessing",
            "Authorization error accessing",
            "doesn't match any versions",
        ],
    },
    Words {
        name: "pdm 2.29, wheel",
        installed: "pdm-2.29.4",
        way: Way::Wheel,
        passes_on: false,
        missing: "are not provided",
        by_registry: PDM,
    },
    Words {
        name: "pdm 2.29, program",
        installed: "pdm-2.29.4",
        way: Way::Program,
        passes_on: false,
        missing: "are not provided",
        by_registry: PDM,
    },
];

/// A URL that is not the one of setup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Url {
    AsSetUp,
    OtherUser,
    OtherDomain,
}

const OTHER_DOMAIN: &str =
    "shared-packages-111111111111.d.codeartifact.us-east-1.amazonaws.com/pypi/npm-store/";

struct TestUser {
    words: Words,
    client: Client,
}

impl TestUser {
    fn new(sandbox: &Sandbox, words: Words) -> Self {
        let client = Client::new(sandbox, words.installed, &words.name.replace(", ", "-").replace(' ', "-"));
        let client = match words.way {
            Way::Wheel => client.with_backend(),
            Way::Program if words.installed.starts_with("pdm") => client.without_keyring_package(),
            Way::Program => client,
        };
        let person = Self { words, client };
        let _ = person.client.set_up(person.tool()).ok();
        let (file, wheel) = Package::new("mine").wheel();
        person.client.write("dist/here", "");
        fs::write(person.client.file("dist").join(file), wheel).unwrap();
        person
    }

    fn tool(&self) -> &'static str {
        self.words.installed.split('-').next().unwrap()
    }

    fn url(&self, url: Url) -> String {
        match (url, self.tool()) {
            (Url::OtherDomain, "twine") => format!("https://{OTHER_DOMAIN}"),
            (Url::OtherDomain, _) => format!("https://aws@{OTHER_DOMAIN}simple/"),
            (_, "twine") => publish_url("my-pypi-repo"),
            (Url::OtherUser, _) => index("bob@", "my-pypi-repo"),
            (Url::AsSetUp, _) => index("", "my-pypi-repo"),
        }
    }

    /// Installs or publishes one package.
    fn runs(&self, url: Url, terminal: bool) -> CommandOutput {
        let address = self.url(url);
        let mut args = match self.tool() {
            "pip" => vec!["download", "--disable-pip-version-check", "--no-cache-dir", "--no-deps", "amber"],
            "uv" => vec!["pip", "install", "--no-cache", "--target", "site", "amber"],
            "twine" => vec!["upload", "--non-interactive", "dist/mine-1.0-py3-none-any.whl"],
            "poetry" => vec!["lock", "--no-cache"],
            _ => vec!["lock"],
        };
        match (self.tool(), url) {
            ("twine", Url::AsSetUp) => args.extend(["-r", "my-pypi-repo"]),
            ("twine", Url::OtherUser) => args.extend(["--repository-url", &address, "-u", "bob"]),
            ("twine", Url::OtherDomain) => args.extend(["--repository-url", &address, "-u", "aws"]),
            (_, Url::AsSetUp) => {}
            ("pip", _) => args.extend(["--index-url", &address]),
            ("uv", _) => args.extend(["--default-index", &address]),
            _ => {}
        }
        let project = format!(
            "[project]\nname = \"hello\"\nversion = \"0.1.0\"\nrequires-python = \">=3.9\"\ndependencies = [\"amber\"]\n\
             [tool.pdm]\ndistribution = false\n[tool.poetry]\npackage-mode = false\n\
             [[tool.poetry.source]]\nname = \"ours\"\nurl = \"{address}\"\npriority = \"primary\"\n"
        );
        self.client.write("pyproject.toml", &project);
        let run = match terminal {
            true => self.client.on_terminal(self.tool(), &args),
            false => self.client.without_terminal(self.tool(), &args),
        };
        let run = run.env("PDM_CHECK_UPDATE", "false");
        if self.tool() == "pdm" { run.env("PDM_PYPI_URL", &address) } else { run }.done()
    }

    /// What is seen otherwise than it is told, line breaks of the client's own apart.
    fn faults(&self, situation: Situation, terminal: bool) -> Vec<String> {
        let done = self.runs(situation.url, terminal);
        let words = format!("{} {}", done.stdout, done.stderr);
        let seen = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut faults = Vec::new();
        if [0, 124].contains(&done.code) || done.took > Duration::from_secs(30) {
            faults.push(format!("ends with {} after {:?}", done.code, done.took));
        }
        // poetry looks for the password of a user by a name of its own, and nowhere else.
        let asks = !(self.tool() == "poetry" && situation.url != Url::AsSetUp);
        let told = asks && (terminal || self.words.passes_on);
        faults.extend(
            situation
                .reason
                .iter()
                .filter(|text| seen.contains(**text) != told)
                .map(|text| format!("`{text}`")),
        );
        let own = match situation.status {
            Some(at) => self.words.by_registry[at],
            // Where it cannot ask a person, it may put it otherwise.
            None if situation.url == Url::AsSetUp && terminal => self.words.missing,
            None => "",
        };
        faults.extend((!seen.contains(own)).then(|| format!("its own `{own}`")));
        let never = ["keyring is skipped", "panicked", "User for", "Password for"];
        faults.extend(never.iter().filter(|text| seen.contains(**text)).map(|text| format!("`{text}`")));
        let told =
            |fault| format!("{}, {situation:?}, terminal={terminal}: {fault}\n{done}", self.words.name);
        faults.into_iter().map(told).collect()
    }
}

#[derive(Debug, Clone, Copy)]
struct Situation {
    url: Url,
    /// Our words.
    reason: &'static [&'static str],
    /// Which of 401, 403 and 404 the registry answers to a token.
    status: Option<usize>,
}

const MISSING: &[&str] = &["vouch: you are not logged in", "`vouch login`"];
const EXPIRED: &[&str] = &["vouch: your session has expired", "`vouch login`"];
const REFUSED: &[&str] =
    &["is not allowed to assume role arn:aws:iam::123456789012:role/CodeArtifact", "vouch issuer iam"];
const OTHER_USER: &[&str] = &["CodeArtifact knows no user but `aws`", "`aws@`"];
const NOT_SET_UP: &[&str] =
    &["vouch: nothing was set up", "vouch setup codeartifact", "--domain shared-packages"];

fn everybody(people: &[TestUser], situation: Situation, terminal: bool) -> Vec<String> {
    let faults = Mutex::new(Vec::new());
    let queue = Mutex::new(people.iter());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some(person) = next else { return };
                    let found = person.faults(situation, terminal);
                    faults.lock().unwrap().extend(found);
                }
            });
        }
    });
    faults.into_inner().unwrap()
}

#[test]
fn every_client_without_a_good_token() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        upload(sandbox, "my-pypi-repo", &five_packages());
        let people = ALL.map(|words| TestUser::new(sandbox, words));
        let mut faults = Vec::new();
        let of = |url, reason| Situation { url, reason, status: None };
        let as_set_up = |reason| of(Url::AsSetUp, reason);
        let _ = sandbox.run("pip-keyring-vouch").args(["get", &index("", "my-pypi-repo"), "aws"]).ok();
        faults.extend(everybody(&people, of(Url::OtherUser, OTHER_USER), true));
        faults.extend(everybody(&people, of(Url::OtherDomain, NOT_SET_UP), true));
        // The services' clock runs past the end of the token.
        sandbox.ctl(&["clock", "--skew", "50000"]);
        for (at, status) in ["401", "403", "404"].into_iter().enumerate() {
            sandbox.ctl(&["registry", "--bad-token", status]);
            faults.extend(everybody(&people, Situation { status: Some(at), ..as_set_up(&[]) }, true));
        }
        sandbox.ctl(&["registry", "--bad-token", "401"]);
        sandbox.ctl(&["clock", "--skew", "0"]);
        sandbox.forget();
        sandbox.ctl(&["fault", "sts", "--status", "403", "--code", "AccessDenied"]);
        faults.extend(everybody(&people, as_set_up(REFUSED), true));
        sandbox.ctl(&["fault", "sts", "--clear"]);
        let _ = sandbox.vouch(&["logout"]).ok();
        sandbox.ctl(&["reset"]);
        for terminal in [true, false] {
            faults.extend(everybody(&people, as_set_up(MISSING), terminal));
        }
        sandbox.log_in();
        sandbox.end_session();
        faults.extend(everybody(&people, as_set_up(EXPIRED), true));
        assert_eq!(sandbox.count("/registry/pypi/bad_token"), 0, "a token that is gone is not sent");
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    });
}

#[test]
fn the_documentation_quotes_what_is_seen() {
    let text = include_str!("../../../docs/python-clients.md");
    for Words { name, passes_on, missing, by_registry, .. } in ALL {
        let row = text.lines().find(|line| line.starts_with(&format!("| {name} |"))).unwrap_or_default();
        for said in [missing].iter().chain(&by_registry) {
            assert!(row.contains(said), "{name}: {said}");
        }
        assert_eq!(row.contains("only on the terminal"), !passes_on, "{name}");
    }
    for said in [MISSING, EXPIRED, REFUSED, OTHER_USER, NOT_SET_UP] {
        assert!(text.contains(said[0]), "{}", said[0]);
    }
}

#[test]
fn a_helper_that_is_killed_or_broken_is_told_of() {
    in_sandbox(&["--cards", "1"], |sandbox| {
        sandbox.ready();
        let client = Client::new(sandbox, "keyring-25.7.0", "killed").with_backend();
        let _ = client.set_up("pip").ok();
        let program = client.file("counting/pip-keyring-vouch");
        let url = index("aws@", "my-pypi-repo");
        for (script, end) in
            [("kill -KILL $$", "was ended by signal SIGKILL"), ("exit 127", "ended with exit status 127")]
        {
            fs::remove_file(&program).unwrap();
            client.write("counting/pip-keyring-vouch", &format!("#!/bin/sh\n{script}\n"));
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
            let args =
                ["-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--index-url", &url];
            let pip = client.run("python").args(args).args(["--keyring-provider", "import", "amber"]);
            let _ = pip.fails(1).says(&format!("`{}` {end}", program.display())).says("vouch doctor");
        }
    });
}
