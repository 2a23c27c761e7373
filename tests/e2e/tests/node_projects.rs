//! What npm, pnpm and a project's own files make of what setup wrote: variables, workspaces, slashes, versions.

use std::fs;

use serde_json::Value;
use vouch_e2e::doctor::findings;
use vouch_e2e::node::{self, Client, REGISTRY};
use vouch_e2e::{CommandOutput, MY_DOMAIN, Sandbox, in_sandbox};

const ELSEWHERE: &str = "https://else.example/";
const SHARED: [&str; 6] =
    ["--domain", "shared-packages", "--domain-owner", "111111111111", "--region", "us-east-1"];
const SHARED_HOST: &str =
    "//shared-packages-111111111111.d.codeartifact.us-east-1.amazonaws.com/npm/npm-store/";

fn begin(sandbox: &Sandbox) {
    sandbox.enroll();
    sandbox.log_in();
}

/// What doctor finds wrong about package managers in a folder.
fn wrong(sandbox: &Sandbox, client: Client, folder: &str) -> Vec<Value> {
    let done =
        client.prepared(sandbox, "vouch").args(["doctor", "--json"]).within(sandbox.file(folder)).done();
    let is_wrong = |finding: &Value| {
        let about = finding["about"].as_str().unwrap_or_default();
        about.contains("npm") && ["warn", "fail"].iter().any(|status| finding["status"] == *status)
    };
    findings(&done).into_iter().filter(is_wrong).collect()
}

fn exec(sandbox: &Sandbox, flags: &[&str], command: &[&str]) -> CommandOutput {
    Client("npm-11")
        .prepared(sandbox, "vouch")
        .args(["exec", "--type", "codeartifact"])
        .args(flags)
        .arg("--")
        .args(command)
        .within(sandbox.file("app"))
        .done()
}

#[test]
fn two_domains_with_mode_env_have_a_variable_each() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let role = "arn:aws:iam::111111111111:role/CodeArtifactReader";
        let _ = sandbox.vouch(&["setup", "aws", "--role", role, "--profile", "shared"]).ok();
        let npm = Client("npm-11");
        let _ = npm
            .set_up(sandbox, &["--mode", "env"])
            .ok()
            .says("`vouch exec --type codeartifact -- npm install`");
        let second =
            ["setup", "codeartifact", "--tool", "npm", "--repository", "npm-store", "--profile", "team"];
        let second = sandbox.vouch(&second).args(SHARED).args(["--scope", "@team", "--mode", "env"]);
        let _ = second.args(["--aws-profile", "shared"]).ok().says("--ca-profile team -- npm install`");
        let text = sandbox.read(".npmrc");
        for line in [
            format!("{}:_authToken=${{CODEARTIFACT_AUTH_TOKEN}}", REGISTRY.trim_start_matches("https:")),
            format!("{SHARED_HOST}:_authToken=${{CODEARTIFACT_AUTH_TOKEN_TEAM}}"),
        ] {
            assert!(text.lines().any(|known| known == line), "{line}: {text}");
        }
        node::fresh_project(sandbox, npm, "app");
        let print = ["sh", "-c", "echo \"$CODEARTIFACT_AUTH_TOKEN|$CODEARTIFACT_AUTH_TOKEN_TEAM\""];
        let tokens = |flags: &[&str]| {
            let shown = exec(sandbox, flags, &print).expect_code(0).stdout;
            let (one, two) = shown.trim().split_once('|').unwrap();
            (one.to_owned(), two.to_owned())
        };
        let (mine, team) = tokens(&[]);
        assert!(mine.starts_with("eyJ") && team.starts_with("eyJ") && mine != team);
        // With a profile, that one alone; and what lines send to another host is not filled with it.
        assert_eq!(tokens(&["--ca-profile", "default"]), (mine.clone(), String::new()));
        assert_eq!(tokens(&["--ca-profile", "team"]), (String::new(), team.clone()));
        let said = exec(sandbox, &["--ca-profile", "team"], &["true"]);
        let _ = said.expect_code(0).says("lines that setup wrote for profile `default` send it to my-domain");
        let export = ["--ca-profile", "team", "--export", "MINE"];
        assert_eq!(exec(sandbox, &export, &["printenv", "MINE"]).stdout.trim(), team);

        // npm asks both hosts, each with its own.
        sandbox.ctl(&["reset"]);
        let _ = exec(sandbox, &[], &["npm", "install", "nothing-of-that-name", "@team/nothing"]);
        let _ = exec(sandbox, &[], &["npm", "view", "@team/nothing"]);
        assert_eq!(sandbox.count("/registry/npm/bad_token"), 0);
        // Evaluated by a shell, it is the same.
        let eval = sandbox.vouch(&["env", "--type", "codeartifact", "--shell", "sh"]).ok().stdout;
        assert!(eval.contains(&format!("export CODEARTIFACT_AUTH_TOKEN='{mine}'")), "{eval}");
        assert!(eval.contains(&format!("export CODEARTIFACT_AUTH_TOKEN_TEAM='{team}'")), "{eval}");
        let eval = sandbox
            .vouch(&["env", "--type", "codeartifact", "--ca-profile", "default", "--shell", "sh"])
            .ok()
            .stdout;
        assert!(eval.contains("unset CODEARTIFACT_AUTH_TOKEN_TEAM;"), "{eval}");
    });
}

#[test]
fn pnpm_10_and_a_variable_that_is_not_set() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let (ten, twelve) = (Client("pnpm-10"), Client("pnpm-12"));
        let npm = |client: Client| {
            let setup = ["setup", "codeartifact", "--tool", "npm", "--repository", node::REPOSITORY];
            client.prepared(sandbox, "vouch").args(setup).args(MY_DOMAIN).args(["--mode", "env"])
        };
        let _ = npm(ten).fails(7).says("`--mode env` cannot be used beside pnpm 10.");
        assert!(!sandbox.file(".npmrc").exists());
        let _ = npm(twelve).ok();
        let _ = ten.set_up(sandbox, &[]).fails(7).says("since CODEARTIFACT_AUTH_TOKEN is not set");
        node::fresh_project(sandbox, ten, "app");
        let found = wrong(sandbox, ten, "app");
        assert!(found.len() == 1 && found[0]["status"] == "fail", "{found:?}");

        // A variable of somebody else's has the same end.
        let _ = sandbox.vouch(&["undo", "npm"]).ok();
        sandbox.write(".npmrc", "//npm.example/:_authToken=${OTHER_TOKEN}\n");
        let _ = ten.set_up(sandbox, &[]).fails(7).says("since OTHER_TOKEN is not set");
        let _ = ten.set_up(sandbox, &[]).env("OTHER_TOKEN", "x").ok();
        let found = wrong(sandbox, ten, "app");
        assert!(found.iter().any(|finding| finding["status"] == "fail"), "{found:?}");
        // That it is so: pnpm asks the public registry.
        let done =
            ten.run(sandbox, &["add", "plain"]).within(sandbox.file("app")).env("OTHER_TOKEN", "x").done();
        let _ = done.never_says("registry.npmjs.org");
        let add = ["add", "plain", "--fetch-retries=0", "--fetch-timeout=2000"];
        let done = ten.run(sandbox, &add).within(sandbox.file("app")).done();
        assert!(format!("{done}").contains("registry.npmjs.org"), "{done}");
    });
}

#[test]
fn a_move_from_pnpm_10_to_12_leaves_nothing_behind() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let (ten, twelve) = (Client("pnpm-10"), Client("pnpm-12"));
        const BEFORE: &str = "; mine\nfund=false\n";
        sandbox.write(".npmrc", BEFORE);
        let _ = ten.set_up(sandbox, &[]).ok();
        assert!(sandbox.read(".npmrc").contains(":tokenHelper="));
        node::fresh_project(sandbox, twelve, "app");
        assert_eq!(wrong(sandbox, ten, "app"), Vec::<Value>::new());
        assert!(!wrong(sandbox, twelve, "app").is_empty());
        // As the page says: setup again.
        let _ = twelve.set_up(sandbox, &[]).ok();
        assert_eq!(sandbox.read(".npmrc"), BEFORE);
        assert_eq!(wrong(sandbox, twelve, "app"), Vec::<Value>::new());
        let _ = Client("npm-11").run(sandbox, &["config", "list"]).ok().never_says("Unknown user config");
        node::publish_three(sandbox, twelve);
        let _ = twelve.run(sandbox, &["add", "plain"]).within(sandbox.file("app")).ok();
        let _ = sandbox.vouch(&["undo", "pnpm"]).ok();
        assert_eq!(sandbox.read(".npmrc"), BEFORE);
        assert!(!sandbox.file(".config/pnpm/auth.ini").exists());
        // What npm reads out of the same file stays.
        let _ = Client("npm-11").set_up(sandbox, &[]).ok();
        let npms = sandbox.read(".npmrc");
        let _ = ten.set_up(sandbox, &[]).ok();
        let _ = twelve.set_up(sandbox, &[]).ok();
        assert_eq!(sandbox.read(".npmrc"), npms);
    });
}

#[test]
fn a_url_without_its_final_slash_is_named() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let bare = REGISTRY.trim_end_matches('/');
        let mut number = 0;
        for client in ["npm-8", "npm-12", "pnpm-10"].map(Client) {
            let _ = client.set_up(sandbox, &[]).ok();
            for (url, publishes) in [(bare, false), (REGISTRY, true)] {
                for in_package in [true, false] {
                    number += 1;
                    let config = if in_package {
                        format!(", \"publishConfig\": {{\"registry\": \"{url}\"}}")
                    } else {
                        String::new()
                    };
                    let manifest =
                        format!("{{\"name\": \"@acme/p{number}\", \"version\": \"1.0.0\"{config}}}");
                    sandbox.write("package/package.json", &manifest);
                    sandbox.write(
                        "package/.npmrc",
                        &if in_package { String::new() } else { format!("@acme:registry={url}\n") },
                    );
                    let done = client.publish(sandbox, "package").done();
                    assert_eq!(done.code == 0, publishes, "{client:?} {url}: {done}");
                    let found = wrong(sandbox, client, "package");
                    let is_named =
                        found.iter().any(|one| one["message"].as_str().unwrap().contains("ENEEDAUTH"));
                    assert_eq!(is_named, !publishes, "{client:?} {url}: {found:?}");
                    let setup = client.set_up(sandbox, &[]).within(sandbox.file("package")).ok();
                    assert_eq!(setup.stderr.contains("ENEEDAUTH"), !publishes, "{client:?}: {setup}");
                }
            }
            let _ = sandbox.vouch(&["undo", client.tool()]).ok();
        }
    });
}

#[test]
fn the_files_of_a_project_are_those_that_the_client_reads() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let line = format!("registry={ELSEWHERE}\n");
        let _ = Client("npm-11").set_up(sandbox, &[]).ok();
        node::package(sandbox, "left", "left", &[]);
        let _ = Client("npm-11").publish(sandbox, "left").ok();
        let _ = sandbox.vouch(&["undo", "npm"]).ok();
        sandbox.write("bare/.npmrc", &line);
        sandbox.write("work/packages/a/package.json", "{\"name\": \"a\", \"version\": \"1.0.0\"}");
        sandbox.write(
            "work/package.json",
            "{\"name\": \"root\", \"private\": true, \"workspaces\": [\"packages/*\"]}",
        );
        sandbox.write("work/pnpm-workspace.yaml", "packages:\n  - packages/*\n");
        sandbox.write("other/member/package.json", "{\"name\": \"b\", \"version\": \"1.0.0\"}");
        sandbox.write(
            "other/package.json",
            "{\"name\": \"root\", \"private\": true, \"workspaces\": [\"packages/*\"]}",
        );
        sandbox.write("other/.npmrc", &line);
        for client in ["npm-8", "npm-12", "pnpm-10", "pnpm-12"].map(Client) {
            let _ = client.set_up(sandbox, &[]).ok();
            let cases = [
                ("bare", None, true),
                ("work/packages/a", Some("work/.npmrc"), true),
                ("work/packages/a", Some("work/packages/a/.npmrc"), client.0 == "pnpm-10"),
                ("other/member", None, false),
            ];
            for (folder, file, counts) in cases {
                if let Some(file) = file {
                    sandbox.write(file, &line);
                }
                for cache in [".npm", ".cache", ".local/share"] {
                    let _ = fs::remove_dir_all(sandbox.file(cache));
                }
                let add = [&["20", client.program()][..], &client.adding(&["left"])].concat();
                let add = client.prepared(sandbox, "timeout").args(add).env("npm_config_fetch_retries", "0");
                let added = add.within(sandbox.file(folder)).done();
                assert_eq!(added.code != 0, counts, "{client:?} {folder} {file:?}: {added}");
                for made in ["node_modules", "package-lock.json", "pnpm-lock.yaml"] {
                    for place in [folder, "work", "other"] {
                        let made = sandbox.file(place).join(made);
                        let _ = fs::remove_dir_all(&made);
                        let _ = fs::remove_file(&made);
                    }
                }
                if folder == "bare" {
                    let _ = fs::remove_file(sandbox.file("bare/package.json"));
                }
                let is_named = !wrong(sandbox, client, folder).is_empty();
                assert_eq!(is_named, counts, "{client:?} {folder} {file:?}");
                if let Some(file) = file {
                    fs::remove_file(sandbox.file(file)).unwrap();
                }
            }
            let _ = sandbox.vouch(&["undo", client.tool()]).ok();
        }
    });
}

#[test]
fn what_pnpm_10_hands_to_npm_goes_without_a_token() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let page = include_str!("../../../docs/pnpm.md");
        for (client, has_token) in [("pnpm-10", false), ("pnpm-11", true), ("pnpm-12", true)] {
            let client = Client(client);
            let _ = client.set_up(sandbox, &[]).ok();
            if client.0 == "pnpm-10" {
                node::publish_three(sandbox, client);
            }
            node::fresh_project(sandbox, client, "app");
            for command in ["view", "info", "show", "dist-tag ls", "owner ls"] {
                let words: Vec<&str> = command.split(' ').chain(["plain"]).collect();
                let done = client.run(sandbox, &words).within(sandbox.file("app")).done();
                assert_eq!(done.code == 0, has_token, "{client:?} {command}: {done}");
                let first = words[0];
                assert!(page.contains(&format!("`{first}`")), "{first} is not on the page");
            }
            let _ = client.run(sandbox, &["add", "plain"]).within(sandbox.file("app")).ok();
            let _ = sandbox.vouch(&["undo", "pnpm"]).ok();
        }
    });
}

#[test]
fn a_dry_run_shows_the_line_of_the_token() {
    in_sandbox(&["--cards", "1"], |sandbox| {
        begin(sandbox);
        let npm = Client("npm-11");
        let line = format!("+{}:_authToken=[redacted]", REGISTRY.trim_start_matches("https:"));
        let _ = npm.set_up(sandbox, &["--dry-run"]).ok().shows(&line);
        assert!(!sandbox.file(".npmrc").exists());
        let _ = npm.set_up(sandbox, &["--dry-run", "--mode", "env"]).ok().never_says("[redacted]");
        let _ = npm.set_up(sandbox, &[]).ok();
        let _ = npm.set_up(sandbox, &["--dry-run"]).ok().says("nothing would change");
    });
}
