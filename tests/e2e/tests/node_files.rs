//! Where the package managers of Node keep what setup wrote: files that are mounts, scopes beside other registries, and
//! what is left when it is taken out again.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;

use vouch_e2e::node::{self, Client, REGISTRY};
use vouch_e2e::{Bed, in_sandbox};

fn begin(bed: &Bed) {
    bed.enroll();
    bed.log_in();
}

#[test]
fn a_mounted_file_is_edited_where_it_is() {
    in_sandbox(&[], |bed| {
        begin(bed);
        let before = "# of the container\nsave-exact=true\n";
        bed.write("outside/npmrc", before);
        bed.write(".npmrc", "");
        let _ = bed.run("mount").args(["--bind", "outside/npmrc", ".npmrc"]).ok();
        let npm = Client("npm-11");
        let _ = npm.set_up(bed, &[]).ok();
        assert!(bed.read("outside/npmrc").contains(":_authToken="), "not through the mount");
        node::package(bed, "left", "left", &[]);
        let _ = npm.publish(bed, "left").ok();
        let _ = bed.vouch(&["logout"]).ok();
        assert!(!bed.read(".npmrc").contains(":_authToken="));
        bed.log_in();
        assert!(bed.read(".npmrc").contains(":_authToken="));
        let _ = bed.vouch(&["undo", "npm"]).ok().says("as it was before setup");
        assert_eq!(bed.read("outside/npmrc"), before);
        let _ = bed.run("umount").arg(".npmrc").ok();
    });
}

#[test]
fn a_scope_alone_leaves_other_packages_where_they_were() {
    in_sandbox(&[], |bed| {
        begin(bed);
        for client in ["npm-12", "pnpm-10", "pnpm-12", "yarn-4", "yarn-1", "bun"].map(Client) {
            let _ = client.set_up(bed, &["--scope", "@acme", "--scope", "@other"]).ok();
            let name = format!("@acme/by-{}", client.0);
            node::package(bed, client.0, &name, &[]);
            let _ = client.publish(bed, client.0).ok();
            node::fresh_project(bed, client, "app");
            // For a scope that is configured, yarn 4 heeds no other setting for versions of today (measured).
            bed.write("app/.yarnrc.yml", "npmPreapprovedPackages: [\"@acme/*\"]\n");
            let _ = client.run(bed, &client.adding(&[&name])).within(bed.file("app")).ok();
            assert!(bed.file(&format!("app/node_modules/{name}/package.json")).exists(), "{client:?}");
            for file in [".npmrc", ".config/pnpm/auth.ini", ".yarnrc.yml"].map(|file| bed.file(file)) {
                let text = fs::read_to_string(file).unwrap_or_default();
                let default =
                    |line: &str| line.starts_with("registry=") || line.starts_with("npmRegistryServer");
                assert!(!text.lines().any(default), "{client:?}: {text}");
            }
            let _ = bed.vouch(&["undo", client.tool()]).ok();
        }
    });
}

#[test]
fn a_publish_that_the_role_may_not_do() {
    in_sandbox(&[], |bed| {
        begin(bed);
        for client in Client::ALL {
            let _ = client.set_up(bed, &[]).ok();
            node::package(bed, client.0, &format!("@acme/by-{}", client.0), &[]);
            bed.ctl(&["fault", "registry", "--status", "403", "--times", "9"]);
            let done = client.publish(bed, client.0).done();
            bed.ctl(&["reset"]);
            assert_ne!(done.code, 0, "{done}");
            // yarn 1 shows the registry's words in place of the number.
            let said = done.stdout.clone() + &done.stderr;
            let shown = ["403", "the sandbox was asked to fail"].iter().any(|text| said.contains(text));
            assert!(shown, "{client:?}: {done}");
            assert_eq!(bed.count("/registry/npm/publish"), 0, "{client:?}");
        }
    });
}

#[test]
fn remove_puts_back_what_our_lines_replaced() {
    in_sandbox(&[], |bed| {
        begin(bed);
        let before = "; mine\nregistry=https://registry.example.com/\nsave-exact=true\n";
        bed.write(".npmrc", before);
        let npm = Client("npm-11");
        let _ = npm.set_up(bed, &[]).ok();
        let _ = npm.set_up(bed, &["--mode", "env"]).ok();
        let _ = bed.run("npm-token-vouch").arg("remove").ok().says("as it was before setup");
        assert_eq!(bed.read(".npmrc"), before);
        assert!(!bed.read(".vouch/config.json").contains(REGISTRY));
        // A line of theirs since then is theirs.
        let _ = npm.set_up(bed, &[]).ok();
        let theirs = bed.read(".npmrc").replace(REGISTRY, "https://other.example.com/");
        bed.write(".npmrc", &theirs);
        let _ = bed.run("npm-token-vouch").arg("remove").ok();
        assert_eq!(bed.read(".npmrc"), before.replace("registry.example.com", "other.example.com"));
    });
}

#[test]
fn a_login_writes_the_tokens_and_survives_that_it_cannot() {
    in_sandbox(&[], |bed| {
        bed.enroll();
        let npm = Client("npm-11");
        let _ = npm.set_up(bed, &[]).ok().says("vouch login");
        let _ = npm.set_up(bed, &["--scope", "@acme", "--npmrc", "other.npmrc"]).ok();
        assert!(!bed.read(".npmrc").contains(":_authToken"));
        bed.log_in();
        for file in [".npmrc", "other.npmrc"] {
            assert!(bed.read(file).contains(":_authToken="), "{file}");
        }
        let set_mode =
            |mode| fs::set_permissions(bed.file(".npmrc"), fs::Permissions::from_mode(mode)).unwrap();
        set_mode(0o400);
        let before = bed.read(".npmrc");
        let _ = bed.vouch_with_pin(&["login"]).ok().says("warning").says(".npmrc");
        let _ = bed.vouch(&["status"]).ok();
        assert_eq!(bed.read(".npmrc"), before);
        set_mode(0o600);
        let _ = bed.vouch(&["setup", "codeartifact", "--tool", "npm"]).ok();
        assert_ne!(bed.read(".npmrc"), before);
    });
}

#[test]
fn one_watcher_to_a_file() {
    in_sandbox(&[], |bed| {
        begin(bed);
        let _ = Client("npm-11").set_up(bed, &[]).ok();
        let mut first = bed.run("npm-token-vouch").arg("watch").start();
        let mut said = BufReader::new(first.child.stderr.take().unwrap());
        said.read_line(&mut String::new()).unwrap();
        let _ = bed.run("npm-token-vouch").arg("watch").fails(1).says("being watched already");
        first.child.kill().unwrap();
        let _ = first.wait();
    });
}
