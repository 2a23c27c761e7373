//! `vouch join`: from an empty home to the first build, and everything that must not get in on the way.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};
use vouch_e2e::doc_blocks::blocks_of;
use vouch_e2e::python::{Package, installed, upload};
use vouch_e2e::{CommandOutput, MY_DOMAIN, Run, Sandbox, in_sandbox, programs};

const URL: &str = "https://id.example.com/vouch.json";
const JOIN: [&str; 4] = ["join", URL, "--subject", "alice"];

/// The team file that the page of joining shows.
fn team() -> String {
    let block = blocks_of("join.md").into_iter().find(|block| block.language == "toml");
    let text = block.expect("docs/join.md shows a team file").text;
    // The sandbox has one role for all.
    text.replace("role/CodeArtifact-{subject}", "role/CodeArtifact")
}

/// Publishes a team file, as its administrator does; enrollments may come with it.
fn publish(sandbox: &Sandbox, team: &str, enrollments: &[&str]) -> CommandOutput {
    sandbox.write("team.toml", team);
    sandbox.build_site(&[&["--team", "team.toml"], enrollments].concat()).ok()
}

/// What is on PATH: Vouch, cargo, and clients of a test, and nothing of this machine's.
fn path(clients: &[&str], sandbox: &Sandbox) -> OsString {
    let own = sandbox.file(".local/bin");
    fs::create_dir_all(&own).expect("the home is writable");
    // What gives a command a terminal.
    if !own.join("setsid").exists() {
        symlink("/usr/bin/setsid", own.join("setsid")).expect("a link");
    }
    let cargo = env::var_os("CARGO").expect("the sandbox names cargo");
    let cargo = Path::new(&cargo).parent().expect("a program is in a folder").to_owned();
    let clients = clients.iter().map(|name| installed(name).join("bin"));
    let folders = [own, programs(), cargo].into_iter().chain(clients);
    env::join_paths(folders).expect("no folder has a colon")
}

/// `vouch join`, with the package managers of a test alone.
fn join(sandbox: &Sandbox, more: &[&str]) -> Run {
    sandbox.vouch(&JOIN).args(more).env("PATH", path(&["pip-26.3"], sandbox))
}

fn join_with_pin(sandbox: &Sandbox, more: &[&str]) -> Run {
    join(sandbox, more).arg("--pin-stdin").stdin(format!("{}\n", sandbox.pin()))
}

/// The address of the file that is hosted now, and of no other.
fn pinned(sandbox: &Sandbox) -> String {
    let digest = Sha256::digest(fs::read(sandbox.hosted("vouch.json")).unwrap());
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{URL}#sha256={digits}")
}

/// Joins without a terminal.
fn accepted(sandbox: &Sandbox, more: &[&str]) -> Run {
    let address = pinned(sandbox);
    let run = sandbox.vouch(&["join", &address, "--subject", "alice", "--pin-stdin"]).args(more);
    run.env("PATH", path(&["pip-26.3"], sandbox)).stdin(format!("{}\n", sandbox.pin()))
}

fn joins(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&sandbox.read(".vouch/joins.json")).expect("JSON")
}

fn nothing_is_left(sandbox: &Sandbox) {
    let left = [".vouch", "enrollment.json", ".cargo/config.toml", ".config/pip/pip.conf"];
    for file in left {
        assert!(!sandbox.file(file).exists(), "{file}");
    }
    assert_eq!(sandbox.count("/card/signs"), 0);
}

/// Packages of a colleague, whose key is on the same YubiKey; nothing of it is left but what is hosted.
fn colleague(sandbox: &Sandbox) {
    let enroll = [
        "enroll",
        "--issuer",
        "https://id.example.com/bob",
        "--subject",
        "bob",
        "--slot",
        "83",
        "--out",
        "bob.json",
    ];
    let _ = sandbox.vouch_with_pin(&enroll).ok();
    let _ = publish(sandbox, &team(), &["bob.json"]);
    let _ = sandbox.vouch(&["setup", "aws", "--role", "arn:aws:iam::123456789012:role/CodeArtifact"]).ok();
    sandbox.log_in();
    sandbox.set_up_cargo();
    sandbox.library("greeting");
    sandbox.write("greeting/src/lib.rs", "pub fn greet() -> &'static str { \"hello\" }\n");
    let _ =
        sandbox.cargo(&["publish", "--registry", "my-repo", "--manifest-path", "greeting/Cargo.toml"]).ok();
    let wheel = Package::new("pygreeting").code("def main():\n    print('hello')\n").wheel();
    upload(sandbox, "my-pypi-repo", &[wheel]);
    let _ = sandbox.vouch(&["undo", "--all"]).ok();
    let _ = sandbox.vouch(&["logout"]).ok();
    for folder in [".vouch", ".cargo", "greeting", "uploads"] {
        fs::remove_dir_all(sandbox.file(folder)).expect("it was there");
    }
    sandbox.ctl(&["reset"]);
}

#[test]
fn two_commands_and_four_answers_lead_to_the_first_build() {
    in_sandbox(&[], |sandbox| {
        colleague(sandbox);
        let mut typed = vec![format!("vouch {}", JOIN.join(" "))];
        let mut answers = 0;
        let mut terminal = join(sandbox, &[]).on_terminal();
        // What becomes a default index is shown before the question.
        terminal.wait_for("cargo        knows `my-repo` as a registry");
        terminal.wait_for("takes all packages from `my-pypi-repo`: it becomes the default index");
        terminal.wait_for("chooses whose packages your builds then take");
        for (question, answer) in [
            ("Join id.example.com as alice?", "y"),
            ("PIN of YubiKey 12345678: ", sandbox.pin()),
            ("Set up cargo, pip now, as shown above?", "y"),
        ] {
            terminal.wait_for(question);
            terminal.type_line(answer);
            typed.push(answer.to_owned());
            answers += 1;
        }
        let done = terminal.wait().expect_code(0).says("give `enrollment.json` to your administrator");
        let done = done.says("(questions: https://wiki.example.com/vouch)").never_says("vouch setup");
        let _ = done.says("`vouch login` once they have added you");

        // The administrator.
        let _ = publish(sandbox, &team(), &["bob.json", "enrollment.json"]);

        typed.push("vouch login".into());
        let mut terminal = sandbox.vouch(&["login"]).env("PATH", path(&["pip-26.3"], sandbox)).on_terminal();
        terminal.wait_for("PIN of YubiKey 12345678: ");
        terminal.type_line(sandbox.pin());
        typed.push(sandbox.pin().to_owned());
        answers += 1;
        let _ = terminal.wait().expect_code(0);
        let commands = typed.iter().filter(|line| line.starts_with("vouch ")).count();
        let characters: usize = typed.iter().map(|line| line.len() + 1).sum();
        println!("{commands} commands, {answers} answers, {characters} characters");
        assert!(commands <= 2 && answers <= 5 && characters < 120, "{typed:?}");

        sandbox.program("hello", "greeting", "my-repo");
        sandbox.write("hello/src/main.rs", "fn main() { print!(\"{}\", greeting::greet()); }\n");
        let _ = sandbox.cargo(&["build"]).within(sandbox.file("hello")).ok();
        assert_eq!(sandbox.run("hello/target/debug/hello").ok().stdout, "hello");
        let pip = installed("pip-26.3").join("bin/pip");
        let install = sandbox.run(pip.to_str().expect("text")).env("PATH", path(&["pip-26.3"], sandbox));
        let _ =
            install.args(["install", "--disable-pip-version-check", "--target", "site", "pygreeting"]).ok();
        assert!(sandbox.file("site/pygreeting.py").exists());

        // Again, there is nothing to ask.
        let again = join(sandbox, &[]).ok().says("nothing has changed in https://id.example.com/vouch.json");
        let _ = again.never_says("Type y").never_says("next:");
        let _ = sandbox.vouch(&["join", URL]).env("PATH", path(&["pip-26.3"], sandbox)).ok();
        assert_eq!(sandbox.count("/card/signs"), 2);
    });
}

#[test]
fn the_page_shows_what_is_shown() {
    in_sandbox(&[], |sandbox| {
        let blocks = blocks_of("join.md");
        let first = |language: &str| blocks.iter().find(|block| block.language == language).expect("a block");
        let _ = publish(sandbox, &first("toml").text, &[]);
        let shown = join(sandbox, &[]).fails(2);
        let mut lines = first("text").text.lines().map(|line| line.strip_prefix("   ").unwrap_or(line));
        let question = lines.next_back().expect("a question");
        assert_eq!(question, "» Join id.example.com as alice? Type y for yes:");
        for line in lines {
            assert!(shown.stderr.lines().any(|known| known == line), "{line}\n{shown}");
        }
    });
}

#[test]
fn no_hostile_file_leaves_anything() {
    in_sandbox(&[], |sandbox| {
        let corpus =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vouch-issuer/tests/hostile-join-files");
        let mut refused = 0;
        for entry in fs::read_dir(corpus).unwrap().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                fs::copy(&path, sandbox.hosted("vouch.json")).unwrap();
                let done = join_with_pin(sandbox, &[]).done();
                assert!([5, 7].contains(&done.code), "{}: {done}", path.display());
                // Three lines at the most, none of them made by the file.
                let lines: Vec<_> = done.stderr.lines().collect();
                assert!(lines.len() <= 3 && done.stdout.is_empty(), "{done}");
                let known = ["error: ", "hint: ", "  caused by: "];
                assert!(lines.iter().all(|line| known.iter().any(|label| line.starts_with(label))), "{done}");
                assert!(!done.stderr.contains(['\u{1b}', '\u{202e}']), "{done}");
                nothing_is_left(sandbox);
                refused += 1;
            }
        }
        assert!(refused > 100, "{refused}");
    });
}

#[test]
fn whoever_answers_otherwise_is_not_followed() {
    in_sandbox(&[], |sandbox| {
        let _ = join_with_pin(sandbox, &[])
            .fails(7)
            .says("there is no join file at https://id.example.com/vouch.json");
        let _ = publish(sandbox, &team(), &[]);
        let text = fs::read(sandbox.hosted("vouch.json")).unwrap();
        for (fault, code, said) in [
            (
                &["--status", "302", "--header", "location:https://evil.example/vouch.json"][..],
                5,
                "redirects to evil.example",
            ),
            (
                &["--status", "307", "--header", "location:https://id.example.com/bob/vouch.json"],
                5,
                "redirects to another place",
            ),
            (
                &["--status", "301", "--header", "location:http://id.example.com/vouch.json"],
                5,
                "redirects to another place",
            ),
            (&["--status", "403"], 5, "answered with status 403"),
            (&["--status", "500"], 5, "answered with status 500"),
            (&["--garbage"], 5, "is a web page, not a join file"),
            (&["--endless"], 7, "longer than 64 KiB"),
            (&["--truncate"], 5, "was closed before an answer came"),
            (&["--bad-tls"], 5, "unknown issuer"),
            (&["--refuse"], 5, "cannot connect to id.example.com"),
        ] {
            sandbox.ctl(&[&["fault", "issuer"][..], fault].concat());
            let _ = join_with_pin(sandbox, &[]).fails(code).says(said).says("hint: ");
            sandbox.ctl(&["fault", "issuer", "--clear"]);
            nothing_is_left(sandbox);
        }
        fs::write(sandbox.hosted("vouch.json"), [&text[..], &[b' '; 65536]].concat()).unwrap();
        let _ = join_with_pin(sandbox, &[]).fails(7).says("longer than 64 KiB");
        fs::write(sandbox.hosted("vouch.json"), "<!doctype html>\n<title>Log in</title>\n").unwrap();
        let _ = join_with_pin(sandbox, &[]).fails(5).says("is a web page, not a join file");
        for address in [
            "http://id.example.com/vouch.json",
            "https://id.example.com/",
            "https://id.example.com:443/vouch.json",
        ] {
            let _ = sandbox
                .vouch(&["join", address, "--subject", "alice"])
                .fails(2)
                .says("is not a valid address of a join file");
        }
        let _ = sandbox
            .vouch(&["join", "https://id.example.com/vouch.json#sha256=00"])
            .fails(2)
            .says("not a valid digest");
        nothing_is_left(sandbox);
    });
}

#[test]
fn without_a_terminal_the_digest_is_the_consent() {
    in_sandbox(&[], |sandbox| {
        let built = publish(sandbox, &team(), &[]);
        let _ = join_with_pin(sandbox, &["--tools"]).fails(2).says("nothing was changed");
        let address = pinned(sandbox);
        let command = format!("`vouch join '{address}' --subject alice --pin-stdin`");
        let _ = join(sandbox, &[]).fails(2).says("no terminal to ask on").says(&command);
        assert!(built.stderr.contains(&address), "the administrator is told the same: {built}");
        nothing_is_left(sandbox);
        let other = address.replace("sha256=", "sha256=0").get(..address.len()).expect("longer").to_owned();
        let with = |address: &str| {
            let run = sandbox.vouch(&["join", address, "--subject", "alice", "--tools", "--pin-stdin"]);
            run.env("PATH", path(&["pip-26.3"], sandbox)).stdin(format!("{}\n", sandbox.pin()))
        };
        let _ = with(&other).fails(7).says("has another digest");
        nothing_is_left(sandbox);
        let _ =
            with(&address).ok().says("takes all packages from `my-pypi-repo`: it becomes the default index");
        let agreed = &joins(sandbox)["joins"][0];
        assert_eq!((&agreed["url"], &agreed["pinned"]), (&Value::from(URL), &Value::from(true)));
        assert!(address.ends_with(agreed["sha256"].as_str().unwrap()));
        let config = sandbox.config();
        assert_eq!(config["identity"]["issuer"], "https://id.example.com/alice");
        assert_eq!(config["aws"]["default"], "vouch");
        let tools: Vec<_> = config["codeartifact"]["registrations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|known| &known["tool"])
            .collect();
        assert_eq!(tools, ["cargo", "pip"]);
        let host = "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/";
        for known in config["codeartifact"]["registrations"].as_array().unwrap() {
            assert!(known["endpoint"].as_str().unwrap().starts_with(host), "{known}");
        }
        // Without an answer no package manager is set up, and each command is told.
        let _ = sandbox.vouch(&["undo", "--all"]).ok();
        let told = join_with_pin(sandbox, &[]).ok();
        for tool in ["cargo --repository my-repo", "pip --repository my-pypi-repo"] {
            let command = format!("`vouch setup codeartifact --tool {tool} --profile default`");
            assert!(told.stderr.contains(&command), "{told}");
        }
        let _ = join(sandbox, &["--no-tools"]).ok().never_says("vouch setup");
    });
}

#[test]
fn what_changes_is_shown_and_what_is_there_stays() {
    in_sandbox(&[], |sandbox| {
        let _ = publish(sandbox, &team(), &[]);
        let _ = accepted(sandbox, &["--no-tools"]).ok();
        let before = sandbox.config();
        // Another repository, and a domain more.
        let more = "\n[codeartifact.shared]\ndomain = \"shared-packages\"\ndomain_owner = \"111111111111\"\nregion = \"us-east-1\"\naws_profile = \"vouch\"\n";
        let grown = team().replace("[\"my-repo\"]", "[\"my-repo\", \"tools\"]") + more;
        assert_ne!(grown, team() + more);
        let _ = publish(sandbox, &grown, &[]);
        let mut terminal = join(sandbox, &["--no-tools"]).on_terminal();
        terminal.wait_for("has changed since you joined");
        terminal.wait_for("~ cargo repositories of `default`: my-repo, tools (was my-repo)");
        terminal.wait_for("+ profile `shared`: shared-packages of account 111111111111");
        terminal.wait_for("Join id.example.com as alice?");
        terminal.type_line("n");
        let _ = terminal.wait().expect_code(1).says("you did not agree to join; nothing was changed");
        assert_eq!(sandbox.config(), before);
        let _ = accepted(sandbox, &["--no-tools"]).ok().says("profile `shared`: shared-packages");
        let grown_config = sandbox.config();
        assert_eq!(
            grown_config["codeartifact"]["profiles"]["default"],
            before["codeartifact"]["profiles"]["default"]
        );
        // What is gone from the file stays here.
        let _ = publish(sandbox, &team(), &[]);
        let _ = accepted(sandbox, &["--no-tools"]).ok().says("- profile `shared`: ");
        assert_eq!(sandbox.config(), grown_config);
        // Owner, region and role of a profile are never changed.
        for (from, to, said) in [
            (
                "domain_owner = \"123456789012\"",
                "domain_owner = \"111111111111\"",
                "profile `default` is my-domain",
            ),
            (
                "role_arn = \"arn:aws:iam::123456789012:role/CodeArtifact\"",
                "role_arn = \"arn:aws:iam::111111111111:role/Evil\"",
                "AWS profile `vouch` is",
            ),
            ("region = \"us-east-1\"", "region = \"eu-west-1\"", "AWS profile `vouch` is"),
            (
                "issuer = \"https://id.example.com/{subject}\"",
                "issuer = \"https://id.example.com/u/{subject}\"",
                "you are enrolled as alice",
            ),
        ] {
            let changed = team().replace(from, to);
            assert_ne!(changed, team(), "{from}");
            let _ = publish(sandbox, &changed, &[]);
            let refused = join(sandbox, &[]).fails(7).says(said);
            assert_eq!(sandbox.config(), grown_config);
            if let Some(name) =
                refused.stderr.split("--as ").nth(1).map(|rest| rest.trim_end().trim_end_matches("`."))
            {
                let address = pinned(sandbox);
                let _ =
                    sandbox.vouch(&["join", &address, "--subject", "alice", "--as", name, "--no-tools"]).ok();
                let config = sandbox.config();
                assert_eq!(
                    config["codeartifact"]["profiles"]["default"],
                    grown_config["codeartifact"]["profiles"]["default"]
                );
                assert_eq!(config["aws"]["profiles"]["vouch"], grown_config["aws"]["profiles"]["vouch"]);
                assert!(config["codeartifact"]["profiles"].get(name).is_some(), "{config:#}");
                sandbox.write(".vouch/config.json", &format!("{grown_config:#}"));
                fs::remove_file(sandbox.file(".vouch/joins.json")).unwrap();
            }
        }
        assert_eq!(sandbox.count("/card/signs"), 1);
    });
}

#[test]
fn a_join_that_was_killed_goes_on() {
    in_sandbox(&[], |sandbox| {
        let _ = publish(sandbox, &team(), &[]);
        sandbox.ctl(&["touch", "never"]);
        let mut first = accepted(sandbox, &["--tools"]).start();
        vouch_e2e::card::wait_for_blinking(sandbox);
        first.child.kill().unwrap();
        let _ = first.wait().expect_code(137);
        for file in [".vouch/config.json", ".vouch/joins.json", "enrollment.json", ".cargo/config.toml"] {
            assert!(!sandbox.file(file).exists(), "{file}");
        }
        sandbox.ctl(&["touch", "auto"]);
        let _ = accepted(sandbox, &["--tools"]).ok().says("had made the key");
        let finished = sandbox.setup_files();
        // Killed once the key was recorded, the file is written again.
        fs::remove_file(sandbox.file(".vouch/joins.json")).unwrap();
        fs::remove_file(sandbox.file("enrollment.json")).unwrap();
        let _ = accepted(sandbox, &["--tools"]).ok().says("its key signs the file again");
        assert!(sandbox.file("enrollment.json").exists());
        assert_eq!(finished.keys().collect::<Vec<_>>(), sandbox.setup_files().keys().collect::<Vec<_>>());
        let _ = accepted(sandbox, &["--tools"]).ok().says("nothing has changed");
    });
}

#[test]
fn the_commands_of_a_pull_request_work() {
    in_sandbox(&[], |sandbox| {
        let _ = publish(sandbox, &team(), &[]);
        let printed = accepted(sandbox, &["--no-tools", "--pull-request"]).ok();
        let _ = sandbox.run("git").args(["init", "--quiet", "--bare", "-b", "main", "origin.git"]).ok();
        let _ = sandbox.run("git").args(["clone", "--quiet", "origin.git", "clone"]).ok();
        let git = |args: &[&str]| sandbox.run("git").args(args).within(sandbox.file("clone")).ok();
        let _ = git(&["config", "user.name", "alice"]);
        let _ = git(&["config", "user.email", "alice@example.com"]);
        let script = format!("set -e\n{}", printed.stdout);
        let _ = sandbox.run("sh").args(["-c", &script]).within(sandbox.file("clone")).ok();
        let there = sandbox
            .run("git")
            .args(["--git-dir", "origin.git", "show", "enroll-alice:enrollments/alice.json"])
            .ok();
        assert_eq!(there.stdout, sandbox.read("enrollment.json"));
        // Where it is not, there is nothing to hand over, and the hint writes it again.
        fs::remove_file(sandbox.file("enrollment.json")).unwrap();
        let _ = join(sandbox, &["--no-tools", "--pull-request"])
            .fails(7)
            .says("nothing to hand over")
            .says("vouch enroll --issuer");
    });
}

#[test]
fn an_administrator_builds_what_users_join() {
    in_sandbox(&[], |sandbox| {
        let done = publish(sandbox, &team(), &[]).says("send new users to https://id.example.com/");
        let _ = done.says("`vouch join https://id.example.com/vouch.json --subject NAME`");
        let files = || {
            [fs::read(sandbox.hosted("vouch.json")).unwrap(), fs::read(sandbox.hosted("index.html")).unwrap()]
        };
        let before = files();
        let _ = publish(sandbox, &team(), &[]);
        assert_eq!(files(), before);
        let page = Run::new("curl").args(["--silent", "--fail", "https://id.example.com/index.html"]).ok();
        let _ = page.shows("vouch join https://id.example.com/vouch.json --subject NAME");
        // Pages of others stay.
        fs::write(sandbox.hosted("index.html"), "<title>mine</title>").unwrap();
        let build = || sandbox.build_site(&["--team", "team.toml"]);
        let refused = build().fails(7).says("is not a page that Vouch wrote; nothing was written");
        let mv =
            refused.stderr.split('`').find(|part| part.starts_with("mv ")).expect("a command").to_owned();
        let _ = sandbox.run("sh").args(["-c", &mv]).ok();
        let _ = build().ok();
        // Enrollments of another host, and one that needs the place of a file.
        for (name, url, said) in [
            (
                "elsewhere",
                "https://id.example.net/alice",
                "the issuers of the team file are on id.example.com",
            ),
            ("vouch.json", "https://id.example.com/vouch.json", "needs the place of `vouch.json`"),
        ] {
            let home = sandbox.file(name);
            let enroll = ["enroll", "--issuer", url, "--subject", name, "--out", "other.json", "--replace"];
            let _ = sandbox.vouch_with_pin(&enroll).env("VOUCH_HOME", home).ok();
            let _ = sandbox.build_site(&["--team", "team.toml", "other.json"]).fails(7).says(said);
            fs::remove_file(sandbox.file("other.json")).unwrap();
        }
        for (text, said) in [
            ("", "missing field"),
            ("issuer = 1", "(line 1, column 10)"),
            (&team().replace("{subject}\"\n", "everybody\"\n"), "it needs `{subject}` once"),
        ] {
            sandbox.write("team.toml", text);
            let _ = build().fails(7).says("the team file cannot be used").says(said);
        }
        let _ = sandbox.build_site(&["--team", "nowhere.toml"]).fails(7).says("cannot read the team file");
        assert_eq!(files()[0], before[0]);
    });
}

#[test]
fn several_package_managers_are_set_up_as_they_are_by_themselves() {
    in_sandbox(&[], |sandbox| {
        let _ = publish(sandbox, &team(), &[]);
        // A pip that takes its packages from elsewhere is not led away, and does not hold up cargo.
        sandbox.write(".config/pip/pip.conf", "[global]\nindex-url = https://pypi.example.net/simple/\n");
        let done =
            accepted(sandbox, &["--tools"]).fails(7).says("not every package manager could be set up: pip");
        let _ = done.says("remove that line first").says("give `enrollment.json` to your administrator");
        assert!(sandbox.read(".config/pip/pip.conf").contains("pypi.example.net"));
        let by_join = sandbox.read(".cargo/config.toml");
        fs::remove_file(sandbox.file(".config/pip/pip.conf")).unwrap();
        let _ = accepted(sandbox, &["--tools"]).ok();
        assert!(sandbox.read(".config/pip/pip.conf").contains("my-pypi-repo"));
        let _ = sandbox.vouch(&["undo", "--all"]).ok();
        assert!(
            !sandbox.file(".config/pip/pip.conf").exists() && !sandbox.file(".cargo/config.toml").exists()
        );
        let setup = ["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo"];
        let _ = sandbox.vouch(&setup).args(MY_DOMAIN).ok();
        assert_eq!(sandbox.read(".cargo/config.toml"), by_join);
    });
}
