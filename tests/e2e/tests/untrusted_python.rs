//! What a project can make pip, uv, poetry, pdm and twine do with the token. `docs/untrusted-projects.md` has the table that is
//! compared here, cell by cell; uv's proxies have tests of their own.

use std::fs;

use vouch_e2e::doc_tables::Table;
use vouch_e2e::hostile::HostileHost;
use vouch_e2e::python::{Client, HOST, Package, five_packages, index, upload};
use vouch_e2e::{CommandOutput, Run, Sandbox, in_sandbox};

const HEADING: &str = "pip, uv, poetry, pdm and twine";

/// What a project does, in the words of the page.
const HTTP_DEPENDENCY: &str = "a dependency is a URL of your registry over plain HTTP";
const HTTP_INDEX: &str = "it names your index over plain HTTP";
const UNCHECKED: &str = "it switches the check of certificates off, and somebody is in the middle";
const OTHER_HOST: &str = "it names an index on another host";

struct Attack<'a> {
    client: &'a Client,
    name: &'static str,
    hosts: [&'a HostileHost; 3],
    table: &'a Table,
}

impl Attack<'_> {
    /// A new project with these files.
    fn project(&self, files: &[(&str, &str)]) {
        for name in ["app", ".cache"] {
            let _ = fs::remove_dir_all(self.client.file(name));
        }
        fs::create_dir_all(self.client.file("app")).unwrap();
        for (name, text) in files {
            self.client.write(&format!("app/{name}"), text);
        }
    }

    fn run(&self, program: &str, args: &[&str]) -> Run {
        self.client.run(program).args(args).within(self.client.file("app"))
    }

    /// Compares what arrived with the page.
    fn compare(&self, what: &str, done: &CommandOutput) {
        let heads = self.hosts.map(HostileHost::arrived).concat();
        let sent = heads.iter().any(|head| HostileHost::has_token(head));
        let name = self.name;
        match self.table.cell(what, name) {
            "sent" => assert!(sent, "{name}, {what}: {heads:?}\n{done}"),
            "held" => {
                assert!(!sent, "{name}, {what}: {heads:?}\n{done}");
                assert!(!heads.is_empty() || done.code != 0, "{name}, {what}: it showed nothing\n{done}");
            }
            other => panic!("{name}, {what}: {other}"),
        }
    }

    fn has_no_way(&self, what: &str) {
        assert_eq!(self.table.cell(what, self.name), "\u{2013}", "{} {what}", self.name);
    }
}

fn manifest(dependency: &str, more: &str) -> String {
    format!(
        "[project]\nname = \"app\"\nversion = \"0.1.0\"\nrequires-python = \">=3.9\"\n\
         dependencies = [\"{dependency}\"]\n{more}"
    )
}

/// Hosts of an adversary on every way, and the client set up.
fn attack(name: &'static str, tool: &str, body: impl Fn(&Sandbox, &Attack<'_>)) {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        upload(sandbox, "my-pypi-repo", &five_packages());
        let client = Client::new(sandbox, name, name).with_backend();
        let _ = client.set_up(tool).ok();
        let hosts = [HostileHost::start(), HostileHost::start_plain(), HostileHost::start_in_the_middle()];
        let table = Table::of("untrusted-projects.md", HEADING);
        let known = [HTTP_DEPENDENCY, HTTP_INDEX, UNCHECKED, OTHER_HOST];
        assert!(table.rows().all(|row| known.contains(&row)), "the page has a row without a test");
        body(sandbox, &Attack { client: &client, name, hosts: hosts.each_ref(), table: &table });
    });
}

/// The index and a file of a package, over plain HTTP.
fn plain() -> (String, String) {
    let index = index("", "my-pypi-repo").replace("https://", "http://");
    let file = format!("http://{HOST}/pypi/my-pypi-repo/simple/amber/1.0.0/amber-1.0.0-py3-none-any.whl");
    (index, file)
}

fn pip(name: &'static str) {
    attack(name, "pip", |_, attack| {
        let (plain_index, file) = plain();
        let requirements = |text: &str| {
            attack.project(&[("requirements.txt", text)]);
            let install = ["install", "--disable-pip-version-check", "--no-cache-dir", "--retries", "0"];
            attack.run("pip", &install).args(["--target", "site", "-r", "requirements.txt"]).done()
        };
        attack.compare(HTTP_DEPENDENCY, &requirements(&format!("amber @ {file}\n")));
        attack.compare(
            HTTP_INDEX,
            &requirements(&format!("--index-url {plain_index}\n--trusted-host {HOST}\namber\n")),
        );
        let other = attack.hosts[0].url();
        attack.compare(
            OTHER_HOST,
            &requirements(&format!(
                "--extra-index-url {other}/simple\n--trusted-host 127.0.0.1\nelsewhere\n"
            )),
        );
        let led = attack.hosts[2].in_the_middle();
        let done = requirements("amber\n");
        assert!(attack.hosts[2].arrived().is_empty() && done.code != 0, "the check of certificates: {done}");
        attack.compare(UNCHECKED, &requirements(&format!("--trusted-host {HOST}\namber\n")));
        drop(led);
    });
}

#[test]
fn pip_24() {
    pip("pip-24.0");
}

#[test]
fn pip_26() {
    pip("pip-26.3");
}

#[test]
fn uv() {
    attack("uv-0.13.9", "uv", |_, attack| {
        let (plain_index, file) = plain();
        let locks = |dependency: &str, more: &str| {
            attack.project(&[("pyproject.toml", &manifest(dependency, more))]);
            attack.run("uv", &["lock", "--no-cache"]).done()
        };
        attack.compare(HTTP_DEPENDENCY, &locks(&format!("amber @ {file}"), ""));
        let index = |url: &str| {
            format!("[[tool.uv.index]]\nname = \"x\"\nurl = \"{url}\"\nauthenticate = \"always\"\n")
        };
        attack.compare(HTTP_INDEX, &locks("amber", &index(&plain_index)));
        attack
            .compare(OTHER_HOST, &locks("elsewhere", &index(&format!("{}/simple/", attack.hosts[0].url()))));
        let led = attack.hosts[2].in_the_middle();
        let insecure = format!("[tool.uv]\nallow-insecure-host = [\"{HOST}\"]\n");
        attack.compare(UNCHECKED, &locks("amber", &insecure));
        drop(led);
    });
}

#[test]
fn poetry() {
    attack("poetry-2.5.1", "poetry", |_, attack| {
        let (plain_index, file) = plain();
        let source =
            |name: &str, url: &str| format!("[[tool.poetry.source]]\nname = \"{name}\"\nurl = \"{url}\"\n");
        let locks = |dependency: &str, more: &str, settings: &str| {
            let more = format!("[tool.poetry]\npackage-mode = false\n{more}");
            attack.project(&[("pyproject.toml", &manifest(dependency, &more)), ("poetry.toml", settings)]);
            attack.run("poetry", &["lock", "--no-cache"]).env("POETRY_REQUESTS_MAX_RETRIES", "0").done()
        };
        let ours = source("my-pypi-repo", &index("", "my-pypi-repo"));
        attack.compare(HTTP_DEPENDENCY, &locks(&format!("amber @ {file}"), &ours, ""));
        attack.compare(HTTP_INDEX, &locks("amber", &source("my-pypi-repo", &plain_index), ""));
        let other = source("my-pypi-repo", &format!("{}/simple/", attack.hosts[0].url()));
        attack.compare(OTHER_HOST, &locks("elsewhere", &other, ""));
        let led = attack.hosts[2].in_the_middle();
        attack.compare(UNCHECKED, &locks("amber", &ours, "[certificates.my-pypi-repo]\ncert = false\n"));
        drop(led);
    });
}

#[test]
fn pdm() {
    attack("pdm-2.29.4", "pdm", |_, attack| {
        let (plain_index, file) = plain();
        let locks = |dependency: &str, more: &str, settings: &str| {
            let more = format!("[tool.pdm]\ndistribution = false\n{more}");
            attack.project(&[("pyproject.toml", &manifest(dependency, &more)), ("pdm.toml", settings)]);
            attack.run("pdm", &["lock"]).env("PDM_NO_CACHE", "1").env("PDM_CHECK_UPDATE", "false").done()
        };
        let source =
            |url: &str, more: &str| format!("[[tool.pdm.source]]\nname = \"pypi\"\nurl = \"{url}\"\n{more}");
        attack.compare(HTTP_DEPENDENCY, &locks(&format!("amber @ {file}"), "", ""));
        attack.compare(HTTP_INDEX, &locks("amber", &source(&plain_index, "verify_ssl = false\n"), ""));
        let other = source(&format!("{}/simple/", attack.hosts[0].url()), "");
        attack.compare(OTHER_HOST, &locks("elsewhere", &other, ""));
        let led = attack.hosts[2].in_the_middle();
        attack.compare(UNCHECKED, &locks("amber", "", "[pypi]\nverify_ssl = false\n"));
        drop(led);
    });
}

#[test]
fn twine() {
    attack("twine-7.0.0", "twine", |_, attack| {
        attack.project(&[]);
        let (file, wheel) = Package::new("mine").wheel();
        fs::create_dir_all(attack.client.file("app/dist")).unwrap();
        fs::write(attack.client.file("app/dist").join(&file), wheel).unwrap();
        let upload = |repository: &str| {
            let file = format!("dist/{file}");
            let args =
                ["upload", "--non-interactive", "--repository-url", repository, "--username", "aws", &file];
            attack.run("twine", &args).done()
        };
        // It reads no file of a project; what is typed is the person's.
        for what in [HTTP_DEPENDENCY, HTTP_INDEX, UNCHECKED] {
            attack.has_no_way(what);
        }
        attack.compare(OTHER_HOST, &upload(&format!("{}/pypi/my-pypi-repo/", attack.hosts[0].url())));
    });
}
