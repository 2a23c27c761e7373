//! The virtual YubiKey as programs see it that nobody here wrote: ykman, yubico-piv-tool, OpenSC and ykcs11, unmodified,
//! on old and new firmware. What they make is checked with openssl. When the card drifts from what they know of the
//! hardware, this fails.

use vouch_e2e::python::installed;
use vouch_e2e::{CommandOutput, Sandbox, in_sandbox};

/// The management key that a YubiKey leaves the factory with.
const MANAGEMENT_KEY: &str = "010203040506070801020304050607080102030405060708";
const PUK: &str = "12345678";
const OTHER_PUK: &str = "87654321";
const OTHER_PIN: &str = "654321";
const WRONG_PIN: &str = "000000";

fn on_both_firmwares(body: impl Fn(&Sandbox, &str)) {
    for firmware in ["5.7.1", "5.4.3"] {
        in_sandbox(&["--firmware", firmware], |sandbox| {
            // The sandbox's PINs are drawn: this one must be another than those tried here.
            assert!(![WRONG_PIN, OTHER_PIN].contains(&sandbox.pin()));
            body(sandbox, firmware);
        });
    }
}

fn openssl(sandbox: &Sandbox, args: &[&str]) -> CommandOutput {
    sandbox.run("openssl").args(args).ok()
}

/// That the signature in `signature` is by the key in `public.pem` over `data`.
fn verify(sandbox: &Sandbox, signature: &str) {
    let _ = openssl(sandbox, &["dgst", "-sha256", "-verify", "public.pem", "-signature", signature, "data"]);
    sandbox.write("changed", "something else\n");
    let changed =
        sandbox.run("openssl").args(["dgst", "-sha256", "-verify", "public.pem", "-signature", signature]);
    assert_ne!(changed.arg("changed").done().code, 0, "openssl tells a wrong signature");
}

/// That `attestation.pem` is by the key of `f9.pem`, about the key in `public.pem`.
fn attested(sandbox: &Sandbox) {
    let _ = openssl(sandbox, &["verify", "-partial_chain", "-trusted", "f9.pem", "attestation.pem"]);
    let subject = openssl(sandbox, &["x509", "-in", "attestation.pem", "-noout", "-subject"]);
    let _ = subject.shows("YubiKey PIV Attestation 9a");
    let attested = openssl(sandbox, &["x509", "-in", "attestation.pem", "-noout", "-pubkey"]).stdout;
    assert_eq!(attested.trim(), sandbox.read("public.pem").trim());
}

/// A key in software, `imported.pem`, with a certificate of its own.
fn software_key(sandbox: &Sandbox) {
    let _ =
        openssl(sandbox, &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "imported.pem"]);
    let request = ["req", "-new", "-x509", "-key", "imported.pem", "-subj", "/CN=imported", "-days", "30"];
    let _ = openssl(sandbox, &[&request[..], &["-out", "certificate.pem"]].concat());
}

fn with_ykman(program: &str) {
    on_both_firmwares(|sandbox, firmware| {
        let ykman = |args: &[&str]| sandbox.run(program).args(["--device", "12345678"]).args(args);
        let managed = |args: &[&str]| {
            let (command, rest) = args.split_at(3);
            ykman(command).args(["--management-key", MANAGEMENT_KEY]).args(rest).ok()
        };
        let _ = sandbox.run(program).arg("list").ok().shows(&format!("({firmware})")).shows("12345678");
        let _ = ykman(&["info"]).ok().shows("YubiKey 5").shows(firmware);
        let _ = ykman(&["piv", "info"]).ok().shows(firmware).shows("3/3");

        let once = ["--pin-policy", "ONCE", "--touch-policy", "NEVER"];
        let generate = ["piv", "keys", "generate", "--algorithm", "ECCP256"];
        let _ = managed(&[&generate[..], &once, &["9a", "public.pem"]].concat());
        let _ = ykman(&["piv", "keys", "attest", "9a", "attestation.pem"]).ok();
        let _ = ykman(&["piv", "certificates", "export", "f9", "f9.pem"]).ok();
        attested(sandbox);
        // The card signs this certificate.
        let generate = ["piv", "certificates", "generate", "--pin", sandbox.pin(), "--subject", "CN=test"];
        let _ = managed(&[&generate[..], &["9a", "public.pem"]].concat());
        let _ = ykman(&["piv", "certificates", "export", "9a", "own.pem"]).ok();
        let _ = openssl(sandbox, &["verify", "-CAfile", "own.pem", "own.pem"]);
        software_key(sandbox);
        let _ = managed(&[&["piv", "keys", "import"][..], &once, &["9d", "imported.pem"]].concat());
        let _ = managed(&["piv", "certificates", "import", "9d", "certificate.pem"]);
        let _ = ykman(&["piv", "info"]).ok().shows("CN=imported").shows("ECCP256");

        let change_pin =
            |from: &str, to: &str| ykman(&["piv", "access", "change-pin", "--pin", from, "--new-pin", to]);
        let _ = change_pin(sandbox.pin(), OTHER_PIN).ok();
        let _ = change_pin(OTHER_PIN, sandbox.pin()).ok();
        for (from, to) in [(PUK, OTHER_PUK), (OTHER_PUK, PUK)] {
            let _ = ykman(&["piv", "access", "change-puk", "--puk", from, "--new-puk", to]).ok();
        }
        for said in ["2 tries left", "1 tries left", "blocked"] {
            let _ = change_pin(WRONG_PIN, OTHER_PIN).fails(1).says(said);
        }
        let _ = ykman(&["piv", "info"]).ok().shows("0/3");
        let _ = change_pin(sandbox.pin(), OTHER_PIN).fails(1).says("blocked");
        let _ = ykman(&["piv", "access", "unblock-pin", "--puk", PUK, "--new-pin", sandbox.pin()]).ok();
        let _ = ykman(&["piv", "info"]).ok().shows("3/3");
    });
}

#[test]
fn the_distributions_ykman() {
    with_ykman("/usr/bin/ykman");
}

#[test]
fn the_newest_ykman() {
    with_ykman(installed("ykman-").join("bin/ykman").to_str().unwrap());
}

/// Debian's yubico-piv-tool knows management keys of Triple DES alone: a newer card gets one, by ykman.
fn triple_des(sandbox: &Sandbox, firmware: &str) {
    if firmware != "5.7.1" {
        return;
    }
    let ykman = installed("ykman-").join("bin/ykman");
    let change = ["--device", "12345678", "piv", "access", "change-management-key", "--algorithm", "TDES"];
    let keys = ["--management-key", MANAGEMENT_KEY, "--new-management-key", MANAGEMENT_KEY];
    let _ = sandbox.run(ykman.to_str().unwrap()).args(change).args(keys).ok();
}

/// By yubico-piv-tool: a key in 9a with its attestation as certificate.
fn provision(sandbox: &Sandbox) {
    let key = format!("--key={MANAGEMENT_KEY}");
    let managed = |args: &[&str]| sandbox.run("yubico-piv-tool").arg(&key).args(args).ok();
    let generate =
        ["-a", "generate", "-s", "9a", "-A", "ECCP256", "--pin-policy=once", "--touch-policy=never"];
    let _ = managed(&[&generate[..], &["-o", "public.pem"]].concat());
    let _ = managed(&["-a", "set-chuid", "-a", "set-ccc"]);
    let _ = sandbox.run("yubico-piv-tool").args(["-a", "attest", "-s", "9a", "-o", "attestation.pem"]).ok();
    let _ = managed(&["-a", "import-certificate", "-s", "9a", "-i", "attestation.pem"]);
    sandbox.write("data", "what is signed\n");
}

#[test]
fn yubico_piv_tool() {
    on_both_firmwares(|sandbox, firmware| {
        let tool = |args: &[&str]| sandbox.run("yubico-piv-tool").args(args);
        let _ = tool(&["-a", "status"]).ok();
        let version = tool(&["-a", "version"]).ok();
        assert!((version.stdout.clone() + &version.stderr).contains(firmware), "{version}");
        if firmware == "5.7.1" {
            // As on the hardware: it proves the key with the wrong cipher.
            let key = format!("--key={MANAGEMENT_KEY}");
            let _ = tool(&["-a", "set-chuid", &key]).fails(1).says("Failed authentication");
        }
        triple_des(sandbox, firmware);
        provision(sandbox);
        let _ = tool(&["-a", "read-certificate", "-s", "f9", "-o", "f9.pem"]).ok();
        attested(sandbox);
        software_key(sandbox);
        let key = format!("--key={MANAGEMENT_KEY}");
        let _ = tool(&["-a", "import-key", "-s", "9d", "-i", "imported.pem", &key]).ok();
        let _ = tool(&["-a", "import-certificate", "-s", "9d", "-i", "certificate.pem", &key]).ok();
        let _ = tool(&["-a", "read-certificate", "-s", "9d", "-o", "read.pem"]).ok();
        assert_eq!(sandbox.read("read.pem"), sandbox.read("certificate.pem"));

        let verify_pin = |pin: &str| tool(&["-a", "verify-pin", "-P", pin]);
        let test = ["-a", "test-signature", "-s", "9a", "-i", "attestation.pem"];
        let _ = verify_pin(sandbox.pin()).args(test).ok().says("Successful ECDSA verification");
        let sign = ["--sign", "-s", "9a", "-H", "SHA256", "-A", "ECCP256", "-i", "data", "-o", "signature"];
        let _ = tool(&sign).fails(1);
        let _ = verify_pin(sandbox.pin()).args(sign).ok();
        verify(sandbox, "signature");

        for (from, to) in [(sandbox.pin(), OTHER_PIN), (OTHER_PIN, sandbox.pin())] {
            let _ = tool(&["-a", "change-pin", "-P", from, "-N", to]).ok();
        }
        for (from, to) in [(PUK, OTHER_PUK), (OTHER_PUK, PUK)] {
            let _ = tool(&["-a", "change-puk", "-P", from, "-N", to]).ok();
        }
        for said in ["2 tries left", "1 tries left", "blocked"] {
            let _ = verify_pin(WRONG_PIN).fails(1).says(said);
        }
        let _ = verify_pin(sandbox.pin()).fails(1).says("blocked");
        let _ = tool(&["-a", "unblock-pin", "-P", PUK, "-N", sandbox.pin()]).ok();
        let _ = verify_pin(sandbox.pin()).ok();
    });
}

/// What `pkcs11-tool` does by way of a PKCS #11 module.
fn with_pkcs11(module: &[&str], label: &str) {
    on_both_firmwares(|sandbox, firmware| {
        triple_des(sandbox, firmware);
        provision(sandbox);
        let tool = |args: &[&str]| sandbox.run("pkcs11-tool").args(module).args(args);
        let logged_in = |pin: &str, args: &[&str]| tool(&["--login", "--pin", pin]).args(args);
        let _ = tool(&["--list-slots"]).ok().shows("Yubico YubiKey").shows(label);
        let objects = logged_in(sandbox.pin(), &["--list-objects"]).ok();
        let _ = objects.shows("Private Key Object; EC").shows("YubiKey PIV Attestation 9a");
        let read = ["--read-object", "--type", "cert", "--id", "01", "--output-file", "certificate.der"];
        let _ = tool(&read).ok();
        let of = |form: &str, file: &str| {
            openssl(sandbox, &["x509", "-inform", form, "-in", file, "-noout", "-pubkey"])
        };
        assert_eq!(of("DER", "certificate.der").stdout, of("PEM", "attestation.pem").stdout);

        let sign = ["--sign", "--id", "01", "--mechanism", "ECDSA-SHA256", "--signature-format", "openssl"];
        let sign = [&sign[..], &["--input-file", "data", "--output-file", "signature"]].concat();
        let _ = logged_in(sandbox.pin(), &sign).ok();
        verify(sandbox, "signature");

        let _ = logged_in(WRONG_PIN, &["--list-objects"]).fails(1).says("CKR_PIN_INCORRECT");
        let status = sandbox.run("yubico-piv-tool").args(["-a", "status"]).ok();
        let _ = status.shows("PIN tries left:\t2");
        let _ = logged_in(sandbox.pin(), &["--list-objects"]).ok();
        for (from, to) in [(sandbox.pin(), OTHER_PIN), (OTHER_PIN, sandbox.pin())] {
            let _ = tool(&["--change-pin", "--pin", from, "--new-pin", to]).ok();
        }
        for _ in 0..3 {
            let _ = logged_in(WRONG_PIN, &["--list-objects"]).fails(1).says("CKR_PIN");
        }
        let _ = logged_in(sandbox.pin(), &["--list-objects"]).fails(1).says("CKR_PIN_LOCKED");
        let _ =
            sandbox.run("yubico-piv-tool").args(["-a", "unblock-pin", "-P", PUK, "-N", sandbox.pin()]).ok();
        let _ = logged_in(sandbox.pin(), &["--list-objects"]).ok();
    });
}

#[test]
fn opensc() {
    with_pkcs11(&[], "piv_II");
}

#[test]
fn ykcs11() {
    let folder =
        std::fs::read_dir("/usr/lib").unwrap().flatten().map(|entry| entry.path().join("libykcs11.so"));
    let module = folder.into_iter().find(|path| path.exists()).expect("ykcs11 is installed");
    with_pkcs11(&["--module", module.to_str().unwrap()], "YubiKey PIV #12345678");
}
