//! The ways in which pip and uv are used: with and without a user in the URL, by import and by program, with several
//! repositories and domains, and for what a package needs to be built.

use std::thread;

use vouch_e2e::python::{Client, HOST, Package, five_packages, index, upload, upload_to};
use vouch_e2e::{Run, Sandbox, in_sandbox};

/// A pip, and what decides whether it asks.
struct Pip {
    client: &'static str,
    /// From 26.2 on, about an index without a user, too.
    asks_without_user: bool,
    /// The Python package is there, with our backend.
    imports: bool,
}

const fn pip(client: &'static str, asks_without_user: bool, imports: bool) -> Pip {
    Pip { client, asks_without_user, imports }
}

const PIPS: [Pip; 4] = [
    pip("pip-24.0", false, false),
    pip("pip-26.3", true, false),
    pip("keyring-23.13.1", false, true),
    pip("keyring-25.7.0", true, true),
];

/// The provider, whether pip may ask a person nothing, and whether there is a user in the URL.
const CASES: [(&str, bool, bool); 10] = [
    ("auto", false, true),
    ("auto", false, false),
    ("auto", true, true),
    ("auto", true, false),
    ("import", false, true),
    ("import", true, false),
    ("subprocess", false, false),
    ("subprocess", true, true),
    ("subprocess", true, false),
    ("disabled", false, true),
];

impl Pip {
    /// Whether it gets a token. `auto` is what counts where nothing is said.
    fn asks(&self, provider: &str, no_input: bool, user: bool) -> bool {
        let provider = match provider {
            "auto" if no_input => "disabled",
            "auto" if self.imports => "import",
            "auto" => "subprocess",
            other => other,
        };
        match provider {
            "import" => self.imports,
            "subprocess" => user || self.asks_without_user,
            _ => false,
        }
    }

    fn in_every_mode(&self, sandbox: &Sandbox) {
        let client = Client::new(sandbox, self.client, self.client).with_backend();
        let mut asked = 0;
        for (provider, no_input, user) in CASES {
            let url = index(if user { "aws@" } else { "" }, "my-pypi-repo");
            let mut args = vec!["-m", "pip", "download", "--disable-pip-version-check", "--no-cache-dir"];
            args.extend(["--no-deps", "--dest", "got", "--index-url", &url, "amber"]);
            if provider != "auto" {
                args.extend(["--keyring-provider", provider]);
            }
            args.extend(no_input.then_some("--no-input"));
            client.forget_starts();
            let done = client.run("python").args(&args).done();
            let expected = self.asks(provider, no_input, user);
            let case = format!("{} {provider} no_input={no_input} user={user}", self.client);
            assert_eq!(done.code == 0, expected, "{case}: {done}");
            assert_eq!(client.starts().len(), usize::from(expected), "{case}: {:?}", client.starts());
            asked += usize::from(expected);
            let _ = std::fs::remove_dir_all(client.file("got"));
        }
        assert!(asked >= 2, "{}: {asked}", self.client);
    }
}

/// An index that only the file of requirements names.
fn requirements(sandbox: &Sandbox) {
    for (version, user) in [("pip-24.0", "aws@"), ("pip-26.3", "aws@"), ("pip-26.3", "")] {
        let client = Client::new(sandbox, version, &format!("requirements-{version}{user}"));
        let url = index(user, "my-pypi-repo");
        client.write("requirements.txt", &format!("--index-url {url}\namber\nember\n"));
        let pip = client.run("pip").args(["install", "--disable-pip-version-check", "--target", "site"]);
        let _ = pip.args(["-r", "requirements.txt", "--keyring-provider", "subprocess", "--no-input"]).ok();
        assert_eq!(client.starts().len(), 1, "{version} {user}");
    }
    // uv asks about a user that it knows.
    let client = Client::new(sandbox, "uv-0.13.9", "requirements-uv");
    client.write("with.txt", &format!("--index-url {}\namber\n", index("aws@", "my-pypi-repo")));
    client.write("without.txt", &format!("--index-url {}\namber\n", index("", "my-pypi-repo")));
    let uv = |file| {
        let run = client.run("uv").args(["pip", "install", "--target", file, "-r", &format!("{file}.txt")]);
        run.args(["--keyring-provider", "subprocess", "--no-cache"])
    };
    let _ = uv("with").ok();
    assert_eq!(client.starts().len(), 1);
    client.forget_starts();
    let _ = uv("without").fails(1).says("lack of valid authentication credentials");
    assert_eq!(client.starts().len(), 0);
}

/// Two repositories of one domain, set up one after the other: one token serves both, and pip asks for it once.
fn two_repositories(sandbox: &Sandbox) {
    let client = Client::new(sandbox, "pip-26.3", "two-repositories-pip");
    let _ = client.set_up("pip").ok();
    let more = ["setup", "codeartifact", "--tool", "pip", "--repository", "my-repo", "--extra"];
    let _ = client.prepared(Run::new("vouch")).args(more).ok();
    let install = ["install", "--disable-pip-version-check", "--target", "site", "amber", "other"];
    let _ = client.run("pip").args(install).ok();
    assert_eq!(client.starts().len(), 1, "{:?}", client.starts());

    let client = Client::new(sandbox, "uv-0.13.9", "two-repositories-uv");
    let _ = client.set_up("uv").ok();
    let more = ["setup", "codeartifact", "--tool", "uv", "--repository", "my-repo"];
    let _ = client.prepared(Run::new("vouch")).args(more).ok().says("stays so");
    let _ = client.run("uv").args(["pip", "install", "--target", "site", "amber", "other"]).ok();
    // uv asks about each index, unless one had its answer before the other was needed.
    assert!((1..=2).contains(&client.starts().len()), "{:?}", client.starts());
}

/// An index of another account's domain, which another role may read, beside one's own.
fn two_domains(sandbox: &Sandbox) {
    let set_up = |client: &Client, tool: &str| {
        let _ = client.set_up(tool).ok();
        let more = ["setup", "codeartifact", "--tool", tool, "--repository", "team-cargo", "--extra"];
        let more = client.prepared(Run::new("vouch")).args(more).args(TEAM);
        let _ = more.args(["--profile", "team"]).ok();
    };
    let client = Client::new(sandbox, "pip-26.3", "two-domains-pip");
    set_up(&client, "pip");
    let install = ["install", "--disable-pip-version-check", "--target", "site", "amber", "team"];
    let _ = client.run("pip").args(install).ok();
    assert_eq!(client.starts().len(), 2, "{:?}", client.starts());
    let client = Client::new(sandbox, "uv-0.13.9", "two-domains-uv");
    set_up(&client, "uv");
    let _ = client.run("uv").args(["pip", "install", "--target", "site", "amber", "team"]).ok();
    assert_eq!(client.starts().len(), 2, "{:?}", client.starts());
}

/// A source distribution that only a private package can build. For that pip starts another pip, in an environment of
/// its own.
fn build_isolation(sandbox: &Sandbox) {
    for version in ["pip-24.0", "pip-26.1", "pip-26.2.1", "pip-26.3"] {
        let client = Client::new(sandbox, version, &format!("build-{version}"));
        let _ = client.set_up("pip").ok();
        let install =
            ["install", "--disable-pip-version-check", "--no-cache-dir", "--target", "site", "fern"];
        let _ = client.run("pip").args(install).ok();
        assert!(client.file("site/fern.py").exists(), "{version}");
        let starts = client.starts().len();
        // One for the package, one or two for what builds it.
        assert!((2..=3).contains(&starts), "{version}: {:?}", client.starts());
    }
    let client = Client::new(sandbox, "uv-0.13.9", "build-uv");
    let _ = client.set_up("uv").ok();
    let _ = client.run("uv").args(["pip", "install", "--target", "site", "fern"]).ok();
    assert_eq!(client.starts().len(), 1, "{:?}", client.starts());
}

/// An index that a project names by itself needs to say there that uv is to ask.
fn index_of_a_project(sandbox: &Sandbox) {
    let client = Client::new(sandbox, "uv-0.13.9", "project-uv");
    let project = format!(
        "[project]\nname = \"hello\"\nversion = \"1\"\nrequires-python = \">=3.9\"\ndependencies = [\"amber\"]\n\
         [[tool.uv.index]]\nname = \"own\"\nurl = \"https://{HOST}/pypi/my-pypi-repo/simple/\"\n\
         default = true\n"
    );
    client.write("hello/pyproject.toml", &project);
    client.write("always/pyproject.toml", &format!("{project}authenticate = \"always\"\n"));
    let lock = |folder| client.run("uv").args(["lock", "--no-cache"]).within(client.file(folder));
    let _ = lock("hello").env("UV_KEYRING_PROVIDER", "subprocess").fails(1);
    let _ = lock("always").env("UV_KEYRING_PROVIDER", "subprocess").ok();
}

const TEAM: [&str; 6] =
    ["--domain", "team-packages", "--domain-owner", "222222222222", "--region", "us-east-1"];
const TEAM_URL: &str =
    "https://team-packages-222222222222.d.codeartifact.us-east-1.amazonaws.com/pypi/team-cargo/";

#[test]
fn every_mode_and_several_repositories() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let role = ["setup", "aws", "--role", "arn:aws:iam::222222222222:role/Team", "--profile", "team"];
        let _ = sandbox.vouch(&role).ok();
        let cargo = ["setup", "codeartifact", "--tool", "cargo", "--repository", "team-cargo"];
        let _ = sandbox.vouch(&cargo).args(TEAM).args(["--profile", "team", "--aws-profile", "team"]).ok();
        let mut packages = five_packages();
        packages.push(Package::build_backend("grove").wheel());
        packages.push(Package::new("fern").source("grove"));
        upload(sandbox, "my-pypi-repo", &packages);
        upload(sandbox, "my-repo", &[Package::new("other").wheel()]);
        let team = [&TEAM[..], &["--profile", "team"]].concat();
        upload_to(sandbox, TEAM_URL, &team, &[Package::new("team").wheel()]);
        for url in [index("", "my-pypi-repo"), format!("{TEAM_URL}simple/")] {
            let _ = sandbox.run("pip-keyring-vouch").args(["get", &url, "aws"]).ok();
        }
        let _ = sandbox.ctl(&["reset"]);
        thread::scope(|scope| {
            for pip in &PIPS {
                scope.spawn(move || pip.in_every_mode(sandbox));
            }
            for check in [requirements, two_repositories, two_domains, build_isolation, index_of_a_project] {
                scope.spawn(move || check(sandbox));
            }
        });
        assert_eq!(sandbox.count("/sts/assume_role_with_web_identity"), 0, "the tokens were there");
        // Thirteen setups, and each proves itself with a token of its own.
        assert_eq!(sandbox.count("/codeartifact/get_authorization_token"), 13, "the tokens were there");
        assert_eq!(sandbox.count("/registry/pypi/bad_token"), 0);
    });
}
