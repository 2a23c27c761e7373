//! A setup whose last step fails: everything is as before where AWS refused it, and stays where nobody did.

use std::thread;
use std::time::Duration;

use vouch_e2e::files::Files;
use vouch_e2e::{MY_DOMAIN, Run, Sandbox, in_sandbox};

/// The user's files, and those of Vouch that say what is set up.
fn files(sandbox: &Sandbox) -> (Files, Files) {
    (sandbox.user_files(), sandbox.setup_files())
}

fn npm(sandbox: &Sandbox, more: &[&str]) -> Run {
    sandbox.vouch(&["setup", "codeartifact", "--tool", "npm", "--repository", "my-repo"]).args(more)
}

const UNKNOWN: [&str; 6] =
    ["--domain", "no-such-domain", "--domain-owner", "123456789012", "--region", "us-east-1"];

#[test]
fn a_domain_that_is_not_there_leaves_nothing() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let before = files(sandbox);
        let nothing_is_left = |more: &[&str]| {
            for tool in ["npm", "yarn-classic", "bun"] {
                let setup =
                    sandbox.vouch(&["setup", "codeartifact", "--repository", "my-repo", "--tool", tool]);
                let _ = setup.args(UNKNOWN).args(more).fails(6).never_says("\u{2713}").never_says("next:");
                assert!(!sandbox.file("other.npmrc").exists());
            }
        };
        nothing_is_left(&[]);
        nothing_is_left(&["--scope", "@acme", "--npmrc", "other.npmrc"]);
        assert_eq!(files(sandbox), before);
        let _ = sandbox.vouch(&["undo", "--list"]).ok().says("setup has edited no file");

        // Beside one that works, whose token stays.
        sandbox.write(".npmrc", "# mine\nregistry=https://registry.example.com/\n//h/:_authToken=${MINE}\n");
        let _ = npm(sandbox, &MY_DOMAIN).ok();
        let before = files(sandbox);
        assert!(
            sandbox
                .read(".npmrc")
                .contains("d.codeartifact.us-east-1.amazonaws.com/npm/my-repo/:_authToken=")
        );
        nothing_is_left(&["--profile", "typo"]);
        nothing_is_left(&["--scope", "@acme"]);
        assert_eq!(files(sandbox), before);
    });
}

#[test]
fn a_refusal_leaves_what_was_there_before_it() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let refuse =
            || sandbox.ctl(&["fault", "codeartifact", "--status", "403", "--code", "AccessDeniedException"]);
        let before = files(sandbox);
        refuse();
        let _ = npm(sandbox, &MY_DOMAIN).fails(6).never_says("\u{2713}");
        assert_eq!(files(sandbox), before);
        sandbox.ctl(&["fault", "codeartifact", "--clear"]);
        thread::sleep(Duration::from_millis(1500));
        let _ = npm(sandbox, &MY_DOMAIN).ok();
        let before = files(sandbox);
        sandbox.forget();
        refuse();
        // A correction of what works, and the very same again.
        for more in [&["--endpoint", "https://packages.example.com/npm/my-repo/"][..], &[]] {
            let _ = npm(sandbox, more).fails(6).never_says("\u{2713}");
            assert_eq!(files(sandbox), before);
        }
        // A token that came back is known as Vouch's.
        let _ = sandbox.vouch(&["logout"]).ok();
        assert!(!sandbox.read(".npmrc").contains("_authToken"));
    });
}

#[test]
fn what_nobody_refused_stays() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        // Without a session, there is nothing to ask yet.
        let _ = npm(sandbox, &MY_DOMAIN).ok().says("may receive tokens").never_says("the token for");
        let _ = sandbox.vouch(&["undo", "--all"]).ok();
        sandbox.log_in();
        sandbox.ctl(&["fault", "codeartifact", "--status", "500", "--code", "InternalServerException"]);
        let _ = npm(sandbox, &MY_DOMAIN).fails(5).says("may receive tokens").never_says("the token for");
        assert!(sandbox.read(".npmrc").contains("registry=https://my-domain-"));
        sandbox.ctl(&["fault", "codeartifact", "--clear"]);
        thread::sleep(Duration::from_millis(1500));
        let _ = npm(sandbox, &[]).ok().says("the token for");
    });
}
