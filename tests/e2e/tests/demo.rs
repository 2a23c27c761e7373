//! `make demo` goes through to its end.

use std::path::Path;

use vouch_e2e::in_sandbox;

fn steps(flags: &[&str], script: &str) {
    in_sandbox(flags, |sandbox| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts").join(script);
        let done = sandbox.run(script.to_str().unwrap()).ok();
        assert!(done.stdout.contains("== "), "it showed nothing: {done}");
    });
}

#[test]
fn the_main_job() {
    steps(&[], "demo-steps.sh");
}

#[test]
fn joiners_a_spare_key_and_a_leaver() {
    steps(&["--cards", "3"], "demo-team-steps.sh");
}
