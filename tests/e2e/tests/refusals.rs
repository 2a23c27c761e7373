//! What AWS, the registry and the network refuse, as a person sees it through real cargo.

use std::time::Duration;

use vouch_e2e::{CommandOutput, MY_DOMAIN, Sandbox, in_sandbox};

/// A build that needs the registry. Cargo ends with 101 when its provider fails.
fn build(sandbox: &Sandbox) -> CommandOutput {
    if !sandbox.file("hello").exists() {
        sandbox.program("hello", "greeting", "my-repo");
    }
    sandbox.cargo(&["generate-lockfile"]).within(sandbox.file("hello")).done()
}

/// Ready, with `fault` set on a service: what a build says then.
fn with_fault(service: &str, fault: &[&str], check: impl Fn(&Sandbox, CommandOutput)) {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let before = sandbox.read(".vouch/config.json");
        sandbox.ctl(&[&["fault", service][..], fault].concat());
        let done = build(sandbox);
        check(sandbox, done);
        assert_eq!(sandbox.read(".vouch/config.json"), before, "a failure changes no file");
        // And it passes: a failure is told to those who came with it, not to who tries again.
        sandbox.ctl(&["fault", service, "--clear"]);
        std::thread::sleep(Duration::from_millis(1500));
        let _ = build(sandbox).says("no matching package").never_says("credential provider");
    });
}

#[test]
fn no_session() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.set_up_cargo();
        let _ = build(sandbox).expect_code(101).says("not logged in").says("vouch login");
        let _ = sandbox.vouch(&["credential", "codeartifact"]).fails(3).says("vouch login");
        let _ = sandbox.vouch(&["status"]).fails(3).shows("vouch login");
    });
}

#[test]
fn expired_session_as_sts_sees_it() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        sandbox.ctl(&["clock", "--skew", "43200"]);
        let _ = build(sandbox).expect_code(101).says("expired").says("vouch login");
    });
}

#[test]
fn a_clock_that_is_behind() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        sandbox.ctl(&["clock", "--skew=-3600"]);
        let _ = build(sandbox).expect_code(101).says("clock");
    });
}

#[test]
fn no_role() {
    in_sandbox(&[], |sandbox| {
        let enroll = ["enroll", "--issuer", "https://id.example.com/alice", "--subject", "alice"];
        let _ = sandbox.vouch_with_pin(&enroll).ok();
        sandbox.log_in();
        sandbox.set_up_cargo();
        let _ = build(sandbox).expect_code(101).says("vouch setup aws");
        assert_eq!(sandbox.count("/sts/assume_role_with_web_identity"), 0);
    });
}

#[test]
fn role_and_region_of_two_partitions() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let role = "arn:aws-us-gov:iam::444444444444:role/CodeArtifact";
        let _ = sandbox
            .vouch(&["setup", "aws", "--role", role, "--region", "us-east-1"])
            .fails(7)
            .says("partition");
        let _ = sandbox
            .vouch(&["setup", "aws", "--role", role, "--region", "us-gov-west-1", "--profile", "gov"])
            .ok();
        let setup =
            ["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo", "--aws-profile", "gov"];
        let _ = sandbox.vouch(&setup).args(MY_DOMAIN).fails(7).says("partition");
        assert_eq!(sandbox.count("/sts/assume_role_with_web_identity"), 0);
    });
}

#[test]
fn a_role_that_trusts_somebody_else() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let team = "arn:aws:iam::222222222222:role/CodeArtifact-of-nobody";
        let _ = sandbox.vouch(&["setup", "aws", "--role", team]).ok();
        let done = build(sandbox).expect_code(101).says("AccessDenied").says("trust");
        assert_eq!(sandbox.count("/sts/assume_role_with_web_identity"), 1, "4xx is not retried\n{done}");
    });
}

#[test]
fn an_issuer_that_was_not_published() {
    in_sandbox(&[], |sandbox| {
        let enroll = ["enroll", "--issuer", "https://id.example.com/alice", "--subject", "alice"];
        let _ = sandbox.vouch_with_pin(&enroll).ok();
        let role = "arn:aws:iam::123456789012:role/CodeArtifact";
        let _ = sandbox.vouch(&["setup", "aws", "--role", role]).ok();
        sandbox.log_in();
        sandbox.set_up_cargo();
        let _ =
            build(sandbox).expect_code(101).says("https://id.example.com/alice").says("vouch issuer build");
        assert!(sandbox.count("/sts/assume_role_with_web_identity") <= 2);
    });
}

#[test]
fn a_role_that_may_not_ask_for_tokens() {
    with_fault("codeartifact", &["--status", "403", "--code", "AccessDeniedException"], |sandbox, done| {
        let _ = done
            .expect_code(101)
            .says("sts:GetServiceBearerToken")
            .says("codeartifact:GetAuthorizationToken");
        assert_eq!(sandbox.count("/sts/granted"), 1);
    });
}

#[test]
fn a_domain_that_does_not_exist() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        // With a session, setup itself is refused.
        let setup =
            ["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo", "--domain", "no-domain"];
        let _ = sandbox.vouch(&setup).args(["--domain-owner", "123456789012", "--region", "us-east-1"]).ok();
        sandbox.log_in();
        let credential = sandbox.vouch(&["credential", "codeartifact"]).fails(6);
        let _ = credential.says("no-domain").says("vouch setup codeartifact");
    });
}

#[test]
fn throttled_by_sts() {
    with_fault("sts", &["--status", "400", "--code", "Throttling"], |sandbox, done| {
        let _ = done.expect_code(101).says("Throttling");
        assert!(sandbox.count("/requests/sts") <= 2);
    });
}

#[test]
fn throttled_by_codeartifact_for_longer_than_we_wait() {
    let fault = ["--status", "429", "--code", "ThrottlingException", "--retry-after", "60"];
    with_fault("codeartifact", &fault, |sandbox, done| {
        assert!(done.took < Duration::from_secs(10), "{done}");
        let _ = done.expect_code(101).says("60");
        assert_eq!(sandbox.count("/requests/codeartifact"), 1);
    });
}

#[test]
fn throttled_by_codeartifact_for_a_moment() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let fault =
            ["--status", "429", "--code", "ThrottlingException", "--retry-after", "1", "--times", "1"];
        sandbox.ctl(&[&["fault", "codeartifact"][..], &fault].concat());
        let _ = build(sandbox).says("no matching package").never_says("Throttling");
        assert_eq!(sandbox.count("/requests/codeartifact"), 2);
    });
}

#[test]
fn errors_of_the_server() {
    with_fault("sts", &["--status", "503", "--code", "ServiceUnavailable"], |sandbox, done| {
        let _ = done.expect_code(101).says("503");
        assert_eq!(sandbox.count("/requests/sts"), 2, "retried once");
    });
}

#[test]
fn errors_of_codeartifact() {
    with_fault("codeartifact", &["--status", "500", "--code", "InternalServerException"], |_, done| {
        let _ = done.expect_code(101).says("InternalServerException");
    });
}

#[test]
fn an_answer_that_is_no_answer() {
    with_fault("sts", &["--garbage"], |_, done| {
        let _ = done.expect_code(101).says("STS");
    });
}

#[test]
fn garbage_from_codeartifact() {
    with_fault("codeartifact", &["--garbage"], |_, done| {
        let _ = done.expect_code(101).says("CodeArtifact");
    });
}

#[test]
fn an_answer_without_end() {
    with_fault("sts", &["--endless"], |_, done| {
        assert!(done.took < Duration::from_secs(20), "{done}");
        let _ = done.expect_code(101).says("STS");
    });
}

#[test]
fn an_answer_that_breaks_off() {
    with_fault("codeartifact", &["--truncate"], |_, done| {
        let _ = done.expect_code(101).says("CodeArtifact");
    });
}

#[test]
fn connection_refused() {
    with_fault("sts", &["--refuse"], |_, done| {
        let _ = done.expect_code(101).says("refused").says("sts.us-east-1.amazonaws.com");
    });
}

#[test]
fn connection_reset() {
    with_fault("codeartifact", &["--reset"], |sandbox, done| {
        let _ = done.expect_code(101).says("codeartifact.us-east-1.amazonaws.com");
        assert!(sandbox.count("/requests/codeartifact") <= 2);
    });
}

#[test]
fn no_answer_in_time() {
    with_fault("sts", &["--hang"], |sandbox, done| {
        assert!(done.took < Duration::from_secs(21), "{done}");
        let _ = done.expect_code(101).says("sts.us-east-1.amazonaws.com").says("in time");
        assert!(sandbox.count("/requests/sts") <= 2);
    });
}

#[test]
fn a_certificate_of_somebody_else() {
    with_fault("sts", &["--bad-tls"], |_, done| {
        let _ = done.expect_code(101).says("certificate").says("AWS_CA_BUNDLE");
    });
}

#[test]
fn a_registry_that_refuses_the_token() {
    for status in ["401", "403", "404"] {
        in_sandbox(&["--env", &format!("BAD_TOKEN={status}")], |sandbox| {
            sandbox.ready();
            // A token of another scheme than the registry's is a bad one.
            sandbox.ctl(&["registry", "--scheme", "bearer", "--bad-token", status]);
            let _ = build(sandbox).expect_code(101).never_says("panicked");
            assert!(sandbox.count("/registry/cargo/bad_token") >= 1);
            // Nothing was lost: with the right scheme the same session goes on.
            sandbox.ctl(&["registry", "--scheme", "raw"]);
            let _ = build(sandbox).says("no matching package");
            assert_eq!(sandbox.count("/sts/granted"), 1);
        });
    }
}
