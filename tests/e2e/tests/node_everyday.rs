//! npm, pnpm, yarn and bun, set up by `vouch`: installing and publishing, and what that costs.

use vouch_e2e::node::{self, Client};
use vouch_e2e::{Sandbox, in_sandbox};

/// Enrolled and logged in.
fn begin(sandbox: &Sandbox) {
    sandbox.enroll();
    sandbox.log_in();
}

/// Calls of AWS since the counters were reset.
fn upstream(sandbox: &Sandbox) -> u64 {
    sandbox.count("/requests/sts") + sandbox.count("/requests/codeartifact")
}

fn imports(sandbox: &Sandbox, client: Client, folder: &str, names: &[&str]) {
    for name in names {
        let script = format!("process.stdout.write(require({name:?}))");
        let said = client.prepared(sandbox, "node").args(["-e", &script]).within(sandbox.file(folder)).ok();
        assert_eq!(said.stdout, *name, "{client:?}");
    }
}

/// Installs a scoped and an unscoped package and what they depend on, and publishes one, with each client.
/// `starts` says how often an installation starts the helper.
fn everyday(clients: &[(&'static str, usize)]) {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        for (number, (name, starts)) in clients.iter().enumerate() {
            let client = Client(name);
            let _ = client.set_up(sandbox, &[]).ok();
            node::count_helper_starts(sandbox);
            if number == 0 {
                node::publish_three(sandbox, client);
            }
            node::fresh_project(sandbox, client, "app");
            node::helper_starts(sandbox);
            sandbox.ctl(&["reset"]);
            let _ = client
                .run(sandbox, &client.adding(&["plain", "@acme/scoped"]))
                .within(sandbox.file("app"))
                .ok();
            assert_eq!(node::helper_starts(sandbox), *starts, "{name}");
            assert_eq!(upstream(sandbox), 0, "{name}: warm");
            assert!(sandbox.count("/registry/npm/tarball") >= 3, "{name}: downloaded");
            imports(sandbox, client, "app", &["plain", "@acme/scoped"]);

            let folder = format!("by-{name}");
            node::package(sandbox, &folder, &format!("@acme/by-{name}"), &[]);
            let _ = client.publish(sandbox, &folder).ok();
            assert_eq!(sandbox.count("/registry/npm/publish"), 1, "{name}");
            assert!(node::helper_starts(sandbox) >= usize::from(client.asks()), "{name}");
            assert_eq!(upstream(sandbox), 0, "{name}: warm");
            assert_eq!(sandbox.count("/registry/npm/bad_token"), 0, "{name}");
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
