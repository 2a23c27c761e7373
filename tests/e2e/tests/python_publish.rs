//! uv, twine, poetry and pdm publish to a private repository, and what each says when the file is there already.

use std::fs;
use std::thread;

use vouch_e2e::python::{Client, Package, index, publish_url};
use vouch_e2e::{CommandOutput, Sandbox, in_sandbox};

/// A publisher, with a package of its own that is built already.
struct Publisher {
    client: Client,
    package: &'static str,
}

impl Publisher {
    fn new(
        sandbox: &Sandbox,
        version: &str,
        package: &'static str,
        prepare: impl FnOnce(Client) -> Client,
    ) -> Self {
        let client = prepare(Client::new(sandbox, version, package));
        let project =
            format!("[project]\nname = \"{package}\"\nversion = \"1.0\"\nrequires-python = \">=3.9\"\n");
        client.write("hello/pyproject.toml", &project);
        let (file, content) = Package::new(package).wheel();
        fs::create_dir_all(client.file("hello/dist")).unwrap();
        fs::write(client.file("hello/dist").join(file), content).unwrap();
        Self { client, package }
    }

    /// Runs the tool in the project, and tells how often it started the helper.
    fn run(&self, tool: &str, args: &[&str]) -> (CommandOutput, usize) {
        self.client.forget_starts();
        let run = self.client.run(tool).args(args).within(self.client.file("hello"));
        // pdm looks for a newer pdm once a week, and asks for that as well.
        let done = run.env("PDM_CHECK_UPDATE", "false").done();
        (done, self.client.starts().len())
    }

    /// Publishes; then once more, which is refused for what it is.
    fn publishes(&self, tool: &str, args: &[&str], expected: usize, conflict: &str) {
        let (done, starts) = self.run(tool, args);
        let done = done.expect_code(0);
        assert_eq!(starts, expected, "{done}\n{:#?}", self.client.starts());
        let (done, _) = self.run(tool, args);
        assert_ne!(done.code, 0, "{done}");
        let said = format!("{}{}", done.stdout, done.stderr);
        assert!(said.contains(conflict) && !said.contains("vouch login"), "{done}");
    }
}

fn twine(sandbox: &Sandbox) {
    let twine = Publisher::new(sandbox, "twine-7.0.0", "viatwine", Client::with_backend);
    let _ = twine.client.set_up("twine").ok();
    let file = format!("dist/{}-1.0-py3-none-any.whl", twine.package);
    twine.publishes(
        "twine",
        &["upload", "--non-interactive", "-r", "my-pypi-repo", &file],
        1,
        "409 Conflict",
    );
}

fn poetry(sandbox: &Sandbox) {
    let poetry = Publisher::new(sandbox, "poetry-2.5.1", "viapoetry", Client::with_backend);
    let _ = poetry.client.set_up("poetry").ok();
    let args = ["publish", "--no-interaction", "-r", "my-pypi-repo"];
    poetry.publishes("poetry", &args, 1, "HTTP Error 409: Conflict");
}

fn pdm(sandbox: &Sandbox) {
    let args = ["publish", "--no-build", "-r", "my-pypi-repo"];
    let pdm = Publisher::new(sandbox, "pdm-2.29.4", "viapdm", Client::with_backend);
    let _ = pdm.client.set_up("pdm").ok();
    pdm.publishes("pdm", &args, 1, "409 Conflict");
    // It asks about a name of its own first, twice.
    let pdm = Publisher::new(sandbox, "pdm-2.29.4", "viapdmprogram", Client::without_keyring_package);
    let _ = pdm.client.set_up("pdm").ok();
    pdm.publishes("pdm", &args, 3, "409 Conflict");
}

fn uv(sandbox: &Sandbox, version: &'static str, package: &'static str) {
    let uv = Publisher::new(sandbox, version, package, |client| client);
    let _ = uv.client.set_up("uv").ok();
    let by_index = ["publish", "--index", "my-pypi-repo", "--username", "aws"];
    // The second is about the index, where uv looks for what is there.
    let (done, starts) = uv.run("uv", &by_index);
    assert_eq!(starts, 2, "{}", done.expect_code(0));
    let (done, _) = uv.run("uv", &by_index);
    let _ = done.expect_code(0).says("already exists, skipping");

    let by_url = ["publish", "--publish-url", &publish_url("my-pypi-repo"), "--username", "aws"];
    let (done, starts) = uv.run("uv", &by_url);
    let _ = done.expect_code(2).says("409 Conflict");
    assert_eq!(starts, 1);
    // A name for the user is what makes uv ask.
    let (done, starts) = uv.run("uv", &by_url[..3]);
    let _ = done.expect_code(2).says("Missing credentials");
    assert_eq!(starts, 0);
}

#[test]
fn every_publisher_publishes_once() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let _ = sandbox.run("pip-keyring-vouch").args(["get", &index("", "my-pypi-repo"), "aws"]).ok();
        let _ = sandbox.ctl(&["reset"]);
        thread::scope(|scope| {
            scope.spawn(|| twine(sandbox));
            scope.spawn(|| poetry(sandbox));
            scope.spawn(|| pdm(sandbox));
            scope.spawn(|| uv(sandbox, "uv-0.9.30", "viaolderuv"));
            scope.spawn(|| uv(sandbox, "uv-0.13.9", "viauv"));
        });
        let tried = ["viatwine", "viapoetry", "viapdm", "viapdmprogram", "viaolderuv", "viauv"];
        let client = Client::new(sandbox, "pip-26.3", "reader");
        let _ = client.set_up("pip").ok();
        let _ = client.run("pip").args(["install", "--target", "site"]).args(tried).ok();
        assert_eq!(sandbox.count("/sts/assume_role_with_web_identity"), 0, "the token was there");
        assert_eq!(sandbox.count("/registry/pypi/bad_token"), 0);
    });
}
