//! `vouch credential`, for scripts and for the AWS CLI.

use serde_json::Value;
use vouch_e2e::{Run, Sandbox, in_sandbox};

/// The AWS CLI in the bare environment of the sandbox, with a profile of `~/.aws/config`.
fn aws(sandbox: &Sandbox, profile: &str, args: &[&str]) -> Run {
    let clients = std::env::var_os("VOUCH_TEST_CLIENTS").expect("`make test` names the clients");
    let client = std::fs::read_dir(clients)
        .expect("the clients are installed")
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with("awscli-"))
        .expect("the AWS CLI is installed");
    let run = Run::new(client.path().join("bin/aws")).args(args).within(sandbox.home());
    run.env("AWS_PROFILE", profile).env("AWS_STS_REGIONAL_ENDPOINTS", "regional")
}

fn json_of(run: Run) -> Value {
    serde_json::from_str(&run.ok().stdout).unwrap()
}

#[test]
fn the_aws_cli_works_from_the_session() {
    in_sandbox(&[], |sandbox| {
        sandbox.write(".aws/config", "# mine\n[default]\nregion = eu-west-1");
        sandbox.enroll();
        let _ = sandbox
            .vouch(&["setup", "aws", "--profile", "vouch", "--yes"])
            .ok()
            .says("aws sts get-caller-identity");
        assert!(
            sandbox
                .read(".aws/config")
                .starts_with("# mine\n[default]\nregion = eu-west-1\n\n[profile vouch]\n")
        );
        // Before the login the CLI passes on what is to be done.
        let _ = aws(sandbox, "vouch", &["sts", "get-caller-identity"]).fails(255).says("vouch login");
        sandbox.log_in();
        let who = json_of(aws(sandbox, "vouch", &["sts", "get-caller-identity"]));
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
        let token = json_of(aws(sandbox, "vouch", &get));
        assert!(token["authorizationToken"].as_str().unwrap().len() > 100);
        // Two calls, one exchange.
        assert_eq!(sandbox.count("/sts/assume_role_with_web_identity"), 1);
        let _ = sandbox.vouch(&["undo", "aws"]).ok();
        assert_eq!(sandbox.read(".aws/config"), "# mine\n[default]\nregion = eu-west-1");
    });
}

#[test]
fn a_role_is_named_as_setup_named_it() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let reader = "arn:aws:iam::111111111111:role/CodeArtifactReader";
        let _ =
            sandbox.vouch(&["setup", "aws", "--role", reader, "--profile", "vouch-artifacts", "--yes"]).ok();
        sandbox.log_in();
        let who = json_of(aws(sandbox, "vouch-artifacts", &["sts", "get-caller-identity"]));
        assert_eq!(who["Account"], "111111111111");
        let given = json_of(sandbox.vouch(&["credential", "aws"]));
        assert_eq!(given["Version"], 1);
        for key in ["AccessKeyId", "SecretAccessKey", "SessionToken"] {
            assert!(given[key].as_str().unwrap().len() > 15, "{key}");
        }
        assert!(given["Expiration"].as_str().unwrap().ends_with('Z'), "{}", given["Expiration"]);
        let _ = sandbox.vouch(&["credential", "aws", "--profile", "nowhere"]).fails(7).says("nowhere");
        let _ = sandbox.vouch(&["logout"]).ok();
        assert_eq!(sandbox.vouch(&["credential", "aws"]).fails(3).says("vouch login").stdout, "");
    });
}

#[test]
fn a_token_is_one_line_and_as_json_tells_what_it_is_for() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let token = sandbox.vouch(&["credential", "codeartifact"]).ok().stdout;
        assert_eq!(token.lines().count(), 1);
        let told = json_of(sandbox.vouch(&["credential", "codeartifact", "--json"]));
        assert_eq!(told["token"].as_str().unwrap(), token.trim());
        assert_eq!(told["profile"], "default");
        assert_eq!(
            told["endpoint"],
            "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/"
        );
        assert!(told["expiration"].as_str().unwrap().ends_with('Z'));
    });
}

#[test]
fn the_log_says_what_was_done_and_no_secret() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let credential = ["credential", "codeartifact"];
        // Before the command and after it, and for a variable.
        let first = sandbox.vouch(&["--verbose", "credential", "codeartifact"]).ok();
        for said in [
            ".vouch/config.json",
            "domain=my-domain of account 123456789012 in us-east-1",
            "host=\"sts.us-east-1.amazonaws.com\"",
            "host=\"codeartifact.us-east-1.amazonaws.com\"",
            "status=200",
            "request_id=",
        ] {
            assert!(first.stderr.contains(said), "{said}: {first}");
        }
        let second = sandbox.vouch(&credential).env("VOUCH_LOG", "debug").ok();
        assert!(
            second.stderr.contains("token from the vault") && !second.stderr.contains("host="),
            "{second}"
        );
        for done in [&first, &second] {
            assert!(!done.stderr.contains(first.stdout.trim()), "{done}");
        }
        let quiet = sandbox.vouch(&credential).ok();
        assert_eq!((quiet.stderr.as_str(), &quiet.stdout), ("", &first.stdout));
    });
}

#[test]
fn a_log_level_that_is_none_is_named() {
    in_sandbox(&[], |sandbox| {
        for level in ["verbose", "5", "vouch=debug"] {
            let said = format!("VOUCH_LOG is `{level}`, which is no level");
            let _ = sandbox.vouch(&["status"]).env("VOUCH_LOG", level).fails(3).says(&said);
            let _ = sandbox.run("npm-token-vouch").arg("status").env("VOUCH_LOG", level).done().says(&said);
        }
        for level in ["off", "", "ERROR"] {
            let done = sandbox.vouch(&["status"]).env("VOUCH_LOG", level).fails(3);
            assert_eq!(done.stderr, "", "{level}");
        }
    });
}
