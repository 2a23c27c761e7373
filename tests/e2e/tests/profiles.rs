//! `vouch profile`: profiles are listed, shown, made the default, and forgotten once nothing uses them.

use std::fs;

use serde_json::Value;
use vouch_e2e::{Sandbox, in_sandbox};

const READER: &str = "arn:aws:iam::111111111111:role/CodeArtifactReader";

/// `shared-packages` of another account, for cargo, read with a role of its own.
fn set_up_shared(sandbox: &Sandbox) {
    let _ = sandbox.vouch(&["setup", "aws", "--role", READER, "--profile", "reader"]).ok();
    let shared = ["--domain", "shared-packages", "--domain-owner", "111111111111", "--profile", "shared"];
    let setup = ["setup", "codeartifact", "--tool", "cargo", "--repository", "cargo-store"];
    let _ = sandbox.vouch(&setup).args(shared).args(["--aws-profile", "reader"]).ok();
}

fn json(sandbox: &Sandbox, args: &[&str]) -> Value {
    serde_json::from_str(&sandbox.vouch(args).arg("--json").ok().stdout).unwrap()
}

#[test]
fn profiles_are_shown_with_what_uses_them() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.set_up_cargo();
        set_up_shared(sandbox);
        // The same in both places.
        assert_eq!(json(sandbox, &["profile", "list"]), json(sandbox, &["status", "--profiles"]));
        let _ = sandbox
            .vouch(&["profile", "list"])
            .ok()
            .shows("shared: shared-packages")
            .shows("AWS profile reader");

        let _ = sandbox.vouch(&["profile", "show", "shared"]).ok().shows(READER).shows("cargo-store");
        let shown = json(sandbox, &["profile", "show", "shared"]);
        assert_eq!(shown["domain_owner"], "111111111111");
        assert_eq!(shown["registrations"].as_array().unwrap().len(), 1);
        let shown = json(sandbox, &["profile", "show", "--aws", "reader"]);
        assert_eq!(
            (&shown["role_arn"], &shown["profiles"]),
            (&READER.into(), &serde_json::json!(["shared"]))
        );
        let _ = sandbox.vouch(&["profile", "show", "nowhere"]).fails(7).says("there is default, shared");
        let _ =
            sandbox.vouch(&["profile", "show", "--aws", "shared"]).fails(7).says("there is vouch, reader");
    });
}

#[test]
fn the_default_is_what_serves_where_none_is_named() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        set_up_shared(sandbox);
        let domain = || json(sandbox, &["credential", "codeartifact"])["domain"].clone();
        assert_eq!(domain(), "my-domain");
        let _ = sandbox.vouch(&["profile", "default", "shared"]).ok().says("serves where none is named");
        assert_eq!(domain(), "shared-packages");
        let _ = sandbox.vouch(&["profile", "default", "shared"]).ok().says("nothing to change");
        let _ = sandbox.vouch(&["profile", "default", "nowhere"]).fails(7).says("no CodeArtifact profile");
        let _ = sandbox.vouch(&["profile", "default", "--aws", "reader"]).ok();
        assert_eq!(sandbox.config()["aws"]["default"], "reader");
    });
}

#[test]
fn a_profile_goes_once_nothing_uses_it() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.set_up_cargo();
        set_up_shared(sandbox);
        let before = fs::read(sandbox.file(".vouch/config.json")).unwrap();
        let _ =
            sandbox.vouch(&["profile", "remove", "shared"]).fails(7).says("in use by cargo `cargo-store`");
        let aws = ["profile", "remove", "--aws", "reader"];
        let _ = sandbox.vouch(&aws).fails(7).says("reads shared").says("`vouch profile remove shared`");
        let _ = sandbox.vouch(&["profile", "remove", "nowhere"]).fails(7);
        assert_eq!(fs::read(sandbox.file(".vouch/config.json")).unwrap(), before);

        // As the messages say, one after the other.
        let _ = sandbox.vouch(&["undo"]).ok();
        let _ =
            sandbox.vouch(&["profile", "remove", "shared"]).ok().says("`default` serves where none is named");
        let _ = sandbox.vouch(&aws).ok().says("AWS profile `vouch` serves");
        let config = sandbox.config();
        assert!(config["codeartifact"]["profiles"].get("shared").is_none(), "{config}");
        assert!(config["aws"]["profiles"].get("reader").is_none(), "{config}");

        // The last of a kind may go, too.
        let _ = sandbox.vouch(&["undo", "--all"]).ok();
        let _ = sandbox.vouch(&["profile", "remove", "default"]).ok().says("No CodeArtifact profile serves");
        let _ = sandbox.vouch(&["profile", "remove", "--aws", "vouch"]).ok().says("No AWS profile serves");
    });
}

#[test]
fn a_role_that_aws_tools_ask_for_stays() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let _ = sandbox.vouch(&["setup", "aws", "--role", READER, "--profile", "reader", "--yes"]).ok();
        let remove = ["profile", "remove", "--aws", "reader"];
        let _ = sandbox.vouch(&remove).fails(7).says(".aws/config").says("`vouch undo aws`");
        let _ = sandbox.vouch(&["undo", "aws"]).ok();
        let _ = sandbox.vouch(&remove).ok();
        // A file that cannot be read decides nothing.
        let _ = sandbox.vouch(&["setup", "aws", "--role", READER, "--profile", "reader", "--no"]).ok();
        fs::create_dir_all(sandbox.file(".aws/config")).unwrap();
        let _ = sandbox.vouch(&remove).fails(7).says(".aws/config");
        assert!(sandbox.config()["aws"]["profiles"].get("reader").is_some());
    });
}
