//! What tests of joining have in common.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::command::{CommandOutput, Run};
use crate::doc_blocks::blocks_of;
use crate::python::installed;
use crate::sandbox::{Sandbox, programs};

/// The join file of the sandbox's team.
pub const URL: &str = "https://id.example.com/vouch.json";
/// What alice types.
pub const JOIN: [&str; 4] = ["join", URL, "--subject", "alice"];

/// The team file that the page of joining shows.
pub fn team() -> String {
    let block = blocks_of("join.md").into_iter().find(|block| block.language == "toml");
    let text = block.expect("docs/join.md shows a team file").text;
    // The sandbox has one role for all.
    text.replace("role/CodeArtifact-{subject}", "role/CodeArtifact")
}

/// Publishes a team file, as its administrator does; enrollments may come with it.
pub fn publish(sandbox: &Sandbox, team: &str, enrollments: &[&str]) -> CommandOutput {
    sandbox.write("team.toml", team);
    sandbox.build_site(&[&["--team", "team.toml"], enrollments].concat()).ok()
}

/// What is on PATH: Vouch, cargo, and clients of a test, and nothing of this machine's.
pub fn path(clients: &[&str], sandbox: &Sandbox) -> OsString {
    let own = sandbox.file(".local/bin");
    fs::create_dir_all(&own).expect("the home is writable");
    // What gives a command a terminal.
    if !own.join("setsid").exists() {
        symlink("/usr/bin/setsid", own.join("setsid")).expect("a link");
    }
    let cargo = env::var_os("CARGO").expect("the sandbox names cargo");
    let cargo = Path::new(&cargo).parent().expect("a program is in a folder").to_owned();
    let clients = clients.iter().map(|name| installed(name).join("bin"));
    let folders = [own, programs(), cargo].into_iter().chain(clients);
    env::join_paths(folders).expect("no folder has a colon")
}

/// `vouch join`, with the package managers of a test alone.
pub fn join(sandbox: &Sandbox, more: &[&str]) -> Run {
    sandbox.vouch(&JOIN).args(more).env("PATH", path(&["pip-26.3"], sandbox))
}

pub fn join_with_pin(sandbox: &Sandbox, more: &[&str]) -> Run {
    join(sandbox, more).arg("--pin-stdin").stdin(format!("{}\n", sandbox.pin()))
}

/// The address of the file that is hosted now, and of no other.
pub fn pinned(sandbox: &Sandbox) -> String {
    let digest = Sha256::digest(fs::read(sandbox.hosted("vouch.json")).unwrap());
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{URL}#sha256={digits}")
}

/// Joins without a terminal.
pub fn accepted(sandbox: &Sandbox, more: &[&str]) -> Run {
    let address = pinned(sandbox);
    let run = sandbox.vouch(&["join", &address, "--subject", "alice", "--pin-stdin"]).args(more);
    run.env("PATH", path(&["pip-26.3"], sandbox)).stdin(format!("{}\n", sandbox.pin()))
}

/// Asserts that a join which did not go through has left nothing.
pub fn nothing_is_left(sandbox: &Sandbox) {
    let left = [".vouch", "enrollment.json", ".cargo/config.toml", ".config/pip/pip.conf"];
    for file in left {
        assert!(!sandbox.file(file).exists(), "{file}");
    }
    assert_eq!(sandbox.count("/card/signs"), 0);
}
