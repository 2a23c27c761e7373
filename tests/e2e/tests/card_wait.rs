//! What Vouch waits for, the card and the touch, and what it says meanwhile: on a terminal, elsewhere, and on a desktop.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use vouch_e2e::card::{ENROLL, wait_until};
use vouch_e2e::{CommandOutput, Sandbox, in_sandbox};

const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";

fn times(done: &CommandOutput, text: &str) -> usize {
    done.stderr.matches(text).count()
}

#[test]
fn a_card_that_is_plugged_in_late_is_in_time() {
    in_sandbox(&[], |sandbox| {
        for command in [&ENROLL[..], &["login"]] {
            sandbox.ctl(&["card", "remove"]);
            let waiting = sandbox.vouch_with_pin(command).start();
            thread::sleep(Duration::from_secs(2));
            sandbox.ctl(&["card", "insert"]);
            let done = waiting.wait().expect_code(0).says("Plug in your YubiKey (15 s)");
            assert_eq!(times(&done, "Plug in"), 1, "{done}");
            let took = done.took;
            assert!(took > Duration::from_secs(2) && took < Duration::from_secs(10), "{done}");
        }
        assert_eq!(sandbox.count("/card/pin_failures"), 0);
    });
}

#[test]
fn no_card_in_fifteen_seconds() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.ctl(&["card", "remove"]);
        let done = sandbox.vouch_with_pin(&["login"]).fails(4).says("no YubiKey is plugged in");
        assert!(done.took > Duration::from_secs(15) && done.took < Duration::from_secs(20), "{done}");
        assert_eq!(times(&done, "Plug in your YubiKey"), 1, "{done}");
        // Nobody asks for a PIN that there is no card for.
        let _ = done.never_says("PIN of YubiKey");
    });
}

#[test]
fn who_does_not_want_to_wait_does_not() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.ctl(&["card", "remove"]);
        for command in [&ENROLL[..], &["login"]] {
            let done = sandbox.vouch_with_pin(command).args(["--wait", "0"]).fails(4);
            assert!(done.took < Duration::from_secs(5), "{done}");
            let done = done.says("no YubiKey is plugged in");
            assert_eq!(times(&done, "» "), 0, "{done}");
        }
        let _ = sandbox.vouch_with_pin(&["login", "--wait", "601"]).fails(2).says("600");
    });
}

#[test]
fn what_plugging_in_cannot_change_is_told_at_once() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.ctl(&["pcscd", "stop"]);
        let done = sandbox.vouch_with_pin(&["login"]).fails(4).says("is not running");
        assert!(done.took < Duration::from_secs(5), "{done}");
    });
}

#[test]
fn the_enrolled_card_is_waited_for_beside_another() {
    in_sandbox(&["--cards", "2"], |sandbox| {
        let _ = sandbox.vouch_with_pin(&ENROLL).args(["--serial", "12345678"]).ok();
        sandbox.ctl(&["card", "remove", "--card", "12345678"]);
        for (flags, said) in [
            (&[][..], "Plug in your enrolled YubiKey (12345678)"),
            (&["--serial", "12345678"], "Plug in YubiKey 12345678"),
        ] {
            let waiting = sandbox.vouch_with_pin(&["login"]).args(flags).start();
            thread::sleep(Duration::from_secs(1));
            sandbox.ctl(&["card", "insert", "--card", "12345678"]);
            let _ = waiting.wait().expect_code(0).says(said);
            sandbox.ctl(&["card", "remove", "--card", "12345678"]);
        }
    });
}

/// A pcscd with the readers of this home.
struct Pcscd(Child);

impl Pcscd {
    fn start(sandbox: &Sandbox) -> Self {
        let mut pcscd = Command::new("pcscd");
        let pcscd =
            pcscd.args(["-f", "-c"]).arg(sandbox.file("readers")).stdout(Stdio::null()).spawn().unwrap();
        wait_until("pcscd listens", || Path::new("/run/pcscd/pcscd.comm").exists());
        Self(pcscd)
    }
}

impl Drop for Pcscd {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.0.id().try_into().unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        self.0.wait().unwrap();
    }
}

/// The driver is installed while Vouch waits, which restarts pcscd.
#[test]
fn a_reader_that_was_not_there_yet_is_in_time() {
    in_sandbox(&["--no-pcscd"], |sandbox| {
        std::fs::create_dir_all("/run/pcscd").unwrap();
        std::fs::create_dir(sandbox.file("readers")).unwrap();
        let without_reader = Pcscd::start(sandbox);
        let waiting = sandbox.vouch_with_pin(&ENROLL).start();
        thread::sleep(Duration::from_secs(2));
        drop(without_reader);
        let reader = format!(
            "FRIENDLYNAME \"Yubico YubiKey OTP+FIDO+CCID\"\nDEVICENAME /dev/null:0x8C7B\nLIBPATH {DRIVER}\nCHANNELID 0x8C7B\n"
        );
        sandbox.write("readers/vpcd", &reader);
        let _with_reader = Pcscd::start(sandbox);
        let done = waiting.wait().expect_code(0).says("Plug in your YubiKey (15 s)");
        assert!(done.took < Duration::from_secs(12), "{done}");
    });
}

#[test]
fn a_person_sees_a_countdown_to_plug_in() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.ctl(&["card", "remove"]);
        let mut terminal = sandbox.vouch(&["login", "--wait", "4"]).on_terminal();
        for left in 1..=4 {
            terminal.wait_for(&format!("\r\x1b[K» Plug in your YubiKey {} s", 5 - left));
        }
        // The line is wiped before the failure is told.
        let _ = terminal.wait().expect_code(4).says("1 s\r\x1b[K").says("no YubiKey is plugged in");
        let terminal = sandbox.vouch(&["login"]).on_terminal();
        sandbox.ctl(&["card", "insert"]);
        let mut terminal = terminal;
        terminal.wait_for("PIN of YubiKey 12345678: ");
        terminal.type_line(sandbox.pin());
        let _ = terminal.wait().expect_code(0);
    });
}

#[test]
fn the_touch_notice_says_who_asks_and_how_long_is_left() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.ctl(&["touch", "3500"]);
        let mut terminal = sandbox.vouch(&["login"]).on_terminal();
        terminal.wait_for("PIN of YubiKey 12345678: ");
        terminal.type_line(sandbox.pin());
        for left in [15, 14, 13, 12] {
            let said = format!("» Touch your YubiKey (serial 12345678): `vouch login` for alice {left} s");
            terminal.wait_for(&said);
        }
        let done = terminal.wait().expect_code(0).says(" s\r\x1b[K").says("logged in as alice");
        let _ = done.never_says(sandbox.pin());
        // Elsewhere it is said once.
        let done = sandbox.vouch_with_pin(&["login"]).ok();
        let said = "Touch your YubiKey (serial 12345678): `vouch login` for alice (15 s)";
        assert_eq!((times(&done, said), times(&done, "Touch")), (1, 1), "{done}");
        let enroll = ["--replace"];
        let done = sandbox.vouch_with_pin(&ENROLL).args(enroll).ok();
        let _ = done.says("`vouch enroll` for alice (15 s)");
    });
}

/// A desktop whose notices go into a file; what else it does is up to the test.
fn desktop(sandbox: &Sandbox, then: &str) -> String {
    let notes = sandbox.file("notices");
    let script = format!("#!/bin/sh\nfor word; do echo \"$word\"; done >>{}\n{then}\n", notes.display());
    sandbox.write("desktop/notify-send", &script);
    let program = sandbox.file("desktop/notify-send");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", sandbox.file("desktop").display(), std::env::var("PATH").unwrap())
}

#[test]
fn a_desktop_shows_the_touch_too() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let path = desktop(sandbox, "");
        // Without a session bus there is no desktop.
        let _ = sandbox.vouch_with_pin(&["login"]).env("PATH", &path).ok();
        assert!(!sandbox.file("notices").exists());
        let bus = ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere");
        let _ = sandbox.vouch_with_pin(&["login"]).env("PATH", &path).env(bus.0, bus.1).ok();
        wait_until("the notice is written", || {
            sandbox.file("notices").exists() && sandbox.read("notices").contains("(serial")
        });
        let notices = sandbox.read("notices");
        let shown: Vec<&str> = notices.lines().skip_while(|word| *word != "--").collect();
        assert_eq!(shown, ["--", "Touch your YubiKey", "`vouch login` for alice (serial 12345678)"]);
        assert!(!notices.contains(sandbox.pin()));
    });
}

#[test]
fn a_desktop_that_hangs_or_fails_holds_nothing_up() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        for then in ["sleep 30", "echo nonsense >&2; exit 1"] {
            let path = desktop(sandbox, then);
            let login = sandbox.vouch_with_pin(&["login"]).env("PATH", &path);
            let done = login.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere").ok();
            assert!(done.took < Duration::from_secs(5), "{done}");
            let _ = done.never_says("nonsense");
        }
        // No such program at all.
        let login = sandbox.vouch_with_pin(&["login"]).env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere");
        let _ = login.ok();
    });
}
