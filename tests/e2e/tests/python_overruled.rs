//! What a client takes before it asks Vouch: a password from earlier, or another setting. Setup names it, and without it
//! the same command works.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;

use vouch_e2e::python::{Client, HOST, Package, five_packages, index, upload};
use vouch_e2e::{CommandOutput, Run, Sandbox, in_sandbox};

/// The same command without and with what is in the way.
struct Way<'a> {
    client: &'a Client,
    tool: &'static str,
    variables: &'a [(&'static str, &'static str)],
}

impl Way<'_> {
    fn with_variables(&self, run: Run) -> Run {
        self.variables.iter().fold(run, |run, (name, value)| run.env(name, value))
    }

    /// Setup says it, and the client fails without asking.
    fn is_blocked(&self, said: &str, command: impl Fn() -> Run) {
        let setup = self.with_variables(self.client.set_up(self.tool)).ok();
        let _ = setup.says(said).never_says("stale");
        self.client.forget_starts();
        let done: CommandOutput = self.with_variables(command()).done();
        assert_ne!(done.code, 0, "{said}: {done}");
        assert_eq!(self.client.starts().len(), 0, "{said}: {done}");
    }
}

fn project(client: &Client, more: &str) {
    let text = format!(
        "[project]\nname = \"hello\"\nversion = \"1\"\nrequires-python = \">=3.9\"\ndependencies = [\"amber\"]\n{more}"
    );
    client.write("hello/pyproject.toml", &text);
}

fn netrc(sandbox: &Sandbox) {
    for (version, tool, takes_it, install) in [
        ("pip-24.0", "pip", false, &["install", "--disable-pip-version-check"][..]),
        ("pip-26.3", "pip", false, &["install", "--disable-pip-version-check"][..]),
        ("uv-0.13.9", "uv", true, &["pip", "install"][..]),
    ] {
        let client = Client::new(sandbox, version, &format!("netrc-{version}"));
        client.write(".netrc", &format!("machine {HOST}\nlogin aws\npassword stale\n"));
        // Python takes no other.
        fs::set_permissions(client.file(".netrc"), fs::Permissions::from_mode(0o600)).unwrap();
        let way = Way { client: &client, tool, variables: &[] };
        let command = || client.run(tool).args(install).args(["--target", "site", "amber"]);
        if takes_it {
            way.is_blocked("has a password for this host", command);
        } else {
            let _ = client.set_up(tool).ok().never_says("has a password for this host");
            let _ = command().ok();
        }
        fs::remove_file(client.file(".netrc")).unwrap();
        let _ = client.set_up(tool).ok().never_says("has a password for this host");
        let _ = command().ok();
    }
}

fn poetry(sandbox: &Sandbox) {
    let client = Client::new(sandbox, "poetry-2.5.1", "poetry").with_backend();
    let index = index("", "my-pypi-repo");
    let source = format!("[[tool.poetry.source]]\nname = \"my-pypi-repo\"\nurl = \"{index}\"\n");
    project(&client, &source);
    let lock = || client.run("poetry").args(["lock", "--no-cache"]).within(client.file("hello"));

    let user = [
        ("POETRY_HTTP_BASIC_MY_PYPI_REPO_USERNAME", "aws"),
        ("POETRY_HTTP_BASIC_MY_PYPI_REPO_PASSWORD", "stale"),
    ];
    let way = Way { client: &client, tool: "poetry", variables: &user };
    way.is_blocked("POETRY_HTTP_BASIC_MY_PYPI_REPO_PASSWORD is set", lock);
    let off = [("POETRY_KEYRING_ENABLED", "false")];
    Way { client: &client, tool: "poetry", variables: &off }.is_blocked("poetry will not ask Vouch", lock);

    // What poetry wrote for a password of yesterday.
    client.write(
        ".config/pypoetry/auth.toml",
        "[http-basic.my-pypi-repo]\nusername = \"aws\"\npassword = \"stale\"\n",
    );
    Way { client: &client, tool: "poetry", variables: &[] }
        .is_blocked("poetry takes instead of asking Vouch", lock);
    let said = client.set_up("poetry").ok().stderr;
    let advice = said.split('`').find(|text| text.starts_with("poetry config --unset")).unwrap();
    let words: Vec<&str> = advice.split(' ').skip(1).collect();
    let _ = client.run("poetry").args(words).ok();
    let _ = client.set_up("poetry").ok().never_says("instead of asking Vouch");
    let _ = lock().ok();
}

fn pdm(sandbox: &Sandbox) {
    let client = Client::new(sandbox, "pdm-2.29.4", "pdm").with_backend();
    project(&client, "");
    let lock = || client.run("pdm").arg("lock").within(client.file("hello")).env("PDM_CHECK_UPDATE", "false");
    let user = [("PDM_PYPI_USERNAME", "aws"), ("PDM_PYPI_PASSWORD", "stale")];
    Way { client: &client, tool: "pdm", variables: &user }.is_blocked("PDM_PYPI_PASSWORD is set", lock);
    let file = ".config/pdm/config.toml";
    let written = fs::read_to_string(client.file(file)).unwrap();
    let stale = written.replace("[pypi]\n", "[pypi]\nusername = \"aws\"\npassword = \"stale\"\n");
    client.write(file, &stale);
    Way { client: &client, tool: "pdm", variables: &[] }.is_blocked("`pypi.password` of this file", lock);
    client.write(file, &written);
    let _ = lock().ok();
}

fn twine(sandbox: &Sandbox) {
    let client = Client::new(sandbox, "twine-7.0.0", "twine").with_backend();
    let (file, content) = Package::new("mine").wheel();
    fs::write(client.file(&file), content).unwrap();
    let upload = || client.run("twine").args(["upload", "--non-interactive", "-r", "my-pypi-repo", &file]);
    let password = [("TWINE_PASSWORD", "stale")];
    Way { client: &client, tool: "twine", variables: &password }.is_blocked("TWINE_PASSWORD is set", upload);
    let _ = client.set_up("twine").ok().never_says("TWINE_PASSWORD");
    let _ = upload().ok();
}

fn uv(sandbox: &Sandbox) {
    let client = Client::new(sandbox, "uv-0.13.9", "uv");
    project(&client, "");
    let lock = || client.run("uv").args(["lock", "--no-cache"]).within(client.file("hello"));
    let user = [("UV_INDEX_MY_PYPI_REPO_USERNAME", "aws"), ("UV_INDEX_MY_PYPI_REPO_PASSWORD", "stale")];
    let way = Way { client: &client, tool: "uv", variables: &user };
    way.is_blocked("UV_INDEX_MY_PYPI_REPO_PASSWORD is set", lock);
    let off = [("UV_KEYRING_PROVIDER", "disabled")];
    Way { client: &client, tool: "uv", variables: &off }.is_blocked("UV_KEYRING_PROVIDER is set", lock);
    // A project that says otherwise for itself, in either of its files.
    let in_project = || client.set_up("uv").within(client.file("hello"));
    project(&client, "[tool.uv]\nkeyring-provider = \"disabled\"\n");
    let _ = in_project().ok().says("hello/pyproject.toml` goes before this file, in that project");
    let _ = lock().fails(2);
    project(&client, "");
    client.write("hello/uv.toml", "keyring-provider = \"disabled\"\n");
    let _ = in_project().ok().says("hello/uv.toml` goes before this file, in that project");
    let _ = lock().fails(2);
    fs::remove_file(client.file("hello/uv.toml")).unwrap();
    let _ = in_project().ok().never_says("in that project");
    let _ = lock().ok();
    // An index of the project's that takes the place of the user's.
    let own = format!(
        "[[tool.uv.index]]\nname = \"mine\"\nurl = \"{}\"\ndefault = true\n",
        index("", "my-pypi-repo")
    );
    project(&client, &own);
    let _ = in_project().ok().says("without `authenticate = \"always\"`");
    fs::remove_file(client.file("hello/uv.lock")).unwrap();
    let _ = lock().fails(1).says("401 Unauthorized");
    project(&client, &format!("{own}authenticate = \"always\"\n"));
    let _ = in_project().ok().never_says("authenticate");
    let _ = lock().ok();
}

#[test]
fn what_goes_before_is_named() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        upload(sandbox, "my-pypi-repo", &five_packages());
        thread::scope(|scope| {
            for check in [netrc, poetry, pdm, twine, uv] {
                scope.spawn(move || check(sandbox));
            }
        });
    });
}
