//! `vouch join`: from an empty home to the first build, and again later.

use std::fs;

use serde_json::Value;
use vouch_e2e::doc_blocks::blocks_of;
use vouch_e2e::join::{
    JOIN, URL, accepted, join, join_with_pin, nothing_is_left, path, pinned, publish, team,
};
use vouch_e2e::python::{Package, installed, upload};
use vouch_e2e::{Sandbox, in_sandbox};

fn joins(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&sandbox.read(".vouch/joins.json")).expect("JSON")
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
