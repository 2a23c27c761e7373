//! `vouch doctor --online`: what AWS, the issuer's host and the clock have to say.

use std::env;
use std::fs;

use serde_json::{Value, json};
use vouch_e2e::doctor::{Patient, snapshot};
use vouch_e2e::{Sandbox, in_sandbox, secrets_of_the_session};

const ONLINE: &[&str] = &["--online"];

/// Found where there is no token to ask the repository with.
const UNASKED: &str = "skip repository cargo my-repo";

fn patient(sandbox: &Sandbox) -> Patient<'_> {
    sandbox.ready();
    Patient::new(sandbox, ONLINE, env::var("PATH").unwrap())
}

fn change_keys(change: impl FnOnce(&mut Vec<Value>)) {
    let path = env::var("VOUCH_SANDBOX_SITE").unwrap() + "/alice/jwks.json";
    let mut document: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    change(document["keys"].as_array_mut().unwrap());
    fs::write(path, document.to_string()).unwrap();
}

#[test]
fn each_service_that_refuses_is_named() {
    in_sandbox(&[], |sandbox| {
        let patient = patient(sandbox);
        let during = |fault: &[&str], wanted: &[&str]| {
            sandbox.ctl(&[&["fault"][..], fault].concat());
            let found = patient.has(wanted);
            sandbox.ctl(&["fault", fault[0], "--clear"]);
            found
        };
        let denied = ["--status", "403", "--code", "AccessDenied"];
        during(&[&["sts"][..], &denied].concat(), &["fail sts", "skip codeartifact", UNASKED]);
        during(&["sts", "--refuse"], &["fail clock", "fail sts", "skip codeartifact", UNASKED]);
        let found = during(&[&["codeartifact"][..], &denied].concat(), &["fail codeartifact", UNASKED]);
        assert!(found[0]["fix"].as_str().unwrap().contains("GetAuthorizationToken"), "{found:?}");
        during(&["codeartifact", "--bad-tls"], &["fail codeartifact", UNASKED]);
        // STS cannot get the keys then, either.
        for fault in [&["issuer", "--status", "403"][..], &["issuer", "--refuse"]] {
            during(fault, &["fail issuer", "fail sts", "skip codeartifact", UNASKED]);
        }
        patient.has(&[]);
        let refused = during(&["registry", "--status", "403"], &["fail repository cargo my-repo"]);
        assert!(refused[0]["fix"].as_str().unwrap().contains("ReadFromRepository"), "{refused:?}");
        during(&["registry", "--status", "500"], &["warn repository cargo my-repo"]);
        during(&["registry", "--reset"], &["warn repository cargo my-repo"]);

        let name = "\"domain\": \"my-domain\"";
        let found = patient.with_edit(
            ".vouch/config.json",
            name,
            "\"domain\": \"no-such-domain\"",
            &["fail codeartifact", UNASKED, "fail roles cargo my-repo"],
        );
        assert!(
            found.iter().any(|finding| finding["message"].as_str().unwrap().contains("no-such-domain")),
            "{found:?}"
        );
        let _ = sandbox.vouch(&["logout"]).ok();
        patient.has(&["warn session", "skip sts", "skip codeartifact", UNASKED]);
    });
}

#[test]
fn the_documents_of_the_issuer() {
    in_sandbox(&[], |sandbox| {
        let patient = patient(sandbox);
        change_keys(|keys| {
            let mut extra = keys[0].clone();
            extra["kid"] = json!("somebody");
            keys.push(extra);
        });
        let found = patient.has(&["warn issuer"]);
        assert!(found[0]["message"].as_str().unwrap().contains("somebody"), "{found:?}");
        change_keys(|keys| keys.retain(|key| key["kid"] == "somebody"));
        let found = patient.has(&["fail issuer", "warn issuer", "fail sts", "skip codeartifact", UNASKED]);
        assert!(found[0]["fix"].as_str().unwrap().contains("vouch issuer"), "{found:?}");
    });
}

#[test]
fn the_clock_is_compared_with_that_of_aws() {
    in_sandbox(&[], |sandbox| {
        let patient = patient(sandbox);
        sandbox.ctl(&["clock", "--skew", "120"]);
        let found = patient.has(&["warn clock"]);
        assert!(found[0]["message"].as_str().unwrap().contains("2 min behind"), "{found:?}");
        sandbox.ctl(&["clock", "--skew", "2400"]);
        let found = patient.has(&["fail clock", "fail codeartifact", UNASKED]);
        assert!(found[0]["message"].as_str().unwrap().contains("behind"), "{found:?}");
        sandbox.ctl(&["clock", "--skew", "0"]);
        patient.has(&[]);
    });
}

#[test]
fn nothing_is_kept_and_no_secret_is_shown() {
    in_sandbox(&[], |sandbox| {
        let patient = patient(sandbox);
        let secrets = secrets_of_the_session(sandbox);
        let before = snapshot(sandbox.home());
        let (sts, codeartifact) = (sandbox.count("/sts/granted"), sandbox.count("/codeartifact/granted"));
        let mut said = String::new();
        for args in [&["doctor", "--online"][..], &["doctor", "--online", "--json"]] {
            let done = patient.vouch(args).ok();
            assert_eq!(done.stderr, "", "progress is for terminals");
            said += &done.stdout;
        }
        assert_eq!(snapshot(sandbox.home()), before);
        assert_eq!(sandbox.count("/sts/granted"), sts + 2, "AWS was asked");
        // For a token as helpers have it, and for the one to ask the repository with.
        assert_eq!(sandbox.count("/codeartifact/granted"), codeartifact + 4, "AWS was asked");
        for secret in secrets {
            let shown = said.as_bytes().windows(secret.len()).any(|part| part == secret);
            assert!(!shown, "a secret is shown");
        }
        // On a terminal it says what it waits for.
        let done = sandbox.run("script").args(["-qec", "vouch doctor --online", "/dev/null"]).ok();
        let _ = done.shows("asking STS").shows("asking CodeArtifact").shows("fetching the issuer files");
    });
}

#[test]
fn the_proxy_is_named_without_its_password() {
    in_sandbox(&["--proxy", "--proxy-auth", "alice:hunter2"], |sandbox| {
        let patient = patient(sandbox);
        let done = patient.vouch(&["doctor", "--online", "--all"]).ok();
        let _ = done.shows("127.0.0.1:").shows("https_proxy").never_says("hunter2");
        let run = patient
            .doctor()
            .env("HTTPS_PROXY", "http://127.0.0.1:1")
            .env("https_proxy", "http://127.0.0.1:1");
        patient.finds(run, &["fail clock", "fail issuer", "fail sts", "skip codeartifact", UNASKED]);
    });
}
