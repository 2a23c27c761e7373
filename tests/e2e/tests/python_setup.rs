//! What `vouch setup codeartifact` writes is what the client reads: each client is asked what is in force, for every
//! place that it takes its settings from.

use std::thread;

use vouch_e2e::python::{Client, index, publish_url};
use vouch_e2e::{CommandOutput, Run, Sandbox, in_sandbox};

/// A place for settings: variables, what is in files before, and the file that setup has to take.
struct Place {
    label: &'static str,
    /// A value that begins with `~` is below the home.
    variables: &'static [(&'static str, &'static str)],
    before: &'static [(&'static str, &'static str)],
    file: &'static str,
}

const fn place(
    label: &'static str,
    variables: &'static [(&'static str, &'static str)],
    before: &'static [(&'static str, &'static str)],
    file: &'static str,
) -> Place {
    Place { label, variables, before, file }
}

const OLD_PIP: &str =
    "# mine\n[global]\ntimeout = 60\nindex-url = https://pypi.org/simple\n\n[install]\nno-compile = yes\n";

const PIP: [Place; 6] = [
    place("user", &[], &[], ".config/pip/pip.conf"),
    place("xdg", &[("XDG_CONFIG_HOME", "~/xdg")], &[], "xdg/pip/pip.conf"),
    place(
        "named",
        &[("PIP_CONFIG_FILE", "~/my pip.conf")],
        &[(".config/pip/pip.conf", OLD_PIP)],
        "my pip.conf",
    ),
    place("legacy", &[], &[(".pip/pip.conf", OLD_PIP)], ".pip/pip.conf"),
    place(
        "both",
        &[],
        &[(".pip/pip.conf", OLD_PIP), (".config/pip/pip.conf", "[global]\ntimeout = 60\n")],
        ".config/pip/pip.conf",
    ),
    place("other-section", &[], &[(".config/pip/pip.conf", OLD_PIP)], ".config/pip/pip.conf"),
];

const UV: [Place; 4] = [
    place("user", &[], &[], ".config/uv/uv.toml"),
    place("xdg", &[("XDG_CONFIG_HOME", "~/xdg")], &[], "xdg/uv/uv.toml"),
    place(
        "named",
        &[("UV_CONFIG_FILE", "~/my uv.toml")],
        &[(".config/uv/uv.toml", "offline = true\n")],
        "my uv.toml",
    ),
    place("there", &[], &[(".config/uv/uv.toml", "# mine\noffline = true\n")], ".config/uv/uv.toml"),
];

const POETRY: [Place; 3] = [
    place("user", &[], &[], ".config/pypoetry/config.toml"),
    place("xdg", &[("XDG_CONFIG_HOME", "~/xdg")], &[], "xdg/pypoetry/config.toml"),
    place(
        "named",
        &[("POETRY_CONFIG_DIR", "~/my poetry")],
        &[("my poetry/config.toml", "# mine\n[virtualenvs]\nin-project = true\n")],
        "my poetry/config.toml",
    ),
];

const PDM: [Place; 3] = [
    place("user", &[], &[], ".config/pdm/config.toml"),
    place("xdg", &[("XDG_CONFIG_HOME", "~/xdg")], &[], "xdg/pdm/config.toml"),
    place(
        "named",
        &[("PDM_CONFIG_FILE", "~/my pdm.toml")],
        &[("my pdm.toml", "# mine\n[python]\nuse_venv = false\n")],
        "my pdm.toml",
    ),
];

/// A client whose settings are in one of the places, set up there.
struct SetUp<'a> {
    client: Client,
    place: &'a Place,
    said: CommandOutput,
}

impl<'a> SetUp<'a> {
    fn new(sandbox: &Sandbox, version: &str, tool: &str, place: &'a Place) -> Self {
        let client = Client::new(sandbox, version, &format!("{version}-{}", place.label));
        for (file, text) in place.before {
            client.write(file, text);
        }
        let said = with(&client, place, client.set_up(tool)).ok();
        let after = std::fs::read_to_string(client.file(place.file)).unwrap();
        let (_, before) = place.before.iter().find(|(file, _)| *file == place.file).unwrap_or(&("", ""));
        for line in before.lines().filter(|line| !line.starts_with("index-url")) {
            assert!(after.contains(line), "{tool} {}: {line:?} is gone from {after}", place.label);
        }
        Self { client, place, said }
    }

    /// What the client itself says.
    fn asks(&self, program: &str, args: &[&str]) -> String {
        with(&self.client, self.place, self.client.run(program).args(args)).ok().stdout
    }
}

fn with(client: &Client, place: &Place, run: Run) -> Run {
    place.variables.iter().fold(run, |run, (name, value)| match value.strip_prefix("~/") {
        Some(below) => run.env(name, client.file(below)),
        None => run.env(name, value),
    })
}

fn pip(sandbox: &Sandbox) {
    for version in ["pip-23.0.1", "pip-26.3"] {
        for place in &PIP {
            let pip = SetUp::new(sandbox, version, "pip", place);
            let listed = pip.asks("pip", &["config", "list"]);
            let url = index("aws@", "my-pypi-repo");
            for line in [format!("global.index-url='{url}'"), "global.keyring-provider='subprocess'".into()] {
                assert!(listed.contains(&line), "{version} {}: {line}\n{listed}", place.label);
            }
        }
    }
}

/// Where something else goes before what is written, setup says so, and it is so.
fn pip_overruled(sandbox: &Sandbox) {
    let other = "https://other.example/simple/";
    let client = Client::new(sandbox, "pip-26.3", "overruled");
    client.write(".config/pip/pip.conf", &format!("[install]\nindex-url = {other}\n"));
    let _ =
        client.set_up("pip").ok().says("`index-url` of `[install]` in the same file goes before this one");
    let listed = client.run("pip").args(["config", "list"]).ok();
    let _ = listed.shows(&format!("install.index-url='{other}'"));

    // An environment of one's own, in which pip is that of the client.
    let client = Client::new(sandbox, "pip-26.3", "in-an-environment");
    let venv = client.file("venv");
    let _ =
        client.run("python").args(["-m", "venv", "--without-pip", "--system-site-packages"]).arg(&venv).ok();
    client.write("venv/pip.conf", &format!("[global]\nindex-url = {other}\n"));
    let setup = client.set_up("pip").env("VIRTUAL_ENV", &venv).ok();
    let _ = setup.says("goes before this file, in that environment");
    let library = vouch_e2e::python::site_packages("pip-26.3");
    let listed = client.prepared(Run::new(venv.join("bin/python"))).env("PYTHONPATH", library);
    let _ = listed.args(["-m", "pip", "config", "list"]).ok().shows(&format!("global.index-url='{other}'"));

    let client = Client::new(sandbox, "pip-26.3", "by-variable");
    let setup = client.set_up("pip").env("PIP_INDEX_URL", other).ok();
    let _ = setup.says("PIP_INDEX_URL is set and goes before this file");
    let nothing = client.set_up("pip").env("PIP_CONFIG_FILE", "/dev/null");
    let _ = nothing.fails(7).says("PIP_CONFIG_FILE");
}

fn uv(sandbox: &Sandbox) {
    for version in ["uv-0.9.30", "uv-0.13.9"] {
        for place in &UV {
            let uv = SetUp::new(sandbox, version, "uv", place);
            let shown = uv.asks("uv", &["pip", "install", "--show-settings", "amber"]);
            let in_force = |text: &str| assert!(shown.contains(text), "{version} {}: {text}", place.label);
            in_force("keyring_provider: Subprocess");
            in_force("default: true");
            in_force("\"/pypi/my-pypi-repo/simple/\"");
            in_force("authenticate: Always");
            assert_eq!(shown.contains("Offline"), !place.before.is_empty() && place.label == "there");
        }
    }
}

fn poetry(sandbox: &Sandbox) {
    for place in &POETRY {
        let poetry = SetUp::new(sandbox, "poetry-2.5.1", "poetry", place);
        let listed = poetry.asks("poetry", &["config", "--list"]);
        let line = format!("repositories.my-pypi-repo.url = \"{}\"", publish_url("my-pypi-repo"));
        assert!(listed.contains(&line), "{}: {listed}\n{}", place.label, poetry.said);
    }
}

fn pdm(sandbox: &Sandbox) {
    for place in &PDM {
        let pdm = SetUp::new(sandbox, "pdm-2.29.4", "pdm", place);
        let get = |key: &str| pdm.asks("pdm", &["config", key]).trim().to_owned();
        assert_eq!(get("pypi.url"), index("", "my-pypi-repo"), "{}", place.label);
        assert_eq!(get("repository.my-pypi-repo.url"), publish_url("my-pypi-repo"), "{}", place.label);
        assert_eq!(get("repository.my-pypi-repo.username"), "aws", "{}", place.label);
    }
}

/// twine tells nobody what it reads: it is asked to upload nothing, and names the repository that it does not do it to.
fn twine(sandbox: &Sandbox) {
    let client = Client::new(sandbox, "twine-7.0.0", "pypirc");
    let before = "# mine\n[distutils]\nindex-servers =\n    pypi\n    other\n\n[other]\nrepository: https://other.example/\n";
    client.write(".pypirc", before);
    let _ = client.set_up("twine").ok();
    let read = "import sys; from twine.utils import get_config; config = get_config('~/.pypirc'); \
                print(*config); print(config['my-pypi-repo'])";
    let read = client.run("python").args(["-c", read]).ok();
    let _ =
        read.shows("pypi other my-pypi-repo").shows(&publish_url("my-pypi-repo")).shows("'username': 'aws'");
}

#[test]
fn what_is_written_is_in_force() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        thread::scope(|scope| {
            for check in [pip, pip_overruled, uv, poetry, pdm, twine] {
                scope.spawn(move || check(sandbox));
            }
        });
    });
}
