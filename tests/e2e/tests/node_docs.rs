//! The pages of npm, pnpm, yarn and bun, typed word for word by somebody who has just enrolled.

use vouch_e2e::doc_blocks::{Block, blocks_of};
use vouch_e2e::node::{self, Client};
use vouch_e2e::{Sandbox, in_sandbox};

const PREAPPROVED: &str = "npmPreapprovedPackages:";

/// Types what a part of a page says, with a client, in a project that is a package of its own. A block of another
/// language must be in one of the files that what was typed so far has written.
fn follow(sandbox: &Sandbox, client: Client, blocks: &[Block], files: &[&str]) {
    assert!(blocks.iter().any(Block::is_typed), "nothing to type");
    let folder = format!("with-{}", client.0);
    node::fresh_project(sandbox, client, &folder);
    let manifest = format!(
        "{{\"name\": \"@acme/{folder}\", \"version\": \"1.0.0\", \"dependencies\": {{\"plain\": \"^1.0.0\"}}}}"
    );
    sandbox.write(&format!("{folder}/package.json"), &manifest);
    sandbox.write(&format!("{folder}/index.js"), "");
    for block in blocks {
        if block.is_typed() {
            let _ = client
                .prepared(sandbox, "bash")
                .args(["-euc", &block.text])
                .within(sandbox.file(&folder))
                .ok();
        } else {
            let written =
                files.iter().map(|file| std::fs::read_to_string(sandbox.file(file)).unwrap_or_default());
            block.assert_in(sandbox, &written.collect::<String>());
        }
    }
}

/// Enrolled and logged in, with packages in the repository, as it is before a page is opened.
fn begin(sandbox: &Sandbox) {
    sandbox.enroll();
    sandbox.log_in();
    let publisher = Client("npm-11");
    let _ = publisher.set_up(sandbox, &[]).ok();
    node::publish_three(sandbox, publisher);
    let _ = sandbox.vouch(&["undo", "npm"]).ok();
    assert!(!sandbox.file(".npmrc").exists());
    sandbox.ctl(&["reset"]);
}

fn assert_used(sandbox: &Sandbox, client: Client, publishes: bool) {
    assert!(sandbox.count("/registry/npm/tarball") >= 2, "{client:?}: installed");
    assert_eq!(sandbox.count("/registry/npm/publish"), u64::from(publishes), "{client:?}");
    assert_eq!(sandbox.count("/registry/npm/bad_token"), 0, "{client:?}");
}

#[test]
fn the_page_of_npm() {
    for (client, flags) in [("npm-8", &[][..]), ("npm-12", &["--cards", "1"])] {
        in_sandbox(flags, |sandbox| {
            begin(sandbox);
            follow(sandbox, Client(client), &blocks_of("npm.md"), &[".npmrc"]);
            assert_used(sandbox, Client(client), true);
            assert!(sandbox.read(".npmrc").contains(":_authToken=${CODEARTIFACT_AUTH_TOKEN}"));
        });
    }
}

#[test]
fn the_page_of_pnpm() {
    for (client, flags) in [("pnpm-10", &[][..]), ("pnpm-12", &["--cards", "1"])] {
        in_sandbox(flags, |sandbox| {
            begin(sandbox);
            follow(sandbox, Client(client), &blocks_of("pnpm.md"), &[".config/pnpm/auth.ini", ".npmrc"]);
            assert_used(sandbox, Client(client), true);
        });
    }
}

#[test]
fn the_page_of_yarn() {
    for (client, section, flags) in [("yarn-4", "yarn 4", &[][..]), ("yarn-1", "yarn 1", &["--cards", "1"])] {
        in_sandbox(flags, |sandbox| {
            begin(sandbox);
            let of_client = |block: &Block| block.section == section && !block.text.starts_with(PREAPPROVED);
            let blocks = blocks_of("yarn.md").into_iter().filter(of_client);
            follow(sandbox, Client(client), &blocks.collect::<Vec<_>>(), &[".yarnrc.yml", ".npmrc"]);
            assert_used(sandbox, Client(client), true);
        });
    }
}

#[test]
fn yarn_4_installs_a_new_version_that_is_named() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let yarn = Client("yarn-4");
        let _ = yarn.set_up(sandbox, &[]).ok();
        node::package(sandbox, "new", "@acme/new", &[]);
        let _ = yarn.publish(sandbox, "new").ok();
        node::fresh_project(sandbox, yarn, "app");
        let install = || {
            let add = yarn.run(sandbox, &["add", "@acme/new"]).within(sandbox.file("app"));
            add.env("YARN_NPM_MINIMAL_AGE_GATE", "1440").done()
        };
        let _ = install().expect_code(1).shows("quarantined");
        let block = blocks_of("yarn.md").into_iter().find(|block| block.text.starts_with(PREAPPROVED));
        sandbox.write("app/.yarnrc.yml", &block.expect("the page tells it").text);
        let _ = install().expect_code(0);
    });
}

#[test]
fn the_page_of_bun() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        follow(sandbox, Client("bun"), &blocks_of("bun.md"), &[".npmrc"]);
        assert_used(sandbox, Client("bun"), true);
    });
}
