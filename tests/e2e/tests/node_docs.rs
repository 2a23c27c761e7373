//! The pages of npm, pnpm, yarn and bun, typed word for word by somebody who has just enrolled.

use vouch_e2e::node::{self, Client};
use vouch_e2e::pages::{Block, blocks_of};
use vouch_e2e::{Bed, in_sandbox};

const PREAPPROVED: &str = "npmPreapprovedPackages:";

/// Types what a part of a page says, with a client, in a project that is a package of its own. A block of another
/// language must be in one of the files that what was typed so far has written.
fn follow(bed: &Bed, client: Client, blocks: &[Block], files: &[&str]) {
    assert!(blocks.iter().any(Block::is_typed), "nothing to type");
    let folder = format!("with-{}", client.0);
    node::fresh_project(bed, client, &folder);
    let manifest = format!(
        "{{\"name\": \"@acme/{folder}\", \"version\": \"1.0.0\", \"dependencies\": {{\"plain\": \"^1.0.0\"}}}}"
    );
    bed.write(&format!("{folder}/package.json"), &manifest);
    bed.write(&format!("{folder}/index.js"), "");
    for block in blocks {
        if block.is_typed() {
            let _ = client.prepared(bed, "bash").args(["-euc", &block.text]).within(bed.file(&folder)).ok();
        } else {
            let written =
                files.iter().map(|file| std::fs::read_to_string(bed.file(file)).unwrap_or_default());
            block.assert_in(bed, &written.collect::<String>());
        }
    }
}

/// Enrolled and logged in, with packages in the repository, as it is before a page is opened.
fn begin(bed: &Bed) {
    bed.enroll();
    bed.log_in();
    let publisher = Client("npm-11");
    let _ = publisher.set_up(bed, &[]).ok();
    node::publish_three(bed, publisher);
    let _ = bed.vouch(&["undo", "npm"]).ok();
    assert!(!bed.file(".npmrc").exists());
    bed.ctl(&["reset"]);
}

fn assert_used(bed: &Bed, client: Client, publishes: bool) {
    assert!(bed.count("/registry/npm/tarball") >= 2, "{client:?}: installed");
    assert_eq!(bed.count("/registry/npm/publish"), u64::from(publishes), "{client:?}");
    assert_eq!(bed.count("/registry/npm/bad_token"), 0, "{client:?}");
}

#[test]
fn the_page_of_npm() {
    for (client, flags) in [("npm-8", &[][..]), ("npm-12", &["--cards", "1"])] {
        in_sandbox(flags, |bed| {
            begin(bed);
            follow(bed, Client(client), &blocks_of("npm.md"), &[".npmrc"]);
            assert_used(bed, Client(client), true);
            assert!(bed.read(".npmrc").contains(":_authToken=${CODEARTIFACT_AUTH_TOKEN}"));
        });
    }
}

#[test]
fn the_page_of_pnpm() {
    for (client, flags) in [("pnpm-10", &[][..]), ("pnpm-12", &["--cards", "1"])] {
        in_sandbox(flags, |bed| {
            begin(bed);
            follow(bed, Client(client), &blocks_of("pnpm.md"), &[".config/pnpm/auth.ini", ".npmrc"]);
            assert_used(bed, Client(client), true);
        });
    }
}

#[test]
fn the_page_of_yarn() {
    for (client, section, flags) in [("yarn-4", "yarn 4", &[][..]), ("yarn-1", "yarn 1", &["--cards", "1"])] {
        in_sandbox(flags, |bed| {
            begin(bed);
            let of_client = |block: &Block| block.section == section && !block.text.starts_with(PREAPPROVED);
            let blocks = blocks_of("yarn.md").into_iter().filter(of_client);
            follow(bed, Client(client), &blocks.collect::<Vec<_>>(), &[".yarnrc.yml", ".npmrc"]);
            assert_used(bed, Client(client), true);
        });
    }
}

#[test]
fn yarn_4_installs_a_new_version_that_is_named() {
    in_sandbox(&[], |bed| {
        begin(bed);
        let yarn = Client("yarn-4");
        let _ = yarn.set_up(bed, &[]).ok();
        node::package(bed, "new", "@acme/new", &[]);
        let _ = yarn.publish(bed, "new").ok();
        node::fresh_project(bed, yarn, "app");
        let install = || {
            let add = yarn.run(bed, &["add", "@acme/new"]).within(bed.file("app"));
            add.env("YARN_NPM_MINIMAL_AGE_GATE", "1440").done()
        };
        let _ = install().expect_code(1).shows("quarantined");
        let block = blocks_of("yarn.md").into_iter().find(|block| block.text.starts_with(PREAPPROVED));
        bed.write("app/.yarnrc.yml", &block.expect("the page tells it").text);
        let _ = install().expect_code(0);
    });
}

#[test]
fn the_page_of_bun() {
    in_sandbox(&[], |bed| {
        begin(bed);
        follow(bed, Client("bun"), &blocks_of("bun.md"), &[".npmrc"]);
        assert_used(bed, Client("bun"), true);
    });
}
