//! China and GovCloud beside the partition of everybody else: what does not fit together is refused before anything
//! is sent.

use vouch_e2e::helper;
use vouch_e2e::{Run, Sandbox, in_sandbox};

const CHINA: &str = "arn:aws-cn:iam::333333333333:role/CodeArtifact";
const GOV: &str = "arn:aws-us-gov:iam::444444444444:role/CodeArtifact";
const OWN: &str = "arn:aws:iam::123456789012:role/CodeArtifact";

fn setup_aws(sandbox: &Sandbox, role: &str, region: &str, profile: &str) -> Run {
    sandbox.vouch(&["setup", "aws", "--role", role, "--region", region, "--profile", profile])
}

fn nothing_was_sent(sandbox: &Sandbox) {
    let stats = sandbox.ctl(&["stats"]);
    assert_eq!(sandbox.count("/connections/sts"), 0, "{stats:#}");
    assert_eq!(sandbox.count("/connections/codeartifact"), 0, "{stats:#}");
}

#[test]
fn a_role_and_a_region_of_two_partitions() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        for (role, regions) in [
            (OWN, ["cn-north-1", "us-gov-west-1"]),
            (CHINA, ["us-east-1", "us-gov-east-1"]),
            (GOV, ["eu-west-1", "cn-northwest-1"]),
        ] {
            for region in regions {
                let _ = setup_aws(sandbox, role, region, "crossed").fails(7).says("partition").says(region);
            }
        }
        let _ = setup_aws(sandbox, CHINA, "cn-north-1", "china").ok();
        let _ = setup_aws(sandbox, GOV, "us-gov-west-1", "gov").ok();
        for (aws_profile, region) in [
            ("vouch", "cn-north-1"),
            ("vouch", "us-gov-west-1"),
            ("china", "us-east-1"),
            ("china", "us-gov-west-1"),
            ("gov", "us-east-1"),
            ("gov", "cn-north-1"),
        ] {
            let domain = ["my-domain", "123456789012", region, aws_profile];
            let named = |prefix: &str| -> Vec<String> {
                let flags = ["domain", "domain-owner", "region"];
                let flags = flags
                    .iter()
                    .zip(domain)
                    .flat_map(|(flag, value)| [format!("--{prefix}{flag}"), value.to_owned()]);
                flags.chain(["--aws-profile".to_owned(), aws_profile.to_owned()]).collect()
            };
            let setup = ["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo"];
            let _ = sandbox.vouch(&setup).args(named("")).fails(7).says("partition");
            let _ = sandbox.vouch(&["credential", "codeartifact"]).args(named("")).fails(7).says("partition");
            let env = sandbox.vouch(&["env", "--type", "codeartifact", "--shell", "sh"]).args(named("ca-"));
            assert_eq!(env.fails(7).says("partition").stdout, "unset CODEARTIFACT_AUTH_TOKEN;\nfalse;\n");
            let exec = sandbox.vouch(&["exec", "--type", "codeartifact"]).args(named("ca-"));
            let _ = exec.args(["--", "touch", "started"]).fails(125).says("partition");
        }
        assert!(!sandbox.file("started").exists() && !sandbox.file(".cargo/config.toml").exists());
        nothing_was_sent(sandbox);
    });
}

#[test]
fn a_configuration_that_crosses_partitions_by_hand() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let config = sandbox.read(".vouch/config.json");
        for (from, to) in
            [(OWN, CHINA), (OWN, GOV), (r#""role_arn": "arn:aws:"#, r#""role_arn": "arn:aws-cn:"#)]
        {
            assert!(config.contains(from), "{config}");
            sandbox.write(".vouch/config.json", &config.replace(from, to));
            let error = helper::ask(helper::INDEX).answer().unwrap_err();
            assert!(error.to_string().contains("partition"), "{error}");
            let _ = sandbox.vouch(&["credential", "codeartifact"]).fails(7).says("partition");
            let _ = sandbox.vouch(&["credential", "aws"]).fails(7).says("partition");
        }
        nothing_was_sent(sandbox);
    });
}

#[test]
fn a_host_with_the_suffix_of_another_partition() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        for host in [
            "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com.cn",
            "china-packages-333333333333.d.codeartifact.cn-north-1.amazonaws.com",
            "gov-packages-444444444444.d.codeartifact.us-gov-west-1.amazonaws.com.cn",
        ] {
            let url = format!("https://{host}/cargo/my-repo/");
            let error = helper::ask(&format!("sparse+{url}")).answer().unwrap_err();
            assert_eq!(error["kind"], "url-not-supported", "{error}");
            let setup = ["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo"];
            let done = sandbox.vouch(&setup).args(["--profile", "default", "--endpoint", &url]);
            let _ = done.fails(2).says("partition");
            let pip = sandbox.run("pip-keyring-vouch").args(["get", &url, "aws"]).fails(1);
            assert_eq!(pip.stdout, "");
        }
        nothing_was_sent(sandbox);
    });
}

#[test]
fn each_partition_is_asked_at_its_own_hosts() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        for (role, region, domain, owner) in [
            (CHINA, "cn-north-1", "china-packages", "333333333333"),
            (GOV, "us-gov-west-1", "gov-packages", "444444444444"),
        ] {
            let _ = setup_aws(sandbox, role, region, region).ok();
            let flags = ["--domain", domain, "--domain-owner", owner, "--region", region];
            let done = sandbox.vouch(&["credential", "codeartifact", "--json"]).args(flags).ok();
            let suffix = if region.starts_with("cn") { "amazonaws.com.cn/" } else { "amazonaws.com/" };
            let _ = done.shows(&format!("https://{domain}-{owner}.d.codeartifact.{region}.{suffix}"));
        }
        assert_eq!(sandbox.count("/sts/granted"), 2);
    });
}

#[test]
fn a_region_that_nobody_knows_is_asked_about() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let config = sandbox.read(".vouch/config.json");
        let domain = ["--domain", "my-domain", "--domain-owner", "123456789012", "--region", "us-east-11"];
        let setup = ["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo"];
        let codeartifact = || sandbox.vouch(&setup).args(domain);
        let aws = || setup_aws(sandbox, OWN, "us-east-11", "other").arg("--no");
        for run in [codeartifact(), aws()] {
            let mut terminal = run.on_terminal();
            terminal.wait_for("did you mean us-east-1?");
            terminal.wait_for("Type y for yes:");
            terminal.type_line("n");
            let _ = terminal.wait().expect_code(7).says("--region REGION").never_says("✓");
            assert_eq!(sandbox.read(".vouch/config.json"), config);
            assert!(!sandbox.file(".cargo/config.toml").exists());
        }
        // A region that AWS opened yesterday.
        let mut terminal = aws().on_terminal();
        terminal.wait_for("Type y for yes:");
        terminal.type_line("y");
        let _ = terminal.wait().expect_code(0).never_says("✓ region");
        // What was answered once is not asked again, and a script is warned.
        let _ = sandbox
            .vouch(&["setup", "aws", "--role", OWN, "--profile", "other", "--no"])
            .on_terminal()
            .wait()
            .expect_code(0);
        let _ = codeartifact().ok().says("warning: region us-east-11").says("did you mean us-east-1?");
        let elsewhere =
            ["--domain", "my-domain", "--domain-owner", "123456789012", "--region", "ca-central-1"];
        let second =
            ["setup", "codeartifact", "--tool", "pip", "--repository", "my-repo", "--profile", "second"];
        let _ = sandbox.vouch(&second).args(elsewhere).done().says("has no CodeArtifact");
    });
}
