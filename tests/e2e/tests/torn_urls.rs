//! A project names a URL that one parser reads as ours and another one as somebody else's: nobody's token goes there.

use std::path::Path;
use std::thread;
use std::time::Duration;

use vouch_e2e::node::Client as NodeClient;
use vouch_e2e::python::{Client, HOST, Package};
use vouch_e2e::{MY_DOMAIN, Running, Sandbox, helper, in_sandbox};

const SEEN: &str = "seen";

/// Somebody else's host, for as long as the test lasts.
struct Listener {
    running: Running,
    port: String,
}

impl Listener {
    /// Listens on loopback, with a certificate of its own.
    fn start(sandbox: &Sandbox) -> Self {
        let certificate =
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        let subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
        let files = ["-keyout", "evil.key", "-out", "evil.pem"];
        let _ = sandbox.run("openssl").args(certificate).args(subject).args(files).ok();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/listener.py");
        let running = sandbox.run("python3").arg(script).args(["evil.pem", "evil.key", SEEN, "port"]).start();
        for _ in 0..100 {
            if sandbox.file("port").exists() {
                return Self { running, port: sandbox.read("port") };
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("nobody listens");
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.running.child.kill();
        let _ = self.running.child.wait();
    }
}

/// A project of somebody's who wants the token, and what the person types in it.
fn project(client: &Client, folder: &str, url: &str) {
    let source = format!("[[tool.pdm.source]]\nname = \"pypi\"\nurl = '{url}simple/'\nverify_ssl = false\n");
    let project = "[project]\nname = \"hello\"\nversion = \"1.0\"\nrequires-python = \">=3.9\"\n\
        dependencies = [\"amber\"]\n[tool.pdm]\ndistribution = false\n";
    client.write(&format!("{folder}/pyproject.toml"), &format!("{project}{source}"));
    let repository = format!("[repository.pypi]\nurl = '{url}'\nusername = 'aws'\nverify_ssl = false\n");
    client.write(&format!("{folder}/pdm.toml"), &repository);
    let (file, wheel) = Package::new("hello").wheel();
    std::fs::create_dir_all(client.file(folder).join("dist")).unwrap();
    std::fs::write(client.file(folder).join("dist").join(file), wheel).unwrap();
}

#[test]
fn pdm_sends_nothing_to_the_host_behind_a_backslash() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let recorded = ["--endpoint", "https://packages.example.com/pypi/my-pypi-repo/"];
        let listener = Listener::start(sandbox);
        let program = Client::new(sandbox, "pdm-2.29.4", "program").without_keyring_package();
        let backend = Client::new(sandbox, "pdm-2.29.4", "backend").with_backend();
        for (client, way) in [(&program, "program"), (&backend, "backend")] {
            let _ = client.set_up("pdm").ok();
            let _ = client.set_up("pdm").args(recorded).ok();
            let token = sandbox.vouch(&["credential", "codeartifact"]).ok().stdout.trim().to_owned();
            for (at, host) in [HOST, "packages.example.com"].iter().enumerate() {
                let folder = format!("{way}{at}");
                let url = format!("https://{host}\\@127.0.0.1:{}/pypi/my-pypi-repo/", listener.port);
                project(client, &folder, &url);
                for args in [&["publish", "--no-build"][..], &["lock"]] {
                    let before = sandbox.read(SEEN).lines().count();
                    let run = client.without_terminal("pdm", args).within(client.file(&folder));
                    let done = run.env("PDM_CHECK_UPDATE", "false").done();
                    assert_ne!(done.code, 0, "{done}");
                    assert!(!done.to_string().contains(&token), "{done}");
                    // It did go there: the test would notice.
                    assert!(sandbox.read(SEEN).lines().count() > before, "{way}: {args:?} {done}");
                }
            }
        }
        let seen = sandbox.read(SEEN);
        let sent = |line: &&str| !line.ends_with(" None") && !line.ends_with(" Basic YXdzOg==");
        assert_eq!(seen.lines().filter(sent).collect::<Vec<_>>(), Vec::<&str>::new(), "{seen}");
    });
}

#[test]
fn no_helper_answers_for_a_torn_url() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let other = "https://packages.example.com";
        for (tool, format) in [("cargo", "cargo"), ("pip", "pypi"), ("yarn", "npm")] {
            let url = format!("{other}/{format}/my-repo/");
            let setup = ["setup", "codeartifact", "--tool", tool, "--repository", "my-repo"];
            let named = match tool {
                "yarn" => vec!["--scope", "@ours"],
                "cargo" => vec!["--registry", "other"],
                _ => vec![],
            };
            // Setup looks for the package manager.
            let run = NodeClient("yarn-4").prepared(sandbox, "vouch").args(setup).args(MY_DOMAIN);
            let run = run.args(["--endpoint", &url]).args(named);
            let _ = run.ok();
        }
        let asks = |format: &str, url: &str| -> (bool, String) {
            let done = match format {
                "cargo" => {
                    return match helper::ask(url).answer() {
                        Ok(answer) => (true, answer.to_string()),
                        Err(answer) => (false, answer.to_string()),
                    };
                }
                "pypi" => sandbox.run("pip-keyring-vouch").args(["get", url, "aws"]).done(),
                _ => sandbox.run("npm-token-vouch").args(["--registry", url]).done(),
            };
            (!done.stdout.is_empty(), format!("{}{}", done.stdout, done.stderr))
        };
        for format in ["cargo", "pypi", "npm"] {
            for host in [HOST, "packages.example.com"] {
                let good = format!("https://{host}/{format}/my-repo/");
                let (answered, said) = asks(format, &good);
                assert!(answered, "{good}: {said}");
                for bad in [
                    format!("https://{host}\\@127.0.0.1:9443/{format}/my-repo/"),
                    format!("https://{host}\\@evil.example/{format}/my-repo/"),
                    format!("https://evil.example\\@{host}/{format}/my-repo/"),
                    format!("https://aws:hunter2\\@{host}/{format}/my-repo/"),
                    format!("https://{host}@evil.example/{format}/my-repo/"),
                    format!("https://{host}:443@evil.example/{format}/my-repo/"),
                    format!("https://{host}\\.evil.example/{format}/my-repo/"),
                    format!("https://{host}?@evil.example/{format}/my-repo/"),
                    format!("https://{host}#@evil.example/{format}/my-repo/"),
                    format!("https://{host};@evil.example/{format}/my-repo/"),
                    format!("https://{host}\t@evil.example/{format}/my-repo/"),
                    format!("https:\\\\{host}/{format}/my-repo/"),
                    format!("https:/aws:hunter2@{host}/{format}/my-repo/"),
                    format!("https:////aws:hunter2@{host}/{format}/my-repo/"),
                    format!("https:\\\\aws:hunter2@{host}/{format}/my-repo/"),
                    format!("https://aws:hunter2/x@{host}/{format}/my-repo/"),
                    format!("https://aws:hunter2@{host}/{format}/my-repo/"),
                    format!("https://{host}/{format}/my-repo/../../attacker/"),
                    format!("https://{host}/{format}/my-repo/%2e%2e/attacker/"),
                    format!("https://{host}/{format}/my-repo/..%2fattacker/"),
                    format!("https://{host}/{format}/my-repo/..%5cattacker/"),
                    format!("https://{host}/{format}/my-repo/..;/attacker/"),
                    format!("https://{}/{format}/my-repo/", host.to_uppercase()),
                    format!("HTTPS://{host}/{format}/my-repo/"),
                    format!("http://{host}/{format}/my-repo/"),
                    format!("https://{host}:9443/{format}/my-repo/"),
                    format!("https://{host}./{format}/my-repo/"),
                    format!("https://{host}"),
                    format!("https://{host}/"),
                    format!("https://{host}/maven/my-repo/com/evil/x/1/"),
                    format!("https://{host}/generic/my-repo/{format}/my-repo/"),
                ] {
                    let (answered, said) = asks(format, &bad);
                    assert!(!answered && !said.contains("hunter2"), "{bad:?}: {said}");
                }
            }
        }
    });
}
