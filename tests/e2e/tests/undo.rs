//! setup, then `vouch undo`: byte-identical on files as people have them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use vouch_e2e::{MY_DOMAIN, Run, Sandbox, in_sandbox};

/// Configurations of Cargo as they are found in people's homes.
const CORPUS: [&str; 14] = [
    "",
    "\n\n",
    "# nothing but a remark",
    "[build]\njobs = 4\n",
    "[build]\r\njobs = 4\r\n\r\n[net]\r\ngit-fetch-with-cli = true\r\n",
    "[target.x86_64-unknown-linux-gnu]\nlinker = \"clang\"\nrustflags = [\n    \"-C\",\n    \"link-arg=-fuse-ld=mold\", # fast\n]\n",
    "[alias]\nb = \"build\"\nrr = [\"run\", \"--release\"]",
    "\u{feff}[net]\nretry = 3\n",
    "[source.crates-io]\nreplace-with = \"vendored\"\n\n[source.vendored]\ndirectory = \"vendor\"\n",
    "[registries.other]\nindex = \"sparse+https://registry.example.com/index/\"\ntoken = \"hunter2\"\n",
    "[registries]\nother = { index = \"sparse+https://registry.example.com/index/\" }\n",
    "registries = { other = { index = \"sparse+https://registry.example.com/\" } }\n",
    "registries.other.index = \"sparse+https://registry.example.com/index/\"\n\n[http]\nproxy = \"http://u:p@proxy:3128\"\n",
    "[registries.my-repo]\ncredential-provider = [\"cargo:token\"]\nindex = \"sparse+https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/\"\n",
];

fn setup(sandbox: &Sandbox, tool: &str) -> Run {
    sandbox.vouch(&["setup", "codeartifact", "--tool", tool, "--repository", "my-repo"]).args(MY_DOMAIN)
}

#[test]
fn cargos_file_is_byte_for_byte_as_before() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let file = sandbox.file(".cargo/config.toml");
        for (number, text) in CORPUS.iter().enumerate() {
            for mode in [0o600, 0o644] {
                sandbox.write(".cargo/config.toml", text);
                fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
                let _ = setup(sandbox, "cargo").ok();
                assert_ne!(sandbox.read(".cargo/config.toml"), *text, "{number}");
                let _ = sandbox.vouch(&["undo", "cargo"]).ok().says("as it was before setup");
                assert_eq!(sandbox.read(".cargo/config.toml"), *text, "{number}");
                assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, mode);
            }
        }
        assert!(!sandbox.read(".vouch/journal.json").contains("hunter2"));
        fs::remove_dir_all(sandbox.file(".cargo")).unwrap();
        let _ = setup(sandbox, "cargo").ok();
        let _ = sandbox.vouch(&["undo", "cargo"]).ok();
        assert!(!sandbox.file(".cargo").exists());
        // Of dotfiles kept elsewhere, the link stays.
        sandbox.write("dotfiles/cargo.toml", CORPUS[3]);
        fs::create_dir(sandbox.file(".cargo")).unwrap();
        symlink("../dotfiles/cargo.toml", &file).unwrap();
        let _ = setup(sandbox, "cargo").ok();
        let _ = sandbox.vouch(&["undo", "cargo"]).ok();
        assert!(file.symlink_metadata().unwrap().is_symlink());
        assert_eq!(sandbox.read("dotfiles/cargo.toml"), CORPUS[3]);
    });
}

#[test]
fn what_was_taken_back_receives_no_token() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let _ = vouch_e2e::helper::ask(vouch_e2e::helper::INDEX).answer().unwrap();
        let _ = sandbox.vouch(&["undo", "cargo"]).ok().says("no longer receives tokens");
        let refused = vouch_e2e::helper::ask(vouch_e2e::helper::INDEX).answer().unwrap_err();
        assert!(refused.to_string().contains("nothing was set up"), "{refused}");
        let _ = sandbox.vouch(&["undo", "cargo"]).fails(1).says("nothing to undo");
    });
}

#[test]
fn npms_file_is_as_before_and_its_token_is_gone() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        for text in [
            "",
            "; mine\nregistry=https://registry.example.com/\nsave-exact=true",
            "a=b\r\n@x:registry=https://x/\r\n",
        ] {
            sandbox.write(".npmrc", text);
            let _ = setup(sandbox, "npm").ok();
            assert!(sandbox.read(".npmrc").contains(":_authToken="));
            let _ = sandbox.vouch(&["undo", "npm"]).ok().says("as it was before setup");
            assert_eq!(sandbox.read(".npmrc"), text);
        }
        let _ = setup(sandbox, "npm").ok();
        sandbox.write(".npmrc", &format!("# by hand\n{}later=1\n", sandbox.read(".npmrc")));
        let _ = sandbox.vouch(&["undo", "npm"]).ok().says("was edited since");
        let left = sandbox.read(".npmrc");
        assert!(!left.contains("_authToken") && !left.contains("codeartifact"), "{left}");
        assert!(left.starts_with("# by hand\n") && left.ends_with("later=1\n"), "{left}");
    });
}

#[test]
fn a_client_with_two_files_is_taken_back_as_one() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.write(".yarnrc.yml", "nodeLinker: node-modules\n");
        let _ = setup(sandbox, "yarn").ok();
        assert_ne!(sandbox.read(".yarnrc.yml"), "nodeLinker: node-modules\n");
        let files = |sandbox: &Sandbox| sandbox.vouch(&["undo", "--list"]).ok().stdout;
        assert_eq!(files(sandbox).lines().count(), 2, "{}", files(sandbox));
        let _ = sandbox.vouch(&["undo"]).ok();
        assert_eq!(sandbox.read(".yarnrc.yml"), "nodeLinker: node-modules\n");
        assert_eq!(files(sandbox).matches("(undone").count(), 2);
    });
}
