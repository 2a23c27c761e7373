//! Sessions on other machines: the YubiKey stays on the desk.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};
use vouch_e2e::node;
use vouch_e2e::python::{self, Package, installed};
use vouch_e2e::ssh::{self, Machine};
use vouch_e2e::{MY_DOMAIN, Run, Sandbox, in_sandbox, programs};

const DAILY: &str = "arn:aws:iam::123456789012:role/CodeArtifact";
const REMOTE: &str = "arn:aws:iam::123456789012:role/CodeArtifact-remote-alice";

/// Enrolled, with the providers and roles that `vouch issuer iam --remote` prints.
fn with_remote_roles(body: impl FnOnce(&Sandbox)) {
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("worlds/remote.json");
    in_sandbox(&["--config", world.to_str().unwrap()], |sandbox| {
        sandbox.enroll();
        body(sandbox);
    });
}

/// A machine with Vouch set up as `docs/remote.md` says.
fn machine(sandbox: &Sandbox, name: &str) -> Machine {
    let machine = Machine::start(sandbox, name);
    let _ = machine.run(sandbox, &format!("vouch setup aws --role {REMOTE}")).ok();
    machine
}

fn login(sandbox: &Sandbox, machine: &str, more: &[&str]) -> Run {
    let ssh = ssh::program(sandbox);
    sandbox.vouch_with_pin(&["login", "--remote", machine, "--ssh", ssh.to_str().unwrap()]).args(more)
}

fn there(sandbox: &Sandbox, command: &str, machine: &str) -> Run {
    sandbox.vouch(&[command, "--remote", machine, "--ssh"]).arg(ssh::program(sandbox))
}

/// A home of Vouch like another machine's, on this one.
fn elsewhere(sandbox: &Sandbox, args: &[&str]) -> Run {
    sandbox.vouch(&["--home"]).arg(sandbox.file("elsewhere")).args(args)
}

fn printed(sandbox: &Sandbox, more: &[&str]) -> String {
    sandbox.vouch_with_pin(&["login", "--print-session"]).args(more).ok().stdout
}

fn import(sandbox: &Sandbox, session: &str) -> Run {
    elsewhere(sandbox, &["session", "import"]).stdin(session)
}

/// A program on a machine in the place of `vouch`.
fn program(machine: &Machine, name: &str, script: &str) -> String {
    let path = machine.home.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn touches(sandbox: &Sandbox) -> u64 {
    sandbox.count("/card/touches")
}

#[test]
fn one_touch_a_machine_and_builds_there_until_the_logout() {
    with_remote_roles(|sandbox| {
        sandbox.log_in();
        sandbox.set_up_cargo();
        sandbox.library("greeting");
        let publish = ["publish", "--registry", "my-repo", "--allow-dirty"];
        let _ = sandbox.cargo(&publish).within(sandbox.file("greeting")).ok();
        sandbox.program("hello", "greeting", "my-repo");
        let mine = sandbox.vouch(&["status"]).ok().stdout;
        let machines = [machine(sandbox, "build1"), machine(sandbox, "build2")];
        for machine in &machines {
            let setup =
                format!("vouch setup codeartifact --tool cargo --repository my-repo {}", MY_DOMAIN.join(" "));
            let _ = machine.run(sandbox, &setup).ok();
            let before = touches(sandbox);
            let done = login(sandbox, &machine.name, &["--duration", "4h"]).ok();
            let _ = done.says("can read packages until").says("alice is logged in on build");
            assert_eq!(touches(sandbox), before + 1);
            let copy = Run::new("cp").args(["-r"]).arg(sandbox.file("hello")).arg(machine.home.join("hello"));
            let _ = copy.ok();
            let granted = sandbox.count("/sts/granted");
            let _ = machine.run(sandbox, "cd hello && rm -f Cargo.lock && cargo build").ok();
            assert_eq!(sandbox.count("/sts/granted"), granted + 1);
            // Reading is all that it can: the role says so, not the client.
            let own = machine.run(sandbox, &format!("vouch setup aws --profile daily --role {DAILY}"));
            let _ = own.ok();
            let _ = machine.run(sandbox, "vouch credential aws --profile daily").fails(6);
            let shown = there(sandbox, "status", &machine.name).ok();
            let _ =
                shown.shows("alice of https://id.example.com/alice").shows("imported: a YubiKey signed it");
            let _ = machine.run(sandbox, "vouch doctor --all").ok().shows("imported from");
        }
        // As long as it was asked for, and once more in place.
        let until = |machine: &str| -> Value {
            let json = there(sandbox, "status", machine).arg("--json").ok().stdout;
            serde_json::from_str::<Value>(&json).unwrap()["session"].clone()
        };
        let first = until("build1");
        assert!((4 * 3600 - 300..=4 * 3600).contains(&first["seconds_left"].as_i64().unwrap()), "{first}");
        let _ = login(sandbox, "build1", &["--duration", "6h"]).ok();
        assert!(until("build1")["expires_at"].as_str() > first["expires_at"].as_str());

        let _ = there(sandbox, "logout", "build1").ok().says("no session of Vouch is left on build1");
        let _ = machines[0].run(sandbox, "vouch credential codeartifact").fails(3);
        let _ = there(sandbox, "status", "build1").fails(3);
        let _ = machines[1].run(sandbox, "cd hello && cargo build").ok();
        // The desk's own session is another one.
        assert_eq!(sandbox.vouch(&["status"]).ok().stdout.lines().next(), mine.lines().next());
    });
}

#[test]
fn the_id_token_is_in_the_standard_input_of_ssh_and_nowhere_else() {
    with_remote_roles(|sandbox| {
        let machine = machine(sandbox, "build1");
        let (here, there) = (sandbox.file("here.trace"), machine.home.join("there.trace"));
        let trace = "strace -f -v -s 100000 -e trace=execve,write,writev,sendto,sendmsg,pwrite64 -o";
        let vouch = program(
            &machine,
            "traced",
            &format!(
                "case $1 in session) exec {trace} {} vouch \"$@\";; *) exec vouch \"$@\";; esac",
                there.display()
            ),
        );
        let ssh = ssh::program(sandbox);
        let line = format!(
            "exec {trace} {} vouch login --pin-stdin --remote build1 --ssh {} --remote-command {vouch}",
            here.display(),
            ssh.display()
        );
        let _ = sandbox.run("sh").args(["-c", &line]).stdin(format!("{}\n", sandbox.pin())).ok();

        let (here_told, there_told) =
            (fs::read_to_string(&here).unwrap(), fs::read_to_string(&there).unwrap());
        let start = here_told.find("id_token\\\":\\\"").expect("it was sent") + "id_token\\\":\\\"".len();
        let token = here_told[start..].split('\\').next().unwrap();
        assert!(token.len() > 300 && token.split('.').count() == 3, "{token}");
        let calls: Vec<_> = here_told.lines().filter(|line| line.contains(token)).collect();
        assert_eq!(calls.len(), 1, "one write, into the pipe: {calls:#?}");
        assert!(calls[0].contains(" write("), "{}", calls[0]);
        assert!(here_told.contains("execve(") && there_told.contains("execve("), "the traces have commands");
        assert!(!there_told.contains(token), "the machine wrote it, or was told by its arguments");
        // The signature alone is as good as the token.
        let signature = token.rsplit('.').next().unwrap();
        let [mine, theirs] = [sandbox.home(), machine.folder()].map(vouch_e2e::files::tree);
        for (path, content) in mine.into_iter().chain(theirs) {
            if path != here && path != there {
                let found = content.windows(signature.len()).any(|part| part == signature.as_bytes());
                assert!(!found, "{} has it", path.display());
            }
        }
    });
}

#[test]
fn what_arrives_is_refused_unless_it_is_a_session_for_this_home() {
    with_remote_roles(|sandbox| {
        let session = printed(sandbox, &[]);
        let _ = import(sandbox, &session).fails(7).says("no role was set up");
        let _ = elsewhere(sandbox, &["setup", "aws", "--role", REMOTE]).ok();
        for garbage in ["", "\n", "garbage", "{}", "{\"version\":1}", &"x".repeat(1 << 20)] {
            let _ = import(sandbox, garbage).fails(2);
        }
        let _ = import(sandbox, &session.replace("\"version\":1", "\"version\":2")).fails(7).says("form 2");
        let _ =
            import(sandbox, &printed(sandbox, &["--audience", "another"])).fails(6).says("is for `another`");
        // STS alone can tell where nobody is enrolled: the signature is altered.
        let dot = session.rfind('.').unwrap() + 1;
        let letter = if session.as_bytes()[dot] == b'A' { "B" } else { "A" };
        let altered = format!("{}{letter}{}", &session[..dot], &session[dot + 1..]);
        let _ = import(sandbox, &altered).fails(6);
        let _ = elsewhere(sandbox, &["status"]).fails(3);
        // The daily audience where the role is the one for other machines.
        let _ = import(sandbox, &printed(sandbox, &["--audience", "sts.amazonaws.com"])).fails(6);

        let _ = import(sandbox, &session).ok().says("alice of https://id.example.com/alice may assume");
        let _ = import(sandbox, &session).fails(6).says("no newer");
        let _ = elsewhere(sandbox, &["credential", "codeartifact"]).args(MY_DOMAIN).ok();
        let _ = elsewhere(sandbox, &["logout"]).ok();

        // Over a terminal nothing goes in either direction.
        let typed = elsewhere(sandbox, &["session", "import"]).on_terminal().wait().expect_code(2);
        let _ = typed.says("refusing to read a session from a terminal");
        let before = touches(sandbox);
        let shown = sandbox.vouch(&["login", "--print-session"]).on_terminal().wait().expect_code(2);
        let _ = shown.says("refusing to print a session to the terminal");
        assert_eq!(touches(sandbox), before);
    });
}

#[test]
fn a_session_of_a_yubikey_here_stays_unless_told_otherwise() {
    with_remote_roles(|sandbox| {
        sandbox.log_in();
        let session = printed(sandbox, &["--audience", "sts.amazonaws.com"]);
        let import = |more: &[&str]| sandbox.vouch(&["session", "import"]).args(more).stdin(session.as_str());
        let _ = import(&[]).fails(6).says("a YubiKey session of this machine").says("--replace");
        let _ = sandbox.vouch(&["status"]).ok().never_says("imported");
        let _ = import(&["--replace"]).ok();
        let _ = sandbox.vouch(&["status"]).ok().shows("imported");
    });
}

#[test]
fn the_daily_role_serves_after_a_warning() {
    with_remote_roles(|sandbox| {
        let machine = Machine::start(sandbox, "build1");
        let _ = machine.run(sandbox, &format!("vouch setup aws --role {DAILY}")).ok();
        let _ = login(sandbox, "build1", &[]).fails(6).says("build1 did not take the session");
        let done = login(sandbox, "build1", &["--audience", "sts.amazonaws.com"]).ok();
        let _ = done.says("warning: this session is for `sts.amazonaws.com`").says("--remote ENROLLMENT`");
    });
}

#[test]
fn what_goes_wrong_before_the_touch_costs_none() {
    with_remote_roles(|sandbox| {
        let machine = Machine::start(sandbox, "build1");
        let before = touches(sandbox);
        let _ = login(sandbox, "nowhere.invalid", &[])
            .fails(5)
            .says("ssh did not get through")
            .says("Could not resolve");
        for wrong in ["-oProxyCommand=touch /tmp/x", "a b", "a;b"] {
            let _ = sandbox.vouch(&["login", &format!("--remote={wrong}")]).fails(2).says("is not a machine");
        }
        let _ = login(sandbox, "build1", &[])
            .fails(7)
            .says("no role was set up")
            .says("build1 cannot take a session now");
        let with = |script: &str| {
            let path = program(&machine, "vouch-of-test", script);
            login(sandbox, "build1", &["--remote-command", &path])
        };
        let _ = login(sandbox, "build1", &["--remote-command", "/nowhere/vouch"])
            .fails(7)
            .says("--remote-command PATH");
        let _ = with("echo 'unrecognized subcommand' >&2; exit 2").fails(7).says("older than this one");
        let _ = with("echo hello").fails(7).says("answered with something else");
        let _ = with("VOUCH_KEYSTORE=nonsense exec vouch \"$@\"")
            .fails(7)
            .says("build1 cannot take a session now");
        let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
        let hello = |change: &dyn Fn(&mut Value)| {
            let mut hello = json!({
                "vouch_session_import": 1, "version": "9", "machine": "build1", "time": now, "nonce": "n", "keystore": "k",
                "role": REMOTE, "identity": null, "session": null,
            });
            change(&mut hello);
            format!("echo Welcome; echo '{hello}'")
        };
        let _ = with(&hello(&|hello| hello["time"] = 0.into())).fails(7).says("the clock of build1 is");
        let _ =
            with(&hello(&|hello| hello["vouch_session_import"] = 2.into())).fails(7).says("in another way");
        let bob = json!({ "issuer": "https://id.example.com/bob", "subject": "bob" });
        let _ = with(&hello(&|hello| hello["identity"] = bob.clone()))
            .fails(6)
            .says("in use by bob")
            .says("--remote-home");
        let own = json!({ "source": "yubikey", "issuer": "https://id.example.com/alice", "subject": "alice", "expires_at": now + 60 });
        let _ = with(&hello(&|hello| hello["session"] = own.clone()))
            .fails(6)
            .says("by a YubiKey of that machine")
            .says("--replace");
        machine.forget_host_key(sandbox);
        let _ = login(sandbox, "build1", &[]).fails(5).says("HOST IDENTIFICATION HAS CHANGED");
        assert_eq!(touches(sandbox), before);
    });
}

#[test]
fn what_goes_wrong_after_the_touch_is_told_apart() {
    with_remote_roles(|sandbox| {
        let machine = machine(sandbox, "build1");
        let with = |script: &str| {
            let path = program(&machine, "vouch-of-test", script);
            login(sandbox, "build1", &["--remote-command", &path])
        };
        // A system that forgets the keys of who is not logged in.
        let forgets = "vouch \"$@\"; code=$?; [ \"$1\" != session ] || vouch logout 2>/dev/null; exit $code";
        let _ = with(forgets)
            .fails(3)
            .says("does not have it on a second connection")
            .says("loginctl enable-linger");
        // The connection is lost when the session is on its way, and when it is there.
        let _ = with(&format!("echo '{}'; head -n 1 >/dev/null; kill $PPID", hello()))
            .fails(5)
            .says("after the touch");
        let _ = with(&format!("echo '{}'; exec 0<&-; kill $PPID", hello()))
            .done()
            .says("connection to build1 was lost");
        let _ = there(sandbox, "status", "build1").fails(3);
    });
}

fn hello() -> Value {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    json!({
        "vouch_session_import": 1, "version": "9", "machine": "build1", "time": now, "nonce": "n", "keystore": "k",
        "role": REMOTE, "identity": null, "session": null,
    })
}

#[test]
fn users_who_share_an_account_have_a_home_each() {
    with_remote_roles(|sandbox| {
        let machine = machine(sandbox, "build1");
        let _ = login(sandbox, "build1", &[]).ok();
        let own = machine.home.join("alices");
        let home = own.to_str().unwrap();
        let _ = machine.run(sandbox, &format!("vouch --home {home} setup aws --role {REMOTE}")).ok();
        let _ = login(sandbox, "build1", &["--remote-home", home]).ok().says("--remote-home");
        let _ = there(sandbox, "logout", "build1").ok();
        let _ = machine.run(sandbox, &format!("vouch --home {home} status")).ok();
        let _ = machine.run(sandbox, "vouch status").fails(3);
    });
}

#[test]
fn a_namespace_without_the_key_says_so_and_takes_a_session_of_its_own() {
    with_remote_roles(|sandbox| {
        sandbox.log_in();
        // As a container that has the home of its host mounted.
        let inside = |args: &[&str]| sandbox.run("unshare").args(["--user", "--map-root-user"]).args(args);
        let _ = inside(&["vouch", "status"])
            .fails(3)
            .shows("the session that is kept here was made outside of this");
        let told = inside(&["vouch", "credential", "codeartifact"]).args(MY_DOMAIN).fails(3);
        let _ = told.says("outside of this").says("vouch session import");
        let _ = sandbox.vouch(&["status"]).ok();

        let runtime = sandbox.run("mktemp").args(["-d", "-p", "/dev/shm"]).ok().stdout.trim().to_owned();
        // Where the kernel's keyring is forbidden, too, as by the filters of common containers.
        let filter = programs().join("without-keyring");
        let bare = inside(&[filter.to_str().unwrap(), "vouch", "--home"]).arg(sandbox.file("contained"));
        let _ = bare.args(["setup", "aws", "--role", REMOTE]).ok();
        let bare = inside(&[filter.to_str().unwrap(), "vouch", "--home"]).arg(sandbox.file("contained"));
        let _ = bare.args(["session", "import", "--check"]).fails(7).says("VOUCH_KEYSTORE=runtime-file");
        let contained = |args: &[&str]| {
            inside(&[filter.to_str().unwrap(), "vouch", "--home"])
                .arg(sandbox.file("contained"))
                .args(args)
                .env("VOUCH_KEYSTORE", "runtime-file")
                .env("XDG_RUNTIME_DIR", &runtime)
        };
        let _ = contained(&["session", "import", "--check"]).ok().shows("\"session\": null");
        let _ = contained(&["session", "import"]).stdin(printed(sandbox, &[])).ok();
        let _ = contained(&["credential", "codeartifact"]).args(MY_DOMAIN).ok();
        let _ = contained(&["logout"]).ok();
        fs::remove_dir_all(runtime).unwrap();
    });
}

#[test]
fn pip_and_npm_install_there_as_long_as_the_session_lasts() {
    with_remote_roles(|sandbox| {
        sandbox.log_in();
        python::upload(sandbox, "my-pypi-repo", &[Package::new("greetings").wheel()]);
        let npm = node::Client("npm-11");
        let _ = npm.set_up(sandbox, &[]).ok();
        node::publish_three(sandbox, npm);

        let machine = machine(sandbox, "build1");
        let clients = std::path::PathBuf::from(std::env::var_os("VOUCH_TEST_CLIENTS").unwrap());
        let path = format!(
            "export PATH=$HOME/.local/bin:{}:$PATH",
            clients.join("node").join(npm.0).join("bin").display()
        );
        let run = |line: &str| machine.run(sandbox, &format!("{path}; {line}"));
        for (tool, repository) in [("pip", "my-pypi-repo"), ("npm", "my-npm-repo")] {
            let domain = MY_DOMAIN.join(" ");
            let _ =
                run(&format!("vouch setup codeartifact --tool {tool} --repository {repository} {domain}"))
                    .ok();
        }
        let _ = login(sandbox, "build1", &[]).ok();
        let pip = installed("pip-26.3").join("bin/pip");
        let download = format!("{} download --no-cache-dir --no-deps --dest got greetings", pip.display());
        let _ = run(&download).ok();
        assert!(fs::read_dir(machine.home.join("got")).unwrap().next().is_some());
        let _ = run("mkdir app && cd app && npm init -y && npm install plain").ok();
        assert!(machine.home.join("app/node_modules/left").exists());
        assert!(fs::read_to_string(machine.home.join(".npmrc")).unwrap().contains(":_authToken="));

        let _ = there(sandbox, "logout", "build1").ok();
        assert!(!fs::read_to_string(machine.home.join(".npmrc")).unwrap().contains(":_authToken="));
        let refused = run(&download).done();
        assert_ne!(refused.code, 0, "{refused}");
        let refused =
            run("cd app && rm -rf node_modules package-lock.json && npm cache clean --force && npm install")
                .done();
        assert_ne!(refused.code, 0, "{refused}");
    });
}
