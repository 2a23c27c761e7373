//! Nothing that comes from outside reaches a terminal as it is, from any helper: arguments, requests, variables, files and what
//! servers say.

use serde_json::{Value, json};
use vouch_e2e::{CommandOutput, MY_DOMAIN, Run, Sandbox, in_sandbox};

/// Clears the screen, sets a title in C1 controls, and turns the direction of what follows.
const HOSTILE: &str =
    "x\u{1b}[2J\u{7}\u{9b}31m\u{9d}0;t\u{9c}\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}\u{8}\ry";

/// The same as far as XML may have it.
const IN_XML: &str = "x\u{9b}31m\u{9d}0;t\u{9c}\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}y";

/// What a terminal would act on.
fn acts(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Whether some of it was shown, in escapes.
fn harmless(done: &CommandOutput) -> bool {
    // Cargo shows the text of the answer.
    let answers: Vec<Value> =
        done.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let mut texts = vec![done.stdout.clone(), done.stderr.clone()];
    answers.iter().for_each(|answer| strings(answer, &mut texts));
    for text in &texts {
        let found = text.chars().find(|c| acts(*c));
        assert_eq!(found, None, "{text:?}\n{:?}", done.to_string());
    }
    texts.iter().any(|text| text.contains("\\u{202e}"))
}

fn strings(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| strings(value, into)),
        Value::Object(values) => values.values().for_each(|value| strings(value, into)),
        _ => {}
    }
}

fn cargo(sandbox: &Sandbox, request: &Value) -> Run {
    sandbox.run("cargo-credential-vouch").arg("--cargo-plugin").stdin(format!("{request}\n"))
}

fn get(url: &str, name: &str) -> Value {
    json!({ "v": 1, "kind": "get", "operation": "read", "registry": { "index-url": url, "name": name } })
}

#[test]
fn what_helpers_are_given_is_shown_in_escapes() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        for tool in ["pip", "npm"] {
            let setup = ["setup", "codeartifact", "--tool", tool, "--repository", "my-repo"];
            let _ = sandbox.vouch(&setup).args(MY_DOMAIN).ok();
        }
        let host = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
        let urls = [
            HOSTILE.to_owned(),
            format!("https://{HOSTILE}/pypi/my-repo/simple/"),
            format!("https://{host}/{HOSTILE}/my-repo/"),
            format!("https://{host}/pypi/{HOSTILE}/simple/"),
            format!("https://{HOSTILE}@{host}/npm/my-repo/"),
        ];
        let mut shown = [0; 3];
        for url in &urls {
            let requests = [
                get(&format!("sparse+{url}"), HOSTILE),
                json!({ "v": 1, "kind": HOSTILE, "registry": { "index-url": url } }),
                json!({ "v": 1, "kind": "get", "operation": HOSTILE, "registry": { "index-url": url } }),
                json!({ HOSTILE: HOSTILE }),
            ];
            for request in &requests {
                shown[0] += usize::from(harmless(&cargo(sandbox, request).done()));
            }
            for args in [&["get", url, "aws"][..], &["get", url, HOSTILE], &[HOSTILE, url, "aws"]] {
                shown[1] += usize::from(harmless(&sandbox.run("pip-keyring-vouch").args(args).done()));
            }
            for args in [
                &["--registry", url][..],
                &[url],
                &["refresh", "--npmrc", url],
                &["refresh", "--profile", HOSTILE],
                &["remove", "--npmrc", url],
                &["status", "--profile", HOSTILE],
            ] {
                shown[2] += usize::from(harmless(&sandbox.run("npm-token-vouch").args(args).done()));
            }
        }
        assert!(shown.iter().all(|shown| *shown > 3), "it says little: {shown:?}");

        for name in [
            "VOUCH_HOME",
            "VOUCH_PROFILE",
            "VOUCH_KEYSTORE",
            "VOUCH_LOG",
            "HTTPS_PROXY",
            "AWS_CA_BUNDLE",
            "TZ",
        ] {
            let value = match name {
                "VOUCH_HOME" | "AWS_CA_BUNDLE" => sandbox.file(HOSTILE).into_os_string(),
                _ => HOSTILE.into(),
            };
            sandbox.forget();
            let index = format!("https://{host}/pypi/my-repo/simple/");
            let registry = format!("https://{host}/npm/my-repo/");
            for run in [
                cargo(sandbox, &get(&format!("sparse+https://{host}/cargo/my-repo/"), "my-repo")),
                sandbox.run("pip-keyring-vouch").args(["get", &index, "aws"]),
                sandbox.run("npm-token-vouch").args(["--registry", &registry]),
                sandbox.run("npm-token-vouch").arg("status"),
            ] {
                let _ = harmless(&run.env(name, &value).done());
            }
        }
    });
}

#[test]
fn what_servers_say_is_shown_in_escapes() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let url = "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/";
        for service in ["sts", "codeartifact"] {
            sandbox.forget();
            let fault = ["fault", service, "--status", "403", "--code", "AccessDenied", "--message", IN_XML];
            sandbox.ctl(&fault);
            let done = cargo(sandbox, &get(&format!("sparse+{url}"), "my-repo")).done();
            assert!(harmless(&done), "{service}: it was not shown: {done}");
            let done = sandbox.vouch(&["credential", "codeartifact"]).done();
            assert!(harmless(&done), "{service}: it was not shown: {done}");
            sandbox.ctl(&["fault", service, "--clear"]);
        }
    });
}
