//! A card as it comes from the factory, whose PIN everybody knows: no key is made before it has another one.

use vouch_e2e::card::{ENROLL, FACTORY_PIN, pin_tries, wait_for_blinking};
use vouch_e2e::{Bed, Done, in_sandbox};

const NEW_PIN: &str = "246810";

/// Firmware that tells whether a PIN is the default, and firmware that does not.
const NEW: [&str; 2] = ["5.7.1", "5.4.3"];
const OLD: [&str; 2] = ["5.2.7", "4.3.5"];

fn new_card(firmwares: &[&str], body: impl Fn(&Bed)) {
    for firmware in firmwares {
        in_sandbox(&["--pin", FACTORY_PIN, "--firmware", firmware], &body);
    }
}

/// `vouch enroll` with these lines piped in.
fn enroll(bed: &Bed, flags: &[&str], lines: &[&str]) -> Done {
    let stdin: String = lines.iter().map(|line| format!("{line}\n")).collect();
    bed.vouch(&ENROLL).arg("--pin-stdin").args(flags).stdin(stdin).done()
}

/// That nothing has come of an enrollment, and the card is as it was.
fn untouched(bed: &Bed) {
    assert_eq!((bed.count("/card/signs"), pin_tries(bed)), (0, 3));
    assert!(!bed.file(".vouch/config.json").exists() && !bed.file("enrollment.json").exists());
    let _ = bed.run("yubico-piv-tool").args(["-a", "verify-pin", "-P", FACTORY_PIN]).ok();
    let _ = bed.run("yubico-piv-tool").args(["-a", "attest", "-s", "82"]).fails(1);
}

fn log_in_with(bed: &Bed, pin: &str) -> Done {
    bed.vouch(&["login", "--pin-stdin"]).stdin(format!("{pin}\n")).done()
}

#[test]
fn no_key_is_made_under_the_default_pin() {
    new_card(&[NEW, OLD].concat(), |bed| {
        let done = enroll(bed, &[], &[FACTORY_PIN]).expect_code(4).says("still has the default PIN");
        let _ = done.says("--new-pin-stdin");
        assert_eq!(bed.count("/card/pin_failures"), 0);
        untouched(bed);
        let _ = enroll(bed, &["--new-pin-stdin"], &[FACTORY_PIN]).expect_code(2);
        untouched(bed);
        let flag = ["--new-pin-stdin"];
        let _ = bed.vouch(&ENROLL).args(flag).stdin("").fails(2).says("--pin-stdin");
    });
}

#[test]
fn a_new_pin_is_looked_at_before_the_card_is_asked() {
    new_card(&["5.7.1", "4.3.5"], |bed| {
        for (typed, said) in [
            ("", "6 to 8"),
            ("12345", "6 to 8"),
            ("123456789", "6 to 8"),
            ("sch\u{f6}n1", "without accents"),
            (FACTORY_PIN, "which everybody knows"),
            ("cccccccfhcbelrhifnjrrddcgrburluurftrgfdrdifj", "one-time password"),
        ] {
            let _ = enroll(bed, &["--new-pin-stdin"], &[FACTORY_PIN, typed]).expect_code(4).says(said);
        }
        assert_eq!(bed.count("/card/pin_failures"), 0);
        untouched(bed);
    });
}

#[test]
fn another_pin_is_not_tried_where_the_card_says_that_it_has_the_default() {
    new_card(&NEW, |bed| {
        let _ = enroll(bed, &[], &["654321"]).expect_code(4).says("still has the default PIN");
        assert_eq!(bed.count("/card/pin_failures"), 0);
        untouched(bed);
    });
    // Where it does not say so, the person's word counts.
    new_card(&OLD, |bed| {
        let _ = enroll(bed, &[], &["654321"]).expect_code(4).says("2 tries left");
        assert_eq!(bed.count("/card/pin_failures"), 1);
        assert_eq!(pin_tries(bed), 2);
    });
}

#[test]
fn the_default_pin_is_not_tried_where_the_card_says_that_it_has_another() {
    for firmware in NEW {
        in_sandbox(&["--firmware", firmware], |bed| {
            let _ = enroll(bed, &[], &[FACTORY_PIN]).expect_code(4).says("not the PIN").says("any more");
            assert_eq!((bed.count("/card/pin_failures"), pin_tries(bed)), (0, 3));
        });
    }
    in_sandbox(&["--firmware", "5.2.7"], |bed| {
        let wrong = enroll(bed, &["--new-pin-stdin"], &[FACTORY_PIN, bed.pin()]).expect_code(4);
        let _ = wrong.says("2 tries left").says("give the new one alone");
        assert_eq!(bed.count("/card/pin_failures"), 1);
        let _ = enroll(bed, &[], &[bed.pin()]).expect_code(0);
        assert_eq!(pin_tries(bed), 3);
    });
}

#[test]
fn two_lines_change_it_and_enroll() {
    new_card(&[NEW, OLD].concat(), |bed| {
        let done = enroll(bed, &["--new-pin-stdin"], &[FACTORY_PIN, NEW_PIN]).expect_code(0);
        let _ = done.says("has a PIN of its own").never_says(NEW_PIN);
        assert_eq!((bed.count("/card/pin_failures"), bed.count("/card/signs")), (0, 1));
        let _ = log_in_with(bed, NEW_PIN).expect_code(0);
        let _ = log_in_with(bed, FACTORY_PIN).expect_code(4).says("wrong PIN");
    });
}

#[test]
fn interrupted_after_the_change_the_same_lines_go_on() {
    new_card(&NEW, |bed| {
        let again = || {
            let stdin = format!("{FACTORY_PIN}\n{NEW_PIN}\n");
            bed.vouch(&ENROLL).args(["--pin-stdin", "--new-pin-stdin"]).stdin(stdin)
        };
        bed.ctl(&["touch", "never"]);
        let mut first = again().start();
        wait_for_blinking(bed);
        first.child.kill().unwrap();
        let _ = first.wait().expect_code(137);
        bed.ctl(&["touch", "auto"]);
        let _ = again().ok().says("had made the key");
        assert_eq!((bed.count("/card/pin_failures"), pin_tries(bed)), (0, 3));
        let _ = log_in_with(bed, NEW_PIN).expect_code(0);
    });
}

#[test]
fn a_person_is_guided_to_a_new_pin() {
    new_card(&["5.7.1", "5.2.7"], |bed| {
        let version = bed.run("yubico-piv-tool").args(["-a", "version"]).ok();
        let told = version.stdout.contains("5.7.1") || version.stderr.contains("5.7.1");
        let mut terminal = bed.vouch(&ENROLL).on_terminal();
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
        assert_eq!(bed.count("/card/pin_failures"), 0);
        let _ = log_in_with(bed, NEW_PIN).expect_code(0);
    });
}

#[test]
fn nobody_is_asked_for_ever() {
    new_card(&["5.7.1"], |bed| {
        let mut terminal = bed.vouch(&ENROLL).on_terminal();
        terminal.wait_for("PIN of YubiKey 12345678: ");
        terminal.type_line(FACTORY_PIN);
        for _ in 0..5 {
            terminal.wait_for("New PIN of YubiKey 12345678: ");
            terminal.type_line("");
        }
        let _ = terminal.wait().expect_code(4).says("still the default");
        untouched(bed);
    });
}

#[test]
fn ctrl_c_between_old_and_new_pin_leaves_the_card_as_it_was() {
    new_card(&["5.7.1"], |bed| {
        let mut terminal = bed.vouch(&ENROLL).on_terminal();
        terminal.wait_for("PIN of YubiKey 12345678: ");
        terminal.type_line(FACTORY_PIN);
        terminal.wait_for("New PIN of YubiKey 12345678: ");
        terminal.type_line(NEW_PIN);
        terminal.wait_for("The same again: ");
        terminal.ctrl_c();
        let _ = terminal.wait().expect_code(130);
        untouched(bed);
    });
}

#[test]
fn the_default_puk_is_warned_of() {
    for firmware in NEW {
        in_sandbox(&["--firmware", firmware], |bed| {
            let done = enroll(bed, &[], &[bed.pin()]).expect_code(0).says("the PUK of YubiKey 12345678");
            let _ = done.says("ykman --device 12345678 piv access change-puk");
            let change = ["-a", "change-puk", "-P", "12345678", "-N", "87654321"];
            let _ = bed.run("yubico-piv-tool").args(change).ok();
            let _ = enroll(bed, &[], &[bed.pin()]).expect_code(0).never_says("PUK");
        });
    }
}
