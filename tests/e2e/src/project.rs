//! A project of a user who has clients set up, and programs in the place of these.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::command::{CommandOutput, Run};
use crate::doctor::{Patient, clients, set_up};
use crate::sandbox::Sandbox;

/// A user who has clients set up, each of which is a program that only tells that it was started.
pub fn patient<'a>(sandbox: &'a Sandbox, tools: &[&str]) -> Patient<'a> {
    sandbox.enroll();
    sandbox.log_in();
    let path = clients(sandbox);
    for tool in tools {
        let _ = set_up(sandbox.vouch(&[]).env("PATH", &path), tool, &[]).ok();
        // What it would start, in its place.
        stub(sandbox, program(tool));
    }
    let mut patient = Patient::new(sandbox, &[], path);
    // Of pdm it matters what its program is.
    let others: Vec<_> = tools.iter().copied().filter(|tool| *tool != "pdm").map(program).collect();
    patient.hurry(&others);
    patient
}

/// What a client's program is called.
pub fn program(tool: &str) -> &str {
    match tool {
        "ruby" => "bundle",
        _ => tool,
    }
}

/// Puts such a program in the place of a client.
pub fn stub(sandbox: &Sandbox, name: &str) {
    // Asked for its version, it tells one that reads whatever setup writes.
    let script = format!(
        "#!/bin/sh\ncase $1 in\n--version) echo '{name} 99.0' ;;\n*) touch \"$HOME/started\" ;;\nesac\n"
    );
    sandbox.write(&format!("stubs/{name}"), &script);
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(sandbox.file(&format!("stubs/{name}")), executable).expect("the home is writable");
}

/// `vouch exec` of a client in the project.
pub fn exec(patient: &Patient<'_>, flags: &[&str], words: &[&str]) -> Run {
    let path = patient.path_with(&patient.sandbox.file("stubs"));
    patient.vouch(&["exec", "--type", "codeartifact"]).args(flags).arg("--").args(words).env("PATH", path)
}

/// Whether one was started since the last call.
pub fn was_started(sandbox: &Sandbox) -> bool {
    fs::remove_file(sandbox.file("started")).is_ok()
}

/// Asserts that a command had nothing to say of what it was asked for.
pub fn silent(done: CommandOutput) {
    assert!(done.code == 0 && done.stderr.is_empty(), "{done}");
}
