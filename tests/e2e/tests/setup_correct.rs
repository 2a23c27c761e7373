//! Setting up again: what AWS refused is corrected, what it answered for or was not asked for stays, and `--move` moves it.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use vouch_clients::tool::Tool;
use vouch_e2e::files::difference;
use vouch_e2e::{CommandOutput, MY_DOMAIN, Run, Sandbox, helper, in_sandbox};

/// A domain that is not there.
const WRONG: [&str; 6] = ["--domain", "my-domian", "--domain-owner", "123456789012", "--region", "us-east-1"];

const SHARED: [&str; 6] =
    ["--domain", "shared-packages", "--domain-owner", "111111111111", "--region", "us-east-1"];

/// What stands in the files of somebody who had them before.
const FILES: [(&str, &str); 8] = [
    (".cargo/config.toml", "# mine\n[net]\nretry = 3\n"),
    (".npmrc", "; mine\nregistry=https://registry.example.com/\nsave-exact=true"),
    (".config/pip/pip.conf", "[global]\nindex-url = https://pypi.org/simple\ntimeout = 60\n"),
    (".config/uv/uv.toml", "native-tls = true\n"),
    (".pypirc", "[distutils]\nindex-servers = pypi ; mine\n\n[pypi]\nusername = alice"),
    (".config/pypoetry/config.toml", "[virtualenvs]\r\nin-project = true\r\n"),
    (".yarnrc.yml", "nodeLinker: node-modules\n"),
    (".m2/settings.xml", "<settings>\n  <servers>\n  </servers>\n</settings>\n"),
];

fn setup(sandbox: &Sandbox, tool: &str, repository: &str, more: &[&str]) -> Run {
    let setup = ["setup", "codeartifact", "--tool", tool, "--repository", repository];
    sandbox.vouch(&setup).args(more)
}

/// Profile and URL of each registration.
fn registrations(sandbox: &Sandbox) -> Vec<(String, String)> {
    let text = |known: &Value, key: &str| known[key].as_str().unwrap().to_owned();
    let config = sandbox.config();
    let all = config["codeartifact"]["registrations"].as_array().unwrap();
    all.iter().map(|known| (text(known, "profile"), text(known, "endpoint"))).collect()
}

fn domains(sandbox: &Sandbox) -> Value {
    let profiles = sandbox.config()["codeartifact"]["profiles"].clone();
    let of = |(name, profile): (&String, &Value)| (name.clone(), profile["domain"].clone());
    Value::Object(profiles.as_object().unwrap().iter().map(of).collect())
}

/// The command that a `next:` line names.
fn next(done: &CommandOutput, beginning: &str) -> Vec<String> {
    let lines = done.stderr.lines().filter_map(|line| line.strip_prefix("next: `"));
    let command = lines.filter_map(|line| line.split('`').next()).find(|line| line.starts_with(beginning));
    let command = command.unwrap_or_else(|| panic!("no `{beginning}`: {done}"));
    command.split_whitespace().skip(1).map(str::to_owned).collect()
}

/// A role for the other account's domain.
fn may_read_shared(sandbox: &Sandbox) {
    let role = "arn:aws:iam::111111111111:role/CodeArtifactReader";
    let _ = sandbox.vouch(&["setup", "aws", "--role", role, "--profile", "artifacts"]).ok();
}

/// Enrolled, with a `default` profile that AWS refused, for cargo.
fn refused(sandbox: &Sandbox) {
    sandbox.enroll();
    may_read_shared(sandbox);
    let _ = setup(sandbox, "cargo", "my-repo", &WRONG).ok();
    sandbox.log_in();
    let index = helper::INDEX.replace("my-domain", "my-domian");
    let failed = helper::ask(&index).answer().unwrap_err();
    assert!(failed.to_string().contains("there is no CodeArtifact domain my-domian"), "{failed}");
}

#[test]
fn what_aws_refused_is_corrected_in_place_for_every_client() {
    in_sandbox(&[], |sandbox| {
        for (file, text) in FILES {
            sandbox.write(file, text);
        }
        let mine = sandbox.user_files();
        refused(sandbox);
        let _ = sandbox.vouch(&["undo", "--all"]).ok();
        // Without a session nobody refuses a static token: its registration stays as it was made.
        let _ = sandbox.vouch(&["logout"]).ok();
        for tool in Tool::ALL.iter().filter(|tool| !tool.is_manual()).map(|tool| tool.name()) {
            let _ = setup(sandbox, tool, "my-repo", &WRONG).ok();
            let before = (sandbox.user_files(), registrations(sandbox), domains(sandbox));
            assert_eq!(before.2, json!({ "default": "my-domian" }), "{tool}");
            let done = setup(sandbox, tool, "my-repo", &MY_DOMAIN).ok().says("which AWS refused");
            let [(profile, endpoint)] = registrations(sandbox).try_into().unwrap();
            assert!(profile == "default" && endpoint.starts_with("https://my-domain-"), "{done}");
            assert_eq!(domains(sandbox), json!({ "default": "my-domain" }), "{done}");
            for (path, bytes) in sandbox.user_files() {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                assert!(!text.contains("my-domian"), "{tool}: {}\n{text}", path.display());
            }
            // One undo brings the old one back, another one what was there before it.
            let _ = sandbox.vouch(&["undo"]).ok();
            let after = (sandbox.user_files(), registrations(sandbox), domains(sandbox));
            assert_eq!((&before.1, &before.2), (&after.1, &after.2), "{tool}");
            assert!(before.0 == after.0, "{tool}: {}", difference(&before.0, &after.0));
            let _ = sandbox.vouch(&["undo"]).ok();
            let after = sandbox.user_files();
            assert!(mine == after, "{tool}: {}", difference(&mine, &after));
            assert_eq!(registrations(sandbox), [], "{tool}");
        }
    });
}

#[test]
fn a_correction_works_at_once_and_may_be_of_another_repository() {
    in_sandbox(&[], |sandbox| {
        refused(sandbox);
        // The same domain again is refused again, whichever repository of it, and nothing is added.
        let _ = setup(sandbox, "cargo", "other-repo", &[]).fails(6).never_says("which AWS refused");
        assert_eq!(registrations(sandbox).len(), 1);
        // Who names another profile for another repository means to have both.
        let _ = setup(sandbox, "cargo", "cargo-store", &SHARED).args(["--profile", "shared"]).ok();
        assert_eq!(registrations(sandbox).len(), 2);
        let _ = sandbox.vouch(&["undo"]).ok();
        let hint = sandbox.vouch(&["credential", "codeartifact"]).fails(6);
        assert!(hint.stderr.contains("vouch setup codeartifact"), "{hint}");
        let _ = setup(sandbox, "cargo", "cargo-store", &SHARED).ok().says("which AWS refused");
        let _ = sandbox.vouch(&["undo"]).ok();
        let _ = setup(sandbox, "cargo", "my-repo", &MY_DOMAIN).ok();
        assert!(helper::ask(helper::INDEX).answer().is_ok());
        let config = sandbox.read(".cargo/config.toml");
        assert!(!config.contains("my-domian") && config.matches("[registries.").count() == 1, "{config}");
        // Now it is proven: another domain is added beside it.
        let _ = setup(sandbox, "cargo", "cargo-store", &SHARED).ok().never_says("which AWS refused");
        let profiles: Vec<_> = registrations(sandbox).into_iter().map(|(profile, _)| profile).collect();
        assert_eq!(profiles, ["default", "shared"]);
        assert_eq!(domains(sandbox)["default"], "my-domain");
    });
}

#[test]
fn of_two_clients_with_a_refused_profile_each_is_corrected_by_itself() {
    in_sandbox(&[], |sandbox| {
        let mine = sandbox.user_files();
        refused(sandbox);
        let _ = sandbox.vouch(&["logout"]).ok();
        let _ = setup(sandbox, "pip", "my-pypi-repo", &[]).ok();
        sandbox.log_in();
        let before = (sandbox.user_files(), registrations(sandbox), domains(sandbox));
        let done = setup(sandbox, "cargo", "my-repo", &MY_DOMAIN).ok();
        assert!(done.stderr.contains("`default` stays my-domian"), "{done}");
        assert!(done.stderr.contains("pip my-pypi-repo is still set up with profile `default`"), "{done}");
        assert_eq!(domains(sandbox), json!({ "default": "my-domian", "my-domain": "my-domain" }));
        assert!(sandbox.read(".config/pip/pip.conf").contains("my-domian"), "pip's is pip's");
        // What is told leads on, and the last one takes the refused profile away.
        let command = next(&done, "vouch setup codeartifact --tool pip");
        let _ = sandbox.run("vouch").args(&command).ok().never_says("still set up");
        assert_eq!(domains(sandbox), json!({ "my-domain": "my-domain" }));
        assert_eq!(sandbox.config()["codeartifact"]["default"], "my-domain");
        assert!(registrations(sandbox).iter().all(|(profile, _)| profile == "my-domain"));
        assert!(!sandbox.read(".config/pip/pip.conf").contains("my-domian"));
        let _ = setup(sandbox, "npm", "my-npm-repo", &[]).ok().says("the token for https://my-domain-");
        // And all the way back.
        for _ in 0..3 {
            let _ = sandbox.vouch(&["undo"]).ok();
        }
        let after = (sandbox.user_files(), registrations(sandbox));
        assert_eq!(before.1, after.1);
        assert!(before.0 == after.0, "{}", difference(&before.0, &after.0));
        assert_eq!(domains(sandbox), json!({ "my-domain": "my-domain", "default": "my-domian" }));
        assert_eq!(sandbox.config()["codeartifact"]["default"], "default");
        let _ = sandbox.vouch(&["undo", "--all"]).ok();
        let after = sandbox.user_files();
        assert!(mine == after, "{}", difference(&mine, &after));
    });
}

#[test]
fn what_was_refused_for_another_reason_or_not_asked_for_stays() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        may_read_shared(sandbox);
        let _ = setup(sandbox, "cargo", "my-repo", &MY_DOMAIN).ok();
        let stays = |why: &str| {
            let before = sandbox.user_files();
            let _ = setup(sandbox, "cargo", "cargo-store", &SHARED).ok();
            let profiles: Vec<_> = registrations(sandbox).into_iter().map(|(profile, _)| profile).collect();
            assert_eq!(profiles, ["default", "shared-packages"], "{why}");
            assert_eq!(domains(sandbox)["default"], "my-domain", "{why}");
            let _ = sandbox.vouch(&["undo"]).ok();
            // The same repository's name is taken; how it is changed all the same is told.
            let _ = setup(sandbox, "cargo", "my-repo", &SHARED).fails(7).says("--move");
            let after = sandbox.user_files();
            assert!(before == after, "{why}: {}", difference(&before, &after));
        };
        stays("nobody asked, without a session");
        sandbox.log_in();
        stays("nobody asked");
        let ours = "User is not authorized to perform: codeartifact:GetAuthorizationToken with an explicit deny in a \
                    service control policy";
        let bearer = "User is not authorized to perform: sts:GetServiceBearerToken";
        for (service, fault, code) in [
            ("sts", &["--status", "403", "--code", "AccessDenied"][..], 6),
            ("codeartifact", &["--status", "500"], 5),
            ("codeartifact", &["--status", "403", "--message", ours], 6),
            ("codeartifact", &["--status", "403", "--message", bearer], 6),
            ("codeartifact", &["--status", "403", "--code", "ExpiredTokenException"], 6),
            ("codeartifact", &["--reset"], 5),
        ] {
            sandbox.ctl(&[&["fault", service][..], fault].concat());
            let _ = sandbox.vouch(&["credential", "codeartifact"]).fails(code);
            sandbox.ctl(&["fault", service, "--clear"]);
            sandbox.forget();
            thread::sleep(Duration::from_millis(1200));
            stays(&format!("{service} {fault:?}"));
        }
        // Nor does a refusal count where AWS has answered once.
        let _ = sandbox.vouch(&["credential", "codeartifact"]).ok();
        sandbox.forget();
        sandbox.ctl(&["fault", "codeartifact", "--status", "403"]);
        let _ = sandbox.vouch(&["credential", "codeartifact"]).fails(6);
        sandbox.ctl(&["fault", "codeartifact", "--clear"]);
        stays("it answered before");
        let named = setup(sandbox, "cargo", "my-repo", &SHARED).args(["--profile", "default"]);
        let _ = named.fails(7).says("for which AWS answered").says("--move");
    });
}

#[test]
fn what_is_proven_moves_on_request_and_one_undo_brings_it_back() {
    in_sandbox(&[], |sandbox| {
        for (file, text) in FILES {
            sandbox.write(file, text);
        }
        sandbox.enroll();
        may_read_shared(sandbox);
        sandbox.log_in();
        let _ = setup(sandbox, "cargo", "my-repo", &MY_DOMAIN).ok();
        let _ = sandbox.vouch(&["credential", "codeartifact"]).ok();
        let _ = sandbox.vouch(&["undo"]).ok();
        let mine = sandbox.user_files();
        for tool in Tool::ALL.iter().filter(|tool| !tool.is_manual()).map(|tool| tool.name()) {
            let _ =
                setup(sandbox, tool, "cargo-store", &SHARED).arg("--move").fails(7).says("nothing to move");
            let _ = setup(sandbox, tool, "my-repo", &MY_DOMAIN).ok();
            let before = (sandbox.user_files(), sandbox.config());
            let done = setup(sandbox, tool, "cargo-store", &SHARED).arg("--move").ok();
            let [(_, endpoint)] = registrations(sandbox).try_into().unwrap();
            assert!(endpoint.starts_with("https://shared-packages-"), "{done}");
            assert!(done.stderr.contains("no longer receives tokens"), "{done}");
            for (path, bytes) in sandbox.user_files() {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                assert!(!text.contains("my-domain-"), "{tool}: {}\n{text}", path.display());
            }
            let _ = sandbox.vouch(&["undo"]).ok();
            let (user_files, config) = (sandbox.user_files(), sandbox.config());
            assert_eq!(before.1, config, "{tool}");
            // A static token is not kept: the next renewal writes it.
            match Tool::named(tool).unwrap().reads_static_token() {
                true => drop(setup(sandbox, tool, "my-repo", &[]).ok().says("the token for")),
                false => assert!(before.0 == user_files, "{tool}: {}", difference(&before.0, &user_files)),
            }
            let _ = sandbox.vouch(&["undo", tool]).ok();
            let after = sandbox.user_files();
            assert!(mine == after, "{tool}: {}", difference(&mine, &after));
        }
        let _ = sandbox.vouch(&["logout"]).ok();
        assert!(!sandbox.read(".npmrc").contains("eyJ"));
    });
}

#[test]
fn move_is_refused_where_it_means_nothing() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let _ = setup(sandbox, "sbt", "my-repo", &MY_DOMAIN)
            .arg("--move")
            .fails(2)
            .says("`--move` means nothing");
        let _ = sandbox
            .vouch(&["setup", "codeartifact", "--tool", "npm", "--move"])
            .fails(2)
            .says("`--move` means nothing without `--repository`");
        for repository in ["my-repo", "other-repo"] {
            let _ = setup(sandbox, "cargo", repository, &MY_DOMAIN).ok();
        }
        let before = (sandbox.user_files(), sandbox.setup_files());
        let _ = setup(sandbox, "cargo", "third", &SHARED)
            .arg("--move")
            .fails(2)
            .says("/cargo/my-repo/, https://");
        assert_eq!((sandbox.user_files(), sandbox.setup_files()), before);
        // The profile is the other one's, too: it stays.
        let done = setup(sandbox, "cargo", "my-repo", &SHARED).arg("--move").ok();
        assert!(done.stderr.contains("`default` stays my-domain"), "{done}");
        assert_eq!(registrations(sandbox).len(), 2);
        // A dry run says the same and writes nothing.
        let before = (sandbox.user_files(), sandbox.setup_files());
        let shown = setup(sandbox, "cargo", "my-repo", &MY_DOMAIN).args(["--move", "--dry-run"]).ok();
        assert!(shown.stdout.contains("-index = \"sparse+https://shared-packages-"), "{shown}");
        assert_eq!((sandbox.user_files(), sandbox.setup_files()), before);
    });
}

#[test]
fn a_correction_that_is_refused_itself_leaves_what_was_there() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let _ = setup(sandbox, "npm", "my-repo", &WRONG).ok();
        // The login asks for its token and learns it.
        sandbox.log_in();
        let before = (sandbox.user_files(), sandbox.setup_files());
        let other = ["--domain", "no-such-domain", "--domain-owner", "123456789012", "--region", "us-east-1"];
        let _ = setup(sandbox, "npm", "my-repo", &other).fails(6).never_says("\u{2713}");
        let after = (sandbox.user_files(), sandbox.setup_files());
        assert!(before.0 == after.0, "{}", difference(&before.0, &after.0));
        assert!(before.1 == after.1, "{}", difference(&before.1, &after.1));
        let done = setup(sandbox, "npm", "my-repo", &MY_DOMAIN).ok().says("which AWS refused");
        assert!(done.stderr.contains("the token for https://my-domain-"), "{done}");
        let npmrc = sandbox.read(".npmrc");
        assert!(!npmrc.contains("my-domian") && npmrc.matches("_authToken").count() == 1, "{npmrc}");
    });
}
