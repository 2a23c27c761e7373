//! `vouch credential`, for scripts and for the AWS CLI.

use serde_json::Value;
use vouch_e2e::{Bed, Run, in_sandbox};

/// The AWS CLI in the bare environment of the sandbox, with a profile of `~/.aws/config`.
fn aws(bed: &Bed, profile: &str, args: &[&str]) -> Run {
    let clients = std::env::var_os("VOUCH_TEST_CLIENTS").expect("`make test` names the clients");
    let client = std::fs::read_dir(clients)
        .expect("the clients are installed")
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with("awscli-"))
        .expect("the AWS CLI is installed");
    let run = Run::new(client.path().join("bin/aws")).args(args).within(bed.home());
    run.env("AWS_PROFILE", profile).env("AWS_STS_REGIONAL_ENDPOINTS", "regional")
}

fn json_of(run: Run) -> Value {
    serde_json::from_str(&run.ok().stdout).unwrap()
}

#[test]
fn the_aws_cli_works_from_the_session() {
    in_sandbox(&[], |bed| {
        bed.write(".aws/config", "# mine\n[default]\nregion = eu-west-1");
        bed.enroll();
        let _ = bed
            .vouch(&["setup", "aws", "--profile", "vouch", "--yes"])
            .ok()
            .says("aws sts get-caller-identity");
        assert!(
            bed.read(".aws/config").starts_with("# mine\n[default]\nregion = eu-west-1\n\n[profile vouch]\n")
        );
        // Before the login the CLI passes on what is to be done.
        let _ = aws(bed, "vouch", &["sts", "get-caller-identity"]).fails(255).says("vouch login");
        bed.log_in();
        let who = json_of(aws(bed, "vouch", &["sts", "get-caller-identity"]));
        assert_eq!(who["Account"], "123456789012");
        assert!(who["Arn"].as_str().unwrap().contains("assumed-role/CodeArtifact/"), "{who}");
        let get = [
            "codeartifact",
            "get-authorization-token",
            "--domain",
            "my-domain",
            "--domain-owner",
            "123456789012",
        ];
        let token = json_of(aws(bed, "vouch", &get));
        assert!(token["authorizationToken"].as_str().unwrap().len() > 100);
        // Two calls, one exchange.
        assert_eq!(bed.count("/sts/assume_role_with_web_identity"), 1);
        let _ = bed.vouch(&["undo", "aws"]).ok();
        assert_eq!(bed.read(".aws/config"), "# mine\n[default]\nregion = eu-west-1");
    });
}

#[test]
fn a_role_is_named_as_setup_named_it() {
    in_sandbox(&[], |bed| {
        bed.enroll();
        let reader = "arn:aws:iam::111111111111:role/CodeArtifactReader";
        let _ = bed.vouch(&["setup", "aws", "--role", reader, "--profile", "vouch-artifacts", "--yes"]).ok();
        bed.log_in();
        let who = json_of(aws(bed, "vouch-artifacts", &["sts", "get-caller-identity"]));
        assert_eq!(who["Account"], "111111111111");
        let given = json_of(bed.vouch(&["credential", "aws"]));
        assert_eq!(given["Version"], 1);
        for key in ["AccessKeyId", "SecretAccessKey", "SessionToken"] {
            assert!(given[key].as_str().unwrap().len() > 15, "{key}");
        }
        assert!(given["Expiration"].as_str().unwrap().ends_with('Z'), "{}", given["Expiration"]);
        let _ = bed.vouch(&["credential", "aws", "--profile", "nowhere"]).fails(7).says("nowhere");
        let _ = bed.vouch(&["logout"]).ok();
        assert_eq!(bed.vouch(&["credential", "aws"]).fails(3).says("vouch login").stdout, "");
    });
}

#[test]
fn a_token_is_one_line_and_as_json_tells_what_it_is_for() {
    in_sandbox(&[], |bed| {
        bed.ready();
        let token = bed.vouch(&["credential", "codeartifact"]).ok().stdout;
        assert_eq!(token.lines().count(), 1);
        let told = json_of(bed.vouch(&["credential", "codeartifact", "--json"]));
        assert_eq!(told["token"].as_str().unwrap(), token.trim());
        assert_eq!(told["profile"], "default");
        assert_eq!(
            told["endpoint"],
            "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/"
        );
        assert!(told["expiration"].as_str().unwrap().ends_with('Z'));
    });
}
