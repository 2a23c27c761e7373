//! Each hint is typed in the state in which it is told: what was wrong is then right, or the next hint leads on.
//! `hints_list.rs` tells which hint has which case.

use std::fs;
use std::path::Path;

use vouch_e2e::hints::{hint, told, typed, typed_with};
use vouch_e2e::job::{Issuer, ROLE, SUBJECT};
use vouch_e2e::{MY_DOMAIN, Sandbox, helper, in_sandbox, join};

const CREDENTIAL: [&str; 2] = ["credential", "codeartifact"];

fn setup(tool: &str) -> [&str; 6] {
    ["setup", "codeartifact", "--tool", tool, "--repository", "my-repo"]
}

fn doctor(sandbox: &Sandbox) -> vouch_e2e::CommandOutput {
    sandbox.vouch(&["doctor", "--json", "--all"]).done()
}

#[test]
fn without_a_session() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let set_up = sandbox.vouch(&setup("cargo")).args(MY_DOMAIN).ok();
        let _ = sandbox.vouch(&setup("npm")).ok();
        let static_token = || sandbox.run("npm-token-vouch").arg("status").done();
        let refused = sandbox.vouch(&CREDENTIAL).fails(3);
        let status = sandbox.vouch(&["status"]).fails(3);
        for done in [&set_up, &refused, &status, &static_token(), &doctor(sandbox)] {
            assert_eq!(hint(done, "vouch login"), "vouch login", "{done}");
        }
        let _ = typed(sandbox, &hint(&refused, "vouch login")).ok();
        let _ = sandbox.vouch(&CREDENTIAL).ok();
        let _ = sandbox.vouch(&["status"]).ok();
        for done in [static_token(), doctor(sandbox), sandbox.vouch(&setup("cargo")).done()] {
            assert!(!told(&done).contains(&"vouch login".to_owned()), "{done}");
        }
        // As time ends it.
        sandbox.end_session();
        let _ = typed(sandbox, &hint(&sandbox.vouch(&CREDENTIAL).fails(3), "vouch login")).ok();
        let _ = sandbox.vouch(&CREDENTIAL).ok();
    });
}

#[test]
fn from_nothing_each_hint_leads_on() {
    in_sandbox(&[], |sandbox| {
        let status = sandbox.vouch(&["status"]).done();
        let login = sandbox.vouch_with_pin(&["login"]).done();
        let found = doctor(sandbox);
        for done in [&status, &login, &found] {
            assert_eq!(hint(done, "vouch enroll"), "vouch enroll --issuer URL --subject NAME");
        }
        let _ = (hint(&found, "vouch setup aws"), hint(&found, "vouch setup codeartifact"));
        let enrolled = typed(sandbox, &hint(&login, "vouch enroll")).ok();
        let built = hint(&enrolled, "vouch issuer build");
        let _ = typed(sandbox, &built).ok();
        assert!(sandbox.file("built/alice/jwks.json").exists());
        sandbox.publish(&["enrollment.json"]);
        // Logged in, without a role: each way leads to one.
        let login = sandbox.vouch_with_pin(&["login"]).ok();
        let first = hint(&login, "vouch setup codeartifact");
        let without_role = sandbox.vouch(&["credential", "aws"]).fails(7);
        let without_profile = sandbox.vouch(&CREDENTIAL).fails(7);
        let role = hint(&login, "vouch setup aws");
        assert_eq!(role, hint(&without_role, "vouch setup aws"));
        let _ = hint(&without_profile, "vouch setup codeartifact --tool TOOL");
        let early = typed(sandbox, &hint(&without_profile, "vouch setup codeartifact")).ok();
        assert_eq!(hint(&early, "vouch setup aws"), role);
        let done = typed(sandbox, &role).ok();
        let _ = sandbox.vouch(&["credential", "aws"]).ok();
        let tools = hint(&done, "vouch setup aws --profile");
        let _ = typed(sandbox, &tools).ok();
        assert!(sandbox.read(".aws/config").contains("vouch credential aws"));
        let _ = sandbox.vouch(&["undo", "aws"]).ok();
        let _ = typed(sandbox, &first).ok();
        let _ = sandbox.vouch(&CREDENTIAL).ok();
        let found = doctor(sandbox);
        for gone in ["vouch enroll", "vouch setup", "vouch login"] {
            assert!(!told(&found).iter().any(|command| command.starts_with(gone)), "{gone}: {found}");
        }
    });
}

#[test]
fn a_role_first_leads_to_the_first_package_manager() {
    in_sandbox(&[], |sandbox| {
        let enroll = ["enroll", "--issuer", "https://id.example.com/alice", "--subject", "alice"];
        let _ = sandbox.vouch_with_pin(&enroll).ok();
        sandbox.publish(&["enrollment.json"]);
        let role = "arn:aws:iam::123456789012:role/CodeArtifact";
        let done = sandbox.vouch(&["setup", "aws", "--role", role]).ok();
        let found = doctor(sandbox);
        let again = typed_with(
            sandbox,
            &hint(&found, "vouch setup codeartifact"),
            &[("REPOSITORY", "my-repo --domain my-domain --domain-owner 123456789012")],
        );
        let _ = again.ok();
        let _ = sandbox.vouch(&["undo"]).ok();
        let _ = typed(sandbox, &hint(&done, "vouch setup codeartifact")).ok();
        sandbox.log_in();
        let _ = sandbox.vouch(&CREDENTIAL).ok();
    });
}

#[test]
fn profiles_that_are_not_there() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        // By name.
        let codeartifact = || sandbox.vouch(&[&CREDENTIAL[..], &["--profile", "team"]].concat());
        let command = hint(&codeartifact().fails(7), "vouch setup codeartifact");
        assert!(command.ends_with("--profile team"), "{command}");
        let values =
            [("REPOSITORY", "cargo-store"), ("DOMAIN", "shared-packages"), ("ACCOUNT", "111111111111")];
        let reader = "arn:aws:iam::111111111111:role/CodeArtifactReader";
        let aws = || sandbox.vouch(&["credential", "aws", "--profile", "reader"]);
        let _ = typed_with(sandbox, &hint(&aws().fails(7), "vouch setup aws"), &[("ARN", reader)]).ok();
        let _ = aws().ok();
        let _ = typed_with(sandbox, &command, &values).ok().says("cargo-store");
        let _ = codeartifact().ok();
        // By domain: as a package manager asks.
        let index = "sparse+https://team-packages-222222222222.d.codeartifact.us-east-1.amazonaws.com/cargo/team-cargo/";
        let refused = helper::ask(index).answer().unwrap_err().to_string();
        let command = refused.split('`').find(|text| text.starts_with("vouch setup codeartifact")).unwrap();
        assert!(command.contains("--domain team-packages --domain-owner 222222222222 --region us-east-1"));
        let values = [("REPOSITORY", "team-cargo --profile third")];
        let _ = typed_with(sandbox, command, &values)
            .fails(6)
            .says("must also allow the role")
            .says("Once it has: `vouch setup");
    });
}

#[test]
fn more_than_one_role() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let reader = "arn:aws:iam::111111111111:role/CodeArtifactReader";
        let _ = sandbox.vouch(&["setup", "aws", "--role", reader, "--profile", "reader"]).ok();
        // As in a configuration that was written without a default.
        let mut config = sandbox.config();
        config["aws"].as_object_mut().unwrap().remove("default");
        sandbox.write(".vouch/config.json", &config.to_string());
        let team = ["--domain", "team-packages", "--domain-owner", "222222222222"];
        let of_domain = sandbox.vouch(&[&CREDENTIAL[..], &team].concat()).fails(7);
        let asked = || sandbox.vouch(&["credential", "aws"]);
        assert_eq!(hint(&of_domain, "vouch setup aws"), hint(&asked().fails(7), "vouch setup aws"));
        let command = hint(&asked().fails(7), "vouch setup aws --profile");
        let _ = typed_with(sandbox, &command, &[("NAME", "vouch")]).ok();
        let _ = asked().ok();
        // A role and a region that do not go together.
        let role = "arn:aws-us-gov:iam::444444444444:role/CodeArtifact";
        let gov = ["setup", "aws", "--role", role, "--region", "us-gov-west-1", "--profile", "gov"];
        let _ = sandbox.vouch(&gov).ok();
        let of_gov = || sandbox.vouch(&setup("cargo")).args(MY_DOMAIN).args(["--aws-profile", "gov"]);
        let _ = typed(sandbox, &hint(&of_gov().fails(7), "vouch setup aws")).ok();
        let _ = of_gov().ok();
    });
}

#[test]
fn doctor_names_its_own_flags() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let done = sandbox.vouch(&["doctor"]).done();
        let all = typed(sandbox, &hint(&done, "vouch doctor --all")).done();
        assert!(
            all.stdout.len() > done.stdout.len() && !told(&all).contains(&"vouch doctor --all".into()),
            "{all}"
        );
        let online = typed(sandbox, &hint(&done, "vouch doctor --online")).done();
        assert!(!told(&online).contains(&"vouch doctor --online".into()), "{online}");
    });
}

#[test]
fn doctor_on_sessions_and_the_vault() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let _ = sandbox.vouch_with_pin(&["login", "--duration", "15m"]).ok();
        let short = doctor(sandbox);
        let _ = typed(sandbox, &hint(&short, "vouch login")).ok();
        assert!(!told(&doctor(sandbox)).contains(&"vouch login".into()));
        // A key that is enrolled no more.
        let config = sandbox.read(".vouch/config.json");
        let mut changed = sandbox.config();
        changed["identity"]["subject"] = "bob".into();
        sandbox.write(".vouch/config.json", &changed.to_string());
        let other = doctor(sandbox);
        let _ = hint(&other, "vouch login");
        sandbox.write(".vouch/config.json", &config);
        let _ = typed(sandbox, &hint(&other, "vouch login")).ok();
        assert!(!told(&doctor(sandbox)).contains(&"vouch login".into()));
        // A vault that is a file.
        let _ = sandbox.vouch(&["logout"]).ok();
        let vault = sandbox.file(".vouch/vault");
        fs::remove_dir_all(&vault).unwrap();
        fs::write(&vault, "").unwrap();
        let found = doctor(sandbox);
        fs::rename(&vault, sandbox.file(".vouch/vault.old")).unwrap();
        let _ = typed(sandbox, &hint(&found, "vouch login")).ok();
        assert!(!told(&doctor(sandbox)).contains(&"vouch login".into()));
    });
}

#[test]
fn in_the_home_of_a_job() {
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("worlds/job.json");
    in_sandbox(&["--config", world.to_str().unwrap()], |sandbox| {
        let issuer = Issuer::publish(sandbox);
        let file = sandbox.file("the token");
        let renew = |seconds| fs::write(&file, issuer.token(SUBJECT, "sts.amazonaws.com", seconds)).unwrap();
        renew(300);
        let login = ["login", "--role", ROLE, "--from", "token-file", "--token-file", "the token"];
        let done = sandbox.vouch(&login).ok();
        let first = hint(&done, "vouch setup codeartifact");
        let _ = typed(sandbox, &first).ok();
        let _ = sandbox.vouch(&CREDENTIAL).ok();
        // A second login is refused until the first is ended.
        let again = sandbox.vouch(&login).fails(7);
        let _ = typed(sandbox, &hint(&again, "vouch logout")).ok();
        // The next one is the job's, as it was typed.
        let absent = sandbox.vouch(&CREDENTIAL).fails(3);
        let command = hint(&absent, "vouch login");
        assert_eq!(command, format!("vouch login --from token-file --token-file '{}'", file.display()));
        let found = doctor(sandbox);
        assert!(!told(&found).iter().any(|command| command.starts_with("vouch enroll")), "{found}");
        assert_eq!(hint(&found, "vouch login"), command);
        let _ = found.never_says("no YubiKey is enrolled").expect_code(0);
        let _ = typed(sandbox, &command).ok();
        let _ = sandbox.vouch(&CREDENTIAL).ok();
        // Another role than the one that is recorded.
        let _ = sandbox.vouch(&["logout"]).ok();
        let mut other = login;
        other[2] = "arn:aws:iam::123456789012:role/Other";
        let refused = sandbox.vouch(&other).fails(7);
        let _ = typed_with(sandbox, &hint(&refused, "vouch setup aws"), &[("ARN", ROLE)]).ok();
        let _ = sandbox.vouch(&login).ok();
        // Its file is gone, and then another's.
        sandbox.forget();
        fs::remove_file(&file).unwrap();
        let lost = sandbox.vouch(&CREDENTIAL).done();
        let logout = hint(&lost, "vouch logout");
        renew(-120);
        sandbox.forget();
        assert_eq!(hint(&sandbox.vouch(&CREDENTIAL).done(), "vouch logout"), logout);
        fs::write(&file, issuer.token("repo:acme/app:pull_request", "sts.amazonaws.com", 300)).unwrap();
        sandbox.forget();
        assert_eq!(hint(&sandbox.vouch(&CREDENTIAL).done(), "vouch logout"), logout);
        let _ = typed(sandbox, &logout).ok();
        renew(300);
        let _ = typed(sandbox, &hint(&sandbox.vouch(&CREDENTIAL).fails(3), "vouch login")).ok();
        let _ = sandbox.vouch(&CREDENTIAL).ok();
    });
}

#[test]
fn undo_leads_on() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let nothing = sandbox.vouch(&["undo"]).done();
        let _ = typed(sandbox, &hint(&nothing, "vouch undo --list")).ok();
        sandbox.set_up_cargo();
        let _ = sandbox.vouch(&setup("uv")).ok();
        let done = sandbox.vouch(&["undo"]).ok();
        let _ = typed(sandbox, &hint(&done, "vouch undo")).ok();
        assert!(!sandbox.file(".cargo/config.toml").exists());
        // What was undone already is set up again.
        let again = sandbox.vouch(&["undo", "cargo"]).fails(1);
        let _ = typed(sandbox, &hint(&again, "vouch setup codeartifact --tool cargo")).ok();
        assert!(sandbox.file(".cargo/config.toml").exists());
        let _ = sandbox.vouch(&["setup", "aws", "--profile", "vouch", "--yes"]).ok();
        let _ = sandbox.vouch(&["undo", "aws"]).ok();
        let again = sandbox.vouch(&["undo", "aws"]).fails(1);
        let _ = typed_with(sandbox, &hint(&again, "vouch setup aws"), &[("NAME", "vouch")]).ok();
        assert!(sandbox.read(".aws/config").contains("vouch credential aws"));
    });
}

#[test]
fn profiles_that_are_in_use() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let _ = sandbox.vouch(&["setup", "aws", "--profile", "vouch", "--yes"]).ok();
        let used = sandbox.vouch(&["profile", "remove", "default"]).fails(7);
        let _ = typed(sandbox, &hint(&used, "vouch undo --list")).ok().shows("cargo");
        let serving = sandbox.vouch(&["profile", "remove", "--aws", "vouch"]).fails(7);
        let other = hint(&serving, "vouch setup aws --role");
        let _ = typed(sandbox, &other).ok();
        let _ = sandbox.vouch(&["undo", "cargo"]).ok();
        let _ = typed(sandbox, &hint(&serving, "vouch profile remove")).ok();
        let asked = sandbox.vouch(&["profile", "remove", "--aws", "vouch"]).fails(7);
        let _ = typed(sandbox, &hint(&asked, "vouch undo aws")).ok();
        let _ = sandbox.vouch(&["profile", "remove", "--aws", "vouch"]).ok();
    });
}

#[test]
fn another_home() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let other = sandbox.file("its own");
        let _ = sandbox.vouch(&["setup", "codeartifact", "--tool", "uv", "--repository", "my-repo"]).ok();
        let second = sandbox.vouch(&["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo"]);
        let taken = second.args(MY_DOMAIN).env("VOUCH_HOME", &other).fails(7);
        let command = hint(&taken, "vouch --home");
        let _ = typed(sandbox, &command).ok();
        let second = sandbox.vouch(&["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo"]);
        let _ = second.args(MY_DOMAIN).env("VOUCH_HOME", &other).ok();
    });
}

#[test]
fn a_second_key() {
    in_sandbox(&["--cards", "2"], |sandbox| {
        let enroll = ["enroll", "--issuer", "https://id.example.com/alice", "--subject", "alice"];
        let _ = sandbox.vouch_with_pin(&enroll).args(["--serial", "12345678"]).ok();
        let unknown = sandbox.vouch_with_pin(&["login", "--serial", "12345679"]).done();
        let command = hint(&unknown, "vouch enroll --serial");
        // The file of the first one is there.
        let _ = typed(sandbox, &format!("{command} --out spare.json")).ok();
        let _ = sandbox.vouch_with_pin(&["login", "--serial", "12345679"]).ok();
    });
}

#[test]
fn the_helpers_without_a_registration() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        sandbox.set_up_cargo();
        let watch = || sandbox.run("npm-token-vouch").arg("watch");
        let command = hint(&watch().fails(7), "vouch setup codeartifact --tool npm");
        let _ = typed(sandbox, &command).ok();
    });
}

#[test]
fn a_user_who_logs_in_through_cargo() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let typed_in = sandbox.cargo(&["login", "--registry", "my-repo"]).stdin("a-token\n").done();
        let _ = typed(sandbox, &hint(&typed_in, "vouch login")).ok();
        let _ = sandbox.vouch(&CREDENTIAL).ok();
        let out = sandbox.cargo(&["logout", "--registry", "my-repo"]).done();
        let _ = typed(sandbox, &hint(&out, "vouch logout")).ok();
        let _ = sandbox.vouch(&CREDENTIAL).fails(3);
    });
}

#[test]
fn what_revoke_prints_runs() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let git = |args: &[&str]| {
            let identity = ["-c", "user.name=alice", "-c", "user.email=alice@example.com"];
            let _ = sandbox.run("git").args(identity).args(args).ok();
        };
        sandbox.write("team/it's alice.json", &sandbox.read("enrollment.json"));
        git(&["init", "--quiet"]);
        git(&["add", "team"]);
        git(&["commit", "--quiet", "-m", "Enroll"]);
        let root = std::env::var("VOUCH_SANDBOX_ATTESTATION_ROOT").unwrap();
        let _ =
            sandbox.vouch(&["issuer", "build", "--out", "site", "team", "--attestation-root", &root]).ok();
        let revoke = ["issuer", "revoke", "alice", "--from", "team", "--attestation-root", &root];
        let left = sandbox.vouch(&revoke).ok();
        let lines: Vec<_> = left.stdout.lines().map(str::trim).collect();
        assert!(!left.stdout.contains("FILE"), "{left}");
        let command = |beginning: &str| {
            let found = lines.iter().find(|line| line.starts_with(beginning));
            (*found.unwrap_or_else(|| panic!("{beginning}: {left}"))).to_owned()
        };
        let iam = command("vouch issuer iam");
        let _ = sandbox.run("sh").args(["-c", &iam]).ok();
        assert!(
            sandbox.read("iam.json").contains("AWSTemplateFormatVersion")
                || sandbox.read("iam.json").len() > 100
        );
        let _ = sandbox.run("sh").args(["-c", &command("git rm")]).ok();
        assert!(!sandbox.file("team/it's alice.json").exists());
        let _ = sandbox.run("sh").args(["-c", &command("rm -r site")]).ok();
        // A lost key, of whoever has a spare: nothing is left here, so it is the one that stays.
        sandbox.write("team/other.json", &sandbox.read("enrollment.json"));
        let _ = sandbox.run("sh").args(["-c", &command("vouch issuer build")]).ok();
        let lost = sandbox.vouch(&revoke).args(["--lost", "12345678"]).ok();
        let check = lost.stdout.lines().map(str::trim).find(|line| line.starts_with("vouch issuer check"));
        let _ = sandbox.run("sh").args(["-c", check.unwrap()]).ok();
    });
}

#[test]
fn joining() {
    in_sandbox(&[], |sandbox| {
        let _ = join::publish(sandbox, &join::team(), &[]);
        let path = join::path(&[], sandbox);
        let unnamed = sandbox.vouch(&["join", join::URL]).env("PATH", &path).fails(2);
        let unaccepted = typed(sandbox, &hint(&unnamed, "vouch join"));
        let unaccepted = unaccepted.env("PATH", &path).fails(2);
        let joined = typed(sandbox, &hint(&unaccepted, "vouch join")).env("PATH", &path).ok();
        let login = hint(&joined, "vouch login");
        let offered = hint(&joined, "vouch setup codeartifact");
        assert!(sandbox.file("enrollment.json").exists());
        // The administrator adds the user, and tells all others how to join.
        let published = join::publish(sandbox, &join::team(), &["enrollment.json"]);
        let told = hint(&published, "vouch join");
        let page = fs::read_to_string(sandbox.hosted("index.html")).unwrap();
        assert!(page.contains(&told), "{page}");
        assert_eq!(told, format!("vouch join {} --subject NAME", join::URL));
        let _ = typed(sandbox, &login).ok();
        let _ = sandbox.vouch(&CREDENTIAL).ok();
        let _ = typed(sandbox, &offered).ok().says("may receive tokens");
        // The enrollment is lost before it was handed over.
        fs::remove_file(sandbox.file("enrollment.json")).unwrap();
        let again = sandbox.vouch(&["join", &join::pinned(sandbox), "--subject", "alice", "--pull-request"]);
        let lost = again.arg("--no-tools").env("PATH", &path).done();
        let enroll = hint(&lost, "vouch enroll");
        let _ = typed(sandbox, &enroll).ok();
        assert!(sandbox.file("enrollment.json").exists());
    });
}

#[test]
fn static_tokens() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let _ = sandbox.vouch(&setup("npm")).ok();
        let npmrc = sandbox.read(".npmrc");
        let without: String = npmrc
            .lines()
            .filter(|line| !line.contains("_authToken"))
            .map(|line| format!("{line}\n"))
            .collect();
        sandbox.write(".npmrc", &without);
        let found = doctor(sandbox);
        let refresh = hint(&found, "npm-token-vouch refresh");
        let _ = typed(sandbox, &refresh).ok();
        assert!(sandbox.read(".npmrc").contains("_authToken"));
        assert!(!told(&doctor(sandbox)).contains(&refresh));
        // Without a session a login does it.
        let _ = sandbox.vouch(&["logout"]).ok();
        let _ = typed(sandbox, &hint(&doctor(sandbox), "vouch login")).ok();
        assert!(sandbox.read(".npmrc").contains("_authToken"));
        // At a login CodeArtifact does not answer.
        let _ = sandbox.vouch(&["logout"]).ok();
        sandbox.ctl(&["fault", "codeartifact", "--status", "403", "--code", "AccessDeniedException"]);
        let login = sandbox.vouch_with_pin(&["login"]).ok();
        sandbox.ctl(&["fault", "codeartifact", "--clear"]);
        std::thread::sleep(std::time::Duration::from_millis(1500));
        let _ = typed(sandbox, &hint(&login, "npm-token-vouch refresh")).ok();
        assert!(sandbox.read(".npmrc").contains("_authToken"));
        // Another client of the same file, in another mode.
        let bun = || sandbox.vouch(&setup("bun")).args(["--mode", "env"]);
        let _ = typed(sandbox, &hint(&bun().fails(2), "vouch undo npm")).ok();
        let _ = bun().ok();
    });
}

#[test]
fn what_sts_refuses() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        sandbox.ctl(&["clock", "--skew", "43200"]);
        let expired = sandbox.vouch(&CREDENTIAL).done();
        sandbox.ctl(&["clock", "--skew", "0"]);
        let _ = typed(sandbox, &hint(&expired, "vouch login")).ok();
        let _ = sandbox.vouch(&CREDENTIAL).ok();
        sandbox.forget();
        sandbox.ctl(&["clock", "--skew=-3600"]);
        std::thread::sleep(std::time::Duration::from_millis(1500));
        let ahead = sandbox.vouch(&CREDENTIAL).done();
        sandbox.ctl(&["clock", "--skew", "0"]);
        let _ = typed(sandbox, &hint(&ahead, "vouch login")).ok();
        let _ = sandbox.vouch(&CREDENTIAL).ok();
    });
}

#[test]
fn a_key_that_is_not_published() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        fs::remove_dir_all(sandbox.hosted("alice")).unwrap();
        let missing = sandbox.vouch(&CREDENTIAL).done();
        let check = hint(&missing, "vouch issuer check");
        let found = typed(sandbox, &check).done();
        assert_ne!(found.code, 0, "{found}");
        let online = sandbox.vouch(&["doctor", "--online", "--json"]).done();
        assert_eq!(hint(&online, "vouch issuer check"), check);
        sandbox.publish(&["enrollment.json"]);
        let _ = typed(sandbox, &check).ok();
    });
}

#[test]
fn a_key_that_is_gone_from_its_slot() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let other =
            ["--home", "other", "enroll", "--issuer", "https://id.example.com/alice", "--subject", "alice"];
        let _ = sandbox.vouch_with_pin(&other).args(["--replace", "--out", "other.json"]).ok();
        let refused = sandbox.vouch_with_pin(&["login"]).done();
        let command = hint(&refused, "vouch enroll --serial");
        let _ = typed(sandbox, &format!("{command} --out again.json")).ok();
        sandbox.log_in();
    });
}

#[test]
fn an_entry_that_is_gone() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        for (tool, file) in [("cargo", ".cargo/config.toml"), ("uv", ".config/uv/uv.toml")] {
            let _ = sandbox.vouch(&setup(tool)).ok();
            fs::remove_file(sandbox.file(file)).unwrap();
            let command = hint(&doctor(sandbox), &format!("vouch setup codeartifact --tool {tool}"));
            let _ = typed(sandbox, &command).ok();
            assert!(sandbox.read(file).contains("my-repo"));
            assert!(!told(&doctor(sandbox)).contains(&command));
        }
    });
}

#[test]
fn a_password_for_the_keyring() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let _ = sandbox.vouch(&setup("pip")).args(MY_DOMAIN).ok();
        let url =
            "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/pypi/my-repo/simple/";
        let stored = sandbox.run("pip-keyring-vouch").args(["set", url, "aws"]).stdin("a-token\n").done();
        let _ = typed(sandbox, &hint(&stored, "vouch login")).ok();
        let _ = sandbox.vouch(&CREDENTIAL).ok();
        let _ = typed(sandbox, &hint(&stored, "vouch logout")).ok();
        let _ = sandbox.vouch(&CREDENTIAL).fails(3);
    });
}
