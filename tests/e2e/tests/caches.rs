//! Tokens that clients leave in their own caches: what `vouch doctor --deep` and `vouch logout` see, and what clears it.

use std::fs;
use std::path::Path;

use vouch_e2e::python::{Client, five_packages, index, upload};
use vouch_e2e::{CommandOutput, Run, Sandbox, in_sandbox};

const PDM_CACHE: &str = ".cache/pdm/http/http-cache.db";
const FOUND: &str = "has a token that is still valid";

fn begin(sandbox: &Sandbox) {
    sandbox.ready();
    upload(sandbox, "my-pypi-repo", &five_packages());
}

/// What the registry says of caches from now on.
fn registry_says(sandbox: &Sandbox, headers: &[&str]) {
    let mut fault = vec!["fault", "registry"];
    fault.extend(headers.iter().flat_map(|header| ["--header", *header]));
    sandbox.ctl(&fault);
}

fn doctor(client: &Client) -> CommandOutput {
    client.prepared(Run::new("vouch").args(["doctor", "--deep", "--all"])).done()
}

fn finds_nothing(client: &Client) {
    let done = doctor(client);
    assert!(
        !done.stdout.contains(FOUND) && done.stdout.contains("none of this session's tokens in"),
        "{done}"
    );
}

/// Whether any file below a folder has the token that is handed out now.
fn has_token(client: &Client, folder: &Path) -> bool {
    let token = client.prepared(Run::new("vouch").args(["credential", "codeartifact"])).ok().stdout;
    let has = |path: &Path| {
        let bytes = fs::read(path).unwrap_or_default();
        let piece = token.as_bytes()[200..240].to_vec();
        bytes.windows(piece.len()).any(|window| window == piece)
    };
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path if has(&path) => return true,
                _ => {}
            }
        }
    }
    false
}

fn locks(client: &Client, variables: &[(&str, &str)]) {
    let project = "[project]\nname = \"app\"\nversion = \"0.1.0\"\nrequires-python = \">=3.9\"\n\
                   dependencies = [\"amber\"]\n[tool.pdm]\ndistribution = false\n";
    client.write("app/pyproject.toml", project);
    let _ = fs::remove_file(client.file("app/pdm.lock"));
    let run = client.run("pdm").arg("lock").within(client.file("app"));
    let _ = variables.iter().fold(run, |run, (name, value)| run.env(name, value)).ok();
}

#[test]
fn what_pdm_keeps_is_found_and_its_own_command_clears_it() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let client = Client::new(sandbox, "pdm-2.29.4", "pdm").with_backend();
        let _ = client.set_up("pdm").ok();
        let cache = client.file(PDM_CACHE);
        locks(&client, &[]);
        finds_nothing(&client);

        registry_says(sandbox, &["Cache-Control:public, max-age=600"]);
        // Without its cache, nothing is kept.
        let _ = client.run("pdm").args(["cache", "clear"]).ok();
        locks(&client, &[("PDM_NO_CACHE", "1")]);
        finds_nothing(&client);
        locks(&client, &[]);
        let done = doctor(&client).expect_code(1);
        let _ = done.shows(&format!("`{}` {FOUND}", cache.display())).shows("Run `pdm cache clear`.");
        let _ = client.prepared(Run::new("vouch").arg("doctor")).done();
        let _ = client.run("pdm").args(["cache", "clear"]).ok();
        assert!(!doctor(&client).stdout.contains(FOUND));

        locks(&client, &[]);
        let out = client.prepared(Run::new("vouch").arg("logout")).ok();
        let _ = out.says(&format!("pdm keeps a token that is still valid in `{}`", cache.display()));
        sandbox.log_in();
        let _ = client.run("pdm").args(["cache", "clear"]).ok();
        let _ = client.prepared(Run::new("vouch").arg("logout")).ok().never_says("pdm keeps");
        // Without a session, nothing is known to look for.
        let _ = doctor(&client).shows("no token is known to look for");
    });
}

#[test]
fn what_pip_keeps_is_found_and_its_own_command_clears_it() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        registry_says(sandbox, &["Vary:Authorization", "Cache-Control:max-age=600"]);
        for version in ["pip-24.0", "pip-26.3"] {
            let client = Client::new(sandbox, version, version);
            let _ = client.set_up("pip").ok();
            let install = ["install", "--disable-pip-version-check", "--target", "site", "amber"];
            let _ = client.run("pip").args(install).ok();
            let kept = client.file(".cache/pip");
            assert!(!has_token(&client, &kept), "as it is, pip keeps it in base64");
            let _ = doctor(&client).expect_code(1).shows(FOUND).shows("Run `pip cache purge`.");
            let _ = client.run("pip").args(["cache", "purge"]).ok();
            assert!(!doctor(&client).stdout.contains(FOUND));
        }
    });
}

#[test]
fn tokens_in_caches_of_other_clients_are_found_in_every_form() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        for tool in ["cargo", "npm", "uv", "maven"] {
            let setup = ["setup", "codeartifact", "--tool", tool, "--repository", "my-repo"];
            let _ = sandbox.vouch(&setup).args(vouch_e2e::MY_DOMAIN).ok();
        }
        let token = sandbox.vouch(&["credential", "codeartifact"]).ok().stdout.trim().to_owned();
        let url = index("", "my-repo");
        let places = [
            (".cargo/registry/index/x/.cache/a", format!("authorization: {token}"), "rm"),
            (".npm/_logs/1.log", format!("npm http fetch GET {url}?token={token}"), "rm"),
            (".npm/_cacache/content-v2/x", format!("\"{token}\""), "npm cache clean --force"),
            (".cache/uv/simple-v16/x.rkyv", token[300..500].to_owned(), "uv cache clean"),
            (".m2/repository/a/resolver-status.properties", format!("https\\://h/{token}/.error="), "rm"),
        ];
        for (file, text, fix) in &places {
            sandbox.write(file, text);
            let done = sandbox.vouch(&["doctor", "--deep"]).fails(1);
            let done = done.shows(&format!("`{}` {FOUND}", sandbox.file(file).display()));
            let _ = done.shows(&format!("Run `{fix}"));
            fs::remove_file(sandbox.file(file)).unwrap();
            let done = sandbox.vouch(&["doctor", "--deep"]).done();
            assert!(!done.stdout.contains(FOUND), "{done}");
        }
    });
}
