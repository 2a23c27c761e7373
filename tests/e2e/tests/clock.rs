//! A clock that is wrong: set back after a login, or before 1970.

use std::fs;

use serde_json::Value;
use vouch_e2e::doctor::findings;
use vouch_e2e::{Run, Sandbox, in_sandbox};

/// Moves the wall clock of a program by `CLOCK_SHIFT` seconds; its other clocks stay.
const SHIFT: &str = r#"
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *at) {
    int outcome = (int)syscall(SYS_clock_gettime, clock, at);
    const char *shift = getenv("CLOCK_SHIFT");
    if (outcome == 0 && clock == CLOCK_REALTIME && shift) at->tv_sec += atoll(shift);
    return outcome;
}
"#;

const CREDENTIAL: [&str; 2] = ["credential", "codeartifact"];

/// Runs commands by another clock.
struct Clock<'a> {
    sandbox: &'a Sandbox,
    shift: String,
}

impl<'a> Clock<'a> {
    fn shifted(sandbox: &'a Sandbox, seconds: i64) -> Self {
        let (source, library) = (sandbox.file("shift.c"), sandbox.file("shift.so"));
        fs::write(&source, SHIFT).unwrap();
        let _ = Run::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).ok();
        Self { sandbox, shift: seconds.to_string() }
    }

    fn vouch(&self, args: &[&str]) -> Run {
        let run = self.sandbox.vouch(args).env("LD_PRELOAD", self.sandbox.file("shift.so"));
        run.env("CLOCK_SHIFT", &self.shift)
    }
}

#[test]
fn a_session_from_the_future_is_called_so_and_asks_nobody() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let day = Clock::shifted(sandbox, -86_400);
        let said = "your session has not begun yet by the clock of this machine";
        let shown = day.vouch(&["status"]).fails(3).stdout;
        assert!(shown.contains(said) && !shown.contains(" left"), "{shown}");
        let told: Value = serde_json::from_str(&day.vouch(&["status", "--json"]).fails(3).stdout).unwrap();
        assert_eq!((&told["session"]["active"], &told["session"]["reason"]), (&false.into(), &said.into()));
        let doctor = day.vouch(&["doctor", "--json"]).done();
        let session = findings(&doctor).into_iter().find(|finding| finding["check"] == "session").unwrap();
        assert!(session["message"].as_str().unwrap().contains(said), "{session}");
        assert!(session["fix"].as_str().unwrap().contains("Set the clock"), "{session}");
        let _ = day.vouch(&CREDENTIAL).fails(3).says(said).says("Set the clock");
        assert_eq!(sandbox.count("/requests/sts"), 0);
        // With the clock as it was, nothing is lost; a few minutes do no harm.
        let _ = sandbox.vouch(&["status"]).ok().shows(" left");
        let _ = Clock::shifted(sandbox, -240).vouch(&CREDENTIAL).ok();
    });
}

#[test]
fn a_clock_before_1970_is_named() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let before = Clock::shifted(sandbox, -3_000_000_000);
        for command in [&CREDENTIAL[..], &["status"], &["credential", "aws"]] {
            let _ = before.vouch(command).fails(3).never_says("panicked");
        }
        let _ = before.vouch(&["doctor"]).done().never_says("panicked");
    });
}

#[test]
fn a_session_that_ends_soon_is_mentioned_once_on_a_terminal() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let _ = sandbox.vouch_with_pin(&["login", "--duration", "4h"]).ok();
        sandbox.set_up_cargo();
        let said = "your session ends at";
        let shown = |run: Run, end: &str, code: i32| {
            let mut terminal = run.on_terminal();
            terminal.wait_for(end);
            terminal.wait().expect_code(code).stderr
        };
        let list = |clock: &Clock<'_>| shown(clock.vouch(&["profile", "list"]), "AWS profile vouch", 0);
        // AWS goes by another clock.
        let exec = |clock: &Clock<'_>| {
            shown(clock.vouch(&["exec", "--type", "codeartifact", "--", "true"]), "error:", 125)
        };
        assert!(!list(&Clock::shifted(sandbox, 3 * 3600)).contains(said));

        let soon = Clock::shifted(sandbox, 4 * 3600 - 20 * 60 + 30);
        // A script has nobody who could log in, and does not use the one mention up.
        let _ = soon.vouch(&["profile", "list"]).ok().never_says(said);
        let first = list(&soon);
        assert!(
            first.contains(said) && first.contains("in 19 min") && first.contains("`vouch login`"),
            "{first}"
        );
        assert!(!list(&soon).contains(said));
        // What may take long is told each time.
        for _ in 0..2 {
            let told = exec(&soon);
            assert!(told.contains(said), "{told}");
        }
        // A new session has a mention of its own.
        let _ = soon.vouch(&["login", "--pin-stdin"]).stdin(format!("{}\n", sandbox.pin())).ok();
        assert!(!exec(&soon).contains(said));
    });
}

#[test]
fn a_clock_that_is_ahead_ends_what_is_over_by_it_and_spoils_nothing() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let first = sandbox.vouch(&CREDENTIAL).ok().stdout;
        // An hour, as a suspended machine finds when it wakes up: the session lasts, its role credentials do not.
        let hour = Clock::shifted(sandbox, 3_600);
        let _ = hour.vouch(&["status"]).ok().shows(" left");
        let asked = sandbox.count("/requests/sts");
        sandbox.ctl(&["clock", "--skew", "3600"]);
        sandbox.forget();
        let _ = hour.vouch(&CREDENTIAL).ok();
        assert_eq!(sandbox.count("/requests/sts"), asked + 1);
        // A day: it is over, and nobody is asked.
        let day = Clock::shifted(sandbox, 86_400);
        let _ = day.vouch(&CREDENTIAL).fails(3).says("expired").says("vouch login");
        let _ = day.vouch(&["status"]).fails(3);
        let _ = day.vouch(&["doctor"]).done().never_says("panicked");
        assert_eq!(sandbox.count("/requests/sts"), asked + 1);
        // Set right again, the same session goes on; what the other clock fetched is none of it that lasts too long.
        sandbox.ctl(&["clock", "--skew", "0"]);
        let _ = sandbox.vouch(&["status"]).ok().shows(" left");
        let last = sandbox.vouch(&CREDENTIAL).ok().stdout;
        assert_ne!(last, first);
    });
}
