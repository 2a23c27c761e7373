//! Real cargo against the sandbox's registry: everything that people do with it after one login.

use vouch_e2e::{Bed, in_sandbox};

const HOST: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";

fn index(repository: &str) -> String {
    format!("sparse+https://{HOST}/cargo/{repository}/")
}

/// Publishes `greeting` to `my-repo`.
fn publish_greeting(bed: &Bed) {
    bed.library("greeting");
    bed.write("greeting/src/lib.rs", "pub fn greet() -> &'static str { \"hello\" }\n");
    let _ = bed.cargo(&["publish", "--registry", "my-repo", "--manifest-path", "greeting/Cargo.toml"]).ok();
}

fn program_that_greets(bed: &Bed) {
    bed.program("hello", "greeting", "my-repo");
    bed.write("hello/src/main.rs", "fn main() { print!(\"{}\", greeting::greet()); }\n");
}

/// The main job, and every other operation on top of the same session: two calls to AWS in all.
fn everyday_operations(firmware: &str) {
    in_sandbox(&["--firmware", firmware], |bed| {
        bed.enroll();
        assert_eq!(bed.count("/card/touches"), 1, "one touch to enroll");
        bed.log_in();
        assert_eq!(bed.count("/card/touches"), 2, "one touch to log in");
        bed.set_up_cargo();

        publish_greeting(bed);
        program_that_greets(bed);
        let hello = |args: &[&str]| bed.cargo(args).within(bed.file("hello"));
        let _ = hello(&["fetch"]).ok();
        let _ = hello(&["build"]).ok();
        assert_eq!(bed.run("hello/target/debug/hello").ok().stdout, "hello");
        assert_eq!(bed.count("/sts/assume_role_with_web_identity"), 1);
        assert_eq!(bed.count("/codeartifact/get_authorization_token"), 1);

        let _ = bed.cargo(&["search", "--registry", "my-repo", "greet"]).ok();
        let _ = bed.cargo(&["info", "--registry", "my-repo", "greeting"]).ok();
        let _ = bed.cargo(&["yank", "--registry", "my-repo", "greeting@0.1.0"]).ok();
        assert_eq!(bed.count("/registry/cargo/yank"), 1);
        std::fs::remove_file(bed.file("hello/Cargo.lock")).unwrap();
        let _ = hello(&["generate-lockfile"]).fails(101).says("yanked");
        let _ = bed.cargo(&["yank", "--undo", "--registry", "my-repo", "greeting@0.1.0"]).ok();
        assert_eq!(bed.count("/registry/cargo/unyank"), 1);
        let _ = hello(&["generate-lockfile"]).ok();

        let twice = ["publish", "--registry", "my-repo", "--manifest-path", "greeting/Cargo.toml"];
        let _ = bed.cargo(&twice).fails(101).says("already");

        assert_eq!(bed.count("/sts/assume_role_with_web_identity"), 1);
        assert_eq!(bed.count("/codeartifact/get_authorization_token"), 1);
        assert_eq!(bed.count("/card/touches"), 2);
        assert_eq!(bed.count("/registry/cargo/bad_token"), 0);
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
    in_sandbox(&[], |bed| {
        bed.enroll();
        bed.set_up_cargo();
        let _ = bed.cargo(&["login", "--registry", "my-repo"]).fails(101).says("vouch login");
        bed.log_in();
        let _ = bed.cargo(&["login", "--registry", "my-repo"]).ok();
        let _ = bed.cargo(&["logout", "--registry", "my-repo"]).done();
        publish_greeting(bed);
        assert!(!bed.file(".cargo/credentials.toml").exists());
    });
}

#[test]
fn an_unnamed_source_replacement_is_served() {
    in_sandbox(&[], |bed| {
        bed.ready();
        publish_greeting(bed);
        let config = bed.read(".cargo/config.toml");
        let source = format!(
            "[source.crates-io]\nreplace-with = \"private\"\n[source.private]\nregistry = \"{}\"\n\
             [registry]\nglobal-credential-providers = [\"cargo-credential-vouch\"]\n",
            index("my-repo")
        );
        bed.write(".cargo/config.toml", &source);
        let _ = bed.cargo(&["new", "--quiet", "--vcs", "none", "hello"]).ok();
        let manifest = bed.read("hello/Cargo.toml") + "greeting = \"0.1\"\n";
        bed.write("hello/Cargo.toml", &manifest);
        let _ = bed.cargo(&["build"]).within(bed.file("hello")).ok();
        bed.write(".cargo/config.toml", &config);
    });
}

#[test]
fn crates_io_is_replaced_where_setup_was_asked_to() {
    in_sandbox(&[], |bed| {
        bed.ready();
        publish_greeting(bed);
        let setup =
            ["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo", "--replace-crates-io"];
        let _ = bed.vouch(&setup).ok();
        let _ = bed.cargo(&["new", "--quiet", "--vcs", "none", "hello"]).ok();
        let manifest = bed.read("hello/Cargo.toml") + "greeting = \"0.1\"\n";
        bed.write("hello/Cargo.toml", &manifest);
        let _ = bed.cargo(&["build"]).within(bed.file("hello")).ok();
        let lock = bed.read("hello/Cargo.lock");
        assert!(lock.contains("greeting"), "{lock}");
    });
}

#[test]
fn two_registries_of_two_domains_use_two_roles() {
    in_sandbox(&[], |bed| {
        bed.ready();
        let reader = "arn:aws:iam::111111111111:role/CodeArtifactReader";
        let _ = bed.vouch(&["setup", "aws", "--role", reader, "--profile", "vouch-artifacts"]).ok();
        let shared = ["--domain", "shared-packages", "--domain-owner", "111111111111", "--profile", "shared"];
        let setup = ["setup", "codeartifact", "--tool", "cargo", "--repository", "cargo-store"];
        let _ = bed.vouch(&setup).args(shared).ok();

        publish_greeting(bed);
        program_that_greets(bed);
        let _ = bed.cargo(&["build"]).within(bed.file("hello")).ok();
        let _ = bed.cargo(&["search", "--registry", "cargo-store", "anything"]).ok();
        assert_eq!(bed.count("/sts/granted"), 2, "one role each");
        assert_eq!(bed.count("/codeartifact/granted"), 2, "one token each");
        // The reader's role may not publish; the person is told by the registry, not by us.
        let denied = ["publish", "--registry", "cargo-store", "--manifest-path", "greeting/Cargo.toml"];
        let _ = bed.cargo(&denied).fails(101).says("403");
        assert_eq!(bed.count("/registry/cargo/bad_token"), 0);
    });
}

#[test]
fn a_foreign_registry_is_left_to_the_next_provider() {
    in_sandbox(&[], |bed| {
        bed.ready();
        let config = bed.read(".cargo/config.toml");
        let foreign = "[registries.other]\nindex = \"sparse+https://crates.example.net/\"\n\
                       [registry]\nglobal-credential-providers = [\"cargo:token\", \"cargo-credential-vouch\"]\n";
        bed.write(".cargo/config.toml", &(config + foreign));
        let asked = bed.cargo(&["login", "--registry", "other", "their-token"]).done();
        let asked = asked.never_says("vouch login").never_says("panicked");
        assert_eq!(bed.count("/sts/assume_role_with_web_identity"), 0, "{asked}");
    });
}

#[test]
fn a_helper_in_a_folder_with_spaces_is_found() {
    in_sandbox(&[], |bed| {
        bed.enroll();
        bed.log_in();
        let programs = bed.file("my programs");
        std::fs::create_dir(&programs).unwrap();
        for program in ["vouch", "cargo-credential-vouch"] {
            let found = bed.run("sh").args(["-c", &format!("command -v {program}")]).ok().stdout;
            std::fs::copy(found.trim(), programs.join(program)).unwrap();
        }
        let setup = ["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo"];
        let _ = vouch_e2e::Run::new(programs.join("vouch")).args(setup).args(vouch_e2e::MY_DOMAIN).ok();
        assert!(bed.read(".cargo/config.toml").contains("my programs/cargo-credential-vouch"));
        publish_greeting(bed);
    });
}

#[test]
fn the_bearer_scheme_is_a_setting() {
    in_sandbox(&[], |bed| {
        bed.ready();
        bed.ctl(&["registry", "--scheme", "bearer"]);
        bed.library("greeting");
        let publish = ["publish", "--registry", "my-repo", "--manifest-path", "greeting/Cargo.toml"];
        let _ = bed.cargo(&publish).fails(101);
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
        let _ = bed.vouch(&setup).ok();
        let _ = bed.cargo(&publish).ok();
    });
}
