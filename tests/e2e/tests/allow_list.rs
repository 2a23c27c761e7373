//! A token goes to an exact host of a domain that was set up, and to nothing else.

use std::time::Instant;

use vouch_e2e::{helper, in_sandbox};

const HOST: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";

#[test]
fn look_alikes_get_nothing() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let good = helper::ask(helper::INDEX).answer().unwrap();
        let token = good["token"].as_str().unwrap().to_owned();
        for url in [
            format!("http://{HOST}/cargo/my-repo/"),
            format!("https://{HOST}:8443/cargo/my-repo/"),
            format!("https://{HOST}:0443/cargo/my-repo/"),
            format!("https://{HOST}\\@127.0.0.1:9443/cargo/my-repo/"),
            format!("https://evil.example\\@{HOST}/cargo/my-repo/"),
            format!("https:/{HOST}/cargo/my-repo/"),
            format!("https:////{HOST}/cargo/my-repo/"),
            format!("https:\\\\{HOST}/cargo/my-repo/"),
            format!("HTTPS://{HOST}/cargo/my-repo/"),
            format!("https://{}/cargo/my-repo/", HOST.replacen("my", "MY", 1)),
            format!("https:/aws:secret@{HOST}/cargo/my-repo/"),
            format!("https:////aws:secret@{HOST}/cargo/my-repo/"),
            format!("https:\\\\aws:secret@{HOST}/cargo/my-repo/"),
            format!("https://aws:sec/secret@{HOST}/cargo/my-repo/"),
            format!("https://{HOST}?@evil.example/cargo/my-repo/"),
            format!("https://{HOST}#@evil.example/cargo/my-repo/"),
            format!("https://{HOST}/cargo/my-repo/../../maven/my-repo/"),
            format!("https://{HOST}/cargo/my-repo/%2e%2e/x/"),
            format!("https://{HOST}/cargo/my-repo/..;/x/"),
            format!("https://{HOST}/cargo/my-repo%2fx/"),
            format!("https://{HOST}/cargo/my-repo/x%5cy/"),
            format!("https://aws@{HOST}/cargo/my-repo/"),
            format!("https://aws:secret@{HOST}/cargo/my-repo/"),
            format!("https://{HOST}@evil.example/cargo/my-repo/"),
            format!("https://{HOST}.evil.example/cargo/my-repo/"),
            format!("https://{}.evil.example/cargo/my-repo/", HOST.trim_end_matches(".com")),
            format!("https://{HOST}./cargo/my-repo/"),
            "https://my-domain-11122223333.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/".into(),
            // A letter of another script that looks like `y`, and full-width letters that some normalize.
            format!("https://{}/cargo/my-repo/", HOST.replacen("my", "m\u{443}", 1)),
            format!("https://{}/cargo/my-repo/", HOST.replacen("my", "\u{ff4d}y", 1)),
            format!("https://{}/cargo/my-repo/", HOST.replacen("my", "%6dy", 1)),
            "https://my-domain-210987654321.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/".into(),
            "https://other-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/".into(),
            "https://my-domain-123456789012.d.codeartifact.us-east-2.amazonaws.com/cargo/my-repo/".into(),
            "https://my-domain-123456789012.d.codeartifact.us-east-1.on.aws/cargo/my-repo/".into(),
            "https://my-domain-123456789012.d.codeartifact.cn-north-1.amazonaws.cn/cargo/my-repo/".into(),
            "https://MY-DOMAIN-123456789012.D.CODEARTIFACT.US-EAST-1.AMAZONAWS.COM.EVIL.EXAMPLE/cargo/my-repo/".into(),
            "https://index.crates.io/".into(),
            "file:///tmp/index/".into(),
            "nonsense".into(),
            String::new(),
        ] {
            for index in [url.clone(), format!("sparse+{url}")] {
                let answer = helper::ask(&index).answer();
                let refusal = answer.expect_err(&index).to_string();
                assert!(!refusal.contains(&token) && !refusal.contains("secret"), "{index}: {refusal}");
            }
        }
        assert_eq!(sandbox.count("/codeartifact/get_authorization_token"), 1);
        assert_eq!(sandbox.count("/registry/cargo/index"), 0, "helpers never talk to a registry");
    });
}

#[test]
fn other_spellings_of_the_same_host_are_served() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let token = |index: &str| helper::ask(index).answer().unwrap()["token"].clone();
        let wanted = token(helper::INDEX);
        assert_eq!(token(&helper::INDEX.replace(".com/", ".com:443/")), wanted);
        assert_eq!(token(helper::INDEX.trim_end_matches('/')), wanted);
        let dual_stack = "sparse+https://my-domain-123456789012.codeartifact.us-east-1.on.aws/cargo/my-repo/";
        assert_eq!(token(dual_stack), wanted);
        assert_eq!(sandbox.count("/codeartifact/get_authorization_token"), 1);
    });
}

#[test]
fn a_foreign_registry_is_answered_in_the_time_of_a_process_start() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let foreign = "sparse+https://crates.example.net/";
        assert_eq!(helper::ask(foreign).answer().unwrap_err()["kind"], "url-not-supported");
        // Even where AWS and the keystore would be slow: neither is asked.
        sandbox.ctl(&["fault", "sts", "--hang"]);
        let start = Instant::now();
        for _ in 0..20 {
            assert_eq!(helper::ask(foreign).answer().unwrap_err()["kind"], "url-not-supported");
        }
        assert!(start.elapsed().as_secs() < 5);
        assert_eq!(sandbox.count("/sts/assume_role_with_web_identity"), 0);
    });
}

#[test]
fn an_unregistered_domain_is_refused_with_the_command_that_allows_it() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let other = helper::INDEX.replace("my-domain-123456789012", "shared-packages-111111111111");
        let refusal = helper::ask(&other).answer().unwrap_err();
        assert_eq!(refusal["kind"], "other");
        assert!(
            refusal.to_string().contains("--domain shared-packages --domain-owner 111111111111"),
            "{refusal}"
        );
    });
}

#[test]
fn ambient_aws_settings_change_nothing() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let credential = sandbox
            .vouch(&["credential", "codeartifact"])
            .env("AWS_ENDPOINT_URL", "https://evil.example")
            .env("AWS_ENDPOINT_URL_STS", "https://evil.example")
            .env("AWS_ENDPOINT_URL_CODEARTIFACT", "https://evil.example")
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY")
            .env("AWS_PROFILE", "nobody")
            .env("AWS_USE_FIPS_ENDPOINT", "true")
            .env("AWS_USE_DUALSTACK_ENDPOINT", "true");
        let _ = credential.ok();
        assert_eq!(sandbox.count("/sts/granted"), 1);
    });
}
