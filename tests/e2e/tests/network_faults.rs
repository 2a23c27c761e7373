//! Every way in which a network or what stands behind it goes wrong, at each of the two services: within the deadline a
//! clear error that names the host, nothing changed, and the next run goes on by itself.

use std::time::Duration;

use vouch_e2e::{CommandOutput, Sandbox, in_sandbox};

/// Longer than the 20 seconds that a helper takes at most, by what its start and end cost on a busy machine.
const DEADLINE: Duration = Duration::from_secs(23);

/// Long enough for a failure to be nobody's any more.
const SHARED: Duration = Duration::from_millis(1100);

const SERVICES: [(&str, &str); 2] =
    [("sts", "sts.us-east-1.amazonaws.com"), ("codeartifact", "codeartifact.us-east-1.amazonaws.com")];

fn credential(sandbox: &Sandbox) -> CommandOutput {
    sandbox.vouch(&["credential", "codeartifact"]).done()
}

/// Asks with a fault in force, at both services; then without it.
fn at_both(faults: &[(&[&str], &str)]) {
    at(&SERVICES, faults);
}

fn at(services: &[(&str, &str)], faults: &[(&[&str], &str)]) {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let before = sandbox.setup_files();
        for (service, host) in services {
            for (fault, said) in faults {
                sandbox.forget();
                sandbox.ctl(&[&["fault", service][..], fault].concat());
                let done = credential(sandbox);
                assert_eq!(done.code, 5, "{service} {fault:?}: {done}");
                assert!(done.took < DEADLINE, "{service} {fault:?}: {done}");
                assert!(done.stdout.is_empty() && !done.stderr.contains("panicked"), "{done}");
                let is_named = done.stderr.contains(host)
                    || done.stderr.contains("STS")
                    || done.stderr.contains("CodeArtifact");
                assert!(is_named && done.stderr.contains(said), "{service} {fault:?}: {done}");
                assert!(done.stderr.contains("hint: "), "{done}");
                sandbox.ctl(&["fault", service, "--clear"]);
                std::thread::sleep(SHARED);
                let after = credential(sandbox);
                assert!(after.code == 0 && after.stdout.contains("eyJ"), "{service} {fault:?}: {after}");
                assert_eq!(sandbox.setup_files(), before, "{service} {fault:?}");
            }
        }
    });
}

#[test]
fn connections_that_are_refused_or_reset_at_any_stage() {
    at_both(&[(&["--refuse"], "refused"), (&["--reset-early"], ""), (&["--reset"], "")]);
}

#[test]
fn a_handshake_that_stalls() {
    at_both(&[(&["--stall"], "in time")]);
}

#[test]
fn an_answer_that_stalls() {
    // Of STS another test asks it.
    at(&SERVICES[1..], &[(&["--hang"], "in time")]);
}

#[test]
fn an_answer_that_drips() {
    at(&SERVICES[..1], &[(&["--drip"], "in time")]);
}

#[test]
fn bodies_that_are_cut_garbage_endless_compressed_or_of_other_types() {
    at_both(&[
        (&["--truncate"], ""),
        (&["--garbage"], ""),
        (&["--endless"], ""),
        (&["--compressed"], ""),
        (&["--wrong-types"], ""),
        (&["--status", "500", "--truncate"], ""),
    ]);
}

#[test]
fn certificates_that_are_not_to_be_believed() {
    at_both(&[
        (&["--bad-tls"], "certificate"),
        (&["--wrong-host"], "certificate"),
        (&["--expired"], "certificate"),
        (&["--not-yet-valid"], "certificate"),
    ]);
}

#[test]
fn a_service_that_is_too_busy_or_broken_for_long() {
    at_both(&[
        (&["--status", "429", "--code", "Throttling", "--retry-after", "60"], "60"),
        (&["--status", "429", "--code", "Throttling"], "Throttling"),
        (&["--status", "500"], ""),
        (&["--status", "502"], ""),
        (&["--status", "503", "--retry-after", "60"], "503"),
    ]);
}

/// What is over within the time that a helper has is nobody's to see.
#[test]
fn a_burst_of_errors_that_passes_is_waited_out() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        for (service, _) in SERVICES {
            for fault in [
                &["--status", "500", "--times", "1"][..],
                &["--status", "503", "--retry-after", "1", "--times", "1"],
                &["--status", "429", "--retry-after", "1", "--times", "1"],
                &["--reset", "--times", "1"],
                &["--truncate", "--times", "1"],
            ] {
                sandbox.forget();
                sandbox.ctl(&[&["fault", service][..], fault].concat());
                let done = credential(sandbox);
                assert!(done.code == 0 && done.took < DEADLINE, "{service} {fault:?}: {done}");
            }
        }
    });
}
