//! Where the package managers of Node keep what setup wrote: files that are mounts, scopes beside other registries, and
//! what is left when it is taken out again.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;

use vouch_e2e::node::{self, Client, REGISTRY};
use vouch_e2e::{Sandbox, in_sandbox};

fn begin(sandbox: &Sandbox) {
    sandbox.enroll();
    sandbox.log_in();
}

#[test]
fn a_mounted_file_is_edited_where_it_is() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let before = "# of the container\nsave-exact=true\n";
        sandbox.write("outside/npmrc", before);
        sandbox.write(".npmrc", "");
        let _ = sandbox.run("mount").args(["--bind", "outside/npmrc", ".npmrc"]).ok();
        let npm = Client("npm-11");
        let _ = npm.set_up(sandbox, &[]).ok();
        assert!(sandbox.read("outside/npmrc").contains(":_authToken="), "not through the mount");
        node::package(sandbox, "left", "left", &[]);
        let _ = npm.publish(sandbox, "left").ok();
        let _ = sandbox.vouch(&["logout"]).ok();
        assert!(!sandbox.read(".npmrc").contains(":_authToken="));
        sandbox.log_in();
        assert!(sandbox.read(".npmrc").contains(":_authToken="));
        let _ = sandbox.vouch(&["undo", "npm"]).ok().says("as it was before setup");
        assert_eq!(sandbox.read("outside/npmrc"), before);
        let _ = sandbox.run("umount").arg(".npmrc").ok();
    });
}

#[test]
fn a_scope_alone_leaves_other_packages_where_they_were() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        for client in ["npm-12", "pnpm-10", "pnpm-12", "yarn-4", "yarn-1", "bun"].map(Client) {
            let _ = client.set_up(sandbox, &["--scope", "@acme", "--scope", "@other"]).ok();
            let name = format!("@acme/by-{}", client.0);
            node::package(sandbox, client.0, &name, &[]);
            let _ = client.publish(sandbox, client.0).ok();
            node::fresh_project(sandbox, client, "app");
            // For a scope that is configured, yarn 4 heeds no other setting for versions of today (measured).
            sandbox.write("app/.yarnrc.yml", "npmPreapprovedPackages: [\"@acme/*\"]\n");
            let _ = client.run(sandbox, &client.adding(&[&name])).within(sandbox.file("app")).ok();
            assert!(sandbox.file(&format!("app/node_modules/{name}/package.json")).exists(), "{client:?}");
            for file in [".npmrc", ".config/pnpm/auth.ini", ".yarnrc.yml"].map(|file| sandbox.file(file)) {
                let text = fs::read_to_string(file).unwrap_or_default();
                let default =
                    |line: &str| line.starts_with("registry=") || line.starts_with("npmRegistryServer");
                assert!(!text.lines().any(default), "{client:?}: {text}");
            }
            let _ = sandbox.vouch(&["undo", client.tool()]).ok();
        }
    });
}

#[test]
fn a_publish_that_the_role_may_not_do() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        for client in Client::ALL {
            let _ = client.set_up(sandbox, &[]).ok();
            node::package(sandbox, client.0, &format!("@acme/by-{}", client.0), &[]);
            sandbox.ctl(&["fault", "registry", "--status", "403", "--times", "9"]);
            let done = client.publish(sandbox, client.0).done();
            sandbox.ctl(&["fault", "registry", "--clear"]);
            sandbox.ctl(&["reset"]);
            assert_ne!(done.code, 0, "{done}");
            // yarn 1 shows the registry's words in place of the number.
            let said = done.stdout.clone() + &done.stderr;
            let shown = ["403", "the sandbox was asked to fail"].iter().any(|text| said.contains(text));
            assert!(shown, "{client:?}: {done}");
            assert_eq!(sandbox.count("/registry/npm/publish"), 0, "{client:?}");
        }
    });
}

#[test]
fn remove_puts_back_what_our_lines_replaced() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let before = "; mine\nregistry=https://registry.example.com/\nsave-exact=true\n";
        sandbox.write(".npmrc", before);
        let npm = Client("npm-11");
        let _ = npm.set_up(sandbox, &[]).ok();
        let _ = npm.set_up(sandbox, &["--mode", "env"]).ok();
        let _ = sandbox.run("npm-token-vouch").arg("remove").ok().says("as it was before setup");
        assert_eq!(sandbox.read(".npmrc"), before);
        assert!(!sandbox.read(".vouch/config.json").contains(REGISTRY));
        // A line of theirs since then is theirs.
        let _ = npm.set_up(sandbox, &[]).ok();
        let theirs = sandbox.read(".npmrc").replace(REGISTRY, "https://other.example.com/");
        sandbox.write(".npmrc", &theirs);
        let _ = sandbox.run("npm-token-vouch").arg("remove").ok();
        assert_eq!(sandbox.read(".npmrc"), before.replace("registry.example.com", "other.example.com"));
    });
}

#[test]
fn a_login_writes_the_tokens_and_survives_that_it_cannot() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let npm = Client("npm-11");
        let _ = npm.set_up(sandbox, &[]).ok().says("vouch login");
        let _ = npm.set_up(sandbox, &["--scope", "@acme", "--npmrc", "other.npmrc"]).ok();
        assert!(!sandbox.read(".npmrc").contains(":_authToken"));
        sandbox.log_in();
        for file in [".npmrc", "other.npmrc"] {
            assert!(sandbox.read(file).contains(":_authToken="), "{file}");
        }
        let set_mode =
            |mode| fs::set_permissions(sandbox.file(".npmrc"), fs::Permissions::from_mode(mode)).unwrap();
        set_mode(0o400);
        let before = sandbox.read(".npmrc");
        let _ = sandbox.vouch_with_pin(&["login"]).ok().says("warning").says(".npmrc");
        let _ = sandbox.vouch(&["status"]).ok();
        assert_eq!(sandbox.read(".npmrc"), before);
        set_mode(0o600);
        let _ = sandbox.vouch(&["setup", "codeartifact", "--tool", "npm"]).ok();
        assert_ne!(sandbox.read(".npmrc"), before);
    });
}

#[test]
fn one_watcher_to_a_file() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let _ = Client("npm-11").set_up(sandbox, &[]).ok();
        let mut first = sandbox.run("npm-token-vouch").arg("watch").start();
        let mut said = BufReader::new(first.child.stderr.take().unwrap());
        said.read_line(&mut String::new()).unwrap();
        let _ = sandbox.run("npm-token-vouch").arg("watch").fails(1).says("being watched already");
        first.child.kill().unwrap();
        let _ = first.wait();
    });
}
