//! A person with a home of their own, who asks the built program.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail loudly")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::json;
use vouch_core::exchange::Token;
use vouch_core::home::Home;
use vouch_core::identity::Identity;
use vouch_core::keystore::Keystore;
use vouch_core::session::{self, SessionDuration};
use vouch_core::vault::EntryName;
use vouch_core::{Secret, UnixTime};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_pip-keyring-vouch");
pub(crate) const HOST: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
const ROLE: &str = "arn:aws:iam::123456789012:role/CodeArtifact";

/// A home with the repository `my-repo` set up under two hosts.
pub(crate) struct TestUser {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) home: Home,
}

impl TestUser {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        home.create().unwrap();
        let person = Self { dir, home };
        person.configure(&json!({
            "version": 1,
            "aws": { "profiles": { "vouch": { "role_arn": ROLE, "region": "us-east-1" } } },
            "codeartifact": {
                "profiles": { "default": { "domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1" } },
                "registrations": [
                    { "tool": "pip", "repository": "my-repo", "profile": "default",
                      "endpoint": format!("https://{HOST}/pypi/my-repo/") },
                    { "tool": "pip", "repository": "my-repo", "profile": "default",
                      "endpoint": "https://packages.example.com/pypi/my-repo/" }
                ]
            }
        }).to_string());
        person
    }

    pub(crate) fn logged_in(token: &str) -> Self {
        let person = Self::new();
        person.log_in(token);
        person
    }

    pub(crate) fn configure(&self, text: &str) {
        fs::write(self.home.config_file(), text).unwrap();
        self.set_config_mode(0o600);
    }

    pub(crate) fn set_config_mode(&self, mode: u32) {
        let permissions = PermissionsExt::from_mode(mode);
        fs::set_permissions(self.home.config_file(), permissions).unwrap();
    }

    /// Logs in with a key in memory and puts a token in the vault.
    pub(crate) fn log_in(&self, token: &str) {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let point = key.verifying_key().to_sec1_point(false);
        let public = vouch_core::identity::SigningKey::from_point(point.as_bytes()).unwrap();
        let identity: Identity = serde_json::from_value(json!({
            "issuer": "https://id.example.com/alice",
            "subject": "alice",
            "keys": [{ "serial": 1, "slot": "82", "kid": public.thumbprint(), "public_key": public }]
        }))
        .unwrap();
        let keystore = Keystore::from_env(&self.home).unwrap();
        let sign = |digest: &[u8; 32]| {
            let signature: Signature = key.sign_prehash(digest).unwrap();
            Ok(signature.to_bytes().into())
        };
        session::login(&self.home, &keystore, &identity, &identity.keys[0], SessionDuration::default(), sign)
            .unwrap();
        let vault = session::open(&self.home, &keystore).unwrap();
        let expires_at = UnixTime::now().plus(3600);
        let name =
            EntryName::new("token", &[ROLE, "us-east-1", "my-domain", "123456789012", "us-east-1", "hour"]);
        let token = Token { value: Secret::new(token.to_owned()), expires_at };
        vault.write(&name, &token, expires_at).unwrap();
    }

    /// The program in this home, as `setsid` starts it: a terminal that runs the tests is none of theirs.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("setsid");
        command.args(["--wait".as_ref(), program.as_os_str()]);
        command.env_clear().env("HOME", self.dir.path()).env("VOUCH_HOME", self.home.path());
        command.current_dir(self.dir.path()).stdin(Stdio::null());
        command
    }

    /// Status, stdout and stderr for a line of words; `HOST` and an empty word as `''` are filled in.
    pub(crate) fn ask(&self, line: &str) -> (i32, String, String) {
        let words = line.split_whitespace().map(|word| match word {
            "''" => String::new(),
            word => word.replace("HOST", HOST).replace("UPPER", &HOST.to_uppercase()),
        });
        parts(self.command(Path::new(PROGRAM)).args(words).output().unwrap())
    }

    /// A link to the program by the name `keyring`, in a folder of its own.
    pub(crate) fn linked(&self) -> PathBuf {
        let folder = self.dir.path().join("linked");
        fs::create_dir(&folder).unwrap();
        symlink(PROGRAM, folder.join("keyring")).unwrap();
        folder
    }

    /// Another `keyring`, as a shell script, in a folder of its own.
    pub(crate) fn other(&self, script: &str) -> PathBuf {
        let folder = self.dir.path().join("other");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("keyring"), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(folder.join("keyring"), fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }
}

impl Drop for TestUser {
    fn drop(&mut self) {
        if let Ok(keystore) = Keystore::from_env(&self.home) {
            let _ = session::logout(&self.home, &keystore);
        }
    }
}

pub(crate) fn parts(Output { status, stdout, stderr }: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}
