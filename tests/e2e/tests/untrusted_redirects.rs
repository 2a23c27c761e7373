//! What clients do with the token when the registry itself sends them to another host, which asks for a password.
//! `docs/untrusted-projects.md` has the table that is compared here.

use std::fs;

use vouch_e2e::doc_tables::Table;
use vouch_e2e::hostile::HostileHost;
use vouch_e2e::maven::{self, Maven};
use vouch_e2e::node::{self, Client as Node};
use vouch_e2e::python::{Client as Python, HOST, five_packages, upload};
use vouch_e2e::{CommandOutput, MY_DOMAIN, Sandbox, in_sandbox};

const HEADING: &str = "A registry that redirects";

/// Runs a client whose registry answers every request with a redirect, and compares what arrived with the page.
fn compare(
    sandbox: &Sandbox,
    [other, plain]: &[HostileHost; 2],
    client: &str,
    run: impl Fn() -> CommandOutput,
) {
    let table = Table::of("untrusted-projects.md", HEADING);
    let places =
        [("to another host", other.url()), ("to its own host without TLS", format!("http://{HOST}"))];
    for (column, url) in places {
        let location = format!("Location:{url}/there/");
        sandbox.ctl(&["fault", "registry", "--status", "307", "--header", &location]);
        let done = run();
        sandbox.ctl(&["fault", "registry", "--clear"]);
        let heads = [other.arrived(), plain.arrived()].concat();
        let sent = heads.iter().any(|head| HostileHost::has_token(head));
        assert_ne!(done.code, 0, "{client}: {done}");
        match table.cell(client, column) {
            "sent" => assert!(sent, "{client}, {column}: {heads:?}\n{done}"),
            "held" => assert!(!sent && !heads.is_empty(), "{client}, {column}: {heads:?}\n{done}"),
            "not followed" => assert!(heads.is_empty(), "{client}, {column}: {heads:?}\n{done}"),
            other => panic!("{client}, {column}: {other}"),
        }
    }
}

#[test]
fn cargo() {
    in_sandbox(&[], |sandbox| {
        let hosts = [HostileHost::start(), HostileHost::start_plain()];
        sandbox.ready();
        sandbox.program("hello", "greeting", "my-repo");
        compare(sandbox, &hosts, "Cargo 1.95", || {
            sandbox.cargo(&["fetch"]).env("CARGO_NET_RETRY", "0").within(sandbox.file("hello")).done()
        });
    });
}

#[test]
fn node() {
    in_sandbox(&[], |sandbox| {
        let hosts = [HostileHost::start(), HostileHost::start_plain()];
        sandbox.enroll();
        sandbox.log_in();
        for client in ["npm-8", "npm-12", "pnpm-10", "pnpm-12", "yarn-1", "yarn-4", "bun"].map(Node) {
            let _ = client.set_up(sandbox, &[]).ok();
            node::fresh_project(sandbox, client, "app");
            compare(sandbox, &hosts, client.0, || {
                let run = client.run(sandbox, &client.adding(&["left"])).within(sandbox.file("app"));
                run.env("npm_config_fetch_retries", "0").env("YARN_HTTP_RETRY", "0").done()
            });
        }
    });
}

#[test]
fn python() {
    in_sandbox(&[], |sandbox| {
        let hosts = [HostileHost::start(), HostileHost::start_plain()];
        sandbox.ready();
        upload(sandbox, "my-pypi-repo", &five_packages());
        let project = "[project]\nname = \"app\"\nversion = \"0.1.0\"\nrequires-python = \">=3.9\"\n\
                       dependencies = [\"amber\"]\n";
        for (name, tool, program, args) in [
            (
                "pip-26.3",
                "pip",
                "pip",
                &["install", "--no-cache-dir", "--retries", "0", "--target", "site", "amber"][..],
            ),
            ("uv-0.13.9", "uv", "uv", &["lock", "--no-cache"]),
            ("pdm-2.29.4", "pdm", "pdm", &["lock"]),
        ] {
            let client = Python::new(sandbox, name, name).with_backend();
            let _ = client.set_up(tool).ok();
            client.write("app/pyproject.toml", project);
            compare(sandbox, &hosts, name, || {
                let run = client.run(program).args(args).within(client.file("app"));
                run.env("PDM_NO_CACHE", "1").env("PDM_CHECK_UPDATE", "false").done()
            });
        }
    });
}

/// A project that needs a library of the repository, for one Maven.
fn maven_project(sandbox: &Sandbox, maven: Maven) {
    let packages = maven.packages("central");
    let settings = format!("<settings>\n  <mirrors>\n{packages}  </mirrors>\n</settings>\n");
    sandbox.write(".m2/settings.xml", &settings);
    let _ = maven::set_up(sandbox, &[]).ok();
    let needs = "<dependencies><dependency><groupId>com.example</groupId><artifactId>greeting</artifactId>\
                 <version>1.0</version></dependency></dependencies>\n";
    let from = format!(
        "<repositories><repository><id>{}</id><url>{}</url></repository></repositories>\n",
        maven::REPOSITORY,
        maven::ENDPOINT
    );
    sandbox.write("app/pom.xml", &maven::pom("app", "1.0", &(from + needs)));
    let _ = fs::remove_dir_all(sandbox.file(".m2/repository/com"));
}

/// It goes to a host that has TLS where it does not go to one without.
#[test]
fn maven_to_another_host_with_tls() {
    in_sandbox(&[], |sandbox| {
        const NAME: &str = "private.example.net";
        sandbox.enroll();
        sandbox.log_in();
        let other = HostileHost::start_as(NAME);
        let _ = maven::options(sandbox);
        sandbox.write("other.pem", other.certificate());
        let import = ["-importcert", "-noprompt", "-alias", "other", "-storepass", "changeit"];
        let import =
            sandbox.run("keytool").args(import).args(["-file", "other.pem", "-keystore", "authority.p12"]);
        let _ = import.ok();
        let table = Table::of("untrusted-projects.md", "Maven, to another host with TLS");
        let four = Maven::Pinned("4.0.0-rc-5");
        for (name, maven, words) in [
            ("3.8.7", Maven::Distribution, &["compile"][..]),
            ("3.9.16", Maven::Pinned("3.9.16"), &["compile"]),
            ("4.0.0-rc-5", four, &["compile"]),
            (
                "4.0.0-rc-5 with `-Dmaven.resolver.transport=apache`",
                four,
                &["-Dmaven.resolver.transport=apache", "compile"],
            ),
        ] {
            maven_project(sandbox, maven);
            let location = format!("Location:https://{NAME}:{}/there/", other.port());
            sandbox.ctl(&["fault", "registry", "--status", "307", "--header", &location]);
            let done = maven.exec(sandbox, "maven", "app", words).done();
            sandbox.ctl(&["fault", "registry", "--clear"]);
            let heads = other.arrived();
            let sent = heads.iter().any(|head| HostileHost::has_token(head));
            match table.cell(name, "") {
                "sent" => assert!(sent, "{name}: {heads:?}\n{done}"),
                "held" => assert!(!sent && !heads.is_empty(), "{name}: {heads:?}\n{done}"),
                other => panic!("{name}: {other}: {heads:?}"),
            }
            let _ = sandbox.vouch(&["undo", "maven"]).ok();
        }
    });
}

#[test]
fn jvm() {
    in_sandbox(&[], |sandbox| {
        let hosts = [HostileHost::start(), HostileHost::start_plain()];
        sandbox.enroll();
        sandbox.log_in();
        for (name, maven) in [
            ("Maven 3.8.7", Maven::Distribution),
            ("Maven 3.9.16", Maven::Pinned("3.9.16")),
            ("Maven 4.0.0-rc-5", Maven::Pinned("4.0.0-rc-5")),
        ] {
            maven_project(sandbox, maven);
            compare(sandbox, &hosts, name, || maven.exec(sandbox, "maven", "app", &["compile"]).done());
            let _ = sandbox.vouch(&["undo", "maven"]).ok();
        }
        let setup = ["setup", "codeartifact", "--tool", "gradle", "--repository", maven::REPOSITORY];
        let _ = sandbox.vouch(&setup).args(MY_DOMAIN).ok();
        sandbox.write("app/settings.gradle", "rootProject.name = 'hello'\n");
        let build = "apply plugin: 'java'\nrepositories { maven { url 'URL' } }\n\
            dependencies { compile 'com.example:greeting:1.0' }\n";
        sandbox.write("app/build.gradle", &build.replace("URL", maven::ENDPOINT));
        sandbox.write("app/src/main/java/Hello.java", "class Hello {}\n");
        compare(sandbox, &hosts, "Gradle 4.4.1", || {
            let run = sandbox.run("gradle").args(["--no-daemon", "--console=plain", "compileJava"]);
            run.env("GRADLE_OPTS", maven::options(sandbox)).within(sandbox.file("app")).done()
        });
    });
}
