//! npm, pnpm, yarn and bun, set up by `vouch`: installing and publishing, and what that costs.

use vouch_e2e::node::{self, Client};
use vouch_e2e::{Bed, in_sandbox};

/// Enrolled and logged in.
fn begin(bed: &Bed) {
    bed.enroll();
    bed.log_in();
}

/// Calls of AWS since the counters were reset.
fn upstream(bed: &Bed) -> u64 {
    bed.count("/requests/sts") + bed.count("/requests/codeartifact")
}

fn imports(bed: &Bed, client: Client, folder: &str, names: &[&str]) {
    for name in names {
        let script = format!("process.stdout.write(require({name:?}))");
        let said = client.prepared(bed, "node").args(["-e", &script]).within(bed.file(folder)).ok();
        assert_eq!(said.stdout, *name, "{client:?}");
    }
}

/// Installs a scoped and an unscoped package and what they depend on, and publishes one, with each client.
/// `starts` says how often an installation starts the helper.
fn everyday(clients: &[(&'static str, usize)]) {
    in_sandbox(&[], |bed| {
        begin(bed);
        for (number, (name, starts)) in clients.iter().enumerate() {
            let client = Client(name);
            let _ = client.set_up(bed, &[]).ok();
            node::count_helper_starts(bed);
            if number == 0 {
                node::publish_three(bed, client);
            }
            node::fresh_project(bed, client, "app");
            node::helper_starts(bed);
            bed.ctl(&["reset"]);
            let _ = client.run(bed, &client.adding(&["plain", "@acme/scoped"])).within(bed.file("app")).ok();
            assert_eq!(node::helper_starts(bed), *starts, "{name}");
            assert_eq!(upstream(bed), 0, "{name}: warm");
            assert!(bed.count("/registry/npm/tarball") >= 3, "{name}: downloaded");
            imports(bed, client, "app", &["plain", "@acme/scoped"]);

            let folder = format!("by-{name}");
            node::package(bed, &folder, &format!("@acme/by-{name}"), &[]);
            let _ = client.publish(bed, &folder).ok();
            assert_eq!(bed.count("/registry/npm/publish"), 1, "{name}");
            assert!(node::helper_starts(bed) >= usize::from(client.asks()), "{name}");
            assert_eq!(upstream(bed), 0, "{name}: warm");
            assert_eq!(bed.count("/registry/npm/bad_token"), 0, "{name}");
        }
    });
}

#[test]
fn everyday_with_npm() {
    everyday(&[("npm-8", 0), ("npm-10", 0), ("npm-11", 0), ("npm-12", 0)]);
}

#[test]
fn everyday_with_pnpm() {
    everyday(&[("pnpm-10", 2), ("pnpm-11", 3), ("pnpm-12", 1)]);
}

#[test]
fn everyday_with_yarn_1() {
    everyday(&[("yarn-1", 0)]);
}

#[test]
fn everyday_with_yarn_4() {
    everyday(&[("yarn-4", 1)]);
}

#[test]
fn everyday_with_bun() {
    everyday(&[("bun", 0)]);
}
