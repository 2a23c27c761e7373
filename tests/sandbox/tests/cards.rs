//! pcscd and the virtual YubiKeys, as OpenSC sees them.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod common;

use common::{answer, run_with_cards};

/// Prints the slots that hold a card.
const LIST: &str =
    "list() { opensc-tool -l 2>&1 | awk '$2 == \"Yes\" { $1 = $2 = \"\"; print } /No smart/'; }\n";

fn list(options: &[&str], script: &str) -> Vec<String> {
    let lines = run_with_cards(options, &format!("{LIST}{script}")).lines();
    lines.iter().map(|line| line.trim().to_owned()).collect()
}

const FIRST: &str = "Yubico YubiKey OTP+FIDO+CCID 00 00";
const SECOND: &str = "Yubico YubiKey OTP+FIDO+CCID 00 01";
const THIRD: &str = "Yubico YubiKey OTP+FIDO+CCID 2 00 00";
const NONE: &str = "No smart card readers found.";

#[test]
fn the_card_is_there_when_the_command_starts() {
    assert_eq!(list(&[], "list"), [FIRST]);
}

#[test]
fn a_third_card_has_a_reader_of_its_own() {
    let script = "list; ctl card remove --card 12345678; echo; list; ctl card insert; echo; list";
    let all = [FIRST, SECOND, THIRD];
    let expected = [&all[..], &["", SECOND, THIRD, ""], &all].concat();
    assert_eq!(list(&["--cards", "3"], script), expected);
}

#[test]
fn a_card_is_pulled_out_and_put_back() {
    let script = "ctl card remove; list; ctl card remove; ctl card insert; list";
    assert_eq!(list(&[], script), [FIRST]);
}

#[test]
fn a_reader_without_card_no_reader_and_no_pcscd() {
    assert_eq!(list(&["--cards", "0"], "list; opensc-tool -l | grep -c CCID"), ["2"]);
    assert_eq!(list(&["--no-pcscd"], "list"), [NONE]);
    assert_eq!(list(&[], "ctl pcscd stop; list; ctl pcscd start; list; ctl pcscd start"), [NONE, FIRST]);
}

#[test]
fn without_pcscd_there_is_none_to_start() {
    let lines = list(&["--no-pcscd"], "vouch-sandbox ctl pcscd start 2>&1; echo $?");
    assert_eq!(lines, ["vouch-sandbox: this sandbox was started without pcscd", "1"]);
}

#[test]
fn a_missing_driver_is_named_with_its_package() {
    let hide = "mount -t tmpfs none /usr/lib/pcsc/drivers && exec \"$@\"";
    let mut command = std::process::Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", hide, "sh"]);
    command.args([env!("CARGO_BIN_EXE_vouch-sandbox"), "run", "--", "true"]);
    let answer = answer(command.output().unwrap());
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(125), ""));
    assert!(answer.stderr.contains("sudo apt-get install vsmartcard-vpcd"), "{}", answer.stderr);
}

#[test]
fn the_cards_have_serial_numbers_and_the_pin_of_the_environment() {
    let script = r#"
        yubico-piv-tool -a verify-pin -P 123456 2>&1 | tail -1
        yubico-piv-tool -a verify-pin -P "$VOUCH_SANDBOX_PIN" 2>&1 | tail -1
        yubico-piv-tool -a status | grep -i serial | tr -dc '0-9'; echo
        vouch-sandbox ctl stats | tr -d ' \n' | grep -oE '"(pin_failures|12345678)":[0-9{]'
        ctl reset
        vouch-sandbox ctl stats | tr -d ' \n' | grep -oE '"pin_failures":[0-9]'
    "#;
    let lines = list(&[], script);
    assert!(lines[0].starts_with("Pin verification failed"), "{lines:?}");
    assert_eq!(lines[1], "Successfully verified PIN.");
    assert_eq!(lines[2], "12345678");
    assert_eq!(
        lines[3..],
        [
            "\"pin_failures\":1",
            "\"12345678\":{",
            "\"pin_failures\":1",
            "\"pin_failures\":0",
            "\"pin_failures\":0"
        ]
    );
}

#[test]
fn the_pin_may_be_the_factorys() {
    let script = r#"yubico-piv-tool -a verify-pin -P 123456 2>&1 | tail -1; echo "$VOUCH_SANDBOX_PIN""#;
    assert_eq!(list(&["--pin", "123456"], script), ["Successfully verified PIN.", "123456"]);
}

#[test]
fn the_firmware_is_the_one_asked_for() {
    let lines = list(&["--firmware", "5.4.3"], "yubico-piv-tool -a version");
    assert_eq!(lines, ["Application version 5.4.3 found."]);
}

#[test]
fn the_finger_does_what_it_is_told() {
    let script = r#"
        for how in auto never 40 now; do ctl touch $how; done
        ctl touch never --card 12345679
        vouch-sandbox ctl touch never --card 12345680 2>&1 || true
    "#;
    let expected = ["vouch-sandbox: there is no card with the serial number 12345680"];
    assert_eq!(list(&["--cards", "2"], script), expected);
}
