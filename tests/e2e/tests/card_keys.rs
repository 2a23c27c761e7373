//! What a card holds already: keys that must stay, on firmware that does not tell of them, and management keys of its own.

use vouch_e2e::card::{ENROLL, FACTORY_PIN, pin_tries};
use vouch_e2e::python::installed;
use vouch_e2e::{Run, Sandbox, in_sandbox};

const FACTORY_KEY: &str = "010203040506070801020304050607080102030405060708";

fn openssl(sandbox: &Sandbox, args: &[&str]) {
    let _ = sandbox.run("openssl").args(args).ok();
}

/// Makes a key in software and imports it without a certificate.
fn import(sandbox: &Sandbox, slot: &str, kind: &str, flags: &[&str]) {
    let file = format!("{kind}.pem");
    match kind {
        "rsa" => openssl(sandbox, &["genrsa", "-traditional", "-out", &file, "2048"]),
        curve => openssl(sandbox, &["ecparam", "-name", curve, "-genkey", "-noout", "-out", &file]),
    }
    let key = format!("--key={FACTORY_KEY}");
    let import = ["-a", "import-key", "-s", slot, "-i", &file, &key];
    let _ = sandbox.run("yubico-piv-tool").args(import).args(flags).ok();
}

/// That the key of a slot still signs as the one that was imported.
fn still_there(sandbox: &Sandbox, slot: &str, kind: &str) {
    sandbox.write("data", "what is signed\n");
    let algorithm = match kind {
        "rsa" => "RSA2048",
        "secp384r1" => "ECCP384",
        _ => "ECCP256",
    };
    let hash = if kind == "secp384r1" { "SHA384" } else { "SHA256" };
    let sign = ["--sign", "-s", slot, "-H", hash, "-A", algorithm, "-i", "data", "-o", "signature"];
    let _ = sandbox.run("yubico-piv-tool").args(["-a", "verify-pin", "-P", sandbox.pin()]).args(sign).ok();
    openssl(sandbox, &["pkey", "-in", &format!("{kind}.pem"), "-pubout", "-out", "public.pem"]);
    let digest = format!("-{}", hash.to_lowercase());
    openssl(sandbox, &["dgst", &digest, "-verify", "public.pem", "-signature", "signature", "data"]);
}

#[test]
fn an_imported_key_without_a_certificate_is_not_overwritten() {
    for firmware in ["4.3.5", "5.2.7"] {
        in_sandbox(&["--firmware", firmware], |sandbox| {
            let imported = [("82", "prime256v1"), ("83", "secp384r1"), ("84", "rsa"), ("9c", "prime256v1")];
            for (slot, kind) in imported {
                import(sandbox, slot, kind, &[]);
                let signs = sandbox.count("/card/signs");
                let done = sandbox.vouch_with_pin(&ENROLL).args(["--slot", slot]).fails(4);
                let _ = done.says(&format!("slot {slot} of YubiKey 12345678 is in use")).says("--replace");
                assert_eq!(sandbox.count("/card/signs"), signs);
                still_there(sandbox, slot, kind);
            }
            // One that asks for neither PIN nor touch, in the slot that is meant for such keys.
            let never = ["--pin-policy=never", "--touch-policy=never"];
            import(sandbox, "9e", "prime256v1", &never);
            let _ = sandbox.vouch_with_pin(&ENROLL).args(["--slot", "9e"]).fails(4).says("in use");
            // One that wants a touch and no PIN: it is felt for, not waited for in vain.
            let touch = ["--pin-policy=never", "--touch-policy=always"];
            import(sandbox, "85", "prime256v1", &touch);
            let _ = sandbox.vouch_with_pin(&ENROLL).args(["--slot", "85"]).fails(4).says("in use");
            assert_eq!((sandbox.count("/card/pin_failures"), pin_tries(sandbox)), (0, 3));
            // An empty slot is told from these, and a word overwrites.
            let _ = sandbox.vouch_with_pin(&ENROLL).args(["--slot", "86"]).ok();
            let replace = ["--slot", "82", "--replace", "--out", "other.json"];
            let _ = sandbox.vouch_with_pin(&ENROLL).args(replace).ok();
        });
    }
}

#[test]
fn firmware_that_tells_is_believed() {
    for firmware in ["5.4.3", "5.7.1"] {
        in_sandbox(&["--firmware", firmware], |sandbox| {
            if firmware == "5.7.1" {
                change(sandbox, &["--algorithm", "TDES", "--new-management-key", FACTORY_KEY]);
            }
            import(sandbox, "82", "prime256v1", &[]);
            let _ = sandbox.vouch_with_pin(&ENROLL).fails(4).says("in use").says("--replace");
            still_there(sandbox, "82", "prime256v1");
            let _ = sandbox.vouch_with_pin(&ENROLL).args(["--slot", "83"]).ok();
        });
    }
}

/// Gives the card another management key.
fn change(sandbox: &Sandbox, flags: &[&str]) {
    let ykman = installed("ykman-").join("bin/ykman");
    let change = ["--device", "12345678", "piv", "access", "change-management-key", "--force"];
    let change = sandbox.run(ykman.to_str().unwrap()).args(change).args(["--management-key", FACTORY_KEY]);
    let _ = change.args(flags).ok();
}

/// Firmware, algorithm of the management key, and the key.
const GIVEN: [(&str, &str, &str); 5] = [
    ("4.3.5", "TDES", "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60719"),
    ("5.4.3", "TDES", "A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4E5F60719"),
    ("5.4.3", "AES128", "a1b2c3d4e5f60718293a4b5c6d7e8f90"),
    ("5.7.1", "AES192", "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718"),
    ("5.7.1", "AES256", "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90"),
];

/// `vouch enroll --management-key -` with this key.
fn enroll_with(sandbox: &Sandbox, key: &str) -> Run {
    let enroll = sandbox.vouch(&ENROLL).args(["--pin-stdin", "--management-key", "-"]);
    enroll.stdin(format!("{}\n{key}\n", sandbox.pin()))
}

#[test]
fn a_management_key_of_the_cards_own_has_to_be_given() {
    for (firmware, algorithm, key) in GIVEN {
        // The variable only tells the sandboxes of one test apart.
        let mark = format!("ALGORITHM={algorithm}");
        in_sandbox(&["--firmware", firmware, "--env", &mark], |sandbox| {
            change(sandbox, &["--algorithm", algorithm, "--new-management-key", key]);
            let done = sandbox.vouch_with_pin(&ENROLL).fails(4).says("a management key of its own");
            let _ = done.says("--management-key");
            let _ =
                enroll_with(sandbox, FACTORY_KEY).fails(if key.len() == FACTORY_KEY.len() { 4 } else { 2 });
            for bad in ["", "a1b2", "nonsense", &key[1..]] {
                let _ = enroll_with(sandbox, bad).fails(2).says("hexadecimal");
            }
            let wrong = key.replace(['a', 'A'], "9");
            let done =
                enroll_with(sandbox, &wrong).fails(4).says("not the management key of YubiKey 12345678");
            let _ = done.never_says(&wrong);
            let _ = sandbox.vouch(&ENROLL).args(["--management-key", key]).fails(2).never_says(key);
            assert_eq!((sandbox.count("/card/signs"), sandbox.count("/card/pin_failures")), (0, 0));
            let _ = enroll_with(sandbox, key).ok().never_says(key);
            assert_eq!(pin_tries(sandbox), 3);
            sandbox.log_in();
        });
    }
}

#[test]
fn a_management_key_is_asked_for_on_a_terminal() {
    in_sandbox(&["--firmware", "5.7.1"], |sandbox| {
        let (_, algorithm, key) = GIVEN[4];
        change(sandbox, &["--algorithm", algorithm, "--new-management-key", key]);
        let mut terminal = sandbox.vouch(&ENROLL).arg("--management-key").on_terminal();
        terminal.wait_for("PIN of YubiKey 12345678: ");
        terminal.type_line(sandbox.pin());
        terminal.wait_for("Management key of YubiKey 12345678: ");
        assert!(!terminal.echoes());
        terminal.type_line(key);
        let _ = terminal.wait().expect_code(0).never_says(key);
    });
}

#[test]
fn pin_new_pin_and_management_key_come_in_this_order() {
    in_sandbox(&["--pin", FACTORY_PIN], |sandbox| {
        let (_, algorithm, key) = GIVEN[4];
        change(sandbox, &["--algorithm", algorithm, "--new-management-key", key]);
        let flags = ["--pin-stdin", "--new-pin-stdin", "--management-key", "-"];
        let enroll = |lines: &[&str]| sandbox.vouch(&ENROLL).args(flags).stdin(lines.join("\n") + "\n");
        let _ = enroll(&[FACTORY_PIN, key, "246810"]).fails(4).says("6 to 8 characters");
        let _ = enroll(&[FACTORY_PIN, "246810", key]).ok();
        // A second line that is not needed any more is still the new PIN's.
        let again = ["--replace"];
        let _ = enroll(&[FACTORY_PIN, "246810", key]).args(again).ok();
        let _ = enroll(&["246810", "135790", key]).args(again).ok();
        assert_eq!((sandbox.count("/card/pin_failures"), pin_tries(sandbox)), (0, 3));
    });
}

#[test]
fn a_management_key_behind_the_pin_is_found_there() {
    for (firmware, algorithm) in
        [("4.3.5", "TDES"), ("5.4.3", "TDES"), ("5.4.3", "AES256"), ("5.7.1", "AES192"), ("5.7.1", "AES128")]
    {
        let mark = format!("ALGORITHM={algorithm}");
        in_sandbox(&["--firmware", firmware, "--env", &mark], |sandbox| {
            change(sandbox, &["--algorithm", algorithm, "--generate", "--protect", "--pin", sandbox.pin()]);
            // It is not the default any more.
            let key = format!("--key={FACTORY_KEY}");
            let _ = sandbox.run("yubico-piv-tool").args(["-a", "set-chuid", &key]).fails(1);
            let _ = sandbox.vouch_with_pin(&ENROLL).ok();
            assert_eq!((sandbox.count("/card/pin_failures"), pin_tries(sandbox)), (0, 3));
            sandbox.log_in();
        });
    }
}

/// `body` after an enrollment in slot 82 whose configuration says that the key is in slot 83.
fn looking_in_slot_83(body: impl Fn(&Sandbox)) {
    for firmware in ["5.7.1", "5.4.3", "5.2.7", "4.3.5"] {
        in_sandbox(&["--firmware", firmware], |sandbox| {
            sandbox.enroll();
            sandbox.log_in();
            let config = sandbox.read(".vouch/config.json");
            sandbox.write(".vouch/config.json", &config.replace("\"slot\": \"82\"", "\"slot\": \"83\""));
            let signs = sandbox.count("/card/signs");
            body(sandbox);
            assert_eq!((sandbox.count("/card/signs"), sandbox.count("/card/pin_failures")), (signs, 0));
            assert_eq!(pin_tries(sandbox), 3);
            // The session of before is still there, and so is the key.
            let _ = sandbox.vouch(&["status"]).ok();
            sandbox.write(".vouch/config.json", &config);
            sandbox.log_in();
        });
    }
}

#[test]
fn a_slot_without_a_key() {
    looking_in_slot_83(|sandbox| {
        let done =
            sandbox.vouch_with_pin(&["login"]).fails(4).says("slot 83 of YubiKey 12345678 holds no key");
        let _ = done.says("vouch enroll --serial 12345678 --replace");
    });
}

#[test]
fn a_key_of_another_kind() {
    looking_in_slot_83(|sandbox| {
        let ykman = installed("ykman-").join("bin/ykman");
        let generate = ["--device", "12345678", "piv", "keys", "generate", "--algorithm", "ECCP384"];
        let key = ["--management-key", FACTORY_KEY, "83", "public.pem"];
        let _ = sandbox.run(ykman.to_str().unwrap()).args(generate).args(key).ok();
        let _ = sandbox
            .vouch_with_pin(&["login"])
            .fails(4)
            .says("the key in slot 83 of YubiKey 12345678 is no P-256 key");
    });
}

/// What login says to do about a key that is gone works.
#[test]
fn a_key_that_is_gone_is_made_anew_when_asked_to() {
    for firmware in ["5.7.1", "5.4.3", "4.3.5"] {
        in_sandbox(&["--firmware", firmware], |sandbox| {
            sandbox.enroll();
            // Another one in its place, or none: only newer cards can delete a key.
            let ykman = installed("ykman-").join("bin/ykman");
            let keys = ["--device", "12345678", "piv", "keys"];
            let (change, said) = match firmware {
                "5.7.1" => (vec!["delete", "82"], "holds no key"),
                _ => (
                    vec!["generate", "--algorithm", "ECCP256", "82", "-"],
                    "is not the one that was enrolled",
                ),
            };
            let managed = [&change[..1], &["--management-key", FACTORY_KEY], &change[1..]].concat();
            let _ = sandbox.run(ykman.to_str().unwrap()).args(keys).args(managed).ok();
            for command in [&["login"], &ENROLL[..]] {
                let done = sandbox.vouch_with_pin(command).fails(4).says(said);
                let _ = done.says("vouch enroll --serial 12345678 --replace").never_says("genuine");
            }
            assert_eq!((sandbox.count("/card/pin_failures"), sandbox.count("/card/signs")), (0, 1));
            let _ = sandbox.vouch_with_pin(&ENROLL).args(["--serial", "12345678", "--replace"]).ok();
            sandbox.log_in();
        });
    }
}

#[test]
fn the_hint_to_enroll_a_spare_works_as_it_stands() {
    in_sandbox(&["--cards", "2"], |sandbox| {
        let first = ["--serial", "12345678", "--out", "first.json"];
        let _ = sandbox
            .vouch_with_pin(&["enroll", "--serial", "12345679"])
            .fails(2)
            .says("--issuer URL --subject NAME");
        let _ = sandbox.vouch_with_pin(&ENROLL).args(first).ok();
        let refused = sandbox.vouch_with_pin(&["login", "--serial", "12345679"]).fails(4);
        let hint = "vouch enroll --serial 12345679";
        let refused = refused.says(hint);
        assert!(refused.stderr.contains(&format!("`{hint}`")));
        let words: Vec<_> = hint.split(' ').skip(1).collect();
        let _ = sandbox.vouch_with_pin(&words).ok().says("a spare");
        let _ = sandbox.vouch_with_pin(&["login", "--serial", "12345679"]).ok();
    });
}
