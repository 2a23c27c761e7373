//! A card as it comes from the factory, whose PIN everybody knows: no key is made before it has another one.

use vouch_e2e::card::{ENROLL, FACTORY_PIN, pin_tries, wait_for_blinking};
use vouch_e2e::{CommandOutput, Sandbox, in_sandbox};

const NEW_PIN: &str = "246810";

/// Firmware that tells whether a PIN is the default, and firmware that does not.
const NEW: [&str; 2] = ["5.7.1", "5.4.3"];
const OLD: [&str; 2] = ["5.2.7", "4.3.5"];

fn new_card(firmwares: &[&str], body: impl Fn(&Sandbox)) {
    for firmware in firmwares {
        in_sandbox(&["--pin", FACTORY_PIN, "--firmware", firmware], &body);
    }
}

/// `vouch enroll` with these lines piped in.
fn enroll(sandbox: &Sandbox, flags: &[&str], lines: &[&str]) -> CommandOutput {
    let stdin: String = lines.iter().map(|line| format!("{line}\n")).collect();
    sandbox.vouch(&ENROLL).arg("--pin-stdin").args(flags).stdin(stdin).done()
}

/// That nothing has come of an enrollment, and the card is as it was.
fn untouched(sandbox: &Sandbox) {
    assert_eq!((sandbox.count("/card/signs"), pin_tries(sandbox)), (0, 3));
    assert!(!sandbox.file(".vouch/config.json").exists() && !sandbox.file("enrollment.json").exists());
    let _ = sandbox.run("yubico-piv-tool").args(["-a", "verify-pin", "-P", FACTORY_PIN]).ok();
    let _ = sandbox.run("yubico-piv-tool").args(["-a", "attest", "-s", "82"]).fails(1);
}

fn log_in_with(sandbox: &Sandbox, pin: &str) -> CommandOutput {
    sandbox.vouch(&["login", "--pin-stdin"]).stdin(format!("{pin}\n")).done()
}

#[test]
fn no_key_is_made_under_the_default_pin() {
    new_card(&[NEW, OLD].concat(), |sandbox| {
        let done = enroll(sandbox, &[], &[FACTORY_PIN]).expect_code(4).says("still has the default PIN");
        let _ = done.says("--new-pin-stdin");
        assert_eq!(sandbox.count("/card/pin_failures"), 0);
        untouched(sandbox);
        let _ = enroll(sandbox, &["--new-pin-stdin"], &[FACTORY_PIN]).expect_code(2);
        untouched(sandbox);
        let flag = ["--new-pin-stdin"];
        let _ = sandbox.vouch(&ENROLL).args(flag).stdin("").fails(2).says("--pin-stdin");
    });
}

#[test]
fn a_new_pin_is_looked_at_before_the_card_is_asked() {
    new_card(&["5.7.1", "4.3.5"], |sandbox| {
        for (typed, said) in [
            ("", "6 to 8"),
            ("12345", "6 to 8"),
            ("123456789", "6 to 8"),
            ("sch\u{f6}n1", "without accents"),
            (FACTORY_PIN, "which everybody knows"),
            ("cccccccfhcbelrhifnjrrddcgrburluurftrgfdrdifj", "one-time password"),
        ] {
            let _ = enroll(sandbox, &["--new-pin-stdin"], &[FACTORY_PIN, typed]).expect_code(4).says(said);
        }
        assert_eq!(sandbox.count("/card/pin_failures"), 0);
        untouched(sandbox);
    });
}

#[test]
fn another_pin_is_not_tried_where_the_card_says_that_it_has_the_default() {
    new_card(&NEW, |sandbox| {
        let _ = enroll(sandbox, &[], &["654321"]).expect_code(4).says("still has the default PIN");
        assert_eq!(sandbox.count("/card/pin_failures"), 0);
        untouched(sandbox);
    });
    // Where it does not say so, the person's word counts.
    new_card(&OLD, |sandbox| {
        let _ = enroll(sandbox, &[], &["654321"]).expect_code(4).says("2 tries left");
        assert_eq!(sandbox.count("/card/pin_failures"), 1);
        assert_eq!(pin_tries(sandbox), 2);
    });
}

#[test]
fn the_default_pin_is_not_tried_where_the_card_says_that_it_has_another() {
    for firmware in NEW {
        in_sandbox(&["--firmware", firmware], |sandbox| {
            let _ = enroll(sandbox, &[], &[FACTORY_PIN]).expect_code(4).says("not the PIN").says("any more");
            assert_eq!((sandbox.count("/card/pin_failures"), pin_tries(sandbox)), (0, 3));
        });
    }
    in_sandbox(&["--firmware", "5.2.7"], |sandbox| {
        let wrong = enroll(sandbox, &["--new-pin-stdin"], &[FACTORY_PIN, sandbox.pin()]).expect_code(4);
        let _ = wrong.says("2 tries left").says("give the new one alone");
        assert_eq!(sandbox.count("/card/pin_failures"), 1);
        let _ = enroll(sandbox, &[], &[sandbox.pin()]).expect_code(0);
        assert_eq!(pin_tries(sandbox), 3);
    });
}

#[test]
fn two_lines_change_it_and_enroll() {
    new_card(&[NEW, OLD].concat(), |sandbox| {
        let done = enroll(sandbox, &["--new-pin-stdin"], &[FACTORY_PIN, NEW_PIN]).expect_code(0);
        let _ = done.says("has a PIN of its own").never_says(NEW_PIN);
        assert_eq!((sandbox.count("/card/pin_failures"), sandbox.count("/card/signs")), (0, 1));
        let _ = log_in_with(sandbox, NEW_PIN).expect_code(0);
        let _ = log_in_with(sandbox, FACTORY_PIN).expect_code(4).says("wrong PIN");
    });
}

#[test]
fn interrupted_after_the_change_the_same_lines_go_on() {
    new_card(&NEW, |sandbox| {
        let again = || {
            let stdin = format!("{FACTORY_PIN}\n{NEW_PIN}\n");
            sandbox.vouch(&ENROLL).args(["--pin-stdin", "--new-pin-stdin"]).stdin(stdin)
        };
        sandbox.ctl(&["touch", "never"]);
        let mut first = again().start();
        wait_for_blinking(sandbox);
        first.child.kill().unwrap();
        let _ = first.wait().expect_code(137);
        sandbox.ctl(&["touch", "auto"]);
        let _ = again().ok().says("had made the key");
        assert_eq!((sandbox.count("/card/pin_failures"), pin_tries(sandbox)), (0, 3));
        let _ = log_in_with(sandbox, NEW_PIN).expect_code(0);
    });
}

#[test]
fn a_person_is_guided_to_a_new_pin() {
    new_card(&["5.7.1", "5.2.7"], |sandbox| {
        let version = sandbox.run("yubico-piv-tool").args(["-a", "version"]).ok();
        let told = version.stdout.contains("5.7.1") || version.stderr.contains("5.7.1");
        let mut terminal = sandbox.vouch(&ENROLL).on_terminal();
        if told {
            terminal.wait_for("123456: type it, then choose another one");
        }
        terminal.wait_for("PIN of YubiKey 12345678: ");
        assert!(!terminal.echoes());
        terminal.type_line(FACTORY_PIN);
        terminal.wait_for("Choose another one: 6 to 8 characters");
        for (typed, said) in [("12345", "6 to 8"), (FACTORY_PIN, "which everybody knows")] {
            terminal.wait_for("New PIN of YubiKey 12345678: ");
            assert!(!terminal.echoes());
            terminal.type_line(typed);
            terminal.wait_for(said);
        }
        for (again, said) in [("246811", "not the same"), (NEW_PIN, "has a PIN of its own")] {
            terminal.wait_for("New PIN of YubiKey 12345678: ");
            terminal.type_line(NEW_PIN);
            terminal.wait_for("The same again: ");
            terminal.type_line(again);
            terminal.wait_for(said);
        }
        let done = terminal.wait().expect_code(0).never_says(NEW_PIN);
        let _ = done.never_says("246811");
        assert_eq!(sandbox.count("/card/pin_failures"), 0);
        let _ = log_in_with(sandbox, NEW_PIN).expect_code(0);
    });
}

#[test]
fn nobody_is_asked_for_ever() {
    new_card(&["5.7.1"], |sandbox| {
        let mut terminal = sandbox.vouch(&ENROLL).on_terminal();
        terminal.wait_for("PIN of YubiKey 12345678: ");
        terminal.type_line(FACTORY_PIN);
        for _ in 0..5 {
            terminal.wait_for("New PIN of YubiKey 12345678: ");
            terminal.type_line("");
        }
        let _ = terminal.wait().expect_code(4).says("still the default");
        untouched(sandbox);
    });
}

#[test]
fn ctrl_c_between_old_and_new_pin_leaves_the_card_as_it_was() {
    new_card(&["5.7.1"], |sandbox| {
        let mut terminal = sandbox.vouch(&ENROLL).on_terminal();
        terminal.wait_for("PIN of YubiKey 12345678: ");
        terminal.type_line(FACTORY_PIN);
        terminal.wait_for("New PIN of YubiKey 12345678: ");
        terminal.type_line(NEW_PIN);
        terminal.wait_for("The same again: ");
        terminal.ctrl_c();
        let _ = terminal.wait().expect_code(130);
        untouched(sandbox);
    });
}

#[test]
fn the_default_puk_is_warned_of() {
    for firmware in NEW {
        in_sandbox(&["--firmware", firmware], |sandbox| {
            let done =
                enroll(sandbox, &[], &[sandbox.pin()]).expect_code(0).says("the PUK of YubiKey 12345678");
            let _ = done.says("ykman --device 12345678 piv access change-puk");
            let change = ["-a", "change-puk", "-P", "12345678", "-N", "87654321"];
            let _ = sandbox.run("yubico-piv-tool").args(change).ok();
            let _ = enroll(sandbox, &[], &[sandbox.pin()]).expect_code(0).never_says("PUK");
        });
    }
}

#[test]
fn the_prompt_says_how_many_tries_are_left_and_the_last_one_is_not_asked_for() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let mut terminal = sandbox.vouch(&["login"]).on_terminal();
        terminal.wait_for("PIN of YubiKey 12345678: ");
        terminal.type_line("999999");
        let _ = terminal.wait().expect_code(4).says("2 tries left");
        let mut terminal = sandbox.vouch(&["login"]).on_terminal();
        terminal.wait_for("PIN of YubiKey 12345678 (2 tries left): ");
        terminal.type_line("999999");
        let _ = terminal.wait().expect_code(4).says("1 try left");
        // Nobody types what would not be sent.
        let refused = sandbox.vouch(&["login"]).on_terminal().wait().expect_code(4);
        let _ = refused.says("one more wrong PIN would block").never_says("PIN of YubiKey 12345678:");
        let _ = sandbox.vouch(&["login", "--pin-stdin"]).fails(4).says("one more wrong PIN would block");
        assert_eq!(pin_tries(sandbox), 1);
        let mut terminal = sandbox.vouch(&["login", "--last-try"]).on_terminal();
        terminal.wait_for("PIN of YubiKey 12345678 (the last try): ");
        terminal.type_line(sandbox.pin());
        let _ = terminal.wait().expect_code(0);
        assert_eq!(pin_tries(sandbox), 3);
    });
}
