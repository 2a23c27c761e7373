//! What must not get in by `vouch join`, and joins that do not come to their end.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use vouch_e2e::join::{accepted, join_with_pin, nothing_is_left, path, pinned, publish, team};
use vouch_e2e::{Run, in_sandbox};

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
        let again = accepted(sandbox, &["--no-tools", "--replace"])
            .ok()
            .says("you are enrolled already, so no key was made");
        let _ = again.says("`vouch enroll --issuer https://id.example.com/alice --subject alice`");
    });
}

#[test]
fn killed_at_any_time_it_leaves_a_whole_and_goes_on() {
    in_sandbox(&[], |sandbox| {
        let _ = publish(sandbox, &team(), &[]);
        let address = pinned(sandbox);
        let mut unfinished = 0;
        for milliseconds in [0, 20, 40, 60, 90, 120, 160, 200, 250, 300, 400, 600] {
            let home = sandbox.file(&format!("killed-{milliseconds}"));
            fs::create_dir_all(home.join(".local/bin")).unwrap();
            let vouch = |more: &[&str]| {
                // The key of the home before is on the card.
                let join = ["join", &address, "--subject", "alice", "--tools", "--pin-stdin"];
                let run = sandbox.vouch(&join).args(more).within(&home).env("HOME", &home);
                run.env("PATH", path(&["pip-26.3"], sandbox)).stdin(format!("{}\n", sandbox.pin()))
            };
            let mut first = vouch(&["--replace"]).start();
            thread::sleep(Duration::from_millis(milliseconds));
            let _ = first.child.kill();
            unfinished += usize::from(first.wait().code != 0);
            let config = || {
                fs::read(home.join(".vouch/config.json"))
                    .ok()
                    .map(|text| serde_json::from_slice::<Value>(&text).unwrap())
            };
            if let Some(config) = config() {
                // The identity and all profiles, or none of them.
                assert_eq!(config["identity"]["subject"], "alice", "{config:#}");
                assert_eq!(config["aws"]["default"], "vouch", "{config:#}");
                assert_eq!(
                    config["codeartifact"]["profiles"]["default"]["domain"], "my-domain",
                    "{config:#}"
                );
            }
            let replace = if config().is_none() { &["--replace"][..] } else { &[] };
            let _ = vouch(replace).ok();
            let config = config().expect("it went through");
            let registered = config["codeartifact"]["registrations"].as_array().unwrap().len();
            assert_eq!(
                (registered, config["identity"]["keys"].as_array().unwrap().len()),
                (2, 1),
                "{config:#}"
            );
            for file in ["enrollment.json", ".vouch/joins.json", ".cargo/config.toml", ".config/pip/pip.conf"]
            {
                assert!(home.join(file).exists(), "{milliseconds} ms: {file}");
            }
            let _ = sandbox.vouch(&["undo", "--all"]).within(&home).env("HOME", &home).ok();
            assert!(!home.join(".cargo/config.toml").exists() && !home.join(".config/pip/pip.conf").exists());
        }
        assert!(unfinished > 3, "only {unfinished} were killed before their end");
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
        // What is hosted is what the team file makes, or the difference is named.
        let check = || sandbox.vouch(&["issuer", "check", "--team", "team.toml"]);
        let _ = check().ok().shows("https://id.example.com/vouch.json: ok");
        fs::write(sandbox.hosted("vouch.json"), [&before[0][..], b" "].concat()).unwrap();
        let _ = check().fails(7).shows("[other-join-file]").shows("it is not what the team file makes");
        fs::remove_file(sandbox.hosted("vouch.json")).unwrap();
        let _ = check().fails(7).shows("[join-file]").shows("there is no join file at");
        sandbox.ctl(&["fault", "issuer", "--refuse"]);
        let _ = check().arg("--json").fails(5).shows("\"code\": \"unreachable\"");
        sandbox.ctl(&["fault", "issuer", "--clear"]);
        let _ = publish(sandbox, &team(), &[]);
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
