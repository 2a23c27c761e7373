//! With a session, setup proves itself: it asks CodeArtifact, then the repository as the client would.

use std::fs;
use std::thread;
use std::time::Duration;

use vouch_clients::tool::Tool;
use vouch_e2e::{MY_DOMAIN, Run, Sandbox, in_sandbox};

/// A role that may not ask for endpoints, and one that may not read.
const WORLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/worlds/narrow-roles.json");

fn setup(sandbox: &Sandbox, tool: &str, repository: &str) -> Run {
    let setup = ["setup", "codeartifact", "--tool", tool, "--repository", repository];
    sandbox.vouch(&setup).args(MY_DOMAIN)
}

fn logged_in(sandbox: &Sandbox) {
    sandbox.enroll();
    sandbox.log_in();
}

/// Whether a file below the home has a text in it.
fn is_on_disk(sandbox: &Sandbox, text: &str) -> bool {
    let mut all = sandbox.user_files().into_iter().chain(sandbox.setup_files());
    all.any(|(_, bytes)| String::from_utf8_lossy(&bytes).contains(text))
}

#[test]
fn each_client_asks_first_what_it_would_ask() {
    in_sandbox(&[], |sandbox| {
        logged_in(sandbox);
        for tool in Tool::ALL.iter().copied().filter(|tool| !tool.is_manual()) {
            let name = tool.name();
            let (counter, answers) = match name {
                "cargo" => ("/registry/cargo/index", true),
                _ if tool.is_nodes() => ("/registry/npm/ping", true),
                _ => ("", false),
            };
            let of = |pointer: &str| if pointer.is_empty() { 0 } else { sandbox.count(pointer) };
            let endpoints = sandbox.count("/codeartifact/get_repository_endpoint");
            let before = of(counter);
            let done = setup(sandbox, name, "my-repo").ok();
            assert_eq!(sandbox.count("/codeartifact/get_repository_endpoint"), endpoints + 1, "{done}");
            assert_eq!(of(counter), before + u64::from(answers), "{done}");
            let says = match answers {
                true => format!("\u{2713} {name}: my-repo answers (my-domain, us-east-1) \u{b7} ~/"),
                // Nothing there is a list, and twine only uploads.
                false => format!("\u{2713} {name}: my-repo is there (my-domain, us-east-1) \u{b7} ~/"),
            };
            assert!(done.stderr.contains(&says), "{says}\n{done}");
            assert_eq!(done.stderr.contains("not proven yet"), !answers, "{done}");
        }
        for format in ["cargo", "npm", "pypi", "maven"] {
            for refused in ["unauthenticated", "bad_token"] {
                assert_eq!(sandbox.count(&format!("/registry/{format}/{refused}")), 0, "{format} {refused}");
            }
        }
    });
}

#[test]
fn the_token_of_a_proof_is_nowhere_kept() {
    in_sandbox(&[], |sandbox| {
        logged_in(sandbox);
        let _ = setup(sandbox, "cargo", "my-repo").ok();
        assert_eq!((sandbox.count("/sts/granted"), sandbox.count("/codeartifact/granted")), (1, 1));
        assert!(!is_on_disk(sandbox, "eyJ2ZXI"), "a token is on disk");
        // The role's credentials serve on, and the token does not.
        assert!(vouch_e2e::helper::ask(vouch_e2e::helper::INDEX).answer().is_ok());
        assert_eq!((sandbox.count("/sts/granted"), sandbox.count("/codeartifact/granted")), (1, 2));
        // Nor is it shown.
        let done = setup(sandbox, "cargo", "my-repo").env("VOUCH_LOG", "trace").ok();
        assert!(done.stderr.contains("/cargo/my-repo/config.json"), "{done}");
        let _ = done.never_says("eyJ2ZXI");
    });
}

#[test]
fn what_was_refused_is_taken_back() {
    in_sandbox(&[], |sandbox| {
        logged_in(sandbox);
        sandbox.write(".cargo/config.toml", "# mine\n");
        sandbox.write(".config/pip/pip.conf", "[global]\ntimeout = 60\n");
        let before = (sandbox.user_files(), sandbox.setup_files());
        for tool in Tool::ALL.iter().filter(|tool| !tool.is_manual()).map(|tool| tool.name()) {
            let failed = setup(sandbox, tool, "no-such-repo").fails(6).never_says("\u{2713}");
            let _ =
                failed.says("there is no repository no-such-repo").says("`vouch setup codeartifact --tool");
            assert_eq!((sandbox.user_files(), sandbox.setup_files()), before, "{tool}");
        }
        for status in ["401", "403"] {
            sandbox.ctl(&["fault", "registry", "--status", status]);
            for tool in ["cargo", "npm", "pip", "maven"] {
                let failed = setup(sandbox, tool, "my-repo").fails(6).never_says("\u{2713}");
                let _ = failed.says(&format!("refused the token with status {status}"));
                assert_eq!((sandbox.user_files(), sandbox.setup_files()), before, "{tool} {status}");
            }
            sandbox.ctl(&["fault", "registry", "--clear"]);
        }
        sandbox.ctl(&["fault", "sts", "--status", "403", "--code", "AccessDenied"]);
        sandbox.forget();
        let failed = setup(sandbox, "cargo", "my-repo").fails(6).never_says("\u{2713}");
        let _ = failed.says("`vouch setup aws --role ARN --profile vouch`");
        assert_eq!((sandbox.user_files(), sandbox.setup_files()), before);
        let _ = sandbox.vouch(&["undo", "--list"]).ok().says("setup has edited no file");
    });
}

#[test]
fn what_nobody_refused_stays_and_is_not_proven() {
    in_sandbox(&[], |sandbox| {
        logged_in(sandbox);
        let foreign = "location:https://crates.example.net/";
        for (service, fault) in [
            ("registry", &["--status", "500"][..]),
            ("registry", &["--status", "404"]),
            ("registry", &["--status", "302", "--header", foreign]),
            ("registry", &["--status", "302", "--header", "location:https://private.example.net/"]),
            ("registry", &["--reset"]),
            ("registry", &["--hang"]),
            ("registry", &["--refuse"]),
            ("registry", &["--bad-tls"]),
            ("codeartifact", &["--status", "500", "--code", "InternalServerException"]),
            ("codeartifact", &["--status", "429", "--code", "ThrottlingException"]),
            ("codeartifact", &["--status", "403", "--code", "ExpiredTokenException"]),
            ("codeartifact", &["--refuse"]),
            ("sts", &["--status", "500"]),
            ("sts", &["--refuse"]),
        ] {
            sandbox.forget();
            sandbox.ctl(&[&["fault", service][..], fault].concat());
            let done = setup(sandbox, "cargo", "my-repo").ok();
            assert!(done.stderr.contains("not proven that my-repo answers"), "{service} {fault:?}: {done}");
            assert!(!done.stderr.contains("my-repo answers (my-domain, us-east-1) \u{b7}"), "{done}");
            assert!(sandbox.read(".cargo/config.toml").contains("cargo/my-repo/"), "{done}");
            sandbox.ctl(&["fault", service, "--clear"]);
            let _ = sandbox.vouch(&["undo", "--all"]).ok();
            thread::sleep(Duration::from_millis(1100));
        }
        for counter in ["leaked", "index", "download"] {
            let pointer = format!("/registry/foreign/{counter}");
            assert_eq!(sandbox.count(&pointer), 0, "{counter}: a redirect was followed");
        }
        // A host of one's own that leads nowhere today.
        let own = ["--endpoint", "https://packages.example.com/cargo/my-repo/"];
        let _ = setup(sandbox, "cargo", "my-repo").args(own).ok().says("not proven that my-repo answers");
    });
}

#[test]
fn without_a_session_it_says_what_will_prove_it() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let done = setup(sandbox, "cargo", "my-repo").ok();
        let _ = done.says("`vouch login`; then `vouch doctor --online` proves that my-repo answers");
        assert_eq!(sandbox.count("/sts/granted"), 0);
        sandbox.log_in();
        let done = sandbox.vouch(&["doctor", "--online", "--all"]).done();
        let _ = done.shows("my-repo answers");
        fs::remove_file(sandbox.file(".cargo/config.toml")).unwrap();
        // A dry run and `--print` ask nobody.
        let asked = sandbox.count("/codeartifact/get_repository_endpoint");
        let _ = setup(sandbox, "cargo", "my-repo").arg("--dry-run").ok();
        let _ = setup(sandbox, "cargo", "my-repo").arg("--print").ok();
        assert_eq!(sandbox.count("/codeartifact/get_repository_endpoint"), asked);
    });
}

#[test]
fn a_role_is_judged_by_what_clients_need() {
    in_sandbox(&["--config", WORLD], |sandbox| {
        logged_in(sandbox);
        // No package manager asks for the endpoint.
        let _ = setup(sandbox, "cargo", "my-repo").ok().says("cargo: my-repo answers");
        // Where only it would tell, and the role may not ask it, nothing is said to be there.
        let done = setup(sandbox, "twine", "my-repo").ok().says("nothing tells whether");
        let _ = done.says("not proven").never_says("my-repo is there");
        let _ = sandbox.vouch(&["undo", "--all"]).ok();
        let role = "arn:aws:iam::123456789012:role/Blind";
        let _ = sandbox.vouch(&["setup", "aws", "--role", role, "--profile", "vouch"]).ok();
        let failed = setup(sandbox, "cargo", "my-repo").fails(6).says("refused the token with status 403");
        let _ = failed.says("codeartifact:ReadFromRepository").never_says("\u{2713}");
        assert!(!sandbox.file(".cargo/config.toml").exists());
        // Who only uploads needs not read.
        let _ = setup(sandbox, "twine", "my-repo").ok().says("twine: my-repo is there");
    });
}
