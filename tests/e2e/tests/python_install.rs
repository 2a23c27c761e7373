//! Every Python client installs five packages from a private index: how often it starts the helper, what that costs
//! upstream, and that no token is left in any file.

use std::path::Path;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vouch_e2e::python::{Client, FIVE, Package, five_packages, index, upload, wheel_of_installed};
use vouch_e2e::{Run, Sandbox, in_sandbox};

const PIPS: [&str; 6] = ["pip-23.0.1", "pip-24.0", "pip-25.3", "pip-26.1", "pip-26.2.1", "pip-26.3"];
const UVS: [&str; 2] = ["uv-0.9.30", "uv-0.13.9"];

fn has_all_five(folder: &Path) {
    for name in FIVE {
        assert!(folder.join(format!("{name}.py")).exists(), "{name} is not in {}", folder.display());
    }
}

/// The environment that a client made for a project has the five packages.
fn imports_all_five(client: &Client, project: &str) {
    let python = client.file(project).join(".venv/bin/python");
    let _ = client.prepared(Run::new(python)).args(["-c", &format!("import {}", FIVE.join(", "))]).ok();
}

/// A project that needs the five packages, with more in its `pyproject.toml`.
fn project(client: &Client, name: &str, more: &str) {
    let needs = FIVE.map(|name| format!("\"{name}\"")).join(", ");
    let text = format!(
        "[project]\nname = \"{name}\"\nversion = \"0.1.0\"\nrequires-python = \">=3.9\"\ndependencies = [{needs}]\n{more}"
    );
    client.write(&format!("{name}/pyproject.toml"), &text);
}

/// How many starts there were since the last time.
fn starts(client: &Client) -> usize {
    let starts = client.starts().len();
    client.forget_starts();
    starts
}

fn pip(sandbox: &Sandbox, version: &str) {
    let client = Client::new(sandbox, version, version);
    let _ = client.set_up("pip").ok();
    // Looking for a newer pip, which it does once a week, costs one start more.
    let install = client.run("pip").args(["install", "--disable-pip-version-check", "--target", "site"]);
    let _ = install.args(FIVE).ok();
    has_all_five(&client.file("site"));
    assert_eq!(starts(&client), 1, "{version}");
}

/// The weekly look for a newer pip is made with a session of its own, which asks again.
fn pip_that_looks_for_a_newer_one(sandbox: &Sandbox) {
    let client = Client::new(sandbox, "pip-26.3", "newer");
    let _ = client.set_up("pip").ok();
    let install = |name| client.run("pip").args(["install", "--target", "site", name]).ok();
    let _ = install("amber");
    assert_eq!(starts(&client), 2);
    let _ = install("birch");
    assert_eq!(starts(&client), 1, "not twice a week");
}

fn uv(sandbox: &Sandbox, version: &str) {
    let client = Client::new(sandbox, version, version);
    let _ = client.set_up("uv").ok();
    for expected in [1, 0] {
        let _ = client.run("uv").args(["pip", "install", "--target", "site"]).args(FIVE).ok();
        has_all_five(&client.file("site"));
        assert_eq!(starts(&client), expected, "{version}");
    }
    project(&client, "hello", "");
    let uv = |args: &[&str]| client.run("uv").args(args).within(client.file("hello")).ok();
    let _ = uv(&["lock", "--no-cache"]);
    assert_eq!(starts(&client), 1, "{version}");
    for expected in [1, 0] {
        let _ = uv(&["sync"]);
        assert!(starts(&client) <= expected, "{version}");
    }
    imports_all_five(&client, "hello");
    let _ = uv(&["tool", "install", "--no-cache", "greet"]);
    assert_eq!(starts(&client), 1, "{version}");
    let _ = client.prepared(Run::new(client.file(".local/bin/greet"))).ok().shows("hello");
    let _ = uv(&["tool", "run", "--no-cache", "--isolated", "greet"]).shows("hello");
    assert_eq!(starts(&client), 1, "{version}");
}

fn uv_with_a_user(sandbox: &Sandbox, version: &str) {
    let client = Client::new(sandbox, version, &format!("{version}-aws"));
    let config = format!(
        "keyring-provider = \"subprocess\"\n[[index]]\nurl = \"{}\"\ndefault = true\n",
        index("aws@", "my-pypi-repo")
    );
    client.write(".config/uv/uv.toml", &config);
    let _ = client.run("uv").args(["pip", "install", "--target", "site"]).args(FIVE).ok();
    has_all_five(&client.file("site"));
    assert_eq!(starts(&client), 1, "{version}");
}

fn poetry(sandbox: &Sandbox) {
    let client = Client::new(sandbox, "poetry-2.5.1", "poetry").with_backend();
    let _ = client.set_up("poetry").ok();
    project(&client, "hello", "[tool.poetry]\npackage-mode = false\n");
    let poetry = |args: &[&str]| {
        let run = client.run("poetry").args(args).within(client.file("hello"));
        let _ = run.env("POETRY_VIRTUALENVS_IN_PROJECT", "true").ok();
    };
    poetry(&["source", "add", "--priority", "primary", "my-pypi-repo", &index("", "my-pypi-repo")]);
    assert_eq!(starts(&client), 0);
    poetry(&["lock"]);
    assert_eq!(starts(&client), 1);
    poetry(&["install"]);
    // Each of its workers asks about the index and about the repository, until one has an answer.
    let starts = starts(&client);
    assert!((1..=1 + 2 * FIVE.len()).contains(&starts), "{starts}");
    imports_all_five(&client, "hello");
}

fn pdm(client: &Client) {
    let _ = client.set_up("pdm").ok();
    project(client, "hello", "[tool.pdm]\ndistribution = false\n");
    for command in ["lock", "install"] {
        let _ = client.run("pdm").arg(command).within(client.file("hello")).ok();
        // It works on several packages at once, and asks for the index and for each file until one has an answer.
        let starts = starts(client);
        assert!((1..=1 + FIVE.len()).contains(&starts), "{command}: {starts}");
    }
    imports_all_five(client, "hello");
}

fn pipx(sandbox: &Sandbox) {
    let client = Client::new(sandbox, "pipx-1.18.4", "pipx");
    let _ = client.set_up("pip").ok();
    // The pip of an older Python asks nobody for the newer one that pipx wants first.
    let (name, wheel) = wheel_of_installed("pip-26.3", "pip");
    std::fs::create_dir_all(client.file("wheels")).unwrap();
    std::fs::write(client.file("wheels").join(name), wheel).unwrap();
    let install = client.run("pipx").args(["install", "greet"]).env("PIP_FIND_LINKS", client.file("wheels"));
    let install = install.ok();
    let _ = client.prepared(Run::new(client.file(".local/bin/greet"))).ok().shows("hello");
    // One for the pip that it keeps for itself, one for the program.
    assert!((1..=2).contains(&starts(&client)), "{install}");
}

/// What a token looks like in a file or in a header of a cache.
fn spellings(token: &str) -> String {
    [token.to_owned(), STANDARD.encode(format!("aws:{token}")), STANDARD.encode(format!("aws:{token}\n"))]
        .join("\n")
}

fn assert_no_token_in_any_file(sandbox: &Sandbox) {
    let run = sandbox.run("pip-keyring-vouch").args(["get", &index("", "my-pypi-repo"), "aws"]).ok().stdout;
    let session = sandbox.vouch(&["credential", "codeartifact"]).ok().stdout;
    let patterns = [run.trim(), session.trim()].map(spellings).join("\n");
    let search = || {
        sandbox
            .run("grep")
            .args(["--recursive", "--text", "--files-with-matches", "--fixed-strings"])
            .args(["--file", "-", "."])
    };
    sandbox.write("people/planted", spellings(run.trim()).lines().nth(1).unwrap_or_default());
    let _ = search().stdin(patterns.clone()).ok().shows("people/planted");
    std::fs::remove_file(sandbox.file("people/planted")).unwrap();
    for lock in ["poetry", "pdm-module", "pdm-program"] {
        let found = std::fs::read_dir(sandbox.file(&format!("people/{lock}/hello"))).unwrap().flatten();
        assert!(
            found.into_iter().any(|entry| entry.file_name().to_string_lossy().ends_with(".lock")),
            "{lock}"
        );
    }
    assert!(sandbox.read("people/uv-0.13.9/hello/uv.lock").contains(&index("", "my-pypi-repo")));
    let _ = search().stdin(patterns).fails(1);
}

#[test]
fn five_packages_with_every_client() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let mut packages = five_packages();
        packages.push(Package::new("greet").code("def main():\n    print('hello')\n").command().wheel());
        // pipx keeps a pip of its own up to date, from the index like everything else.
        packages.push(wheel_of_installed("pip-26.3", "pip"));
        upload(sandbox, "my-pypi-repo", &packages);
        // The token to upload with is of another kind: the first of the helper's own is fetched here.
        let _ = sandbox.run("pip-keyring-vouch").args(["get", &index("", "my-pypi-repo"), "aws"]).ok();
        let _ = sandbox.ctl(&["reset"]);
        thread::scope(|scope| {
            scope.spawn(|| poetry(sandbox));
            scope.spawn(|| pdm(&Client::new(sandbox, "pdm-2.29.4", "pdm-module").with_backend()));
            scope.spawn(|| pdm(&Client::new(sandbox, "pdm-2.29.4", "pdm-program").without_keyring_package()));
            scope.spawn(|| pipx(sandbox));
            scope.spawn(|| pip_that_looks_for_a_newer_one(sandbox));
            for version in PIPS {
                scope.spawn(move || pip(sandbox, version));
            }
            for version in UVS {
                scope.spawn(move || uv(sandbox, version));
                scope.spawn(move || uv_with_a_user(sandbox, version));
            }
        });
        assert_eq!(sandbox.count("/sts/assume_role_with_web_identity"), 0, "the token was there");
        // Each is set up once, and a setup proves itself with a token of its own.
        let proofs = 5 + PIPS.len() + UVS.len();
        let asked = usize::try_from(sandbox.count("/codeartifact/get_authorization_token")).unwrap();
        assert_eq!(asked, proofs, "the token was there");
        assert_eq!(sandbox.count("/registry/pypi/bad_token"), 0);
        assert_no_token_in_any_file(sandbox);
    });
}
