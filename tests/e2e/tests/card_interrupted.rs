//! Ctrl-C and worse, at every place where a command can be met: it ends at once, the terminal and the card are as before,
//! and the same command goes on.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use pcsc::{Context, Disposition, Protocols, Scope, ShareMode};
use vouch_e2e::card::{ENROLL, attested_key, pin_tries, wait_for_blinking, wait_until};
use vouch_e2e::python::installed;
use vouch_e2e::{Run, Sandbox, Terminal, in_sandbox};

/// Presses Ctrl-C; the command ends at once and leaves the terminal as it was.
fn interrupt(mut terminal: Terminal) {
    let start = Instant::now();
    terminal.ctrl_c();
    wait_until("the terminal is as it was", || terminal.echoes());
    let done = terminal.wait().expect_code(130);
    assert!(start.elapsed() < Duration::from_secs(3), "{done}");
    let _ = done.never_says("panicked").never_says("error");
}

/// That the card has all its tries, and the next command works.
fn unhurt(sandbox: &Sandbox) {
    assert_eq!((sandbox.count("/card/pin_failures"), pin_tries(sandbox)), (0, 3));
    sandbox.log_in();
}

#[test]
fn at_the_prompt() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let mut terminal = sandbox.vouch(&["login"]).on_terminal();
        terminal.wait_for("PIN of YubiKey 12345678: ");
        assert!(!terminal.echoes());
        interrupt(terminal);
        unhurt(sandbox);
    });
}

#[test]
fn while_the_card_is_waited_for() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.ctl(&["card", "remove"]);
        let mut terminal = sandbox.vouch(&["login"]).on_terminal();
        terminal.wait_for("Plug in your YubiKey 14 s");
        interrupt(terminal);
        sandbox.ctl(&["card", "insert"]);
        unhurt(sandbox);
    });
}

#[test]
fn while_the_card_blinks() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        sandbox.ctl(&["touch", "never"]);
        let blinking = || {
            let mut terminal = sandbox.vouch(&["login"]).on_terminal();
            terminal.wait_for("PIN of YubiKey 12345678: ");
            terminal.type_line(sandbox.pin());
            terminal.wait_for("`vouch login` for alice 14 s");
            terminal
        };
        interrupt(blinking());
        // The session of before is still there.
        let _ = sandbox.vouch(&["status"]).ok();
        // The card goes on blinking: who comes next is told what to do about it, and gets their turn.
        let next = sandbox.vouch_with_pin(&["login"]).start();
        thread::sleep(Duration::from_secs(2));
        sandbox.ctl(&["touch", "auto"]);
        let _ =
            next.wait().expect_code(0).says("is using the YubiKey: finish there, or touch it if it blinks");
        unhurt(sandbox);
        // Nobody touches it: after 15 s it is free by itself.
        sandbox.ctl(&["touch", "never"]);
        interrupt(blinking());
        let status = sandbox.run("yubico-piv-tool").args(["-a", "status"]).ok();
        assert!(status.took > Duration::from_secs(5), "{status}");
        sandbox.ctl(&["touch", "auto"]);
        unhurt(sandbox);
    });
}

/// What the card answers to commands, over a connection whose end leaves everything as it is.
fn answers(commands: &[&[u8]]) -> Vec<[u8; 2]> {
    let context = Context::establish(Scope::System).unwrap();
    let readers = context.list_readers_owned().unwrap();
    let mut cards =
        readers.iter().filter_map(|reader| context.connect(reader, ShareMode::Shared, Protocols::T1).ok());
    let card = cards.next().expect("a card is plugged in");
    let mut buffer = [0; 300];
    let answers =
        commands.iter().map(|command| *card.transmit(command, &mut buffer).unwrap().last_chunk().unwrap());
    let answers = answers.collect();
    card.disconnect(Disposition::LeaveCard).map_err(|(_, error)| error).unwrap();
    answers
}

#[test]
fn who_comes_after_an_interrupted_login_finds_no_verified_pin() {
    const OK: [u8; 2] = [0x90, 0x00];
    const IS_VERIFIED: &[u8] = &[0x00, 0x20, 0x00, 0x80];
    const SELECT_PIV: &[u8] = &[0x00, 0xa4, 0x04, 0x00, 0x05, 0xa0, 0x00, 0x00, 0x03, 0x08];
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        // A program that cleans up after itself badly leaves one.
        let verify = [&[0x00, 0x20, 0x00, 0x80, 0x08], sandbox.pin().as_bytes()].concat();
        assert_eq!(answers(&[SELECT_PIV, &verify])[1], OK);
        assert_eq!(answers(&[IS_VERIFIED]), [OK]);
        sandbox.log_in();
        assert_ne!(answers(&[IS_VERIFIED]), [OK]);
        sandbox.ctl(&["touch", "never"]);
        for end in [Terminal::ctrl_c, Terminal::kill] {
            let mut terminal = sandbox.vouch(&["login"]).on_terminal();
            terminal.wait_for("PIN of YubiKey 12345678: ");
            terminal.type_line(sandbox.pin());
            terminal.wait_for("Touch your YubiKey");
            wait_for_blinking(sandbox);
            end(&mut terminal);
            let _ = terminal.wait();
            sandbox.ctl(&["touch", "now"]);
            assert_ne!(answers(&[IS_VERIFIED]), [OK]);
        }
        sandbox.ctl(&["touch", "auto"]);
        unhurt(sandbox);
    });
}

#[test]
fn during_an_enrollment() {
    in_sandbox(&[], |sandbox| {
        let mut terminal = sandbox.vouch(&ENROLL).on_terminal();
        terminal.wait_for("PIN of YubiKey 12345678: ");
        interrupt(terminal);
        assert!(!sandbox.file(".vouch").exists(), "nothing was begun");
        sandbox.ctl(&["touch", "never"]);
        let mut terminal = sandbox.vouch(&ENROLL).on_terminal();
        terminal.wait_for("PIN of YubiKey 12345678: ");
        terminal.type_line(sandbox.pin());
        terminal.wait_for("`vouch enroll` for alice 14 s");
        interrupt(terminal);
        sandbox.ctl(&["touch", "auto"]);
        let made = attested_key(sandbox, "82");
        let _ = sandbox.vouch_with_pin(&ENROLL).ok().says("had made the key");
        assert_eq!(attested_key(sandbox, "82"), made);
        unhurt(sandbox);
    });
}

/// `vouch enroll`, killed as soon as `at` returns.
fn killed(command: Run, at: impl FnOnce()) {
    let mut running = command.start();
    at();
    running.child.kill().unwrap();
    let _ = running.wait().expect_code(137);
}

fn on_all_firmwares(body: impl Fn(&Sandbox)) {
    for firmware in ["5.7.1", "5.4.3", "5.2.7", "4.3.5"] {
        in_sandbox(&["--firmware", firmware], &body);
    }
}

#[test]
fn killed_anywhere_the_same_command_goes_on() {
    on_all_firmwares(|sandbox| {
        let enroll = || sandbox.vouch_with_pin(&ENROLL);
        // It waits for the PIN: nothing has happened yet.
        let mut terminal = sandbox.vouch(&ENROLL).on_terminal();
        terminal.wait_for("PIN of YubiKey 12345678: ");
        terminal.kill();
        let _ = terminal.wait().expect_code(137);
        assert!(!sandbox.file(".vouch").exists());

        // The key is made and is to sign.
        sandbox.ctl(&["touch", "never"]);
        killed(enroll(), || wait_for_blinking(sandbox));
        sandbox.ctl(&["touch", "now"]);
        let made = attested_key(sandbox, "82");
        // Again, with the key that is there.
        killed(enroll(), || wait_for_blinking(sandbox));
        sandbox.ctl(&["touch", "auto"]);

        // It has signed, and nothing is recorded.
        let lock = File::create(sandbox.file(".vouch/config.lock")).unwrap();
        lock.lock().unwrap();
        let signs = sandbox.count("/card/signs");
        killed(enroll(), || {
            wait_until("it has signed", || sandbox.count("/card/signs") > signs);
            thread::sleep(Duration::from_millis(300));
        });
        drop(lock);
        assert!(!sandbox.file(".vouch/config.json").exists());

        let _ = enroll().ok().says("had made the key");
        assert_eq!(attested_key(sandbox, "82"), made, "one key from first to last");
        let notes = std::fs::read_dir(sandbox.file(".vouch")).unwrap().flatten();
        let notes: Vec<_> = notes.map(|entry| entry.file_name().into_string().unwrap()).collect();
        assert!(!notes.iter().any(|name| name.starts_with("enrolling")), "{notes:?}");

        // Recorded, and the file is lost.
        std::fs::remove_file(sandbox.file("enrollment.json")).unwrap();
        let _ = enroll().ok().says("signs the file again");
        assert_eq!(attested_key(sandbox, "82"), made);

        // A key that is to take its place.
        let replace = || enroll().arg("--replace");
        sandbox.ctl(&["touch", "never"]);
        killed(replace(), || wait_for_blinking(sandbox));
        sandbox.ctl(&["touch", "auto"]);
        let _ = enroll().fails(4).says("is not the one that was enrolled").says("--replace");
        let _ = replace().ok();
        assert_ne!(attested_key(sandbox, "82"), made);
        sandbox.publish(&["enrollment.json"]);
        unhurt(sandbox);
    });
}

#[test]
fn a_failed_enrollment_goes_on_too() {
    in_sandbox(&[], |sandbox| {
        sandbox.ctl(&["touch", "never"]);
        let failed = sandbox.vouch_with_pin(&ENROLL).fails(4).says("not enrolled");
        let _ = failed.says("The same command goes on").never_says("--replace");
        sandbox.ctl(&["touch", "auto"]);
        let made = attested_key(sandbox, "82");
        let _ = sandbox.vouch_with_pin(&ENROLL).ok().says("had made the key");
        assert_eq!(attested_key(sandbox, "82"), made);
    });
}

#[test]
fn only_a_key_as_vouch_makes_it_is_gone_on_with() {
    in_sandbox(&[], |sandbox| {
        sandbox.ctl(&["touch", "never"]);
        killed(sandbox.vouch_with_pin(&ENROLL), || wait_for_blinking(sandbox));
        sandbox.ctl(&["touch", "auto"]);
        assert!(sandbox.file(".vouch/enrolling-12345678-82").exists());
        // Somebody has made another one in the meantime, which wants no touch.
        let ykman = installed("ykman-").join("bin/ykman");
        let generate = ["--device", "12345678", "piv", "keys", "generate", "--algorithm", "ECCP256"];
        let policies = ["--pin-policy", "ONCE", "--touch-policy", "NEVER"];
        let key =
            ["--management-key", "010203040506070801020304050607080102030405060708", "82", "public.pem"];
        let _ = sandbox.run(ykman.to_str().unwrap()).args(generate).args(policies).args(key).ok();
        let made = attested_key(sandbox, "82");
        let _ = sandbox.vouch_with_pin(&ENROLL).fails(4).says("in use").says("--replace");
        // A note for one slot says nothing about another.
        let _ = sandbox.vouch_with_pin(&ENROLL).args(["--slot", "83"]).ok().never_says("had made the key");
        assert_eq!(attested_key(sandbox, "82"), made);
    });
}

/// What a login says, and whether it succeeded, when `meddle` comes between PIN and signature.
fn login_meanwhile(sandbox: &Sandbox, meddle: impl FnOnce()) -> (bool, String) {
    // What a login says of a session that is there would stop it too early.
    let _ = sandbox.vouch(&["logout"]).ok();
    // It stops where it asks for the touch: there is no room for what it wants to say.
    let (mut said, mut errors) = std::io::pipe().unwrap();
    errors.write_all(&vec![b' '; 65_536]).unwrap();
    let mut login = Command::new("vouch");
    login.args(["login", "--pin-stdin"]).current_dir(sandbox.home()).stdin(Stdio::piped()).stderr(errors);
    let apdus = sandbox.count("/card/apdus");
    let mut running = login.spawn().unwrap();
    drop(login);
    running.stdin.take().unwrap().write_all(format!("{}\n", sandbox.pin()).as_bytes()).unwrap();
    wait_until("the PIN is verified", || sandbox.count("/card/apdus") > apdus + 3);
    thread::sleep(Duration::from_millis(500));
    meddle();
    let mut text = String::new();
    said.read_to_string(&mut text).unwrap();
    (running.wait().unwrap().success(), text.trim_start().to_owned())
}

#[test]
fn another_program_between_pin_and_touch_costs_no_try_and_no_second_pin() {
    on_all_firmwares(|sandbox| {
        sandbox.enroll();
        let ykman = installed("ykman-").join("bin/ykman");
        let signs = sandbox.count("/card/signs");
        let quiet = || sandbox.count("/card/signs") == signs;
        // It resets the card.
        let (done, said) = login_meanwhile(sandbox, || {
            assert!(quiet(), "the login waits");
            let _ = sandbox.run("yubico-piv-tool").args(["-a", "status"]).ok();
        });
        assert!(done, "{said}");
        // It selects another application.
        let (done, said) = login_meanwhile(sandbox, || {
            let _ = sandbox.run(ykman.to_str().unwrap()).args(["--device", "12345678", "info"]).ok();
        });
        assert!(done, "{said}");
        assert_eq!((sandbox.count("/card/signs"), sandbox.count("/card/pin_failures")), (signs + 2, 0));
        // It pulls the card out.
        let (done, said) = login_meanwhile(sandbox, || {
            sandbox.ctl(&["card", "remove"]);
        });
        assert!(!done && said.contains("pulled out"), "{said}");
        sandbox.ctl(&["card", "insert"]);
        unhurt(sandbox);
    });
}
