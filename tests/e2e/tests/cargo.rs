//! Real cargo against the sandbox's registry: everything that people do with it after one login.

use vouch_e2e::{Sandbox, in_sandbox};

const HOST: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";

fn index(repository: &str) -> String {
    format!("sparse+https://{HOST}/cargo/{repository}/")
}

/// Publishes `greeting` to `my-repo`.
fn publish_greeting(sandbox: &Sandbox) {
    sandbox.library("greeting");
    sandbox.write("greeting/src/lib.rs", "pub fn greet() -> &'static str { \"hello\" }\n");
    let _ =
        sandbox.cargo(&["publish", "--registry", "my-repo", "--manifest-path", "greeting/Cargo.toml"]).ok();
}

fn program_that_greets(sandbox: &Sandbox) {
    sandbox.program("hello", "greeting", "my-repo");
    sandbox.write("hello/src/main.rs", "fn main() { print!(\"{}\", greeting::greet()); }\n");
}

/// The main job, and every other operation on top of the same session: two calls to AWS in all.
fn everyday_operations(firmware: &str) {
    in_sandbox(&["--firmware", firmware], |sandbox| {
        sandbox.enroll();
        assert_eq!(sandbox.count("/card/touches"), 1, "one touch to enroll");
        // Before there is a session, so that nothing is asked for a proof.
        sandbox.set_up_cargo();
        sandbox.log_in();
        assert_eq!(sandbox.count("/card/touches"), 2, "one touch to log in");

        publish_greeting(sandbox);
        program_that_greets(sandbox);
        let hello = |args: &[&str]| sandbox.cargo(args).within(sandbox.file("hello"));
        let _ = hello(&["fetch"]).ok();
        let _ = hello(&["build"]).ok();
        assert_eq!(sandbox.run("hello/target/debug/hello").ok().stdout, "hello");
        assert_eq!(sandbox.count("/sts/assume_role_with_web_identity"), 1);
        assert_eq!(sandbox.count("/codeartifact/get_authorization_token"), 1);

        let _ = sandbox.cargo(&["search", "--registry", "my-repo", "greet"]).ok();
        let _ = sandbox.cargo(&["info", "--registry", "my-repo", "greeting"]).ok();
        let _ = sandbox.cargo(&["yank", "--registry", "my-repo", "greeting@0.1.0"]).ok();
        assert_eq!(sandbox.count("/registry/cargo/yank"), 1);
        std::fs::remove_file(sandbox.file("hello/Cargo.lock")).unwrap();
        let _ = hello(&["generate-lockfile"]).fails(101).says("yanked");
        let _ = sandbox.cargo(&["yank", "--undo", "--registry", "my-repo", "greeting@0.1.0"]).ok();
        assert_eq!(sandbox.count("/registry/cargo/unyank"), 1);
        let _ = hello(&["generate-lockfile"]).ok();

        let twice = ["publish", "--registry", "my-repo", "--manifest-path", "greeting/Cargo.toml"];
        let _ = sandbox.cargo(&twice).fails(101).says("already");

        assert_eq!(sandbox.count("/sts/assume_role_with_web_identity"), 1);
        assert_eq!(sandbox.count("/codeartifact/get_authorization_token"), 1);
        assert_eq!(sandbox.count("/card/touches"), 2);
        assert_eq!(sandbox.count("/registry/cargo/bad_token"), 0);
    });
}

#[test]
fn everyday_operations_on_firmware_5_7_1() {
    everyday_operations("5.7.1");
}

#[test]
fn everyday_operations_on_firmware_5_4_3() {
    everyday_operations("5.4.3");
}

#[test]
fn login_and_logout_of_cargo_leave_the_session_alone() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.set_up_cargo();
        let _ = sandbox.cargo(&["login", "--registry", "my-repo"]).fails(101).says("vouch login");
        sandbox.log_in();
        let _ = sandbox.cargo(&["login", "--registry", "my-repo"]).ok();
        let _ = sandbox.cargo(&["logout", "--registry", "my-repo"]).done();
        publish_greeting(sandbox);
        assert!(!sandbox.file(".cargo/credentials.toml").exists());
    });
}

#[test]
fn an_unnamed_source_replacement_is_served() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        publish_greeting(sandbox);
        let config = sandbox.read(".cargo/config.toml");
        let source = format!(
            "[source.crates-io]\nreplace-with = \"private\"\n[source.private]\nregistry = \"{}\"\n\
             [registry]\nglobal-credential-providers = [\"cargo-credential-vouch\"]\n",
            index("my-repo")
        );
        sandbox.write(".cargo/config.toml", &source);
        let _ = sandbox.cargo(&["new", "--quiet", "--vcs", "none", "hello"]).ok();
        let manifest = sandbox.read("hello/Cargo.toml") + "greeting = \"0.1\"\n";
        sandbox.write("hello/Cargo.toml", &manifest);
        let _ = sandbox.cargo(&["build"]).within(sandbox.file("hello")).ok();
        sandbox.write(".cargo/config.toml", &config);
    });
}

#[test]
fn crates_io_is_replaced_where_setup_was_asked_to() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        publish_greeting(sandbox);
        let setup =
            ["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo", "--replace-crates-io"];
        let _ = sandbox.vouch(&setup).ok();
        let _ = sandbox.cargo(&["new", "--quiet", "--vcs", "none", "hello"]).ok();
        let manifest = sandbox.read("hello/Cargo.toml") + "greeting = \"0.1\"\n";
        sandbox.write("hello/Cargo.toml", &manifest);
        let _ = sandbox.cargo(&["build"]).within(sandbox.file("hello")).ok();
        let lock = sandbox.read("hello/Cargo.lock");
        assert!(lock.contains("greeting"), "{lock}");
    });
}

#[test]
fn two_registries_of_two_domains_use_two_roles() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let reader = "arn:aws:iam::111111111111:role/CodeArtifactReader";
        let _ = sandbox.vouch(&["setup", "aws", "--role", reader, "--profile", "vouch-artifacts"]).ok();
        let shared = ["--domain", "shared-packages", "--domain-owner", "111111111111", "--profile", "shared"];
        let setup = ["setup", "codeartifact", "--tool", "cargo", "--repository", "cargo-store"];
        let _ = sandbox.vouch(&setup).args(shared).ok();

        publish_greeting(sandbox);
        program_that_greets(sandbox);
        let _ = sandbox.cargo(&["build"]).within(sandbox.file("hello")).ok();
        let _ = sandbox.cargo(&["search", "--registry", "cargo-store", "anything"]).ok();
        assert_eq!(sandbox.count("/sts/granted"), 2, "one role each");
        assert_eq!(sandbox.count("/codeartifact/granted"), 3, "one token each, and that of the proof");
        // The reader's role may not publish; the person is told by the registry, not by us.
        let denied = ["publish", "--registry", "cargo-store", "--manifest-path", "greeting/Cargo.toml"];
        let _ = sandbox.cargo(&denied).fails(101).says("403");
        assert_eq!(sandbox.count("/registry/cargo/bad_token"), 0);
    });
}

#[test]
fn a_foreign_registry_is_left_to_the_next_provider() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let config = sandbox.read(".cargo/config.toml");
        let foreign = "[registries.other]\nindex = \"sparse+https://crates.example.net/\"\n\
                       [registry]\nglobal-credential-providers = [\"cargo:token\", \"cargo-credential-vouch\"]\n";
        sandbox.write(".cargo/config.toml", &(config + foreign));
        let asked = sandbox.cargo(&["login", "--registry", "other", "their-token"]).done();
        let asked = asked.never_says("vouch login").never_says("panicked");
        assert_eq!(sandbox.count("/sts/assume_role_with_web_identity"), 0, "{asked}");
    });
}

#[test]
fn a_helper_in_a_folder_with_spaces_is_found() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let programs = sandbox.file("my programs");
        std::fs::create_dir(&programs).unwrap();
        for program in ["vouch", "cargo-credential-vouch"] {
            let found = sandbox.run("sh").args(["-c", &format!("command -v {program}")]).ok().stdout;
            std::fs::copy(found.trim(), programs.join(program)).unwrap();
        }
        let setup = ["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo"];
        let _ = vouch_e2e::Run::new(programs.join("vouch")).args(setup).args(vouch_e2e::MY_DOMAIN).ok();
        assert!(sandbox.read(".cargo/config.toml").contains("my programs/cargo-credential-vouch"));
        publish_greeting(sandbox);
    });
}

#[test]
fn the_bearer_scheme_is_a_setting() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        sandbox.ctl(&["registry", "--scheme", "bearer"]);
        sandbox.library("greeting");
        let publish = ["publish", "--registry", "my-repo", "--manifest-path", "greeting/Cargo.toml"];
        let _ = sandbox.cargo(&publish).fails(101);
        let setup = [
            "setup",
            "codeartifact",
            "--tool",
            "cargo",
            "--repository",
            "my-repo",
            "--token-prefix",
            "bearer",
        ];
        let _ = sandbox.vouch(&setup).ok();
        let _ = sandbox.cargo(&publish).ok();
    });
}
