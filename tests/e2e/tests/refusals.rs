//! What AWS, the registry and the network refuse, as a person sees it through real cargo.

use std::time::Duration;

use vouch_e2e::{Bed, Done, MY_DOMAIN, in_sandbox};

/// A build that needs the registry. Cargo ends with 101 when its provider fails.
fn build(bed: &Bed) -> Done {
    if !bed.file("hello").exists() {
        bed.program("hello", "greeting", "my-repo");
    }
    bed.cargo(&["generate-lockfile"]).within(bed.file("hello")).done()
}

/// Ready, with `fault` set on a service: what a build says then.
fn with_fault(service: &str, fault: &[&str], check: impl Fn(&Bed, Done)) {
    in_sandbox(&[], |bed| {
        bed.ready();
        let before = bed.read(".vouch/config.json");
        bed.ctl(&[&["fault", service][..], fault].concat());
        let done = build(bed);
        check(bed, done);
        assert_eq!(bed.read(".vouch/config.json"), before, "a failure changes no file");
        // And it passes: a failure is told to those who came with it, not to who tries again.
        bed.ctl(&["fault", service, "--clear"]);
        std::thread::sleep(Duration::from_millis(1500));
        let _ = build(bed).says("no matching package").never_says("credential provider");
    });
}

#[test]
fn no_session() {
    in_sandbox(&[], |bed| {
        bed.enroll();
        bed.set_up_cargo();
        let _ = build(bed).expect_code(101).says("not logged in").says("vouch login");
        let _ = bed.vouch(&["credential", "codeartifact"]).fails(3).says("vouch login");
        let _ = bed.vouch(&["status"]).fails(3).shows("vouch login");
    });
}

#[test]
fn expired_session_as_sts_sees_it() {
    in_sandbox(&[], |bed| {
        bed.ready();
        bed.ctl(&["clock", "--skew", "43200"]);
        let _ = build(bed).expect_code(101).says("expired").says("vouch login");
    });
}

#[test]
fn a_clock_that_is_behind() {
    in_sandbox(&[], |bed| {
        bed.ready();
        bed.ctl(&["clock", "--skew=-3600"]);
        let _ = build(bed).expect_code(101).says("clock");
    });
}

#[test]
fn no_role() {
    in_sandbox(&[], |bed| {
        let enroll = ["enroll", "--issuer", "https://id.example.com/alice", "--subject", "alice"];
        let _ = bed.vouch_with_pin(&enroll).ok();
        bed.log_in();
        bed.set_up_cargo();
        let _ = build(bed).expect_code(101).says("vouch setup aws");
        assert_eq!(bed.count("/sts/assume_role_with_web_identity"), 0);
    });
}

#[test]
fn role_and_region_of_two_partitions() {
    in_sandbox(&[], |bed| {
        bed.enroll();
        let role = "arn:aws-us-gov:iam::444444444444:role/CodeArtifact";
        let _ =
            bed.vouch(&["setup", "aws", "--role", role, "--region", "us-east-1"]).fails(7).says("partition");
        let _ = bed
            .vouch(&["setup", "aws", "--role", role, "--region", "us-gov-west-1", "--profile", "gov"])
            .ok();
        let setup =
            ["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo", "--aws-profile", "gov"];
        let _ = bed.vouch(&setup).args(MY_DOMAIN).fails(7).says("partition");
        assert_eq!(bed.count("/sts/assume_role_with_web_identity"), 0);
    });
}

#[test]
fn a_role_that_trusts_somebody_else() {
    in_sandbox(&[], |bed| {
        bed.ready();
        let team = "arn:aws:iam::222222222222:role/CodeArtifact-of-nobody";
        let _ = bed.vouch(&["setup", "aws", "--role", team]).ok();
        let done = build(bed).expect_code(101).says("AccessDenied").says("trust");
        assert_eq!(bed.count("/sts/assume_role_with_web_identity"), 1, "4xx is not retried\n{done}");
    });
}

#[test]
fn an_issuer_that_was_not_published() {
    in_sandbox(&[], |bed| {
        let enroll = ["enroll", "--issuer", "https://id.example.com/alice", "--subject", "alice"];
        let _ = bed.vouch_with_pin(&enroll).ok();
        let role = "arn:aws:iam::123456789012:role/CodeArtifact";
        let _ = bed.vouch(&["setup", "aws", "--role", role]).ok();
        bed.log_in();
        bed.set_up_cargo();
        let _ = build(bed).expect_code(101).says("https://id.example.com/alice").says("vouch issuer build");
        assert!(bed.count("/sts/assume_role_with_web_identity") <= 2);
    });
}

#[test]
fn a_role_that_may_not_ask_for_tokens() {
    with_fault("codeartifact", &["--status", "403", "--code", "AccessDeniedException"], |bed, done| {
        let _ = done
            .expect_code(101)
            .says("sts:GetServiceBearerToken")
            .says("codeartifact:GetAuthorizationToken");
        assert_eq!(bed.count("/sts/granted"), 1);
    });
}

#[test]
fn a_domain_that_does_not_exist() {
    in_sandbox(&[], |bed| {
        bed.enroll();
        bed.log_in();
        let setup =
            ["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo", "--domain", "no-domain"];
        let _ = bed.vouch(&setup).args(["--domain-owner", "123456789012", "--region", "us-east-1"]).ok();
        let credential = bed.vouch(&["credential", "codeartifact"]).fails(6);
        let _ = credential.says("no-domain").says("vouch setup codeartifact");
    });
}

#[test]
fn throttled_by_sts() {
    with_fault("sts", &["--status", "400", "--code", "Throttling"], |bed, done| {
        let _ = done.expect_code(101).says("Throttling");
        assert!(bed.count("/requests/sts") <= 2);
    });
}

#[test]
fn throttled_by_codeartifact_for_longer_than_we_wait() {
    let fault = ["--status", "429", "--code", "ThrottlingException", "--retry-after", "60"];
    with_fault("codeartifact", &fault, |bed, done| {
        assert!(done.took < Duration::from_secs(10), "{done}");
        let _ = done.expect_code(101).says("60");
        assert_eq!(bed.count("/requests/codeartifact"), 1);
    });
}

#[test]
fn throttled_by_codeartifact_for_a_moment() {
    in_sandbox(&[], |bed| {
        bed.ready();
        let fault =
            ["--status", "429", "--code", "ThrottlingException", "--retry-after", "1", "--times", "1"];
        bed.ctl(&[&["fault", "codeartifact"][..], &fault].concat());
        let _ = build(bed).says("no matching package").never_says("Throttling");
        assert_eq!(bed.count("/requests/codeartifact"), 2);
    });
}

#[test]
fn errors_of_the_server() {
    with_fault("sts", &["--status", "503", "--code", "ServiceUnavailable"], |bed, done| {
        let _ = done.expect_code(101).says("503");
        assert_eq!(bed.count("/requests/sts"), 2, "retried once");
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
    with_fault("codeartifact", &["--reset"], |bed, done| {
        let _ = done.expect_code(101).says("codeartifact.us-east-1.amazonaws.com");
        assert!(bed.count("/requests/codeartifact") <= 2);
    });
}

#[test]
fn no_answer_in_time() {
    with_fault("sts", &["--hang"], |bed, done| {
        assert!(done.took < Duration::from_secs(21), "{done}");
        let _ = done.expect_code(101).says("sts.us-east-1.amazonaws.com").says("in time");
        assert!(bed.count("/requests/sts") <= 2);
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
        in_sandbox(&["--env", &format!("BAD_TOKEN={status}")], |bed| {
            bed.ready();
            // A token of another scheme than the registry's is a bad one.
            bed.ctl(&["registry", "--scheme", "bearer", "--bad-token", status]);
            let _ = build(bed).expect_code(101).never_says("panicked");
            assert!(bed.count("/registry/cargo/bad_token") >= 1);
            // Nothing was lost: with the right scheme the same session goes on.
            bed.ctl(&["registry", "--scheme", "raw"]);
            let _ = build(bed).says("no matching package");
            assert_eq!(bed.count("/sts/granted"), 1);
        });
    }
}
