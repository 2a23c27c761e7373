//! Behind a CONNECT proxy, where AWS's names do not even resolve.

use std::env;

use vouch_e2e::{Run, Sandbox, in_sandbox};

fn credential(sandbox: &Sandbox) -> Run {
    sandbox.vouch(&["credential", "codeartifact"])
}

/// With another proxy in both spellings.
fn through(sandbox: &Sandbox, proxy: &str) -> Run {
    credential(sandbox).env("HTTPS_PROXY", proxy).env("https_proxy", proxy)
}

#[test]
fn the_main_job_goes_through_the_proxy() {
    in_sandbox(&["--proxy"], |sandbox| {
        sandbox.ready();
        sandbox.library("greeting");
        let _ = sandbox
            .cargo(&["publish", "--registry", "my-repo", "--manifest-path", "greeting/Cargo.toml"])
            .ok();
        assert_eq!(sandbox.count("/sts/granted"), 1);
        assert_eq!(sandbox.count("/codeartifact/granted"), 1);
        assert!(sandbox.count("/proxy/tunnels") >= 3);
        assert_eq!(sandbox.count("/proxy/refused"), 0);
    });
}

#[test]
fn a_proxy_that_asks_for_a_password() {
    in_sandbox(&["--proxy", "--proxy-auth", "alice:hunter2"], |sandbox| {
        sandbox.ready();
        let proxy = env::var("HTTPS_PROXY").unwrap();
        assert!(proxy.contains("alice:hunter2@"), "{proxy}");
        let without = proxy.replace("alice:hunter2@", "");
        let wrong = proxy.replace("hunter2", "hunter3");
        let _ = through(sandbox, &without).fails(5).says("https_proxy").says("user and a password");
        let _ = through(sandbox, &wrong).fails(5).says("does not accept").never_says("hunter3");
        let _ = credential(sandbox).ok().never_says("hunter2");
    });
}

#[test]
fn a_proxy_that_is_not_there() {
    in_sandbox(&["--proxy"], |sandbox| {
        sandbox.ready();
        let done = through(sandbox, "http://alice:hunter2@127.0.0.1:1").fails(5);
        let _ = done.says("127.0.0.1:1").says("https_proxy").says("refused").never_says("hunter2");
        let _ = through(sandbox, "socks5://127.0.0.1:1").fails(7).says("https_proxy");
    });
}

#[test]
fn an_exception_from_the_proxy_is_heeded() {
    in_sandbox(&["--proxy"], |sandbox| {
        sandbox.ready();
        let done =
            credential(sandbox).env("NO_PROXY", "amazonaws.com").env("no_proxy", "amazonaws.com").fails(5);
        let _ = done.says("sts.us-east-1.amazonaws.com").says("resolved");
        assert_eq!(sandbox.count("/proxy/tunnels"), 0);
    });
}

#[test]
fn certificates_that_are_missing_or_broken_are_named() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        sandbox.write("broken.pem", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
        sandbox.write("empty.pem", "");
        for file in ["missing.pem", "broken.pem", "empty.pem"] {
            let done = credential(sandbox).env("AWS_CA_BUNDLE", sandbox.file(file)).done();
            let _ = done.expect_code(7).says("AWS_CA_BUNDLE").says(file);
        }
        let _ = credential(sandbox).ok();
    });
}
