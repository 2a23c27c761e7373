//! Two people on one machine who share one user's configuration: each registry is alice's or bob's, whatever `VOUCH_HOME` says
//! where a client is started.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use vouch_e2e::node::{self, Client};
use vouch_e2e::python::{self, installed};
use vouch_e2e::{MY_DOMAIN, Run, Sandbox, in_sandbox, maven};

const HOST: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
const ROLE: &str = "arn:aws:iam::123456789012:role/CodeArtifact";

/// A person with a card and a home.
#[derive(Clone, Copy)]
struct TestUser {
    name: &'static str,
    serial: &'static str,
    home: &'static str,
}

const ALICE: TestUser = TestUser { name: "alice", serial: "12345678", home: ".vouch" };
/// With a name of a home that every dialect has to quote.
const BOB: TestUser =
    TestUser { name: "bob", serial: "12345679", home: "bob's \"2nd\" #1 $HOME %41 \\ h\u{f6}me" };
/// With one that pnpm can call.
const PLAIN_BOB: TestUser = TestUser { home: "v2", ..BOB };

impl TestUser {
    fn home(self, sandbox: &Sandbox) -> PathBuf {
        sandbox.file(self.home)
    }

    fn vouch(self, sandbox: &Sandbox, args: &[&str]) -> Run {
        sandbox.vouch(args).env("VOUCH_HOME", self.home(sandbox))
    }

    fn log_in(self, sandbox: &Sandbox) {
        let home = self.home(sandbox);
        let _ = sandbox.vouch_with_pin(&["login", "--home", home.to_str().unwrap()]).ok().says(self.name);
    }

    fn log_out(self, sandbox: &Sandbox) {
        let _ = self.vouch(sandbox, &["logout"]).ok();
    }

    fn set_up(self, sandbox: &Sandbox, tool: &str, repository: &str, more: &[&str]) -> Run {
        let setup = ["setup", "codeartifact", "--tool", tool, "--repository", repository];
        self.vouch(sandbox, &setup).args(MY_DOMAIN).args(more)
    }
}

/// Enrolls both, and hosts their issuers.
fn enroll(sandbox: &Sandbox, people: [TestUser; 2]) {
    let files: Vec<String> = people.iter().map(|person| format!("{}.json", person.name)).collect();
    for (TestUser { name, serial, .. }, file) in people.iter().zip(&files) {
        let url = format!("https://id.example.com/{name}");
        let enroll = ["enroll", "--issuer", &url, "--subject", name, "--serial", serial, "--out", file];
        let home = people.iter().find(|person| person.name == *name).unwrap().home(sandbox);
        let _ = sandbox.vouch_with_pin(&enroll).env("VOUCH_HOME", home).ok();
    }
    sandbox.publish(&files.iter().map(String::as_str).collect::<Vec<_>>());
    for person in people {
        let _ = person.vouch(sandbox, &["setup", "aws", "--role", ROLE, "--no"]).ok();
    }
}

/// What `VOUCH_HOME` may be where a client is started: unset, alice's, bob's.
fn surroundings(sandbox: &Sandbox, people: [TestUser; 2]) -> Vec<OsString> {
    let homes = people.map(|person| person.home(sandbox).into_os_string());
    std::iter::once(OsString::new()).chain(homes).collect()
}

/// `PATH` with a folder before everything else.
fn path(first: PathBuf) -> OsString {
    let inherited = env::var_os("PATH").unwrap_or_default();
    env::join_paths(std::iter::once(first).chain(env::split_paths(&inherited))).unwrap()
}

#[test]
fn cargo_asks_the_home_of_each_registry() {
    in_sandbox(&["--cards", "2"], |sandbox| {
        let people = [ALICE, BOB];
        enroll(sandbox, people);
        let _ = ALICE.set_up(sandbox, "cargo", "my-repo", &[]).ok();
        let _ = BOB.set_up(sandbox, "cargo", "my-npm-repo", &[]).ok();
        sandbox.library("greeting");
        sandbox.program("hello", "greeting", "my-npm-repo");
        // Only one of them is logged in: what is answered is theirs.
        for (at, (here, theirs)) in [(BOB, "my-npm-repo"), (ALICE, "my-repo")].into_iter().enumerate() {
            here.log_in(sandbox);
            let absent = if theirs == "my-repo" { "my-npm-repo" } else { "my-repo" };
            for (minor, vouch_home) in surroundings(sandbox, people).into_iter().enumerate() {
                let manifest = format!(
                    "[package]\nname = \"greeting\"\nversion = \"0.1.{}\"\nedition = \"2021\"\n\
                     description = \"x\"\nlicense = \"MIT\"\n",
                    3 * at + minor
                );
                sandbox.write("greeting/Cargo.toml", &manifest);
                let publish = |registry: &str| {
                    let publish =
                        ["publish", "--registry", registry, "--manifest-path", "greeting/Cargo.toml"];
                    sandbox.cargo(&publish).env("VOUCH_HOME", &vouch_home)
                };
                let _ = publish(theirs).ok();
                let _ = publish(absent).fails(101).says("you are not logged in");
            }
            if here.name == "bob" {
                let _ = sandbox.cargo(&["fetch"]).within(sandbox.file("hello")).ok();
            }
            here.log_out(sandbox);
        }
    });
}

#[test]
fn a_registry_of_another_home_is_not_taken_over_and_the_way_out_works() {
    in_sandbox(&["--cards", "2"], |sandbox| {
        enroll(sandbox, [ALICE, BOB]);
        const FILE: &str = ".cargo/config.toml";
        let _ = BOB.set_up(sandbox, "cargo", "my-repo", &[]).ok();
        let before = sandbox.read(FILE);
        let refused = ALICE.set_up(sandbox, "cargo", "my-repo", &[]).fails(7).says("another home of Vouch");
        assert_eq!(sandbox.read(FILE), before);
        let hint = refused.stderr.split('`').rfind(|part| part.starts_with("vouch ")).unwrap().to_owned();
        let _ = sandbox.run("sh").args(["-c", &hint]).ok();
        let _ = ALICE.set_up(sandbox, "cargo", "my-repo", &[]).ok();
        let entry = |person: TestUser, status: &str| {
            let done = person.vouch(sandbox, &["doctor", "--all"]).done();
            let line = done.stdout.lines().find(|line| line.contains("cargo my-repo")).unwrap_or_default();
            assert!(line.starts_with(status), "{done}");
            done
        };
        let _ = entry(ALICE, "ok").shows(&format!("for the home `{}`", ALICE.home(sandbox).display()));
        // Somebody edits the file: doctor tells whose it is, and what it says to type mends that.
        let ours = sandbox.read(FILE);
        let line = ours.lines().find(|line| line.starts_with("credential-provider")).unwrap();
        let theirs = before.lines().find(|line| line.starts_with("credential-provider")).unwrap();
        sandbox.write(FILE, &ours.replace(line, theirs));
        let done = entry(ALICE, "FAIL").shows("it asks the home `");
        let fix = done.stdout.split('`').find(|part| part.starts_with("vouch setup codeartifact")).unwrap();
        let _ = sandbox.run("sh").args(["-c", fix]).ok();
        assert_eq!(sandbox.read(FILE), ours);
        // A line of before names no home: it works, doctor warns, and setup brings it up to date.
        let (head, _) = line.split_once(", \"--home\"").unwrap();
        sandbox.write(FILE, &ours.replace(line, &format!("{head}]")));
        ALICE.log_in(sandbox);
        sandbox.library("greeting");
        let _ = sandbox
            .cargo(&["publish", "--registry", "my-repo", "--manifest-path", "greeting/Cargo.toml"])
            .ok();
        let _ = ALICE.vouch(sandbox, &["doctor"]).done().shows("it names no home");
        let _ = ALICE.set_up(sandbox, "cargo", "my-repo", &[]).ok();
        assert_eq!(sandbox.read(FILE), ours);
        ALICE.log_out(sandbox);
    });
}

/// Two scopes of one user's configuration.
fn node_asks_the_home_of_each_registry(client: &'static str, bob: TestUser) {
    in_sandbox(&["--cards", "2"], |sandbox| {
        let client = Client(client);
        let people = [ALICE, bob];
        enroll(sandbox, people);
        for (person, scope, repository) in [(ALICE, "@alice", "my-npm-repo"), (bob, "@bob", "my-repo")] {
            let setup = [
                "setup",
                "codeartifact",
                "--tool",
                client.tool(),
                "--repository",
                repository,
                "--scope",
                scope,
            ];
            let setup = client.prepared(sandbox, "vouch").args(setup).args(MY_DOMAIN);
            let _ = setup.env("VOUCH_HOME", person.home(sandbox)).ok();
        }
        // pnpm 10 asks every helper at every start, and ends where one has no token.
        let asks_all = client.0 == "pnpm-10";
        for (here, theirs, absent) in [(bob, "bob", "alice"), (ALICE, "alice", "bob")] {
            match asks_all {
                true => people.iter().for_each(|person| person.log_in(sandbox)),
                false => here.log_in(sandbox),
            }
            for (at, vouch_home) in surroundings(sandbox, people).into_iter().enumerate() {
                let publish = |scope: &str| {
                    let folder = format!("{scope}-{at}-of-{}", here.name);
                    let repository = if scope == "alice" { "my-npm-repo" } else { "my-repo" };
                    node::package(sandbox, &folder, &format!("@{scope}/p{at}"), &[]);
                    let manifest = sandbox.read(&format!("{folder}/package.json"));
                    let registry = format!("https://{HOST}/npm/{repository}/");
                    let more = format!("{{\"publishConfig\": {{\"registry\": {registry:?}}}, ");
                    sandbox.write(&format!("{folder}/package.json"), &manifest.replacen('{', &more, 1));
                    client.publish(sandbox, &folder).env("VOUCH_HOME", &vouch_home)
                };
                let _ = publish(theirs).ok();
                if !asks_all {
                    let refused = publish(absent).done();
                    assert_ne!(refused.code, 0, "{refused}");
                }
            }
            here.log_out(sandbox);
        }
        // Both at once, in one installation.
        people.iter().for_each(|person| person.log_in(sandbox));
        if asks_all {
            let answers = |person: TestUser| {
                let helper = person.home(sandbox).join("bin/npm-token-vouch-default");
                let ask = |vouch_home| {
                    sandbox.run(helper.to_str().unwrap()).env("VOUCH_HOME", vouch_home).ok().stdout
                };
                surroundings(sandbox, people).into_iter().map(ask).collect::<BTreeSet<_>>()
            };
            let (alices, bobs) = (answers(ALICE), answers(bob));
            assert!((alices.len(), bobs.len()) == (1, 1) && alices != bobs);
        }
        node::fresh_project(sandbox, client, "app");
        // A scope has an age of its own below which yarn installs nothing.
        sandbox.write("app/.yarnrc.yml", "npmPreapprovedPackages: [\"@alice/*\", \"@bob/*\"]\n");
        let add = client.run(sandbox, &client.adding(&["@alice/p0", "@bob/p1"]));
        let _ = add.within(sandbox.file("app")).ok();
        for (folder, name) in [("alice", "p0"), ("bob", "p1")] {
            assert!(sandbox.file("app/node_modules").join(format!("@{folder}")).join(name).exists());
        }
        people.iter().for_each(|person| person.log_out(sandbox));
    });
}

#[test]
fn pnpm_10_asks_the_home_of_each_registry() {
    node_asks_the_home_of_each_registry("pnpm-10", PLAIN_BOB);
}

#[test]
fn pnpm_11_asks_the_home_of_each_registry() {
    node_asks_the_home_of_each_registry("pnpm-11", PLAIN_BOB);
}

#[test]
fn yarn_4_asks_the_home_of_each_registry() {
    node_asks_the_home_of_each_registry("yarn-4", BOB);
}

#[test]
fn gradle_asks_the_home_of_each_repository() {
    in_sandbox(&["--cards", "2"], |sandbox| {
        let people = [ALICE, BOB];
        enroll(sandbox, people);
        let _ = ALICE.set_up(sandbox, "gradle", "my-maven-repo", &[]).ok();
        let _ = BOB.set_up(sandbox, "gradle", "my-repo", &[]).ok();
        let urls = ["my-maven-repo", "my-repo"].map(|name| format!("https://{HOST}/maven/{name}/"));
        let repositories = urls.each_ref().map(|url| format!("maven {{ url '{url}' }}\n")).concat();
        sandbox.write("app/settings.gradle", "rootProject.name = 'hello'\n");
        let show = "task show { doLast { project.repositories.each { println \"url=${it.url} user=${it.credentials.username}\" } } }";
        sandbox.write("app/build.gradle", &format!("repositories {{\n{repositories}}}\n{show}\n"));
        for here in people {
            here.log_in(sandbox);
            for vouch_home in surroundings(sandbox, people) {
                let gradle = sandbox.run("gradle").args(["--no-daemon", "--console=plain", "show"]);
                let done = gradle
                    .env("GRADLE_OPTS", maven::options(sandbox))
                    // Java passes a path on in the encoding of the locale.
                    .env("LC_ALL", "C.UTF-8")
                    .env("VOUCH_HOME", vouch_home)
                    .within(sandbox.file("app"))
                    .ok();
                for (url, owner) in urls.iter().zip(people) {
                    let user = if owner.name == here.name { "aws" } else { "null" };
                    assert!(done.stdout.contains(&format!("url={url} user={user}\n")), "{done}");
                }
            }
            here.log_out(sandbox);
        }
    });
}

/// pip and uv start `keyring`, which has one name and no arguments of ours.
#[test]
fn keyring_is_that_of_the_home_whose_folder_comes_first() {
    in_sandbox(&["--cards", "2"], |sandbox| {
        let people = [ALICE, BOB];
        enroll(sandbox, people);
        let local = path(sandbox.file(".local/bin"));
        let set_up = |person: TestUser, tool: &str, repository: &str, more: &[&str]| {
            person.set_up(sandbox, tool, repository, more).env("PATH", &local)
        };
        let _ = set_up(ALICE, "pip", "my-pypi-repo", &[]).ok();
        let _ = set_up(ALICE, "uv", "my-pypi-repo", &[]).ok();
        let before = [sandbox.read(".config/pip/pip.conf"), sandbox.read(".config/uv/uv.toml")];
        let own = BOB.home(sandbox).join("bin");
        for tool in ["pip", "uv", "pdm"] {
            let more: &[&str] = &["--extra"];
            let refused = set_up(BOB, tool, "my-repo", more).fails(7);
            let refused =
                refused.says(&format!("another home of Vouch, `{}`", ALICE.home(sandbox).display()));
            assert_eq!(before, [sandbox.read(".config/pip/pip.conf"), sandbox.read(".config/uv/uv.toml")]);
            assert!(!own.exists());
            // As the hint says, in the same shell.
            let export =
                refused.stderr.split('`').find(|part| part.starts_with("export PATH=")).unwrap().to_owned();
            let again = format!("{export}; exec vouch \"$@\"");
            let setup = ["setup", "codeartifact", "--tool", tool, "--repository", "my-repo", "--extra"];
            let run = sandbox.run("sh").args(["-c", &again, "sh"]).args(setup).args(MY_DOMAIN);
            let _ = run.env("PATH", &local).env("VOUCH_HOME", BOB.home(sandbox)).ok();
            if tool != "pdm" {
                let undone = BOB.vouch(sandbox, &["undo", tool]).ok();
                assert!(!own.join("keyring").exists(), "{undone}");
            }
        }
        let _ = BOB.vouch(sandbox, &["undo", "pdm"]).ok();

        // Alice's folder is in every shell, bob's first in his own.
        let shells = [
            (ALICE, path(sandbox.file(".local/bin"))),
            (BOB, {
                let folders = [own.clone(), sandbox.file(".local/bin")];
                let inherited = env::var_os("PATH").unwrap_or_default();
                env::join_paths(folders.into_iter().chain(env::split_paths(&inherited))).unwrap()
            }),
        ];
        let _ = BOB.set_up(sandbox, "pip", "my-repo", &["--extra"]).env("PATH", &shells[1].1).ok();
        let pip = installed("pip-26.3").join("bin/pip");
        let uv = installed("uv-0.13.9").join("bin/uv");
        for (here, _) in &shells {
            here.log_in(sandbox);
            for (person, shell) in &shells {
                for (at, vouch_home) in surroundings(sandbox, people).into_iter().enumerate() {
                    let label = format!("{}-{}-{at}", here.name, person.name);
                    for program in [&pip, &uv] {
                        let index = python::index("aws@", "my-pypi-repo");
                        let run = sandbox.run(program.to_str().unwrap());
                        let run = match program == &uv {
                            true => run.args(["pip", "install", "--no-cache", "--system"]),
                            false => run.args(["install", "--no-cache-dir", "--disable-pip-version-check"]),
                        };
                        let done = run
                            .args([
                                "--index-url",
                                &index,
                                "--keyring-provider",
                                "subprocess",
                                "--target",
                                &label,
                            ])
                            .args(["no-such-package"])
                            .env("PATH", shell)
                            .env("VOUCH_HOME", &vouch_home)
                            .env("UV_PYTHON", installed("pip-26.3").join("bin/python"))
                            .done();
                        let said = format!("{}{}", done.stdout, done.stderr);
                        let is_logged_out = said.contains("you are not logged in") || said.contains("401");
                        assert_eq!(is_logged_out, here.name != person.name, "{label}: {done}");
                    }
                }
            }
            here.log_out(sandbox);
        }
        // Doctor tells whose the link is, and how to get to one's own.
        let doctor = |person: TestUser, shell: &OsString| {
            person.vouch(sandbox, &["doctor", "--all"]).env("PATH", shell).done()
        };
        let shown = |person: TestUser| format!("is for the home `{}`", person.home(sandbox).display());
        let _ = doctor(ALICE, &shells[0].1).shows(&shown(ALICE));
        let _ = doctor(BOB, &shells[1].1).shows(&shown(BOB));
        let _ = doctor(BOB, &shells[0].1).expect_code(1).shows("Put this home's own folder first on PATH");
    });
}

/// Names for commands in the document's example are the usual home's: nothing of it needs a second look.
#[test]
fn what_is_to_be_typed_next_names_a_home_that_is_not_the_usual_one() {
    in_sandbox(&["--cards", "2"], |sandbox| {
        enroll(sandbox, [ALICE, PLAIN_BOB]);
        let home = PLAIN_BOB.home(sandbox);
        let said = PLAIN_BOB.set_up(sandbox, "maven", "my-maven-repo", &[]).ok();
        let exec = format!("`vouch --home '{}' exec --type maven", home.display());
        let login = format!("`vouch --home '{}' login`", home.display());
        let _ = said.says(&exec).says(&login);
        let said = ALICE.set_up(sandbox, "maven", "my-maven-repo", &[]).done();
        assert!(!said.stderr.contains("--home"), "{said}");
        // Typed, it beats the variable.
        let status =
            sandbox.vouch(&["status", "--home"]).arg(&home).env("VOUCH_HOME", ALICE.home(sandbox)).done();
        assert!(status.to_string().contains("/bob"), "{status}");
        assert!(fs::exists(home.join("config.json")).unwrap());
    });
}
