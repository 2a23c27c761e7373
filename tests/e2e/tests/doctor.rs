//! `vouch doctor` without the network: for each check, what breaks exactly that thing is found, and nothing else.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::{Command, Stdio};

use serde_json::Value;
use vouch_e2e::doctor::{Patient, findings, snapshot};
use vouch_e2e::python::installed;
use vouch_e2e::{Sandbox, in_sandbox};

const CONFIG: &str = ".vouch/config.json";

/// What cannot be looked at without a card.
const NO_CARD: [&str; 2] = ["skip pin", "skip key"];

fn path() -> String {
    std::env::var("PATH").unwrap()
}

/// Enrolled, logged in, cargo set up, and all is well.
fn patient(sandbox: &Sandbox) -> Patient<'_> {
    sandbox.ready();
    Patient::new(sandbox, &[], path())
}

fn seen(findings: &[Value]) -> String {
    findings.iter().map(|finding| format!("{}\n", finding["message"].as_str().unwrap())).collect()
}

fn mode(sandbox: &Sandbox, name: &str, mode: u32) {
    fs::set_permissions(sandbox.file(name), fs::Permissions::from_mode(mode)).unwrap();
}

/// A program of the person's own, first on PATH.
fn program(sandbox: &Sandbox, name: &str, script: &str) {
    sandbox.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{script}\n"));
    mode(sandbox, &format!("bin/{name}"), 0o755);
}

#[test]
fn the_service_the_reader_and_who_holds_the_card() {
    in_sandbox(&[], |sandbox| {
        let patient = patient(sandbox);
        sandbox.ctl(&["card", "remove"]);
        patient.has(&[&["warn card"][..], &NO_CARD].concat());
        // By its name alone: with a driver of its own it takes the device from under the service.
        fs::copy("/bin/sleep", sandbox.file("scdaemon")).unwrap();
        let mut gnupg = Command::new(sandbox.file("scdaemon")).arg("60").spawn().unwrap();
        let found = patient.has(&[&["warn card"][..], &NO_CARD].concat());
        assert!(seen(&found).contains(&format!("scdaemon (process {})", gnupg.id())), "{found:?}");
        assert!(found[0]["fix"].as_str().unwrap().contains("gpgconf --kill scdaemon"), "{found:?}");
        gnupg.kill().unwrap();
        gnupg.wait().unwrap();
        sandbox.ctl(&["card", "insert"]);
        patient.has(&[]);

        let program = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("hold-card");
        let mut holder = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(holder.stdout.take().unwrap()).lines().take(2);
        assert_eq!(lines.map(Result::unwrap).collect::<Vec<_>>(), ["holding 1", "ready"]);
        let found = patient.has(&[&["fail card"][..], &NO_CARD].concat());
        let named = format!("hold-card (process {})", holder.id());
        assert!(seen(&found).contains(&named), "{found:?}");
        assert!(found[0]["fix"].as_str().unwrap().contains("gpgconf --kill scdaemon"), "{found:?}");
        drop(holder.stdin.take());
        holder.wait().unwrap();
        patient.has(&[]);

        sandbox.ctl(&["pcscd", "stop"]);
        let found = patient.has(&[&["fail card"][..], &NO_CARD].concat());
        assert!(found[0]["fix"].as_str().unwrap().contains("pcscd"), "{found:?}");
        sandbox.ctl(&["pcscd", "start"]);
        patient.has(&[]);
    });
}

#[test]
fn the_tries_for_the_pin_are_told_and_none_is_spent() {
    for firmware in ["5.7.1", "5.4.3"] {
        in_sandbox(&["--firmware", firmware], |sandbox| {
            let patient = patient(sandbox);
            let ykman = installed("ykman-").join("bin/ykman");
            let change_pin = |from: &str, to: &str| {
                let change =
                    ["--device", "12345678", "piv", "access", "change-pin", "--pin", from, "--new-pin", to];
                let _ = sandbox.run(ykman.to_str().unwrap()).args(change).ok();
            };
            change_pin(sandbox.pin(), "123456");
            let found = patient.has(&["warn pin YubiKey 12345678"]);
            assert!(seen(&found).contains("default"), "{found:?}");
            change_pin("123456", sandbox.pin());
            patient.has(&[]);
            let wrong = |more: &[&str]| {
                let run = sandbox.vouch(&["login", "--pin-stdin"]).args(more);
                let _ = run.stdin("000000\n").fails(4);
            };
            wrong(&[]);
            patient.has(&[]);
            wrong(&[]);
            let found = patient.has(&["warn pin YubiKey 12345678"]);
            assert!(seen(&found).contains("1 try"), "{found:?}");
            patient.has(&["warn pin YubiKey 12345678"]);
            wrong(&["--last-try"]);
            let found = patient.has(&["fail pin YubiKey 12345678"]);
            assert!(found[0]["fix"].as_str().unwrap().contains("unblock-pin"), "{found:?}");
            assert_eq!(sandbox.count("/card/pin_failures"), 3, "those that were typed");
            // The login and the enrollment.
            assert_eq!(sandbox.count("/card/touches"), 2);
        });
    }
}

#[test]
fn the_key_in_its_slot_is_the_enrolled_one_with_its_policies() {
    in_sandbox(&[], |sandbox| {
        let patient = patient(sandbox);
        let config = sandbox.read(CONFIG);
        let key = "key YubiKey 12345678";
        let failing = format!("fail {key}");
        patient.with_edit(CONFIG, "\"slot\": \"82\"", "\"slot\": \"83\"", &[&failing]);
        patient.with_edit(CONFIG, "\"slot\": \"82\"", "\"slot\": \"zz\"", &[&failing]);
        let found =
            patient.with_edit(CONFIG, "12345678,", "87654321,", &[&["warn card"][..], &NO_CARD].concat());
        assert!(seen(&found).contains("87654321"), "{found:?}");

        // Another key in another slot, which asks for nothing.
        let ykman = installed("ykman-").join("bin/ykman");
        let generate = "--device 12345678 piv keys generate --algorithm ECCP256 --pin-policy NEVER --touch-policy NEVER --management-key \
                        010203040506070801020304050607080102030405060708 83 public.pem";
        let _ = sandbox.run(ykman.to_str().unwrap()).args(generate.split(' ')).ok();
        let der = sandbox
            .run("sh")
            .args(["-c", "openssl pkey -pubin -in public.pem -outform DER | tail -c 65 | base64 -w0"]);
        let point = der.ok().stdout.replace('+', "-").replace('/', "_");
        let point = point.trim().trim_end_matches('=');
        let document: Value = serde_json::from_str(&config).unwrap();
        let enrolled = document["identity"]["keys"][0]["public_key"].as_str().unwrap();
        patient.with_edit(CONFIG, enrolled, point, &[&failing]);
        let lax = config.replace(enrolled, point).replace("\"slot\": \"82\"", "\"slot\": \"83\"");
        let found = patient.with_file(CONFIG, Some(&lax), &[&format!("warn {key}")]);
        assert!(seen(&found).contains("touch never"), "{found:?}");
    });
}

#[test]
fn folder_and_configuration() {
    in_sandbox(&[], |sandbox| {
        let patient = patient(sandbox);
        mode(sandbox, ".vouch", 0o755);
        let found = patient.has(&["warn folder"]);
        assert!(found[0]["fix"].as_str().unwrap().contains("chmod"), "{found:?}");
        mode(sandbox, ".vouch", 0o700);
        // What no program takes, doctor does not go on with either.
        for (name, bits, usual, check) in [
            (".vouch", 0o730, 0o700, "folder"),
            (".vouch/vault", 0o702, 0o700, "folder"),
            (CONFIG, 0o644, 0o600, "config"),
            (CONFIG, 0o606, 0o600, "config"),
        ] {
            mode(sandbox, name, bits);
            let done = patient.doctor().fails(1);
            let failed: Vec<_> =
                findings(&done).into_iter().filter(|finding| finding["status"] == "fail").collect();
            assert!(failed.len() == 1 && failed[0]["check"] == check, "{name} {bits:o}: {done}");
            assert!(failed[0]["fix"].as_str().unwrap().contains("chmod"), "{failed:?}");
            let _ = sandbox.vouch(&["status"]).fails(7).says("chmod");
            mode(sandbox, name, usual);
        }
        if chown(sandbox.file(CONFIG), Some(1), None).is_ok() {
            let done = patient.doctor().fails(1);
            let is_told = |finding: &Value| finding["status"] == "fail" && finding["check"] == "config";
            assert!(findings(&done).iter().any(is_told), "{done}");
            chown(sandbox.file(CONFIG), Some(0), None).unwrap();
            chown(sandbox.file(".vouch"), Some(1), None).unwrap();
            let blind = ["config", "keystore", "session", "vault", "roles", "roots", "clients"]
                .map(|check| format!("skip {check}"));
            let mut wanted: Vec<&str> = blind.iter().map(String::as_str).collect();
            wanted.extend(["fail folder", "skip key YubiKey 12345678"]);
            // What is about cargo is not known then.
            let done = patient.doctor().fails(1);
            for finding in findings(&done).iter().filter(|finding| finding["status"] != "ok") {
                let told =
                    format!("{} {}", finding["status"].as_str().unwrap(), finding["check"].as_str().unwrap());
                assert!(wanted.iter().any(|wanted| wanted.starts_with(&told)), "{told}: {done}");
            }
            chown(sandbox.file(".vouch"), Some(0), None).unwrap();
        }
        patient.has(&[]);

        let wrong = |text: Option<&str>| {
            let before = sandbox.read(CONFIG);
            match text {
                Some(text) => sandbox.write(CONFIG, text),
                None => fs::remove_file(sandbox.file(CONFIG)).unwrap(),
            }
            let done = patient.doctor().done();
            sandbox.write(CONFIG, &before);
            mode(sandbox, CONFIG, 0o600);
            let not_ok = findings(&done).into_iter().filter(|finding| finding["status"] != "ok");
            let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            let told =
                not_ok.map(|finding| format!("{} {}", text(&finding, "status"), text(&finding, "check")));
            (told.collect::<Vec<_>>(), done)
        };
        for text in ["{", "{\"version\": 7}", "[]", "{\"version\": 1, \"aws\": 1}"] {
            let (told, done) = wrong(Some(text));
            assert_eq!(told, ["fail config", "skip key", "skip roles", "skip clients"], "{done}");
            let _ = done.expect_code(1).never_says("no key is enrolled");
        }
        let (told, done) = wrong(None);
        // The session that is there is nobody's then.
        assert_eq!(told, ["warn config", "skip key", "warn session", "skip roles", "skip clients"], "{done}");
        let _ = done.expect_code(0).shows("vouch enroll");
    });
}

#[test]
fn keystore_session_and_vault() {
    in_sandbox(&[], |sandbox| {
        let patient = patient(sandbox);
        patient.with_variable("VOUCH_KEYSTORE", "nonsense", &["fail keystore", "skip session"]);
        patient.with_edit(CONFIG, "\"subject\": \"alice\"", "\"subject\": \"bob\"", &["warn session"]);

        let entry = sandbox.file(".vouch/vault/strange.sealed");
        fs::create_dir(&entry).unwrap();
        mode(sandbox, ".vouch/vault/strange.sealed", 0o700);
        patient.has(&["fail vault"]);
        fs::remove_dir(&entry).unwrap();
        let hidden = sandbox.file("vault");
        fs::rename(sandbox.file(".vouch/vault"), &hidden).unwrap();
        fs::write(sandbox.file(".vouch/vault"), "").unwrap();
        mode(sandbox, ".vouch/vault", 0o600);
        patient.has(&["fail vault", "warn session"]);
        fs::remove_file(sandbox.file(".vouch/vault")).unwrap();
        fs::rename(&hidden, sandbox.file(".vouch/vault")).unwrap();
        patient.has(&[]);

        let _ = sandbox.vouch_with_pin(&["login", "--duration", "15m"]).ok();
        patient.has(&["warn session"]);
        let _ = sandbox.vouch(&["logout"]).ok();
        let found = patient.has(&["warn session"]);
        assert_eq!(found[0]["fix"], "Run `vouch login`.");
    });
}

#[test]
fn roles_and_partitions() {
    in_sandbox(&[], |sandbox| {
        let patient = patient(sandbox);
        let found =
            patient.with_edit(CONFIG, "arn:aws:iam", "arn:aws-cn:iam", &["fail roles AWS profile vouch"]);
        assert!(seen(&found).contains("aws-cn"), "{found:?}");
        let link = "\"aws_profile\": \"vouch\"";
        patient.with_edit(CONFIG, link, "\"aws_profile\": \"gone\"", &["fail roles profile default"]);
        let config = sandbox.read(CONFIG);
        let change = |change: &dyn Fn(&mut Value)| {
            let mut document: Value = serde_json::from_str(&config).unwrap();
            change(&mut document);
            document.to_string()
        };
        let text = change(&|document| document["aws"]["default"] = "gone".into());
        patient.with_file(CONFIG, Some(&text), &["fail roles default AWS profile"]);
        let text = change(&|document| document["codeartifact"]["default"] = "gone".into());
        patient.with_file(CONFIG, Some(&text), &["fail roles default profile"]);
        let text =
            change(&|document| document["codeartifact"]["registrations"][0]["profile"] = "gone".into());
        patient.with_file(CONFIG, Some(&text), &["fail roles cargo my-repo"]);
        // Such as somebody's edit by hand: cargo's own file still says what setup wrote for the profile.
        let text =
            change(&|document| document["codeartifact"]["profiles"]["default"]["domain"] = "other".into());
        let found = patient.with_file(CONFIG, Some(&text), &["fail roles cargo my-repo"]);
        assert!(seen(&found).contains("my-domain") && seen(&found).contains("other"), "{found:?}");
    });
}

#[test]
fn proxies_certificates_variables_and_programs() {
    in_sandbox(&[], |sandbox| {
        let patient = patient(sandbox);
        patient.with_variable("HTTPS_PROXY", "socks5://alice:hunter2@127.0.0.1:1", &["fail proxy"]);
        let proxy = |value: &str| {
            patient.doctor().env("HTTPS_PROXY", "http://a:hunter2@127.0.0.1:1").env("https_proxy", value)
        };
        let found = patient.finds(proxy("http://a:hunter2@127.0.0.1:2"), &["warn proxy"]);
        assert!(!seen(&found).contains("hunter2"), "{found:?}");
        patient.finds(proxy("http://a:hunter2@127.0.0.1:1"), &[]);
        let exceptions = patient.doctor().env("NO_PROXY", "a.example").env("no_proxy", "b.example");
        patient.finds(exceptions, &["warn proxy"]);

        sandbox.write("broken.pem", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
        for file in ["broken.pem", "missing.pem"] {
            let file = sandbox.file(file);
            patient.with_variable("AWS_CA_BUNDLE", file.to_str().unwrap(), &["fail roots"]);
        }

        for name in
            ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_ACCESS_KEY_ID", "CODEARTIFACT_AUTH_TOKEN"]
        {
            let found = patient.with_variable(name, "https://hunter2.example/", &["warn variables"]);
            assert!(seen(&found).contains(name), "{found:?}");
        }

        for name in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"] {
            let found = patient.with_variable(name, "hunter2", &["warn variables"]);
            assert!(seen(&found).contains(name), "{found:?}");
            // That one is Vouch's own.
            patient.with_variable(name, "vouch", &[]);
        }

        let run = || patient.doctor().env("PATH", patient.path_with(&sandbox.file("bin")));
        program(sandbox, "npm-token-vouch", "echo npm-token-vouch 0.0.9");
        let found = patient.finds(run(), &["warn programs"]);
        assert!(seen(&found).contains("0.0.9"), "{found:?}");
        program(sandbox, "npm-token-vouch", "exit 1");
        patient.finds(run(), &["fail programs"]);
        fs::remove_dir_all(sandbox.file("bin")).unwrap();
        patient.finds(run(), &[]);
    });
}

#[test]
fn nobody_is_enrolled_yet() {
    in_sandbox(&[], |sandbox| {
        let done =
            sandbox.vouch(&["doctor", "--all"]).ok().shows("vouch enroll").shows("3 tries for the PIN");
        assert_eq!(done.stderr, "");
        assert!(!sandbox.file(".vouch").exists(), "nothing is written");
        let all = findings(&sandbox.vouch(&["doctor", "--online", "--json"]).ok());
        let told = |status: &str| {
            let those = all.iter().filter(|finding| finding["status"] == status);
            those.map(|finding| finding["check"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(told("warn"), ["config"]);
        assert_eq!(told("fail"), [] as [&str; 0]);
        assert_eq!(
            told("skip"),
            ["folder", "key", "session", "roles", "issuer", "sts", "codeartifact", "clients"]
        );
        assert!(!sandbox.file(".vouch").exists(), "nothing is written");
    });
}

#[test]
fn wrong_use() {
    in_sandbox(&[], |sandbox| {
        for args in [&["doctor", "--offline"][..], &["doctor", "cargo"], &["doctor", "--json", "--json"]] {
            let done = sandbox.vouch(args).fails(2);
            assert_eq!(done.stdout, "", "{done}");
        }
        let _ = sandbox.vouch(&["doctor"]).env("VOUCH_HOME", "relative").fails(1).shows("VOUCH_HOME");
        let _ = sandbox.vouch(&["doctor", "--json"]).env("VOUCH_HOME", "relative").fails(1).shows("\"fail\"");
    });
}

#[test]
fn two_cards_are_both_looked_at() {
    in_sandbox(&["--cards", "2"], |sandbox| {
        let alice = ["enroll", "--issuer", "https://id.example.com/alice", "--subject", "alice"];
        let _ = sandbox.vouch_with_pin(&alice).args(["--serial", "12345678"]).ok();
        let _ = sandbox.vouch_with_pin(&alice).args(["--serial", "12345679", "--out", "spare.json"]).ok();
        let done = sandbox.vouch(&["doctor", "--all"]).ok();
        let _ = done.shows("YubiKey 12345678  firmware").shows("YubiKey 12345679  firmware");
        // One of them put away is nothing to speak of.
        sandbox.ctl(&["card", "remove", "--card", "12345679"]);
        let done = sandbox.vouch(&["doctor", "--json"]).ok();
        let cards = findings(&done).into_iter().filter(|finding| finding["check"] == "card");
        assert_eq!(cards.map(|card| card["status"].clone()).collect::<Vec<_>>(), ["ok"], "{done}");
    });
}

#[test]
fn nothing_is_written_and_a_session_of_another_program_goes_on() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let before = snapshot(sandbox.home());
        let _ = sandbox.vouch(&["doctor", "--online"]).ok();
        let _ = sandbox.vouch(&["doctor", "--json"]).ok();
        let after = snapshot(sandbox.home());
        let paths = |all: &[(std::path::PathBuf, std::time::SystemTime, Vec<u8>)]| {
            all.iter().map(|(path, time, _)| (path.clone(), *time)).collect::<Vec<_>>()
        };
        assert_eq!(paths(&before), paths(&after));
        assert_eq!(before, after);
    });
}
