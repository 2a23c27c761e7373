//! What a project's settings can make uv do with the token. `docs/untrusted-projects.md` tells it.

use std::fs;

use vouch_e2e::hostile::HostileHost;
use vouch_e2e::python::{Client, HOST, five_packages, installed, upload};
use vouch_e2e::{CommandOutput, Run, Sandbox, in_sandbox};

const UVS: [&str; 2] = ["uv-0.9.30", "uv-0.13.9"];
const FILE: &str = ".config/uv/uv.toml";
const PROJECT: &str = "[project]\nname = \"app\"\nversion = \"0.1.0\"\nrequires-python = \">=3.9\"\ndependencies = [\"amber\"]\n";
const SCRIPT: &str = "# /// script\n# requires-python = \">=3.9\"\n# dependencies = [\"amber\"]\n";

/// A command of a person who has these uv, the first before the others.
fn having(client: &Client, run: Run, uvs: &[&str]) -> Run {
    let run = client.prepared(run);
    let bins = uvs.iter().map(|uv| installed(uv).join("bin"));
    // Their folders have a Python each, and nothing else that counts.
    let keyring = [client.file("counting"), client.file("keyring")];
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let path = keyring.into_iter().chain(bins).chain(std::env::split_paths(&inherited));
    run.env("PATH", std::env::join_paths(path).unwrap())
}

fn set_up(client: &Client, uvs: &[&str]) -> Run {
    having(client, client.set_up("uv"), uvs)
}

fn begin(sandbox: &Sandbox) -> HostileHost {
    sandbox.ready();
    upload(sandbox, "my-pypi-repo", &five_packages());
    HostileHost::start()
}

/// What a client does in a project that is not locked yet.
fn locks(client: &Client, args: &[&str]) -> CommandOutput {
    for name in ["app/uv.lock", "app/script.py.lock", ".cache"] {
        let path = client.file(name);
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
    client.run("uv").args(args).args(["--no-cache"]).within(client.file("app")).done()
}

/// The same with the user's file as it is without the exception: what a test of it must be able to see.
fn without_exception(client: &Client, args: &[&str]) -> CommandOutput {
    let text = fs::read_to_string(client.file(FILE)).unwrap();
    let bare: String =
        text.lines().filter(|line| !line.starts_with("no-proxy")).map(|line| format!("{line}\n")).collect();
    assert_ne!(bare, text);
    client.write(FILE, &bare);
    let done = locks(client, args);
    client.write(FILE, &text);
    done
}

#[test]
fn a_project_that_names_a_proxy_gets_no_token() {
    in_sandbox(&[], |sandbox| {
        let hostile = begin(sandbox);
        let proxy = format!("https-proxy = \"{}\"\nallow-insecure-host = [\"{HOST}\"]\n", hostile.url());
        let inline: String = proxy.lines().map(|line| format!("# {line}\n")).collect();
        // What the project has, and what is run in it.
        let attacks = [
            ("app/uv.toml", proxy.clone(), &["lock"][..]),
            // Exceptions of its own do not take that of the user away.
            ("app/uv.toml", format!("{proxy}no-proxy = [\"pypi.example\"]\n"), &["lock"]),
            ("uv.toml", proxy.clone(), &["lock"]),
            ("app/pyproject.toml", format!("{PROJECT}\n[tool.uv]\n{proxy}"), &["lock"]),
            ("app/uv.toml", proxy.clone(), &["pip", "compile", "pyproject.toml"]),
            (
                "app/script.py",
                format!("{SCRIPT}# [tool.uv]\n{inline}# ///\n"),
                &["lock", "--script", "script.py"],
            ),
        ];
        for version in UVS {
            let client = Client::new(sandbox, version, version);
            let _ = set_up(&client, &[version]).ok();
            for (file, text, args) in &attacks {
                client.write("app/pyproject.toml", PROJECT).write(file, text);
                let done = without_exception(&client, args);
                assert!(hostile.got_a_token(), "nothing to hold: {version} {file}: {done}");
                let done = locks(&client, args);
                let arrived = hostile.arrived();
                assert!(arrived.iter().all(|head| !head.contains(HOST)), "{version} {file}: {arrived:?}");
                let _ = done.expect_code(0);
                fs::remove_file(client.file(file)).unwrap();
            }
        }
    });
}

/// What `vouch exec` says of such a project: with the exception, and a uv that reads it, the token is not surely lost.
#[test]
fn exec_starts_uv_where_the_exception_holds() {
    in_sandbox(&[], |sandbox| {
        let hostile = begin(sandbox);
        let client = Client::new(sandbox, "uv-0.13.9", "uv");
        let _ = set_up(&client, &["uv-0.13.9"]).ok();
        let lines = format!("https-proxy = \"{}\"\nallow-insecure-host = [\"{HOST}\"]\n", hostile.url());
        client.write("app/pyproject.toml", PROJECT).write("app/uv.toml", &lines);
        let exec = |uvs: &[&str], words: &[&str]| {
            let _ = fs::remove_file(client.file("app/uv.lock"));
            let exec = Run::new("vouch").args(["exec", "--type", "codeartifact", "--"]).args(words);
            having(&client, exec, uvs).within(client.file("app")).done()
        };
        let lock = ["uv", "lock", "--no-cache"];
        for words in [&lock[..], &["sh", "-c", "uv lock --no-cache"]] {
            let done = exec(&["uv-0.13.9"], words).expect_code(0);
            let _ = done.says("`allow-insecure-host` turns the check of certificates off");
            assert!(hostile.arrived().iter().all(|head| !head.contains(HOST)), "{words:?}");
        }
        // One that stops at the key is not known to heed it.
        let lost = "`allow-insecure-host` lets the project's own proxy read the token";
        let _ = exec(&["uv-0.13.9", "uv-0.9.18"], &lock).expect_code(125).says(lost);
        let text = fs::read_to_string(client.file(FILE)).unwrap();
        client.write(FILE, &text.replace(HOST, "pypi.example"));
        let _ = exec(&["uv-0.13.9"], &lock).expect_code(125).says(lost);
        assert_eq!(hostile.arrived(), Vec::<String>::new());
        // All hosts are more than the exception is for.
        client.write(FILE, &text).write("app/uv.toml", &lines.replace(HOST, "*"));
        let _ = exec(&["uv-0.13.9"], &lock).expect_code(125).says(lost);
    });
}

#[test]
fn the_exception_is_made_where_every_uv_reads_it_and_doctor_looks_after_it() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let client = Client::new(sandbox, "uv-0.13.9", "uv");
        let undo = || client.prepared(Run::new("vouch")).args(["undo", "uv"]).ok();
        let exception = format!("no-proxy = [\"{HOST}\"]\n");
        let has = || fs::read_to_string(client.file(FILE)).unwrap_or_default().contains(&exception);
        let new = &["uv-0.13.9", "uv-0.9.30"];
        let mixed = &["uv-0.13.9", "uv-0.9.18"];
        let doctor = |uvs: &[&str]| having(&client, Run::new("vouch").args(["doctor"]), uvs);
        const MISSING: &str = "makes no exception from proxies for";

        // An older uv behind the one that is started would stop at it; of one that is not there nothing is known.
        let _ = set_up(&client, mixed).ok().says("does not read `no-proxy`").says("0.9.18");
        assert!(!has());
        let _ = doctor(mixed).done().shows(MISSING).shows("Update uv to 0.9.23");
        let _ = undo();
        let _ = set_up(&client, &[]).ok();
        assert!(!has());
        let _ = undo();

        // Where the person goes through a proxy, it would lead past that.
        for name in ["HTTPS_PROXY", "all_proxy"] {
            let _ = set_up(&client, new).env(name, "http://127.0.0.1:9").ok();
            assert!(!has());
            let _ = undo();
        }
        client.write(FILE, "https-proxy = \"http://127.0.0.1:9\"\n");
        let _ = set_up(&client, new).ok();
        assert!(!has());
        let _ = undo();
        fs::remove_file(client.file(FILE)).unwrap();

        let _ = set_up(&client, new).ok();
        assert!(has());
        let done = doctor(new).done();
        assert!(!done.stdout.contains("no-proxy") && !done.stdout.contains(MISSING), "{done}");
        let _ = doctor(mixed).fails(1).shows("does not read `no-proxy`").shows("0.9.18");
        let behind = doctor(new).env("HTTPS_PROXY", "http://127.0.0.1:9");
        let _ = behind.fails(1).shows("go past the proxy of HTTPS_PROXY");
        let text = fs::read_to_string(client.file(FILE)).unwrap();
        client.write(FILE, &text.replace(&exception, ""));
        let _ = doctor(new).done().shows(MISSING).shows("--tool uv");
        let _ = set_up(&client, new).ok();
        assert!(has());
        let _ = undo();
        assert!(!has());
    });
}
