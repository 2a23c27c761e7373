//! Everything that goes wrong between a person and a YubiKey, through the real pcscd. Exit code 4, its own message, and
//! PIN tries as promised.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use vouch_e2e::card::wait_until;
use vouch_e2e::{CommandOutput, Sandbox, in_sandbox};

fn login_with(sandbox: &Sandbox, pin: &str, more: &[&str]) -> CommandOutput {
    sandbox.vouch(&["login", "--pin-stdin"]).args(more).stdin(format!("{pin}\n")).done()
}

fn wrong_pin(sandbox: &Sandbox) -> String {
    let swapped = if sandbox.pin().starts_with('0') { "1" } else { "0" };
    format!("{swapped}{}", &sandbox.pin()[1..])
}

/// `body` on both firmwares: older cards tell less about themselves.
fn on_both_firmwares(body: impl Fn(&Sandbox)) {
    for firmware in ["5.7.1", "5.4.3"] {
        in_sandbox(&["--firmware", firmware], &body);
    }
}

#[test]
fn a_wrong_pin_costs_one_try_and_says_what_is_left() {
    on_both_firmwares(|sandbox| {
        sandbox.enroll();
        let _ = login_with(sandbox, &wrong_pin(sandbox), &[])
            .expect_code(4)
            .says("2 tries left")
            .never_says(&wrong_pin(sandbox));
        assert_eq!(sandbox.count("/card/pin_failures"), 1);
        let _ = sandbox.vouch(&["status"]).fails(3);
        // The right one resets the counter.
        sandbox.log_in();
        let _ = login_with(sandbox, &wrong_pin(sandbox), &[]).expect_code(4).says("2 tries left");
        // A failed login leaves the session as it was.
        let _ = sandbox.vouch(&["status"]).ok();
    });
}

#[test]
fn the_last_try_is_kept_unless_asked_for() {
    on_both_firmwares(|sandbox| {
        sandbox.enroll();
        for _ in 0..2 {
            let _ = login_with(sandbox, &wrong_pin(sandbox), &[]).expect_code(4);
        }
        assert_eq!(sandbox.count("/card/pin_failures"), 2);
        let _ = login_with(sandbox, sandbox.pin(), &[]).expect_code(4).says("--last-try");
        assert_eq!(sandbox.count("/card/pin_failures"), 2, "nothing was tried");
        let _ = login_with(sandbox, sandbox.pin(), &["--last-try"]).expect_code(0);
    });
}

#[test]
fn a_blocked_pin_says_how_to_unblock() {
    on_both_firmwares(|sandbox| {
        sandbox.enroll();
        for _ in 0..2 {
            let _ = login_with(sandbox, &wrong_pin(sandbox), &[]).expect_code(4);
        }
        let _ = login_with(sandbox, &wrong_pin(sandbox), &["--last-try"]).expect_code(4).says("blocked");
        let _ = login_with(sandbox, sandbox.pin(), &["--last-try"])
            .expect_code(4)
            .says("blocked")
            .says("unblock");
        assert_eq!(sandbox.count("/card/pin_failures"), 3);
        // As it says, with the PUK.
        let unblock = ["-a", "unblock-pin", "-P", "12345678", "-N", sandbox.pin()];
        let _ = sandbox.run("yubico-piv-tool").args(unblock).ok();
        sandbox.log_in();
    });
}

#[test]
fn what_cannot_be_a_pin_is_not_sent() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        for (typed, said) in [
            ("", "PIN"),
            ("12345", "6"),
            ("123456789", "8"),
            // What a YubiKey types when it is touched by accident.
            ("cccccccfhcbelrhifnjrrddcgrburluurftrgfdrdifj", "one-time password"),
        ] {
            let _ = login_with(sandbox, typed, &[]).expect_code(4).says(said);
        }
        assert_eq!(sandbox.count("/card/pin_failures"), 0);
        sandbox.log_in();
    });
}

#[test]
fn slips_at_the_prompt_are_corrected_before_the_card_is_asked() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let mut terminal = sandbox.vouch(&["login"]).on_terminal();
        terminal.wait_for("PIN of YubiKey 12345678: ");
        // A wrong digit and backspace, an arrow, and a whole line taken back.
        terminal.type_line(&format!("9\u{7f}\u{1b}[D99\u{15}{}", sandbox.pin()));
        let _ = terminal.wait().expect_code(0);
        assert_eq!(sandbox.count("/card/pin_failures"), 0);
    });
}

#[test]
fn what_is_typed_while_vouch_waits_is_not_shown_and_not_taken_for_the_pin() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.ctl(&["card", "remove"]);
        let mut terminal = sandbox.vouch(&["login", "--wait", "60"]).on_terminal();
        terminal.wait_for("Plug in");
        terminal.type_line("make all");
        thread::sleep(Duration::from_millis(300));
        sandbox.ctl(&["card", "insert"]);
        terminal.wait_for("PIN of YubiKey 12345678: ");
        terminal.type_line(sandbox.pin());
        let done = terminal.wait().expect_code(0);
        assert!(!done.to_string().contains("make all"), "{done}");
        assert_eq!(sandbox.count("/card/pin_failures"), 0);
    });
}

#[test]
fn whatever_ends_the_prompt_leaves_the_terminal_as_it_was() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        // Ctrl-\ and signals from elsewhere; a shell shows 128 and the number.
        for (press, signal, code) in
            [(Some(0x1c), None, 131), (None, Some(Signal::SIGTERM), 143), (None, Some(Signal::SIGHUP), 129)]
        {
            let mut terminal = sandbox.vouch(&["login"]).on_terminal();
            terminal.wait_for("PIN of YubiKey 12345678: ");
            assert!(!terminal.echoes(), "what is typed would be shown");
            press.into_iter().for_each(|key| terminal.press(key));
            signal.into_iter().for_each(|signal| terminal.signal(signal));
            wait_until("the terminal is as it was", || terminal.echoes());
            let _ = terminal.wait().expect_code(code);
        }
        assert_eq!(sandbox.count("/card/pin_failures"), 0);
    });
}

#[test]
fn ctrl_z_at_the_prompt_gives_the_terminal_back_and_goes_on_with_a_new_question() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let mut terminal = sandbox.vouch(&["login"]).on_terminal();
        terminal.wait_for("PIN of YubiKey 12345678: ");
        terminal.press(0x1a);
        wait_until("it is stopped", || terminal.is_stopped());
        assert!(terminal.echoes());
        // For the shell, and no answer to the question.
        terminal.type_line("ls");
        terminal.signal(Signal::SIGCONT);
        terminal.wait_for("PIN of YubiKey 12345678: ");
        assert!(!terminal.echoes());
        terminal.type_line(sandbox.pin());
        let _ = terminal.wait().expect_code(0);
        assert_eq!(sandbox.count("/card/pin_failures"), 0);
    });
}

#[test]
fn no_touch_in_time_is_told_apart_from_a_wrong_pin() {
    on_both_firmwares(|sandbox| {
        sandbox.enroll();
        sandbox.ctl(&["touch", "never"]);
        let done = login_with(sandbox, sandbox.pin(), &[]).expect_code(4).says("touch");
        assert!(done.took > Duration::from_secs(10), "{done}");
        assert_eq!(sandbox.count("/card/pin_failures"), 0);
        sandbox.ctl(&["touch", "auto"]);
        sandbox.log_in();
    });
}

#[test]
fn a_late_touch_is_in_time() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.ctl(&["touch", "3000"]);
        let done = sandbox.vouch_with_pin(&["login"]).ok().says("Touch your YubiKey");
        assert!(done.took > Duration::from_secs(3), "{done}");
    });
}

#[test]
fn a_card_pulled_while_it_waits_is_named_and_works_again() {
    on_both_firmwares(|sandbox| {
        sandbox.enroll();
        sandbox.ctl(&["touch", "never"]);
        let login = sandbox.vouch_with_pin(&["login"]).start();
        thread::sleep(Duration::from_secs(2));
        sandbox.ctl(&["card", "remove"]);
        let _ = login.wait().expect_code(4).says("pulled out");
        assert_eq!(sandbox.count("/card/pin_failures"), 0);
        sandbox.ctl(&["touch", "auto"]);
        sandbox.ctl(&["card", "insert"]);
        thread::sleep(Duration::from_secs(1));
        sandbox.log_in();
    });
}

#[test]
fn no_pcscd() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.ctl(&["pcscd", "stop"]);
        let _ = sandbox.vouch_with_pin(&["login"]).fails(4).says("pcscd");
        sandbox.ctl(&["pcscd", "start"]);
        sandbox.log_in();
    });
}

#[test]
fn no_card_in_any_reader() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.ctl(&["card", "remove"]);
        let _ = sandbox
            .vouch_with_pin(&["login", "--wait", "0"])
            .fails(4)
            .says("no smart card reader has a card");
    });
}

/// Runs `body` while a program of this name uses every card, in the way that the arguments say.
fn while_held(sandbox: &Sandbox, name: &str, args: &[&str], body: impl FnOnce()) {
    let program = sandbox.file(name);
    std::fs::copy(sibling("hold-card"), &program).unwrap();
    let mut holder = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("hold-card was built");
    let lines: Vec<_> =
        BufReader::new(holder.stdout.take().unwrap()).lines().take(2).map(Result::unwrap).collect();
    assert_eq!(lines, ["holding 1", "ready"]);
    body();
    drop(holder.stdin.take());
    holder.wait().unwrap();
}

#[test]
fn no_reader() {
    in_sandbox(&["--no-pcscd"], |sandbox| {
        sandbox.write(".vouch/config.json", ENROLLED);
        let _ = sandbox.vouch_with_pin(&["login"]).fails(4).says("pcscd");
        // A pcscd that knows of no reader at all.
        std::fs::create_dir_all("/run/pcscd").unwrap();
        std::fs::create_dir(sandbox.file("readers")).unwrap();
        let mut pcscd = Command::new("pcscd");
        let mut pcscd =
            pcscd.args(["-f", "-c"]).arg(sandbox.file("readers")).stdout(Stdio::null()).spawn().unwrap();
        while !std::path::Path::new("/run/pcscd/pcscd.comm").exists() {
            thread::sleep(Duration::from_millis(20));
        }
        let done = sandbox.vouch_with_pin(&["login", "--wait", "0"]).fails(4).never_says("pcscd");
        let _ = done.says("the system knows no smart card reader");
        pcscd.kill().unwrap();
        pcscd.wait().unwrap();
    });
}

/// A configuration with a key that no card has.
const ENROLLED: &str = r#"{"version": 1, "identity": {"issuer": "https://id.example.com/alice", "subject": "alice",
    "keys": [{"serial": 12345678, "slot": "82", "kid": "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s",
    "public_key": "BDCgQkzSHClEg4otdckrN-duog2fAIk6O07uijwKr-w-4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}}"#;

#[test]
fn a_card_held_by_another_program() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        for (name, way) in [
            ("scdaemon", "`gpgconf --kill scdaemon`"),
            ("yubikey-agent", "`systemctl --user stop yubikey-agent`"),
            ("somebody-else", "close what uses the YubiKey"),
        ] {
            while_held(sandbox, name, &[], || {
                let done = sandbox.vouch_with_pin(&["login"]).fails(4).says("another program keeps the card");
                let _ = done.says(&format!("{name} (process ")).says(way);
            });
        }
        assert_eq!(sandbox.count("/card/pin_failures"), 0);
        sandbox.log_in();
    });
}

#[test]
fn a_card_in_the_middle_of_somebody_elses_transaction() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let signs = sandbox.count("/card/signs");
        while_held(sandbox, "scdaemon", &["transaction"], || {
            let done = sandbox
                .vouch_with_pin(&["login"])
                .fails(4)
                .says("another program has been using the YubiKey");
            assert!(done.took < Duration::from_secs(40), "{done}");
            let _ =
                done.says("if the YubiKey blinks").says("scdaemon (process ").says("gpgconf --kill scdaemon");
        });
        assert_eq!((sandbox.count("/card/pin_failures"), sandbox.count("/card/signs")), (0, signs));
        sandbox.log_in();
    });
}

/// Another program of this package.
fn sibling(name: &str) -> std::path::PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join(name)
}

#[test]
fn two_cards_are_told_apart_by_serial_number() {
    in_sandbox(&["--cards", "2"], |sandbox| {
        let enroll = ["enroll", "--issuer", "https://id.example.com/alice", "--subject", "alice"];
        let _ = sandbox.vouch_with_pin(&enroll).fails(4).says("12345678").says("12345679").says("--serial");
        let _ = sandbox.vouch_with_pin(&enroll).args(["--serial", "12345679"]).ok();
        // One enrolled key is plugged in: nothing is left to choose.
        sandbox.log_in();
        let _ = sandbox
            .vouch_with_pin(&["login", "--serial", "12345678"])
            .fails(4)
            .says("12345678 is not enrolled");
        // A spare of the same identity.
        let spare = sandbox.vouch_with_pin(&enroll).args(["--serial", "12345678", "--out", "spare.json"]);
        let _ = spare.ok();
        let _ = sandbox.vouch_with_pin(&["login"]).fails(4).says("--serial");
        let _ = sandbox.vouch_with_pin(&["login", "--serial", "12345678"]).ok();
    });
}

#[test]
fn a_card_without_our_key() {
    in_sandbox(&["--cards", "2"], |sandbox| {
        let enroll = ["enroll", "--issuer", "https://id.example.com/alice", "--subject", "alice"];
        let _ = sandbox.vouch_with_pin(&enroll).args(["--serial", "12345678"]).ok();
        sandbox.ctl(&["card", "remove", "--card", "12345678"]);
        let done = sandbox.vouch_with_pin(&["login", "--wait", "0"]).fails(4).says("12345679");
        let _ = done.says("12345678");
    });
}

#[test]
fn a_key_in_the_slot_that_is_not_the_enrolled_one() {
    on_both_firmwares(|sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let config = sandbox.read(".vouch/config.json");
        // Somebody makes another key in the slot behind our back.
        let enroll =
            ["enroll", "--issuer", "https://id.example.com/alice", "--subject", "alice", "--replace"];
        let _ = sandbox.vouch_with_pin(&enroll).ok();
        sandbox.write(".vouch/config.json", &config);
        let _ = sandbox.vouch_with_pin(&["login"]).fails(4).says("82");
        // The session of before is still there.
        let _ = sandbox.vouch(&["status"]).ok();
    });
}

#[test]
fn an_occupied_slot_is_not_taken_silently() {
    on_both_firmwares(|sandbox| {
        sandbox.enroll();
        let config = sandbox.read(".vouch/config.json");
        std::fs::remove_file(sandbox.file(".vouch/config.json")).unwrap();
        let signs = sandbox.count("/card/signs");
        let enroll = ["enroll", "--issuer", "https://id.example.com/alice", "--subject", "alice"];
        let _ = sandbox.vouch_with_pin(&enroll).fails(4).says("--replace");
        assert_eq!(sandbox.count("/card/signs"), signs);
        sandbox.write(".vouch/config.json", &config);
        sandbox.log_in();
    });
}

#[test]
fn without_an_enrollment_login_says_what_comes_first() {
    in_sandbox(&[], |sandbox| {
        let _ = sandbox.vouch_with_pin(&["login"]).fails(7).says("vouch enroll");
    });
}

#[test]
fn one_of_two_keys_is_chosen_on_a_terminal() {
    in_sandbox(&["--cards", "2"], |sandbox| {
        let enroll = ["enroll", "--issuer", "https://id.example.com/alice", "--subject", "alice"];
        let mut terminal = sandbox.vouch(&enroll).on_terminal();
        terminal.wait_for("Which one?");
        terminal.wait_for("2  YubiKey 12345679");
        for wrong in ["3", "12345679"] {
            terminal.wait_for("Type a number, 1 to 2:");
            terminal.type_line(wrong);
        }
        terminal.wait_for("Type a number, 1 to 2:");
        terminal.type_line("2");
        terminal.wait_for("PIN of YubiKey 12345679: ");
        terminal.type_line(sandbox.pin());
        let _ = terminal.wait().expect_code(0).says("YubiKey 12345679, slot 82");
        assert_eq!(sandbox.config()["identity"]["keys"][0]["serial"], 12_345_679);

        let mut terminal = sandbox.vouch(&enroll).on_terminal();
        terminal.wait_for("Type a number, 1 to 2:");
        terminal.type_line("");
        let _ = terminal.wait().expect_code(4).says("several YubiKeys are plugged in").says("--serial");
    });
}
